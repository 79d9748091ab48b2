//! The way down: which signal comes when, until the child is gone.

use std::time::Duration;

use rustix::process::Signal;

/// A signal of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopSignal {
    /// SIGINT: llama-completion prints its timings and leaves.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGKILL: cannot be ignored.
    Kill,
}

impl StopSignal {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Kill => "SIGKILL",
        }
    }

    pub(super) fn raw(self) -> Signal {
        match self {
            Self::Interrupt => Signal::INT,
            Self::Terminate => Signal::TERM,
            Self::Kill => Signal::KILL,
        }
    }
}

/// One rung: a signal and how long it may take to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// What is sent.
    pub signal: StopSignal,
    /// How long the next rung waits.
    pub patience: Duration,
}

/// Polite signals in their order. SIGKILL always follows the last one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ladder(Vec<Rung>);

impl Ladder {
    /// A ladder of these rungs, then SIGKILL.
    #[must_use]
    pub fn new(rungs: impl Into<Vec<Rung>>) -> Self {
        Self(rungs.into())
    }

    /// SIGKILL at once.
    #[must_use]
    pub fn kill() -> Self {
        Self::default()
    }

    /// What is sent at step `step` (from 0), and the wait until the next; no wait after SIGKILL.
    pub(super) fn rung(&self, step: usize) -> (StopSignal, Option<Duration>) {
        self.0.get(step).map_or((StopSignal::Kill, None), |rung| {
            (rung.signal, Some(rung.patience))
        })
    }

    /// The longest time until SIGKILL is sent.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.0.iter().map(|rung| rung.patience).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sigkill_follows_the_last_rung() {
        let ladder = Ladder::new([Rung {
            signal: StopSignal::Interrupt,
            patience: Duration::from_secs(1),
        }]);
        assert_eq!(
            ladder.rung(0),
            (StopSignal::Interrupt, Some(Duration::from_secs(1)))
        );
        assert_eq!(ladder.rung(1), (StopSignal::Kill, None));
        assert_eq!(ladder.rung(7), (StopSignal::Kill, None));
        assert_eq!(ladder.patience(), Duration::from_secs(1));
        assert_eq!(Ladder::kill().rung(0), (StopSignal::Kill, None));
    }
}
