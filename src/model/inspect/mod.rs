//! `model inspect`: what a model's header says, and what that means for the memory.

mod facts;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::target::{self, TargetError};
use crate::exit::Exit;
use crate::store::{ModelError, ModelParts, Paths, Places, locate_model, open_regular, read_parts};
use facts::Facts;
pub(super) use facts::kind;

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

/// Writes what the headers of a model say, for people or as JSON (`orchestrate.model/1`). A model of which
/// a part is missing is told all the same, with what is missing.
///
/// # Errors
/// [`InspectError`].
pub fn inspect(
    word: &str,
    as_json: bool,
    places: &Places,
    paths: &Paths,
    out: &mut dyn Write,
) -> Result<(), InspectError> {
    let path = locate_model(&target::resolve(word, places)?, paths)?;
    let model = read_parts(&path)?;
    let texts = token_texts(&model);
    let facts = Facts::new(&model, &texts);
    if as_json {
        serde_json::to_writer_pretty(&mut *out, &facts).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        text::write(&facts, places, out)?;
    }
    Ok(())
}

/// The texts of the special tokens. Where they cannot be read any more they are left out: all else is known.
fn token_texts(model: &ModelParts) -> BTreeMap<u64, String> {
    let first = &model.files[0];
    let asked = model.header.special_tokens().values().copied().collect();
    let read = || {
        let (file, bytes) = open_regular(&first.path).ok()?;
        model.header.token_texts(file, bytes, &asked).ok()
    };
    read().unwrap_or_default()
}
