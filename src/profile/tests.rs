//! Whole-module tests: files in, profiles and messages out.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::keys::{Kind, PROFILE};
use super::{
    Bases, Config, Constraint, Level, ModelRef, Override, ProfileError, ProfileSet, Resolved,
    Source, Threads, schema,
};
use crate::exit::Exit;
use crate::units::Bytes;

fn source(name: &str, level: Level, text: &str) -> Source {
    let place = match level {
        Level::BuiltIn => "built-in profiles",
        Level::User => "~/.config/orchestrate/profiles",
        Level::Project => "profiles",
    };
    Source {
        name: name.to_owned(),
        origin: format!("{place}/{name}.toml"),
        dir: PathBuf::from(if level == Level::Project {
            "/work/profiles"
        } else {
            "/user/profiles"
        }),
        level,
        text: text.to_owned(),
    }
}

fn shipped() -> Vec<Source> {
    [
        ("coder", include_str!("../../profiles/coder.toml")),
        ("algorithm", include_str!("../../profiles/algorithm.toml")),
        ("router", include_str!("../../profiles/router.toml")),
    ]
    .map(|(name, text)| source(name, Level::BuiltIn, text))
    .to_vec()
}

/// The shipped profiles and these on top.
fn set(more: impl IntoIterator<Item = Source>) -> ProfileSet {
    let bases = Bases {
        home: Some(PathBuf::from("/home/me")),
        current: PathBuf::from("/work"),
    };
    ProfileSet::new(shipped().into_iter().chain(more).collect(), bases)
}

/// A project's profile `x` with this text.
fn project(text: &str) -> ProfileSet {
    set([source("x", Level::Project, text)])
}

fn resolved(set: &ProfileSet, name: &str) -> Resolved {
    set.resolve(name, &[])
        .unwrap_or_else(|error| panic!("{error}"))
}

fn message(set: &ProfileSet, name: &str, overrides: &[&str]) -> String {
    let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
    set.resolve(name, &overrides)
        .map(|_| "no error")
        .unwrap_err()
        .to_string()
}

#[test]
fn shipped_profiles_say_what_they_must() {
    let set = set([]);
    assert_eq!(
        set.names().collect::<Vec<_>>(),
        ["algorithm", "coder", "router"]
    );
    for (name, context, max_tokens, timeout) in [
        ("router", 8192, 64, 120),
        ("coder", 4096, 512, 120),
        ("algorithm", 4096, 1024, 180),
    ] {
        let Resolved { profile, notes, .. } = resolved(&set, name);
        assert_eq!(notes, Vec::<String>::new());
        assert_eq!(
            (profile.context, profile.max_tokens),
            (context, max_tokens),
            "{name}"
        );
        assert_eq!(
            profile.limits.timeout,
            Some(Duration::from_secs(timeout)),
            "{name}"
        );
        assert_eq!((profile.batch, profile.gpu_layers), (256, 0), "{name}");
        assert_eq!(profile.sampling.temperature, Some(0.0), "{name}");
        assert_eq!(profile.threads, Threads::Auto);
        assert_eq!(profile.model, ModelRef::BuiltIn("demo".to_owned()));
        if name != "router" {
            assert_eq!(
                profile.stop,
                ["</s>", "\n\n\n", "User:", "Human:", "<|im_end|>"]
            );
            let given = BTreeMap::from([("language".to_owned(), "rust".to_owned())]);
            assert_eq!(
                profile.prompt.render("a queue", &given).unwrap(),
                "Write rust code for: a queue\n\nCode:"
            );
        }
    }
}

#[test]
fn shipped_configuration_says_what_it_must() {
    let text = include_str!("../../orchestrate.toml");
    let config = Config::read(vec![source("orchestrate", Level::BuiltIn, text)], None).unwrap();
    let expected = Config {
        memory_budget: Bytes(8_000_000_000),
        llama_dir: None,
        default_profile: "coder".to_owned(),
    };
    assert_eq!(config, expected);
    assert_eq!(Config::read(Vec::new(), None).unwrap(), expected);
}

#[test]
fn nearer_configuration_wins_key_by_key() {
    let user = source(
        "c",
        Level::User,
        "memory_budget = \"2 GB\"\nllama_dir = \"~/llama\"",
    );
    let near = source("c", Level::Project, "memory_budget = \"3 GiB\"");
    let config = Config::read(vec![near, user], Some("/home/me".as_ref())).unwrap();
    assert_eq!(config.memory_budget, Bytes(3 << 30));
    assert_eq!(config.llama_dir, Some(PathBuf::from("/home/me/llama")));
}

#[test]
fn wrong_configuration_is_told_like_a_wrong_profile() {
    let text = "memory_buget = \"1 GB\"\nmemory_budget = 8000\nllama_dir = 3";
    let error = Config::read(vec![source("c", Level::Project, text)], None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "profiles/c.toml:1:1: unknown key \"memory_buget\"; did you mean \"memory_budget\"?\n\
         profiles/c.toml:2:1: \"memory_budget\" must be at least 1 MB, not 8 kB: give it a unit, such as \"8000 MB\"\n\
         profiles/c.toml:3:1: \"llama_dir\" must be one line of text, not 3"
    );
}

#[test]
fn messages_name_place_key_and_remedy() {
    let base = "model = \"demo\"\n";
    for (text, expected) in [
        (
            "contxt = 1",
            ":2:1: unknown key \"contxt\"; did you mean \"context\"?",
        ),
        (
            "n_predict = 1",
            ":2:1: unknown key \"n_predict\"; did you mean \"max_tokens\"?",
        ),
        (
            "temperature = 0.2",
            ":2:1: unknown key \"temperature\"; did you mean \"sampling.temperature\"?",
        ),
        (
            "[sampling]\n temprature = 0",
            ":3:2: unknown key \"sampling.temprature\"; did you mean \"sampling.temperature\"?",
        ),
        (
            "[limit]\ntimeout = 1",
            ":2:2: unknown key \"limit\"; did you mean \"limits\"?",
        ),
        ("zzz = 1", ":2:1: unknown key \"zzz\""),
        (
            "context = \"4k\"",
            ":2:1: \"context\" must be a whole number of at least 8, not the text \"4k\"",
        ),
        (
            "context = 4.5",
            ":2:1: \"context\" must be a whole number of at least 8, not 4.5",
        ),
        (
            "context = 7",
            ":2:1: \"context\" must be a whole number of at least 8, not 7",
        ),
        (
            "max_tokens = -1",
            ":2:1: \"max_tokens\" must be a whole number of at least 1, not -1",
        ),
        (
            "max_tokens = 99999999999999999999",
            ":2:1: \"max_tokens\" is a number that does not fit into 64 bits",
        ),
        (
            "threads = 0",
            ":2:1: \"threads\" must be a whole number from 1 to 512 or \"auto\", not 0",
        ),
        (
            "sampling = 1",
            ":2:1: \"sampling\" is a table: write [sampling] and its keys below it",
        ),
        (
            "context = { a = 1 }",
            ":2:1: \"context\" must be a whole number of at least 8, not a table",
        ),
        (
            "sampling.top_p = 1.5",
            ":2:10: \"sampling.top_p\" must be a number from 0 to 1 or \"auto\", not 1.5",
        ),
        (
            "limits.timeout = -5",
            ":2:8: \"limits.timeout\": a time cannot be negative, as -5 is",
        ),
        (
            "limits.timeout = 0",
            ":2:8: \"limits.timeout\": a limit of 0 would end everything at once; use \"none\" for no limit",
        ),
        (
            "limits.load = \"soon\"",
            ":2:8: \"limits.load\": \"soon\" is no time (expected number at 0); write it as \"120s\", \"2m\" or \"1h 30m\"",
        ),
        (
            "kv_type_k = \"q8\"",
            ":2:1: \"kv_type_k\" must be one of \"f32\", \"f16\", \"bf16\", \"q8_0\", \"q5_1\", \"q5_0\", \"q4_1\", \"q4_0\", \"iq4_nl\", not the text \"q8\"; did you mean \"q8_0\"?",
        ),
        (
            "flash_attention = true",
            ":2:1: \"flash_attention\" must be one of \"auto\", \"on\", \"off\", not true",
        ),
        ("stop = [\"a\", \"\"]", ":2:1: item 2 of \"stop\" is empty"),
        (
            "stop = \"a\"",
            ":2:1: \"stop\" must be a list of texts such as [\"a\", \"b\"], not the text \"a\"",
        ),
        (
            "description = \"\"\"a\nb\"\"\"",
            ":2:1: \"description\" must be one line of text, not the text \"a\\nb\"",
        ),
        (
            "context = 64\nmax_tokens = 65",
            ":3:1: \"max_tokens\" (65) is more than \"context\" (64, profiles/x.toml:2:1)",
        ),
        (
            "context = 64",
            ":2:1: \"context\" (64) is less than \"max_tokens\" (512, the default)",
        ),
        (
            "micro_batch = 300",
            ":2:1: \"micro_batch\" (300) is more than \"batch\" (256, the default)",
        ),
        (
            "grammar = \"root ::= [a-z]\"\njson_schema = \"{}\"",
            ":3:1: \"json_schema\" and \"grammar\" cannot both hold; set one of them to \"\"",
        ),
        (
            "grammar = \"[a-z]\"",
            ":2:1: \"grammar\" has no rule \"root ::= …\" to start from",
        ),
        (
            "json_schema = \"[]\"",
            ":2:1: \"json_schema\" is no JSON object: invalid type: sequence, expected a map at line 1 column 0",
        ),
        (
            "kv_type_v = \"q4_0\"\nflash_attention = \"off\"",
            ":2:1: \"kv_type_v\" = \"q4_0\" needs flash attention, and \"flash_attention\" is \"off\"",
        ),
        (
            "[environment]\nLLAMA_ARG_N_PREDICT = \"3\"",
            ":3:1: the environment variable \"LLAMA_ARG_N_PREDICT\" would change what llama.cpp does behind this profile's back; use a key, or extra_args",
        ),
        (
            "[environment]\n\"A=B\" = \"3\"",
            ":3:1: \"A=B\" cannot be the name of an environment variable",
        ),
        (
            "[prompt]\ntemplate = \"{{ prompt\"",
            ":3:1: \"prompt.template\": line 1 of the template: unexpected end of input, expected end of variable block",
        ),
        (
            "[prompt.variables]\nprompt = \"a\"",
            ":3:1: \"prompt\" is the request itself and cannot be a variable",
        ),
        (
            "extends = \"codr\"",
            ":2:1: \"extends\" names \"codr\", which is no profile; did you mean \"coder\"?",
        ),
        (
            "extends = \"x\"",
            ":2:1: profile \"x\" extends itself, and there is no other \"x\"",
        ),
        (
            "context = ",
            ":2:11: string values must be quoted, expected literal string",
        ),
        ("context = 8\ncontext = 9", ":3:1: duplicate key"),
    ] {
        let set = project(&format!("{base}{text}"));
        assert_eq!(
            message(&set, "x", &[]),
            format!("profiles/x.toml{expected}"),
            "{text}"
        );
    }
}

#[test]
fn messages_about_models() {
    for (model, expected) in [
        (
            "dmo",
            "no built-in model \"dmo\" (there is \"demo\"); a file needs a path, such as \"./dmo.gguf\"; did you mean \"demo\"?",
        ),
        (
            "llama",
            "no built-in model \"llama\" (there is \"demo\"); a file needs a path, such as \"./llama.gguf\"",
        ),
        (
            "~you/a.gguf",
            "\"~you/a.gguf\": only ~/ is replaced; write the path out",
        ),
    ] {
        let set = project(&format!("model = \"{model}\""));
        assert_eq!(
            message(&set, "x", &[]),
            format!("profiles/x.toml:1:1: {expected}")
        );
    }
    assert_eq!(
        message(&project(""), "x", &[]),
        "profiles/x.toml: no model: set model = \"demo\", or to the path of a GGUF file"
    );
}

#[test]
fn messages_about_options() {
    for (given, expected) in [
        (
            "contxt=3",
            "--set: unknown key \"contxt\"; did you mean \"context\"?",
        ),
        (
            "temp=3",
            "--set: unknown key \"temp\"; did you mean \"sampling.temperature\"?",
        ),
        (
            "sampling=3",
            "--set: \"sampling\" is a table: set one key in it, as in sampling.NAME=VALUE",
        ),
        (
            "extends=router",
            "--set: \"extends\" cannot be set for one run: name the other profile instead",
        ),
        (
            "context=lots",
            "--set: \"context\" must be a whole number of at least 8, not the text \"lots\"",
        ),
        (
            "max_tokens=5000",
            "--set: \"max_tokens\" (5000) is more than \"context\" (4096, built-in profiles/coder.toml:11:1)",
        ),
        (
            "context=100",
            "--set: \"context\" (100) is less than \"max_tokens\" (512, built-in profiles/coder.toml:12:1)",
        ),
    ] {
        assert_eq!(message(&set([]), "coder", &[given]), expected);
    }
    assert_eq!(
        "context".parse::<Override>().unwrap_err().to_string(),
        "\"context\" sets nothing; write KEY=VALUE, such as sampling.temperature=0.2"
    );
}

#[test]
fn a_missing_profile_names_the_nearest() {
    assert_eq!(
        message(&set([]), "codr", &[]),
        "no profile \"codr\"; did you mean \"coder\"? (there are: algorithm, coder, router)"
    );
    assert_eq!(
        message(&set([]), "zzz", &[]),
        "no profile \"zzz\"; there are: algorithm, coder, router"
    );
}

#[test]
fn all_problems_are_told_at_once_and_the_exit_code_says_whose_they_are() {
    let set = project("model = \"demo\"\nthreads = 0\ncontxt = 4");
    let lines = message(&set, "x", &["seed=-1"]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    let exit = |name: &str, given: &str| {
        set.resolve(name, &[given.parse().unwrap()])
            .map(|_| ())
            .map_err(|error| error.exit())
    };
    assert_eq!(exit("coder", "seed=-1"), Err(Exit::Usage));
    assert_eq!(exit("x", "seed=-1"), Err(Exit::Configuration));
    assert_eq!(exit("nobody", "seed=1"), Err(Exit::Configuration));
}

#[test]
fn a_circle_is_told() {
    let set = set([
        source("a", Level::Project, "extends = \"b\""),
        source("b", Level::Project, "extends = \"c\""),
        source("c", Level::User, "extends = \"a\""),
    ]);
    assert_eq!(
        message(&set, "a", &[]),
        "~/.config/orchestrate/profiles/c.toml:1:1: profiles extend each other in a circle: a → b → c → a\n"
            .trim_end()
    );
}

#[test]
fn a_file_builds_on_the_farther_one_of_its_name() {
    let set = set([
        source("coder", Level::User, "max_tokens = 100\nseed = 1"),
        source("coder", Level::Project, "seed = 2\n[sampling]\ntop_k = 7"),
    ]);
    let Resolved {
        profile, origins, ..
    } = resolved(&set, "coder");
    assert_eq!(
        (profile.max_tokens, profile.seed, profile.context),
        (100, Some(2), 4096)
    );
    assert_eq!(
        (profile.sampling.top_k, profile.sampling.temperature),
        (Some(7), Some(0.0))
    );
    assert_eq!(origins["seed"].to_string(), "profiles/coder.toml:1:1");
    assert_eq!(
        origins["max_tokens"].to_string(),
        "~/.config/orchestrate/profiles/coder.toml:1:1"
    );
    // algorithm extends coder, and the nearest coder at that.
    assert_eq!(resolved(&set, "algorithm").profile.seed, Some(2));
}

#[test]
fn extends_replaces_the_farther_file_of_the_same_name() {
    let set = set([source(
        "coder",
        Level::Project,
        "extends = \"router\"\nmax_tokens = 10",
    )]);
    let profile = resolved(&set, "coder").profile;
    assert_eq!((profile.context, profile.max_tokens), (8192, 10));
    assert_eq!(profile.stop, ["\n"]);
    let own = self::set([source(
        "coder",
        Level::Project,
        "extends = \"coder\"\nseed = 3",
    )]);
    assert_eq!(resolved(&own, "coder").profile.context, 4096);
}

#[test]
fn a_broken_profile_is_in_nobodys_way() {
    let set = set([source("broken", Level::Project, "][")]);
    assert!(set.resolve("coder", &[]).is_ok());
    assert!(matches!(
        set.resolve("broken", &[]),
        Err(ProfileError::Invalid(_))
    ));
}

#[test]
fn paths_are_relative_to_the_file_that_says_them() {
    let model = |text: &str, given: &[Override]| {
        project(text)
            .resolve("x", given)
            .unwrap()
            .profile
            .model
            .to_string()
    };
    assert_eq!(model("model = \"./a.gguf\"", &[]), "/work/profiles/a.gguf");
    assert_eq!(
        model("model = \"../m/a.gguf\"", &[]),
        "/work/profiles/../m/a.gguf"
    );
    assert_eq!(model("model = \"a.gguf\"", &[]), "/work/profiles/a.gguf");
    assert_eq!(model("model = \"/m/a\"", &[]), "/m/a");
    assert_eq!(model("model = \"~/a.gguf\"", &[]), "/home/me/a.gguf");
    let given = [Override::new("--model", "model", "m/a.gguf")];
    assert_eq!(model("model = \"demo\"", &given), "/work/m/a.gguf");
}

#[test]
fn inherited_values_can_be_taken_back() {
    let profile = resolved(
        &project(
            "extends = \"coder\"\nstop = []\nseed = \"random\"\ngrammar = \"\"\n\
             limits.timeout = \"none\"\nsampling.temperature = \"auto\"",
        ),
        "x",
    )
    .profile;
    assert_eq!(
        (profile.seed, profile.limits.timeout, profile.constraint),
        (None, None, None)
    );
    assert_eq!(
        (profile.sampling.temperature, profile.stop.len()),
        (None, 0)
    );
}

#[test]
fn options_are_read_as_toml_or_else_as_text() {
    let overrides: Vec<Override> = [
        "seed=7",
        "limits.timeout=2m",
        "stop=[\"a\"]",
        "description=12",
        "flash_attention=on",
        "environment.A.B=1",
        "prompt.variables.language=\"go\"",
        "ignore_eos=true",
        "grammar=root ::= \"=\"",
        "sampling.top_p=auto",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    let profile = set([]).resolve("coder", &overrides).unwrap().profile;
    assert_eq!(profile.seed, Some(7));
    assert_eq!(profile.limits.timeout, Some(Duration::from_secs(120)));
    assert_eq!(profile.stop, ["a"]);
    assert_eq!(profile.description, "12");
    assert_eq!(profile.environment["A.B"], "1");
    assert_eq!(profile.prompt.variables["language"], "go");
    assert_eq!(
        profile.constraint,
        Some(Constraint::Grammar("root ::= \"=\"".to_owned()))
    );
    assert!(profile.ignore_eos);
}

#[test]
fn the_context_is_capped_at_what_the_model_was_trained_for() {
    let mut profile = resolved(&set([]), "coder").profile;
    assert_eq!(profile.cap_context(4096), None);
    assert_eq!(
        profile.cap_context(0),
        None,
        "an unknown trained context caps nothing"
    );
    assert_eq!(
        profile.cap_context(1024).as_deref(),
        Some("context lowered from 4096 to 1024 tokens: the model was trained for no more")
    );
    assert_eq!(profile.context, 1024);
}

#[test]
fn a_template_without_the_request_is_noted() {
    let notes = resolved(
        &project("model = \"demo\"\n[prompt]\ntemplate = \"hello\""),
        "x",
    )
    .notes;
    assert_eq!(
        notes,
        [
            "profiles/x.toml:3:1: the template has no {{prompt}}, so the request reaches the model nowhere"
        ]
    );
}

/// For each key a value that fits and differs from coder's, as TOML, and one that does not fit.
fn samples(kind: Kind, path: &str) -> (String, &'static str) {
    let fits = match (path, kind) {
        ("extends", _) => "\"router\"".to_owned(),
        ("model", _) => "\"/a.gguf\"".to_owned(),
        ("grammar", _) => "\"root ::= [a]\"".to_owned(),
        ("json_schema", _) => "\"{}\"".to_owned(),
        ("prompt.template", _) => "\"{{prompt}}!\"".to_owned(),
        ("context", _) => "5000".to_owned(),
        (_, Kind::Text | Kind::Line) => "\"other\"".to_owned(),
        (_, Kind::Texts { .. }) => "[\"other\"]".to_owned(),
        (_, Kind::Flag) => "true".to_owned(),
        (_, Kind::Whole { .. }) => "77".to_owned(),
        (_, Kind::Real { .. }) => "0.77".to_owned(),
        (_, Kind::OneOf(words)) => format!("\"{}\"", words().last().unwrap()),
        (_, Kind::Limit) => "\"77s\"".to_owned(),
        (_, Kind::Bytes { .. }) => "\"77 MB\"".to_owned(),
    };
    let wrong = match kind {
        Kind::Text => "1",
        Kind::Line => "\"a\\nb\"",
        Kind::Texts { .. } => "[1]",
        Kind::Flag => "\"true\"",
        Kind::Whole { .. } | Kind::Real { .. } => "-99",
        Kind::OneOf(_) => "\"other\"",
        Kind::Limit => "\"soon\"",
        Kind::Bytes { .. } => "\"much\"",
    };
    (fits, wrong)
}

fn json(text: &str) -> serde_json::Value {
    toml::from_str(text).unwrap()
}

/// A key without effect would be a key that resolving forgot.
#[test]
fn every_key_has_an_effect_and_the_schema_agrees_about_its_values() {
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).unwrap()).unwrap();
    let coder = resolved(&set([]), "coder").profile;
    for key in PROFILE {
        let (fits, wrong) = samples(key.kind, key.path);
        let path = key.path.replace('*', "NAME");
        let file = |value: &str| format!("{path} = {value}");
        let near = |value: &str| set([source("coder", Level::Project, &file(value))]);
        let changed = resolved(&near(&fits), "coder").profile;
        assert_ne!(changed, coder, "{path} = {fits}");
        assert!(validator.is_valid(&json(&file(&fits))), "{path} = {fits}");
        assert!(
            near(wrong).resolve("coder", &[]).is_err(),
            "{path} = {wrong}"
        );
        assert!(!validator.is_valid(&json(&file(wrong))), "{path} = {wrong}");
    }
}

#[test]
fn the_checked_in_schema_is_current() {
    snapbox::assert_data_eq!(
        schema(),
        snapbox::file!["../../profiles/profile.schema.json"].raw()
    );
}

#[test]
fn the_schema_holds_for_the_shipped_files_and_knows_no_other_keys() {
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).unwrap()).unwrap();
    for source in shipped() {
        let errors: Vec<_> = validator
            .iter_errors(&json(&source.text))
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", source.name);
    }
    for text in ["contxt = 1", "[sampling]\nx = 1", "[environment]\nA = 1"] {
        assert!(!validator.is_valid(&json(text)), "{text}");
    }
}

#[test]
fn what_is_shown_is_the_same_profile_again() {
    for name in ["coder", "algorithm", "router"] {
        let shown = resolved(&set([]), name);
        let again = set([source(
            name,
            Level::Project,
            &format!("extends = \"\"\n{}", shown.to_toml()),
        )]);
        assert_eq!(
            resolved(&again, name).profile,
            shown.profile,
            "{}",
            shown.to_toml()
        );
    }
    let text = resolved(&set([]), "algorithm").to_toml();
    assert!(
        text.contains("\nmax_tokens = 1024  # built-in profiles/algorithm.toml:9:1\n"),
        "{text}"
    );
    assert!(text.contains("\nmicro_batch = 256  # default\n"), "{text}");
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_whatever_the_values_are(
        description in "[^\0\r\n]{0,12}",
        stop in proptest::collection::vec("[^\0]{1,8}", 0..3),
        value in "[^\0]{0,12}",
        name in "[^\0=]{1,8}",
        temperature in 0.0f64..5.0,
        seconds in 1u64..1_000_000,
    ) {
        let mut shown = resolved(&set([]), "coder");
        shown.profile.name = "x".to_owned();
        shown.profile.description = description;
        shown.profile.stop = stop;
        shown.profile.environment = BTreeMap::from([(name, value.clone())]);
        shown.profile.prompt.variables.insert("v".to_owned(), value.clone());
        shown.profile.extra_args = vec![value];
        shown.profile.sampling.temperature = Some(temperature);
        shown.profile.limits.load = Some(Duration::from_secs(seconds));
        let set = project(&shown.to_toml());
        let again = set.resolve("x", &[]);
        prop_assert_eq!(again.map(|again| again.profile), Ok(shown.profile));
    }

    #[test]
    fn reading_never_panics_and_always_points_into_the_file(text in "[a-z_.=\\[\\]\"'{}#0-9 \né-]{0,60}") {
        if let Err(ProfileError::Invalid(problems)) = project(&text).resolve("x", &[]) {
            for problem in problems.iter() {
                if let Some((line, column)) = problem.place.line_column() {
                    let line = text.split('\n').nth(line - 1);
                    prop_assert!(line.is_some_and(|line| column <= line.chars().count() + 1));
                }
            }
        }
    }

    #[test]
    fn any_option_is_taken_or_refused(text in ".{0,30}") {
        if let Ok(given) = text.parse::<Override>() {
            let _ = set([]).resolve("coder", &[given]);
        }
    }
}
