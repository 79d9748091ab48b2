//! Why there is no report.

use std::io;
use std::path::PathBuf;

use super::plots::DrawingError;
use crate::exit::Exit;
use crate::history::HistoryError;
use crate::past::when::NotSince;

/// Why a report could not be made, or not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The history cannot be used.
    #[error("failed to {0}")]
    History(#[from] HistoryError),
    /// There is nothing to report.
    #[error(
        "there are no nights of benchmarks in the history yet: measure one with `orchestrate bench`"
    )]
    Empty,
    /// There is nothing of the machine that was asked for.
    #[error(
        "there are no nights of {which} in the history: measure one with `orchestrate bench`, or name with \
         --host one of {known}"
    )]
    OtherHosts {
        /// Which machine was asked for.
        which: String,
        /// Those that there are.
        known: String,
    },
    /// There is nothing of the suite that was asked for.
    #[error("there are no nights of a suite \"{name}\" in the history; there are some of {known}")]
    NoSuite {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// There is nothing so recent.
    #[error(
        "there are no nights since {since}: the latest began on {latest}; look back further with --since"
    )]
    NoneSince {
        /// The day that was asked for.
        since: String,
        /// The day of the latest night.
        latest: String,
    },
    /// No time to begin at.
    #[error(transparent)]
    NotSince(#[from] NotSince),
    /// A page on a terminal helps nobody.
    #[error(
        "a report is a page for a browser, and standard output is a terminal: write it to a file with -o report.html"
    )]
    Terminal,
    /// A plot cannot be drawn.
    #[error("failed to draw a plot: {0}")]
    Plot(#[from] DrawingError),
    /// The page cannot be made.
    #[error("failed to make the page: {0}")]
    Template(#[from] minijinja::Error),
    /// The file cannot be written.
    #[error("failed to write {path}: {source}; name another file with -o", path = .path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It cannot be written to standard output.
    #[error("failed to write to standard output: {0}")]
    Output(#[source] io::Error),
}

impl ReportError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::History(error) => error.exit(),
            Self::Empty
            | Self::OtherHosts { .. }
            | Self::NoSuite { .. }
            | Self::NoneSince { .. }
            | Self::NotSince(_)
            | Self::Terminal
            | Self::Unwritable { .. } => Exit::Usage,
            Self::Plot(_) | Self::Template(_) | Self::Output(_) => Exit::Internal,
        }
    }
}
