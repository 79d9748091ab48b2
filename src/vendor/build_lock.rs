//! One build at a time in a cache.
//!
//! The lock is a file lock, so that the system gives it back whatever way its holder ends. It is also
//! every cmake's standard input: a lock belongs to whoever has the file open, so if orchestrate is
//! killed outright, a compile that outlives it still keeps a second build away.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use super::{Event, Report};

/// The lock file below the directory of build trees; it is never removed.
pub const LOCK_NAME: &str = "lock";

/// How often a lock that somebody else holds is tried.
const TRY_EVERY: Duration = Duration::from_millis(200);

/// The right to build in this cache.
#[derive(Debug)]
pub struct BuildLock {
    file: File,
}

impl BuildLock {
    /// Takes the lock of the builds below `root`, and waits for whoever has it.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub(crate) async fn acquire(root: &Path, report: Report<'_>) -> io::Result<Self> {
        let mut told = false;
        loop {
            match Self::try_acquire(root)? {
                Ok(lock) => return Ok(lock),
                Err(pid) if !told => {
                    told = true;
                    report(Event::Waiting { pid });
                }
                Err(_) => {}
            }
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    /// Takes the lock of the builds below `root`, or tells who has it.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub fn try_acquire(root: &Path) -> io::Result<Result<Self, Option<u32>>> {
        fs::create_dir_all(root)?;
        let path = root.join(LOCK_NAME);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                return Ok(Err(holder.trim().parse().ok()));
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))?;
        Ok(Ok(Self { file }))
    }

    /// The lock as a helper's standard input, which then holds it too.
    pub(crate) fn share(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}
