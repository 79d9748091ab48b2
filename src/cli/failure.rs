//! Everything that can go wrong in a command, with the exit code that tells it.

use std::io;

use crate::bench::BenchError;
use crate::doctor::DoctorError;
use crate::exit::Exit;
use crate::model::inspect::InspectError;
use crate::model::list::ListError;
use crate::model::pull::PullFailure;
use crate::model::synth::SynthError;
use crate::model::verify::VerifyError;
use crate::past::PastError;
use crate::plan::PlanError;
use crate::postmortem::PostmortemError;
use crate::profiles::ProfilesError;
use crate::prompt::PromptFailure;
use crate::report::ReportError;
use crate::run::RunError;
use crate::smoke::SmokeError;
use crate::store::{ConfigError, PathsError};
use crate::tune::TuneError;
use crate::{build, clean};

/// Why a command failed. What is not here is a bug.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Usage(String),
    #[error("failed to {0}")]
    Paths(#[from] PathsError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Prompt(#[from] PromptFailure),
    #[error(transparent)]
    Profiles(#[from] ProfilesError),
    #[error(transparent)]
    Postmortem(#[from] PostmortemError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Past(#[from] PastError),
    #[error(transparent)]
    Inspect(#[from] InspectError),
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    #[error(transparent)]
    Smoke(#[from] SmokeError),
    #[error(transparent)]
    Bench(#[from] BenchError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Synth(#[from] SynthError),
    #[error(transparent)]
    Pull(#[from] PullFailure),
    #[error(transparent)]
    Tune(#[from] TuneError),
    #[error("failed to {0}")]
    Build(#[from] build::Error),
    #[error("failed to {0}")]
    Clean(#[from] clean::Error),
    #[error("failed to write to standard output: {0}")]
    Output(io::Error),
    #[error("failed to find the current directory: {0}")]
    NoCurrentDirectory(io::Error),
    #[error("failed to listen for signals: {0}")]
    Signals(io::Error),
    #[error("failed to start the runtime: {0}")]
    Runtime(io::Error),
}

impl Failure {
    /// The exit code that tells it to a script.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Paths(_) | Self::Config(_) => Exit::Configuration,
            Self::Run(error) => error.exit(),
            Self::Prompt(error) => error.exit(),
            Self::Profiles(error) => error.exit(),
            Self::Postmortem(error) => error.exit(),
            Self::Past(error) => error.exit(),
            Self::Inspect(error) => error.exit(),
            Self::List(error) => error.exit(),
            Self::Verify(error) => error.exit(),
            Self::Doctor(error) => error.exit(),
            Self::Smoke(error) => error.exit(),
            Self::Bench(error) => error.exit(),
            Self::Report(error) => error.exit(),
            Self::Synth(error) => error.exit(),
            Self::Pull(error) => error.exit(),
            Self::Plan(error) => error.exit(),
            Self::Tune(error) => error.exit(),
            Self::Build(error) => error.exit(),
            Self::Clean(error) => error.exit(),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::NoCurrentDirectory(_) => Exit::Configuration,
            Self::Output(_) | Self::Signals(_) | Self::Runtime(_) => Exit::Internal,
        }
    }

    /// Whether all that happened is that the reader of our output has left, as in `… | head -1`.
    pub(super) fn is_closed_output(&self) -> bool {
        // Nothing else that went wrong ends with success.
        self.exit() == Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_leaves_is_nobodys_mistake() {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let failures = [
            Failure::Output(gone()),
            InspectError::from(gone()).into(),
            ListError::from(gone()).into(),
            VerifyError::from(gone()).into(),
            PullFailure::from(gone()).into(),
            SynthError::from(gone()).into(),
            PostmortemError::from(gone()).into(),
        ];
        for failure in failures {
            assert!(failure.is_closed_output(), "{failure}");
        }
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(!Failure::from(InspectError::from(full)).is_closed_output());
    }
}
