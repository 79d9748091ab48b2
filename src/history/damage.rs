//! Setting a damaged file aside.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What SQLite adds to the name of the file for those beside it, which belong to it.
const SIDES: [&str; 3] = ["", "-wal", "-shm"];

/// Held while a file is set aside: of two processes that find the damage at once, the second must not
/// move the fresh file of the first. The lock is on the directory, so that no file stays.
pub(super) fn lock(path: &Path) -> io::Result<File> {
    let directory = File::open(path.parent().unwrap_or(path))?;
    match directory.try_lock() {
        Ok(()) => Ok(directory),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::other("another process is doing so just now"))
        }
    }
}

/// Moves the file, and those beside it, to the first free name; returns that name.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| with_suffix(path, &format!(".corrupt-{number}"));
    let free = (1..).map(name).find(|path| !is_there(path));
    let aside = free.ok_or_else(|| io::Error::other("too many damaged files are there already"))?;
    for side in SIDES {
        match fs::rename(with_suffix(path, side), with_suffix(&aside, side)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// The path of a file beside it.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
