//! `orchestrate run`: one prompt, one supervised generation, one line that says what happened.

mod account;
mod error;
mod follow;
mod prepare;
mod report;
mod summary;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use tokio::time::Instant;

pub use error::RunError;
pub use prepare::PromptSource;

use crate::exit::Exit;
use crate::profile::Override;
use crate::store::Paths;
use crate::ui::Console;

/// What to run, and how to tell of it.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The profile's name.
    pub profile: String,
    /// Where the request comes from.
    pub prompt: PromptSource,
    /// Keys of the profile that are changed for this run, in the order in which they are applied.
    pub overrides: Vec<Override>,
    /// Variables of the template.
    pub variables: BTreeMap<String, String>,
    /// Where llama.cpp's programs are, when the user says so.
    pub llama_dir: Option<PathBuf>,
    /// In which form the answer is wanted.
    pub format: Format,
    /// Say what is done, and how long each part took.
    pub verbose: bool,
    /// Where to write the same, with llama.cpp's own log.
    pub log_file: Option<PathBuf>,
    /// When the command was accepted.
    pub accepted: Instant,
}

/// In which form the answer goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// The text alone, as it comes.
    #[default]
    Text,
    /// One JSON object at the end.
    Json,
    /// One JSON object per event, as it comes.
    JsonLines,
}

/// Runs it; the exit code says how it ended. With JSON wanted, standard output gets an object even
/// where the run could not be started.
///
/// # Errors
/// [`RunError`] when it could not be started, or its result could not be written.
pub async fn run(request: RunRequest, paths: &Paths, console: Console) -> Result<Exit, RunError> {
    let format = request.format;
    let ended = match prepare::prepare(request, paths, console).await {
        Ok(ready) => follow::follow(ready, console).await,
        Err(error) => Err(error),
    };
    if let (Err(error), true) = (&ended, format != Format::Text) {
        // The error itself is told on standard error, whatever becomes of this.
        let line = report::json_line(&report::NotStarted::new(error));
        let _ = io::stdout().write_all(line.as_bytes());
    }
    ended
}
