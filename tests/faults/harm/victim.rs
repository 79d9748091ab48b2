//! A process that something is done to. It is held by a pidfd, so that a number that is used again hits
//! nobody else.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::common::canary;

/// How often it is looked whether one has ended; times are that exact.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// A running process.
#[derive(Clone)]
pub(crate) struct Victim {
    pub(crate) pid: u32,
    handle: Arc<OwnedFd>,
}

impl Victim {
    /// The process with this number; `None` when it has ended.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        let handle = pidfd_open(number, PidfdFlags::NONBLOCK).ok()?;
        Some(Self {
            pid,
            handle: Arc::new(handle),
        })
    }

    /// Sends a signal; one that has ended hears nothing.
    pub(crate) fn signal(&self, signal: Signal) {
        let _ = pidfd_send_signal(&self.handle, signal);
    }

    /// Waits until it has ended, and says how long that took.
    pub(crate) async fn gone(&self) -> Duration {
        let since = Instant::now();
        let ended = async {
            while !self.has_ended() {
                sleep(LOOK_EVERY).await;
            }
        };
        canary("it ends", ended).await;
        since.elapsed()
    }

    /// As [`Victim::gone`]; should that take longer than `limit`, standard error tells what holds up this
    /// process and the one with the number `other`.
    pub(crate) async fn gone_or_told(&self, limit: Duration, other: u32) -> Duration {
        let since = Instant::now();
        if timeout(limit, self.gone()).await.is_err() {
            for pid in [self.pid, other] {
                eprint!("process {pid} after {limit:?}:\n{}", stacks(pid));
            }
            self.gone().await;
        }
        since.elapsed()
    }

    /// Whether it has ended, as a zombie has.
    pub(crate) fn has_ended(&self) -> bool {
        // A pidfd can be read once its process has ended (pidfd_open(2)).
        let mut looked = [PollFd::new(&*self.handle, PollFlags::IN)];
        let ready = poll(&mut looked, Some(&Timespec::default()));
        ready.expect("a pidfd can be polled") > 0
    }

    /// The letter of its state in `/proc/PID/stat` (proc(5)); `None` when it is gone.
    pub(crate) fn state(&self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }
}

/// What each thread of a process does in the kernel, as far as that may be read.
fn stacks(pid: u32) -> String {
    let threads = fs::read_dir(format!("/proc/{pid}/task"));
    let threads = threads.into_iter().flatten().flatten();
    let told = |path: PathBuf| {
        let [stat, stack] =
            ["stat", "stack"].map(|name| fs::read_to_string(path.join(name)).unwrap_or_default());
        // The number, the name, the state.
        let who: Vec<_> = stat.split(' ').take(3).collect();
        format!("{}\n{stack}", who.join(" "))
    };
    threads.map(|thread| told(thread.path())).collect()
}

/// Stops a process and continues it, again and again, until it is dropped.
pub(crate) struct DutyCycle {
    victim: Victim,
    cycle: JoinHandle<()>,
}

impl DutyCycle {
    /// It works for `on`, then stands still for `off`.
    pub(crate) fn begin(victim: &Victim, on: Duration, off: Duration) -> Self {
        let slowed = victim.clone();
        let cycle = tokio::spawn(async move {
            loop {
                slowed.signal(Signal::STOP);
                sleep(off).await;
                slowed.signal(Signal::CONT);
                sleep(on).await;
            }
        });
        Self {
            victim: victim.clone(),
            cycle,
        }
    }
}

impl Drop for DutyCycle {
    fn drop(&mut self) {
        self.cycle.abort();
        self.victim.signal(Signal::CONT);
    }
}
