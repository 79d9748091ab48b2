//! Why a run could not be done.

use std::io;
use std::path::PathBuf;

use crate::engine::{Interruption, StartError};
use crate::exit::Exit;
use crate::profile::{ProfileError, PromptError, TemplateError};
use crate::store::{ConfigError, ModelError};
use crate::units::Bytes;
use crate::vendor::LocateError;

/// Why a run could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A configuration file cannot be read or is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such profile, or it is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The request cannot be a prompt.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The template cannot be filled.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The model cannot be used.
    #[error("failed to {0}")]
    Model(#[from] ModelError),
    /// There is no llama.cpp to use.
    #[error("failed to {0}")]
    Locate(#[from] LocateError),
    /// The profile talks to the model as in a chat, and the model knows no such form.
    #[error(
        "{model} has no chat template, and profile \"{profile}\" has prompt.mode = \"chat\"; use \
         --set prompt.mode=raw, or a model that was trained to chat",
        model = model.display()
    )]
    NoChatTemplate {
        /// The model's file.
        model: PathBuf,
        /// The profile.
        profile: String,
    },
    /// It would take more memory than it may.
    #[error(
        "profile \"{profile}\" needs about {needed} of memory with a context of {context} tokens, and the \
         budget is {budget}; {}, raise memory_budget in orchestrate.toml, or try it with --force \
         (`orchestrate plan {profile}` shows each part)",
        remedy(*fitting)
    )]
    TooLarge {
        /// The profile.
        profile: String,
        /// What the process would take at its peak.
        needed: Bytes,
        /// The context, in tokens.
        context: u32,
        /// What it may take.
        budget: Bytes,
        /// The largest context that would fit, in tokens.
        fitting: Option<u32>,
    },
    /// The process cannot be started.
    #[error("{}", start(.0))]
    Start(#[from] StartError),
    /// The request cannot be read.
    #[error("failed to read the prompt from {name}: {source}", name = name.display())]
    ReadPrompt {
        /// The file, or `standard input`.
        name: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The log file cannot be written.
    #[error("failed to write the log {path}: {source}", path = path.display())]
    LogFile {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The result cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[source] io::Error),
    /// Somebody asked for the end before the answer began.
    #[error("{} came before the answer began", .0.name())]
    Interrupted(Interruption),
    /// The system refused something that always works.
    #[error("failed to set up the run: {0}")]
    Setup(#[source] io::Error),
}

fn remedy(fitting: Option<u32>) -> String {
    match fitting {
        Some(context) => format!("a context of {context} would fit (-c {context}): use that"),
        None => "no context would fit: use a smaller model".to_owned(),
    }
}

/// A mistake in a profile stands alone; what could not be done has its verb.
fn start(error: &StartError) -> String {
    match error {
        StartError::Args(error) => error.to_string(),
        error => format!("failed to {error}"),
    }
}

impl RunError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::NoChatTemplate { .. } => Exit::Configuration,
            Self::Profile(error) => error.exit(),
            Self::Prompt(_) | Self::Template(_) | Self::ReadPrompt { .. } => Exit::Usage,
            Self::Model(error) => error.exit(),
            Self::TooLarge { .. } => Exit::Memory,
            Self::Locate(_) => Exit::LlamaMissing,
            Self::Start(error) => error.exit(),
            Self::LogFile { .. } => Exit::Usage,
            Self::Interrupted(interruption) => interruption.exit(),
            Self::Output(_) | Self::Setup(_) => Exit::Internal,
        }
    }
}
