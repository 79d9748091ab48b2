//! The end of a job's whole family, and the proof of it.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Pid;
use tokio::time::{Instant, sleep};

use super::adopted;
use super::group::group_is_empty;
use super::kin::Kin;
use super::proc_text::Stat;
use super::processes::Identity;
use super::report::Quarantined;

/// How long swept processes may take to disappear. One that SIGKILL has reached goes within
/// milliseconds, unless it sleeps uninterruptibly.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often they are looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Looks in a row that have to find nobody: a list of children may lack one while it is read.
const PROOF: u32 = 2;

/// How long it may take to tell whose an orphan is. One that executes another program, which hides it, has
/// done so within milliseconds, unless it gets no CPU.
const DECIDED_WITHIN: Duration = Duration::from_millis(200);

/// A sweep of one job, leader excepted, which may go on for several looks.
pub(super) struct Sweep<'k> {
    kin: &'k Kin,
    killed: BTreeSet<Identity>,
    left: Vec<Stat>,
}

/// What a sweep came to.
#[derive(Debug, Default)]
pub(super) struct Swept {
    /// How many processes were still there, and got SIGKILL.
    pub(super) count: usize,
    /// Those that could not be ended.
    pub(super) left: Vec<Quarantined>,
    /// Whether the group has no running member.
    pub(super) group_empty: bool,
}

impl<'k> Sweep<'k> {
    /// Begins it, with a first look and a first SIGKILL.
    pub(super) fn begin(kin: &'k Kin) -> Self {
        let mut sweep = Self {
            kin,
            killed: BTreeSet::new(),
            left: Vec::new(),
        };
        sweep.strike();
        sweep
    }

    /// Kills whom it finds, and reaps the dead; whether it found nobody.
    fn strike(&mut self) -> bool {
        let leader = self.kin.leader();
        let us = adopted::own_pid();
        self.left.clear();
        let mut found_nobody = true;
        for stat in self.kin.members() {
            let identity = Identity::from(&stat);
            if Some(identity) == leader {
                continue;
            }
            if !stat.has_ended() {
                found_nobody = false;
                if identity.kill() {
                    self.killed.insert(identity);
                }
                self.left.push(stat);
            } else if stat.parent == us {
                found_nobody = false;
                identity.reap();
            } else if self.killed.iter().any(|known| known.pid == stat.parent) {
                // Its parent is about to leave it to us. One of a parent outside is that one's to reap.
                found_nobody = false;
            }
        }
        found_nobody
    }

    /// Repeats it until nobody is left, for a second at most.
    pub(super) async fn finish(mut self, group: Pid) -> Swept {
        let begun = Instant::now();
        let give_up = begun + PATIENCE;
        let mut quiet = 0;
        let mut group_empty;
        loop {
            let nobody = self.strike();
            group_empty = group_is_empty(group);
            let undecided = self.kin.is_undecided() && begun.elapsed() < DECIDED_WITHIN;
            let nobody = nobody && group_empty && !undecided;
            quiet = if nobody { quiet + 1 } else { 0 };
            if quiet == PROOF || Instant::now() > give_up {
                break;
            }
            if quiet == 0 {
                sleep(LOOK_EVERY).await;
            }
        }
        if self.left.is_empty() {
            adopted::forget(&self.killed);
        }
        Swept {
            count: self.killed.len(),
            left: self.left.iter().map(quarantined).collect(),
            group_empty,
        }
    }
}

pub(super) fn quarantined(stat: &Stat) -> Quarantined {
    Quarantined {
        pid: stat.pid,
        name: stat.name.clone(),
        state: stat.state,
    }
}
