//! A look at the file that changes nothing, not even a damaged one.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::error::Trouble;
use super::{PATIENCE, identity, log_bytes, read_only, schema};

/// What is wrong in a damaged file is told in so many lines at most.
const MOST_FAULTS: u32 = 3;

/// How a history is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// There is none yet.
    Missing,
    /// It can be read, and is whole.
    Sound {
        /// The number of its format.
        format: u32,
        /// Its runs.
        runs: u64,
        /// When the newest of them started, in milliseconds since 1970-01-01 UTC.
        newest_unix_ms: Option<u64>,
        /// Bytes of the file and of the log beside it.
        bytes: u64,
    },
    /// A newer version of orchestrate has written it.
    Newer {
        /// The number of its format.
        format: u32,
    },
    /// It is the database of another program.
    Foreign,
    /// It is damaged.
    Damaged {
        /// What SQLite says of it.
        detail: String,
    },
    /// It cannot be looked at.
    Unreadable {
        /// The reason.
        detail: String,
    },
}

impl Health {
    /// Looks at a history, page by page: some 100 ms for 100 000 runs. It blocks.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Self::Missing,
            Err(error) => {
                let detail = error.to_string();
                return Self::Unreadable { detail };
            }
            Ok(_) => {}
        }
        let before = (identity(path), log_bytes(path));
        let health = Self::look(path, read_only(path));
        // Read as if nobody wrote, which somebody may have begun to meanwhile.
        if matches!(health, Self::Damaged { .. }) && before != (identity(path), log_bytes(path)) {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            return Self::look(path, Connection::open_with_flags(path, flags));
        }
        health
    }

    fn look(path: &Path, connection: rusqlite::Result<Connection>) -> Self {
        let looked = connection
            .map_err(Trouble::Sqlite)
            .and_then(|connection| examine(&connection));
        match looked {
            Ok(Self::Sound {
                format,
                runs,
                newest_unix_ms,
                ..
            }) => Self::Sound {
                format,
                runs,
                newest_unix_ms,
                bytes: fs::metadata(path).map_or(0, |file| file.len()) + log_bytes(path),
            },
            Ok(health) => health,
            Err(Trouble::Newer(format)) => Self::Newer { format },
            Err(Trouble::Foreign) => Self::Foreign,
            Err(trouble) if trouble.is_damage() => Self::Damaged {
                detail: trouble.detail(),
            },
            Err(trouble) => Self::Unreadable {
                detail: trouble.detail(),
            },
        }
    }
}

fn examine(connection: &Connection) -> Result<Health, Trouble> {
    connection.busy_timeout(PATIENCE)?;
    let format = schema::examine(connection)?;
    let mut faults = Vec::new();
    connection.pragma(None, "quick_check", MOST_FAULTS, |row| {
        faults.push(row.get::<_, String>(0)?);
        Ok(())
    })?;
    if faults.iter().any(|fault| fault != "ok") {
        let detail = faults.join("; ");
        return Ok(Health::Damaged { detail });
    }
    // A file without tables is one that nobody has written to yet.
    let (runs, newest) = if format == 0 {
        (0, None)
    } else {
        let sql = "SELECT count(*), max(started_unix_ms) FROM runs";
        connection.query_row(sql, [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?))
        })?
    };
    Ok(Health::Sound {
        format,
        runs: u64::try_from(runs).unwrap_or(0),
        newest_unix_ms: newest.and_then(|ms| u64::try_from(ms).ok()),
        bytes: 0,
    })
}
