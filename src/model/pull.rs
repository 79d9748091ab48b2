//! `model pull`: fetches a model from the hub.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::engine::Interruption;
use crate::exit::Exit;
use crate::hub::{self, HubSettings, PullError, PullEvent, Pulled};
use crate::profile::{HUB_PREFIX, HubModel, NotAHubModel};
use crate::ui::steps::Steps;
use crate::ui::{Console, Interrupts};
use crate::units::Bytes;
use crate::vendor::Event;

/// Why no model was pulled.
#[derive(Debug, thiserror::Error)]
pub enum PullFailure {
    /// The name is none of a model on the hub.
    #[error("failed to understand \"{name}\": {source}")]
    Name {
        /// The name.
        name: String,
        /// How it should look.
        source: NotAHubModel,
    },
    /// There is no place for it.
    #[error("failed to find Hugging Face's cache: set HOME, or HF_HOME to a directory")]
    NoHome,
    /// The pull itself.
    #[error("failed to {0}")]
    Pull(#[from] PullError),
    /// A signal ended it.
    #[error("failed to finish the pull: {} ended it; the same command goes on where it was", .0.name())]
    Stopped(Interruption),
    /// The signals could not be listened to.
    #[error("failed to listen for Ctrl-C: {0}")]
    Signals(#[source] io::Error),
    /// The answer cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl PullFailure {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Name { .. } => Exit::Usage,
            Self::NoHome => Exit::Configuration,
            Self::Pull(error) => error.exit(),
            Self::Stopped(interruption) => interruption.exit(),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Signals(_) | Self::Output(_) => Exit::Internal,
        }
    }
}

/// What `model pull` is asked for.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// The model, as `hf:OWNER/REPO[:QUANT]`; the `hf:` may be left out.
    pub model: String,
    /// Whether nothing may be fetched.
    pub is_offline: bool,
    /// Whether the answer is JSON.
    pub json: bool,
}

/// The number changes when a field changes its meaning.
const SCHEMA: &str = "orchestrate.model-pull/1";

/// What was pulled, as `--json` tells it.
#[derive(Debug, Serialize)]
struct Answer {
    schema: &'static str,
    /// As a profile would name it.
    model: String,
    /// What to give llama.cpp: the file, or its first part.
    path: PathBuf,
    files: Vec<PathBuf>,
    total_bytes: u64,
    /// How many of these this call has fetched.
    fetched_bytes: u64,
    commit: Option<String>,
}

/// Pulls a model, and says where it is: on standard error, or as JSON to `out`.
///
/// # Errors
/// [`PullFailure`].
pub async fn pull(
    request: &PullRequest,
    console: Console,
    out: &mut dyn Write,
) -> Result<(), PullFailure> {
    let model = named(&request.model)?;
    let mut settings = HubSettings::from_environment().ok_or(PullFailure::NoHome)?;
    settings.is_offline |= request.is_offline;
    let mut interrupts = Interrupts::listen().map_err(PullFailure::Signals)?;
    let steps = (!console.quiet).then(Steps::on_stderr);
    let report = |event| {
        if let Some(steps) = &steps {
            match event {
                PullEvent::Step(step) => steps.step(step),
                PullEvent::Bytes { done, total } => steps.bytes(done, total),
                PullEvent::Note(note) => steps.show(Event::Note(note)),
            }
        }
    };
    let pulled = interrupts.or(hub::pull(&settings, &model, &report)).await;
    if let Some(steps) = &steps {
        steps.finish();
    }
    let pulled = pulled.map_err(PullFailure::Stopped)??;
    if request.json {
        let answer = answer(&model, pulled);
        serde_json::to_writer_pretty(&mut *out, &answer).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        tell(&model, &pulled, console);
    }
    Ok(())
}

fn named(text: &str) -> Result<HubModel, PullFailure> {
    let full = if text.starts_with(HUB_PREFIX) {
        text.to_owned()
    } else {
        format!("{HUB_PREFIX}{text}")
    };
    let model = HubModel::parse(&full).unwrap_or(Err(NotAHubModel));
    model.map_err(|source| PullFailure::Name {
        name: text.to_owned(),
        source,
    })
}

fn answer(model: &HubModel, pulled: Pulled) -> Answer {
    Answer {
        schema: SCHEMA,
        model: model.to_string(),
        path: pulled.files.first().cloned().unwrap_or_default(),
        files: pulled.files,
        total_bytes: pulled.bytes,
        fetched_bytes: pulled.fetched_bytes,
        commit: pulled.commit,
    }
}

fn tell(model: &HubModel, pulled: &Pulled, console: Console) {
    let what = match (pulled.fetched_bytes, &pulled.commit) {
        (0, None) => "is in the cache".to_owned(),
        (0, Some(_)) => "is up to date".to_owned(),
        (bytes, _) => format!("{} fetched and verified", Bytes(bytes)),
    };
    for file in &pulled.files {
        console.line(&file.display());
    }
    console.line(&format_args!("{}: {what}", pulled.names.join(", ")));
    console.line(&format_args!(
        "try it: orchestrate run coder -m {model} \"…\""
    ));
}
