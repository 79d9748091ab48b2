//! What the files below `/proc` and a cgroup's `cpu.stat` say, read from their text: proc(5) and the
//! kernel's `cgroup-v2.rst`. Pure, and no text makes it fail: what is not understood is `None`.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The kernel's clock ticks per second in what it tells programs (`USER_HZ`, proc(5)): 100 on every
/// architecture that llama.cpp is built for, whatever the timer's own frequency is.
const TICKS_PER_SECOND: u64 = 100;

/// What a process or thread is doing, by the letter in `/proc/PID/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// `R`: on a CPU, or waiting for one.
    Running,
    /// `S`: waits for an event; a signal wakes it.
    Sleeping,
    /// `D`: waits for the disk, or is frozen; not even SIGKILL wakes it.
    Uninterruptible,
    /// `T`: stopped by SIGSTOP or Ctrl-Z.
    Stopped,
    /// `t`: held by a debugger.
    Traced,
    /// `Z`: has ended and is not reaped.
    Zombie,
    /// `X`: on its way out of the table.
    Dead,
    /// Any other letter, such as `I`, an idle kernel thread.
    Other(char),
}

impl State {
    /// Reads the letter.
    #[must_use]
    pub fn from_letter(letter: char) -> Self {
        match letter {
            'R' => Self::Running,
            'S' => Self::Sleeping,
            'D' => Self::Uninterruptible,
            'T' => Self::Stopped,
            't' => Self::Traced,
            'Z' => Self::Zombie,
            'X' | 'x' => Self::Dead,
            other => Self::Other(other),
        }
    }

    /// The letter that `ps` shows for it.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Running => 'R',
            Self::Sleeping => 'S',
            Self::Uninterruptible => 'D',
            Self::Stopped => 'T',
            Self::Traced => 't',
            Self::Zombie => 'Z',
            Self::Dead => 'X',
            Self::Other(letter) => letter,
        }
    }
}

/// A line of `/proc/PID/stat`, or of a thread's, as far as it is of use here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// The process's number, or the thread's.
    pub pid: u32,
    /// The name of its command, at most 15 bytes; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// What it is doing.
    pub state: State,
    /// Its parent's number; 0 for who has none in this namespace.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// Page faults that had to read from a disk.
    pub major_faults: u64,
    /// The same, of the children that it has reaped.
    pub reaped_major_faults: u64,
    /// CPU time, user and system together, in steps of 10 ms.
    pub cpu: Duration,
    /// The same, of the children that it has reaped.
    pub reaped_cpu: Duration,
    /// How many threads it has.
    pub threads: u64,
    /// When it was started, in clock ticks since the boot: with the number it names one process.
    pub start_ticks: u64,
}

impl Stat {
    /// Reads the line. The name stands in parentheses and may itself hold parentheses, spaces and
    /// newlines, so that the fields begin after the *last* closing one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (pid, rest) = text.split_once(" (")?;
        let (name, fields) = rest.rsplit_once(") ")?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        // Numbers of fields as in proc(5), where the first one after the name is the third.
        let field = |number: usize| fields.get(number - 3).copied();
        let number = |at: usize| field(at)?.parse::<u64>().ok();
        let ticks = |a: usize, b: usize| Some(duration(number(a)?.saturating_add(number(b)?)));
        Some(Self {
            pid: pid.trim().parse().ok()?,
            name: name.to_owned(),
            state: State::from_letter(field(3)?.chars().next()?),
            parent: field(4)?.parse().ok()?,
            // Both are -1 for a process that is being released.
            group: field(5)?.parse().unwrap_or(0),
            session: field(6)?.parse().unwrap_or(0),
            major_faults: number(12)?,
            reaped_major_faults: number(13)?,
            cpu: ticks(14, 15)?,
            reaped_cpu: ticks(16, 17)?,
            threads: number(20)?,
            start_ticks: number(22)?,
        })
    }

    /// Whether nothing of it runs any more. A main thread that has ended before the others is shown
    /// as a zombie too, but its process lives.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Zombie | State::Dead) && self.threads <= 1
    }
}

fn duration(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_SECOND))
}

/// What a process has read and written: `/proc/PID/io`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Io {
    /// Bytes that its reads returned, from wherever they came. Mapped files do not count.
    pub read_by_calls: u64,
    /// Bytes that it handed to writes.
    pub written_by_calls: u64,
    /// Bytes that were fetched from storage for it, mapped files included.
    pub read_bytes: u64,
    /// Bytes that are to go to storage because of it.
    pub write_bytes: u64,
}

impl Io {
    /// Reads the file.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self {
            read_by_calls: keyed(text, "rchar:")?,
            written_by_calls: keyed(text, "wchar:")?,
            read_bytes: keyed(text, "read_bytes:")?,
            write_bytes: keyed(text, "write_bytes:")?,
        })
    }
}

/// A process's memory in bytes, from `/proc/PID/status`: what is resident, and the most that ever was.
#[must_use]
pub fn resident_and_peak(status: &str) -> (Option<u64>, Option<u64>) {
    // The unit is always kB, and means 1024 bytes.
    let bytes = |key| keyed(status, key).and_then(|kib| kib.checked_mul(1024));
    (bytes("VmRSS:"), bytes("VmHWM:"))
}

/// The number after a key at the beginning of a line.
fn keyed(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// What `/proc/PID/syscall` says of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syscall {
    /// It runs, so that nothing is known.
    Running,
    /// It is blocked, but in no system call: a page fault.
    Outside,
    /// It is blocked in this one.
    Blocked {
        /// The call's number, which depends on the architecture.
        number: i64,
        /// Its first argument, for many calls a file descriptor.
        first_argument: u64,
    },
}

impl Syscall {
    /// Reads the file.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let number = match words.next()? {
            "running" => return Some(Self::Running),
            word => word.parse().ok()?,
        };
        if number < 0 {
            return Some(Self::Outside);
        }
        let first_argument = words.next()?.strip_prefix("0x")?;
        Some(Self::Blocked {
            number,
            first_argument: u64::from_str_radix(first_argument, 16).ok()?,
        })
    }

    /// Whether it waits in the call `number`, made on standard input.
    #[must_use]
    pub fn is_on_stdin(self, number: impl Into<i64>) -> bool {
        self == Self::Blocked {
            number: number.into(),
            first_argument: 0,
        }
    }
}

/// Where in the kernel a thread sleeps, from `/proc/PID/wchan`; `None` where it does not, or where the
/// kernel keeps it for itself, both of which it writes as `0`.
#[must_use]
pub fn wait_channel(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|name| !matches!(*name, "" | "0"))
}

/// Whether a wait channel is that of an empty pipe: `anon_pipe_read` since Linux 6.14, `pipe_read` since
/// 5.5, and before that one for both directions.
#[must_use]
pub fn waits_to_read_a_pipe(channel: &str) -> bool {
    matches!(channel, "anon_pipe_read" | "pipe_read")
}

/// Whether a wait channel is that of a full pipe; see [`waits_to_read_a_pipe`].
#[must_use]
pub fn waits_to_write_a_pipe(channel: &str) -> bool {
    matches!(channel, "anon_pipe_write" | "pipe_write")
}

/// The numbers in `/proc/PID/task/TID/children`.
pub fn numbers(text: &str) -> impl Iterator<Item = u32> {
    text.split_ascii_whitespace()
        .filter_map(|word| word.parse().ok())
}

/// What a CPU quota has cost a cgroup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Throttling {
    /// In how many of its periods it was stopped.
    pub times: u64,
    /// For how long in all, summed over its CPUs.
    pub total: Duration,
}

impl Throttling {
    /// Reads a `cpu.stat`, of cgroup v2 (microseconds) or v1 (nanoseconds). `None` where the group has
    /// no CPU controller.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let total = keyed(text, "throttled_usec ")
            .map(Duration::from_micros)
            .or_else(|| keyed(text, "throttled_time ").map(Duration::from_nanos));
        Some(Self {
            times: keyed(text, "nr_throttled ")?,
            total: total?,
        })
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            times: self.times.saturating_add(other.times),
            total: self.total.saturating_add(other.total),
        }
    }
}

/// The folders of the cgroups whose CPU quotas hold for a process, from its `/proc/PID/cgroup` and its
/// `/proc/PID/mountinfo`: its own one first, then those above it, as a quota anywhere on the way slows it
/// down. Both hierarchies of a hybrid system are in there. What is not mounted is not.
#[must_use]
pub fn cpu_cgroups(cgroup: &str, mountinfo: &str) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for mount in mountinfo.lines().filter_map(Mount::parse) {
        let path = cgroup.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            let is_meant = match mount.version {
                2 => number == "0" && controllers.is_empty(),
                _ => controllers.split(',').any(|name| name == "cpu"),
            };
            is_meant.then_some(path)
        });
        if let Some(below) = path.and_then(|path| mount.inside(path)) {
            let own = mount.point.join(below);
            let up = own
                .ancestors()
                .take_while(|path| path.starts_with(&mount.point));
            folders.extend(up.map(Path::to_owned));
        }
    }
    folders
}

/// A line of mountinfo that mounts cgroups which may have a CPU quota.
struct Mount {
    version: u8,
    root: PathBuf,
    point: PathBuf,
}

impl Mount {
    fn parse(line: &str) -> Option<Self> {
        let (left, right) = line.split_once(" - ")?;
        let mut right = right.split(' ');
        let (kind, options) = (right.next()?, right.nth(1)?);
        let version = match kind {
            "cgroup2" => 2,
            "cgroup" if options.split(',').any(|option| option == "cpu") => 1,
            _ => return None,
        };
        let mut left = left.split(' ').skip(3);
        Some(Self {
            version,
            root: unescaped(left.next()?).into(),
            point: unescaped(left.next()?).into(),
        })
    }

    /// The path below the mount point; `None` where the cgroup lies outside of what is mounted.
    fn inside(&self, cgroup: &str) -> Option<PathBuf> {
        let below = Path::new(cgroup).strip_prefix(&self.root).ok()?;
        // A cgroup above the namespace's root is shown with `..`.
        let is_plain = !below.iter().any(|part| part == "..");
        is_plain.then(|| below.to_owned())
    }
}

/// A path of mountinfo, where space, tab, newline and backslash are written as three octal digits.
fn unescaped(path: &str) -> String {
    let mut parts = path.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok())
            .filter(u8::is_ascii);
        match code {
            Some(code) => {
                text.push(char::from(code));
                text.push_str(&part[3..]);
            }
            None => {
                text.push('\\');
                text.push_str(part);
            }
        }
    }
    text
}
