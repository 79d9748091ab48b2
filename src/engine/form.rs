//! A prompt as a server would read it: formed by the model's own chat template, its tokens counted,
//! and nothing generated.

use std::time::Duration;

use tokio::time::Instant;

use super::exchange::{Exchange, Message};
use super::generation::{BROKEN_PATIENCE, Phase};
use super::outcome::{Failure, Interruption, LimitKind};
use super::reading::{Heard, LogReader};
use super::request::{Prepared, StartError, Way};
use super::served::Served;
use super::session::until_instant;
use crate::exit::Exit;
use crate::profile::Limits;
use crate::supervise::{Event, Job, Ladder, Rung, StopSignal};
use crate::units::duration;

/// How long an idle server may take to leave after SIGTERM; it takes 0.2 s.
const PATIENCE: Duration = Duration::from_secs(2);

/// A prompt, ready for the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formed {
    /// The text that the model reads.
    pub prompt: String,
    /// Its tokens, where the server counts them.
    pub tokens: Option<u64>,
}

/// Why a prompt could not be formed.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// The server could not be started.
    #[error("failed to {0}")]
    Start(#[from] StartError),
    /// The server failed.
    #[error("{0}")]
    Failed(Failure),
    /// A time limit ran out.
    #[error(
        "the {} limit of {} ran out before the prompt was formed",
        match kind { LimitKind::Timeout => "time", LimitKind::Load => "load" },
        duration::exact(*limit)
    )]
    Budget {
        /// Which one.
        kind: LimitKind,
        /// How long it was.
        limit: Duration,
    },
    /// Somebody asked for the end.
    #[error("ended by {}", .0.name())]
    Interrupted(Interruption),
}

impl FormError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Start(error) => error.exit(),
            Self::Failed(failure) => failure.exit(),
            Self::Budget { .. } => Exit::TimeBudget,
            Self::Interrupted(interruption) => interruption.exit(),
        }
    }
}

/// Has the prompt of a request to a server formed, unless `wish` tells of somebody who asks for the end
/// first. Dropped, it kills the server.
///
/// # Errors
/// [`FormError`] when the server cannot be started, ends, does not know how, or takes longer than the
/// profile's limits; nothing is left of it then.
pub async fn form(
    prepared: Prepared,
    wish: impl Future<Output = Interruption>,
) -> Result<Formed, FormError> {
    let mut formed = Formed {
        prompt: String::new(),
        tokens: None,
    };
    let Way::Http {
        socket, question, ..
    } = &prepared.way
    else {
        // Only a server forms prompts; a raw one needs none to be known.
        return Ok(formed);
    };
    formed.prompt = question.prompt.text().to_owned();
    let mut job = Job::spawn(prepared.spec.clone()).map_err(StartError::from)?;
    let spawned = Instant::now();
    let mut exchange = Exchange::form(socket.socket(), question.prompt.clone());
    let mut log = LogReader::default();
    let mut phase = Phase::Load;
    let mut broken: Option<(Instant, String)> = None;
    tokio::pin!(wish);
    let ended = loop {
        let limit = next_limit(&prepared, spawned, phase);
        tokio::select! {
            event = job.next() => match event {
                Some(Event::Stderr(bytes)) => for line in log.push(&bytes) {
                    if log.learn(&line) == Heard::Listening {
                        exchange.listening();
                    }
                },
                Some(Event::Stdout(_)) => {}
                Some(Event::Exited(report)) => {
                    if let Some(line) = log.finish() {
                        log.learn(&line);
                    }
                    return Err(FormError::Failed(log.failure(report.status, phase)));
                }
                Some(Event::Lost(error)) => return Err(lost(error.to_string())),
                None => return Err(lost("its owner task ended without a report".to_owned())),
            },
            message = exchange.next() => match message {
                Message::Ready => phase = Phase::Prefill,
                Message::Formed(prompt) => formed.prompt = prompt,
                Message::Tokens(tokens) => formed.tokens = tokens,
                Message::Event(_) => {}
                Message::Refused(refusal) => {
                    break Err(FormError::Failed(Served::refused(refusal)));
                }
                Message::Over(None) => break Ok(formed),
                // A server that crashes is gone in a moment, and its exit says more.
                Message::Over(Some(detail)) => {
                    broken = Some((Instant::now() + BROKEN_PATIENCE, detail));
                }
            },
            interruption = &mut wish => break Err(FormError::Interrupted(interruption)),
            () = until_instant(limit.map(|(at, ..)| at)) => if let Some((_, kind, limit)) = limit {
                break Err(FormError::Budget { kind, limit });
            },
            () = until_instant(broken.as_ref().map(|(at, _)| *at)) => {
                let detail = broken.map(|(_, detail)| detail).unwrap_or_default();
                break Err(FormError::Failed(Failure::BrokenOff { detail }));
            }
        }
    };
    drop(exchange);
    end(job, matches!(ended, Err(FormError::Interrupted(_)))).await;
    ended
}

/// Ends the server, and returns when nothing is left of it. Whoever asks for the end is not to wait for a
/// server that works for nobody.
async fn end(mut job: Job, at_once: bool) {
    let ladder = if at_once {
        Ladder::kill()
    } else {
        Ladder::new([Rung {
            signal: StopSignal::Terminate,
            patience: PATIENCE,
        }])
    };
    job.stop(ladder);
    while job.next().await.is_some() {}
}

/// The limit that runs out first: when, which, and how long it was.
fn next_limit(
    prepared: &Prepared,
    spawned: Instant,
    phase: Phase,
) -> Option<(Instant, LimitKind, Duration)> {
    let Limits { timeout, load } = prepared.limits;
    let load = load.filter(|_| phase == Phase::Load);
    let limits = [
        (prepared.accepted, LimitKind::Timeout, timeout),
        (spawned, LimitKind::Load, load),
    ];
    let limits = limits.into_iter().filter_map(|(from, kind, limit)| {
        let limit = limit?;
        // One beyond the clock never comes.
        Some((from.checked_add(limit)?, kind, limit))
    });
    limits.min_by_key(|(at, ..)| *at)
}

fn lost(detail: String) -> FormError {
    FormError::Failed(Failure::Lost { detail })
}
