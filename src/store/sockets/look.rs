//! A look at the place for sockets, which changes nothing.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rustix::fs::Access;
use rustix::io::Errno;
use rustix::process::geteuid;

use super::{LONGEST, SocketDirError, bases, below_base, check, failed};

/// Where a run with a server would put its socket.
#[derive(Debug)]
pub struct SocketPlace {
    /// The directory that would hold the run's own.
    pub base: PathBuf,
    /// Bytes of a socket's path there.
    pub length: usize,
    /// Bytes that the system allows.
    pub limit: usize,
    /// Whether the directory is there already.
    pub is_there: bool,
    /// Why it could not be used.
    pub problem: Option<SocketDirError>,
}

impl SocketPlace {
    /// That of this process.
    #[must_use]
    pub fn of_this_process() -> Self {
        Self::by(|name| env::var_os(name))
    }

    /// That of the same user in a job of cron, which has no `XDG_RUNTIME_DIR`.
    #[must_use]
    pub fn under_cron() -> Self {
        Self::by(|name| env::var_os(name).filter(|_| name != "XDG_RUNTIME_DIR"))
    }

    pub(super) fn by(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let bases = bases(variable);
        let length = |base: &Path| base.as_os_str().len() + below_base();
        let short = bases.iter().find(|base| length(base) <= LONGEST);
        let base = short.or(bases.last()).cloned().unwrap_or_default();
        let length = length(&base);
        let is_there = base.symlink_metadata().is_ok();
        let problem = if length > LONGEST {
            Some(SocketDirError::TooLong {
                path: base.clone(),
                length,
                limit: LONGEST,
            })
        } else if is_there {
            check(&base, geteuid().as_raw()).err()
        } else {
            cannot_create(&base)
        };
        Self {
            length,
            limit: LONGEST,
            is_there,
            problem,
            base,
        }
    }
}

/// Why a directory that is not there could not be made.
fn cannot_create(base: &Path) -> Option<SocketDirError> {
    let above = base.ancestors().skip(1).find(|dir| dir.exists())?;
    let allowed = if above.is_dir() {
        rustix::fs::access(above, Access::WRITE_OK | Access::EXEC_OK)
    } else {
        Err(Errno::NOTDIR)
    };
    let error = allowed.err()?;
    Some(failed("create the directory", base)(error.into()))
}
