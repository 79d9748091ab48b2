//! How many CPUs the control groups of this process allow, by their quotas.
//!
//! `std::thread::available_parallelism` knows the quota too, and rounds it: half a CPU and a whole one
//! are the same to it, and not to a model.

use std::fs;

use super::cgroup::directories;

/// The smallest quota of this process's groups and those above them, in CPUs.
pub(super) fn of_this_process() -> Option<f64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let quotas = directories(&groups, "cpu").into_iter().filter_map(|dir| {
        let read = |name: &str| fs::read_to_string(dir.join(name)).ok();
        let unified = || version_2(&read("cpu.max")?);
        let older = || version_1(&read("cpu.cfs_quota_us")?, &read("cpu.cfs_period_us")?);
        unified().or_else(older)
    });
    quotas.min_by(f64::total_cmp)
}

/// `cpu.max` in CPUs: quota and period, or `max`.
fn version_2(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    version_1(quota, period)
}

/// `cpu.cfs_quota_us` and `cpu.cfs_period_us` in CPUs; a quota of -1 is none.
fn version_1(quota: &str, period: &str) -> Option<f64> {
    let quota = quota.trim().parse::<u32>().ok()?;
    let period = period.trim().parse::<u32>().ok()?;
    (quota > 0 && period > 0).then(|| f64::from(quota) / f64::from(period))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_read_in_cpus() {
        assert_eq!(version_2("150000 100000\n"), Some(1.5));
        assert_eq!(version_2("max 100000\n"), None);
        assert_eq!(version_1("5000\n", "100000\n"), Some(0.05));
        assert_eq!(version_1("-1\n", "100000\n"), None);
        for strange in ["", "0 0", "1", "x y", "99999999999 1"] {
            assert_eq!(version_2(strange), None, "{strange}");
        }
    }
}
