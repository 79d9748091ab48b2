//! The second question, asked of a running generation: what its budget is now, and whether it holds.

use std::time::Duration;

use super::{ANSWER_WITHIN, CONFIRM_AFTER, Terms, Watchdog};
use crate::units::MsPerToken;
use crate::watchdog::budget::{
    Budget, BudgetKind, MS_PER_TOKEN_UNKNOWN, Overrun, Projection, Work, auto_budget, project,
    project_before_first,
};
use crate::watchdog::event::Phase;
use crate::watchdog::verdict::Finding;
use crate::watchdog::window::{Known, LOAD_FLOOR, Source, count, seconds};

impl Watchdog {
    /// When the budget ends, on the caller's clock, and what that will be called.
    pub(super) fn budget_end(&self) -> Option<(Duration, Overrun)> {
        let automatic = match self.terms.budget {
            Budget::Unlimited | Budget::Fixed(_) => None,
            Budget::Auto { floor } => {
                let spawned = self.terms.spawned;
                let limit = auto_budget(&self.work()).saturating_add(spawned).max(floor);
                let kind = BudgetKind::Auto;
                Some((self.clock.on_wall(limit), Overrun { kind, limit }))
            }
        };
        let all = automatic.into_iter().chain(self.fixed_budgets());
        all.min_by_key(|(at, _)| *at)
    }

    /// When the limits end that the user has set, on the caller's clock: the only ones that hold while
    /// nobody watches. `None` without one.
    #[must_use]
    pub fn fixed_end(&self) -> Option<Duration> {
        self.fixed_budgets().map(|(at, _)| at).min()
    }

    fn fixed_budgets(&self) -> impl Iterator<Item = (Duration, Overrun)> {
        let of = |kind, from: Duration, limit: Option<Duration>| {
            limit.map(|limit| (from.saturating_add(limit), Overrun { kind, limit }))
        };
        let total = match self.terms.budget {
            Budget::Fixed(limit) => Some(limit),
            Budget::Unlimited | Budget::Auto { .. } => None,
        };
        let load = self.terms.load_limit.filter(|_| self.phase <= Phase::Load);
        let total = of(BudgetKind::Fixed, Duration::ZERO, total);
        let load = of(BudgetKind::Load, self.terms.spawned, load);
        total.into_iter().chain(load)
    }

    /// The budget that is over. It waits while the sample is taken that says whether a silence that
    /// outlasted its window before the budget ended is a stall.
    pub(super) fn overrun(&self, now: Duration) -> Option<Overrun> {
        let (end, overrun) = self.budget_end()?;
        let window_end = self.progress_at.saturating_add(self.window().length);
        let confirmed_by = window_end + CONFIRM_AFTER + ANSWER_WITHIN;
        let waits = !self.judged && self.clock.on_wall(window_end) < end && now < confirmed_by;
        (end <= self.clock.wall() && !(waits && now >= window_end)).then_some(overrun)
    }

    /// What is known of the parts of this generation's time. The part that it is in takes at least as
    /// long as it has taken: where that is too long is for the windows to say.
    fn work(&self) -> Work {
        let Terms {
            spawned, expected, ..
        } = self.terms;
        let now = self.clock.now();
        let loaded = self.loaded_at.unwrap_or(now);
        let load = loaded.saturating_sub(spawned);
        let known_load = expected.load.map_or(LOAD_FLOOR, |load| load.value);
        let first = self.tokens.first_at();
        let prefill = first.unwrap_or(now).saturating_sub(loaded);
        Work {
            load: match self.loaded_at {
                Some(_) => load,
                None => load.max(known_load),
            },
            prefill: match first {
                Some(_) => prefill,
                None => prefill.max(self.expected_prefill()),
            },
            tokens: self.terms.max_tokens,
            ms_per_token: self.expected_ms_per_token(),
        }
    }

    fn expected_prefill(&self) -> Duration {
        let tokens = self.prompt.total().or(self.terms.prompt_tokens);
        let rate = self.prompt.rate(self.terms.expected.prefill_rate);
        seconds(count(tokens.unwrap_or(0)) / rate.value)
    }

    fn expected_ms_per_token(&self) -> f64 {
        let expected = self.terms.expected.ms_per_token;
        let expected = expected.map_or(MS_PER_TOKEN_UNKNOWN, |speed| match speed.source {
            // The fastest that there can be: no measure for how long it may take.
            Source::Prior => speed.value.get().max(MS_PER_TOKEN_UNKNOWN),
            _ => speed.value.get(),
        });
        match self.speed().map(MsPerToken::get) {
            Some(measured) if self.tokens.has_learned() => measured,
            Some(measured) => measured.max(expected),
            None => expected,
        }
    }

    /// Says once, as soon as a speed is known, that a fixed limit will cut.
    pub(super) fn foresee(&mut self, findings: &mut Vec<Finding>) {
        if let Budget::Fixed(limit) = self.terms.budget
            && !self.said_projection
            && let Some(projection) = self.projection(limit)
        {
            self.said_projection = true;
            findings.push(Finding::Projection(projection));
        }
    }

    fn projection(&self, limit: Duration) -> Option<Projection> {
        let tokens = self.terms.max_tokens;
        if let (Some(first), true) = (self.tokens.first_at(), self.tokens.has_learned()) {
            let speed = Known::new(self.speed()?, Source::ThisRun);
            let per_token = seconds(speed.value.get() / 1000.0);
            let before = self.clock.on_wall(first).saturating_sub(per_token);
            let at = self.clock.on_wall(self.tokens.last_at());
            return project(speed, tokens, (self.tokens.tokens(), at), before, limit);
        }
        if self.phase >= Phase::Decode {
            return None;
        }
        let expected = self.terms.expected;
        let prefill = match expected.prefill_rate {
            Some(_) => self.expected_prefill(),
            None => Duration::ZERO,
        };
        let times = (self.terms.spawned, prefill, self.clock.wall());
        project_before_first(&expected, tokens, times, limit)
    }
}
