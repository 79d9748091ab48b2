//! Nights as they come out of the file, read as far as they can be understood: see
//! [`crate::history`]'s runs.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{
    ArmRecord, CaseRecord, FindingRecord, GapCounts, NightEnd, NightRecord, RatioRecord,
    TrialFigures, TrialRecord,
};
use crate::history::record::whole;
use crate::history::stored::{as_number, as_text, as_whole, small};
use crate::history::{History, HistoryError, HostFacts, ModelFacts, Settings};

/// A night with its number.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredNight {
    /// The number: the later, the larger.
    pub id: u64,
    /// The night.
    pub night: NightRecord,
    /// What it came to; `None` of one that is under way, or whose process died.
    pub end: Option<NightEnd>,
}

/// A case of some night: a point of a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredCase {
    /// The night's number.
    pub night: u64,
    /// When the night began, in milliseconds since 1970-01-01 UTC.
    pub started_unix_ms: u64,
    /// The machine's fingerprint.
    pub host: String,
    /// The case.
    pub case: CaseRecord,
    /// What was found of it; without words in a night that has not ended.
    pub finding: FindingRecord,
}

impl CaseRecord {
    /// What it was held against, as one text: only ratios to the same base are of one series.
    #[must_use]
    pub fn base_identity(&self) -> String {
        let ArmRecord {
            build,
            model,
            settings,
            ..
        } = &self.base;
        format!("{build} {} {}", model.fingerprint, settings.hash)
    }
}

/// Which nights are wanted; by default all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NightFilter {
    /// Only of this suite.
    pub suite: Option<String>,
    /// Only of this machine.
    pub host: Option<String>,
    /// Only those that began then or later, in milliseconds since 1970-01-01 UTC.
    pub since_unix_ms: Option<u64>,
    /// Only cases of this name.
    pub case: Option<String>,
    /// At most so many nights, the latest.
    pub limit: Option<u64>,
}

const NIGHTS: &str = "SELECT nights.*, cpu_model, cpus, cpu_quota, memory_bytes FROM nights
    LEFT JOIN hosts ON hosts.fingerprint = host_fingerprint";

const CASES: &str = "SELECT cases.*, nights.started_unix_ms, nights.host_fingerprint,
        base.label AS base_label, base.build AS base_build,
        base.model_fingerprint AS base_model_fingerprint, base_model.path AS base_model_path,
        base_model.name AS base_model_name, base_model.architecture AS base_architecture,
        base_model.quantization AS base_quantization, base_model.file_bytes AS base_file_bytes,
        base.settings_hash AS base_settings_hash, base.args AS base_args, base_settings.json AS base_settings_json,
        candidate.label AS candidate_label, candidate.build AS candidate_build,
        candidate.model_fingerprint AS candidate_model_fingerprint,
        candidate_model.path AS candidate_model_path, candidate_model.name AS candidate_model_name,
        candidate_model.architecture AS candidate_architecture,
        candidate_model.quantization AS candidate_quantization,
        candidate_model.file_bytes AS candidate_file_bytes,
        candidate.settings_hash AS candidate_settings_hash, candidate.args AS candidate_args,
        candidate_settings.json AS candidate_settings_json
    FROM cases JOIN nights ON nights.id = cases.night_id
    LEFT JOIN arms AS base ON base.night_id = cases.night_id
        AND base.case_number = cases.number AND base.arm = 'base'
    LEFT JOIN models AS base_model ON base_model.fingerprint = base.model_fingerprint
    LEFT JOIN settings AS base_settings ON base_settings.hash = base.settings_hash
    LEFT JOIN arms AS candidate ON candidate.night_id = cases.night_id
        AND candidate.case_number = cases.number AND candidate.arm = 'candidate'
    LEFT JOIN models AS candidate_model
        ON candidate_model.fingerprint = candidate.model_fingerprint
    LEFT JOIN settings AS candidate_settings
        ON candidate_settings.hash = candidate.settings_hash";

pub(in crate::history) const TRIALS: &str =
    "SELECT * FROM trials WHERE night_id = ?1 ORDER BY number";

pub(in crate::history) fn nights_sql() -> String {
    format!(
        "{NIGHTS} WHERE (:suite IS NULL OR suite = :suite)
             AND (:host IS NULL OR host_fingerprint = :host)
             AND (:since IS NULL OR started_unix_ms >= :since)
         ORDER BY id DESC LIMIT :limit"
    )
}

pub(in crate::history) fn cases_sql() -> String {
    format!("{CASES} WHERE cases.night_id = ?1 ORDER BY cases.number")
}

pub(in crate::history) fn trends_sql() -> String {
    format!(
        "{CASES} WHERE nights.id IN (SELECT id FROM nights ORDER BY id DESC LIMIT :limit)
             AND (:suite IS NULL OR nights.suite = :suite)
             AND (:host IS NULL OR nights.host_fingerprint = :host)
             AND (:since IS NULL OR nights.started_unix_ms >= :since)
             AND (:case IS NULL OR cases.name = :case)
         ORDER BY cases.night_id, cases.number"
    )
}

impl History {
    /// Nights, the latest first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn nights(&mut self, filter: &NightFilter) -> Result<Vec<StoredNight>, HistoryError> {
        let nights = self.nights_alone(filter)?;
        self.with(|connection| {
            let nights = nights.iter().cloned();
            nights.map(|night| with_cases(connection, night)).collect()
        })
    }

    /// As [`History::nights`], but without their cases, of which a year has thousands.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn nights_alone(&mut self, filter: &NightFilter) -> Result<Vec<StoredNight>, HistoryError> {
        self.with(|connection| {
            let mut statement = connection.prepare(&nights_sql())?;
            let rows = statement.query_map(
                named_params! {
                    ":suite": filter.suite,
                    ":host": filter.host,
                    ":since": whole(filter.since_unix_ms),
                    ":limit": whole(filter.limit).unwrap_or(-1),
                },
                |row| Ok(night(row)),
            )?;
            rows.collect()
        })
    }

    /// One night, if there is one with this number.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn night(&mut self, id: u64) -> Result<Option<StoredNight>, HistoryError> {
        self.with(|connection| {
            let sql = format!("{NIGHTS} WHERE nights.id = ?1");
            let found = connection.query_row(&sql, [whole(Some(id))], |row| Ok(night(row)));
            let found = found.optional()?;
            found.map(|night| with_cases(connection, night)).transpose()
        })
    }

    /// The latest night of this machine that plans the same and is not done, if there is one.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn night_to_resume(&mut self, plan: &str, host: &str) -> Result<Option<u64>, HistoryError> {
        self.with(|connection| {
            let sql = "SELECT id, end FROM nights WHERE plan = ?1 AND host_fingerprint = ?2
                       ORDER BY id DESC LIMIT 1";
            let latest = connection.query_row(sql, [plan, host], |row| {
                let is_done = as_text(row.get_ref(1)?).as_deref() == Some("done");
                Ok((!is_done)
                    .then(|| as_whole(row.get_ref_unwrap(0)))
                    .flatten())
            });
            Ok(latest.optional()?.flatten())
        })
    }

    /// Cases of all nights, the oldest first: the trend of each.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn case_trends(&mut self, filter: &NightFilter) -> Result<Vec<StoredCase>, HistoryError> {
        self.with(|connection| {
            let mut statement = connection.prepare(&trends_sql())?;
            let rows = statement.query_map(
                named_params! {
                    ":suite": filter.suite,
                    ":host": filter.host,
                    ":since": whole(filter.since_unix_ms),
                    ":case": filter.case,
                    ":limit": whole(filter.limit).unwrap_or(-1),
                },
                |row| Ok(case(row)),
            )?;
            rows.collect()
        })
    }

    /// All trials of a night, in the order of its plan.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn trials(&mut self, night: u64) -> Result<Vec<TrialRecord>, HistoryError> {
        self.with(|connection| {
            let mut statement = connection.prepare(TRIALS)?;
            let rows = statement.query_map([whole(Some(night))], |row| Ok(trial(row)))?;
            rows.collect()
        })
    }
}

fn with_cases(connection: &Connection, mut night: StoredNight) -> rusqlite::Result<StoredNight> {
    let mut statement = connection.prepare(&cases_sql())?;
    let rows = statement.query_map([whole(Some(night.id))], |row| Ok(case(row)))?;
    let cases: Vec<StoredCase> = rows.collect::<rusqlite::Result<_>>()?;
    for stored in cases {
        night.night.cases.push(stored.case);
        if let Some(end) = &mut night.end {
            end.findings.push(stored.finding);
        }
    }
    Ok(night)
}

/// The columns of a row by their names; one that is not there would have failed the statement.
struct Columns<'a, 'b>(&'a Row<'b>);

impl Columns<'_, '_> {
    fn value(&self, name: &str) -> ValueRef<'_> {
        self.0.get_ref(name).unwrap_or(ValueRef::Null)
    }

    fn text(&self, name: &str) -> String {
        as_text(self.value(name)).unwrap_or_default()
    }

    fn maybe(&self, name: &str) -> Option<String> {
        as_text(self.value(name))
    }

    fn count(&self, name: &str) -> Option<u64> {
        as_whole(self.value(name))
    }

    fn number(&self, name: &str) -> Option<f64> {
        as_number(self.value(name))
    }

    /// A ratio, whose columns have names that begin alike; none where one of them is missing.
    fn ratio(&self, prefix: &str) -> Option<RatioRecord> {
        let number = |name: &str| self.number(&format!("{prefix}{name}"));
        Some(RatioRecord {
            pairs: self.count(&format!("{prefix}pairs"))?,
            ratio: number("ratio")?,
            low: number("low")?,
            high: number("high")?,
            p_value: number("p_value")?,
        })
    }

    fn arm(&self, word: &str) -> ArmRecord {
        let name = |column: &str| format!("{word}_{column}");
        ArmRecord {
            label: self.text(&name("label")),
            build: self.text(&name("build")),
            model: ModelFacts {
                fingerprint: self.text(&name("model_fingerprint")),
                path: self.text(&name("model_path")),
                name: self.maybe(&name("model_name")),
                architecture: self.text(&name("architecture")),
                quantization: self.maybe(&name("quantization")),
                file_bytes: self.count(&name("file_bytes")).unwrap_or_default(),
            },
            settings: Settings {
                hash: self.text(&name("settings_hash")),
                json: self.text(&name("settings_json")),
            },
            args: self.text(&name("args")),
        }
    }
}

fn night(row: &Row<'_>) -> StoredNight {
    let row = Columns(row);
    let end = row.maybe("end").map(|end| NightEnd {
        ended_unix_ms: row.count("ended_unix_ms").unwrap_or_default(),
        end,
        itself: row.ratio("itself_"),
        smallest_effect: row.number("smallest_effect").unwrap_or_default(),
        findings: Vec::new(),
    });
    StoredNight {
        id: row.count("id").unwrap_or_default(),
        night: NightRecord {
            started_unix_ms: row.count("started_unix_ms").unwrap_or_default(),
            suite: row.text("suite"),
            seed: row.count("seed").unwrap_or_default(),
            plan: row.text("plan"),
            pairs: small(row.count("pairs")),
            host: HostFacts {
                fingerprint: row.text("host_fingerprint"),
                cpu_model: row.text("cpu_model"),
                cpus: small(row.count("cpus")),
                cpu_quota: row.number("cpu_quota"),
                memory_bytes: row.count("memory_bytes"),
            },
            version: row.text("version"),
            environment: row.text("environment"),
            cases: Vec::new(),
        },
        end,
    }
}

fn case(row: &Row<'_>) -> StoredCase {
    let row = Columns(row);
    StoredCase {
        night: row.count("night_id").unwrap_or_default(),
        started_unix_ms: row.count("started_unix_ms").unwrap_or_default(),
        host: row.text("host_fingerprint"),
        case: CaseRecord {
            name: row.text("name"),
            profile: row.text("profile"),
            measure: row.text("measure"),
            base: row.arm("base"),
            candidate: row.arm("candidate"),
            limit_ms: row.number("limit_ms"),
        },
        finding: FindingRecord {
            verdict: row.text("verdict"),
            why: row.maybe("why"),
            ratio: row.ratio(""),
            base_ms: row.number("base_ms"),
            candidate_ms: row.number("candidate_ms"),
            peak_rss_bytes: row.count("peak_rss_bytes"),
            since_unix_ms: row.count("since_unix_ms"),
        },
    }
}

fn trial(row: &Row<'_>) -> TrialRecord {
    let row = Columns(row);
    let gaps = match row.value("gaps") {
        ValueRef::Blob(bytes) => GapCounts::from_bytes(bytes),
        _ => GapCounts::default(),
    };
    TrialRecord {
        number: row.count("number").unwrap_or_default(),
        case: row.count("case_number").unwrap_or_default(),
        arm: row.text("arm"),
        role: row.text("role"),
        round: row.count("round").unwrap_or_default(),
        started_unix_ms: row.count("started_unix_ms").unwrap_or_default(),
        took_ms: row.number("took_ms").unwrap_or_default(),
        figure_ms: row.number("figure_ms"),
        failure: row.maybe("failure"),
        disturbed: row.maybe("disturbed"),
        figures: TrialFigures {
            prompt_tokens: row.count("prompt_tokens"),
            cached_tokens: row.count("cached_tokens"),
            generated_tokens: row.count("generated_tokens"),
            load_ms: row.number("load_ms"),
            ttft_ms: row.number("ttft_ms"),
            prefill_ms: row.number("prefill_ms"),
            ms_per_token: row.number("ms_per_token"),
            tpot_ms: row.number("tpot_ms"),
            total_ms_per_token: row.number("total_ms_per_token"),
            gap_p50_ms: row.number("gap_p50_ms"),
            gap_p95_ms: row.number("gap_p95_ms"),
            gap_p99_ms: row.number("gap_p99_ms"),
            gap_max_ms: row.number("gap_max_ms"),
            peak_rss_bytes: row.count("peak_rss_bytes"),
        },
        gaps,
    }
}
