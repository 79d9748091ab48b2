//! The format of the file, version by version.

use rusqlite::{Connection, TransactionBehavior};

use super::PATIENCE;
use super::error::Trouble;

/// What makes a SQLite file a history of orchestrate (`PRAGMA application_id`): "orch" in ASCII.
const APPLICATION: i64 = 0x6f72_6368;

/// The steps from each version to the next. A step that was published is never changed: a file out
/// there has taken it.
pub(super) const STEPS: [&str; 2] = [
    // 1. Hosts, models and settings are few and long, runs are many and short.
    "CREATE TABLE hosts (
         fingerprint TEXT PRIMARY KEY,
         cpu_model TEXT NOT NULL,
         cpus INTEGER NOT NULL,
         cpu_quota REAL,
         memory_bytes INTEGER
     ) STRICT;
     CREATE TABLE models (
         fingerprint TEXT PRIMARY KEY,
         path TEXT NOT NULL,
         name TEXT,
         architecture TEXT NOT NULL,
         quantization TEXT,
         file_bytes INTEGER NOT NULL
     ) STRICT;
     CREATE TABLE settings (
         hash TEXT PRIMARY KEY,
         json TEXT NOT NULL
     ) STRICT;
     CREATE TABLE runs (
         -- AUTOINCREMENT: the number of a run that was removed means no other one.
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         started_unix_ms INTEGER NOT NULL,
         profile TEXT NOT NULL,
         backend TEXT NOT NULL,
         host_fingerprint TEXT NOT NULL REFERENCES hosts (fingerprint),
         model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
         build TEXT NOT NULL,
         settings_hash TEXT NOT NULL REFERENCES settings (hash),
         prompt_tokens INTEGER,
         cached_tokens INTEGER,
         generated_tokens INTEGER,
         load_ms REAL,
         prefill_ms REAL,
         prefill_tokens_per_second REAL,
         ms_per_token REAL,
         ttft_ms REAL,
         gap_p50_ms REAL,
         gap_p95_ms REAL,
         gap_p99_ms REAL,
         gap_max_ms REAL,
         total_ms REAL,
         peak_rss_bytes INTEGER,
         verdict TEXT NOT NULL,
         exit_code INTEGER NOT NULL,
         limit_seconds REAL,
         incident TEXT
     ) STRICT;
     CREATE INDEX runs_alike ON runs
         (settings_hash, model_fingerprint, host_fingerprint, build, verdict, id);
     CREATE INDEX runs_by_profile ON runs (profile, id);
     CREATE INDEX runs_by_start ON runs (started_unix_ms);
     CREATE TABLE meta (
         key TEXT PRIMARY KEY,
         value INTEGER NOT NULL
     ) STRICT;",
    // 2. Nights of benchmarks. Trials are many: their key is their place in the file.
    "CREATE TABLE nights (
         id INTEGER PRIMARY KEY AUTOINCREMENT,
         started_unix_ms INTEGER NOT NULL,
         suite TEXT NOT NULL,
         seed INTEGER NOT NULL,
         plan TEXT NOT NULL,
         pairs INTEGER NOT NULL,
         host_fingerprint TEXT NOT NULL REFERENCES hosts (fingerprint),
         version TEXT NOT NULL,
         environment TEXT NOT NULL,
         ended_unix_ms INTEGER,
         end TEXT,
         smallest_effect REAL,
         itself_pairs INTEGER,
         itself_ratio REAL,
         itself_low REAL,
         itself_high REAL,
         itself_p_value REAL
     ) STRICT;
     CREATE INDEX nights_by_start ON nights (started_unix_ms);
     CREATE TABLE cases (
         night_id INTEGER NOT NULL REFERENCES nights (id) ON DELETE CASCADE,
         number INTEGER NOT NULL,
         name TEXT NOT NULL,
         profile TEXT NOT NULL,
         measure TEXT NOT NULL,
         limit_ms REAL,
         verdict TEXT,
         why TEXT,
         pairs INTEGER,
         ratio REAL,
         low REAL,
         high REAL,
         p_value REAL,
         base_ms REAL,
         candidate_ms REAL,
         peak_rss_bytes INTEGER,
         since_unix_ms INTEGER,
         PRIMARY KEY (night_id, number)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX cases_by_name ON cases (name, night_id);
     CREATE TABLE arms (
         night_id INTEGER NOT NULL,
         case_number INTEGER NOT NULL,
         arm TEXT NOT NULL,
         label TEXT NOT NULL,
         build TEXT NOT NULL,
         model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
         settings_hash TEXT NOT NULL REFERENCES settings (hash),
         args TEXT NOT NULL,
         PRIMARY KEY (night_id, case_number, arm),
         FOREIGN KEY (night_id, case_number) REFERENCES cases (night_id, number) ON DELETE CASCADE
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX arms_by_model ON arms (model_fingerprint);
     CREATE INDEX arms_by_settings ON arms (settings_hash);
     CREATE TABLE trials (
         night_id INTEGER NOT NULL,
         number INTEGER NOT NULL,
         case_number INTEGER NOT NULL,
         arm TEXT NOT NULL,
         role TEXT NOT NULL,
         round INTEGER NOT NULL,
         started_unix_ms INTEGER NOT NULL,
         took_ms REAL,
         figure_ms REAL,
         failure TEXT,
         disturbed TEXT,
         prompt_tokens INTEGER,
         cached_tokens INTEGER,
         generated_tokens INTEGER,
         load_ms REAL,
         ttft_ms REAL,
         prefill_ms REAL,
         ms_per_token REAL,
         tpot_ms REAL,
         total_ms_per_token REAL,
         gap_p50_ms REAL,
         gap_p95_ms REAL,
         gap_p99_ms REAL,
         gap_max_ms REAL,
         peak_rss_bytes INTEGER,
         gaps BLOB NOT NULL,
         PRIMARY KEY (night_id, number),
         FOREIGN KEY (night_id, case_number) REFERENCES cases (night_id, number) ON DELETE CASCADE
     ) STRICT, WITHOUT ROWID;",
];

/// The format of today.
#[expect(clippy::cast_possible_truncation, reason = "a handful of steps")]
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// Sets a connection up, and brings the file to the format of today.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), Trouble> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    let version = examine(connection)?;
    if version == VERSION {
        // In WAL mode a commit needs no fsync: power that fails loses the latest runs, nothing else.
        return Ok(connection.pragma_update(None, "synchronous", "NORMAL")?);
    }
    if version == 0 {
        // Only a file without tables takes it. Pages of runs that were pruned can be given back.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    // Refused while another process looks at the file, which is no harm: it does the same, or the next
    // one does.
    let _ = connection.pragma_update(None, "journal_mode", "WAL");
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    migrate(connection, &STEPS)
}

/// The version of the file; 0 of an empty one.
pub(super) fn examine(connection: &Connection) -> Result<u32, Trouble> {
    // All of it from one moment: another process may be making the file.
    let snapshot = connection.unchecked_transaction()?;
    let number = |pragma| snapshot.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let version = number("user_version")?;
    match number("application_id")? {
        APPLICATION => {
            let version = u32::try_from(version).map_err(|_| Trouble::Nonsense)?;
            match version {
                0 => Err(Trouble::Nonsense),
                newer if newer > VERSION => Err(Trouble::Newer(newer)),
                known => Ok(known),
            }
        }
        0 if version == 0 && is_empty(&snapshot)? => Ok(0),
        _ => Err(Trouble::Foreign),
    }
}

/// Whether it is a history that can be read as it is.
pub(super) fn is_current(connection: &Connection) -> bool {
    matches!(examine(connection), Ok(VERSION))
}

fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| {
        row.get(0)
    })
}

/// Takes the steps that the file has not taken yet, each of them whole or not at all.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), Trouble> {
    loop {
        // Taken first: another process may be about to do the same.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let taken: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let Some((number, step)) = (1_i64..).zip(steps).find(|(number, _)| *number > taken) else {
            return Ok(());
        };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
}
