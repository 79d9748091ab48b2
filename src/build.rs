//! `orchestrate build`: llama.cpp from the pinned sources, or from the user's own.
//!
//! The work is [`vendor::build()`]'s. What this adds is the end by a signal: the helpers run in
//! process groups of their own, so a Ctrl-C reaches only us, and dropping the build ends them.

use std::io;

use crate::engine::Interruption;
use crate::exit::Exit;
use crate::ui::Interrupts;
use crate::vendor::{self, BuildError, BuildRequest, Built, Report};

/// Why `orchestrate build` failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The build itself.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A signal ended it.
    #[error("finish the build: {} ended it; `orchestrate build` goes on where it was", .0.name())]
    Stopped(Interruption),
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
            Self::Stopped(interruption) => interruption.exit(),
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
    let mut interrupts = Interrupts::listen().map_err(Error::Signals)?;
    match interrupts.or(vendor::build(request, report)).await {
        Ok(built) => Ok(built?),
        Err(interruption) => Err(Error::Stopped(interruption)),
    }
}
