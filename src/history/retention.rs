//! What is kept, and for how long.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::record::whole;
use super::{History, HistoryError};
use crate::profile::HistoryPolicy;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How often runs are pruned without being asked: looking for old ones costs more than a record.
const PRUNED_EVERY_MS: u64 = DAY_MS;

/// The key in the table `meta` for when that was.
const PRUNED: &str = "pruned_unix_ms";

/// Which runs are kept: those that fulfil both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Runs are kept for so many milliseconds after their start.
    pub keep_ms: u64,
    /// So many runs are kept, the latest.
    pub keep_runs: u64,
}

impl Retention {
    /// For so many days, and so many runs.
    #[must_use]
    pub fn new(days: u32, runs: u64) -> Self {
        Self {
            keep_ms: u64::from(days) * DAY_MS,
            keep_runs: runs,
        }
    }
}

impl From<HistoryPolicy> for Retention {
    fn from(policy: HistoryPolicy) -> Self {
        Self::new(policy.keep_days, u64::from(policy.keep_rows))
    }
}

impl History {
    /// Removes what need not be kept at this time (milliseconds since 1970-01-01 UTC); returns how many
    /// runs that were.
    ///
    /// # Errors
    /// [`HistoryError`]; then nothing is removed.
    pub fn prune(&mut self, retention: Retention, now_unix_ms: u64) -> Result<u64, HistoryError> {
        self.with(|connection| prune(connection, retention, now_unix_ms))
    }

    /// As [`History::prune`], but at most once a day; `None` when it is not the time for it.
    ///
    /// # Errors
    /// [`HistoryError`]; then nothing is removed.
    pub fn prune_if_due(
        &mut self,
        retention: Retention,
        now_unix_ms: u64,
    ) -> Result<Option<u64>, HistoryError> {
        let due = self.with(|connection| is_due(connection, now_unix_ms))?;
        if due {
            self.prune(retention, now_unix_ms).map(Some)
        } else {
            Ok(None)
        }
    }
}

fn is_due(connection: &Connection, now_unix_ms: u64) -> rusqlite::Result<bool> {
    let last = connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [PRUNED], |row| {
            row.get::<_, i64>(0)
        })
        .optional()?
        .and_then(|last| u64::try_from(last).ok());
    // One from the future is from a clock that has been put right since.
    Ok(last.is_none_or(|last| now_unix_ms.abs_diff(last) >= PRUNED_EVERY_MS))
}

fn prune(
    connection: &mut Connection,
    retention: Retention,
    now_unix_ms: u64,
) -> rusqlite::Result<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let oldest = now_unix_ms.saturating_sub(retention.keep_ms);
    let mut removed = transaction.execute(
        "DELETE FROM runs WHERE started_unix_ms < ?1",
        [whole(Some(oldest))],
    )?;
    removed += transaction.execute(
        "DELETE FROM runs WHERE id <= (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?1)",
        [whole(Some(retention.keep_runs))],
    )?;
    // What neither run nor night refers to any more. Nights stay: a trend is worth more the longer it is.
    transaction.execute_batch(
        "DELETE FROM hosts WHERE fingerprint NOT IN
             (SELECT host_fingerprint FROM runs UNION SELECT host_fingerprint FROM nights);
         DELETE FROM models WHERE fingerprint NOT IN
             (SELECT model_fingerprint FROM runs UNION SELECT model_fingerprint FROM arms);
         DELETE FROM settings WHERE hash NOT IN
             (SELECT settings_hash FROM runs UNION SELECT settings_hash FROM arms);",
    )?;
    transaction.execute(
        "INSERT OR REPLACE INTO meta VALUES (?1, ?2)",
        (PRUNED, whole(Some(now_unix_ms))),
    )?;
    transaction.commit()?;
    if removed > 0 {
        // Room that is not given back now is given back the next time.
        let _ = connection.execute_batch("PRAGMA incremental_vacuum");
    }
    Ok(removed as u64)
}
