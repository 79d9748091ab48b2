//! What runs and nights of benchmarks have left behind: one SQLite file in the user's state directory.
//!
//! Every run leaves a [`RunRecord`]: where and with what it ran, what was measured, how it ended.
//! From the records of the same machine, model, build and settings [`History::expected`] tells how fast
//! the next run will be, so that limits and windows can be those of this machine and not of some other.
//!
//! **It never breaks a run.** Whatever is wrong with the file is a [`HistoryError`] that names it and
//! the next step. A damaged file is set aside as `history.db.corrupt-N` and a fresh one begun;
//! [`History::set_aside`] tells, for the user to hear once. A file of a newer version of orchestrate,
//! or of another program, is not written. Where nothing may be written, what is there is still read.
//!
//! **Several processes at once** are the usual case. The file is in WAL mode: readers hold up nobody,
//! and a writer waits for another one for at most [`PATIENCE`]. The log stays beside the file when a history
//! is dropped, as writing it in waits for the disk: [`History::shorten_log`] and [`History::close`] do that.
//!
//! **The format has a number** (`PRAGMA user_version`). `schema` holds the way from each to the next,
//! and every one of them is taken in a transaction.

mod damage;
mod error;
mod expected;
mod health;
mod nights;
mod record;
mod retention;
mod schema;
mod settings;
mod stored;
#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::store::create_private;

pub use error::HistoryError;
pub use expected::Expected;
pub use health::Health;
pub use nights::{
    ArmRecord, CaseRecord, FindingRecord, GapCounts, NightEnd, NightFilter, NightRecord,
    RatioRecord, StoredCase, StoredNight, TrialFigures, TrialRecord,
};
pub use record::{HostFacts, ModelFacts, RunRecord, verdict};
pub use retention::Retention;
pub use settings::Settings;
pub use stored::{Filter, StoredRun};

use error::Trouble;

/// How long a writer waits for another process's write, which takes milliseconds: whoever holds the
/// file for longer hangs, and nobody should wait for a history.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// How long the log may be before it is written into the file, in bytes: that of some 50 runs. Whoever
/// opens the history first reads all of it.
const LONG_LOG: u64 = 1 << 20;

/// The history of all runs of one user.
#[derive(Debug)]
pub struct History {
    path: PathBuf,
    connection: Connection,
    /// Of the file that was opened, as far as it could be told.
    identity: Option<Identity>,
    set_aside: Option<PathBuf>,
    /// Whoever only looks leaves even a damaged file as it is.
    only_read: bool,
}

impl History {
    /// Opens the history in a file, which is created where it is missing, like its directory.
    ///
    /// # Errors
    /// [`HistoryError`], of which none is a reason not to run a model.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        // Before it is opened: a file that is put in its place meanwhile is not the one that is damaged.
        let identity = identity(path);
        match Self::connect(path, identity) {
            Err(trouble) if trouble.is_damage() => Self::anew(path, identity),
            connected => connected.map_err(|trouble| trouble.told(path)),
        }
    }

    /// As [`History::open`], but where there is no file, none is created.
    ///
    /// # Errors
    /// As [`History::open`].
    pub fn open_existing(path: &Path) -> Result<Option<Self>, HistoryError> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => Self::open(path).map(Some),
        }
    }

    /// Opens a history to read it, as long as nothing has to be done about it: `None` where it is
    /// missing, damaged, or of another version.
    #[must_use]
    pub fn peek(path: &Path) -> Option<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).ok()?;
        schema::is_current(&connection).then(|| Self {
            path: path.to_owned(),
            connection,
            identity: identity(path),
            set_aside: None,
            only_read: true,
        })
    }

    /// Writes what the log holds into the file, if that is worth the wait for the disk: it may take some
    /// milliseconds. For whoever has time.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn shorten_log(&mut self) -> Result<(), HistoryError> {
        if log_bytes(&self.path) > LONG_LOG {
            self.with(|connection| {
                // What others are still reading stays for the next time: no answer is an error.
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            })?;
        }
        Ok(())
    }

    /// The same history, opened anew if another file is in its place by now, or another version of
    /// orchestrate has changed the format of this one: it may have been open for hours.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn refreshed(self) -> Result<Self, HistoryError> {
        let is_same = self.identity.is_some() && self.identity == identity(&self.path);
        if is_same && schema::is_current(&self.connection) {
            return Ok(self);
        }
        let Self {
            path, set_aside, ..
        } = self;
        let fresh = Self::open(&path)?;
        Ok(Self {
            set_aside: fresh.set_aside.or(set_aside),
            ..fresh
        })
    }

    /// Closes it and, if nobody else has it open, leaves all in one file, which waits for the disk. A
    /// history that is dropped leaves its log beside the file instead, for whoever opens it next.
    pub fn close(self) {
        // Where that cannot be set, the log stays.
        let _ = leave_log(&self.connection, false);
    }

    /// Where a damaged file was moved, if this history had one.
    #[must_use]
    pub fn set_aside(&self) -> Option<&Path> {
        self.set_aside.as_deref()
    }

    /// What is to be said where a damaged file was set aside.
    #[must_use]
    pub fn note_on_damage(&self) -> Option<String> {
        let aside = self.set_aside()?.display();
        let path = self.path.display();
        Some(format!(
            "the history {path} was damaged: it is kept as {aside}, and a fresh one is begun"
        ))
    }

    /// Opens the file and brings it to the format of today.
    fn connect(path: &Path, identity: Option<Identity>) -> Result<Self, Trouble> {
        if let Some(directory) = path.parent() {
            create_private(directory).map_err(Trouble::Directory)?;
        }
        let history = |connection| Self {
            path: path.to_owned(),
            connection,
            identity: identity.or_else(|| self::identity(path)),
            set_aside: None,
            only_read: false,
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags).map_err(Trouble::Sqlite);
        let prepared = opened.and_then(|mut connection| {
            leave_log(&connection, true)?;
            schema::prepare(&mut connection)?;
            Ok(connection)
        });
        match prepared {
            // WAL wants to write even in order to read. What is there is read as if nobody else could
            // change it, which is so where nobody can write.
            Err(trouble) if trouble.cannot_write() => match read_only(path) {
                Ok(connection) if schema::is_current(&connection) => Ok(history(connection)),
                _ => Err(trouble),
            },
            prepared => prepared.map(history),
        }
    }

    /// Does something with the database; a damaged one is set aside, and a fresh one takes its place.
    fn with<T>(
        &mut self,
        work: impl Fn(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        match work(&mut self.connection).map_err(Trouble::Sqlite) {
            Ok(value) => return Ok(value),
            Err(trouble) if trouble.is_damage() && !self.only_read => self.start_over()?,
            Err(trouble) => return Err(trouble.told(&self.path)),
        }
        work(&mut self.connection).map_err(|error| Trouble::Sqlite(error).told(&self.path))
    }

    fn start_over(&mut self) -> Result<(), HistoryError> {
        // Closed first: SQLite removes the side files by their names, which a fresh file will have too.
        let nothing = Connection::open_in_memory();
        let nothing = nothing.map_err(|error| Trouble::Sqlite(error).told(&self.path))?;
        drop(std::mem::replace(&mut self.connection, nothing));
        *self = Self::anew(&self.path, self.identity)?;
        Ok(())
    }

    /// Sets the damaged file aside, unless somebody else has done so, and begins a fresh one.
    fn anew(path: &Path, damaged: Option<Identity>) -> Result<Self, HistoryError> {
        let failed = |source| HistoryError::Damaged {
            path: path.to_owned(),
            source,
        };
        let _lock = damage::lock(path).map_err(failed)?;
        let set_aside = if identity(path) == damaged {
            Some(damage::set_aside(path).map_err(failed)?)
        } else {
            None
        };
        let fresh = Self::connect(path, identity(path)).map_err(|trouble| trouble.told(path))?;
        Ok(Self { set_aside, ..fresh })
    }
}

/// Device and inode of a file.
type Identity = (u64, u64);

fn identity(path: &Path) -> Option<Identity> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// Whether closing leaves the log as it is. SQLite would otherwise write it into the file, and remove it by
/// its name, which by then may be that of another file's.
fn leave_log(connection: &Connection, leave: bool) -> rusqlite::Result<bool> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave)
}

/// The length of the log beside the file.
fn log_bytes(path: &Path) -> u64 {
    fs::metadata(damage::with_suffix(path, "-wal")).map_or(0, |log| log.len())
}

/// Opens a file that cannot be written, nor anything beside it.
fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    // As a URI, in which every byte that could mean something is written as its number.
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    // With a log, it is read like any other, which works where the files beside it are there to be mapped.
    uri.push_str(if log_bytes(path) == 0 {
        "?immutable=1"
    } else {
        "?mode=ro"
    });
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
}
