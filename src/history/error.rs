//! What can be wrong with a history, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use super::PATIENCE;
use super::schema::VERSION;
use crate::exit::Exit;

/// Why the history cannot be used. None of it is a reason not to run a model.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Its directory is not there and cannot be created.
    #[error("create the directory of the history {path}: {source}; set ORCHESTRATE_STATE_DIR to one that can be written", path = path.display())]
    Directory {
        /// The file that would be in it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A newer version of orchestrate has written it.
    #[error(
        "use the history {path}: a newer version of orchestrate has written it (format {version}; this \
         one knows {VERSION}), and it is left as it is; update orchestrate, or set \
         ORCHESTRATE_STATE_DIR to another directory",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The number of its format.
        version: u32,
    },
    /// It is a database, but not a history.
    #[error("use the history {path}: it is the database of another program, and left as it is; set ORCHESTRATE_STATE_DIR to another directory", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be written.
    #[error("write the history {path}: the file or its directory cannot be written; change its permissions, or set ORCHESTRATE_STATE_DIR to another directory", path = path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// There is no room for more.
    #[error("write the history {path}: its disk is full; free some space there, or set ORCHESTRATE_STATE_DIR to a directory elsewhere", path = path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds it.
    #[error("use the history {path}: another process has held it for more than {} s; end that one, or try again", PATIENCE.as_secs(), path = path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged, and cannot be set aside.
    #[error("set the damaged history {path} aside: {source}; move it away by hand", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why it stays where it is.
        source: io::Error,
    },
    /// Anything else.
    #[error("use the history {path}: {source}; set ORCHESTRATE_STATE_DIR to another directory if that stays so", path = path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
}

impl HistoryError {
    /// The exit code that tells it to a script, of a command that is about the history.
    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::Configuration
    }
}

/// The same without the path, and as SQLite sees it.
#[derive(Debug)]
pub(super) enum Trouble {
    Directory(io::Error),
    Newer(u32),
    Foreign,
    /// Something in it cannot be what orchestrate has written.
    Nonsense,
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Trouble {
    /// Whether the file is damaged: no database, or one that is not what its number says.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Nonsense => true,
            Self::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => matches!(
                error.code,
                ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    // `SQLITE_ERROR`: our own statements are right, so a table or a column is missing.
                    | ErrorCode::Unknown
            ),
            // The same, found while the statement was compiled.
            Self::Sqlite(rusqlite::Error::SqlInputError { .. }) => true,
            _ => false,
        }
    }

    /// Whether it is only that nothing may be written.
    pub(super) fn cannot_write(&self) -> bool {
        matches!(
            self.code(),
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
        )
    }

    /// What is wrong, in a few words.
    pub(super) fn detail(&self) -> String {
        match self {
            Self::Directory(error) => error.to_string(),
            Self::Newer(version) => format!("its format is {version}"),
            Self::Foreign => "it is the database of another program".to_owned(),
            Self::Nonsense => "the number of its format is none".to_owned(),
            Self::Sqlite(error) => error.to_string(),
        }
    }

    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        }
    }

    pub(super) fn told(self, path: &Path) -> HistoryError {
        let path = path.to_owned();
        let code = self.code();
        let source = match self {
            Self::Directory(source) => return HistoryError::Directory { path, source },
            Self::Newer(version) => return HistoryError::Newer { path, version },
            Self::Foreign => return HistoryError::Foreign { path },
            Self::Nonsense => {
                let source = io::Error::other("it would come back");
                return HistoryError::Damaged { path, source };
            }
            Self::Sqlite(source) => source,
        };
        match code {
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                HistoryError::ReadOnly { path }
            }
            Some(ErrorCode::DiskFull) => HistoryError::Full { path },
            // The file that processes share beside the history is sized before it is used.
            Some(ErrorCode::SystemIoFailure)
                if source.sqlite_extended_error_code() == Some(SQLITE_IOERR_SHMSIZE) =>
            {
                HistoryError::Full { path }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                HistoryError::Busy { path }
            }
            _ => HistoryError::Other { path, source },
        }
    }
}
