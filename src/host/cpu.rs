//! The processor: its instruction sets, its memory nodes, who rules its clock.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;

/// Enough of `/proc/cpuinfo` to hold the first processor: 3 KiB on today's x86-64.
const CPUINFO_BYTES: u64 = 16 * 1024;

/// What the processors are, as far as the system tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cpu {
    /// The words of the first processor's `flags` (x86) or `Features` (arm); empty where none are told.
    pub flags: BTreeSet<String>,
    /// Memory nodes (NUMA) that are in use.
    pub numa_nodes: Option<usize>,
    /// The governors of all CPUs' clocks, such as `powersave`; empty where the system rules no clock, as
    /// in most virtual machines.
    pub governors: BTreeSet<String>,
    /// Whose governors they are, such as `intel_pstate`.
    pub driver: Option<String>,
}

impl Cpu {
    /// That of this machine. What cannot be read is left out.
    #[must_use]
    pub fn detect() -> Self {
        let nodes = fs::read_to_string("/sys/devices/system/node/online").ok();
        let policies = fs::read_dir("/sys/devices/system/cpu/cpufreq");
        let policies = policies.into_iter().flatten().flatten();
        let policies: Vec<_> = policies.map(|entry| entry.path()).collect();
        let word = |path| Some(fs::read_to_string(path).ok()?.trim().to_owned());
        let governors = policies
            .iter()
            .map(|dir| word(dir.join("scaling_governor")));
        Self {
            flags: features(),
            numa_nodes: nodes.and_then(|list| count(&list)),
            governors: governors.flatten().collect(),
            driver: policies
                .iter()
                .find_map(|dir| word(dir.join("scaling_driver"))),
        }
    }
}

/// What the first processor can do, as [`Cpu::flags`] lists it; empty where the system does not tell.
#[must_use]
pub fn features() -> BTreeSet<String> {
    let mut cpuinfo = Vec::new();
    // Reading on would format an entry for every processor, a millisecond on a large machine.
    let _ = File::open("/proc/cpuinfo")
        .and_then(|file| file.take(CPUINFO_BYTES).read_to_end(&mut cpuinfo));
    flags(&String::from_utf8_lossy(&cpuinfo))
}

fn flags(cpuinfo: &str) -> BTreeSet<String> {
    let mut lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(name, _)| matches!(name.trim(), "flags" | "Features"));
    let words = found.map_or("", |(_, words)| words);
    words.split_whitespace().map(str::to_owned).collect()
}

/// How many numbers a list such as `0-1,4` holds.
fn count(list: &str) -> Option<usize> {
    let of = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (from.parse::<usize>().ok()?, to.parse::<usize>().ok()?);
        to.checked_sub(from)?.checked_add(1)
    };
    let parts = list.trim().split(',').map(of);
    parts.sum::<Option<usize>>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_the_first_processors() {
        let found = flags("processor : 0\nflags : fpu avx2\n\nprocessor : 1\nflags : other\n");
        assert_eq!(found.iter().collect::<Vec<_>>(), ["avx2", "fpu"]);
        assert!(flags("Features\t: fp asimd\n").contains("asimd"));
        assert!(flags("").is_empty());
    }

    #[test]
    fn a_list_of_nodes_is_counted() {
        assert_eq!(count("0\n"), Some(1));
        assert_eq!(count("0-1,4\n"), Some(3));
        for strange in ["", "x", "3-1", "0-18446744073709551615"] {
            assert_eq!(count(strange), None, "{strange}");
        }
    }
}
