//! Who belongs to a job: not only its group, but whatever it has started.
//!
//! A process belongs to a job if its line of parents leads to the leader; if that was so when it was
//! last looked at (its line is cut when a parent ends); or if its environment holds the job's mark,
//! which every process inherits that was not started with an environment made anew. As orphans are
//! handed to us, all of them are found among our own descendants, a few files away.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::adopted;
use super::proc_text::Stat;
use super::processes::{Environment, Family, Identity, stat_of};

/// The variable that tells a job's processes from all others.
pub(super) const MARK: &str = "ORCHESTRATE_JOB";

/// A name that no other job of this machine has, since it was booted: the supervisor's number, its
/// start, and a count.
pub(super) fn unique_name() -> String {
    static JOBS: AtomicU64 = AtomicU64::new(1);
    let us = adopted::own_pid();
    let start = Identity::of(us).map_or(0, |identity| identity.start_ticks);
    format!("{us}-{start}-{}", JOBS.fetch_add(1, Ordering::Relaxed))
}

/// The processes of one job.
#[derive(Debug)]
pub(super) struct Kin {
    leader: u32,
    /// `NAME=value`, as in an environment.
    mark: Vec<u8>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Who leads; `None` where that cannot be told, and once the leader is reaped.
    leader: Option<Identity>,
    /// Members that were seen and were still there at the last look.
    noted: BTreeSet<Identity>,
    /// Children of ours that are known to belong elsewhere.
    strangers: BTreeSet<Identity>,
    /// Whether the last look found a child of ours that could not be told to be either.
    undecided: bool,
}

impl Kin {
    /// The family of an unreaped child that leads its group and carries the mark `name`.
    pub(super) fn of(leader: u32, name: &str) -> Self {
        Self {
            leader,
            mark: mark(name),
            state: Mutex::new(State {
                leader: Identity::of(leader),
                noted: BTreeSet::new(),
                strangers: BTreeSet::new(),
                undecided: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leader, while it is unreaped.
    pub(super) fn leader(&self) -> Option<Identity> {
        self.state().leader
    }

    /// From here on the leader's number may be a stranger's, and so may its group's.
    pub(super) fn leader_is_reaped(&self) {
        self.state().leader = None;
    }

    /// Whether the last look found an orphan of which could not be told whose it is: its environment is
    /// empty while it executes another program, and for good if it was given none.
    pub(super) fn is_undecided(&self) -> bool {
        self.state().undecided
    }

    /// Every process of the job, ended ones included, the unreaped leader first. Those that are found
    /// are noted, so that they are found again when nothing but their number and start ties them to
    /// the job.
    pub(super) fn members(&self) -> Vec<Stat> {
        let mut state = self.state();
        let us = adopted::own_pid();
        let family = Family::look();
        let mut found: Vec<Stat> = state.leader.and_then(Identity::stat).into_iter().collect();
        let leader = state.leader;
        // The leader is noted as all are.
        let others = state.noted.iter().filter(|&&one| Some(one) != leader);
        found.extend(others.filter_map(|identity| identity.stat()));
        let ours = family.children(us).into_iter().filter_map(stat_of);
        let ours: Vec<_> = ours
            .filter(|stat| found.iter().all(|known| known.pid != stat.pid))
            .collect();
        state.strangers = ours
            .iter()
            .map(Identity::from)
            .filter(|identity| state.strangers.contains(identity))
            .collect();
        state.undecided = false;
        for stat in ours {
            if self.owns(&mut state, &stat) {
                found.push(stat);
            }
        }
        family.extend(&mut found);
        // A program that is told to end us would be found below us, but never above.
        found.retain(|stat| stat.pid != us);
        state.noted = found.iter().map(Identity::from).collect();
        let others = found.iter().filter(|stat| stat.pid != self.leader);
        adopted::expect(others.map(Identity::from));
        found
    }

    /// Whether a child of ours is an orphan of this job.
    fn owns(&self, state: &mut State, stat: &Stat) -> bool {
        let identity = Identity::from(stat);
        if state.leader.is_some() && stat.group == self.leader {
            return true;
        }
        if state.strangers.contains(&identity) {
            return false;
        }
        let environment = Environment::of(stat.pid);
        let marked = environment.map(|environment| environment.holds(&self.mark));
        match marked {
            Some(false) => {
                state.strangers.insert(identity);
            }
            None => state.undecided |= !stat.has_ended(),
            Some(true) => {}
        }
        marked == Some(true)
    }
}

/// The entry of the environment for a job of this name.
pub(super) fn mark(name: &str) -> Vec<u8> {
    format!("{MARK}={name}").into_bytes()
}
