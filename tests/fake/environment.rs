//! What a supervised program must find when it starts, looked at from inside.
//!
//! That SIGPIPE is not ignored cannot be seen here, as Rust ignores it before `main`; a shell can
//! (`tests/run/environment.rs`).

use std::fs;
use std::os::unix::fs::FileTypeExt;

/// The exit code of a program that finds something else: no case of any test expects it.
pub(super) const WRONG: i32 = 99;
/// What it says first; `tests/common` looks for it in the standard error of every run.
const COMPLAINT: &str = "fake-llama: its environment is wrong:";

/// SIGHUP, SIGINT, SIGQUIT, SIGPIPE and SIGTERM as bits of a mask of signals (proc(5)).
const POLITE: u64 = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 12 | 1 << 14;
/// The one of these that Rust itself ignores.
const PIPE: u64 = 1 << 12;

/// Ends the process if something is wrong with its environment. To be called before anything is opened.
pub(super) fn check(probed: bool) {
    let wrong: Vec<_> = [group(), signals(), input(probed), descriptors()]
        .into_iter()
        .flatten()
        .collect();
    if !wrong.is_empty() {
        eprintln!("{COMPLAINT} {}", wrong.join("; "));
        std::process::exit(WRONG);
    }
}

fn group() -> Option<String> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The number, the name in parentheses, the state, the parent, the group.
    let group = stat.rsplit_once(") ")?.1.split(' ').nth(2)?.to_owned();
    let own = std::process::id().to_string();
    (own != group).then(|| format!("process {own} is in the group {group}"))
}

/// What the test itself ignores, as it was told to by `nohup`, is in `FAKE_IGNORED`.
fn signals() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let mask = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        u64::from_str_radix(line.trim(), 16).ok()
    };
    let known = std::env::var("FAKE_IGNORED").unwrap_or_default();
    let known = u64::from_str_radix(&known, 16).unwrap_or(0);
    let ignored = mask("SigIgn:")? & POLITE & !PIPE & !known;
    let blocked = mask("SigBlk:")? & POLITE;
    (ignored | blocked != 0)
        .then(|| format!("signals {ignored:x} are ignored, and {blocked:x} are blocked"))
}

/// A supervised program has a pipe, one that is asked what it can do has nothing to read.
fn input(probed: bool) -> Option<String> {
    let kind = fs::metadata("/proc/self/fd/0").ok()?.file_type();
    let right = if probed {
        kind.is_char_device()
    } else {
        kind.is_fifo()
    };
    (!right).then(|| format!("standard input is {kind:?}"))
}

/// What the test itself was given by whoever started it, and so everybody it starts, is in
/// `FAKE_INHERITED`. Without that nothing can be said.
fn descriptors() -> Option<String> {
    let known = std::env::var("FAKE_INHERITED").ok()?;
    let known: Vec<_> = known.split(',').chain(["0", "1", "2"]).collect();
    // The directory itself is open while it is read.
    let own = format!("/proc/{}/fd", std::process::id());
    let open = fs::read_dir("/proc/self/fd").ok()?.flatten();
    let extra: Vec<_> = open
        .filter(|entry| !known.iter().any(|known| entry.file_name() == *known))
        .filter_map(|entry| Some((entry.file_name(), fs::read_link(entry.path()).ok()?)))
        .filter(|(_, target)| target.as_os_str() != own.as_str())
        .map(|(number, target)| format!("{} is {}", number.display(), target.display()))
        .collect();
    (!extra.is_empty()).then(|| format!("descriptors are inherited: {}", extra.join(", ")))
}
