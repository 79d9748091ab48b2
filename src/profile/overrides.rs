//! Keys changed for one run: `--set KEY=VALUE` and the flags for the usual keys.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use toml::Value;

use super::error::{Place, Problem};
use super::keys::{Found, Kind, PROFILE, find};
use super::raw::{Set, Settings};

/// One key changed for one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    key: String,
    value: String,
    /// The option that says so, for messages.
    option: String,
}

impl fmt::Display for Override {
    /// `key=value`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// The text after `--set` is no assignment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" sets nothing; write KEY=VALUE, such as sampling.temperature=0.2")]
pub struct NotAnAssignment(String);

impl std::str::FromStr for Override {
    type Err = NotAnAssignment;

    /// Reads `KEY=VALUE`, as `--set` takes it.
    fn from_str(text: &str) -> Result<Self, NotAnAssignment> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => {
                Ok(Self::new("--set", key.trim(), value.trim()))
            }
            _ => Err(NotAnAssignment(text.to_owned())),
        }
    }
}

impl Override {
    /// The key and value that an option of the command line stands for. The value is read as TOML
    /// and, when it is none, taken as text: `0.2`, `true`, `["a"]`, and `2m` all mean what they say.
    #[must_use]
    pub fn new(option: &str, key: &str, value: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: value.to_owned(),
            option: option.to_owned(),
        }
    }

    fn apply(&self, dir: &Arc<Path>, settings: &mut Settings) -> Result<(), Problem> {
        let place = Place::option(self.option.as_str());
        let problem = |what: String| Problem::new(place.clone(), what);
        let key = &self.key;
        match find(PROFILE, key) {
            Found::Unknown(nearest) => {
                Err(problem(format!("unknown key \"{key}\"")).with_nearest(nearest))
            }
            Found::Section => Err(problem(format!(
                "\"{key}\" is a table: set one key in it, as in {key}.NAME=VALUE"
            ))),
            Found::Key(found) if found.path == "extends" => Err(problem(
                "\"extends\" cannot be set for one run: name the other profile instead".to_owned(),
            )),
            Found::Key(found) => {
                let value = self.value(found.kind);
                found.kind.check(key, &value).map_err(|misfit| {
                    problem(misfit.what).with_nearest(misfit.nearest.as_deref())
                })?;
                let dir = Arc::clone(dir);
                settings.insert(
                    key.clone(),
                    Set {
                        value,
                        place,
                        dir,
                        layer: 0,
                    },
                );
                Ok(())
            }
        }
    }

    fn value(&self, kind: Kind) -> Value {
        let text = || Value::String(self.value.clone());
        match (self.value.parse::<Value>(), kind) {
            // Text needs no quotes here, even where it looks like something else.
            (Ok(value), Kind::Text | Kind::Line) if !value.is_str() => text(),
            (Ok(value), _) => value,
            (Err(_), _) => text(),
        }
    }
}

/// The settings that the overrides make; later ones win. Relative paths are relative to `dir`.
pub(super) fn settings(overrides: &[Override], dir: &Path) -> (Settings, Vec<Problem>) {
    let dir: Arc<Path> = dir.into();
    let mut settings = Settings::default();
    let problems = overrides
        .iter()
        .filter_map(|given| given.apply(&dir, &mut settings).err())
        .collect();
    (settings, problems)
}
