//! What earlier runs say of this one. The history is opened and asked while the process starts, and is
//! kept for the record of this run: what comes at its end, somebody waits for.

use std::future::pending;
use std::path::Path;
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};

use super::prepare::Facts;
use crate::dialect::Capabilities;
use crate::history::{self, History, HistoryError, HostFacts, ModelFacts, Settings};
use crate::host::{Host, unix_ms};
use crate::profile::HistoryPolicy;
use crate::store::ModelFile;
use crate::units::MsPerToken;
use crate::watchdog::{Expected, Known, Source};

/// A history that is being opened, or is open.
pub(super) enum Recall {
    /// The user wants none.
    Unwanted,
    /// Another thread is opening it.
    Opening(JoinHandle<Recalled>),
    /// It was opened, or could not be.
    Open(Box<Recalled>),
}

/// A history that was opened, or could not be, and what it said.
pub(super) struct Recalled {
    /// To record this run in.
    pub(super) history: Result<History, HistoryError>,
    /// This machine.
    pub(super) host: HostFacts,
    expected: Option<Expected>,
}

impl Recall {
    /// Begins to open the history and to ask it for runs like this one; takes some milliseconds, of
    /// another thread.
    pub(super) fn begin(facts: &Facts) -> Self {
        let Some((path, policy)) = facts.history.clone() else {
            return Self::Unwanted;
        };
        let capabilities = &facts.install.capabilities;
        let question = Question::new(&facts.model, capabilities, &facts.settings);
        Self::Opening(spawn_blocking(move || recall(&path, policy, &question)))
    }

    /// What earlier runs say, once; never comes where they say nothing. Cancel safe.
    pub(super) async fn expected(&mut self) -> Expected {
        if let Self::Opening(opening) = self {
            let opened = opening.await;
            *self = opened.map_or(Self::Unwanted, |open| Self::Open(Box::new(open)));
            if let Self::Open(open) = self
                && let Some(expected) = open.expected
            {
                return expected;
            }
        }
        pending().await
    }

    /// The history, when it is open; `None` where the user wants none.
    pub(super) async fn opened(self) -> Option<Recalled> {
        match self {
            Self::Unwanted => None,
            Self::Opening(opening) => opening.await.ok(),
            Self::Open(open) => Some(*open),
        }
    }
}

/// What has to be known to ask the history.
struct Question {
    model: String,
    build: String,
    settings: String,
}

impl Question {
    /// About runs on this machine with this model, build and settings.
    fn new(model: &ModelFile, capabilities: &Capabilities, settings: &Settings) -> Self {
        Self {
            model: ModelFacts::from(model).fingerprint,
            build: build(capabilities),
            settings: settings.hash.clone(),
        }
    }

    fn ask(
        &self,
        history: &mut History,
        host: &HostFacts,
    ) -> Result<Option<Expected>, HistoryError> {
        let Self {
            model,
            build,
            settings,
        } = self;
        let found = history.expected(&host.fingerprint, model, build, settings)?;
        Ok(found.map(|found| in_words_of_the_watchdog(&found)))
    }
}

/// Opens the history, tidies it up once a day, and asks it. What is wrong with it is told when the run is
/// recorded.
fn recall(path: &Path, policy: HistoryPolicy, question: &Question) -> Recalled {
    let host = HostFacts::from(&Host::detect());
    let mut expected = None;
    let history = History::open(path).map(|mut history| {
        // What cannot be asked is learned from the run itself, and what cannot be tidied up today is
        // tidied up another day.
        expected = question.ask(&mut history, &host).ok().flatten();
        let _ = history.prune_if_due(policy.into(), unix_ms());
        let _ = history.shorten_log();
        history
    });
    Recalled {
        history,
        host,
        expected,
    }
}

/// What earlier runs say of one with this model, build and settings on this machine. Reads, and does
/// nothing about what is wrong with the history.
pub(super) fn look_up(
    path: &Path,
    model: &ModelFile,
    capabilities: &Capabilities,
    settings: &Settings,
) -> Option<Expected> {
    let mut history = History::peek(path)?;
    let host = HostFacts::from(&Host::detect());
    let question = Question::new(model, capabilities, settings);
    question.ask(&mut history, &host).ok()?
}

/// The build as the history compares it.
pub(crate) fn build(capabilities: &Capabilities) -> String {
    match (capabilities.build, &capabilities.commit) {
        (Some(build), _) => format!("b{build}"),
        (None, Some(commit)) => commit.clone(),
        (None, None) => "unknown".to_owned(),
    }
}

/// The same, as the watchdog calls it.
fn in_words_of_the_watchdog(found: &history::Expected) -> Expected {
    let time = |ms: f64| Duration::try_from_secs_f64(ms / 1000.0).ok();
    let history = Source::History;
    Expected {
        prefill_rate: found
            .prefill_tokens_per_second
            .map(|rate| Known::new(rate, history)),
        gap_p99: found
            .gap_p99_ms
            .and_then(time)
            .map(|gap| Known::new(gap, history)),
        ms_per_token: found
            .ms_per_token
            .and_then(MsPerToken::new)
            .map(|speed| Known::new(speed, history)),
        load: found
            .load_ms
            .and_then(time)
            .map(|load| Known::new(load, history)),
        computes_on_cpu: false,
    }
}
