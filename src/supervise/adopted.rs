//! Orphans. On Linux a process whose parent has ended is handed to the nearest ancestor that asked for
//! it, and that is us: so nothing that a job has started can leave our descent. What was handed to us
//! also has to be reaped by us, and by the number of each: a wait for "any child" would take the exits
//! of helpers from whoever waits for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use rustix::process::getpid;
use tokio::time::Instant;

use super::proc_text::Stat;
use super::processes::{Family, Identity, stat_of};

/// How long an ended child whose parentage is only inferred has to lie there before it is reaped. Those
/// who started a child themselves take its exit within milliseconds.
const UNCLAIMED: Duration = Duration::from_secs(1);

/// Asks, once, for the orphans among our descendants. A kernel before 3.4 gives them to init.
pub(super) fn adopt_orphans() {
    static ONCE: Once = Once::new();
    #[cfg(target_os = "linux")]
    ONCE.call_once(|| {
        let _ = rustix::process::set_child_subreaper(Some(getpid()));
    });
    #[cfg(not(target_os = "linux"))]
    ONCE.call_once(|| {});
}

/// Our own number.
pub(super) fn own_pid() -> u32 {
    getpid().as_raw_nonzero().get().unsigned_abs()
}

#[derive(Default)]
struct Orphans {
    /// Descendants that somebody else has started.
    known: BTreeSet<Identity>,
    /// Ended children that nobody of ours can have started as they are, and since when they were seen.
    inferred: BTreeMap<Identity, Instant>,
}

fn orphans() -> MutexGuard<'static, Orphans> {
    static ORPHANS: Mutex<Orphans> = Mutex::new(Orphans {
        known: BTreeSet::new(),
        inferred: BTreeMap::new(),
    });
    ORPHANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes descendants that are not our own children, so that they are reaped should they become that.
pub(super) fn expect(descendants: impl IntoIterator<Item = Identity>) {
    orphans().known.extend(descendants);
}

/// Forgets descendants that are gone. Without that, runs of less than a second, which never come to
/// [`reap_orphans`], would leave them noted for ever.
pub(super) fn forget<'a>(gone: impl IntoIterator<Item = &'a Identity>) {
    let mut orphans = orphans();
    for identity in gone {
        orphans.known.remove(identity);
    }
}

/// Reaps orphans that have ended.
pub(super) fn reap_orphans() {
    let now = Instant::now();
    let children = Family::look().children(own_pid());
    let mut orphans = orphans();
    let mut seen = BTreeMap::new();
    for stat in children.into_iter().filter_map(stat_of) {
        let identity = Identity::from(&stat);
        if !stat.has_ended() {
            continue;
        }
        if orphans.known.remove(&identity) {
            identity.reap();
        } else if cannot_be_ours(&stat) {
            let since = *orphans.inferred.get(&identity).unwrap_or(&now);
            if now.duration_since(since) < UNCLAIMED {
                seen.insert(identity, since);
            } else {
                identity.reap();
            }
        }
    }
    orphans.inferred = seen;
    // What has ended elsewhere is reaped there.
    orphans.known.retain(|identity| identity.stat().is_some());
}

/// Whether a child of ours is in a session or a group that no child has which we started: those share
/// our session, and lead a group or share ours.
fn cannot_be_ours(stat: &Stat) -> bool {
    stat_of(own_pid()).is_some_and(|own| {
        stat.session != own.session || (stat.group != stat.pid && stat.group != own.group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_not_noted_any_more() {
        // No process has such a number.
        let gone = Identity {
            pid: u32::MAX,
            start_ticks: 1,
        };
        expect([gone]);
        assert!(orphans().known.contains(&gone));
        forget(&[gone]);
        assert!(!orphans().known.contains(&gone));
    }
}
