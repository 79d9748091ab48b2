//! How a night comes into the file.

use rusqlite::{Connection, Transaction, TransactionBehavior, named_params};

use super::{ArmRecord, FindingRecord, NightEnd, NightRecord, RatioRecord, TrialRecord};
use crate::history::record::{add_host, add_model, add_settings, finite, whole};
use crate::history::{History, HistoryError};

impl History {
    /// Begins a night; returns its number, which no other one will ever have.
    ///
    /// # Errors
    /// [`HistoryError`]; then nothing of it is kept.
    pub fn begin_night(&mut self, night: &NightRecord) -> Result<u64, HistoryError> {
        let id = self.with(|connection| begin(connection, night))?;
        Ok(u64::try_from(id).unwrap_or_default())
    }

    /// Adds a trial to a night; one with the same number is replaced.
    ///
    /// # Errors
    /// [`HistoryError`]; then it is not kept.
    pub fn record_trial(&mut self, night: u64, trial: &TrialRecord) -> Result<(), HistoryError> {
        self.with(|connection| add_trial(connection, night, trial))
    }

    /// Says what a night came to; what was said before, when it ended too early, is replaced.
    ///
    /// # Errors
    /// [`HistoryError`]; then nothing of it is kept.
    pub fn end_night(&mut self, night: u64, end: &NightEnd) -> Result<(), HistoryError> {
        self.with(|connection| finish(connection, night, end))
    }
}

fn begin(connection: &mut Connection, night: &NightRecord) -> rusqlite::Result<i64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    add_host(&transaction, &night.host)?;
    transaction.execute(
        "INSERT INTO nights (started_unix_ms, suite, seed, plan, pairs, host_fingerprint, version,
             environment)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            whole(Some(night.started_unix_ms)),
            &night.suite,
            whole(Some(night.seed)),
            &night.plan,
            night.pairs,
            &night.host.fingerprint,
            &night.version,
            &night.environment,
        ),
    )?;
    let id = transaction.last_insert_rowid();
    for (number, case) in (0_i64..).zip(&night.cases) {
        for arm in [&case.base, &case.candidate] {
            add_model(&transaction, &arm.model)?;
            add_settings(&transaction, &arm.settings)?;
        }
        transaction.execute(
            "INSERT INTO cases (night_id, number, name, profile, measure, limit_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            (
                id,
                number,
                &case.name,
                &case.profile,
                &case.measure,
                finite(case.limit_ms),
            ),
        )?;
        add_arm(&transaction, id, number, "base", &case.base)?;
        add_arm(&transaction, id, number, "candidate", &case.candidate)?;
    }
    transaction.commit()?;
    Ok(id)
}

fn add_arm(
    transaction: &Transaction<'_>,
    night: i64,
    case: i64,
    word: &str,
    arm: &ArmRecord,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO arms VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        (
            night,
            case,
            word,
            &arm.label,
            &arm.build,
            &arm.model.fingerprint,
            &arm.settings.hash,
            &arm.args,
        ),
    )?;
    Ok(())
}

fn add_trial(connection: &Connection, night: u64, trial: &TrialRecord) -> rusqlite::Result<()> {
    let figures = &trial.figures;
    let mut statement = connection.prepare(
        "INSERT OR REPLACE INTO trials (
             night_id, number, case_number, arm, role, round, started_unix_ms, took_ms, figure_ms,
             failure, disturbed, prompt_tokens, cached_tokens, generated_tokens, load_ms, ttft_ms,
             prefill_ms, ms_per_token, tpot_ms, total_ms_per_token, gap_p50_ms, gap_p95_ms,
             gap_p99_ms, gap_max_ms, peak_rss_bytes, gaps
         ) VALUES (
             :night, :number, :case, :arm, :role, :round, :started, :took, :figure,
             :failure, :disturbed, :prompt_tokens, :cached_tokens, :generated_tokens, :load, :ttft,
             :prefill, :per_token, :tpot, :total_per_token, :gap_p50, :gap_p95, :gap_p99, :gap_max,
             :peak, :gaps
         )",
    )?;
    statement.execute(named_params! {
        ":night": whole(Some(night)),
        ":number": whole(Some(trial.number)),
        ":case": whole(Some(trial.case)),
        ":arm": trial.arm,
        ":role": trial.role,
        ":round": whole(Some(trial.round)),
        ":started": whole(Some(trial.started_unix_ms)),
        ":took": finite(Some(trial.took_ms)),
        ":figure": finite(trial.figure_ms),
        ":failure": trial.failure,
        ":disturbed": trial.disturbed,
        ":prompt_tokens": whole(figures.prompt_tokens),
        ":cached_tokens": whole(figures.cached_tokens),
        ":generated_tokens": whole(figures.generated_tokens),
        ":load": finite(figures.load_ms),
        ":ttft": finite(figures.ttft_ms),
        ":prefill": finite(figures.prefill_ms),
        ":per_token": finite(figures.ms_per_token),
        ":tpot": finite(figures.tpot_ms),
        ":total_per_token": finite(figures.total_ms_per_token),
        ":gap_p50": finite(figures.gap_p50_ms),
        ":gap_p95": finite(figures.gap_p95_ms),
        ":gap_p99": finite(figures.gap_p99_ms),
        ":gap_max": finite(figures.gap_max_ms),
        ":peak": whole(figures.peak_rss_bytes),
        ":gaps": trial.gaps.to_bytes(),
    })?;
    Ok(())
}

fn finish(connection: &mut Connection, night: u64, end: &NightEnd) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let of = |ratio: Option<RatioRecord>, what: fn(RatioRecord) -> f64| finite(ratio.map(what));
    transaction.execute(
        "UPDATE nights SET ended_unix_ms = ?2, end = ?3, smallest_effect = ?4, itself_pairs = ?5,
             itself_ratio = ?6, itself_low = ?7, itself_high = ?8, itself_p_value = ?9
         WHERE id = ?1",
        (
            whole(Some(night)),
            whole(Some(end.ended_unix_ms)),
            &end.end,
            finite(Some(end.smallest_effect)),
            whole(end.itself.map(|itself| itself.pairs)),
            of(end.itself, |itself| itself.ratio),
            of(end.itself, |itself| itself.low),
            of(end.itself, |itself| itself.high),
            of(end.itself, |itself| itself.p_value),
        ),
    )?;
    for (number, finding) in (0_i64..).zip(&end.findings) {
        add_finding(&transaction, night, number, finding)?;
    }
    transaction.commit()
}

fn add_finding(
    transaction: &Transaction<'_>,
    night: u64,
    number: i64,
    finding: &FindingRecord,
) -> rusqlite::Result<()> {
    let ratio = finding.ratio;
    transaction.execute(
        "UPDATE cases SET verdict = :verdict, why = :why, pairs = :pairs, ratio = :ratio,
             low = :low, high = :high, p_value = :p_value, base_ms = :base_ms,
             candidate_ms = :candidate_ms, peak_rss_bytes = :peak, since_unix_ms = :since
         WHERE night_id = :night AND number = :number",
        named_params! {
            ":night": whole(Some(night)),
            ":number": number,
            ":verdict": finding.verdict,
            ":why": finding.why,
            ":pairs": whole(ratio.map(|ratio| ratio.pairs)),
            ":ratio": finite(ratio.map(|ratio| ratio.ratio)),
            ":low": finite(ratio.map(|ratio| ratio.low)),
            ":high": finite(ratio.map(|ratio| ratio.high)),
            ":p_value": finite(ratio.map(|ratio| ratio.p_value)),
            ":base_ms": finite(finding.base_ms),
            ":candidate_ms": finite(finding.candidate_ms),
            ":peak": whole(finding.peak_rss_bytes),
            ":since": whole(finding.since_unix_ms),
        },
    )?;
    Ok(())
}
