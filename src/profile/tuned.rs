//! What `orchestrate tune` has found for a profile: a file beside the profiles, which holds on one
//! machine, with one build of llama.cpp and one model, and nowhere else.
//!
//! It is laid over what comes with orchestrate, and under everything that the user has said: a key in a
//! file of theirs, or on the command line, wins.

use std::sync::Arc;

use toml::Value;

use super::error::{Place, ProfileError};
use super::keys::PROFILE;
use super::overrides::Override;
use super::raw::{Document, Settings, read_below};
use super::resolved::Profile;
use super::set::{ProfileSet, Resolved, Source};
use super::write::write;

/// What the name of such a file ends in, in place of `.toml`.
pub const TUNED_SUFFIX: &str = ".tuned.toml";
/// The version of the format that is written, and the only one that is read.
const VERSION: i64 = 1;
/// The keys that such a file may set: they decide how fast a model is, and nothing else.
pub const TUNED_KEYS: [&str; 9] = [
    "batch",
    "micro_batch",
    "threads",
    "batch_threads",
    "kv_type_k",
    "kv_type_v",
    "flash_attention",
    "load_mode",
    "extra_args",
];

/// What tuned settings hold for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The machine's fingerprint.
    pub host: String,
    /// The build of llama.cpp, such as `b11434`.
    pub build: String,
    /// The model's fingerprint.
    pub model: String,
}

/// A profile on a machine.
#[derive(Debug, Clone, PartialEq)]
pub struct OnGround {
    /// The profile, with the tuned settings where they hold.
    pub resolved: Resolved,
    /// Whether there are some that hold.
    pub is_tuned: bool,
    /// Why those that there are do not hold, with the next step.
    pub hint: Option<String>,
}

impl Profile {
    /// Takes over the values of [`TUNED_KEYS`].
    pub fn take_tuned(&mut self, from: &Self) {
        self.batch = from.batch;
        self.micro_batch = from.micro_batch;
        self.threads = from.threads;
        self.batch_threads = from.batch_threads;
        self.kv_type_k = from.kv_type_k;
        self.kv_type_v = from.kv_type_v;
        self.flash_attention = from.flash_attention;
        self.load_mode = from.load_mode;
        self.extra_args.clone_from(&from.extra_args);
    }
}

impl ProfileSet {
    /// The set with these files of tuned settings, by the names of their profiles.
    #[must_use]
    pub fn with_tuned(mut self, tuned: Vec<Source>) -> Self {
        self.tuned = tuned;
        self
    }

    /// The tuned settings of a profile, wherever they hold.
    #[must_use]
    pub fn tuned(&self, name: &str) -> Option<&Source> {
        self.tuned.iter().find(|source| source.name == name)
    }

    /// As [`Self::resolve`], with the profile's tuned settings where they hold on this ground.
    ///
    /// # Errors
    /// As of [`Self::resolve`]: tuned settings that are wrong are ignored, with a hint.
    pub fn resolve_on(
        &self,
        name: &str,
        overrides: &[Override],
        ground: &Ground,
    ) -> Result<OnGround, ProfileError> {
        let plain = |hint: Option<String>| {
            Ok(OnGround {
                resolved: self.resolve(name, overrides)?,
                is_tuned: false,
                hint,
            })
        };
        let Some(source) = self.tuned(name) else {
            return plain(None);
        };
        let settings = match holding(source, ground) {
            Ok(settings) => settings,
            Err(hint) => return plain(Some(ignored(source, name, &hint))),
        };
        match self.resolve_over(name, overrides, settings) {
            Ok(resolved) => Ok(OnGround {
                resolved,
                is_tuned: true,
                hint: None,
            }),
            // What the user has written since then may not go with it.
            Err(error) => plain(Some(ignored(source, name, &error.to_string()))),
        }
    }
}

/// What to say about tuned settings that do not hold.
fn ignored(source: &Source, name: &str, why: &str) -> String {
    format!(
        "{} is ignored: {why}; `orchestrate tune {name}` makes it anew, and with --remove removes it",
        source.origin
    )
}

/// The settings of such a file, if it holds on this ground.
fn holding(source: &Source, ground: &Ground) -> Result<Settings, String> {
    let text = source.text.as_ref().map_err(Clone::clone)?;
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(0, |span| {
            text[..span.start.min(text.len())].matches('\n').count()
        }) + 1;
        format!("line {line}: {}", error.message().trim())
    })?;
    let said = |key: &str| table.get("tuned")?.get(key);
    let version = said("version").and_then(Value::as_integer);
    if version != Some(VERSION) {
        return Err(match version {
            Some(version) => format!("it has version {version} of its format, not {VERSION}"),
            None => "it does not say the version of its format".to_owned(),
        });
    }
    let Ground { host, build, model } = ground;
    for (key, wanted, other) in [
        (
            "host",
            host,
            "it was made on another machine, or with other limits on this one",
        ),
        (
            "build",
            build,
            "it was made with another build of llama.cpp",
        ),
        ("model", model, "it was made with another model"),
    ] {
        let found = said(key).and_then(Value::as_str).unwrap_or_default();
        if found != wanted {
            return Err(match key {
                "build" if !found.is_empty() => format!("{other} ({found}, not {wanted})"),
                _ => other.to_owned(),
            });
        }
    }
    let (settings, problems) = read_below(
        &Document {
            origin: source.origin.as_str().into(),
            text,
            dir: Arc::from(source.dir.as_path()),
            keys: PROFILE,
        },
        "profile",
    );
    if let Some(problem) = problems.first() {
        return Err(problem.to_string());
    }
    if let Some((path, set)) = settings.iter().find(|(path, _)| !TUNED_KEYS.contains(path)) {
        return Err(format!(
            "{}: \"{path}\" is no key that can be tuned",
            set.place
        ));
    }
    Ok(settings)
}

/// The text of such a file: a head of comments, what it holds for, facts for people, and the values by
/// key.
#[must_use]
pub fn tuned_text(
    head: &str,
    ground: &Ground,
    facts: &[(&str, Value)],
    values: &[(String, Value)],
) -> String {
    let noted: [(&str, Value); 4] = [
        ("version", VERSION.into()),
        ("host", ground.host.as_str().into()),
        ("build", ground.build.as_str().into()),
        ("model", ground.model.as_str().into()),
    ];
    let noted = noted.iter().map(|(key, value)| (*key, value));
    let facts = facts.iter().map(|(key, value)| (*key, value));
    let tuned = noted
        .chain(facts)
        .map(|(key, value)| (format!("tuned.{key}"), value));
    let values = values
        .iter()
        .map(|(key, value)| (format!("profile.{key}"), value));
    let all: Vec<(String, &Value)> = tuned.chain(values).collect();
    write(head, all.iter().map(|(key, value)| (key.as_str(), *value))).text
}

/// The place of a value that comes from such a file.
#[must_use]
pub fn is_tuned(place: &Place) -> bool {
    place.origin().ends_with(TUNED_SUFFIX)
}
