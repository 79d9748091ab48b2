//! `orchestrate.toml`: what holds for all profiles.

use std::path::{Path, PathBuf};

use super::error::{Problem, Problems};
use super::keys::CONFIG;
use super::raw::Settings;
use super::set::{Level, Source};
use super::{kind, resolve};
use crate::units::Bytes;

/// What holds for all profiles, from the `orchestrate.toml` files laid over each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Memory that all models together may take.
    pub memory_budget: Bytes,
    /// Where llama.cpp's programs are; `None` looks for them.
    pub llama_dir: Option<PathBuf>,
    /// The profile to use when none is named.
    pub default_profile: String,
}

/// What holds when no file says anything; the shipped file says the same.
const MEMORY_BUDGET: Bytes = Bytes(8_000_000_000);
const DEFAULT_PROFILE: &str = "coder";

impl Config {
    /// Reads the files, in any order; nearer ones win key by key. A leading `~` is `home`.
    ///
    /// # Errors
    /// Everything that is wrong in them.
    pub fn read(mut sources: Vec<Source>, home: Option<&Path>) -> Result<Self, Problems> {
        sources.sort_by_key(|source: &Source| -> Level { source.level });
        let (mut settings, mut problems) = (Settings::default(), Vec::new());
        for (layer, source) in sources.iter().enumerate() {
            let (nearer, wrong) = source.read(CONFIG);
            settings.lay(nearer, layer);
            problems.extend(wrong);
        }
        let config = Self::from_settings(&settings, home, &mut problems);
        Problems::none_of(problems)?;
        Ok(config)
    }

    fn from_settings(
        settings: &Settings,
        home: Option<&Path>,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let text = |path: &str| {
            let text = settings.get(path)?.value.as_str()?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        let llama_dir = text("llama_dir").and_then(|_| {
            let found = resolve::path(settings.get("llama_dir")?, home);
            found.map_err(|problem| problems.push(problem)).ok()
        });
        Self {
            memory_budget: settings
                .get("memory_budget")
                .and_then(|set| kind::bytes(&set.value).ok())
                .unwrap_or(MEMORY_BUDGET),
            llama_dir,
            default_profile: text("default_profile").unwrap_or_else(|| DEFAULT_PROFILE.to_owned()),
        }
    }
}
