//! Whom a record allows to end: a pure decision, so that every case can be tested without a process.

use std::collections::BTreeMap;

use super::Record;
use crate::supervise::proc_text::Stat;
use crate::supervise::processes::Identity;

/// A running process that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) identity: Identity,
    pub(super) parent: u32,
    /// Whether its environment holds the mark of the record's job.
    pub(super) is_marked: bool,
}

impl Seen {
    pub(super) fn new(stat: &Stat, is_marked: bool) -> Self {
        Self {
            identity: Identity::from(stat),
            parent: stat.parent,
            is_marked,
        }
    }
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) boot: Option<String>,
    pub(super) namespace: Option<String>,
    /// Who has the supervisor's number now.
    pub(super) supervisor: Option<Identity>,
    /// Our own number.
    pub(super) us: u32,
    pub(super) processes: Vec<Seen>,
}

/// What is to be done about a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its supervisor lives, or that cannot be judged from here.
    Keep,
    /// These are left of a dead supervisor's job.
    End(Vec<Identity>),
    /// Nobody is left: its leftovers and the record itself may go.
    Clear,
}

/// Decides about one record.
pub(super) fn verdict(record: &Record, seen: &Sighting) -> Verdict {
    let (Some(boot), Some(of_record)) = (&seen.boot, &record.boot) else {
        // Without the boot's name a start means nothing: on a system that tells neither, only that
        // nobody has the supervisor's number any more would be known, and not even that is asked.
        return Verdict::Keep;
    };
    if boot != of_record {
        return Verdict::Clear;
    }
    if seen.namespace != record.namespace {
        return Verdict::Keep;
    }
    let Some(supervisor) = record.supervisor else {
        return Verdict::Keep;
    };
    if seen.supervisor == Some(Identity::from(supervisor)) {
        return Verdict::Keep;
    }
    let members = members(record, seen);
    if members.is_empty() {
        Verdict::Clear
    } else {
        Verdict::End(members)
    }
}

/// The leader, whoever carries the mark, and whoever descends from one of them; but neither we nor
/// those that we descend from, should we have been started from within the job.
fn members(record: &Record, seen: &Sighting) -> Vec<Identity> {
    let by_pid: BTreeMap<u32, &Seen> = seen
        .processes
        .iter()
        .map(|process| (process.identity.pid, process))
        .collect();
    let leader = record.leader.map(Identity::from);
    let line_of = |pid: u32| {
        // As long as there are processes at most, should the table have changed while it was read.
        let up = |process: &&Seen| by_pid.get(&process.parent).copied();
        std::iter::successors(by_pid.get(&pid).copied(), up).take(by_pid.len())
    };
    let ours: Vec<u32> = line_of(seen.us)
        .map(|process| process.identity.pid)
        .collect();
    let belongs = |process: &Seen| process.is_marked || Some(process.identity) == leader;
    let found = by_pid.values().filter(|process| {
        let pid = process.identity.pid;
        pid != seen.us && !ours.contains(&pid) && line_of(pid).any(belongs)
    });
    found.map(|process| process.identity).collect()
}
