//! A started command: what it shows, what it has started, and how it ends.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{CANARY, Ended, LOOK_EVERY, World, descent, kit, until};

/// A started command. Dropping it, as a failed assertion does, kills it, and its children with it.
pub(crate) struct Running<'w> {
    world: &'w World,
    child: Child,
    pid: u32,
    stdout: Option<ChildStdout>,
    seen: Vec<u8>,
    stderr: JoinHandle<Vec<u8>>,
}

impl<'w> Running<'w> {
    /// Follows a child with pipes, whose standard error is read all the while.
    pub(super) fn of(world: &'w World, mut child: Child) -> Self {
        let pid = child.id().expect("it is not reaped");
        descent::note(pid, world.mark());
        let mut errors = child.stderr.take().expect("a pipe");
        let stderr = tokio::spawn(async move {
            let mut bytes = Vec::new();
            let _ = errors.read_to_end(&mut bytes).await;
            bytes
        });
        Self {
            world,
            pid,
            stdout: child.stdout.take(),
            seen: Vec::new(),
            stderr,
            child,
        }
    }

    /// Reads standard output until it has shown `text`, and no byte further than what came with it.
    pub(crate) async fn shows(&mut self, text: &str) {
        let reading = async {
            while !String::from_utf8_lossy(&self.seen).contains(text) {
                let stdout = self.stdout.as_mut().expect("it is open");
                let read = stdout.read_buf(&mut self.seen).await;
                if read.expect("readable") == 0 {
                    let said = (&mut self.stderr).await.unwrap_or_default();
                    let said = String::from_utf8_lossy(&said).into_owned();
                    panic!("it ended without {text:?}: {}\n{said}", self.so_far());
                }
            }
        };
        let shown = timeout(CANARY, reading).await;
        assert!(shown.is_ok(), "{text:?} never came: {}", self.so_far());
    }

    /// What it has shown on standard output so far, as far as [`Running::shows`] has read.
    pub(crate) fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Closes the reading end of its standard output, as `head` does.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// Its number, which stays its own until it is [waited for](Running::end).
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), signal).expect("it is there");
    }

    /// Waits until it is stopped, as Ctrl-Z or SIGSTOP does it.
    pub(crate) async fn is_stopped(&self) {
        until("it is stopped", || is_stopped(self.pid)).await;
    }

    /// The processes that it has started.
    pub(crate) fn children(&self) -> Vec<u32> {
        let mut all = self.world.processes();
        all.retain(|&pid| pid != self.pid);
        all
    }

    /// Waits until its children have ended, while it may go on.
    pub(crate) async fn has_no_children(&self) {
        until("its children end", || self.children().is_empty()).await;
    }

    /// Waits until its only child writes no more, as the pipe is full and nobody reads.
    pub(crate) async fn is_stuck(&self) {
        const LOOKS: u32 = 30;
        let written = || {
            let io = |pid| fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
            self.children().into_iter().map(io).collect::<String>()
        };
        let mut last = String::new();
        let mut same = 0;
        let stuck = async {
            while same < LOOKS {
                let now = written();
                same = if now == last && !now.is_empty() {
                    same + 1
                } else {
                    0
                };
                last = now;
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(CANARY, stuck).await.expect("it comes to a halt");
    }

    /// The most memory that it has had so far, in bytes (proc(5), `VmHWM`).
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("running");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        kib.expect("a number of KiB") * 1024
    }

    /// Reads the rest of both outputs, waits for the exit, and looks whether anything is left.
    pub(crate) async fn end(mut self) -> Ended {
        self.drain(CANARY).await;
        self.collect().await
    }

    /// As [`Running::end`], for whoever knows how long it may take, and looks for what is left.
    pub(crate) async fn end_unlooked(mut self, limit: Duration) -> Ended {
        self.drain(limit).await;
        self.exited().await
    }

    async fn drain(&mut self, limit: Duration) {
        let mut stdout = self.stdout.take();
        let reading = async {
            if let Some(stdout) = &mut stdout {
                stdout.read_to_end(&mut self.seen).await.expect("readable");
            }
        };
        let read = timeout(limit, reading).await;
        assert!(read.is_ok(), "it does not end: {}", self.so_far());
    }

    /// As [`Running::end`], but its standard output is open and nobody reads it.
    pub(crate) async fn end_unread(mut self) -> Ended {
        let unread = self.stdout.take();
        let ended = self.collect().await;
        drop(unread);
        ended
    }

    async fn collect(self) -> Ended {
        let world = self.world;
        let ended = self.exited().await;
        if ended.status.signal().is_some() {
            // The kernel ends the children of who dies by a signal, a moment later.
            world.empty().await;
        } else {
            assert_eq!(world.sockets(), [] as [PathBuf; 0], "left: {ended:?}");
        }
        assert_eq!(world.processes(), [] as [u32; 0], "left: {ended:?}");
        ended
    }

    async fn exited(mut self) -> Ended {
        let status = timeout(CANARY, self.child.wait()).await;
        let Ok(status) = status else {
            panic!("it does not end: {}", self.so_far());
        };
        descent::forget(self.pid);
        let stderr = timeout(CANARY, self.stderr).await.expect("it is closed");
        let stderr = String::from_utf8(stderr.expect("no panic")).expect("text");
        assert!(!stderr.contains(kit::COMPLAINT), "{stderr}");
        Ended {
            status: status.expect("it is waited for once"),
            stdout: self.seen,
            stderr,
        }
    }
}

/// Whether a process is stopped, as SIGSTOP and SIGTSTP do it.
pub(crate) fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The number, the name in parentheses, the state.
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest);
    state.is_some_and(|state| state.starts_with('T'))
}
