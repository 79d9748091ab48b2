//! What a watchdog says.

use std::time::Duration;

use super::budget::{Overrun, Projection};
use super::event::Phase;
use super::window::{Known, Window};
use crate::units::MsPerToken;

/// What came of an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Finding {
    /// Look at the processes and answer with [`Event::Sample`](super::Event::Sample), within half a
    /// second. Without an answer the verdict is from silence alone.
    Sample,
    /// It is slow, which ends nothing. Said at once, and then every ten seconds at most for as long as
    /// it is.
    Slow(Slow),
    /// It cannot write: somebody on our side does not read. Said once in a silence.
    Backpressure,
    /// The fixed limit will cut. Said once.
    Projection(Projection),
    /// End it. Nothing follows.
    End(Verdict),
}

/// Why a generation has to end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Nothing advances.
    Stalled(Stall),
    /// It waits for input, though it has all: a mistake in its configuration.
    WaitingForInput {
        /// What it was doing.
        phase: Phase,
    },
    /// Its time is over. Something may well be advancing.
    OverBudget(Overrun),
    /// Its output repeats without end.
    Looping {
        /// The length of the repeated passage, in tokens.
        period: usize,
    },
    /// It is a zombie, or not there: collect it.
    Gone,
}

/// Nothing advanced for longer than the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// What the processes are doing instead.
    pub cause: Cause,
    /// In which phase.
    pub phase: Phase,
    /// The window of that phase.
    pub window: Window,
    /// How long it was waited before this cause became a stall: the window, some windows, or for
    /// [`Cause::Idle`] [`IDLE_LOOK`](super::IDLE_LOOK).
    pub patience: Duration,
    /// How long nothing has advanced.
    pub silent_for: Duration,
}

/// What stalled processes are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// They use no CPU and move no byte.
    Hung,
    /// The same, told before the window was over, as they are known to work when they are at work.
    Idle,
    /// They burn CPU and nothing comes of it.
    Spin,
    /// Somebody stopped them (SIGSTOP).
    Stopped,
    /// They wait for a device that does not move, or are frozen (state D).
    Uninterruptible,
    /// They are blocked in writing to a pipe that we do not read.
    Backpressure,
    /// They were slow for this reason, for far longer than that explains.
    TooSlow(Why),
    /// They could not be looked at: all that is known is their silence.
    Unobserved,
}

/// It advances far slower than in earlier runs, or has not for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slow {
    /// Why, as far as can be told.
    pub why: Why,
    /// In which phase.
    pub phase: Phase,
    /// How long it has been in it.
    pub lasts: Duration,
    /// How long nothing has advanced.
    pub silent_for: Duration,
    /// The window of the phase.
    pub window: Window,
    /// Time per token, of the prompt or of the text, where anything is known of it.
    pub speed: Option<Known<MsPerToken>>,
    /// Time per token in earlier runs, where this one takes several times that.
    pub usual: Option<MsPerToken>,
    /// How long the phase takes at most at that speed; the load as long as in earlier runs.
    pub expected: Option<Duration>,
}

/// Why something is slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Its cgroup's share of the CPU is used up again and again.
    Throttled,
    /// It waits for storage: the model does not fit into memory, or the disk is slow.
    Paging,
    /// More threads want to run than there are CPUs.
    Oversubscribed,
    /// Somebody stops and continues it, again and again.
    StopAndGo,
    /// It computes, and nothing else can be seen.
    Unknown,
}
