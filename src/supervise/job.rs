//! A child and the handle on it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustix::process::Pid;
use tokio::sync::mpsc;

use super::adopted;
use super::child::Child;
use super::group::stop_ourselves;
use super::kin::{self, Kin};
use super::ladder::Ladder;
use super::owner::{Control, Owner, Ward};
use super::pipes::{Pump, packet_pipe, plain_pipe};
use super::register::{Register, Registered};
use super::report::ExitReport;
use super::sys;
use super::vitals::{Probe, Vitals};

/// Events that may wait for the caller before the child's output is no longer read. With reads of
/// at most 64 KiB it bounds what a flood can hold in memory to 4 MiB.
const EVENTS_IN_FLIGHT: usize = 64;

/// What to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The program's file.
    pub program: PathBuf,
    /// Its arguments, without its name.
    pub args: Vec<OsString>,
    /// Its whole environment: nothing else is passed on, but for the mark by which the processes of
    /// one job are known, `ORCHESTRATE_JOB`.
    pub environment: Vec<(OsString, OsString)>,
    /// What it reads from standard input, which then ends.
    pub stdin: Vec<u8>,
    /// Where it is kept on record, so that the next start can end what is left if we are killed.
    pub register: Option<Register>,
}

/// What a child did.
#[derive(Debug)]
pub enum Event {
    /// It wrote to standard output: one write, where [`Job::keeps_writes_apart`].
    Stdout(Vec<u8>),
    /// It wrote to standard error.
    Stderr(Vec<u8>),
    /// Nothing of it is left, or nothing that could be ended. Always the last event.
    Exited(ExitReport),
    /// It could not be collected, which only a bug or another reaper in this process can cause.
    /// Always the last event.
    Lost(io::Error),
}

/// Why a program could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The pipes could not be made.
    #[error("make the pipes for {program}: {source}", program = program.display())]
    Pipes {
        /// Which program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Its end could not be waited for.
    #[error("watch {program}: {source} (Linux 5.3 or newer is needed)", program = program.display())]
    Watch {
        /// Which program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It could not be put on record.
    #[error(
        "keep {program} on record in {dir}: {source}; check who may write there",
        program = program.display(),
        dir = dir.display()
    )]
    Register {
        /// Which program.
        program: PathBuf,
        /// Where its record belongs.
        dir: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The program could not be executed.
    #[error("start {program}: {source}", program = program.display())]
    Exec {
        /// Which program.
        program: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// A running child. Dropping it kills the child and all of its group.
#[derive(Debug)]
pub struct Job {
    pid: u32,
    keeps_writes_apart: bool,
    probe: Probe,
    control: mpsc::UnboundedSender<Control>,
    events: mpsc::Receiver<Event>,
}

impl Job {
    /// Starts a program and its owner task on the current tokio runtime. From the first call on, the
    /// whole process adopts the orphans among its descendants.
    ///
    /// # Errors
    /// [`SpawnError`] when a pipe or a record cannot be made or the program cannot be executed.
    pub fn spawn(spec: Spec) -> Result<Self, SpawnError> {
        let program = spec.program.clone();
        let pipes = |source| SpawnError::Pipes {
            program: program.clone(),
            source,
        };
        let (stdin_theirs, stdin_ours) = plain_pipe().map_err(pipes)?;
        let (stdout_ours, stdout_theirs, keeps_writes_apart) = packet_pipe().map_err(pipes)?;
        let (stderr_ours, stderr_theirs) = plain_pipe().map_err(pipes)?;

        adopted::adopt_orphans();
        let name = kin::unique_name();
        let mut registered = on_record(spec.register, &name, &program)?;
        let mut command = Command::new(&spec.program);
        command
            .args(&spec.args)
            .env_clear()
            .envs(spec.environment)
            .env(kin::MARK, &name)
            .stdin(stdin_theirs)
            .stdout(stdout_theirs)
            .stderr(stderr_theirs);
        let spawned = start(&mut command);
        // The command still holds the child's ends of the pipes; with them open ours never end.
        drop(command);
        let leader = spawned.map_err(|source| {
            if let Some(registered) = registered.take() {
                registered.remove();
            }
            let program = program.clone();
            SpawnError::Exec { program, source }
        })?;

        let child = Child::new(leader);
        let pid = leader.as_raw_nonzero().get().unsigned_abs();
        let kin = Arc::new(Kin::of(pid, &name));
        if let Some(registered) = &mut registered {
            registered.started(kin.leader());
        }
        let (control, requests) = mpsc::unbounded_channel();
        let (sender, events) = mpsc::channel(EVENTS_IN_FLIGHT);
        let ward = Ward {
            child,
            kin: Arc::clone(&kin),
            registered,
            stdin: (stdin_ours, spec.stdin),
            pump: Pump::new(stdout_ours, stderr_ours, sender).map_err(pipes)?,
        };
        let owner =
            Owner::new(ward, requests).map_err(|source| SpawnError::Watch { program, source })?;
        tokio::spawn(owner.run());
        Ok(Self {
            pid,
            keeps_writes_apart,
            probe: Probe::new(kin),
            control,
            events,
        })
    }

    /// The leader's process id, for people to read; it is meaningless once the job has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether each [`Event::Stdout`] is exactly one write of the child (on Linux, up to 4096 bytes).
    #[must_use]
    pub fn keeps_writes_apart(&self) -> bool {
        self.keeps_writes_apart
    }

    /// What its processes are doing; empty once the leader is reaped.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        self.probe.vitals()
    }

    /// Takes [`Vitals`] wherever it is moved to; it outlives the job, and finds nothing then.
    #[must_use]
    pub fn probe(&self) -> Probe {
        self.probe.clone()
    }

    /// The next event; `None` after the last one. Cancel safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Ends the child: begins to climb `ladder`. While one is being climbed already, nothing
    /// changes; [`Job::kill`] is for those who cannot wait.
    pub fn stop(&self, ladder: Ladder) {
        // An owner that is gone has nothing left to end.
        let _ = self.control.send(Control::Stop(ladder));
    }

    /// Stops the child and this process (SIGSTOP), and continues the child when somebody continues us. A
    /// child that has ended is left to it.
    pub fn suspend(&self) {
        if self.control.send(Control::Suspend).is_err() {
            stop_ourselves();
        }
    }

    /// Stops the child (SIGSTOP) and leaves it so, for whoever looks whether that is noticed. A
    /// [ladder](Job::stop) continues it.
    pub fn freeze(&self) {
        // An owner that is gone has nothing left to stop.
        let _ = self.control.send(Control::Freeze);
    }

    /// Ends the child at once (SIGKILL), whatever ladder is being climbed.
    pub fn kill(&self) {
        let _ = self.control.send(Control::Kill);
    }
}

/// Starts the command in a group of its own.
fn start(command: &mut Command) -> io::Result<Pid> {
    std::os::unix::process::CommandExt::process_group(command, 0);
    sys::die_with_parent(command);
    command.spawn().map(|spawned| Pid::from_child(&spawned))
}

/// Puts a job on record, if that is wanted.
fn on_record(
    register: Option<Register>,
    name: &str,
    program: &Path,
) -> Result<Option<Registered>, SpawnError> {
    let Some(register) = register else {
        return Ok(None);
    };
    let dir = register.dir.clone();
    match Registered::write(register, name) {
        Ok(registered) => Ok(Some(registered)),
        Err(source) => Err(SpawnError::Register {
            program: program.to_owned(),
            dir,
            source,
        }),
    }
}
