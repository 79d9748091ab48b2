//! What is said of a generation that is slow, long before anything is called dead.

use std::time::Duration;

use super::Watchdog;
use crate::units::MsPerToken;
use crate::watchdog::budget::AUTO_TIMES;
use crate::watchdog::event::Phase;
use crate::watchdog::verdict::{Finding, Slow, Why};
use crate::watchdog::window::{Known, Source, count, seconds};

/// A silence is called slow from this part of its window on, if there is a reason for it …
const SLOW_PART: u32 = 4;
/// … but not later than that …
const SLOW_LATEST: Duration = Duration::from_secs(5);
/// … and from this part on, if there is none: half a window is four times the expected silence.
const SLOW_PART_UNKNOWN: u32 = 2;
/// So many times the time per token of earlier runs is slow too, whether it is silent or not: an
/// automatic budget counts on no more.
const SLOW_TIMES: f64 = AUTO_TIMES;
/// Between two such words. A line of a log every ten seconds is bearable, and soon enough for whoever
/// waits.
pub(super) const SLOW_EVERY: Duration = Duration::from_secs(10);
const MS_PER_SECOND: f64 = 1000.0;

impl Watchdog {
    /// Says that it is slow, as long as it is, at most every [`SLOW_EVERY`].
    pub(super) fn say_slow(&mut self, now: Duration, findings: &mut Vec<Finding>) {
        let again = self.said_slow_at.map(|said| said + SLOW_EVERY);
        if again.is_some_and(|again| now < again) {
            return;
        }
        let reason = self.judgement(now).why;
        let usual = self.usual_where_slower();
        let silent = reason.filter(|why| self.silent_for() >= self.slow_from(*why));
        let why = match (silent, usual) {
            (Some(why), _) => why,
            (None, Some(_)) => reason.unwrap_or(Why::Unknown),
            (None, None) => return,
        };
        self.said_slow_at = Some(now);
        let speed = self.phase_speed();
        findings.push(Finding::Slow(Slow {
            why,
            phase: self.phase,
            lasts: now.saturating_sub(self.entered_at),
            silent_for: self.silent_for(),
            window: self.window(),
            speed,
            usual,
            expected: self.phase_expected(speed),
        }));
    }

    /// From when on a silence is slow.
    fn slow_from(&self, why: Why) -> Duration {
        let window = self.window().length;
        match why {
            Why::Unknown => window / SLOW_PART_UNKNOWN,
            _ => (window / SLOW_PART).min(SLOW_LATEST),
        }
    }

    /// The time per token of earlier runs, where this one takes far longer.
    fn usual_where_slower(&self) -> Option<MsPerToken> {
        if self.phase != Phase::Decode || !self.tokens.has_learned() {
            return None;
        }
        let expected = self.terms.expected.ms_per_token;
        let usual = expected
            .filter(|speed| speed.source != Source::Prior)?
            .value;
        (self.speed()?.get() >= SLOW_TIMES * usual.get()).then_some(usual)
    }

    /// Time per token in this phase, as far as it is known.
    fn phase_speed(&self) -> Option<Known<MsPerToken>> {
        match self.phase {
            Phase::Prefill => {
                let rate = self.prompt.rate(self.terms.expected.prefill_rate);
                let speed = MsPerToken::new(MS_PER_SECOND / rate.value)?;
                let is_known = rate.source != Source::Constant;
                is_known.then_some(Known::new(speed, rate.source))
            }
            Phase::Decode => {
                let measured = self.speed().filter(|_| self.tokens.has_learned());
                let measured = measured.map(|speed| Known::new(speed, Source::ThisRun));
                let expected = self.terms.expected.ms_per_token;
                // The fastest that there can be says nothing of how long it takes at most.
                measured.or(expected.filter(|speed| speed.source != Source::Prior))
            }
            Phase::Spawn | Phase::Load | Phase::Drain | Phase::Exit => None,
        }
    }

    /// How long this phase takes at most, as far as that is known.
    fn phase_expected(&self, speed: Option<Known<MsPerToken>>) -> Option<Duration> {
        let tokens = match self.phase {
            Phase::Spawn | Phase::Load => {
                return self.terms.expected.load.map(|load| load.value);
            }
            Phase::Prefill => self.prompt.total().or(self.terms.prompt_tokens)?,
            Phase::Decode => self.terms.max_tokens,
            Phase::Drain | Phase::Exit => return None,
        };
        Some(seconds(count(tokens) * speed?.value.get() / MS_PER_SECOND))
    }
}
