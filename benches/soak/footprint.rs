//! What a supervising process holds, and the bounds of that.

use std::fmt;
use std::fs;
use std::path::Path;

use orchestrate::supervise::proc_text::Stat;

use super::Failure;

/// Runs until the memory is steady: by then every buffer has had its largest size, every page of code that
/// is used was touched, and the allocator has the arenas that it needs.
pub(crate) const UNTIL_STEADY: u32 = 200;
/// Most that the memory may grow with each run from then on, in bytes. The smallest thing that is made for
/// a run and could be forgotten is a name in a set, of some 64 bytes with its node; a buffer of a pipe
/// has 64 KiB.
pub(crate) const MOST_GROWTH_PER_RUN: f64 = 64.0;
/// Growth that says nothing, in bytes: the allocator takes memory from the system in steps of 132 KiB
/// (`M_TOP_PAD` of mallopt(3) and a page), and when it does so is a matter of chance.
pub(crate) const NOISE: f64 = 2.0 * 132.0 * 1024.0;

/// What this process holds at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footprint {
    /// Runs so far.
    pub(crate) runs: u32,
    descriptors: usize,
    threads: usize,
    /// Processes that are its children, zombies included.
    children: usize,
    /// Entries in the directory of sockets.
    runtime: usize,
    /// Records of living jobs.
    jobs: usize,
    pss_bytes: u64,
    rss_bytes: u64,
}

impl Footprint {
    /// Looks at this process, its directory of sockets and its records.
    pub(crate) fn now(runs: u32, runtime: &Path, jobs: &Path) -> Result<Self, Failure> {
        let memory = fs::read_to_string("/proc/self/smaps_rollup")?;
        let bytes = |key: &str| -> Result<u64, Failure> {
            let line = memory.lines().find_map(|line| line.strip_prefix(key));
            let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
            Ok(kib.ok_or("smaps_rollup has another form")?.parse::<u64>()? * 1024)
        };
        Ok(Self {
            runs,
            // One is open to read the others.
            descriptors: entries(Path::new("/proc/self/fd")) - 1,
            threads: entries(Path::new("/proc/self/task")),
            children: children(),
            runtime: entries(runtime),
            jobs: entries(jobs),
            pss_bytes: bytes("Pss:")?,
            rss_bytes: bytes("Rss:")?,
        })
    }

    /// Whether nothing is held any more that was not held `before`, memory aside.
    pub(crate) fn is_back_to(&self, before: &Self) -> bool {
        let held = |one: &Self| {
            [
                one.descriptors,
                one.threads,
                one.children,
                one.runtime,
                one.jobs,
            ]
        };
        held(self) == held(before)
    }

    /// Bytes by which the resident memory has grown since `earlier`. Not the proportional one: that
    /// grows, too, when another process of the same program ends.
    pub(crate) fn growth_since(&self, earlier: &Self) -> f64 {
        self.rss_bytes as f64 - earlier.rss_bytes as f64
    }

    /// The names of the columns in which it is told.
    pub(crate) const COLUMNS: &str =
        "   runs  descriptors  threads  children  sockets  records   Pss KiB   RSS KiB";
}

impl fmt::Display for Footprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "{:>7}{:>13}{:>9}{:>10}{:>9}{:>9}{:>10}{:>10}",
            self.runs,
            self.descriptors,
            self.threads,
            self.children,
            self.runtime,
            self.jobs,
            self.pss_bytes / 1024,
            self.rss_bytes / 1024
        )
    }
}

/// Entries of a directory; none where it is not there.
fn entries(dir: &Path) -> usize {
    fs::read_dir(dir).map_or(0, Iterator::count)
}

fn children() -> usize {
    let us = std::process::id();
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    numbers
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .filter_map(|text| Stat::parse(&text))
        .filter(|stat| stat.parent == us)
        .count()
}
