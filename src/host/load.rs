//! What else goes on, on this machine: time that the hypervisor took away, tasks that waited for memory, and
//! periods in which the cgroup's quota held everything up. All are counters since the start of the machine:
//! two looks tell what happened between them.

use std::fs;
use std::time::Duration;

use super::cgroup::directories;

/// Counters at one moment; `None` is what this kernel does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Time that all CPUs together were ready to run and the hypervisor ran somebody else.
    pub stolen: Option<Duration>,
    /// Time in which at least one task waited for memory to be freed or read back.
    pub memory_pressure: Option<Duration>,
    /// Time in which the quota of CPU time of this process's cgroup, or of one above it, held tasks up.
    pub throttled: Option<Duration>,
}

/// `/proc/stat` counts in these: 100 to the second on every Linux that there is (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

impl Load {
    /// A look at this machine; some 50 µs.
    #[must_use]
    pub fn now() -> Self {
        let read = |path: &str| fs::read_to_string(path).ok();
        let groups = read("/proc/self/cgroup").unwrap_or_default();
        let throttled = directories(&groups, "cpu").into_iter().filter_map(|dir| {
            let text = fs::read_to_string(dir.join("cpu.stat")).ok()?;
            throttled(&text)
        });
        Self {
            stolen: read("/proc/stat").and_then(|text| stolen(&text)),
            memory_pressure: read("/proc/pressure/memory").and_then(|text| pressure(&text)),
            throttled: throttled.max(),
        }
    }

    /// What happened since an earlier look.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let more = |now: Option<Duration>, then: Option<Duration>| Some(now?.saturating_sub(then?));
        Self {
            stolen: more(self.stolen, before.stolen),
            memory_pressure: more(self.memory_pressure, before.memory_pressure),
            throttled: more(self.throttled, before.throttled),
        }
    }
}

/// The eighth number of the line of all CPUs (`man 5 proc_stat`).
fn stolen(stat: &str) -> Option<Duration> {
    let all = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let ticks: u32 = all.split_whitespace().nth(7)?.parse().ok()?;
    Some(TICK.saturating_mul(ticks))
}

/// The total of the line `some`, in microseconds (the kernel's `accounting/psi.rst`).
fn pressure(text: &str) -> Option<Duration> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let total = some
        .split_whitespace()
        .find_map(|word| word.strip_prefix("total="))?;
    total.parse().ok().map(Duration::from_micros)
}

/// `throttled_usec` of version 2 of cgroups, `throttled_time` (in nanoseconds) of version 1.
fn throttled(text: &str) -> Option<Duration> {
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = lines.find(|(key, _)| *key == name)?;
        value.trim().parse::<u64>().ok()
    };
    let new = value("throttled_usec").map(Duration::from_micros);
    new.or_else(|| value("throttled_time").map(Duration::from_nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_as_the_kernel_writes_them() {
        let stat = "cpu  10 20 30 40 50 60 70 250 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n";
        assert_eq!(stolen(stat), Some(Duration::from_millis(2500)));
        let psi = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\nfull avg10=0.00 total=9\n";
        assert_eq!(pressure(psi), Some(Duration::from_micros(1234)));
        let v2 = "usage_usec 5\nnr_periods 3\nnr_throttled 1\nthrottled_usec 77\n";
        assert_eq!(throttled(v2), Some(Duration::from_micros(77)));
        assert_eq!(
            throttled("throttled_time 5000\n"),
            Some(Duration::from_micros(5))
        );
    }

    #[test]
    fn what_is_not_counted_is_no_zero() {
        assert_eq!(stolen("cpu  1 2 3\n"), None, "a kernel before 2.6.11");
        assert_eq!(pressure(""), None);
        assert_eq!(throttled("usage_usec 5\n"), None, "the root of all cgroups");
        let quiet = Load::default();
        assert_eq!(Load::now().since(quiet), quiet);
    }
}
