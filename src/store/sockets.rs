//! A directory for the socket of one run.
//!
//! A UNIX socket has no password: whoever can reach its path can use the server behind it, and
//! reads every prompt. So it lives in a directory that only its user may enter. And its path has
//! to be short, 107 bytes on Linux, which rules the cache out for people with long home
//! directories. The places that are tried, in this order:
//!
//! 1. `$ORCHESTRATE_RUNTIME_DIR`; if it is set, no other.
//! 2. `$XDG_RUNTIME_DIR/orchestrate`. Absent under cron, in containers and on macOS.
//! 3. `orchestrate-UID` in `$TMPDIR`; in `/tmp` if there is none, or its path is too long.
//!
//! Such a base holds one directory per run, `run-` and six random characters. A run that is killed
//! outright leaves its own behind; it is removed by the next run, which knows the dead from the
//! living by a lock that the system takes back. The lock closes on exec, so a child does not keep
//! its supervisor's directory alive. A directory gets that name only when its lock is held: until then
//! it is `new-` and the same characters, which nobody takes for a dead run's before it is a minute old.
//! So nobody ever waits for anybody.

mod look;
#[cfg(test)]
mod tests;

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{self, Path, PathBuf};
use std::time::Duration;

use rustix::process::geteuid;

pub use look::SocketPlace;

/// The environment's word for the base directory.
const VARIABLE: &str = "ORCHESTRATE_RUNTIME_DIR";

/// Bytes of a socket's path: the system's `sun_path`, 108 on Linux and 104 elsewhere, less the
/// zero byte at its end.
const LONGEST: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// The socket's name. llama-server takes a path for a socket's only if it ends in `.sock`.
const SOCKET: &str = "llama.sock";
/// The name of the lock in a run's directory.
const LOCK: &str = "lock";
/// What a run's directory begins with.
const PREFIX: &str = "run-";
/// What it begins with until it is locked; of the same length.
const UNLOCKED: &str = "new-";
/// How long that takes at the very most, unless its maker has died meanwhile.
const MAKING: Duration = Duration::from_secs(60);
/// Random characters after that.
const RANDOM: usize = 6;

/// Permissions that only the owner has.
const PRIVATE: u32 = 0o700;
/// Permissions of everybody else.
const OTHERS: u32 = 0o077;

/// A directory of this run alone, mode 0700, that holds one socket; removed on drop.
#[derive(Debug)]
pub struct SocketDir {
    dir: PathBuf,
    socket: PathBuf,
    /// Locked as long as it is open. The file itself is never read.
    _lock: File,
}

/// Why there is no place for a socket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SocketDirError {
    /// Something else is in the directory's place.
    #[error(
        "keep sockets in {}: it is no directory, or a symbolic link to one; \
         remove it, or set ORCHESTRATE_RUNTIME_DIR to a directory of your own",
        path.display()
    )]
    NotADirectory {
        /// The base directory.
        path: PathBuf,
    },
    /// The directory belongs to another user.
    #[error(
        "keep sockets in {}: it belongs to the user with the number {owner}, not to you; \
         set ORCHESTRATE_RUNTIME_DIR to a directory of your own",
        path.display()
    )]
    Foreign {
        /// The base directory.
        path: PathBuf,
        /// Its owner's user ID.
        owner: u32,
    },
    /// Others may enter the directory.
    #[error(
        "keep sockets in {path}: its permissions are {mode:o}, so that others may enter; \
         `chmod 700 {path}`, or set ORCHESTRATE_RUNTIME_DIR to another directory",
        path = path.display()
    )]
    Open {
        /// The base directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// All paths in question are too long for a socket.
    #[error(
        "keep sockets in {}: a socket's path there has {length} bytes, and the system takes \
         {limit}; set ORCHESTRATE_RUNTIME_DIR to a directory whose path has at most {} bytes",
        path.display(),
        limit.saturating_sub(below_base())
    )]
    TooLong {
        /// The base directory that was tried last.
        path: PathBuf,
        /// Bytes of the socket's path there.
        length: usize,
        /// Bytes that the system allows.
        limit: usize,
    },
    /// The system refused.
    #[error(
        "{doing} {}: {source}; check who may write there, or set ORCHESTRATE_RUNTIME_DIR",
        path.display()
    )]
    Io {
        /// What was being done, such as `create the directory`.
        doing: &'static str,
        /// To which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl SocketDir {
    /// Makes it, after removing what dead runs have left.
    ///
    /// # Errors
    /// [`SocketDirError`] when the base directory cannot be made or is not this user's alone, or
    /// when every path in question is too long.
    pub fn create() -> Result<Self, SocketDirError> {
        Self::create_in_first(&bases(|name| env::var_os(name)))
    }

    /// The path of the socket in it: absolute, ends in `.sock`, and has at most 107 bytes (103
    /// elsewhere than on Linux). Nothing is there yet.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Makes it in the first base that is short enough.
    fn create_in_first(bases: &[PathBuf]) -> Result<Self, SocketDirError> {
        let length = |base: &Path| base.as_os_str().len() + below_base();
        if let Some(base) = bases.iter().find(|base| length(base) <= LONGEST) {
            return Self::create_in(base);
        }
        let last = bases.last().cloned().unwrap_or_default();
        Err(SocketDirError::TooLong {
            length: length(&last),
            path: last,
            limit: LONGEST,
        })
    }

    fn create_in(base: &Path) -> Result<Self, SocketDirError> {
        let user = geteuid().as_raw();
        // Not only the last part: of what the user names, nothing need be there.
        DirBuilder::new()
            .mode(PRIVATE)
            .recursive(true)
            .create(base)
            .or_else(|error| match error.kind() {
                // `check` tells better what is in the way.
                ErrorKind::AlreadyExists => Ok(()),
                _ => Err(error),
            })
            .map_err(failed("create the directory", base))?;
        check(base, user)?;

        sweep(base, user).map_err(failed("look for what dead runs left in", base))?;
        let dir = tempfile::Builder::new()
            .prefix(UNLOCKED)
            .rand_bytes(RANDOM)
            .permissions(fs::Permissions::from_mode(PRIVATE))
            .tempdir_in(base)
            .map_err(failed("create a directory in", base))?;
        let lock = open_lock(dir.path()).map_err(failed("open the lock file in", dir.path()))?;
        // Nobody else knows it, so nobody else holds it.
        lock.lock().map_err(failed("lock", dir.path()))?;
        let name = dir.path().file_name().unwrap_or_default();
        let name = name.to_string_lossy().replacen(UNLOCKED, PREFIX, 1);
        let locked = base.join(name);
        fs::rename(dir.path(), &locked).map_err(failed("rename", dir.path()))?;
        // It is not there any more under the name that would be removed.
        let _ = dir.keep();
        let dir = locked;
        Ok(Self {
            socket: dir.join(SOCKET),
            dir,
            _lock: lock,
        })
    }
}

impl Drop for SocketDir {
    fn drop(&mut self) {
        // What stays is removed by the next run.
        let _ = remove(&self.dir);
    }
}

/// Bytes that come after the base: `/run-abcdef/llama.sock`.
const fn below_base() -> usize {
    1 + PREFIX.len() + RANDOM + 1 + SOCKET.len()
}

fn failed<'a>(
    doing: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> SocketDirError + use<'a> {
    move |source| SocketDirError::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

/// The base directories in question, best first, by the environment.
fn bases(variable: impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    // The child may have another current directory.
    let directory = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty())?;
        path::absolute(value).ok()
    };
    if let Some(given) = directory(VARIABLE) {
        return vec![given];
    }
    let user = geteuid().as_raw();
    let own = format!("orchestrate-{user}");
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let temporary = directory("TMPDIR").filter(|dir| dir.is_dir());
    runtime
        .filter(|dir| dir.is_absolute() && is_dir_of(dir, user))
        .map(|dir| dir.join("orchestrate"))
        .into_iter()
        .chain(temporary.map(|dir| dir.join(&own)))
        .chain([Path::new("/tmp").join(&own)])
        .collect()
}

/// Whether it is a directory of this user. After `su`, the variable may name another user's.
fn is_dir_of(path: &Path, user: u32) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_dir() && found.uid() == user)
}

/// Whether nobody but `user` can have put anything into the base, or can reach what is in it.
fn check(base: &Path, user: u32) -> Result<(), SocketDirError> {
    // Of the link, if it is one: in a directory where everybody may write, anybody can make one.
    let found = fs::symlink_metadata(base).map_err(failed("look at", base))?;
    let path = base.to_owned();
    let mode = found.mode() & 0o7777;
    if !found.is_dir() {
        Err(SocketDirError::NotADirectory { path })
    } else if found.uid() != user {
        let owner = found.uid();
        Err(SocketDirError::Foreign { path, owner })
    } else if mode & OTHERS != 0 {
        Err(SocketDirError::Open { path, mode })
    } else {
        Ok(())
    }
}

fn open_lock(dir: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.join(LOCK))
}

/// Removes the directories of runs that are no more.
fn sweep(base: &Path, user: u32) -> io::Result<()> {
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        let left = is_name(&name, PREFIX) || (is_name(&name, UNLOCKED) && is_old(&path));
        if !left || !is_dead(&path, user) {
            continue;
        }
        // One that cannot be removed is in nobody's way.
        let _ = remove(&entry.path());
    }
    Ok(())
}

fn is_name(name: &OsStr, prefix: &str) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix(prefix))
        .is_some_and(|random| {
            random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

fn is_old(path: &Path) -> bool {
    let changed = fs::symlink_metadata(path).and_then(|found| found.modified());
    changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > MAKING))
}

/// Whether it is the directory of a run, and of one that holds its lock no more. What cannot be
/// told is left alone.
fn is_dead(dir: &Path, user: u32) -> bool {
    let ours = fs::symlink_metadata(dir).is_ok_and(|found| found.is_dir() && found.uid() == user);
    if !ours || !holds_nothing_else(dir).unwrap_or(false) {
        return false;
    }
    match File::open(dir.join(LOCK)) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        },
        // It ended before it had one.
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

fn holds_nothing_else(dir: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        if name != SOCKET && name != LOCK {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes the directory of a run: what is known to be in it, and then itself if nothing else is.
fn remove(dir: &Path) -> io::Result<()> {
    for name in [SOCKET, LOCK] {
        match fs::remove_file(dir.join(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::remove_dir(dir)
}
