//! `orchestrate doctor`: what of this machine, its llama.cpp and its configuration is in the way, and what
//! to do about it.
//!
//! Three steps that know nothing of each other. `gather` looks at everything and judges nothing; its result
//! is [`Facts`], plain data. [`judge`] holds a table of checks, each a pure function from the facts to a
//! [`Finding`], so that tests make up machines. `shown` writes the [`Report`], as text or as JSON. What
//! could not be read is told as unknown, and never guessed. There is no access to the network.

mod checks;
mod facts;
mod finding;
mod gather;
mod shown;
#[cfg(test)]
mod tests;
mod trial;

use std::io::{self, Write};
use std::path::PathBuf;

pub use checks::judge;
pub use facts::{
    Clock, Directory, Facts, Found, History, Llama, Model, ModelDisk, Needs, Place, Profiles,
    Sockets, Trial,
};
pub use finding::{Checked, Fact, Finding, NextStep, Report, State, Value};

use crate::exit::Exit;
use crate::store::{ConfigError, Paths, Places};
use crate::ui::{Console, while_waiting};

/// How the report is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Request {
    /// As JSON.
    pub json: bool,
    /// With the facts, also of what is well.
    pub verbose: bool,
}

/// What surrounds a request.
#[derive(Debug)]
pub struct Surroundings<'a> {
    /// The user's directories.
    pub paths: &'a Paths,
    /// Where profiles and configuration are, or why that cannot be told.
    pub places: Result<Places, ConfigError>,
    /// The directory of llama.cpp's programs, where the user names one.
    pub llama_dir: Option<PathBuf>,
    /// Where to say that it takes a moment.
    pub console: Console,
}

/// Why there is no report. What is wrong with the machine is a finding, and no error.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// It could not be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl DoctorError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        Exit::Internal
    }
}

/// Looks at everything. Dropped, it ends what it has started.
pub async fn examine(surroundings: &Surroundings<'_>) -> Report {
    let gathered = gather::gather(surroundings);
    let facts = while_waiting(surroundings.console, "looking at this machine", gathered).await;
    judge(&facts)
}

/// Writes a report. A reader that goes away early, such as `head`, is no error. The exit code is
/// [`Exit::CheckFailed`] where a finding is an error.
///
/// # Errors
/// When it cannot be written.
pub fn tell(report: &Report, request: Request, out: &mut dyn Write) -> Result<Exit, DoctorError> {
    let written = if request.json {
        shown::json(report, out)
    } else {
        shown::text(report, request.verbose, out)
    };
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    Ok(if report.count(State::Error) > 0 {
        Exit::CheckFailed
    } else {
        Exit::Done
    })
}
