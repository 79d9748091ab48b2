//! Ending a helper with all its descendants, also those in groups of their own.
//!
//! ninja gives every compiler a process group of its own and forwards SIGTERM to it, but nobody
//! forwards a SIGKILL: killing cmake's group alone leaves compilers at work. So the descendants'
//! groups are noted first, all are asked, and what is left after a moment is killed.

use std::collections::HashSet;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::adopted;
use super::group::{group_is_empty, signal_group};
use super::processes::{Family, Identity, stat_of};

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
            // Those of them whose parents have ended are ours by now.
            adopted::reap_orphans();
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
    let number = leader.as_raw_nonzero().get().unsigned_abs();
    let mut found: Vec<_> = stat_of(number).into_iter().collect();
    Family::look().extend(&mut found);
    let descendants = || found.iter().filter(|stat| stat.pid != number);
    adopted::expect(descendants().map(Identity::from));
    let Some(own) = stat_of(adopted::own_pid()) else {
        return HashSet::new();
    };
    descendants()
        .filter(|stat| stat.group != own.group)
        .filter_map(|stat| Pid::from_raw(stat.group.cast_signed()))
        .collect()
}
