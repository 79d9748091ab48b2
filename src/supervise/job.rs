//! A child and the handle on it.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Pid;
use tokio::sync::mpsc;

use super::child::Child;
use super::ladder::Ladder;
use super::owner::{Control, Owner};
use super::pipes::{Pump, packet_pipe, plain_pipe};
use super::report::ExitReport;
use super::sys;

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
    /// Its whole environment: nothing else is passed on.
    pub environment: Vec<(OsString, OsString)>,
    /// What it reads from standard input, which then ends.
    pub stdin: Vec<u8>,
}

/// What a child did.
#[derive(Debug)]
pub enum Event {
    /// It wrote to standard output: one write, where [`Job::keeps_writes_apart`].
    Stdout(Vec<u8>),
    /// It wrote to standard error.
    Stderr(Vec<u8>),
    /// Nothing of it is left. Always the last event.
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
    control: mpsc::UnboundedSender<Control>,
    events: mpsc::Receiver<Event>,
}

impl Job {
    /// Starts a program and its owner task on the current tokio runtime.
    ///
    /// # Errors
    /// [`SpawnError`] when a pipe cannot be made or the program cannot be executed.
    pub fn spawn(spec: Spec) -> Result<Self, SpawnError> {
        let program = spec.program.clone();
        let pipes = |source| SpawnError::Pipes {
            program: program.clone(),
            source,
        };
        let (stdin_theirs, stdin_ours) = plain_pipe().map_err(pipes)?;
        let (stdout_ours, stdout_theirs, keeps_writes_apart) = packet_pipe().map_err(pipes)?;
        let (stderr_ours, stderr_theirs) = plain_pipe().map_err(pipes)?;

        let mut command = Command::new(&spec.program);
        command
            .args(&spec.args)
            .env_clear()
            .envs(spec.environment)
            .stdin(stdin_theirs)
            .stdout(stdout_theirs)
            .stderr(stderr_theirs);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        sys::die_with_parent(&mut command);
        let spawned = command.spawn().map_err(|source| SpawnError::Exec {
            program: program.clone(),
            source,
        })?;
        // The command still holds the child's ends of the pipes; with them open ours never end.
        drop(command);

        let pid = spawned.id();
        let child = Child::new(Pid::from_child(&spawned));
        let (control, requests) = mpsc::unbounded_channel();
        let (sender, events) = mpsc::channel(EVENTS_IN_FLIGHT);
        let pump = Pump::new(stdout_ours, stderr_ours, sender).map_err(pipes)?;
        let owner =
            Owner::new(child, requests, (stdin_ours, spec.stdin), pump).map_err(|source| {
                SpawnError::Watch {
                    program: program.clone(),
                    source,
                }
            })?;
        tokio::spawn(owner.run());
        Ok(Self {
            pid,
            keeps_writes_apart,
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

    /// Ends the child at once (SIGKILL), whatever ladder is being climbed.
    pub fn kill(&self) {
        let _ = self.control.send(Control::Kill);
    }
}
