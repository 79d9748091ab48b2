//! What is known of a child when nothing of it is left.

use std::fmt;
use std::time::Duration;

use super::ladder::StopSignal;

/// How the leader ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It left with this code, 0 to 255.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "{name}"),
                None => write!(f, "signal {signal}"),
            },
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

/// What is known of a child when nothing of it is left.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ExitReport {
    /// How the leader ended.
    pub status: Status,
    /// What it used.
    pub usage: Usage,
    /// From the spawn to the end.
    pub lifetime: Duration,
    /// The signals that were sent to end it, in their order; empty when it left by itself.
    pub ladder: Vec<LadderStep>,
    /// Whether no process of the group was left when this report was made. `false` means that
    /// something could not be ended (uninterruptible sleep, a frozen cgroup).
    pub group_empty: bool,
    /// Whether a process outside of the group still held one of the pipes.
    pub pipe_leaked: bool,
}
