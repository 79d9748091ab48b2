//! Who runs in a world: found by descent from this process, to which every orphan among its descendants is
//! handed.
//!
//! Looking through all of `/proc` would be simpler, and was done. But each look leaves entries in the
//! kernel's cache of names, which whoever reaps such a process has to remove, and starts over as long as
//! somebody else is about to: with eight tests that look every ten milliseconds a `wait` took up to ten
//! seconds of CPU time (`proc_invalidate_siblings_dcache`, Linux 6.18).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

/// The processes that were started by tests, and in which worlds: each world's mark.
static STARTED: Mutex<BTreeMap<u32, Vec<u8>>> = Mutex::new(BTreeMap::new());

fn started() -> MutexGuard<'static, BTreeMap<u32, Vec<u8>>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks, once, for the orphans among our descendants.
pub(super) fn adopt_orphans() {
    static ONCE: Once = Once::new();
    #[cfg(target_os = "linux")]
    ONCE.call_once(|| {
        let us = Some(rustix::process::getpid());
        rustix::process::set_child_subreaper(us).expect("Linux has it since 3.4");
    });
    #[cfg(not(target_os = "linux"))]
    ONCE.call_once(|| {});
}

/// Notes that a process was started in the world with this mark.
pub(super) fn note(pid: u32, mark: &[u8]) {
    started().insert(pid, mark.to_owned());
}

/// Forgets one that is reaped: its number may be another's.
pub(super) fn forget(pid: u32) {
    started().remove(&pid);
}

/// Every running process of the world with this mark, which all that was started there have in their
/// environment, and what descends from those, whatever its environment. A zombie is none.
pub(super) fn processes(mark: &[u8]) -> Vec<u32> {
    if !fs::exists("/proc/thread-self/children").unwrap_or(false) {
        return all_with(mark);
    }
    // A list may lack somebody while somebody else on it ends.
    let children_twice: BTreeSet<u32> = our_children().into_iter().chain(our_children()).collect();
    let mut found: Vec<u32> = children_twice
        .into_iter()
        .filter(|pid| match started().get(pid) {
            Some(other) => other == mark,
            // An orphan, or what has not been noted yet.
            None => environment(*pid)
                .windows(mark.len())
                .any(|part| part == mark),
        })
        .collect();
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        next += 1;
        found.extend(children(parent));
    }
    found.retain(|&pid| is_running(pid));
    found
}

/// A zombie has none any more; in the middle of an exec it is empty for a moment.
fn environment(pid: u32) -> Vec<u8> {
    const MOMENTS: u32 = 50;
    for _ in 0..MOMENTS {
        let bytes = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        if !bytes.is_empty() || !is_running(pid) {
            return bytes;
        }
        pause();
    }
    Vec::new()
}

#[expect(
    clippy::disallowed_methods,
    reason = "destructors look, too, and cannot await"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(1));
}

/// Whether it is there and no zombie (proc(5): the state follows the name in parentheses).
fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Those of all our threads, each of which runs tests.
fn our_children() -> Vec<u32> {
    let threads = fs::read_dir("/proc/self/task");
    let threads = threads.into_iter().flatten().flatten();
    threads.flat_map(|thread| listed(&thread.path())).collect()
}

/// Those of its main thread: neither orchestrate nor the fault kit starts any in another.
fn children(pid: u32) -> Vec<u32> {
    listed(Path::new(&format!("/proc/{pid}/task/{pid}")))
}

fn listed(thread: &Path) -> Vec<u32> {
    let list = fs::read_to_string(thread.join("children")).unwrap_or_default();
    let numbers = list.split_ascii_whitespace().map(str::parse);
    numbers.filter_map(Result::ok).collect()
}

/// Where the kernel keeps no lists of children.
fn all_with(mark: &[u8]) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    numbers
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&pid| {
            environment(pid)
                .windows(mark.len())
                .any(|part| part == mark)
        })
        .collect()
}
