//! Control groups of a case: a CPU quota, a limit of memory, a freezer.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{fs, process, thread};

/// The period of a quota in microseconds: the kernel's default.
const PERIOD_US: u32 = 100_000;
/// How long a group may be in use still when its case is over: what was in it leaves a moment after it was
/// killed.
const LAST_LOOKS: u32 = 100;
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A control group below the root, of version 1 or 2, that is removed at the end.
pub(crate) struct Cgroup {
    dir: PathBuf,
    version: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

impl Cgroup {
    /// At most so many percent of one CPU.
    pub(crate) fn with_quota(percent: u32) -> Result<Self, String> {
        let quota = PERIOD_US * percent / 100;
        let group = Self::make("cpu")?;
        match group.version {
            Version::V1 => {
                group.set("cpu.cfs_period_us", &PERIOD_US.to_string())?;
                group.set("cpu.cfs_quota_us", &quota.to_string())?;
            }
            Version::V2 => group.set("cpu.max", &format!("{quota} {PERIOD_US}"))?,
        }
        Ok(group)
    }

    /// From now on as much CPU as there is.
    pub(crate) fn lift_quota(&self) {
        let lifted = match self.version {
            Version::V1 => self.set("cpu.cfs_quota_us", "-1"),
            Version::V2 => self.set("cpu.max", "max"),
        };
        lifted.expect("a quota can be lifted");
    }

    /// At most so many bytes of memory; whoever needs more meets the OOM killer.
    pub(crate) fn with_memory(bytes: u64) -> Result<Self, String> {
        let group = Self::make("memory")?;
        let file = match group.version {
            Version::V1 => "memory.limit_in_bytes",
            Version::V2 => "memory.max",
        };
        group.set(file, &bytes.to_string())?;
        Ok(group)
    }

    /// A freezer. Only that of version 1 holds against SIGKILL.
    pub(crate) fn freezer() -> Result<Self, String> {
        let group = Self::make("freezer")?;
        match group.version {
            Version::V1 => Ok(group),
            Version::V2 => Err("a freezer of cgroup version 2 lets SIGKILL through".to_owned()),
        }
    }

    /// Stops all that is in this freezer where it is.
    pub(crate) fn freeze(&self) {
        self.set("freezer.state", "FROZEN").expect("it freezes");
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        self.set("freezer.state", "THAWED").expect("it thaws");
    }

    /// Moves a process in, with all of its threads.
    pub(crate) fn take(&self, pid: u32) {
        let moved = self.set("cgroup.procs", &pid.to_string());
        moved.expect("a process can be moved");
    }

    /// The file that a process joins by writing its number.
    pub(crate) fn door(&self) -> PathBuf {
        self.dir.join("cgroup.procs")
    }

    fn make(controller: &str) -> Result<Self, String> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let (root, version) = root(controller)?;
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let dir = root.join(format!("orchestrate-faults-{}-{number}", process::id()));
        fs::create_dir(&dir).map_err(|error| {
            format!(
                "no cgroup can be made in {}: {error} (root is needed)",
                root.display()
            )
        })?;
        Ok(Self { dir, version })
    }

    fn set(&self, file: &str, value: &str) -> Result<(), String> {
        let path = self.dir.join(file);
        fs::write(&path, value).map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // What is frozen could not die.
        let _ = self.set("freezer.state", "THAWED");
        for _ in 0..LAST_LOOKS {
            if fs::remove_dir(&self.dir).is_ok() {
                return;
            }
            // A group is only removed when nobody is in it. Its members are not moved out: each move holds up
            // all forks and exits of the machine.
            #[expect(
                clippy::disallowed_methods,
                reason = "a guard cannot wait asynchronously, and its case is over"
            )]
            thread::sleep(LOOK_EVERY);
        }
        eprintln!("warning: {} is left", self.dir.display());
    }
}

/// Where groups with this controller are made. A machine may have version 1 for some, version 2 for others.
fn root(controller: &str) -> Result<(PathBuf, Version), String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|error| error.to_string())?;
    // … MOUNTPOINT OPTIONS - TYPE SOURCE SUPEROPTIONS (proc_pid_mountinfo(5))
    let mut second = None;
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else {
            continue;
        };
        let point = before.split(' ').nth(4).unwrap_or_default();
        let mut after = after.split(' ');
        let kind = after.next().unwrap_or_default();
        let options = after.nth(1).unwrap_or_default();
        match kind {
            "cgroup" if options.split(',').any(|option| option == controller) => {
                return Ok((point.into(), Version::V1));
            }
            "cgroup2" => second = Some(PathBuf::from(point)),
            _ => {}
        }
    }
    let second = second.ok_or("no cgroup file system is mounted")?;
    enable(&second, controller)?;
    Ok((second, Version::V2))
}

/// Lets groups below the root of version 2 have this controller. Its freezer needs none.
fn enable(root: &Path, controller: &str) -> Result<(), String> {
    if controller == "freezer" {
        return Ok(());
    }
    fs::write(
        root.join("cgroup.subtree_control"),
        format!("+{controller}"),
    )
    .map_err(|error| format!("this system offers no cgroup controller \"{controller}\": {error}"))
}
