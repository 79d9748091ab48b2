//! A line of the table: what is done to a run of the fault kit, and what is promised of it.

use std::time::Duration;

use crate::case::{Backend, Phase};
use crate::expected::{Expected, Text};

/// A fault, on one backend or on both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) phase: Phase,
    /// What goes wrong, in words that are a file's name: `never-ready`.
    pub(crate) fault: &'static str,
    /// What is wrong before the run begins.
    pub(crate) before: Before,
    /// What the program does (`FAKE_SCRIPT`).
    pub(crate) script: &'static str,
    /// Further arguments of `orchestrate run`.
    pub(crate) args: &'static [&'static str],
    /// What is done to it from outside.
    pub(crate) act: Act,
    /// The only backend that has this fault, and why.
    pub(crate) only: Option<(Backend, &'static str)>,
    /// Why it takes long; ignored unless asked for.
    pub(crate) slow: Option<&'static str>,
    /// Of honest work: the time after which a hang would have been called. It must go on for three times
    /// as long.
    pub(crate) hang_after: Option<Duration>,
    pub(crate) expected: Expected,
    /// A promise that is known to be broken, as [`Complaint::what`](crate::expected::Complaint) names it, and
    /// why it still is. As soon as it holds, the case fails until this is removed.
    pub(crate) known: Option<(&'static str, &'static str)>,
}

/// What most lines have in common: both backends, and nothing done from outside.
pub(crate) const USUAL: Row = Row {
    phase: Phase::Decode,
    fault: "",
    before: Before::Nothing,
    script: "",
    args: &[],
    act: Act::Nothing,
    only: None,
    slow: None,
    hang_after: None,
    expected: Expected::done(Text::Any),
    known: None,
};

/// What is wrong before the run begins.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Before {
    Nothing,
    /// The model file is not there.
    ModelMissing,
    /// Half of it is there.
    ModelTruncated,
    /// It is something else.
    ModelCorrupt,
    /// The history is no database.
    DatabaseCorrupt,
    /// The history has a format of the future.
    DatabaseNewer,
    /// The state directory is on a disk without room; for root alone.
    DiskFull,
    /// A run was killed by SIGKILL and has left its socket.
    DeadRun,
    /// A file is where the directory for sockets belongs.
    SocketPlaceTaken,
}

/// What is done to it from outside, once it has shown some text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Nothing,
    /// Ctrl-C.
    Interrupt {
        after: &'static str,
    },
    /// Ctrl-Z, and `fg` so much later.
    Suspend {
        after: &'static str,
        pause: Duration,
    },
    /// SIGSTOP to the supervisor alone, and SIGCONT so much later.
    Delay {
        after: &'static str,
        pause: Duration,
    },
    /// Nobody reads its output any more; it is text then, and no JSON.
    CloseOutput {
        after: &'static str,
    },
}
