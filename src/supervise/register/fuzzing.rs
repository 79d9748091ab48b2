//! What must hold for any record, for `fuzz/`: records and what belongs to them are private, so the
//! target cannot say it.

use std::collections::BTreeMap;

use super::decide::{Seen, Sighting, Verdict, verdict};
use super::{Identity, read};

/// Our own number in the sighting.
const US: u32 = 2;

/// Reads a record, and asserts that its verdict on these processes (number, start, parent, whether it
/// is marked) ends only those that the record allows: not us, nor who started us, and nobody whose line
/// of parents leads neither to the leader, by number and start, nor to a marked process.
///
/// # Panics
/// When that does not hold.
pub fn check_record(text: &str, processes: impl IntoIterator<Item = (u32, u64, u32, bool)>) {
    let Some(record) = read(text) else { return };
    let processes: BTreeMap<u32, Seen> = processes
        .into_iter()
        .map(|(pid, start_ticks, parent, is_marked)| {
            let identity = Identity { pid, start_ticks };
            let seen = Seen {
                identity,
                parent,
                is_marked,
            };
            (pid, seen)
        })
        .collect();
    let seen = Sighting {
        // The one boot in which processes are looked at.
        boot: record.boot.clone(),
        namespace: record.namespace.clone(),
        supervisor: processes
            .get(&record.supervisor_pid)
            .map(|seen| seen.identity),
        us: US,
        processes: processes.values().copied().collect(),
    };
    let leader = record.leader.map(Identity::from);
    let belongs = |seen: &Seen| seen.is_marked || Some(seen.identity) == leader;
    if let Verdict::End(members) = verdict(&record, &seen) {
        assert!(record.supervisor.map(Identity::from) != seen.supervisor);
        let ours = line(&processes, US);
        for member in members {
            assert!(ours.iter().all(|one| one.identity != member));
            let line = line(&processes, member.pid);
            assert_eq!(line.first().map(|one| one.identity), Some(member));
            assert!(line.iter().any(belongs));
        }
    }
}

/// A process and its parents, each once.
fn line(processes: &BTreeMap<u32, Seen>, pid: u32) -> Vec<Seen> {
    let mut line: Vec<Seen> = Vec::new();
    let mut next = processes.get(&pid);
    while let Some(seen) = next {
        if line.contains(seen) {
            break;
        }
        line.push(*seen);
        next = processes.get(&seen.parent);
    }
    line
}
