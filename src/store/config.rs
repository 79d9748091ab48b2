//! Finding and reading profiles and `orchestrate.toml`.
//!
//! Three levels, the nearest wins: what is in the binary, the user's configuration directory, and
//! the current directory (`./profiles`, `./orchestrate.toml`). Directories above the current one are
//! not searched: what a command does should not depend on a file that nobody sees.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Paths;
use crate::profile::{Bases, Config, Level, Problems, ProfileSet, Source, TUNED_SUFFIX};

/// The profiles in the binary.
const BUILT_IN: [(&str, &str); 3] = [
    ("algorithm", include_str!("../../profiles/algorithm.toml")),
    ("coder", include_str!("../../profiles/coder.toml")),
    ("router", include_str!("../../profiles/router.toml")),
];

/// The configuration in the binary.
const BUILT_IN_CONFIG: &str = include_str!("../../orchestrate.toml");

const CONFIG_FILE: &str = "orchestrate.toml";
const PROFILES_DIR: &str = "profiles";

/// Where configuration is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The user's configuration directory.
    pub user: PathBuf,
    /// The current directory, absolute.
    pub current: PathBuf,
    /// The user's home directory, if known.
    pub home: Option<PathBuf>,
}

/// Why configuration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A directory is there and cannot be listed.
    #[error("failed to read {path}: {source}")]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The process has no current directory (it was removed, say).
    #[error("failed to find the current directory: {0}")]
    NoCurrentDirectory(io::Error),
    /// Something in `orchestrate.toml` is wrong.
    #[error(transparent)]
    Invalid(#[from] Problems),
}

impl Places {
    /// The places of this process.
    ///
    /// # Errors
    /// When it has no current directory.
    pub fn discover(paths: &Paths) -> Result<Self, ConfigError> {
        Ok(Self {
            user: paths.config.clone(),
            current: env::current_dir().map_err(ConfigError::NoCurrentDirectory)?,
            home: etcetera::home_dir().ok(),
        })
    }

    /// Where the user's own profiles are.
    #[must_use]
    pub fn user_profiles(&self) -> PathBuf {
        self.user.join(PROFILES_DIR)
    }

    /// Where the project's profiles are.
    #[must_use]
    pub fn project_profiles(&self) -> PathBuf {
        self.current.join(PROFILES_DIR)
    }

    /// Where the tuned settings of a profile are.
    #[must_use]
    pub fn tuned(&self, profile: &str) -> PathBuf {
        self.user_profiles()
            .join(format!("{profile}{TUNED_SUFFIX}"))
    }

    /// Reads all profiles. They are not judged here: a broken one is in nobody's way.
    ///
    /// # Errors
    /// When a directory is there and cannot be listed.
    pub fn profiles(&self) -> Result<ProfileSet, ConfigError> {
        let mut sources: Vec<Source> = BUILT_IN
            .iter()
            .map(|(name, text)| Source {
                name: (*name).to_owned(),
                origin: format!("built-in {PROFILES_DIR}/{name}.toml"),
                dir: self.current.clone(),
                level: Level::BuiltIn,
                text: Ok((*text).to_owned()),
            })
            .collect();
        let mut tuned = Vec::new();
        for (dir, level) in [
            (self.user_profiles(), Level::User),
            (self.project_profiles(), Level::Project),
        ] {
            for path in toml_files(&dir)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                match name.strip_suffix(TUNED_SUFFIX) {
                    None => sources.extend(self.source(&path, level)),
                    // A machine is the user's, not a project's.
                    Some(name) if level == Level::User => {
                        let name = name.to_owned();
                        let source = self.source(&path, level);
                        tuned.extend(source.map(|source| Source { name, ..source }));
                    }
                    Some(_) => {}
                }
            }
        }
        let bases = Bases {
            home: self.home.clone(),
            current: self.current.clone(),
        };
        Ok(ProfileSet::new(sources, bases).with_tuned(tuned))
    }

    /// Reads `orchestrate.toml`.
    ///
    /// # Errors
    /// When a file cannot be read, or something in it is wrong.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let mut sources = vec![Source {
            name: CONFIG_FILE.to_owned(),
            origin: format!("built-in {CONFIG_FILE}"),
            dir: self.current.clone(),
            level: Level::BuiltIn,
            text: Ok(BUILT_IN_CONFIG.to_owned()),
        }];
        for (dir, level) in [(&self.user, Level::User), (&self.current, Level::Project)] {
            sources.extend(self.source(&dir.join(CONFIG_FILE), level));
        }
        Ok(Config::read(sources, self.home.as_deref())?)
    }

    /// A file as a source; `None` when it is not there.
    fn source(&self, path: &Path, level: Level) -> Option<Source> {
        let text = match read_regular(path) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                format!("not valid UTF-8 at byte {at}")
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => Err(format!("cannot be read: {error}")),
        };
        let name = path.file_stem().unwrap_or_default();
        Some(Source {
            name: name.to_string_lossy().into_owned(),
            origin: self.shown(path),
            dir: path.parent().unwrap_or(&self.current).to_owned(),
            level,
            text,
        })
    }

    /// A path as people would write it: relative to the current directory where it is below it, and
    /// with `~` below the home directory.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        if let Ok(below) = path.strip_prefix(&self.current) {
            return below.display().to_string();
        }
        match self
            .home
            .as_ref()
            .and_then(|home| path.strip_prefix(home).ok())
        {
            Some(below) => format!("~/{}", below.display()),
            None => path.display().to_string(),
        }
    }
}

/// Far above any configuration that somebody writes.
pub(crate) const MAX_SIZE: u64 = 1 << 20;

/// Reads a regular file of a sensible size. Opening anything else may wait for ever (a named pipe)
/// or never end (a device).
pub(crate) fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    if metadata.len() > MAX_SIZE {
        return Err(too_large());
    }
    fs::read(path)
}

/// What to say about a file above [`MAX_SIZE`].
pub(crate) fn too_large() -> io::Error {
    io::Error::other("larger than 1 MiB, which no configuration is")
}

/// The `.toml` files of a directory, in order; none when the directory is not there.
fn toml_files(dir: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: dir.to_owned(),
        source,
    };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && !hidden
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
