//! Judges a running generation by its progress: slow is never ended, hung always is.
//!
//! A state machine without clock and without I/O. The caller passes in what happened and when, does
//! what the [`Finding`]s say, and calls again at [`Watchdog::deadline`] at the latest, with
//! [`Event::Tick`] if nothing else has happened.
//!
//! # Three questions
//!
//! | | question | answer |
//! | --- | --- | --- |
//! | stall | is anything still advancing? | a [`Window`] per [`Phase`]; ends in [`Verdict::Stalled`] |
//! | budget | will it finish in the time the user allows? | a [`Budget`], and a [`Projection`] as soon as a speed is known; ends in [`Verdict::OverBudget`] |
//! | loop | does the output repeat without end? | tokens with a period of at most [`LONGEST_PERIOD`] for [`TOKENS_TO_LOOP`]; ends in [`Verdict::Looping`] |
//!
//! One is never called another. A silence that outlasts its window before the budget ends is a stall,
//! and a budget that ends meanwhile waits, for at most a second, for the sample that confirms it. Where
//! both are due at the same instant it is the budget: it is arithmetic, and a stall has yet to be
//! confirmed.
//!
//! # Evidence
//!
//! | event | progress |
//! | --- | --- |
//! | [`Event::Text`] | if it holds a token or a byte |
//! | [`Event::PromptProgress`], [`Event::Counters`] | a number above all earlier ones |
//! | [`Event::Entered`] | a later phase |
//! | [`Event::LogLine`] | up to the load; a line not seen before, whatever its numbers |
//! | [`Event::Sample`] | up to the load; bytes read or major faults above all earlier ones |
//! | [`Event::Alive`], [`Event::Tick`] | never |
//!
//! CPU time is no progress, as a spin burns it. It only says what a silence is.
//!
//! # Windows
//!
//! | phase | window |
//! | --- | --- |
//! | spawn, drain, exit | constants: [`SPAWN_WINDOW`], [`DRAIN_WINDOW`], [`EXIT_WINDOW`] |
//! | load | [`load_window`]: `max(30 s, 8 × expected)` |
//! | prefill | [`prefill_window`]: `max(30 s, 8 × min(batch, tokens left) / rate)` |
//! | decode | [`decode_window`]: `max(10 s, 20 × p99 of the gaps)`, else 60 s |
//!
//! Rates and gaps are this run's as soon as it has shown them, else what [`Expected`] says, else
//! constants; each window knows its [`Source`]. They only change when something advances.
//!
//! Our own gaps do not count. A call that comes more than [`LATE`] after its deadline moves every
//! window and the automatic budget by its lateness. Limits that the user has set are wall time.
//!
//! # Verdicts
//!
//! When a window is over, a sample that ends half a second later and began half a second before says
//! what the silence is. Traces of activity count while they are younger than three quarters of the
//! window, at most 7.5 s.
//!
//! | the processes | finding | ends as |
//! | --- | --- | --- |
//! | are gone, or a zombie | | [`Verdict::Gone`], at once |
//! | read their input, in two samples, though the prompt was given | | [`Verdict::WaitingForInput`], at once |
//! | are blocked in writing to a pipe | [`Finding::Backpressure`] | [`Cause::Backpressure`] after 1 window |
//! | are throttled | [`Why::Throttled`] | [`Cause::TooSlow`] after 16 |
//! | fetch from storage | [`Why::Paging`] | [`Cause::TooSlow`] after 16 |
//! | are stopped and continued | [`Why::StopAndGo`] | [`Cause::TooSlow`] after 16 |
//! | want to run and get no CPU | [`Why::Oversubscribed`] | [`Cause::TooSlow`] after 16 |
//! | burn CPU with more threads than CPUs | [`Why::Oversubscribed`] | [`Cause::Spin`] after 4 |
//! | burn CPU | [`Why::Unknown`] | [`Cause::Spin`] after 4, since it was last slowed if it was |
//! | are in state D, and nothing moves | [`Why::Paging`] | [`Cause::Uninterruptible`] after 4 |
//! | are stopped | | [`Cause::Stopped`] after 1 |
//! | do nothing | | [`Cause::Hung`] after 1 |
//! | cannot be seen | | [`Cause::Unobserved`] after 1 |
//!
//! # Slow
//!
//! Long before anything is called dead it is called slow ([`Finding::Slow`]): in a silence with a reason
//! from a quarter of the window or 5 s on, without one from half of it, and where a token takes three times
//! as long as in earlier runs. It is said at once, and then every ten seconds at most while it lasts.
//!
//! # The rule of idleness
//!
//! A prefill window can be two hours long, and a process that does nothing at all does not need them:
//! computing burns CPU. But not every honest child computes where we can see it (a GPU does it, or
//! another machine), and one that sleeps between tokens is idle and well. So it is for the child to
//! show what its idleness means. After [`IDLE_LOOK`] in which every sample found it asleep, without
//! CPU time and without a byte, it is [`Cause::Idle`] if
//!
//! - it was seen at work, in this kind of work (load; prefill and decode), in at least five spans
//!   between samples, or [`Expected::computes_on_cpu`] says so, and
//! - it was never once found idle, in this kind of work, and then went on.
//!
//! Otherwise the window stands, which is made of the silences that an honest child may have.

mod budget;
mod clock;
mod event;
mod evidence;
mod gaps;
mod machine;
mod pace;
mod repeat;
mod shapes;
mod verdict;
mod window;

pub use budget::{
    AUTO_TIMES, Budget, BudgetKind, MARGIN_HISTORY, MARGIN_THIS_RUN, MS_PER_TOKEN_UNKNOWN, Overrun,
    Projection, SUGGESTED_TIMES, Work, auto_budget, project, project_beforehand,
};
pub use clock::LATE;
pub use event::{Blocked, Counters, Event, GroupState, Phase, Sample, Sign};
pub use evidence::{SLOW_WINDOWS, SPIN_WINDOWS};
pub use machine::{IDLE_LOOK, Terms, Watchdog};
pub use repeat::{LONGEST_PERIOD, TOKENS_TO_LOOP};
pub use verdict::{Cause, Finding, Slow, Stall, Verdict, Why};
pub use window::{
    DECODE_FLOOR, DECODE_GAPS, DECODE_UNKNOWN, DRAIN_WINDOW, EXIT_WINDOW, Expected, Known,
    LOAD_FLOOR, LOAD_TIMES, PREFILL_BATCHES, PREFILL_FLOOR, PREFILL_RATE_UNKNOWN, SHORTEST,
    SPAWN_WINDOW, Source, TOKENS_TO_LEARN, Window, Windows, decode_window, load_window,
    prefill_window,
};

#[cfg(test)]
mod tests;
