//! What is known of a child when nothing of it is left, or nothing that could be ended.

use std::fmt;
use std::time::Duration;

use super::ladder::StopSignal;
use super::proc_text::State;

/// How the leader ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It left with this code, 0 to 255.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// It has not ended, though SIGKILL was sent; [`ExitReport::quarantined`] begins with it.
    Unended,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "{name}"),
                None => write!(f, "signal {signal}"),
            },
            Self::Unended => f.write_str("not ended by SIGKILL"),
        }
    }
}

fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        libc::SIGHUP => "SIGHUP",
        libc::SIGINT => "SIGINT",
        libc::SIGILL => "SIGILL (an instruction this CPU does not have)",
        libc::SIGABRT => "SIGABRT",
        libc::SIGBUS => "SIGBUS",
        libc::SIGFPE => "SIGFPE",
        libc::SIGKILL => "SIGKILL",
        libc::SIGSEGV => "SIGSEGV",
        libc::SIGPIPE => "SIGPIPE",
        libc::SIGTERM => "SIGTERM",
        _ => return None,
    })
}

/// What the leader, and the children it has reaped itself, used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Largest resident set, in bytes, as `wait4` reports it for this child.
    pub peak_rss_bytes: u64,
    /// Page faults for which something had to be read from a disk.
    pub major_faults: u64,
    /// CPU time in user mode.
    pub user: Duration,
    /// CPU time in the kernel.
    pub system: Duration,
}

/// One signal that was sent on the way down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LadderStep {
    /// Which.
    pub signal: StopSignal,
    /// When, since the spawn.
    pub at: Duration,
}

/// A process that SIGKILL did not end within the time that it was given: it sleeps uninterruptibly or
/// is frozen, and keeps its memory until it wakes. It then ends, and is reaped if we still live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Its number, for people to read.
    pub pid: u32,
    /// The name of its command, at most 15 bytes.
    pub name: String,
    /// What it was doing at the last look.
    pub state: State,
}

impl fmt::Display for Quarantined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, name, state } = self;
        write!(f, "{name} (process {pid}, state {})", state.letter())
    }
}

/// What is known of a child when nothing of it is left, or nothing that could be ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ExitReport {
    /// How the leader ended.
    pub status: Status,
    /// What it used; zero when it is unended.
    pub usage: Usage,
    /// From the spawn to the end.
    pub lifetime: Duration,
    /// The signals that were sent to end it, in their order; empty when it left by itself.
    pub ladder: Vec<LadderStep>,
    /// How many processes it had left behind, in its group or outside of it, which got SIGKILL.
    pub swept: usize,
    /// What could not be ended; empty in all but the rarest cases.
    pub quarantined: Vec<Quarantined>,
    /// Whether nothing was left when this report was made: nobody is in quarantine, and the group is
    /// empty (which is all that can be told without `/proc`).
    pub group_empty: bool,
    /// Whether a process outside of the group still held one of the pipes.
    pub pipe_leaked: bool,
}
