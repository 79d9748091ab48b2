//! Nights of benchmarks: what was measured, trial by trial, and what was found of it.
//!
//! A night has cases, a case two arms, and each trial measures one arm of one case. All of it is written as
//! it comes, so that a night which ends early has lost nothing, and can be gone on with. What is
//! found at the end is kept with the case: a trend over a year reads some thousand rows, and no trial.
//!
//! The words in the columns are those of [`crate::suite`], which this module does not know: it keeps them.

mod gaps;
mod stored;
mod write;

pub use gaps::GapCounts;
pub use stored::{NightFilter, StoredCase, StoredNight};
#[cfg(test)]
pub(super) use stored::{TRIALS, cases_sql, nights_sql, trends_sql};

use super::{HostFacts, ModelFacts, Settings};

/// A night that begins.
#[derive(Debug, Clone, PartialEq)]
pub struct NightRecord {
    /// When it did, in milliseconds since 1970-01-01 UTC.
    pub started_unix_ms: u64,
    /// The suite's name.
    pub suite: String,
    /// What every random draw of it comes from. Below 2^53, so that JSON can hold it.
    pub seed: u64,
    /// A digest of what is to be measured: only a night that plans the same can go on with this one.
    pub plan: String,
    /// How many times each case is to be measured in both arms.
    pub pairs: u32,
    /// On which machine.
    pub host: HostFacts,
    /// The version of orchestrate.
    pub version: String,
    /// What else may matter of the machine: one JSON object, such as of the CPUs' governor and the NUMA nodes.
    pub environment: String,
    /// What is measured, in order.
    pub cases: Vec<CaseRecord>,
}

/// A case of a night.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRecord {
    /// Its name, such as `coder/tg128`.
    pub name: String,
    /// The profile's name.
    pub profile: String,
    /// What it is judged by, such as `ms_per_token`.
    pub measure: String,
    /// What is compared with.
    pub base: ArmRecord,
    /// What is judged.
    pub candidate: ArmRecord,
    /// The least that the memory's bandwidth allows for the measure, in milliseconds, where that is known
    /// of the candidate.
    pub limit_ms: Option<f64>,
}

/// With what an arm is measured.
#[derive(Debug, Clone, PartialEq)]
pub struct ArmRecord {
    /// What people call it, such as `anchor of 2026-11-02`.
    pub label: String,
    /// The build of llama.cpp, such as `b11434`.
    pub build: String,
    /// The model.
    pub model: ModelFacts,
    /// The settings.
    pub settings: Settings,
    /// The program's arguments, one JSON list; without those that the user has added by hand, which may hold
    /// secrets.
    pub args: String,
}

/// A trial that was made. `None` is what was not measured. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrialRecord {
    /// Its number in the night's plan.
    pub number: u64,
    /// Which case, from 0.
    pub case: u64,
    /// `base` or `candidate`.
    pub arm: String,
    /// `warm_up`, `itself`, `itself_again` or `pair`.
    pub role: String,
    /// In which round.
    pub round: u64,
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub started_unix_ms: u64,
    /// How long it took in all.
    pub took_ms: f64,
    /// What the case is judged by.
    pub figure_ms: Option<f64>,
    /// Why there is no figure.
    pub failure: Option<String>,
    /// What on the machine has disturbed it.
    pub disturbed: Option<String>,
    /// All that was measured.
    pub figures: TrialFigures,
    /// The gaps between tokens.
    pub gaps: GapCounts,
}

/// What a trial has measured; see [`RunRecord`](super::RunRecord) for what each means.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[expect(missing_docs, reason = "the names are those of a run's record")]
pub struct TrialFigures {
    pub prompt_tokens: Option<u64>,
    pub cached_tokens: Option<u64>,
    /// Of all answers together.
    pub generated_tokens: Option<u64>,
    pub load_ms: Option<f64>,
    pub ttft_ms: Option<f64>,
    pub prefill_ms: Option<f64>,
    pub ms_per_token: Option<f64>,
    /// Time per token as whoever reads the answer sees it.
    pub tpot_ms: Option<f64>,
    /// Time per token of all answers together.
    pub total_ms_per_token: Option<f64>,
    pub gap_p50_ms: Option<f64>,
    pub gap_p95_ms: Option<f64>,
    pub gap_p99_ms: Option<f64>,
    pub gap_max_ms: Option<f64>,
    pub peak_rss_bytes: Option<u64>,
}

/// What a night comes to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NightEnd {
    /// When it ended, in milliseconds since 1970-01-01 UTC.
    pub ended_unix_ms: u64,
    /// `done`, `time_limit` or `interrupted`.
    pub end: String,
    /// The base over itself, with its interval.
    pub itself: Option<RatioRecord>,
    /// The smallest effect that counted, as a share.
    pub smallest_effect: f64,
    /// What was found of each case, in their order.
    pub findings: Vec<FindingRecord>,
}

/// What was found of a case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindingRecord {
    /// `slower`, `faster`, `same`, `inconclusive`, `broken` or `not measured`.
    pub verdict: String,
    /// The reason, where it has one.
    pub why: Option<String>,
    /// Candidate over base.
    pub ratio: Option<RatioRecord>,
    /// The median of the measure in the base, in milliseconds.
    pub base_ms: Option<f64>,
    /// The same of the candidate.
    pub candidate_ms: Option<f64>,
    /// The largest memory that the candidate took, in bytes.
    pub peak_rss_bytes: Option<u64>,
    /// Since when it is slower, in milliseconds since 1970-01-01 UTC.
    pub since_unix_ms: Option<u64>,
}

/// A ratio of times and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioRecord {
    /// Pairs it rests on.
    pub pairs: u64,
    /// The ratio; above 1 is slower.
    pub ratio: f64,
    /// The lower end of its interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// How likely so large a difference is if there is none.
    pub p_value: f64,
}
