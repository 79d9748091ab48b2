//! What a job is doing: a snapshot of each of its processes and threads, for whoever has to tell slow
//! from hung. [`Vitals`] are facts; what they mean is decided elsewhere, from two of them and a time.
//!
//! Everything that `/proc` may withhold is optional. Elsewhere than on Linux there is nothing to see.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::kin::Kin;
use super::proc_text::{
    Io, Stat, State, Syscall, Throttling, cpu_cgroups, resident_and_peak, wait_channel,
    waits_to_read_a_pipe, waits_to_write_a_pipe,
};
use super::processes::{Identity, ProcDir};

/// The call in which a process waits for its input; 0 on x86-64, 63 on 64-bit ARM.
#[cfg(target_os = "linux")]
const READ: libc::c_long = libc::SYS_read;
/// Elsewhere no call is ever seen.
#[cfg(not(target_os = "linux"))]
const READ: libc::c_long = -1;

/// What a job is doing. Empty once its leader is reaped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vitals {
    /// Its processes, the leader first if it is unreaped. Those that have ended and wait to be reaped
    /// are among them, with their state.
    pub processes: Vec<ProcessVitals>,
    /// What CPU quotas have cost the leader's cgroup and those above it, since each was made. It counts
    /// for all processes in them, so that only a difference says something.
    pub throttling: Option<Throttling>,
    /// What this system does not offer, each thing once, in words to be shown.
    pub missing: Vec<&'static str>,
}

/// What one process is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessVitals {
    /// Its number, for people to read.
    pub pid: u32,
    /// When it was started, in clock ticks since the boot; with the number it names this process.
    pub start_ticks: u64,
    /// The name of its command, at most 15 bytes.
    pub name: String,
    /// What its main thread is doing.
    pub state: State,
    /// Whether it is in the job's group, so that the polite signals of a ladder reach it.
    pub in_group: bool,
    /// CPU time of all its threads, user and system, in steps of 10 ms.
    pub cpu: Duration,
    /// The same, of the children that it has reaped.
    pub reaped_cpu: Duration,
    /// Page faults that had to read from a disk.
    pub major_faults: u64,
    /// The same, of the children that it has reaped.
    pub reaped_major_faults: u64,
    /// Bytes read and written.
    pub io: Option<Io>,
    /// Resident memory in bytes.
    pub rss_bytes: Option<u64>,
    /// The most that it has had, in bytes.
    pub peak_rss_bytes: Option<u64>,
    /// What its main thread is blocked in.
    pub syscall: Option<Syscall>,
    /// Its threads, the main one first.
    pub threads: Vec<ThreadVitals>,
}

/// What one thread is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadVitals {
    /// Its number, for people to read.
    pub tid: u32,
    /// Its name, at most 15 bytes.
    pub name: String,
    /// What it is doing.
    pub state: State,
    /// Its CPU time, user and system, in steps of 10 ms.
    pub cpu: Duration,
    /// The function of the kernel that it sleeps in; `None` while it runs, too.
    pub wait_channel: Option<String>,
}

/// Sums over the processes of a job. They fall when a process leaves whose parent does not wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// CPU time, that of reaped children included.
    pub cpu: Duration,
    /// Page faults that had to read from a disk, those of reaped children included.
    pub major_faults: u64,
    /// Bytes by [`Io`]; of those processes that tell them.
    pub io: Option<Io>,
    /// Resident memory in bytes, of those processes that tell it. Shared pages count for each.
    pub rss_bytes: u64,
    /// Threads that have not ended.
    pub threads: usize,
}

impl Vitals {
    /// The sums over all processes.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for process in &self.processes {
            totals.cpu += process.cpu + process.reaped_cpu;
            totals.major_faults += process.major_faults + process.reaped_major_faults;
            totals.rss_bytes += process.rss_bytes.unwrap_or(0);
            totals.threads += process.threads.iter().filter(|one| one.is_alive()).count();
            if let Some(io) = process.io {
                let sum = totals.io.get_or_insert_default();
                sum.read_by_calls = sum.read_by_calls.saturating_add(io.read_by_calls);
                sum.written_by_calls = sum.written_by_calls.saturating_add(io.written_by_calls);
                sum.read_bytes = sum.read_bytes.saturating_add(io.read_bytes);
                sum.write_bytes = sum.write_bytes.saturating_add(io.write_bytes);
            }
        }
        totals
    }

    /// Whether a process waits for standard input.
    #[must_use]
    pub fn waits_for_input(&self) -> bool {
        self.processes.iter().any(ProcessVitals::waits_for_input)
    }

    /// Whether a thread waits until somebody empties a pipe.
    #[must_use]
    pub fn waits_for_a_reader(&self) -> bool {
        self.threads()
            .filter_map(|thread| thread.wait_channel.as_deref())
            .any(waits_to_write_a_pipe)
    }

    /// Every thread of every process.
    pub fn threads(&self) -> impl Iterator<Item = &ThreadVitals> {
        self.processes.iter().flat_map(|process| &process.threads)
    }
}

impl ProcessVitals {
    /// Whether its main thread is blocked in a read of standard input. Where the system call is not
    /// told, an empty pipe is taken for that only if no thread does anything else. One that was stopped
    /// waits for nobody's input: it still shows the call in which the stop has caught it.
    #[must_use]
    pub fn waits_for_input(&self) -> bool {
        if matches!(self.state, State::Stopped | State::Traced) {
            return false;
        }
        match self.syscall {
            Some(syscall) => syscall.is_on_stdin(READ),
            None => {
                !self.threads.is_empty()
                    && self.threads.iter().all(|thread| {
                        let channel = thread.wait_channel.as_deref();
                        channel.is_some_and(waits_to_read_a_pipe)
                    })
            }
        }
    }
}

impl ThreadVitals {
    fn is_alive(&self) -> bool {
        !matches!(self.state, State::Zombie | State::Dead)
    }
}

/// Takes [`Vitals`] of one job, from any thread and for as long as it likes.
#[derive(Debug, Clone)]
pub struct Probe {
    kin: Arc<Kin>,
    /// Where quotas are told, found for this text of `/proc/PID/cgroup`: others may move the leader.
    quotas: Arc<Mutex<(String, Vec<PathBuf>)>>,
}

impl Probe {
    pub(super) fn new(kin: Arc<Kin>) -> Self {
        Self {
            kin,
            quotas: Arc::default(),
        }
    }

    /// Takes a snapshot, without a wait. It reads about eight files for each process and three for each
    /// thread, of which each takes about 10 µs: 1 ms for 4 processes with 11 threads together (seen in an
    /// unoptimized build, while two other programs took the CPUs).
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        let Some(leader) = self.kin.leader() else {
            // Nothing is missing where something has ended.
            let missing = if cfg!(target_os = "linux") {
                Vec::new()
            } else {
                vec!["/proc"]
            };
            return Vitals {
                missing,
                ..Vitals::default()
            };
        };
        let members = self.kin.members();
        let processes: Vec<_> = members
            .iter()
            .filter_map(|member| process(member, leader.pid))
            .collect();
        let throttling = self.throttling(leader);
        // The leader may have been reaped meanwhile; then this is of no job any more.
        if self.kin.leader().is_none() {
            return Vitals::default();
        }
        Vitals {
            missing: missing(&processes, throttling),
            processes,
            throttling,
        }
    }

    fn throttling(&self, leader: Identity) -> Option<Throttling> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).ok()?;
            Throttling::parse(&text)
        };
        let dir = ProcDir::open(leader.pid)?;
        let cgroup = dir.read("cgroup")?;
        let mut quotas = self.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        if quotas.0 != cgroup {
            let folders = cpu_cgroups(&cgroup, &dir.read("mountinfo")?).into_iter();
            let files = folders.map(|folder| folder.join("cpu.stat"));
            *quotas = (cgroup, files.filter(|file| read(file).is_some()).collect());
        }
        quotas.1.iter().filter_map(read).reduce(Throttling::plus)
    }
}

/// Reads one process; `None` when it is gone.
fn process(member: &Stat, group: u32) -> Option<ProcessVitals> {
    let dir = ProcDir::open(member.pid)?;
    let stat = Stat::parse(&dir.read("stat")?)?;
    if Identity::from(&stat) != Identity::from(member) {
        return None;
    }
    let status = dir.read("status").unwrap_or_default();
    let (rss_bytes, peak_rss_bytes) = resident_and_peak(&status);
    let read_threads = dir.threads().into_iter();
    Some(ProcessVitals {
        pid: stat.pid,
        start_ticks: stat.start_ticks,
        in_group: stat.group == group,
        cpu: stat.cpu,
        reaped_cpu: stat.reaped_cpu,
        major_faults: stat.major_faults,
        reaped_major_faults: stat.reaped_major_faults,
        io: dir.read("io").and_then(|text| Io::parse(&text)),
        rss_bytes,
        peak_rss_bytes,
        syscall: dir.read("syscall").and_then(|text| Syscall::parse(&text)),
        threads: read_threads.filter_map(|tid| thread(&dir, tid)).collect(),
        state: stat.state,
        name: stat.name,
    })
}

fn thread(dir: &ProcDir, tid: u32) -> Option<ThreadVitals> {
    let stat = Stat::parse(&dir.read(&format!("task/{tid}/stat"))?)?;
    // One that runs sleeps nowhere, and most of them run.
    let channel = (stat.state != State::Running)
        .then(|| dir.read(&format!("task/{tid}/wchan")))
        .flatten();
    Some(ThreadVitals {
        tid,
        name: stat.name,
        state: stat.state,
        cpu: stat.cpu,
        wait_channel: channel.as_deref().and_then(wait_channel).map(str::to_owned),
    })
}

/// What no process tells though some could.
fn missing(processes: &[ProcessVitals], throttling: Option<Throttling>) -> Vec<&'static str> {
    let living = || {
        let ended = |process: &&ProcessVitals| matches!(process.state, State::Zombie | State::Dead);
        processes.iter().filter(move |process| !ended(process))
    };
    let sleeping = || {
        let threads = living().flat_map(|process| &process.threads);
        threads.filter(|thread| matches!(thread.state, State::Sleeping | State::Uninterruptible))
    };
    let some_live = living().next().is_some();
    let nobody = |has: fn(&ProcessVitals) -> bool| some_live && !living().any(has);
    let mut missing = Vec::new();
    let mut note = |is_missing: bool, name| {
        if is_missing {
            missing.push(name);
        }
    };
    note(nobody(|process| process.io.is_some()), "/proc/PID/io");
    note(
        nobody(|process| process.syscall.is_some()),
        "/proc/PID/syscall",
    );
    note(
        nobody(|process| process.rss_bytes.is_some()),
        "/proc/PID/status",
    );
    note(
        sleeping().next().is_some() && !sleeping().any(|thread| thread.wait_channel.is_some()),
        "/proc/PID/wchan",
    );
    note(some_live && throttling.is_none(), "cpu.stat of a cgroup");
    missing
}
