//! How fast this run advances: what it teaches about its own windows and budget.

use std::time::Duration;

use super::gaps::Gaps;
use super::window::{Known, PREFILL_RATE_UNKNOWN, Source, TOKENS_TO_LEARN, count, usable};
use crate::units::MsPerToken;

const MS_PER_SECOND: f64 = 1000.0;

/// The evaluation of the prompt.
///
/// llama-server reports a batch when it begins it or when it has done it, build by build. So the tokens
/// of the last report count as not yet evaluated, and a step's rate is that of the larger one of the
/// two batches that it may be the time of.
#[derive(Debug, Clone, Default)]
pub(super) struct PromptPace {
    /// The largest number reported, and the one before.
    processed: u64,
    before: u64,
    total: Option<u64>,
    last_step: u64,
    changed_at: Option<Duration>,
    /// Tokens per second until the first report: at most that, as cached tokens are in it too.
    at_most: Option<f64>,
    /// Tokens per second of the slowest step between two reports.
    slowest: Option<f64>,
}

impl PromptPace {
    pub(super) fn entered(&mut self, at: Duration) {
        self.changed_at.get_or_insert(at);
    }

    /// Takes a report; says whether it is progress.
    pub(super) fn report(&mut self, at: Duration, processed: u64, total: u64) -> bool {
        self.total = Some(total);
        self.reached(at, processed)
    }

    /// Takes the number of evaluated tokens; says whether it is above all earlier ones.
    pub(super) fn reached(&mut self, at: Duration, processed: u64) -> bool {
        let step = processed.saturating_sub(self.processed);
        if step == 0 {
            return false;
        }
        let time = at.saturating_sub(self.changed_at.unwrap_or(at));
        let rate = count(step.max(self.last_step)) / time.as_secs_f64();
        if rate.is_finite() {
            let bound = if self.last_step == 0 {
                &mut self.at_most
            } else {
                &mut self.slowest
            };
            *bound = Some(bound.map_or(rate, |bound| bound.min(rate)));
        }
        self.before = self.processed;
        self.processed = processed;
        self.last_step = step;
        self.changed_at = Some(at);
        true
    }

    /// Tokens that may still have to be evaluated, of a prompt of which `known` is known beforehand;
    /// [`u64::MAX`] where nobody knows.
    pub(super) fn left(&self, known: Option<u64>) -> u64 {
        let total = self.total.or(known);
        total.map_or(u64::MAX, |total| total.saturating_sub(self.before))
    }

    /// The largest number of tokens that was reported.
    pub(super) fn processed(&self) -> u64 {
        self.processed
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    /// The rate to expect, in tokens per second: this run's slowest step, or what was expected unless
    /// this run is already slower.
    pub(super) fn rate(&self, expected: Option<Known<f64>>) -> Known<f64> {
        let expected = usable(expected);
        let unknown = Known::new(PREFILL_RATE_UNKNOWN, Source::Constant);
        let known = match self.slowest {
            Some(rate) => Known::new(rate, Source::ThisRun),
            None => expected.unwrap_or(unknown),
        };
        match self.at_most {
            Some(rate) if rate < known.value => Known::new(rate, Source::ThisRun),
            _ => known,
        }
    }
}

/// The tokens that came.
#[derive(Debug, Clone, Default)]
pub(super) struct TokenPace {
    tokens: u64,
    /// When the first piece came, and how many tokens it was.
    first: Option<(Duration, u64)>,
    last: Duration,
    gaps: Gaps,
}

impl TokenPace {
    pub(super) fn arrived(&mut self, at: Duration, tokens: u32) {
        if self.first.is_some() {
            self.gaps.push(at.saturating_sub(self.last));
        } else {
            self.first = Some((at, u64::from(tokens)));
        }
        self.last = at;
        self.tokens = self.tokens.saturating_add(u64::from(tokens));
    }

    pub(super) fn tokens(&self) -> u64 {
        self.tokens
    }

    pub(super) fn first_at(&self) -> Option<Duration> {
        self.first.map(|(at, _)| at)
    }

    pub(super) fn last_at(&self) -> Duration {
        self.last
    }

    /// (last − first) / tokens after the first piece.
    pub(super) fn speed(&self) -> Option<MsPerToken> {
        let (first_at, first) = self.first?;
        let time = self.last.saturating_sub(first_at);
        MsPerToken::from_total(time.as_secs_f64() * MS_PER_SECOND, self.tokens - first)
    }

    /// Whether this run says more than earlier ones. Pieces count, as a lump of tokens has one gap.
    pub(super) fn has_learned(&self) -> bool {
        self.gaps.count() + 1 >= TOKENS_TO_LEARN
    }

    pub(super) fn gap_p99(&self) -> Option<Duration> {
        self.gaps.p99()
    }
}
