//! Why a night could not begin, or could not be told.

use std::io;
use std::path::PathBuf;

use crate::exit::Exit;
use crate::profile::Problems;
use crate::run::RunError;

/// Why nothing was measured, or what was found could not be told.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A profile, its model or its program is not what a run needs.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The suite has something wrong in it.
    #[error(transparent)]
    Suite(#[from] Problems),
    /// There is no such suite.
    #[error("there is no suite \"{name}\": name one of {known}, or a file that ends in .toml")]
    NoSuite {
        /// What was asked for.
        name: String,
        /// The built-in ones.
        known: String,
    },
    /// A file cannot be read.
    #[error("failed to read {path}: {source}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file of prompts has none.
    #[error("{path} has no prompts: write one on each line", path = .0.display())]
    NoPrompts(PathBuf),
    /// The anchor is not what it was, or cannot be used.
    #[error(
        "the anchor of \"{profile}\" cannot be used: {why}; make a new one with `orchestrate bench \
         --freeze-anchor`, or say what to compare with: --against-build, --against-set, --against-profile"
    )]
    Anchor {
        /// Whose.
        profile: String,
        /// Why not.
        why: String,
    },
    /// The anchor cannot be written.
    #[error("failed to write the anchor {path}: {source}", path = path.display())]
    Freeze {
        /// Where.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A report cannot be written to a file.
    #[error("failed to write {path}: {source}; name another file with --junit", path = path.display())]
    Junit {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The report cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[source] io::Error),
}

impl BenchError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Run(error) => error.exit(),
            Self::NoSuite { .. } => Exit::Usage,
            Self::Suite(_)
            | Self::Unreadable { .. }
            | Self::NoPrompts(_)
            | Self::Anchor { .. }
            | Self::Freeze { .. }
            | Self::Junit { .. } => Exit::Configuration,
            Self::Output(_) => Exit::Internal,
        }
    }
}
