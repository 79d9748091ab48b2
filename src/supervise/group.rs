//! Signals to a whole process group, or to ourselves, and the look whether anyone is left in a group.

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, getpid, kill_process, kill_process_group, test_kill_process_group,
};

use super::adopted::own_pid;
use super::proc_text::Stat;
use super::processes::{all, stat_of};

/// Sends `signal` to the group; whether anyone could be reached.
pub(super) fn signal_group(group: Pid, signal: Signal) -> bool {
    kill_process_group(group, signal).is_ok()
}

/// Stops this process; returns when somebody has continued it, so that it is only for where somebody
/// [can](can_be_continued). By SIGSTOP, as whoever calls this has caught SIGTSTP; to a shell it is the same.
pub fn stop_ourselves() {
    // Nobody may be forbidden to signal himself.
    let _ = kill_process(getpid(), Signal::STOP);
}

/// Whether somebody watches who can continue us: a shell with job control, in our session. Elsewhere
/// (`ssh -t HOST COMMAND`, the first process of a container) the kernel does not stop who is asked to by
/// the terminal, and whoever has caught that signal must not stop either: nobody could type `fg`.
#[must_use]
pub fn can_be_continued() -> bool {
    // Without /proc nothing is known against it.
    stat_of(own_pid()).is_none_or(|own| is_watched(&own, stat_of))
}

/// By the line of parents: the first one outside of our group must be of our session (the kernel's
/// `will_become_orphaned_pgrp`, for the one line that can be followed).
fn is_watched(own: &Stat, find: impl Fn(u32) -> Option<Stat>) -> bool {
    let mut parent = find(own.parent);
    while let Some(found) = parent {
        if found.session != own.session {
            return false;
        }
        if found.group != own.group {
            return true;
        }
        parent = find(found.parent);
    }
    false
}

/// The children of this process that are running, and the orphans that were handed to it: all that a job
/// could have left behind, where no other is under way. Empty without `/proc`.
#[must_use]
pub fn running_children() -> Vec<u32> {
    let us = own_pid();
    let stats = all().into_iter().filter_map(stat_of);
    let ours = stats.filter(|stat| stat.parent == us && !stat.has_ended());
    ours.map(|stat| stat.pid).collect()
}

/// Whether no process of the group is running any more.
pub(super) fn group_is_empty(group: Pid) -> bool {
    test_kill_process_group(group) == Err(Errno::SRCH) || only_zombies_left(group)
}

/// Whether all that is left of the group has ended and waits to be reaped by its parent. That is
/// init's duty, and in a container init may be a program that never does it.
fn only_zombies_left(group: Pid) -> bool {
    let group = group.as_raw_nonzero().get().unsigned_abs();
    let processes = all();
    // Without /proc (macOS) nobody is seen, and the signal's answer is all there is.
    let mut stats = processes.iter().filter_map(|&pid| stat_of(pid));
    !processes.is_empty() && !stats.any(|stat| is_running_member(&stat, group))
}

fn is_running_member(stat: &Stat, group: u32) -> bool {
    stat.group == group && !stat.has_ended()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shell_of_our_session_can_continue_us() {
        // Number, parent, group, session.
        let family = |members: &[[u32; 4]]| {
            let stat = |[pid, parent, group, session]: &[u32; 4]| {
                let line = format!("{pid} (x) S {parent} {group} {session}{}", " 0".repeat(44));
                Stat::parse(&line).expect("a line")
            };
            let all: Vec<Stat> = members.iter().map(stat).collect();
            is_watched(&all[0], |pid| {
                all.iter().find(|stat| stat.pid == pid).cloned()
            })
        };
        // A shell, and make in between.
        assert!(family(&[[9, 7, 9, 7], [7, 1, 7, 7]]));
        assert!(family(&[[9, 8, 8, 7], [8, 7, 8, 7], [7, 1, 7, 7]]));
        // ssh -t HOST orchestrate: it leads the session. In a container it has no parent.
        assert!(!family(&[[9, 7, 9, 9], [7, 1, 7, 7]]));
        assert!(!family(&[[1, 0, 1, 1]]));
    }

    #[test]
    fn a_member_counts_as_long_as_it_runs() {
        let counts = |line: &str| {
            let line = format!("{line}{}", " 0".repeat(44));
            Stat::parse(&line).is_some_and(|stat| is_running_member(&stat, 17))
        };
        assert!(counts("17 (sh) S 1 17 17 0 -1"));
        assert!(!counts("17 (sh) Z 1 17 17 0 -1"));
        assert!(!counts("18 (sh) S 17 18 17 0 -1"));
        assert!(counts("19 (a) Z 1) R 1 17 17"));
        assert!(!counts(""));
    }
}
