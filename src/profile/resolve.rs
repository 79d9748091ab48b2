//! From settings to a profile: defaults for what nobody said, and what only several keys together
//! can get wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Value;

use super::error::{Place, Problem, nearest};
use super::hub::HubModel;
use super::kind;
use super::raw::{Set, Settings};
use super::resolved::{
    Backend, Constraint, FlashAttention, KvType, Limits, LoadMode, ModelRef, Named, Profile,
    PromptMode, PromptTemplate, Sampling, Threads, Watch,
};
use crate::units::Limit;

/// Models that orchestrate brings along.
pub const BUILT_IN_MODELS: &[&str] = &["demo"];

/// What holds where no file says anything; the shipped profiles say all of it themselves.
mod default {
    use std::time::Duration;

    pub(super) const CONTEXT: u32 = 4096;
    pub(super) const MAX_TOKENS: u32 = 512;
    pub(super) const BATCH: u32 = 256;
    /// llama.cpp's own; a larger physical batch costs memory (`n_ubatch × n_vocab × 4` bytes).
    pub(super) const MICRO_BATCH: u32 = 512;
    /// An automatic limit is a guard against answers without end, not against slow machines.
    pub(super) const FLOOR: Duration = Duration::from_secs(120);
}

/// Environment variables that llama.cpp takes as flags or credentials, which would silently change
/// what a run does: they are kept from every child.
const RESERVED: &[&str] = &["LLAMA_ARG_", "HF_"];
const RESERVED_NAMES: &[&str] = &["LLAMA_API_KEY"];

/// Resolves settings that fit their keys. The problems are those between keys.
pub(super) fn resolve(
    name: &str,
    file: &Place,
    settings: &Settings,
    home: Option<&Path>,
) -> (Profile, Vec<String>, Vec<Problem>) {
    let mut problems = Vec::new();
    let batch = settings.read("batch").unwrap_or(default::BATCH);
    let model = model(file, settings, home).unwrap_or_else(|problem| {
        problems.push(problem);
        ModelRef::BuiltIn(String::new())
    });
    let mut profile = Profile {
        name: name.to_owned(),
        description: settings.read("description").unwrap_or_default(),
        route: settings
            .read("route")
            .filter(|route: &String| !route.trim().is_empty()),
        model,
        backend: settings.named("backend", Backend::Auto),
        context: settings.read("context").unwrap_or(default::CONTEXT),
        batch,
        micro_batch: settings
            .read("micro_batch")
            .unwrap_or(batch.min(default::MICRO_BATCH)),
        threads: settings.threads("threads"),
        batch_threads: settings.threads("batch_threads"),
        gpu_layers: settings.read("gpu_layers").unwrap_or(0),
        kv_type_k: settings.named("kv_type_k", KvType::F16),
        kv_type_v: settings.named("kv_type_v", KvType::F16),
        flash_attention: settings.named("flash_attention", FlashAttention::Auto),
        load_mode: settings.named("load_mode", LoadMode::Auto),
        sampling: settings.sampling(),
        seed: settings.read("seed"),
        ignore_eos: settings.read("ignore_eos").unwrap_or(false),
        constraint: settings.constraint(),
        max_tokens: settings.read("max_tokens").unwrap_or(default::MAX_TOKENS),
        stop: settings.read("stop").unwrap_or_default(),
        prompt: settings.prompt(),
        limits: settings.limits(),
        watch: settings.watch(),
        environment: settings.texts_below("environment"),
        extra_args: settings.read("extra_args").unwrap_or_default(),
    };
    let mut notes = Vec::new();
    between_numbers(&profile, settings, &mut problems);
    between_words(&profile, settings, &mut problems);
    environment(settings, &mut problems);
    // Whoever turns a chat into a raw prompt, for one run or in a nearer file, does without its system turn.
    if profile.prompt.mode == PromptMode::Raw && profile.prompt.system.take().is_some() {
        notes.push("a raw prompt has no system turn: \"prompt.system\" is left out".to_owned());
    }
    template(&profile.prompt, file, settings, &mut notes, &mut problems);
    (profile, notes, problems)
}

/// A type that a checked TOML value can be read as.
trait FromToml: Sized {
    fn from_toml(value: &Value) -> Option<Self>;
}

macro_rules! whole_from_toml {
    ($($number:ty),*) => {$(
        impl FromToml for $number {
            fn from_toml(value: &Value) -> Option<Self> {
                value.as_integer()?.try_into().ok()
            }
        }
    )*};
}
whole_from_toml!(u32, i32);

impl FromToml for f64 {
    fn from_toml(value: &Value) -> Option<Self> {
        kind::number(value)
    }
}

impl FromToml for bool {
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromToml for String {
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl FromToml for Vec<String> {
    fn from_toml(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(String::from_toml).collect()
    }
}

impl Settings {
    /// The value of a key, if it is set. A word such as `auto` in place of a number is no value.
    fn read<T: FromToml>(&self, path: &str) -> Option<T> {
        T::from_toml(&self.get(path)?.value)
    }

    fn named<T: Named>(&self, path: &str, default: T) -> T {
        let word: Option<String> = self.read(path);
        word.and_then(|word| T::from_name(&word)).unwrap_or(default)
    }

    fn threads(&self, path: &str) -> Threads {
        self.read(path).map_or(Threads::Auto, Threads::Count)
    }

    fn limit(&self, path: &str) -> Limit {
        let limit = self.get(path).map(|set| kind::limit(&set.value));
        limit.and_then(Result::ok).unwrap_or_default()
    }

    fn time(&self, path: &str) -> Option<Duration> {
        kind::time(&self.get(path)?.value).ok()
    }

    fn texts_below(&self, section: &str) -> BTreeMap<String, String> {
        self.below(section)
            .filter_map(|(name, set)| Some((name.to_owned(), String::from_toml(&set.value)?)))
            .collect()
    }

    fn limits(&self) -> Limits {
        Limits {
            timeout: self.limit("limits.timeout"),
            floor: self.time("limits.floor").unwrap_or(default::FLOOR),
            load: self.limit("limits.load"),
        }
    }

    fn watch(&self) -> Watch {
        Watch {
            load: self.limit("watch.load"),
            prefill: self.limit("watch.prefill"),
            decode: self.limit("watch.decode"),
            loops: self.read("watch.loops").unwrap_or(true),
        }
    }

    fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.read("sampling.temperature"),
            top_k: self.read("sampling.top_k"),
            top_p: self.read("sampling.top_p"),
            min_p: self.read("sampling.min_p"),
            repeat_penalty: self.read("sampling.repeat_penalty"),
            repeat_last_n: self.read("sampling.repeat_last_n"),
            presence_penalty: self.read("sampling.presence_penalty"),
            frequency_penalty: self.read("sampling.frequency_penalty"),
        }
    }

    fn constraint(&self) -> Option<Constraint> {
        let some = |path| self.read::<String>(path).filter(|text| !text.is_empty());
        some("grammar")
            .map(Constraint::Grammar)
            .or_else(|| some("json_schema").map(Constraint::JsonSchema))
    }

    fn prompt(&self) -> PromptTemplate {
        PromptTemplate {
            mode: self.named("prompt.mode", PromptMode::Raw),
            system: self
                .read("prompt.system")
                .filter(|system: &String| !system.is_empty()),
            template: self
                .read("prompt.template")
                .unwrap_or_else(|| "{{prompt}}".to_owned()),
            variables: self.texts_below("prompt.variables"),
        }
    }
}

fn model(file: &Place, settings: &Settings, home: Option<&Path>) -> Result<ModelRef, Problem> {
    let Some(set) = settings.get("model") else {
        return Err(Problem::new(
            file.clone(),
            "no model: set model = \"demo\", to the path of a GGUF file, or to \"hf:OWNER/REPO:QUANT\"",
        ));
    };
    let name = set.value.as_str().unwrap_or_default();
    if let Some(model) = HubModel::parse(name) {
        let wrong =
            |why| Problem::new(set.place.clone(), format!("\"model\" is \"{name}\": {why}"));
        return model.map(ModelRef::Hub).map_err(wrong);
    }
    let is_path = name.contains('/') || name.to_lowercase().ends_with(".gguf");
    if is_path {
        return path(set, home).map(ModelRef::File);
    }
    if BUILT_IN_MODELS.contains(&name) {
        return Ok(ModelRef::BuiltIn(name.to_owned()));
    }
    let known = BUILT_IN_MODELS.join("\", \"");
    let file = match name {
        "" => "model.gguf".to_owned(),
        name if name.contains('.') => name.to_owned(),
        name => format!("{name}.gguf"),
    };
    let problem = Problem::new(
        set.place.clone(),
        format!(
            "no built-in model \"{name}\" (there is \"{known}\"); a file needs a path, such as \"./{file}\""
        ),
    );
    Err(problem.with_nearest(nearest(name, BUILT_IN_MODELS.iter().copied())))
}

/// A path as a file or an option says it, made independent of where it was said.
pub(crate) fn path(set: &Set, home: Option<&Path>) -> Result<PathBuf, Problem> {
    let text = set.value.as_str().unwrap_or_default();
    let Some(rest) = text.strip_prefix('~') else {
        return Ok(set.dir.join(text.strip_prefix("./").unwrap_or(text)));
    };
    let problem = |what: String| Problem::new(set.place.clone(), what);
    match (rest.strip_prefix('/'), home) {
        (Some(below), Some(home)) => Ok(home.join(below)),
        (Some(_), None) => Err(problem(format!(
            "\"{text}\" is below your home directory, and HOME is not set: write the path out"
        ))),
        (None, _) => Err(problem(format!(
            "\"{text}\": only ~/ is replaced; write the path out"
        ))),
    }
}

/// Pairs of which one must not exceed the other.
fn between_numbers(profile: &Profile, settings: &Settings, problems: &mut Vec<Problem>) {
    let pairs = [
        ("max_tokens", profile.max_tokens, "context", profile.context),
        ("micro_batch", profile.micro_batch, "batch", profile.batch),
    ];
    for (small, small_value, large, large_value) in pairs {
        if small_value <= large_value {
            continue;
        }
        let (small_set, large_set) = (settings.get(small), settings.get(large));
        let said = |set: Option<&Set>| {
            set.map_or_else(|| "the default".to_owned(), |set| set.place.to_string())
        };
        let nearness = |set: Option<&Set>| set.map(|set| set.layer);
        // Whoever spoke last made the mistake.
        if nearness(small_set) >= nearness(large_set) {
            problems.extend(small_set.map(|set| {
                let of_large = said(large_set);
                Problem::new(
                    set.place.clone(),
                    format!("\"{small}\" ({small_value}) is more than \"{large}\" ({large_value}, {of_large})"),
                )
            }));
        } else {
            problems.extend(large_set.map(|set| {
                let of_small = said(small_set);
                Problem::new(
                    set.place.clone(),
                    format!("\"{large}\" ({large_value}) is less than \"{small}\" ({small_value}, {of_small})"),
                )
            }));
        }
    }
}

fn between_words(profile: &Profile, settings: &Settings, problems: &mut Vec<Problem>) {
    let mut problem = |path: &str, what: String| {
        problems.extend(
            settings
                .get(path)
                .map(|set| Problem::new(set.place.clone(), what)),
        );
    };
    let said = |path: &str| {
        settings
            .read::<String>(path)
            .filter(|text| !text.is_empty())
    };
    let (grammar, schema) = (said("grammar"), said("json_schema"));
    if grammar.is_some() && schema.is_some() {
        problem(
            "json_schema",
            "\"json_schema\" and \"grammar\" cannot both hold; set one of them to \"\"".to_owned(),
        );
    }
    if grammar.is_some_and(|text| !has_root(&text)) {
        problem(
            "grammar",
            "\"grammar\" has no rule \"root ::= …\" to start from".to_owned(),
        );
    }
    if let Some(error) =
        schema.and_then(|text| serde_json::from_str::<serde_json::Map<_, _>>(&text).err())
    {
        problem(
            "json_schema",
            format!("\"json_schema\" is no JSON object: {error}"),
        );
    }
    let nearness = |path: &str| settings.get(path).map(|set| set.layer);
    let raw_is_nearer = nearness("prompt.mode") > nearness("prompt.system");
    if profile.prompt.system.is_some() && profile.prompt.mode == PromptMode::Raw && !raw_is_nearer {
        problem(
            "prompt.system",
            "\"prompt.system\" needs \"prompt.mode\" = \"chat\" (--set prompt.mode=chat): a raw prompt has no system turn".to_owned(),
        );
    }
    if profile.kv_type_v.is_quantized() && profile.flash_attention == FlashAttention::Off {
        problem(
            "kv_type_v",
            format!(
                "\"kv_type_v\" = \"{}\" needs flash attention, and \"flash_attention\" is \"off\"",
                profile.kv_type_v.name()
            ),
        );
    }
}

fn has_root(grammar: &str) -> bool {
    grammar
        .lines()
        .filter_map(|line| line.split_once("::="))
        .any(|(rule, _)| rule.trim() == "root")
}

fn environment(settings: &Settings, problems: &mut Vec<Problem>) {
    for (name, set) in settings.below("environment") {
        let reserved = RESERVED.iter().any(|prefix| name.starts_with(prefix))
            || RESERVED_NAMES.contains(&name);
        let what = if name.is_empty() || name.contains(['=', '\0']) {
            format!("{name:?} cannot be the name of an environment variable")
        } else if reserved {
            format!(
                "the environment variable \"{name}\" would change what llama.cpp does behind \
                 this profile's back; use a key, or extra_args"
            )
        } else {
            continue;
        };
        problems.push(Problem::new(set.place.clone(), what));
    }
}

fn template(
    prompt: &PromptTemplate,
    file: &Place,
    settings: &Settings,
    notes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) {
    let place = |path: &str| settings.get(path).map_or(file, |set| &set.place).clone();
    if settings.get("prompt.variables.prompt").is_some() {
        problems.push(Problem::new(
            place("prompt.variables.prompt"),
            "\"prompt\" is the request itself and cannot be a variable",
        ));
    }
    let routes = "prompt.variables.routes";
    if settings.get(routes).is_some() {
        problems.push(Problem::new(
            place(routes),
            "\"routes\" is the list of profiles that have a \"route\" and cannot be a variable",
        ));
    }
    match prompt.used() {
        Err(error) => problems.push(Problem::new(
            place("prompt.template"),
            format!("\"prompt.template\": {error}"),
        )),
        Ok(used) if !used.contains("prompt") => notes.push(format!(
            "{}: the template has no {{{{prompt}}}}, so the request reaches the model nowhere",
            place("prompt.template")
        )),
        Ok(_) => {}
    }
}
