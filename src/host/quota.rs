//! How many CPUs the control groups of this process allow, by their quotas.
//!
//! `std::thread::available_parallelism` knows the quota too, and rounds it: half a CPU and a whole one
//! are the same to it, and not to a model.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the unified hierarchy is mounted; on a hybrid system, the second.
const UNIFIED: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// Where the hierarchies of version 1 are mounted.
const VERSION_1: &str = "/sys/fs/cgroup";

/// The smallest quota of this process's groups and those above them, in CPUs.
pub(super) fn of_this_process() -> Option<f64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let quotas = directories(&groups).into_iter().filter_map(|dir| {
        let read = |name: &str| fs::read_to_string(dir.join(name)).ok();
        let unified = || version_2(&read("cpu.max")?);
        let older = || version_1(&read("cpu.cfs_quota_us")?, &read("cpu.cfs_period_us")?);
        unified().or_else(older)
    });
    quotas.min_by(f64::total_cmp)
}

/// The directories of the groups in `/proc/self/cgroup` that may limit CPU time, and of those above.
fn directories(groups: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else {
            continue;
        };
        let path = path.trim_start_matches('/');
        // One that is above the root of our namespace cannot be looked at.
        if path.split('/').any(|part| part == "..") {
            continue;
        }
        let mounts: Vec<PathBuf> = if controllers.is_empty() {
            UNIFIED.iter().map(PathBuf::from).collect()
        } else if controllers.split(',').any(|name| name == "cpu") {
            vec![Path::new(VERSION_1).join(controllers)]
        } else {
            continue;
        };
        for mount in mounts {
            let group = mount.join(path);
            let above = group.ancestors().take_while(|dir| dir.starts_with(&mount));
            found.extend(above.map(Path::to_owned));
        }
    }
    found
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

    #[test]
    fn every_group_above_counts_and_no_other_controller() {
        let groups =
            "9:name=systemd:/\n4:memory:/a\n2:cpu,cpuacct:/b/c\n0::/u\n1:cpu:/../x\nno line";
        let expected = [
            "/sys/fs/cgroup/cpu,cpuacct/b/c",
            "/sys/fs/cgroup/cpu,cpuacct/b",
            "/sys/fs/cgroup/cpu,cpuacct",
            "/sys/fs/cgroup/u",
            "/sys/fs/cgroup",
            "/sys/fs/cgroup/unified/u",
            "/sys/fs/cgroup/unified",
        ];
        assert_eq!(directories(groups), expected.map(PathBuf::from));
    }
}
