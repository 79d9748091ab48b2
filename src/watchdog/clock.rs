//! Our own gaps: time in which nobody watched is nobody's silence.

use std::time::Duration;

/// A call that comes so much later than it was asked for is a gap of ours (Ctrl-Z and `fg`, a debugger,
/// a paused virtual machine). Below it is what a busy machine does.
pub const LATE: Duration = Duration::from_secs(2);

/// Two clocks: the one that the caller passes in, and the same without our own gaps. Here and in the
/// modules around, a time is on the second one unless its name says `wall`.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    wall: Duration,
    missed: Duration,
}

impl Clock {
    pub(super) fn new(wall: Duration) -> Self {
        Self {
            wall,
            missed: Duration::ZERO,
        }
    }

    /// Goes on to `wall`, where `asked` was the latest time to be called at. Says whether there was a
    /// gap. A clock that goes back stands still.
    pub(super) fn advance(&mut self, wall: Duration, asked: Duration) -> bool {
        self.wall = wall.max(self.wall);
        let late = self.wall.saturating_sub(asked);
        let gap = late > LATE;
        if gap {
            self.missed += late;
        }
        gap
    }

    /// Now, without our gaps.
    pub(super) fn now(&self) -> Duration {
        self.wall.saturating_sub(self.missed)
    }

    pub(super) fn wall(&self) -> Duration {
        self.wall
    }

    pub(super) fn missed(&self) -> Duration {
        self.missed
    }

    /// When the caller's clock will show what this one calls `at`.
    pub(super) fn on_wall(&self, at: Duration) -> Duration {
        at.saturating_add(self.missed)
    }
}
