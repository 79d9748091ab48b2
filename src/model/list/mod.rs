//! `model list`: the models that are on this machine already, by their headers alone.

mod gather;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::exit::Exit;
use crate::profile::ModelRef;
use crate::store::{ConfigError, Paths, Places, Shelves};
use crate::ui::Console;

/// Name and version of the JSON form. A field that changes its meaning changes it.
const SCHEMA: &str = "orchestrate.models/1";

/// Why models cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Profiles cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The answer cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl ListError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) => Exit::Configuration,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Internal,
        }
    }
}

/// How the list is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A table with names.
    Table,
    /// A table with paths, however wide.
    Paths,
    /// JSON (`orchestrate.models/1`).
    Json,
}

/// All models, as `--json` tells them. Fields may be added, not changed.
#[derive(Debug, Serialize)]
struct Models {
    schema: &'static str,
    models: Vec<Model>,
    /// Where was looked.
    places: Vec<Place>,
    /// What could not be looked into.
    unreadable: Vec<Unreadable>,
}

#[derive(Debug, Serialize)]
struct Place {
    place: &'static str,
    directory: PathBuf,
}

#[derive(Debug, Serialize)]
struct Unreadable {
    directory: PathBuf,
    reason: String,
}

/// One model. `null` is what is not known.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Model {
    name: String,
    place: &'static str,
    /// Its file; the first that is there of one in several.
    path: PathBuf,
    /// Where else the same file is.
    also_at: Vec<PathBuf>,
    parts: u64,
    file_bytes: u64,
    /// `model`, `projector`, `adapter` or `vocabulary`.
    kind: Option<&'static str>,
    architecture: Option<String>,
    parameters: Option<u64>,
    quantization: Option<String>,
    /// What is wrong with it.
    problem: Option<String>,
}

/// Lists the models in all usual places. Nothing that is wrong with one of them is an error.
///
/// # Errors
/// [`ListError`].
pub fn list(
    form: Form,
    places: &Places,
    paths: &Paths,
    console: Console,
    out: &mut dyn Write,
) -> Result<(), ListError> {
    let shelves = Shelves::discover(paths, places.home.as_deref(), &of_profiles(places)?);
    let (found, unreadable) = shelves.find();
    let unreadable = unreadable.into_iter().map(|(directory, error)| Unreadable {
        directory,
        reason: error.to_string(),
    });
    let place = |shelf: crate::store::Shelf| Place {
        place: shelf.kind.name(),
        directory: shelf.directory,
    };
    let models = Models {
        schema: SCHEMA,
        models: gather::models(found, console),
        unreadable: unreadable.collect(),
        places: shelves.0.into_iter().map(place).collect(),
    };
    match form {
        Form::Json => {
            serde_json::to_writer_pretty(&mut *out, &models).map_err(io::Error::from)?;
            writeln!(out)?;
        }
        Form::Table | Form::Paths => text::write(&models, form == Form::Paths, places, out)?,
    }
    Ok(())
}

/// The files that profiles name. A profile that is wrong is for `profiles check` to tell.
fn of_profiles(places: &Places) -> Result<Vec<PathBuf>, ConfigError> {
    let profiles = places.profiles()?;
    let resolved = profiles
        .names()
        .filter_map(|name| profiles.resolve(name, &[]).ok());
    let file = |model| match model {
        ModelRef::File(path) => Some(path),
        // Those lie on shelves that are searched anyway.
        ModelRef::BuiltIn(_) | ModelRef::Hub(_) => None,
    };
    Ok(resolved
        .filter_map(|resolved| file(resolved.profile.model))
        .collect())
}
