//! When a silent server is asked how far it is, and what comes of its answer.

use std::time::Duration;

use super::{Action, Generation, Input, Program};
use crate::dialect::Told;
use crate::watchdog::Event;

/// How long nothing else must have spoken before a server is asked, and the least time between two
/// questions: the thread that generates has to answer, and has better things to do.
const ASK_AFTER: Duration = Duration::from_secs(5);
/// The time between two questions doubles with each that has no answer, so often at most: builds of 2025
/// keep one of their few HTTP threads busy with each of them until the batch is done.
const MOST_DOUBLINGS: u32 = 6;

/// What has to be known to ask at the right time.
#[derive(Debug, Default)]
pub(super) struct Asking {
    /// Since when it takes questions: it has loaded.
    ready: bool,
    /// When anything was last heard of it: an event, text, a line of its log.
    heard_at: Duration,
    asked_at: Option<Duration>,
    awaiting: bool,
    unanswered: u32,
    said_unanswered: bool,
}

impl Asking {
    pub(super) fn ready(&mut self) {
        self.ready = true;
    }

    /// Notes when the program was heard of.
    pub(super) fn hear(&mut self, now: Duration, input: &Input) {
        if matches!(
            input,
            Input::Stdout(_)
                | Input::Stderr(_)
                | Input::Asked
                | Input::Announced(_)
                | Input::Served(_)
                | Input::Beside(_)
        ) {
            self.heard_at = now;
        }
    }

    fn due(&self) -> Option<Duration> {
        if !self.ready || self.awaiting {
            return None;
        }
        let pause = ASK_AFTER.saturating_mul(1 << self.unanswered.min(MOST_DOUBLINGS));
        let silence = self.heard_at.saturating_add(ASK_AFTER);
        let again = self.asked_at.map(|asked| asked.saturating_add(pause));
        Some(again.map_or(silence, |again| again.max(silence)))
    }
}

impl Generation {
    /// When the server is next asked; none where it offers no answer.
    pub(super) fn ask_at(&self) -> Option<Duration> {
        let counts = matches!(self.terms.program, Program::Server { counts: true, .. });
        self.asking.due().filter(|_| counts && self.cause.is_none())
    }

    pub(super) fn ask_if_silent(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.ask_at().is_some_and(|at| now >= at) {
            self.asking.asked_at = Some(now);
            self.asking.awaiting = true;
            actions.push(Action::Count);
        }
    }

    /// An answer as such is no progress: the watchdog compares its numbers with those that it knows.
    pub(super) fn take_count(
        &mut self,
        now: Duration,
        told: Result<Told, String>,
        actions: &mut Vec<Action>,
    ) {
        self.asking.awaiting = false;
        match told {
            Ok(told) => {
                self.asking.unanswered = 0;
                let counters = self.counters(&told);
                self.watch(now, Event::Counters(counters), actions);
            }
            Err(detail) => {
                self.asking.unanswered = self.asking.unanswered.saturating_add(1);
                if !std::mem::replace(&mut self.asking.said_unanswered, true) {
                    actions.push(Action::Log(format!(
                        "orchestrate: the server does not tell how far it is ({detail}); that says \
                         nothing of it"
                    )));
                }
            }
        }
    }
}
