//! A case of the suite: what runs it, and how it becomes a test of the command line.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Once;

use libtest_mimic::{Completion, Failed, Trial};

use crate::expected::Complaint;
use crate::observed::Observed;
use crate::report::{Line, Report};

/// Which program is supervised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Backend {
    /// llama-completion, with the profile `plain`.
    Completion,
    /// llama-server, with the profile `served`.
    Server,
}

impl Backend {
    pub(crate) const BOTH: [Self; 2] = [Self::Completion, Self::Server];

    /// The profile of a [`World`](crate::common::World) that runs it.
    pub(crate) fn profile(self) -> &'static str {
        match self {
            Self::Completion => "plain",
            Self::Server => "served",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Completion => "completion",
            Self::Server => "server",
        })
    }
}

/// What a case is called. Sorted as the report is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    /// Which llama.cpp it is: empty for the fault kit's, else a word that the name begins with.
    pub(crate) llama: &'static str,
    pub(crate) phase: Phase,
    pub(crate) fault: String,
    pub(crate) backend: Backend,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            llama,
            phase,
            fault,
            backend,
        } = self;
        if !llama.is_empty() {
            write!(f, "{llama}/")?;
        }
        write!(f, "{phase}/{fault}/{backend}")
    }
}

/// The part of the list that a fault belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Load,
    Prefill,
    Decode,
    Ending,
    Output,
    Around,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "load",
            Self::Prefill => "prefill",
            Self::Decode => "decode",
            Self::Ending => "ending",
            Self::Output => "output",
            Self::Around => "around",
        })
    }
}

/// What a case has come to.
pub(crate) enum Found {
    /// It was tried, and these promises were broken.
    Tried(Box<Observed>, Vec<Complaint>),
    /// It cannot be tried here, and why.
    Skipped(String),
}

/// Runs a case on the runtime of its own.
type Trying = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Found>>> + Send>;

/// A case of the suite.
pub(crate) struct Case {
    pub(crate) name: Name,
    /// Ignored unless asked for.
    pub(crate) slow: bool,
    /// What a reader of the report has to know of it.
    pub(crate) note: Option<String>,
    pub(crate) trying: Trying,
}

impl Case {
    /// A case that does this on a single-threaded runtime.
    pub(crate) fn new<F>(name: Name, trying: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Found> + 'static,
    {
        Self {
            name,
            slow: false,
            note: None,
            trying: Box::new(move || Box::pin(trying())),
        }
    }

    /// The test of the command line that runs it and tells the report.
    pub(crate) fn trial(self, report: &Report) -> Trial {
        let Self {
            name, slow, trying, ..
        } = self;
        let report = report.clone();
        let kind = if slow { "slow" } else { "" };
        let title = name.to_string();
        Trial::ignorable_test(title, move || run(&name, trying, &report))
            .with_kind(kind)
            .with_ignored_flag(slow)
    }
}

fn run(name: &Name, trying: Trying, report: &Report) -> Result<Completion, Failed> {
    let (line, done) = match catch_unwind(AssertUnwindSafe(|| block_on(trying))) {
        Ok(Found::Tried(observed, complaints)) if complaints.is_empty() => {
            (Line::Passed(observed), Ok(Completion::Completed))
        }
        Ok(Found::Tried(observed, complaints)) => {
            let all: Vec<_> = complaints.iter().map(Complaint::to_string).collect();
            let message = format!("{}\n{}", all.join("\n"), observed.account());
            (Line::Failed(observed, all), Err(message.into()))
        }
        Ok(Found::Skipped(reason)) => {
            let ignored = Completion::ignored_with(&reason);
            (Line::Skipped(reason), Ok(ignored))
        }
        Err(panic) => {
            let message = words(&*panic);
            (Line::Broken(message.clone()), Err(message.into()))
        }
    };
    report.tell(name, line);
    done
}

fn block_on(trying: Trying) -> Found {
    // A panic is told as the failure of its case.
    static SILENT: Once = Once::new();
    SILENT.call_once(|| std::panic::set_hook(Box::new(|_| {})));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(trying())
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    text.unwrap_or_else(|| "it panicked".to_owned())
}
