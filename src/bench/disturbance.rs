//! Whether something on the machine has disturbed a trial. It is decided without a look at its figures: who
//! drops what does not please finds what they like.

use std::time::Duration;

use crate::host::load::Load;
use crate::units::duration::short;

/// Shares of a trial's time from which on it counts as disturbed. A hypervisor takes some thousandths away on
/// a quiet host, and a memory that is not short is never waited for; 2 % is the smallest effect that is
/// ever reported.
const MOST: f64 = 0.02;
/// Page faults from a disk after the warm-up. A few belong to files that are read at a start and again at the
/// end; pages of a model come back by the hundred, 16 to a fault.
const MOST_FAULTS: u64 = 64;

/// What has disturbed a trial that took so long, on so many CPUs, in words; `faults` are those of its process.
pub(super) fn disturbed(happened: Load, faults: u64, took: Duration, cpus: u32) -> Option<String> {
    let beyond = |time: Option<Duration>, of: Duration| {
        time.filter(|time| time.as_secs_f64() > MOST * of.as_secs_f64())
    };
    let all_cpus = took.saturating_mul(cpus.max(1));
    if let Some(time) = beyond(happened.stolen, all_cpus) {
        return Some(format!(
            "the hypervisor took {} of CPU time away",
            short(time)
        ));
    }
    if let Some(time) = beyond(happened.throttled, took) {
        return Some(format!("the cgroup's quota held it up for {}", short(time)));
    }
    if let Some(time) = beyond(happened.memory_pressure, took) {
        return Some(format!("tasks waited {} for memory", short(time)));
    }
    (faults > MOST_FAULTS).then(|| format!("{faults} pages had to be read from the disk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_trial_is_kept_and_a_disturbed_one_is_told_with_its_cause() {
        let took = Duration::from_secs(10);
        let of = |load, faults| disturbed(load, faults, took, 2);
        let ms = |ms| Some(Duration::from_millis(ms));
        let load = |stolen, memory_pressure, throttled| Load {
            stolen,
            memory_pressure,
            throttled,
        };
        assert_eq!(of(Load::default(), 0), None, "nothing is counted here");
        assert_eq!(of(load(ms(390), ms(190), ms(190)), 64), None);
        let told = |load, faults, word| {
            let why = of(load, faults).expect(word);
            assert!(why.contains(word), "{why}");
        };
        told(load(ms(410), None, None), 0, "hypervisor took 410 ms");
        told(load(None, ms(210), None), 0, "for memory");
        told(load(None, None, ms(210)), 0, "quota");
        told(Load::default(), 65, "65 pages");
    }
}
