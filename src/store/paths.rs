//! The user's directories.

use std::env;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, choose_base_strategy};

/// The directories of one user. None of them need exist: whoever writes creates what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `orchestrate.toml` and `profiles/` (`$XDG_CONFIG_HOME/orchestrate`).
    pub config: PathBuf,
    /// What can be made again: sources, builds, probes, the unpacked model (`$XDG_CACHE_HOME/orchestrate`).
    pub cache: PathBuf,
    /// What cannot: records (`$XDG_STATE_HOME/orchestrate`). See [`create_private`].
    pub state: PathBuf,
}

/// The file in [`Paths::state`] that remembers all runs.
const HISTORY: &str = "history.db";
/// The directories in it of the records of incidents and of living jobs.
const INCIDENTS: &str = "incidents";
const JOBS: &str = "jobs";

/// The mode of a directory that nobody but its user may look into: records tell what was run when.
const PRIVATE: u32 = 0o700;

/// Creates a directory, and those above it, for its user alone, as the XDG base directory
/// specification wants it. One that is there stays as it is.
///
/// # Errors
/// The system's, such as a file in its place.
pub fn create_private(directory: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE)
        .create(directory)
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

    /// Where the history of runs is kept.
    #[must_use]
    pub fn history(&self) -> PathBuf {
        self.state.join(HISTORY)
    }

    /// Where the records of incidents are kept.
    #[must_use]
    pub fn incidents(&self) -> PathBuf {
        self.state.join(INCIDENTS)
    }

    /// Where living jobs are on record, for a start after our sudden death.
    #[must_use]
    pub fn jobs(&self) -> PathBuf {
        self.state.join(JOBS)
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_directory_is_for_its_user_alone_and_one_that_is_there_is_left() {
        let root = tempfile::tempdir().expect("a directory");
        let mode = |path: &Path| {
            let found = fs::metadata(path).expect("is there");
            found.permissions().mode() & 0o777
        };
        let state = root.path().join("share/state");
        create_private(&state).expect("created");
        assert_eq!(
            (mode(&state), mode(&root.path().join("share"))),
            (PRIVATE, PRIVATE)
        );
        fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).expect("changed");
        create_private(&state).expect("is there");
        assert_eq!(mode(&state), 0o755);
    }
}
