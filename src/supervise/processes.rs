//! Other processes: who they are, who their children are, and the signal that can hit no stranger.
//!
//! All of it reads `/proc`, and finds nobody where there is none.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use super::adopted::own_pid;
use super::proc_text::{self, Stat};

/// A process that cannot be taken for another: numbers are used again, but not with the same start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// In clock ticks since the boot.
    pub(super) start_ticks: u64,
}

impl Identity {
    /// Who has this number now.
    pub(super) fn of(pid: u32) -> Option<Self> {
        Some(Self::from(&stat_of(pid)?))
    }

    /// What it is doing; `None` when it is gone, whoever has its number now.
    pub(super) fn stat(self) -> Option<Stat> {
        stat_of(self.pid).filter(|stat| Self::from(stat) == self)
    }

    /// Sends SIGKILL to this very process; whether it was there.
    #[cfg(target_os = "linux")]
    pub(super) fn kill(self) -> bool {
        use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
        let Some(pid) = raw(self.pid) else {
            return false;
        };
        // Opened first and looked at then: what the descriptor means cannot change any more.
        pidfd_open(pid, PidfdFlags::empty()).is_ok_and(|process| {
            self.stat().is_some() && pidfd_send_signal(process, Signal::KILL).is_ok()
        })
    }

    /// Without `/proc` nobody is ever found who could be signalled.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn kill(self) -> bool {
        false
    }

    /// Reaps it, if it is a child of ours that has ended.
    pub(super) fn reap(self) {
        if let Some(pid) = raw(self.pid) {
            // One that is not our child, or is reaped by now, is none of our business.
            let _ = waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
            );
        }
    }
}

impl From<&Stat> for Identity {
    fn from(stat: &Stat) -> Self {
        Self {
            pid: stat.pid,
            start_ticks: stat.start_ticks,
        }
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

/// Room for a file of `/proc`: most fit, and are read by one call and a second that finds the end.
const USUAL_SIZE: usize = 4096;

/// Reads a file below a directory, without the questions for its length that [`fs::read`] asks: a
/// snapshot reads dozens of files that all say 0.
fn read(dir: impl AsFd, path: &str) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, path, flags, Mode::empty()).ok()?;
    let mut bytes = Vec::with_capacity(USUAL_SIZE);
    let mut file = fs::File::from(file).take(u64::MAX);
    file.read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a process is doing.
pub(super) fn stat_of(pid: u32) -> Option<Stat> {
    Stat::parse(&text(&read(CWD, &format!("/proc/{pid}/stat"))?))
}

/// The numbers of all processes that can be seen.
pub(super) fn all() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// What a process was started with, as `NAME=value`.
#[derive(Debug)]
pub(super) struct Environment(Vec<u8>);

impl Environment {
    /// `None` where it cannot be read, as in the middle of an exec.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let bytes = read(CWD, &format!("/proc/{pid}/environ"))?;
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// Whether this entry is in it.
    pub(super) fn holds(&self, entry: &[u8]) -> bool {
        self.0.split(|&byte| byte == 0).any(|found| found == entry)
    }
}

/// A look at who is whose child.
///
/// The kernel lists the children of a process in a file of each of its threads; the whole table of
/// processes is read only where it was built without those files. Such a list may lack somebody while
/// somebody else on it ends: only two looks in a row prove that nobody is there.
pub(super) struct Family(Option<BTreeMap<u32, Vec<u32>>>);

impl Family {
    pub(super) fn look() -> Self {
        if fs::exists("/proc/thread-self/children").unwrap_or(false) {
            return Self(None);
        }
        let mut table: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for stat in all().into_iter().filter_map(stat_of) {
            table.entry(stat.parent).or_default().push(stat.pid);
        }
        Self(Some(table))
    }

    /// The children of a process, ended ones included; of us, those of our main thread, to which the
    /// kernel hands orphans. What others of our threads start is known to whoever started it.
    ///
    /// So none of our threads is looked up by name: on a busy machine whoever reaps us would spin until
    /// the last of them has cleaned up after that (`proc_invalidate_siblings_dcache` in Linux 6.18, which
    /// was seen to take 100 ms and more).
    pub(super) fn children(&self, pid: u32) -> Vec<u32> {
        if let Some(table) = &self.0 {
            return table.get(&pid).cloned().unwrap_or_default();
        }
        let Some(dir) = ProcDir::open(pid) else {
            return Vec::new();
        };
        let threads = if pid == own_pid() {
            vec![pid]
        } else {
            dir.threads()
        };
        threads
            .into_iter()
            .filter_map(|tid| dir.read(&format!("task/{tid}/children")))
            .flat_map(|text| proc_text::numbers(&text).collect::<Vec<_>>())
            .collect()
    }

    /// Adds all descendants of those that are in the list. Who has ended has no children any more, and
    /// is not asked for them.
    pub(super) fn extend(&self, found: &mut Vec<Stat>) {
        let mut next = 0;
        while let Some(parent) = found.get(next) {
            next += 1;
            if parent.has_ended() {
                continue;
            }
            for stat in self.children(parent.pid).into_iter().filter_map(stat_of) {
                if found.iter().all(|known| known.pid != stat.pid) {
                    found.push(stat);
                }
            }
        }
    }
}

/// The directory of one process below `/proc`. It stays that process's: once the process is gone
/// nothing can be read in there, whoever has the number by then.
pub(super) struct ProcDir(OwnedFd);

impl ProcDir {
    pub(super) fn open(pid: u32) -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let path = format!("/proc/{pid}");
        rustix::fs::open(path, flags, Mode::empty()).ok().map(Self)
    }

    /// A file in it, such as `task/17/wchan`.
    pub(super) fn read(&self, path: &str) -> Option<String> {
        read(&self.0, path).map(|bytes| text(&bytes))
    }

    /// The numbers of its threads.
    pub(super) fn threads(&self) -> Vec<u32> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let task = rustix::fs::openat(&self.0, "task", flags, Mode::empty());
        let Some(entries) = task.ok().and_then(|task| rustix::fs::Dir::new(task).ok()) else {
            return Vec::new();
        };
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str().ok()?.parse().ok())
            .collect()
    }
}
