//! What earlier runs say of this one, looked up while the process starts.

use std::path::PathBuf;
use std::time::Duration;

use super::prepare::Facts;
use super::remember::build;
use crate::history::{self, History, HostFacts, ModelFacts};
use crate::host::Host;
use crate::units::MsPerToken;
use crate::watchdog::{Expected, Known, Source};

/// What has to be known to ask the history.
#[derive(Debug, Clone)]
pub(super) struct Question {
    path: PathBuf,
    model: String,
    build: String,
    settings: String,
}

impl Question {
    /// `None` where the user wants no history.
    pub(super) fn about(facts: &Facts) -> Option<Self> {
        Some(Self {
            path: facts.history.clone()?,
            model: ModelFacts::from(&facts.model).fingerprint,
            build: build(&facts.install.capabilities),
            settings: facts.settings.hash.clone(),
        })
    }

    /// Reads the history; takes some milliseconds. What is wrong with it is seen to, and told, when the run
    /// is recorded.
    pub(super) fn ask(self) -> Option<Expected> {
        let host = HostFacts::from(&Host::detect());
        let mut history = History::peek(&self.path)?;
        let found = history.expected(&host.fingerprint, &self.model, &self.build, &self.settings);
        found.ok()?.map(|found| expected(&found))
    }
}

/// In the watchdog's words.
fn expected(found: &history::Expected) -> Expected {
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
