//! `orchestrate build`: llama.cpp from the pinned sources, or from the user's own.
//!
//! The work is [`vendor::build()`]'s. What this adds is the end by a signal: the helpers run in
//! process groups of their own, so a Ctrl-C reaches only us, and dropping the build ends them.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use crate::exit::Exit;
use crate::vendor::{self, BuildError, BuildRequest, Built, Report};

/// Why `orchestrate build` failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The build itself.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A signal ended it.
    #[error("finish the build: {signal} ended it; `orchestrate build` goes on where it was")]
    Stopped {
        /// The signal's name.
        signal: &'static str,
        /// The exit code that goes with it.
        exit: Exit,
    },
    /// The signals could not be listened to.
    #[error("listen for Ctrl-C: {0}")]
    Signals(#[source] io::Error),
}

impl Error {
    /// The exit code of the command.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Build(_) => Exit::LlamaMissing,
            Self::Stopped { exit, .. } => *exit,
            Self::Signals(_) => Exit::Internal,
        }
    }
}

/// Builds, or finds that it has been built. SIGINT, SIGTERM and SIGHUP end it with all its
/// helpers.
///
/// # Errors
/// See [`Error`]; what was finished stays, and the next call goes on from there.
pub async fn run(request: &BuildRequest, report: Report<'_>) -> Result<Built, Error> {
    let listen = |kind| signal(kind).map_err(Error::Signals);
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    let stopped = |signal, exit| Err(Error::Stopped { signal, exit });
    tokio::select! {
        built = vendor::build(request, report) => Ok(built?),
        _ = interrupt.recv() => stopped("Ctrl-C", Exit::Interrupted),
        _ = terminate.recv() => stopped("SIGTERM", Exit::Terminated),
        _ = hangup.recv() => stopped("SIGHUP", Exit::HangUp),
    }
}
