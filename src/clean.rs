//! `orchestrate clean`: removes what a build has left in the cache.
//!
//! Builds only, unless everything is asked for: the downloaded sources and the private cmake cost
//! another download. Sources in a checkout's `vendor/llama.cpp` are never touched: they may be the
//! user's own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::vendor::{self, build_lock};

/// What is to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The user's cache directory.
    pub cache: PathBuf,
    /// Also the sources, the downloads and the private cmake.
    pub all: bool,
}

/// Something that can be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The directory.
    pub path: PathBuf,
    /// What it holds, in words.
    pub what: &'static str,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Why `orchestrate clean` failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody can be asked.
    #[error("ask before removing anything: there is no terminal; say --yes if you mean it")]
    NobodyToAsk,
    /// A build is running.
    #[error("clean while a build is running{}: wait for it, or end it", pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Building {
        /// Its process, where known.
        pid: Option<u32>,
    },
    /// The lock could not be taken.
    #[error("lock {}: {source}", path.display())]
    Lock {
        /// The directory that holds it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something could not be removed.
    #[error("remove {}: {source}", path.display())]
    Remove {
        /// What.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// The exit code of the command.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::NobodyToAsk => Exit::Usage,
            Self::Building { .. } | Self::Lock { .. } | Self::Remove { .. } => Exit::LlamaMissing,
        }
    }
}

/// What there is to remove; empty where nothing is.
#[must_use]
pub fn plan(request: &Request) -> Vec<Item> {
    let builds: &[(&str, &str)] = &[
        ("llama", "built programs"),
        ("build", "build trees"),
        ("probes", "what binaries said about themselves"),
    ];
    let rest: &[(&str, &str)] = &[
        ("sources", "llama.cpp's sources"),
        ("downloads", "downloaded packages"),
        ("tools", "private cmake and ninja"),
        ("models", "the embedded model, unpacked"),
    ];
    let chosen = builds.iter().chain(rest.iter().filter(|_| request.all));
    chosen
        .map(|&(name, what)| {
            let path = request.cache.join(name);
            let bytes = vendor::size_of(&path);
            Item { path, what, bytes }
        })
        // The lock file stays (see `run`) and is no reason to ask again.
        .filter(|item| !removable(&item.path).is_empty())
        .collect()
}

/// Removes them, unless a build is running. Returns the bytes that were freed.
///
/// # Errors
/// See [`Error`]; what was removed before the error stays removed.
pub fn run(request: &Request, items: &[Item]) -> Result<u64, Error> {
    let root = request.cache.join("build");
    let lock = build_lock::BuildLock::try_acquire(&root)
        .map_err(|source| Error::Lock { path: root, source })?;
    let _lock = lock.map_err(|pid| Error::Building { pid })?;
    let mut freed = 0;
    for item in items {
        for path in removable(&item.path) {
            remove(&path).map_err(|source| Error::Remove { path, source })?;
        }
        // Not empty if it holds the lock.
        let _ = fs::remove_dir(&item.path);
        freed += item.bytes;
    }
    Ok(freed)
}

/// What is in a directory, but for the lock file: removing that would let a build that waits for
/// it and a build that starts afterwards lock two different files.
fn removable(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| !(dir.ends_with("build") && path.ends_with(build_lock::LOCK_NAME)))
        .collect()
}

fn remove(path: &Path) -> io::Result<()> {
    if path.symlink_metadata()?.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::build_lock::BuildLock;

    fn cache() -> (tempfile::TempDir, Request) {
        let dir = tempfile::tempdir().unwrap();
        for path in ["llama/k/bin", "build/tree", "tools/venv", "other"] {
            fs::create_dir_all(dir.path().join(path)).unwrap();
            fs::write(dir.path().join(path).join("file"), "12345").unwrap();
        }
        let request = Request {
            cache: dir.path().to_owned(),
            all: false,
        };
        (dir, request)
    }

    #[test]
    fn builds_go_and_the_rest_stays() {
        let (dir, request) = cache();
        let items = plan(&request);
        let names: Vec<_> = items.iter().map(|item| (item.what, item.bytes)).collect();
        assert_eq!(names, [("built programs", 5), ("build trees", 5)]);
        assert_eq!(run(&request, &items).unwrap(), 10);
        assert!(!dir.path().join("llama").exists());
        assert!(dir.path().join("tools/venv/file").exists());
        assert!(dir.path().join("other/file").exists());
        assert_eq!(plan(&request), []);
        let all = Request {
            all: true,
            ..request
        };
        run(&all, &plan(&all)).unwrap();
        assert!(!dir.path().join("tools").exists());
        assert!(dir.path().join("other/file").exists());
    }

    #[test]
    fn a_running_build_is_not_disturbed() {
        let (dir, request) = cache();
        let lock = BuildLock::try_acquire(&dir.path().join("build"))
            .unwrap()
            .unwrap();
        let error = run(&request, &plan(&request)).unwrap_err();
        assert!(matches!(error, Error::Building { pid: Some(_) }), "{error}");
        assert!(dir.path().join("llama/k/bin/file").exists());
        drop(lock);
        run(&request, &plan(&request)).unwrap();
    }
}
