//! The register of living jobs: what a supervisor leaves behind that dies before its children.
//!
//! A record is a file in a directory that the caller names. It is written before the program is
//! started, completed when its number is known, and removed when nothing of the job is left. The next
//! start reads the records of dead supervisors, ends what is left of their jobs and removes their files.
//!
//! Who may be ended is decided by a pure function, [`decide::verdict`], from a record and what was
//! seen. A process is ended only if its number *and* its start *and* the boot are those in the record,
//! or if its environment holds the mark of that very job, or if it descends from one of those.

mod decide;
#[cfg(fuzzing)]
mod fuzzing;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::adopted;
use super::kin::mark;
use super::processes::{Identity, all, environment_holds, stat_of};
use super::report::Quarantined;
use super::sweep::quarantined;
use decide::{Seen, Sighting, Verdict, verdict};
#[cfg(fuzzing)]
pub use fuzzing::check_record;

/// The form of the records. A record of another form is left to whoever knows it.
const VERSION: u32 = 1;
/// What the name of a record begins and ends with.
const PREFIX: &str = "job-";
const SUFFIX: &str = ".json";
/// How long what was killed may take to disappear; see `sweep.rs`.
const PATIENCE: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// No record takes longer to be written: microseconds, on any disk that works.
const WRITTEN_WITHIN: Duration = Duration::from_secs(600);

/// Where a job's record is kept, and what is to be removed if its supervisor cannot do that itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    /// The directory of the records, which only this user may enter. It has to be there.
    pub dir: PathBuf,
    /// Absolute paths of files, or of directories with all that is in them, such as that of a socket.
    /// At a job's own end they are left to the caller.
    pub leftovers: Vec<PathBuf>,
}

/// A process as the record names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    pid: u32,
    start_ticks: u64,
}

impl From<Identity> for Named {
    fn from(identity: Identity) -> Self {
        Self {
            pid: identity.pid,
            start_ticks: identity.start_ticks,
        }
    }
}

impl From<Named> for Identity {
    fn from(named: Named) -> Self {
        Self {
            pid: named.pid,
            start_ticks: named.start_ticks,
        }
    }
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    version: u32,
    /// The job's unique name, which its processes carry in their environment.
    name: String,
    /// The kernel's name for this boot; starts are counted from it.
    boot: Option<String>,
    /// The namespace in which the numbers mean something.
    namespace: Option<String>,
    supervisor_pid: u32,
    supervisor: Option<Named>,
    /// `None` until it was started.
    leader: Option<Named>,
    leftovers: Vec<PathBuf>,
}

/// A record that is kept, until it is removed in so many words: what is dropped unended stays on record.
#[derive(Debug)]
pub(super) struct Registered {
    path: PathBuf,
    file: File,
    record: Record,
}

impl Registered {
    /// Writes the record of a job that is about to be started.
    pub(super) fn write(register: Register, name: &str) -> io::Result<Self> {
        let us = adopted::own_pid();
        let record = Record {
            version: VERSION,
            name: name.to_owned(),
            boot: boot(),
            namespace: namespace(),
            supervisor_pid: us,
            supervisor: Identity::of(us).map(Named::from),
            leader: None,
            leftovers: register.leftovers,
        };
        let path = register.dir.join(format!("{PREFIX}{name}{SUFFIX}"));
        // Nobody who reads the directory ever sees half a record.
        let beside = path.with_extension("new");
        let text = serde_json::to_string(&record)?;
        let saved = File::create(&beside).and_then(|file| {
            file.write_all_at(text.as_bytes(), 0)?;
            fs::rename(&beside, &path)?;
            Ok(file)
        });
        match saved {
            Ok(file) => Ok(Self { path, file, record }),
            Err(error) => {
                // On a disk without room for its text there may still be room for its name.
                let _ = fs::remove_file(&beside);
                Err(error)
            }
        }
    }

    /// Completes it. Without that the job is still known by its mark, so that a failure is none.
    pub(super) fn started(&mut self, leader: Option<Identity>) {
        self.record.leader = leader.map(Named::from);
        // In place, and in one write: it is longer than what it replaces. A file that is replaced by
        // another name makes ext4 write it to the disk, which the start would wait for.
        if let Ok(text) = serde_json::to_string(&self.record) {
            let _ = self.file.write_all_at(text.as_bytes(), 0);
        }
    }

    /// The job has ended and nothing of it is left.
    pub(super) fn remove(self) {
        // A record that stays is found to be of nobody, and removed, by the next start.
        let _ = fs::remove_file(self.path);
    }
}

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
/// that is not there holds no records. Takes no time where there are none, and never more than about a
/// second for each.
pub async fn sweep_orphans(dir: &Path) -> Orphans {
    let mut orphans = Orphans::default();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
            sweep_record(entry.path(), &mut orphans).await;
        } else if name.starts_with(PREFIX) && is_abandoned(&entry) {
            // Its writer was killed before it had its name, and before its job was started.
            let _ = fs::remove_file(entry.path());
        }
    }
    orphans
}

/// Whether a file was last written so long ago that nobody is still writing it.
fn is_abandoned(entry: &fs::DirEntry) -> bool {
    let written = entry.metadata().and_then(|file| file.modified());
    let age = written.ok().and_then(|written| written.elapsed().ok());
    age.is_some_and(|age| age > WRITTEN_WITHIN)
}

async fn sweep_record(path: PathBuf, orphans: &mut Orphans) {
    let Ok(text) = fs::read_to_string(&path) else {
        // Its supervisor has removed it meanwhile.
        return;
    };
    let Some(record) = read(&text) else {
        orphans.unreadable.push(path);
        return;
    };
    let give_up = Instant::now() + PATIENCE;
    let mut killed = Vec::new();
    loop {
        match verdict(&record, &sighting(&record)) {
            Verdict::Keep => return,
            Verdict::Clear => break,
            Verdict::End(members) if Instant::now() > give_up => {
                let left = members.iter().filter_map(|member| member.stat());
                orphans
                    .quarantined
                    .extend(left.map(|stat| quarantined(&stat)));
                orphans.ended += killed.len();
                return;
            }
            Verdict::End(members) => {
                for member in members {
                    if member.kill() && !killed.contains(&member) {
                        killed.push(member);
                    }
                }
                sleep(LOOK_EVERY).await;
            }
        }
    }
    orphans.ended += killed.len();
    let removed = record.leftovers.into_iter().filter(|path| remove(path));
    orphans.removed.extend(removed);
    let _ = fs::remove_file(path);
}

/// The record in this text; `None` where it is none, or one of another form.
fn read(text: &str) -> Option<Record> {
    let record: Record = serde_json::from_str(text).ok()?;
    (record.version == VERSION).then_some(record)
}

/// Looks at what there is, as far as the record has to do with it.
fn sighting(record: &Record) -> Sighting {
    let mark = mark(&record.name);
    let is_running = stat_of(record.supervisor_pid).map(|stat| Seen::new(&stat, false));
    let boot = boot();
    // Nobody of another boot is there, and a living supervisor looks after its own.
    let is_of_interest = boot == record.boot
        && is_running.map(|seen| seen.identity) != record.supervisor.map(Identity::from);
    let processes = if is_of_interest { all() } else { Vec::new() };
    Sighting {
        boot,
        namespace: namespace(),
        supervisor: is_running.map(|seen| seen.identity),
        us: adopted::own_pid(),
        processes: processes
            .into_iter()
            .filter_map(|pid| {
                let stat = stat_of(pid)?;
                let is_marked = environment_holds(pid, &mark) == Some(true);
                (!stat.has_ended()).then(|| Seen::new(&stat, is_marked))
            })
            .collect(),
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

/// The kernel's random name for this boot.
fn boot() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// The namespace of process numbers that we are in: containers may share a directory and a kernel.
fn namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.to_string_lossy().into_owned())
}
