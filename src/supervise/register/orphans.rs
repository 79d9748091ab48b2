//! The sweep of what dead supervisors have left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::super::adopted;
use super::super::kin::mark;
use super::super::proc_text::Stat;
use super::super::processes::{Environment, Identity, all, stat_of};
use super::super::report::Quarantined;
use super::super::sweep::quarantined;
use super::decide::{Seen, Sighting, Verdict, verdict};
use super::{PREFIX, Record, SUFFIX, boot, namespace, read};

/// How long what was killed may take to disappear; see `sweep.rs`.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// No record takes longer to be written: microseconds, on any disk that works.
const WRITTEN_WITHIN: Duration = Duration::from_secs(600);

/// What [`sweep_orphans`] did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orphans {
    /// How many processes got SIGKILL.
    pub ended: usize,
    /// Those that it did not end within a second. Their records stay for the next start.
    pub quarantined: Vec<Quarantined>,
    /// Leftovers that were removed.
    pub removed: Vec<PathBuf>,
    /// Records that could not be understood, as those of another version; they are left alone.
    pub unreadable: Vec<PathBuf>,
}

/// Ends what is left of the jobs of dead supervisors, and removes their records and leftovers. Jobs of
/// living supervisors, and of those whose life cannot be judged from here, are left alone. A directory
/// that is not there holds no records. Takes no time where there are none, and little more than a second
/// however many there are.
pub async fn sweep_orphans(dir: &Path) -> Orphans {
    let mut orphans = Orphans::default();
    let mut pending = records(dir, &mut orphans);
    let mut killed = Vec::new();
    let give_up = Instant::now() + PATIENCE;
    while !pending.is_empty() {
        let patient = Instant::now() <= give_up;
        // One look for all: reading the whole table of processes costs milliseconds.
        let look = Look::at(&pending);
        pending.retain(
            |(path, record)| match verdict(record, &look.sighting(record)) {
                Verdict::Keep => false,
                Verdict::Clear => {
                    let removed = record.leftovers.iter().filter(|path| remove(path));
                    orphans.removed.extend(removed.cloned());
                    // One that stays is found to be of nobody again.
                    let _ = fs::remove_file(path);
                    false
                }
                Verdict::End(members) if patient => {
                    for member in members {
                        if member.kill() && !killed.contains(&member) {
                            killed.push(member);
                        }
                    }
                    true
                }
                Verdict::End(members) => {
                    let left = members.iter().filter_map(|member| member.stat());
                    orphans
                        .quarantined
                        .extend(left.map(|stat| quarantined(&stat)));
                    false
                }
            },
        );
        if !pending.is_empty() {
            sleep(LOOK_EVERY).await;
        }
    }
    orphans.ended = killed.len();
    orphans
}

/// The records in a directory, with their paths. Those that cannot be understood are noted.
fn records(dir: &Path, orphans: &mut Orphans) -> Vec<(PathBuf, Record)> {
    let mut records = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            // One that cannot be read has been removed by its supervisor meanwhile.
            match fs::read_to_string(&path).map(|text| read(&text)) {
                Ok(Some(record)) => records.push((path, record)),
                Ok(None) => orphans.unreadable.push(path),
                Err(_) => {}
            }
        } else if name.starts_with(PREFIX) && is_abandoned(&entry) {
            // Its writer was killed before it had its name, and before its job was started.
            let _ = fs::remove_file(path);
        }
    }
    records
}

/// Whether a file was last written so long ago that nobody is still writing it.
fn is_abandoned(entry: &fs::DirEntry) -> bool {
    let written = entry.metadata().and_then(|file| file.modified());
    let age = written.ok().and_then(|written| written.elapsed().ok());
    age.is_some_and(|age| age > WRITTEN_WITHIN)
}

/// What there is to be seen, for any record.
struct Look {
    boot: Option<String>,
    namespace: Option<String>,
    /// Who has the numbers of the supervisors; read once, as one that ends now has not ended its job.
    supervisors: BTreeMap<u32, Option<Identity>>,
    processes: Vec<(Stat, Option<Environment>)>,
}

impl Look {
    /// Looks at what there is, as far as one of the records has to do with it.
    fn at(records: &[(PathBuf, Record)]) -> Self {
        let boot = boot();
        let numbers = records.iter().map(|(_, record)| record.supervisor_pid);
        let supervisors: BTreeMap<_, _> = numbers.map(|pid| (pid, Identity::of(pid))).collect();
        // Nobody of another boot is there, and a living supervisor looks after its own.
        let is_of_interest = |record: &Record| {
            boot == record.boot
                && supervisors[&record.supervisor_pid] != record.supervisor.map(Identity::from)
        };
        let processes = if records.iter().any(|(_, record)| is_of_interest(record)) {
            let running = all().into_iter().filter_map(stat_of);
            running
                .filter(|stat| !stat.has_ended())
                .map(|stat| {
                    let environment = Environment::of(stat.pid);
                    (stat, environment)
                })
                .collect()
        } else {
            Vec::new()
        };
        Self {
            boot,
            namespace: namespace(),
            supervisors,
            processes,
        }
    }

    /// The same, as one record sees it.
    fn sighting(&self, record: &Record) -> Sighting {
        let mark = mark(&record.name);
        let seen = |(stat, environment): &(Stat, Option<Environment>)| {
            let environment = environment.as_ref();
            Seen::new(
                stat,
                environment.is_some_and(|environment| environment.holds(&mark)),
            )
        };
        Sighting {
            boot: self.boot.clone(),
            namespace: self.namespace.clone(),
            supervisor: self.supervisors[&record.supervisor_pid],
            us: adopted::own_pid(),
            processes: self.processes.iter().map(seen).collect(),
        }
    }
}

/// Removes a leftover; whether something was there and is gone. A link is removed, never what it leads
/// to, and so is nothing that belongs to another user.
fn remove(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(found) = fs::symlink_metadata(path) else {
        return false;
    };
    if !path.is_absolute() || found.uid() != rustix::process::geteuid().as_raw() {
        return false;
    }
    if found.is_dir() {
        fs::remove_dir_all(path).is_ok()
    } else {
        fs::remove_file(path).is_ok()
    }
}
