//! An unreaped child, and the notice of its exit.

use std::io;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use super::group::signal_group;
use super::report::{Status, Usage};
use super::sys;

/// An unreaped child that leads its own group. Dropped unreaped, as when the runtime goes, it
/// kills the group.
pub(super) struct Child {
    pid: Pid,
    reaped: bool,
}

impl Child {
    pub(super) fn new(pid: Pid) -> Self {
        Self { pid, reaped: false }
    }

    /// The group that it leads; its number is ours as long as the child is unreaped.
    pub(super) fn group(&self) -> Pid {
        self.pid
    }

    /// Signals the whole group. After the reaping the number may be a stranger's: nothing is sent.
    pub(super) fn signal(&self, signal: Signal) {
        if !self.reaped {
            signal_group(self.pid, signal);
        }
    }

    /// Whether it has exited; it stays unreaped.
    pub(super) fn has_exited(&self) -> bool {
        // What cannot be waited for is not there.
        self.reaped || wait_without_reaping(self.pid, WaitIdOptions::NOHANG).unwrap_or(true)
    }

    /// Reaps the leader, waiting for its exit if need be.
    pub(super) fn reap(&mut self) -> io::Result<(Status, Usage)> {
        self.reaped = true;
        sys::reap(self.pid)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        self.signal(Signal::KILL);
        // Not waited for: a process in uninterruptible sleep would hold us. What is not reaped here
        // is reaped by the system when we end.
        if self.has_exited() {
            let _ = self.reap();
        }
    }
}

/// Waits for a leader's exit and leaves it unreaped; whether it has exited.
fn wait_without_reaping(pid: Pid, options: WaitIdOptions) -> io::Result<bool> {
    let options = options | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(pid), options)?.is_some())
}

/// Notices that a child has exited, without reaping it.
#[cfg(target_os = "linux")]
pub(super) struct ExitNotice(tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>);

#[cfg(target_os = "linux")]
impl ExitNotice {
    pub(super) fn of(child: &Child) -> io::Result<Self> {
        use rustix::process::{PidfdFlags, pidfd_open};
        let fd = pidfd_open(child.pid, PidfdFlags::NONBLOCK)?;
        Ok(Self(sys::poll_readable(fd)?))
    }

    /// Returns when the child has exited. Cancel safe.
    pub(super) async fn wait(&mut self) -> io::Result<()> {
        self.0.readable().await.map(drop)
    }
}

/// Notices that a child has exited, without reaping it.
#[cfg(not(target_os = "linux"))]
pub(super) struct ExitNotice(tokio::task::JoinHandle<io::Result<bool>>);

#[cfg(not(target_os = "linux"))]
impl ExitNotice {
    pub(super) fn of(child: &Child) -> io::Result<Self> {
        let pid = child.pid;
        let wait = move || wait_without_reaping(pid, WaitIdOptions::empty());
        Ok(Self(tokio::task::spawn_blocking(wait)))
    }

    /// Returns when the child has exited. Cancel safe.
    pub(super) async fn wait(&mut self) -> io::Result<()> {
        (&mut self.0).await.map_err(io::Error::other)?.map(drop)
    }
}
