//! The second question: will it finish in the time that the user allows?

use std::time::Duration;

use super::window::{Expected, Known, Source, count, seconds};
use crate::units::MsPerToken;

/// How many times the estimate a generation may take. An estimate from another day may be off by two
/// (another program runs, the machine is hot), hardly by three.
pub const AUTO_TIMES: f64 = 3.0;
/// Time per token where nothing is known: 0.2 tokens/s, the slowest that anybody waits for.
pub const MS_PER_TOKEN_UNKNOWN: f64 = 5000.0;
/// A limit that is recommended is so many times what seems needed.
pub const SUGGESTED_TIMES: f64 = 1.5;
/// A limit is said to cut only where the rest would have to be faster than measured by more than this
/// share to hold it. The rest shrinks, so near the end every overrun is said.
pub const MARGIN_THIS_RUN: f64 = 0.1;
/// The same, where the speed is that of earlier runs: from run to run it differs more.
pub const MARGIN_HISTORY: f64 = 0.25;

/// The same, where the speed is the limit that the memory's bandwidth sets: it is measured to some percent.
pub(super) const MARGIN_LIMIT: f64 = 0.1;

/// How long a generation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Budget {
    /// As long as it likes.
    #[default]
    Unlimited,
    /// So long, from the command. It is the user's wall clock, so our own gaps count.
    Fixed(Duration),
    /// [`auto_budget`], from the spawn, our own gaps left out.
    Auto {
        /// Never less than this from the command.
        floor: Duration,
    },
}

/// Which limit ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BudgetKind {
    /// The fixed one, from the command to the complete result.
    Fixed,
    /// The computed one.
    Auto,
    /// The fixed one for the load, from the spawn.
    Load,
}

/// A limit that ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overrun {
    /// Which.
    pub kind: BudgetKind,
    /// How long it was.
    pub limit: Duration,
}

/// The parts of a generation's time, measured or expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// From the spawn to the loaded model.
    pub load: Duration,
    /// The evaluation of the prompt.
    pub prefill: Duration,
    /// Most tokens to generate.
    pub tokens: u64,
    /// Milliseconds per token.
    pub ms_per_token: f64,
}

impl Work {
    /// How long all of it takes.
    #[must_use]
    pub fn time(&self) -> Duration {
        let decode = seconds(count(self.tokens) * self.ms_per_token / 1000.0);
        self.load
            .saturating_add(self.prefill)
            .saturating_add(decode)
    }
}

/// `3 × (load + prompt_tokens / prefill_rate + max_tokens × ms_per_token)`.
#[must_use]
pub fn auto_budget(work: &Work) -> Duration {
    seconds(AUTO_TIMES * work.time().as_secs_f64())
}

/// A fixed limit that will not hold the work, with the arithmetic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Projection {
    /// Measured time per token, and where.
    pub speed: Known<MsPerToken>,
    /// Tokens asked for.
    pub tokens: u64,
    /// What generating them takes.
    pub needed: Duration,
    /// What is spent before the first of them, from the command.
    pub before: Duration,
    /// The limit.
    pub limit: Duration,
    /// After how many tokens it will cut, rounded to the nearest.
    pub cut_after: u64,
    /// How many tokens fit for certain at this speed: `cut_after`, or one less.
    pub fitting: u64,
    /// A limit that would hold, in round numbers.
    pub suggested: Duration,
}

/// What a limit makes of a generation that has written `done` tokens until `at`, both counted from
/// the command; `before` is what was, or will be, spent before the first token. `None` where it holds,
/// or may hold: see [`MARGIN_THIS_RUN`].
#[must_use]
pub fn project(
    speed: Known<MsPerToken>,
    tokens: u64,
    (done, at): (u64, Duration),
    before: Duration,
    limit: Duration,
) -> Option<Projection> {
    let per_token = speed.value.get() / 1000.0;
    let margin = match speed.source {
        Source::ThisRun => MARGIN_THIS_RUN,
        // No run is faster than memory can be read.
        Source::Prior => MARGIN_LIMIT,
        _ => MARGIN_HISTORY,
    };
    let rest = count(tokens.saturating_sub(done)) * per_token;
    if at.as_secs_f64() + rest * (1.0 - margin) <= limit.as_secs_f64() {
        return None;
    }
    let needed = seconds(count(tokens) * per_token);
    let left = limit.saturating_sub(before).as_secs_f64();
    let fitting = whole(left / per_token).min(tokens);
    let cut_after = whole((left / per_token).round()).min(tokens);
    let all = before.saturating_add(needed).as_secs_f64();
    Some(Projection {
        speed,
        tokens,
        needed,
        before,
        limit,
        cut_after: cut_after.max(done),
        fitting,
        suggested: round_up(seconds(SUGGESTED_TIMES * all)),
    })
}

/// The same of a generation whose command is yet to come, by earlier runs alone: its prompt is not known,
/// and takes no time here. `None` also where no speed is expected.
#[must_use]
pub fn project_beforehand(expected: &Expected, tokens: u64, limit: Duration) -> Option<Projection> {
    let nothing = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    project_before_first(expected, tokens, nothing, limit)
}

/// The same of a generation that has no token yet: its process is, or will be, spawned at `spawned`, its
/// prompt takes `prefill`, and all of that is not over before `now`.
pub(super) fn project_before_first(
    expected: &Expected,
    tokens: u64,
    (spawned, prefill, now): (Duration, Duration, Duration),
    limit: Duration,
) -> Option<Projection> {
    let load = expected.load.map_or(Duration::ZERO, |load| load.value);
    let before = spawned
        .saturating_add(load)
        .saturating_add(prefill)
        .max(now);
    project(expected.ms_per_token?, tokens, (0, before), before, limit)
}

/// Up to the next number that people would write: steps of 1 s, of 5 s above 20 s, of 10 s above a
/// minute, of a minute above ten.
fn round_up(time: Duration) -> Duration {
    let exact = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let step = match exact {
        0..=20 => 1,
        21..=60 => 5,
        61..=600 => 10,
        _ => 60,
    };
    Duration::from_secs(exact.max(1).next_multiple_of(step))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a negative number of tokens is none"
)]
fn whole(number: f64) -> u64 {
    number as u64
}
