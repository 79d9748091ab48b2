//! A prompt as a server would read it: formed by the model's own chat template, its tokens counted,
//! and nothing generated.

use std::time::Duration;

use super::exchange::{Exchange, Message};
use super::generation::Phase;
use super::outcome::Failure;
use super::reading::LogReader;
use super::request::{Prepared, StartError, Way};
use super::served::Served;
use crate::exit::Exit;
use crate::supervise::{Event, ExitReport, Job, Ladder, Rung, StopSignal};

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
}

impl FormError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Start(error) => error.exit(),
            Self::Failed(failure) => failure.exit(),
        }
    }
}

/// Has the prompt of a request to a server formed. Dropped, it kills the server.
///
/// # Errors
/// [`FormError`] when the server cannot be started, ends, or does not know how.
pub async fn form(prepared: Prepared) -> Result<Formed, FormError> {
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
    let mut exchange = Exchange::form(socket.socket(), question.prompt.clone());
    let mut log = LogReader::default();
    let mut phase = Phase::Load;
    let failure = loop {
        tokio::select! {
            event = job.next() => match event {
                Some(Event::Stderr(bytes)) => for line in log.push(&bytes) {
                    if log.learn(&line) == super::reading::Heard::Listening {
                        exchange.listening();
                    }
                },
                Some(Event::Stdout(_)) => {}
                Some(Event::Exited(report)) => return Err(FormError::Failed(log.failure(report.status, phase))),
                Some(Event::Lost(error)) => return Err(lost(error.to_string())),
                None => return Err(lost("its owner task ended without a report".to_owned())),
            },
            message = exchange.next() => match message {
                Message::Ready => phase = Phase::Prefill,
                Message::Formed(prompt) => formed.prompt = prompt,
                Message::Tokens(tokens) => formed.tokens = tokens,
                Message::Event(_) => {}
                Message::Refused(refusal) => break Some(Served::default().refused(refusal)),
                Message::Over(None) => break None,
                Message::Over(Some(detail)) => break Some(Failure::BrokenOff { detail }),
            },
        }
    };
    drop(exchange);
    end(job).await;
    match failure {
        Some(failure) => Err(FormError::Failed(failure)),
        None => Ok(formed),
    }
}

fn lost(detail: String) -> FormError {
    FormError::Failed(Failure::Lost { detail })
}

/// Ends the server and waits until nothing is left of it.
async fn end(mut job: Job) -> Option<ExitReport> {
    job.stop(Ladder::new([Rung {
        signal: StopSignal::Terminate,
        patience: PATIENCE,
    }]));
    while let Some(event) = job.next().await {
        if let Event::Exited(report) = event {
            return Some(report);
        }
    }
    None
}
