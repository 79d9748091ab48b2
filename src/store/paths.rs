//! The user's directories.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};

/// The directories of one user. None of them need exist: whoever writes creates what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `orchestrate.toml` and `profiles/` (`$XDG_CONFIG_HOME/orchestrate`).
    pub config: PathBuf,
    /// What can be made again: sources, builds, probes, the unpacked model (`$XDG_CACHE_HOME/orchestrate`).
    pub cache: PathBuf,
    /// What cannot: records (`$XDG_STATE_HOME/orchestrate`).
    pub state: PathBuf,
}

/// Why the user's directories could not be told.
#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    /// Neither `HOME` nor the account database names a home directory.
    #[error(
        "find your home directory: set HOME, or ORCHESTRATE_CONFIG_DIR, ORCHESTRATE_CACHE_DIR \
         and ORCHESTRATE_STATE_DIR"
    )]
    NoHome,
}

impl Paths {
    /// Finds them from the environment: `ORCHESTRATE_{CONFIG,CACHE,STATE}_DIR` first, then the
    /// XDG base directories, then their defaults below the home directory.
    ///
    /// # Errors
    /// [`PathsError::NoHome`] when one of them is not given and there is no home directory.
    pub fn discover() -> Result<Self, PathsError> {
        let given = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        Self::resolve(
            given("ORCHESTRATE_CONFIG_DIR"),
            given("ORCHESTRATE_CACHE_DIR"),
            given("ORCHESTRATE_STATE_DIR"),
        )
    }

    fn resolve(
        config: Option<OsString>,
        cache: Option<OsString>,
        state: Option<OsString>,
    ) -> Result<Self, PathsError> {
        if let (Some(config), Some(cache), Some(state)) = (&config, &cache, &state) {
            return Ok(Self {
                config: config.into(),
                cache: cache.into(),
                state: state.into(),
            });
        }
        let base = choose_base_strategy().map_err(|_| PathsError::NoHome)?;
        let below = |given: Option<OsString>, dir: PathBuf| {
            given.map_or_else(|| dir.join("orchestrate"), PathBuf::from)
        };
        Ok(Self {
            config: below(config, base.config_dir()),
            cache: below(cache, base.cache_dir()),
            state: below(state, base.state_dir().unwrap_or_else(|| base.data_dir())),
        })
    }

    /// All three below one directory, as tests want it.
    #[must_use]
    pub fn below(root: &Path) -> Self {
        Self {
            config: root.join("config"),
            cache: root.join("cache"),
            state: root.join("state"),
        }
    }
}
