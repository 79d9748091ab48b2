//! What a night comes to, for every form of the report and for the history.

use std::time::Duration;

use super::setup::Setup;
use crate::exit::Exit;
use crate::history::{
    FindingRecord, History, HistoryError, HostFacts, NightEnd, NightFilter, RatioRecord,
    TrialRecord,
};
use crate::host::unix_ms;
use crate::past::finding;
use crate::stats::{Comparison, median};
use crate::suite::{self, CaseFinding, Judgement, Past, Verdict};

/// A night that is over, one way or the other.
pub(super) struct Told<'a> {
    pub(super) setup: &'a Setup,
    pub(super) judgement: Judgement,
    pub(super) trials: Vec<TrialRecord>,
    /// `done`, `time_limit` or `interrupted`.
    pub(super) end: &'static str,
    pub(super) seed: u64,
    pub(super) started_unix_ms: u64,
    pub(super) took: Duration,
    /// Its number in the history.
    pub(super) night: Option<u64>,
    /// The least time that the memory's bandwidth allows, of each case, where it is known.
    pub(super) limits_ms: Vec<Option<f64>>,
    /// With which exit code a run would tell what failed last.
    pub(super) last_failure: Option<Exit>,
    /// Since when each case is slower.
    since: Vec<Option<u64>>,
}

impl<'a> Told<'a> {
    pub(super) fn new(
        setup: &'a Setup,
        judgement: Judgement,
        trials: Vec<TrialRecord>,
        end: &'static str,
        seed: u64,
    ) -> Self {
        Self {
            since: vec![None; setup.cases.len()],
            limits_ms: Vec::new(),
            setup,
            judgement,
            trials,
            end,
            seed,
            started_unix_ms: 0,
            took: Duration::ZERO,
            night: None,
            last_failure: None,
        }
    }

    pub(super) fn has_regression(&self) -> bool {
        let cases = &self.judgement.cases;
        cases.iter().any(|case| case.verdict.is_regression())
    }

    /// Whether anything was measured at all.
    pub(super) fn has_figures(&self) -> bool {
        self.trials.iter().any(|trial| trial.figure_ms.is_some())
    }

    /// Finds out since when the slower ones are.
    pub(super) fn date(&mut self, history: &mut History) -> Result<(), HistoryError> {
        for (number, found) in self.judgement.cases.iter().enumerate() {
            let Some(comparison) = found.comparison else {
                continue;
            };
            if found.verdict != Verdict::Worse {
                continue;
            }
            let case = self.setup.cases[number].record(None);
            let trend = history.case_trends(&NightFilter {
                host: Some(HostFacts::from(&self.setup.host).fingerprint),
                case: Some(case.name.clone()),
                ..NightFilter::default()
            })?;
            let same = trend
                .iter()
                .filter(|past| past.case.base_identity() == case.base_identity());
            let earlier = same.filter(|past| Some(past.night) != self.night);
            let nights = earlier.filter_map(|past| {
                Some(Past {
                    started_unix_ms: past.started_unix_ms,
                    ratio: past.finding.ratio?.ratio,
                    is_worse: past.finding.verdict == Verdict::Worse.word(),
                })
            });
            let mut nights: Vec<Past> = nights.collect();
            nights.push(Past {
                started_unix_ms: self.started_unix_ms,
                ratio: comparison.ratio,
                is_worse: true,
            });
            self.since[number] = suite::since(&nights, self.seed);
        }
        Ok(())
    }

    /// For the history.
    pub(super) fn end_record(&self) -> NightEnd {
        NightEnd {
            ended_unix_ms: unix_ms(),
            end: self.end.to_owned(),
            itself: self.judgement.itself.as_ref().map(ratio),
            smallest_effect: self.judgement.smallest_effect,
            findings: (0..self.setup.cases.len())
                .map(|case| self.finding(case))
                .collect(),
        }
    }

    /// What was found of a case.
    pub(super) fn finding(&self, case: usize) -> FindingRecord {
        let found = &self.judgement.cases[case];
        let own = |arm: &str| {
            let trials = self.trials.iter().filter(move |trial| {
                trial.case == case as u64 && trial.arm == arm && trial.role == "pair"
            });
            trials.collect::<Vec<_>>()
        };
        let middle = |arm: &str| {
            let figures = own(arm).into_iter().filter_map(|trial| trial.figure_ms);
            median(&figures.collect::<Vec<_>>())
        };
        let peaks = own("candidate").into_iter();
        FindingRecord {
            verdict: found.verdict.word().to_owned(),
            why: found.verdict.why().map(str::to_owned),
            ratio: found.comparison.as_ref().map(ratio),
            base_ms: middle("base"),
            candidate_ms: middle("candidate"),
            peak_rss_bytes: peaks.filter_map(|trial| trial.figures.peak_rss_bytes).max(),
            since_unix_ms: self.since[case],
        }
    }

    /// The findings of all cases that are worth an alarm, a sentence each.
    pub(super) fn alarms(&self) -> Vec<String> {
        let cases = self.judgement.cases.iter().enumerate();
        let alarms = cases.filter(|(_, case)| case.verdict.is_regression());
        alarms
            .map(|(number, case)| self.sentence(number, case))
            .collect()
    }

    /// `coder/tg128: 6.1 % slower than anchor (95 % interval 4.2 to 7.9), since 2026-11-19`
    pub(super) fn sentence(&self, number: usize, found: &CaseFinding) -> String {
        let planned = &self.setup.cases[number];
        finding::sentence(
            &planned.case.name(),
            &planned.arms[0].label,
            &found.verdict,
            found.comparison.as_ref().map(ratio).as_ref(),
            self.since[number],
        )
    }
}

/// The effect and its interval in percent; more is slower.
pub(super) fn percent(found: &Comparison) -> (f64, [f64; 2]) {
    let of = |ratio: f64| (ratio - 1.0) * 100.0;
    (
        of(found.ratio),
        [of(found.interval.low), of(found.interval.high)],
    )
}

fn ratio(found: &Comparison) -> RatioRecord {
    RatioRecord {
        pairs: found.pairs as u64,
        ratio: found.ratio,
        low: found.interval.low,
        high: found.interval.high,
        p_value: found.p_value,
    }
}
