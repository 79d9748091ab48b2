//! The control groups of this process: which version there is, and how much memory they allow.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the unified hierarchy is mounted; on a hybrid system, the second.
const UNIFIED: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
/// Where the hierarchies of version 1 are mounted.
const VERSION_1: &str = "/sys/fs/cgroup";

/// Version 1 writes the largest number of whole pages where there is no limit; nothing has half as much.
const NO_LIMIT: u64 = 1 << 62;

/// Which version of control groups rules this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The older one alone.
    V1,
    /// The older one for the controllers, and an empty unified hierarchy beside it.
    Hybrid,
    /// The unified one.
    V2,
}

/// The control groups of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cgroup {
    /// Their version; `None` where there are none, or none can be seen.
    pub version: Option<Version>,
    /// The smallest limit on memory of these groups and those above, in bytes.
    pub memory_limit_bytes: Option<u64>,
    /// What the group with that limit uses now, page cache included, in bytes.
    pub memory_used_bytes: Option<u64>,
}

impl Cgroup {
    /// Those of this process. What cannot be read is left out.
    #[must_use]
    pub fn of_this_process() -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let number = |path: PathBuf| amount(&fs::read_to_string(path).ok()?);
        let limits = directories(&groups, "memory")
            .into_iter()
            .filter_map(|dir| {
                let limit = number(dir.join("memory.max"))
                    .or_else(|| number(dir.join("memory.limit_in_bytes")))?;
                Some((limit, dir))
            });
        let smallest = limits.min();
        let used = smallest.as_ref().and_then(|(_, dir)| {
            number(dir.join("memory.current")).or_else(|| number(dir.join("memory.usage_in_bytes")))
        });
        Self {
            version: version(&groups),
            memory_limit_bytes: smallest.map(|(limit, _)| limit),
            memory_used_bytes: used,
        }
    }
}

/// The version, by `/proc/self/cgroup`: a line `0::` is the unified hierarchy, any other one of version 1.
fn version(groups: &str) -> Option<Version> {
    let lines = || groups.lines().filter(|line| line.matches(':').count() >= 2);
    let unified = lines().any(|line| line.starts_with("0::"));
    let older = lines().any(|line| !line.starts_with("0::"));
    match (older, unified) {
        (true, true) => Some(Version::Hybrid),
        (true, false) => Some(Version::V1),
        (false, true) => Some(Version::V2),
        (false, false) => None,
    }
}

/// A number of bytes; `None` of `max`, and of what stands for no limit.
fn amount(text: &str) -> Option<u64> {
    let bytes = text.trim().parse().ok()?;
    (bytes < NO_LIMIT).then_some(bytes)
}

/// The directories of the groups in `/proc/self/cgroup` that a controller may limit (`cpu`, `memory`), and
/// of those above.
pub(super) fn directories(groups: &str, controller: &str) -> Vec<PathBuf> {
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
        } else if controllers.split(',').any(|name| name == controller) {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(directories(groups, "cpu"), expected.map(PathBuf::from));
    }

    #[test]
    fn versions_and_limits_are_read() {
        assert_eq!(version("0::/user.slice\n"), Some(Version::V2));
        assert_eq!(version("4:memory:/a\n0::/\n"), Some(Version::Hybrid));
        assert_eq!(version("4:memory:/a\n"), Some(Version::V1));
        assert_eq!(version("strange\n"), None);
        assert_eq!(amount("1048576\n"), Some(1 << 20));
        for none in ["max\n", "9223372036854771712\n", "", "-1"] {
            assert_eq!(amount(none), None, "{none}");
        }
    }
}
