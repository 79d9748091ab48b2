//! What `/proc` lets us see of a child: by that a hang is told from slow work.

use std::fs;
use std::path::Path;

/// Which of a process's files can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// `stat`: state, CPU time, page faults.
    pub stat: bool,
    /// `io`: bytes read.
    pub io: bool,
    /// `wchan`: what in the kernel it waits for. A kernel that hides it writes a 0, which counts as read.
    pub wchan: bool,
    /// `syscall`: which call it waits in, such as a read of its standard input.
    pub syscall: bool,
}

impl Sight {
    /// Looks at a process. The files have content at every moment of its life.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let dir = Path::new("/proc").join(pid.to_string());
        let can_read = |name| fs::read(dir.join(name)).is_ok();
        Self {
            stat: can_read("stat"),
            io: can_read("io"),
            wchan: can_read("wchan"),
            syscall: can_read("syscall"),
        }
    }
}

/// How `/proc` is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proc {
    /// Whether it is there at all.
    pub is_mounted: bool,
    /// The mount option `hidepid`, unless processes are shown to everybody.
    pub hidepid: Option<String>,
    /// `kernel.yama.ptrace_scope`: from 2 on `syscall` of a child is for root alone.
    pub ptrace_scope: Option<u32>,
}

impl Proc {
    /// That of this process's namespace.
    #[must_use]
    pub fn detect() -> Self {
        let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok();
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        Self {
            is_mounted: Path::new("/proc/self/stat").exists(),
            hidepid: hidepid(&mounts),
            ptrace_scope: scope.and_then(|scope| scope.trim().parse().ok()),
        }
    }
}

/// The option of the mount that is seen: the last one at that place.
fn hidepid(mounts: &str) -> Option<String> {
    let mut found = None;
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        if words.next() == Some("/proc") {
            let options = words.nth(1).unwrap_or_default();
            let option = options
                .split(',')
                .find_map(|one| one.strip_prefix("hidepid="));
            found = option
                .filter(|&value| value != "0" && value != "off")
                .map(str::to_owned);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_mount_counts() {
        let mounts = "proc /proc proc rw,hidepid=2,gid=4 0 0\nsysfs /sys sysfs rw 0 0\n";
        assert_eq!(hidepid(mounts).as_deref(), Some("2"));
        assert_eq!(hidepid(&format!("{mounts}proc /proc proc rw 0 0\n")), None);
        for none in ["", "proc /proc\n", "proc /proc proc rw,hidepid=0 0 0\n"] {
            assert_eq!(hidepid(none), None, "{none}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn we_can_be_seen_and_nobody_cannot() {
        assert!(Sight::of(std::process::id()).stat);
        assert!(!Sight::of(u32::MAX).stat);
    }
}
