//! `orchestrate profiles`: seeing, checking, making and importing profiles.
//!
//! What was asked for is a [`Request`]; [`execute`] answers it into a writer. The answers go to
//! standard output and pipe well: plain aligned text, or JSON where a program reads along.

mod check;
mod import;
mod list;
mod new;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;

pub(crate) use check::{Examined, examine};
pub use import::{Import, ImportError};
pub use new::NewProfile;

use crate::exit::Exit;
use crate::profile::{AUTO, Override, ProfileError, ProfileSet, Resolved, schema};
use crate::run;
use crate::store::{ConfigError, Paths, Places};

/// One thing to ask about profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// All profiles, one per line, or as JSON.
    List {
        /// As JSON.
        json: bool,
    },
    /// One profile with all its values.
    Show {
        /// Its name.
        name: String,
        /// Keys changed for this once.
        overrides: Vec<Override>,
        /// As JSON.
        json: bool,
    },
    /// What is wrong with these profiles, or with all configuration, and which time limits cannot hold by
    /// what the history knows.
    Check {
        /// The names; empty for everything.
        names: Vec<String>,
    },
    /// The JSON schema of a profile.
    Schema,
    /// A new profile in a file.
    New(NewProfile),
    /// Profiles from an older configuration.
    Import(Import),
}

/// Where answers come from.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// Where profiles and configuration are.
    pub places: &'a Places,
    /// The user's directories; a check reads the history there, where it has something to say.
    pub paths: &'a Paths,
    /// Where llama.cpp's programs are, when the user says so.
    pub llama_dir: Option<PathBuf>,
}

/// Why a request could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum ProfilesError {
    /// The profile that was named is missing or wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Configuration could not be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A check found something; the problems are in the output.
    #[error("{}", found(*.0))]
    Found(usize),
    /// Nothing was imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A name that no profile can have.
    #[error("\"{0}\" cannot be the name of a profile: use a-z, 0-9, _ and -")]
    BadName(String),
    /// A name that means something else.
    #[error(
        "\"{AUTO}\" cannot be the name of a profile: `orchestrate run {AUTO}` has the router choose one"
    )]
    Reserved,
    /// The file is there already.
    #[error("{path} is there already; --force replaces it", path = .0.display())]
    Exists(PathBuf),
    /// The file could not be written.
    #[error("failed to write {path}: {source}", path = .path.display())]
    Unwritable {
        /// The file or directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The answer could not be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

fn found(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} problem{plural} found")
}

impl ProfilesError {
    /// The exit code that tells a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Profile(error) => error.exit(),
            Self::Import(error) => error.exit(),
            Self::Config(_) | Self::Found(_) | Self::Unwritable { .. } => Exit::Configuration,
            Self::BadName(_) | Self::Reserved | Self::Exists(_) => Exit::Usage,
            Self::Output(_) => Exit::Internal,
        }
    }
}

/// Answers a request. A reader that goes away early, such as `head`, is no error.
///
/// # Errors
/// When a profile is missing or wrong, or something cannot be read or written.
pub async fn execute(
    request: &Request,
    surroundings: &Surroundings<'_>,
    out: &mut dyn Write,
) -> Result<(), ProfilesError> {
    let places = surroundings.places;
    let answered = match request {
        Request::List { json } => list::list(&places.profiles()?, *json, out),
        Request::Show {
            name,
            overrides,
            json,
        } => {
            let mut resolved = as_run(&places.profiles()?, name, overrides, surroundings).await?;
            let (resolved, hint) = (&mut resolved.0, resolved.1);
            resolved.notes.extend(hint);
            show(resolved, *json, out).map_err(ProfilesError::Output)
        }
        Request::Check { names } => check::check(names, surroundings, out).await,
        Request::Schema => out
            .write_all(schema().as_bytes())
            .map_err(ProfilesError::Output),
        Request::New(new) => new.write(places, out),
        Request::Import(import) => import.execute(places, out),
    };
    match answered {
        Err(ProfilesError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        answered => answered,
    }
}

/// A profile as it would be run, with what was tuned; and why that does not hold.
async fn as_run(
    set: &ProfileSet,
    name: &str,
    overrides: &[Override],
    surroundings: &Surroundings<'_>,
) -> Result<(Resolved, Option<String>), ProfileError> {
    let Surroundings {
        places,
        paths,
        llama_dir,
    } = surroundings;
    // A broken configuration is told by whoever needs it.
    let config = places.config().ok();
    run::as_run(
        set,
        name,
        overrides,
        llama_dir.clone(),
        config.as_ref(),
        paths,
    )
    .await
}

fn show(resolved: &Resolved, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    if !as_json {
        for note in &resolved.notes {
            writeln!(out, "# note: {note}")?;
        }
        return out.write_all(resolved.to_toml().as_bytes());
    }
    let origins: serde_json::Map<_, _> = resolved
        .origins
        .iter()
        .map(|(path, place)| (path.clone(), json!(place.to_string())))
        .collect();
    let answer = json!({
        "name": resolved.profile.name,
        "profile": resolved.profile.to_table(),
        "origins": origins,
        "notes": resolved.notes,
    });
    writeln!(out, "{answer:#}")
}
