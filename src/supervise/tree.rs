//! Ending a helper with all its descendants, also those in groups of their own.
//!
//! ninja gives every compiler a process group of its own and forwards SIGTERM to it, but nobody
//! forwards a SIGKILL: killing cmake's group alone leaves compilers at work. So the descendants'
//! groups are noted first, all are asked, and what is left after a moment is killed.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp};

use super::group::{group_is_empty, signal_group};

/// How often it is looked whether the tree is gone.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Ends the tree below `leader`, which leads a group of its own and is not reaped yet: SIGTERM to
/// its group, then, after at most `patience`, SIGKILL to every group of the tree that is left.
///
/// Blocks for as long as that takes, as it is meant for a destructor: a polite helper is gone within
/// milliseconds. The leader stays a zombie for its owner to reap.
pub fn end_tree(leader: u32, patience: Duration) {
    let Some(leader) = i32::try_from(leader).ok().and_then(Pid::from_raw) else {
        return;
    };
    let mut groups = groups_below(leader);
    groups.insert(leader);
    signal_group(leader, Signal::TERM);
    let mut left = patience;
    loop {
        // A group is given up as soon as it is empty: later its number may be somebody else's.
        groups.retain(|&group| !group_is_empty(group));
        if groups.is_empty() {
            return;
        }
        if left.is_zero() {
            break;
        }
        pause(LOOK_EVERY);
        left = left.saturating_sub(LOOK_EVERY);
    }
    for group in groups {
        signal_group(group, Signal::KILL);
    }
}

/// Asks the group that `leader` leads to end (SIGTERM) and leaves it at that: for a package
/// manager, which must not be cut in the middle.
pub fn ask_group_to_end(leader: u32) {
    if let Some(group) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        signal_group(group, Signal::TERM);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a destructor cannot await, and must not return before the tree has ended"
)]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// The process groups of all descendants, our own left out. Empty where there is no `/proc`.
fn groups_below(leader: Pid) -> HashSet<Pid> {
    let mut children: BTreeMap<i32, Vec<(i32, i32)>> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if let Some((parent, group)) = parent_and_group(&stat) {
            children.entry(parent).or_default().push((pid, group));
        }
    }
    let mut groups = HashSet::new();
    let mut open = vec![leader.as_raw_nonzero().get()];
    while let Some(parent) = open.pop() {
        for (pid, group) in children.remove(&parent).unwrap_or_default() {
            groups.extend(Pid::from_raw(group).filter(|&group| group != getpgrp()));
            open.push(pid);
        }
    }
    groups
}

/// Reads a line of `/proc/PID/stat`; the fields begin after the last parenthesis.
fn parent_and_group(stat: &str) -> Option<(i32, i32)> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(1);
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some((parent, group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_from_the_last_parenthesis() {
        assert_eq!(parent_and_group("7 (a) S) R 3 5 1 0"), Some((3, 5)));
        assert_eq!(parent_and_group("7 (a"), None);
    }
}
