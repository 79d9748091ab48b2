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
    /// Memory that all models together may take; `None` leaves it to the machine: 80 % of what may be
    /// used there ([`Config::budget`]).
    pub memory_budget: Option<Bytes>,
    /// Where llama.cpp's programs are; `None` looks for them.
    pub llama_dir: Option<PathBuf>,
    /// The profile to use when none is named.
    pub default_profile: String,
    /// What is remembered of runs.
    pub history: HistoryPolicy,
}

/// What is remembered of runs, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPolicy {
    /// Whether runs leave records at all.
    pub enabled: bool,
    /// Days that a record is kept, at least 1.
    pub keep_days: u32,
    /// Records that are kept, at least 1.
    pub keep_rows: u32,
}

/// What holds when no file says anything; the shipped file says the same.
/// The automatic budget is four fifths of the memory: the rest is for the system, its caches and
/// whatever else runs.
const AUTO_PARTS: u64 = 4;
const AUTO_DIVISOR: u64 = 5;
const DEFAULT_PROFILE: &str = "coder";
/// A record takes 300 bytes, so that these are 30 MB at most.
const HISTORY: HistoryPolicy = HistoryPolicy {
    enabled: true,
    keep_days: 90,
    keep_rows: 100_000,
};

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

    /// The memory budget on a machine where so many bytes may be used; `None` where nobody knows how many.
    #[must_use]
    pub fn budget(&self, usable: Option<u64>) -> Option<Bytes> {
        let share = |usable: u64| Bytes(usable / AUTO_DIVISOR * AUTO_PARTS);
        self.memory_budget.or(usable.map(share))
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
        let whole = |path: &str| {
            let number = settings.get(path)?.value.as_integer()?;
            u32::try_from(number).ok()
        };
        let enabled = settings
            .get("history.enabled")
            .and_then(|set| set.value.as_bool());
        Self {
            memory_budget: settings
                .get("memory_budget")
                .and_then(|set| kind::bytes(&set.value).ok()),
            llama_dir,
            default_profile: text("default_profile").unwrap_or_else(|| DEFAULT_PROFILE.to_owned()),
            history: HistoryPolicy {
                enabled: enabled.unwrap_or(HISTORY.enabled),
                keep_days: whole("history.keep_days").unwrap_or(HISTORY.keep_days),
                keep_rows: whole("history.keep_rows").unwrap_or(HISTORY.keep_rows),
            },
        }
    }
}
