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
mod orphans;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::adopted;
use super::processes::Identity;
#[cfg(fuzzing)]
pub use fuzzing::check_record;
pub use orphans::{Orphans, sweep_orphans};

/// The form of the records. A record of another form is left to whoever knows it.
const VERSION: u32 = 1;
/// What the name of a record begins and ends with.
const PREFIX: &str = "job-";
const SUFFIX: &str = ".json";

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

/// The record in this text; `None` where it is none, or one of another form.
fn read(text: &str) -> Option<Record> {
    let record: Record = serde_json::from_str(text).ok()?;
    (record.version == VERSION).then_some(record)
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
