//! `orchestrate run`: one prompt, one supervised generation, one line that says what happened.

mod account;
mod error;
mod fit;
mod follow;
mod foresee;
mod incident;
mod prepare;
mod prior;
mod recall;
mod remember;
mod report;
mod route;
mod summary;
mod tuned;

use std::collections::BTreeMap;
use std::path::PathBuf;

use tokio::time::Instant;

pub use error::RunError;
pub(crate) use fit::{check as check_fit, memory_of, setup_here};
pub(crate) use foresee::{foresee, remembered};
pub use prepare::PromptSource;
pub(crate) use prepare::{Asked, Chosen, Question, choose, find, lower_context, program, read};
pub(crate) use recall::build as build_of;
pub(crate) use tuned::{as_run, ground};

use crate::engine::Prepared;
use crate::exit::Exit;
use crate::profile::{AUTO, Override};
use crate::store::Paths;
use crate::supervise;
use crate::ui::{Console, Interrupts};

/// What to run, and how to tell of it.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The profile's name, or [`AUTO`] to have one chosen.
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
    /// Run it even if it needs more memory than it may take.
    pub force: bool,
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

/// Runs it; the exit code says how it ended.
///
/// # Errors
/// [`RunError`] when it could not be started, or its result could not be written.
pub async fn run(request: RunRequest, paths: &Paths, console: Console) -> Result<Exit, RunError> {
    // Until the prompt is read, Ctrl-C does what it always does: somebody may be typing.
    let mut asked = read(&question(&request), paths)?;
    let mut interrupts = Interrupts::listen().map_err(RunError::Setup)?;
    // What a supervisor has left that was killed; nobody else's.
    supervise::sweep_orphans(&paths.jobs()).await;
    let routed = if request.profile == AUTO {
        match route::choose(&request, &asked, paths, console, &mut interrupts).await {
            Ok(routed) => Some(routed),
            Err(interruption) => return Err(RunError::Interrupted(interruption)),
        }
    } else {
        None
    };
    let chosen = chosen(&request, &mut asked, routed.as_ref(), paths)?;
    let ready = prepare::make_ready(&request, &asked, chosen, routed, paths, console);
    let ready = match interrupts.or(ready).await {
        Ok(ready) => ready?,
        Err(interruption) => return Err(RunError::Interrupted(interruption)),
    };
    let (followed, recall) = follow::follow(&request, ready, &mut interrupts, console).await?;
    // Everything is told: what follows costs the user nothing, whatever becomes of it.
    let remembered = remember::remember(&followed, recall, console);
    match interrupts.or(remembered).await {
        Ok(()) => followed.exit,
        Err(interruption) => Ok(interruption.exit()),
    }
}

fn question(request: &RunRequest) -> Question<'_> {
    Question {
        profile: &request.profile,
        overrides: &request.overrides,
        source: &request.prompt,
        accepted: request.accepted,
    }
}

/// The profile that is named or was chosen, with its prompt and model.
fn chosen(
    request: &RunRequest,
    asked: &mut Asked,
    routed: Option<&route::Routed>,
    paths: &Paths,
) -> Result<Chosen, RunError> {
    let name = routed.map_or(&request.profile, |routed| &routed.profile);
    let resolved = match asked.named.take() {
        Some(named) => named,
        None => asked.profiles.resolve(name, &request.overrides)?,
    };
    choose(asked, resolved, &request.variables, paths)
}

/// What standard output is to say of a run that could not be started: nothing, unless JSON is
/// wanted, or the run was started and has said it itself.
#[must_use]
pub fn not_started(format: Format, error: &RunError) -> Option<String> {
    let report = report::NotStarted::new(error);
    match (format, error) {
        (Format::Text, _) | (_, RunError::Output(_)) => None,
        (Format::Json, _) => Some(report::json_line(&report)),
        (Format::JsonLines, _) => Some(report::json_line(&report::Event::NotStarted { report })),
    }
}

/// What [`run()`] would start for this request of a named profile, to the last byte, for those who
/// compare a supervised run with a bare one.
///
/// # Errors
/// [`RunError`] as of [`run()`], up to the start.
pub async fn prepared(
    request: &RunRequest,
    paths: &Paths,
    console: Console,
) -> Result<Prepared, RunError> {
    let mut asked = read(&question(request), paths)?;
    let chosen = chosen(request, &mut asked, None, paths)?;
    let ready = prepare::make_ready(request, &asked, chosen, None, paths, console).await?;
    Ok(ready.prepared)
}
