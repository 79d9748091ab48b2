//! What this machine is, as far as a child of ours is concerned.

use std::num::NonZeroU32;
use std::thread::available_parallelism;

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

#[cfg(test)]
mod tests {
    use super::*;

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
