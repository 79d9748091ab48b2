//! A prompt as a server would read it: formed by the model's own chat template, its tokens counted,
//! and nothing generated.

use super::outcome::{End, Failure, Interruption};
use super::request::{Prepared, StartError};
use super::session::{Session, SessionEvent};
use crate::exit::Exit;

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
    /// It was ended before.
    #[error("the prompt was not formed: {0}")]
    Unfinished(End),
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
            Self::Unfinished(end) => end.exit(),
            Self::Interrupted(interruption) => interruption.exit(),
        }
    }
}

/// Has the prompt of a request to a server formed, unless `wish` tells of somebody who asks for the end
/// first. Dropped, it kills the server.
///
/// # Errors
/// [`FormError`] when the server cannot be started, ends, does not know how, stalls, or takes longer than
/// the profile's limits; nothing is left of it then.
pub async fn form(
    prepared: Prepared,
    wish: impl Future<Output = Interruption>,
) -> Result<Formed, FormError> {
    let mut formed = Formed {
        prompt: prepared.prompt().to_owned(),
        tokens: None,
    };
    let mut session = Session::form(prepared)?;
    tokio::pin!(wish);
    let mut asked = false;
    loop {
        tokio::select! {
            interruption = &mut wish, if !asked => {
                asked = true;
                session.interrupt(interruption);
            }
            event = session.next() => match event {
                Some(SessionEvent::Formed(prompt)) => formed.prompt = prompt,
                Some(SessionEvent::Counted(tokens)) => formed.tokens = tokens,
                Some(SessionEvent::Finished(outcome)) => return end(outcome.end, formed),
                Some(_) => {}
                None => return Err(lost("the session ended without an outcome")),
            },
        }
    }
}

/// What the end of such a session means.
fn end(end: End, formed: Formed) -> Result<Formed, FormError> {
    match end {
        End::Formed => Ok(formed),
        End::Interrupted(interruption) => Err(FormError::Interrupted(interruption)),
        End::Failed(failure) => Err(FormError::Failed(failure)),
        end @ (End::Budget(_) | End::Stalled(_) | End::WaitingForInput(_)) => {
            Err(FormError::Unfinished(end))
        }
        End::EndOfText
        | End::Looping { .. }
        | End::StopWord(_)
        | End::TokenLimit
        | End::ContextFull
        | End::OutputClosed => Err(lost("it generated instead")),
    }
}

fn lost(detail: &str) -> FormError {
    FormError::Failed(Failure::Lost {
        detail: detail.to_owned(),
    })
}
