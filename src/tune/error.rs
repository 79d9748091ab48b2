//! Why there was nothing to tune, or nothing came of it.

use std::io;
use std::path::PathBuf;

use crate::engine::Interruption;
use crate::exit::Exit;
use crate::run::RunError;

/// Why a profile could not be tuned.
#[derive(Debug, thiserror::Error)]
pub enum TuneError {
    /// Profile, model or program are not what a run needs.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The depth leaves no room for an answer.
    #[error(
        "a depth of {depth} tokens and an answer do not fit into the context of {context}: give a smaller --depth, or raise \"context\" in the profile"
    )]
    TooDeep {
        /// What was asked for.
        depth: u32,
        /// The context in tokens.
        context: u32,
    },
    /// The file of prompts cannot be read.
    #[error("failed to read the prompts in {path}: {source}", path = path.display())]
    Prompts {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file of prompts has none.
    #[error("{path} has no prompts: write one on each line", path = .0.display())]
    NoPrompts(PathBuf),
    /// All that could be varied is set by the user.
    #[error(
        "profile \"{0}\" leaves nothing to tune: remove keys such as \"threads\" and \"batch\" from your profile"
    )]
    Nothing(String),
    /// Not even llama.cpp's defaults could be measured.
    #[error(
        "llama.cpp's defaults could not be measured: {why}; see what a run says: orchestrate run {profile} --verbose \"…\""
    )]
    Unusable {
        /// The profile.
        profile: String,
        /// Why not, in a line.
        why: String,
        /// The exit code that a run would have.
        exit: Exit,
    },
    /// Somebody wanted an end before anything was measured.
    #[error("{} came before anything was measured", .0.name())]
    Interrupted(Interruption),
    /// The tuned settings could not be written or removed.
    #[error("failed to {what} {path}: {source}", path = path.display())]
    File {
        /// `write` or `remove`.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The answer could not be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
    /// Signals cannot be listened to.
    #[error("failed to listen for signals: {0}")]
    Signals(#[source] io::Error),
}

impl TuneError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Run(error) => error.exit(),
            Self::TooDeep { .. } | Self::Prompts { .. } | Self::NoPrompts(_) => Exit::Usage,
            Self::Nothing(_) | Self::File { .. } => Exit::Configuration,
            Self::Unusable { exit, .. } => *exit,
            Self::Interrupted(interruption) => interruption.exit(),
            Self::Output(_) | Self::Signals(_) => Exit::Internal,
        }
    }
}
