//! What this machine is, as far as a child of ours is concerned.
//!
//! [`Host`] is what the speed of a model depends on. Beside it stand, a small file each, the facts that
//! `orchestrate doctor` judges: they are read when they are asked for, and what the system does not tell
//! is `None`, never a guess.

mod bandwidth;
pub mod cgroup;
pub mod clock;
pub mod cpu;
pub mod disk;
pub mod gpu;
pub mod limits;
pub mod load;
pub mod memory;
pub mod proc;
mod quota;
pub mod systemd;

use std::collections::BTreeSet;
use std::env::consts::ARCH;
use std::fs;
use std::num::NonZeroU32;
use std::thread::available_parallelism;
use std::time::{SystemTime, UNIX_EPOCH};

pub use bandwidth::{Bandwidth, BandwidthError};

use crate::digest;

/// The machine as far as the speed of a model depends on it: speeds that were measured on one are
/// no measure for another.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    /// The processor's name, such as `AMD EPYC`; where the system has none for it, its architecture.
    pub cpu_model: String,
    /// CPUs that may be used, as [`usable_cpus`] tells.
    pub cpus: u32,
    /// The cgroup's quota in CPUs, such as 1.5; `None` where there is none, or none can be read.
    pub cpu_quota: Option<f64>,
    /// Memory of the machine, in bytes, where the system tells.
    pub memory_bytes: Option<u64>,
}

/// What the memory is rounded to before it is compared: the system's own share of it varies with the
/// kernel by some MiB, and modules of memory come in whole GiB.
const MEMORY_STEP: u64 = 256 << 20;

impl Host {
    /// Looks at this machine. What cannot be read is left out; nothing of it fails.
    #[must_use]
    pub fn detect() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu_model: cpu_model(&read("/proc/cpuinfo")).unwrap_or_else(|| ARCH.to_owned()),
            cpus: usable_cpus().get(),
            cpu_quota: quota::of_this_process(),
            memory_bytes: memory::Memory::parse(&read("/proc/meminfo")).total_bytes,
        }
    }

    /// A name of 16 hexadecimal digits, the same as long as the machine and its limits are.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let Self {
            cpu_model,
            cpus,
            cpu_quota,
            memory_bytes,
        } = self;
        let quota = cpu_quota.map(|quota| format!("{quota:.2}"));
        let steps = memory_bytes.map(|bytes| bytes.saturating_add(MEMORY_STEP / 2) / MEMORY_STEP);
        digest::short(&format!("{cpu_model}\n{cpus}\n{quota:?}\n{steps:?}"))
    }
}

/// The name of the first processor in `/proc/cpuinfo`. On arm64 there is none, but for the numbers of
/// its maker and its part.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    let value = |name: &str| {
        cpuinfo.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            (key.trim() == name && !value.trim().is_empty()).then(|| value.trim())
        })
    };
    let parts = || {
        let (implementer, part) = (value("CPU implementer")?, value("CPU part")?);
        Some(format!("{ARCH} {implementer} {part}"))
    };
    let named = value("model name").or_else(|| value("Hardware"));
    named.map(str::to_owned).or_else(parts)
}

/// CPUs that this process, and so its children, may really use: the affinity mask and the cgroup's
/// quota, rounded down (one thread more than the quota makes every other one wait for it), at least
/// 1. llama.cpp's own default knows neither of the two.
#[must_use]
pub fn usable_cpus() -> NonZeroU32 {
    // std reads sched_getaffinity and the quotas of cgroup v1 and v2; where it cannot tell, one
    // thread is the number that is wrong for nobody.
    available_parallelism()
        .ok()
        .and_then(|cpus| NonZeroU32::try_from(cpus).ok())
        .unwrap_or(NonZeroU32::MIN)
}

/// Memory that this process and its children may take, in bytes: the machine's, or less where a control
/// group allows less. `None` where the system does not tell.
#[must_use]
pub fn usable_memory() -> Option<u64> {
    let machine = memory::Memory::now().total_bytes;
    let group = cgroup::Cgroup::of_this_process().memory_limit_bytes;
    machine.into_iter().chain(group).min()
}

/// Cores of the machine, each counted once however many threads it runs, whatever the affinity mask and
/// the quota allow; `None` where the system does not tell. It is what llama.cpp takes for its threads where
/// it is told nothing (`common_cpu_get_num_physical_cores` of b11434, which reads the same files).
#[must_use]
pub fn physical_cores() -> Option<NonZeroU32> {
    let siblings = |cpu: u32| {
        let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings");
        fs::read_to_string(path).ok()
    };
    let cores: BTreeSet<String> = (0..).map_while(siblings).collect();
    u32::try_from(cores.len()).ok().and_then(NonZeroU32::new)
}

/// The time of day, in milliseconds since 1970-01-01 UTC; 0 where the clock is set to before that. It may
/// jump: nothing is measured with it.
#[must_use]
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_one_fingerprint() {
        let host = Host::detect();
        assert!(!host.cpu_model.is_empty() && host.cpus > 0, "{host:?}");
        assert_eq!(host.fingerprint(), Host::detect().fingerprint());
    }

    #[test]
    fn cores_are_no_more_than_cpus() {
        if let Some(cores) = physical_cores() {
            let listed = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
            let cpus = listed.lines().filter(|line| line.starts_with("processor"));
            assert!(cores.get() as usize <= cpus.count().max(1), "{cores}");
        }
    }

    #[test]
    fn whatever_makes_a_machine_slower_changes_its_fingerprint() {
        let host = Host {
            cpu_model: "AMD EPYC".to_owned(),
            cpus: 2,
            cpu_quota: None,
            memory_bytes: Some(8 << 30),
        };
        // Fixed: what was stored under it has to be found again.
        assert_eq!(host.fingerprint(), "bf034c6ddc0ece7f");
        let other_kernel = Host {
            memory_bytes: Some((8 << 30) - (5 << 20)),
            ..host.clone()
        };
        assert_eq!(other_kernel.fingerprint(), host.fingerprint());
        let throttled = Host {
            cpu_quota: Some(0.5),
            ..host.clone()
        };
        let fewer = Host {
            cpus: 1,
            ..host.clone()
        };
        for slower in [throttled, fewer] {
            assert_ne!(slower.fingerprint(), host.fingerprint());
        }
    }

    #[test]
    fn reads_what_the_kernel_writes() {
        let x86 = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n";
        assert_eq!(cpu_model(x86).as_deref(), Some("AMD EPYC"));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";
        assert_eq!(
            cpu_model(arm).as_deref(),
            Some(format!("{ARCH} 0x41 0xd0c").as_str())
        );
        assert_eq!(cpu_model("model name :\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn an_affinity_mask_is_respected() {
        use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
        let before = sched_getaffinity(None).expect("the mask of this thread");
        let first = (0..CpuSet::MAX_CPU)
            .find(|&cpu| before.is_set(cpu))
            .expect("at least one CPU");
        let mut one = CpuSet::new();
        one.set(first);
        sched_setaffinity(None, &one).expect("a narrower mask is always allowed");
        assert_eq!(usable_cpus().get(), 1);
        sched_setaffinity(None, &before).expect("back to the old mask");
    }
}
