//! What was seen before something had to be ended, or when it crashed: one JSON file for each, in the
//! user's state directory.
//!
//! A record holds what an engineer asks first: what the process was doing, thread by thread, what it had
//! said last, how it was started, and how long was waited and why. Nothing of it is sent anywhere, and the
//! prompt is not in it but for what the program itself logs, and the system turn of a chat where that is among
//! its arguments. The newest [`KEPT`] are kept.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::dialect::SlotState;
use crate::store::create_private;
use crate::supervise::Vitals;
use crate::supervise::proc_text::State;

/// How many records are kept: some megabytes at most, and nobody reads the hundredth.
pub const KEPT: usize = 100;

/// What the file is; the number changes when a field changes its meaning.
pub const SCHEMA: &str = "orchestrate/incident/v1";

/// What the name of a file begins with that is being written, as `tempfile` names it.
const UNFINISHED: &str = ".tmp";

/// How long ago an unfinished file was last written to before it is taken for one of a killed process: a
/// record takes milliseconds.
const ABANDONED: Duration = Duration::from_secs(3600);

/// One incident. Times in milliseconds, sizes in bytes; `None` is what could not be seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// [`SCHEMA`].
    pub schema: String,
    /// Its name: the time and the process id.
    pub id: String,
    /// When it was written, since 1970 (UTC).
    pub at_ms: u64,
    /// The profile.
    pub profile: String,
    /// The model's file.
    pub model: PathBuf,
    /// The program's file.
    pub program: PathBuf,
    /// The program's build number.
    pub build: Option<u32>,
    /// Its arguments.
    pub args: Vec<String>,
    /// The word for what happened, such as `stalled`.
    pub verdict: String,
    /// The same in a sentence.
    pub message: String,
    /// The exit code that the run had.
    pub exit_code: u8,
    /// What the run was doing (`load`, `prefill`, `decode`), where that says something about its end.
    /// Like the other fields with a default it is not in records of earlier versions.
    #[serde(default)]
    pub phase: Option<String>,
    /// Of a stall, the word for what the processes did instead, such as `hung`.
    #[serde(default)]
    pub cause: Option<String>,
    /// How long nothing had advanced.
    pub silent_ms: Option<u64>,
    /// The window of the phase.
    pub window_ms: Option<u64>,
    /// Where the window came from: `profile`, `run`, `history`, `prior` or `constant`.
    #[serde(default)]
    pub window_from: Option<String>,
    /// CPUs that the process could use.
    pub usable_cpus: u32,
    /// What its processes were doing at the end.
    pub processes: Vec<Process>,
    /// The same at an earlier look, for differences.
    pub before: Vec<Process>,
    /// How long before.
    pub before_ms: Option<u64>,
    /// What a server last told of its slots, where it was silent for long enough to be asked.
    #[serde(default)]
    pub slots: Vec<Slot>,
    /// How long before the end.
    #[serde(default)]
    pub slots_age_ms: Option<u64>,
    /// What this system does not tell.
    pub missing: Vec<String>,
    /// The last lines that it logged, oldest first.
    pub log: Vec<String>,
}

/// A process of an [`Incident`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// CPU time so far.
    pub cpu_ms: u64,
    /// Page faults that read from a disk, so far.
    pub major_faults: u64,
    /// Bytes that its calls have read so far.
    pub read_bytes: Option<u64>,
    /// Bytes that its calls have written so far.
    pub written_bytes: Option<u64>,
    /// Resident memory.
    pub rss_bytes: Option<u64>,
    /// Its threads.
    pub threads: Vec<Thread>,
}

/// A thread of a [`Process`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Its number.
    pub tid: u32,
    /// Its name.
    pub name: String,
    /// The letter of its state in `/proc`.
    pub state: char,
    /// The function of the kernel that it sleeps in.
    pub wait_channel: Option<String>,
}

/// A slot of a llama-server, in tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its number.
    pub id: Option<u64>,
    /// Whether it works.
    pub is_processing: Option<bool>,
    /// Of the prompt, evaluated.
    pub prompt_tokens_processed: Option<u64>,
    /// Generated.
    pub decoded: Option<u64>,
    /// How many more may be generated.
    pub remaining: Option<u64>,
}

/// What a server told of a slot, as a record keeps it.
#[must_use]
pub fn slot(told: &SlotState) -> Slot {
    Slot {
        id: told.id,
        is_processing: told.is_processing,
        prompt_tokens_processed: told.prompt_tokens_processed,
        decoded: told.decoded,
        remaining: told.remaining,
    }
}

/// What the processes of a job were doing, as a record keeps it.
#[must_use]
pub fn processes(vitals: &Vitals) -> Vec<Process> {
    let process = |process: &crate::supervise::ProcessVitals| Process {
        pid: process.pid,
        name: process.name.clone(),
        cpu_ms: u64::try_from(process.cpu.as_millis()).unwrap_or(u64::MAX),
        major_faults: process.major_faults,
        read_bytes: process.io.map(|io| io.read_by_calls),
        written_bytes: process.io.map(|io| io.written_by_calls),
        rss_bytes: process.rss_bytes,
        threads: process
            .threads
            .iter()
            .map(|thread| Thread {
                tid: thread.tid,
                name: thread.name.clone(),
                state: letter(thread.state),
                wait_channel: thread.wait_channel.clone(),
            })
            .collect(),
    };
    vitals.processes.iter().map(process).collect()
}

fn letter(state: State) -> char {
    match state {
        State::Running => 'R',
        State::Sleeping => 'S',
        State::Uninterruptible => 'D',
        State::Stopped => 'T',
        State::Traced => 't',
        State::Zombie => 'Z',
        State::Dead => 'X',
        State::Other(letter) => letter,
    }
}

/// Why records cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum IncidentsError {
    /// The system refused it.
    #[error("{what} {path}: {source}", path = path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is not a record of ours.
    #[error("read the incident {path}: {source}; it may be of another version", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Its fields may mean something else.
    #[error(
        "read the incident {path}: it is of the format {schema:?}, and only {SCHEMA} is known here; \
         use the orchestrate that wrote it",
        path = path.display()
    )]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// What it says that it is.
        schema: String,
    },
    /// There is none of that name.
    #[error("find the incident {0:?}: `orchestrate incidents` lists them")]
    Unknown(String),
}

/// The records of one user.
#[derive(Debug, Clone)]
pub struct Incidents {
    dir: PathBuf,
}

impl Incidents {
    /// Those in this directory, which need not exist.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Writes a record, whole or not at all, and forgets the oldest beyond [`KEPT`].
    ///
    /// # Errors
    /// [`IncidentsError::Io`].
    pub fn write(&self, incident: &Incident) -> Result<PathBuf, IncidentsError> {
        let path = self.file(&incident.id);
        let io = |what, path: &Path| {
            let path = path.to_owned();
            move |source| IncidentsError::Io { what, path, source }
        };
        create_private(&self.dir).map_err(io("create the directory", &self.dir))?;
        let mut text = serde_json::to_vec_pretty(incident)
            .map_err(|source| io("write the incident", &path)(source.into()))?;
        text.push(b'\n');
        let written = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.dir)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.persist(&path)?;
                Ok(())
            });
        written.map_err(io("write the incident", &path))?;
        self.remove_abandoned();
        for old in self.ids()?.into_iter().skip(KEPT) {
            // Another run may have forgotten it first.
            let _ = fs::remove_file(self.file(&old));
        }
        Ok(path)
    }

    /// Removes what processes have left that were killed while they wrote.
    fn remove_abandoned(&self) {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let is_unfinished = name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
            let written = entry.metadata().and_then(|file| file.modified());
            // One that is newer than the clock says is not old.
            let age = written.ok().and_then(|written| written.elapsed().ok());
            if is_unfinished && age.is_some_and(|age| age >= ABANDONED) {
                // Another run may have removed it first.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// The names of all, the newest first. Empty where there is no directory.
    ///
    /// # Errors
    /// [`IncidentsError::Io`].
    pub fn ids(&self) -> Result<Vec<String>, IncidentsError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => {
                return Err(IncidentsError::Io {
                    what: "read the directory",
                    path: self.dir.clone(),
                    source,
                });
            }
        };
        let mut ids: Vec<String> = entries
            .flatten()
            .filter_map(|entry| {
                Some(
                    entry
                        .file_name()
                        .to_str()?
                        .strip_suffix(".json")?
                        .to_owned(),
                )
            })
            .collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        Ok(ids)
    }

    /// One record.
    ///
    /// # Errors
    /// [`IncidentsError`], when there is none of that name or it cannot be read.
    pub fn get(&self, id: &str) -> Result<Incident, IncidentsError> {
        // A name is asked for, not a path.
        if !self.ids()?.iter().any(|known| known == id) {
            return Err(IncidentsError::Unknown(id.to_owned()));
        }
        let path = self.file(id);
        let text = fs::read(&path).map_err(|source| IncidentsError::Io {
            what: "read the incident",
            path: path.clone(),
            source,
        })?;
        match serde_json::from_slice::<Incident>(&text) {
            Ok(incident) if incident.schema == SCHEMA => Ok(incident),
            Ok(Incident { schema, .. }) => Err(IncidentsError::OtherFormat { path, schema }),
            Err(source) => Err(IncidentsError::Unreadable { path, source }),
        }
    }

    fn file(&self, id: &str) -> PathBuf {
        self.dir.join(format!("{id}.json"))
    }
}

#[cfg(test)]
mod tests;
