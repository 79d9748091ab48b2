//! `model inspect`.

use std::io::{self, Write};

use super::target::{self, TargetError};
use crate::exit::Exit;
use crate::store::{ModelError, Paths, Places, open_model};

/// Why a model cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// No model is meant by the word.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The model cannot be read.
    #[error("failed to {0}")]
    Model(#[from] ModelError),
    /// The answer cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl InspectError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Target(error) => error.exit(),
            Self::Model(error) => error.exit(),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Internal,
        }
    }
}

/// Writes what the header of a model says.
///
/// # Errors
/// [`InspectError`].
pub fn inspect(
    word: &str,
    places: &Places,
    paths: &Paths,
    out: &mut dyn Write,
) -> Result<(), InspectError> {
    let model = open_model(&target::resolve(word, places)?, paths)?;
    writeln!(out, "architecture  {}", model.header.architecture)?;
    Ok(())
}
