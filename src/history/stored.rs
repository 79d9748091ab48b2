//! Runs as they come out of the file.
//!
//! Whatever stands in a row is read as far as it can be understood: a value that is none becomes
//! `None`, or an empty text. What somebody has edited by hand costs no other run.

use rusqlite::types::ValueRef;
use rusqlite::{Row, named_params};

use super::record::whole;
use super::{History, HistoryError, HostFacts, ModelFacts, RunRecord, Settings};

/// A run with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRun {
    /// The number: the later, the larger.
    pub id: u64,
    /// The run.
    pub run: RunRecord,
}

/// Which runs are wanted; by default all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Only of this profile.
    pub profile: Option<String>,
    /// Only those that started then or later, in milliseconds since 1970-01-01 UTC.
    pub since_unix_ms: Option<u64>,
    /// Only those with a smaller number: the next page, after the last one of this page.
    pub before_id: Option<u64>,
    /// At most so many.
    pub limit: Option<u64>,
}

/// Left joins: a run is worth having without the name of its processor.
const SELECT: &str = "SELECT runs.*, cpu_model, cpus, cpu_quota, memory_bytes,
        models.path AS model_path, models.name AS model_name, architecture, quantization, file_bytes,
        settings.json AS settings_json
    FROM runs
    LEFT JOIN hosts ON hosts.fingerprint = host_fingerprint
    LEFT JOIN models ON models.fingerprint = model_fingerprint
    LEFT JOIN settings ON settings.hash = settings_hash";

impl History {
    /// Runs, the latest first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn recent(&mut self, filter: &Filter) -> Result<Vec<StoredRun>, HistoryError> {
        let sql = format!(
            "{SELECT} WHERE (:profile IS NULL OR profile = :profile)
                 AND (:since IS NULL OR started_unix_ms >= :since)
                 AND (:before IS NULL OR runs.id < :before)
             ORDER BY runs.id DESC LIMIT :limit"
        );
        self.with(|connection| {
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map(
                named_params! {
                    ":profile": filter.profile,
                    ":since": whole(filter.since_unix_ms),
                    ":before": whole(filter.before_id),
                    // To SQLite, a negative limit is none.
                    ":limit": whole(filter.limit).unwrap_or(-1),
                },
                |row| Ok(stored(row)),
            )?;
            rows.collect()
        })
    }

    /// One run, if there is one with this number.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn get(&mut self, id: u64) -> Result<Option<StoredRun>, HistoryError> {
        let sql = format!("{SELECT} WHERE runs.id = ?1");
        self.with(|connection| {
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([whole(Some(id))])?;
            Ok(rows.next()?.map(stored))
        })
    }

    /// How many runs there are.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn count(&mut self) -> Result<u64, HistoryError> {
        self.with(|connection| {
            connection.query_row("SELECT count(*) FROM runs", [], |row| {
                Ok(as_whole(row.get_ref(0)?).unwrap_or_default())
            })
        })
    }
}

fn stored(row: &Row<'_>) -> StoredRun {
    // A column that is not there would have failed the statement.
    let value = |name: &str| row.get_ref(name).unwrap_or(ValueRef::Null);
    let text = |name: &str| as_text(value(name)).unwrap_or_default();
    let maybe = |name: &str| as_text(value(name));
    let count = |name: &str| as_whole(value(name));
    let number = |name: &str| as_number(value(name));
    StoredRun {
        id: count("id").unwrap_or_default(),
        run: RunRecord {
            started_unix_ms: count("started_unix_ms").unwrap_or_default(),
            profile: text("profile"),
            backend: text("backend"),
            host: HostFacts {
                fingerprint: text("host_fingerprint"),
                cpu_model: text("cpu_model"),
                cpus: small(count("cpus")),
                cpu_quota: number("cpu_quota"),
                memory_bytes: count("memory_bytes"),
            },
            model: ModelFacts {
                fingerprint: text("model_fingerprint"),
                path: text("model_path"),
                name: maybe("model_name"),
                architecture: text("architecture"),
                quantization: maybe("quantization"),
                file_bytes: count("file_bytes").unwrap_or_default(),
            },
            build: text("build"),
            settings: Settings {
                hash: text("settings_hash"),
                json: text("settings_json"),
            },
            prompt_tokens: count("prompt_tokens"),
            cached_tokens: count("cached_tokens"),
            generated_tokens: count("generated_tokens"),
            load_ms: number("load_ms"),
            prefill_ms: number("prefill_ms"),
            prefill_tokens_per_second: number("prefill_tokens_per_second"),
            ms_per_token: number("ms_per_token"),
            ttft_ms: number("ttft_ms"),
            gap_p50_ms: number("gap_p50_ms"),
            gap_p95_ms: number("gap_p95_ms"),
            gap_p99_ms: number("gap_p99_ms"),
            gap_max_ms: number("gap_max_ms"),
            total_ms: number("total_ms"),
            peak_rss_bytes: count("peak_rss_bytes"),
            verdict: text("verdict"),
            exit_code: small(count("exit_code")),
            limit_seconds: number("limit_seconds"),
            incident: maybe("incident"),
        },
    }
}

pub(super) fn small<T: TryFrom<u64> + Default>(number: Option<u64>) -> T {
    number
        .and_then(|number| T::try_from(number).ok())
        .unwrap_or_default()
}

pub(super) fn as_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

pub(super) fn as_whole(value: ValueRef<'_>) -> Option<u64> {
    match value {
        ValueRef::Integer(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// A time or a speed: finite and not negative, or nothing.
pub(super) fn as_number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Real(number) if number.is_finite() && number >= 0.0 => Some(number),
        _ => None,
    }
}
