//! A suite's file: strict keys, every mistake with its place and what was probably meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

use super::{Against, CaseSpec, PROMPT_TOKENS, Shape, Start, Suite};
use crate::profile::strict::{Document, Key, Kind, MAX, PROFILE, Settings, path, read_table, time};
use crate::profile::{Override, Place, Problem, Problems, Source};

/// Pairs where a suite does not say: enough for six cases, and in a simulation of a shared host 97 % of all
/// slowdowns by 5 % are found with them.
const PAIRS: u32 = 10;
/// More pairs than a night has time for.
const MOST_PAIRS: i64 = 1000;
/// Rounds of warming up: the first brings the pages into memory, and a second would bring nothing else.
const WARM_UP: u32 = 1;
/// When a night is over where a suite does not say: between evening and morning.
const TIME_LIMIT: Duration = Duration::from_secs(8 * 60 * 60);
/// How long a trial may take where a suite does not say.
const TRIAL_LIMIT: Duration = Duration::from_secs(10 * 60);
/// Streams that one llama-server is asked for at most: it makes a slot for each.
const MOST_PARALLEL: i64 = 256;

const fn key(
    path: &'static str,
    kind: Kind,
    also: &'static [&'static str],
    about: &'static str,
) -> Key {
    Key {
        path,
        kind,
        about,
        also,
    }
}

const fn whole(min: i64, max: i64) -> Kind {
    Kind::Whole {
        min,
        max,
        word: None,
    }
}

/// The keys of a suite. `case` and `against` are tables with keys of their own; they are here to be found
/// by whoever misspells them.
#[rustfmt::skip]
const SUITE: &[Key] = &[
    key("about", Kind::Line, &["description"], "What the suite is for."),
    key("pairs", whole(1, MOST_PAIRS), &["repetitions", "runs", "rounds"],
        "How many times each case is measured in both arms."),
    key("warm_up", whole(0, MOST_PAIRS), &["warmup"],
        "How many trials of each arm of each case go before, and count for nothing."),
    key("time_limit", Kind::Time, &["timeout", "budget"], "When the night is to be over, from its start."),
    key("case", Kind::Text, &["cases"], "A case; there may be many."),
    key("against", Kind::Text, &["baseline", "base"], "The second arm."),
];

/// The keys of a case.
#[rustfmt::skip]
const CASE: &[Key] = &[
    key("name", Kind::Line, &[], "What it is called, in place of its shape."),
    key("profiles", Kind::Texts { empty: false }, &["profile"],
        "Of which profiles; without it, of those that the command names."),
    key("prompt_tokens", whole(1, MAX), &["n_prompt", "pp", "prompt"], "Tokens of the prompt."),
    key("generated_tokens", whole(0, MAX), &["n_gen", "tg", "max_tokens", "generate"],
        "Tokens that are generated; 0 measures the prompt alone."),
    key("depth", whole(0, MAX), &["n_depth", "context_depth"],
        "Tokens that are in the context before the prompt."),
    key("parallel", whole(1, MOST_PARALLEL), &["streams", "concurrency"],
        "Answers that are generated at once."),
    key("start", Kind::OneOf(starts), &["process"],
        "A new process (cold), or a server that has answered before (warm)."),
    key("prompts", Kind::Line, &["prompt_file", "file"],
        "A file with a prompt on each line, relative to this one."),
    key("trial_limit", Kind::Time, &["time_limit", "timeout"], "How long one trial may take."),
];

/// The keys of the second arm.
#[rustfmt::skip]
const AGAINST: &[Key] = &[
    key("llama_dir", Kind::Line, &["build", "llama_path"],
        "A directory with other programs of llama.cpp, relative to this file."),
    key("profile", Kind::Line, &["profiles"], "Another profile."),
    key("settings", Kind::Text, &["set"], "Keys of the profile that are changed."),
];

fn starts() -> Vec<&'static str> {
    vec![Start::Cold.name(), Start::Warm.name()]
}

/// Reads a suite. `home` is what `~` stands for.
///
/// # Errors
/// Everything that is wrong in it.
pub fn read(source: &Source, home: Option<&Path>) -> Result<Suite, Problems> {
    let origin: Arc<str> = source.origin.as_str().into();
    let text = match &source.text {
        Ok(text) => text,
        Err(reason) => return Err(Problem::new(Place::file(origin), reason.as_str()).into()),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reading = Reading {
        origin,
        text,
        dir: Arc::from(source.dir.as_path()),
        home,
        problems: Vec::new(),
    };
    if !errors.is_empty() {
        let problems = errors.iter().map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Problem::new(reading.document(SUITE).place(at), error.message())
        });
        Problems::none_of(problems.collect())?;
    }
    let suite = reading.suite(&source.name, table.get_ref());
    let mut problems = reading.problems;
    problems.sort_by_key(|problem| problem.place.line_column());
    Problems::none_of(problems)?;
    Ok(suite)
}

struct Reading<'a> {
    origin: Arc<str>,
    text: &'a str,
    dir: Arc<Path>,
    home: Option<&'a Path>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn document(&self, keys: &'static [Key]) -> Document<'_> {
        Document {
            origin: Arc::clone(&self.origin),
            text: self.text,
            dir: Arc::clone(&self.dir),
            keys,
        }
    }

    fn settings(&mut self, keys: &'static [Key], table: &DeTable<'_>, but: &[&str]) -> Settings {
        let (settings, problems) = read_table(&self.document(keys), table, but);
        self.problems.extend(problems);
        settings
    }

    fn complain(&mut self, at: usize, what: impl Into<String>) {
        let place = self.document(SUITE).place(at);
        self.problems.push(Problem::new(place, what));
    }

    fn suite(&mut self, name: &str, table: &DeTable<'_>) -> Suite {
        let settings = self.settings(SUITE, table, &["case", "against"]);
        let against = entry(table, "against").and_then(|(at, value)| match value.get_ref() {
            DeValue::Table(table) => Some(self.against(at, table)),
            _ => {
                self.complain(
                    at,
                    "\"against\" is a table: write [against] and its keys below it",
                );
                None
            }
        });
        let cases = self.cases(table);
        Suite {
            name: name.to_owned(),
            about: text(&settings, "about").unwrap_or_default(),
            pairs: number(&settings, "pairs").unwrap_or(PAIRS),
            warm_up: number(&settings, "warm_up").unwrap_or(WARM_UP),
            time_limit: duration(&settings, "time_limit").unwrap_or(TIME_LIMIT),
            against,
            cases,
        }
    }

    fn cases(&mut self, table: &DeTable<'_>) -> Vec<CaseSpec> {
        const HOW: &str = "write [[case]] and the keys of a case below it";
        let (at, tables) = match entry(table, "case") {
            None if self.problems.is_empty() => (0, None),
            // What was misspelt may well be this.
            None => return Vec::new(),
            Some((at, value)) => match value.get_ref() {
                DeValue::Array(items) => {
                    let tables = items.iter().map(|item| match item.get_ref() {
                        DeValue::Table(table) => Some((item.span().start, table)),
                        _ => None,
                    });
                    (at, tables.collect::<Option<Vec<_>>>())
                }
                _ => (at, None),
            },
        };
        match tables {
            Some(tables) if !tables.is_empty() => {
                let tables = tables.into_iter();
                tables.map(|(at, table)| self.case(at, table)).collect()
            }
            _ => {
                self.complain(at, format!("there is no case: {HOW}"));
                Vec::new()
            }
        }
    }

    fn case(&mut self, at: usize, table: &DeTable<'_>) -> CaseSpec {
        let settings = self.settings(CASE, table, &[]);
        let number = |key: &str| number(&settings, key);
        let shape = Shape {
            prompt_tokens: number("prompt_tokens").unwrap_or(PROMPT_TOKENS),
            generated_tokens: number("generated_tokens").unwrap_or_else(|| {
                // Who names a prompt alone means the prompt.
                if number("prompt_tokens").is_some() {
                    0
                } else {
                    128
                }
            }),
            depth: number("depth").unwrap_or(0),
            parallel: number("parallel").unwrap_or(1),
        };
        if shape.generated_tokens == 0 && shape.parallel > 1 {
            self.complain(
                at,
                "a case with \"parallel\" is judged by what is generated: give it \"generated_tokens\"",
            );
        }
        let prompts = self.path(&settings, "prompts");
        if prompts.is_some() && number("prompt_tokens").is_some() {
            self.complain(at, "\"prompt_tokens\" is for synthetic text, and \"prompts\" names a file: leave one of them out");
        }
        let name = text(&settings, "name").filter(|name| !name.is_empty());
        CaseSpec {
            name: name.or_else(|| named_after(prompts.as_deref(), shape)),
            profiles: settings
                .get("profiles")
                .map_or_else(Vec::new, |set| texts(&set.value)),
            shape,
            start: match text(&settings, "start").as_deref() {
                Some("warm") => Start::Warm,
                _ => Start::Cold,
            },
            prompts,
            trial_limit: duration(&settings, "trial_limit").unwrap_or(TRIAL_LIMIT),
        }
    }

    fn against(&mut self, at: usize, table: &DeTable<'_>) -> Against {
        let settings = self.settings(AGAINST, table, &["settings"]);
        let changed = match entry(table, "settings") {
            None => Vec::new(),
            Some((_, value)) if matches!(value.get_ref(), DeValue::Table(_)) => {
                let DeValue::Table(inner) = value.get_ref() else {
                    return Against::default();
                };
                let changed = self.settings(PROFILE, inner, &[]);
                let option = self.origin.to_string();
                let settings = changed.iter();
                settings
                    .map(|(path, set)| Override::new(&option, path, &written(&set.value)))
                    .collect()
            }
            Some((at, _)) => {
                self.complain(at, "\"settings\" is a table: write [against.settings] and keys of a profile below it");
                Vec::new()
            }
        };
        let against = Against {
            llama_dir: self.path(&settings, "llama_dir"),
            profile: text(&settings, "profile"),
            settings: changed,
        };
        if against == Against::default() && self.problems.is_empty() {
            self.complain(at, "\"against\" says nothing: give it \"llama_dir\", \"profile\" or [against.settings]");
        }
        against
    }

    fn path(&mut self, settings: &Settings, key: &str) -> Option<PathBuf> {
        match path(settings.get(key)?, self.home) {
            Ok(path) => Some(path),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }
}

/// A case on prompts of the user's is called like their file.
fn named_after(prompts: Option<&Path>, shape: Shape) -> Option<String> {
    let stem = prompts?.file_stem()?.to_string_lossy().into_owned();
    let shape = Shape {
        prompt_tokens: PROMPT_TOKENS,
        ..shape
    };
    Some(format!("{stem}-{shape}"))
}

fn entry<'a, 'b>(table: &'a DeTable<'b>, name: &str) -> Option<(usize, &'a Spanned<DeValue<'b>>)> {
    let mut entries = table.iter();
    let (key, value) = entries.find(|(key, _)| key.get_ref() == name)?;
    Some((key.span().start, value))
}

fn text(settings: &Settings, key: &str) -> Option<String> {
    settings.get(key)?.value.as_str().map(str::to_owned)
}

fn number(settings: &Settings, key: &str) -> Option<u32> {
    u32::try_from(settings.get(key)?.value.as_integer()?).ok()
}

fn duration(settings: &Settings, key: &str) -> Option<Duration> {
    time(&settings.get(key)?.value).ok()
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// A value as `--set` takes it: text without quotes.
fn written(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
