//! One supervised generation, followed to its end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::by_hand;
use super::case::{Act, Disturbance, During, Generate};
use super::judge::Seen;
use super::remains;
use super::stage::{Refused, Stage};
use crate::dialect::Program;
use crate::engine::{End, Interruption, Outcome, Prepared, Session, SessionEvent};
use crate::profile::Override;

/// Lines of the log that are looked through; llama.cpp writes some hundred.
const MOST_LINES: usize = 5_000;

/// What was seen of a run.
pub(super) struct Played {
    pub(super) seen: Seen,
    /// The same without orchestrate, for a shell.
    pub(super) commands: Vec<String>,
}

/// Runs it. Dropped, it ends what it has started.
pub(super) async fn play(
    stage: &Stage<'_>,
    generate: &Generate,
    program: Program,
    more: &[Override],
) -> Played {
    let accepted = Instant::now();
    let prepared = match stage.prepared(generate, program, more, accepted) {
        Ok(prepared) => prepared,
        Err(refused) => {
            return Played {
                seen: not_started(refused),
                commands: Vec::new(),
            };
        }
    };
    let commands = commands(&prepared);
    let socket: Option<PathBuf> = prepared.question().map(|(socket, _)| socket.to_owned());
    let mut seen = match Session::start(prepared) {
        Ok(session) => followed(session, generate.disturbance, accepted).await,
        Err(error) => (
            not_started(Refused {
                exit: error.exit(),
                error: format!("failed to {error}"),
            }),
            None,
        ),
    };
    seen.0.left = remains::of(seen.1.as_deref(), socket.as_deref(), &stage.jobs());
    Played {
        seen: seen.0,
        commands,
    }
}

fn not_started(refused: Refused) -> Seen {
    Seen {
        end: "refused",
        end_in_words: "not started".to_owned(),
        exit: refused.exit.code(),
        error: Some(refused.error),
        ..Seen::default()
    }
}

/// Follows it; the handle, and with it the directory of a socket, is gone afterwards.
async fn followed(
    mut session: Session,
    disturbance: Option<Disturbance>,
    accepted: Instant,
) -> (Seen, Option<Box<Outcome>>) {
    let mut seen = Seen::default();
    let mut disturbed = None;
    while let Some(event) = session.next().await {
        let during = match &event {
            SessionEvent::Started { .. } => Some(During::Load),
            SessionEvent::Text(_) => Some(During::Decode),
            _ => None,
        };
        if let Some(Disturbance { act, phase }) = disturbance
            && disturbed.is_none()
            && during == Some(phase)
        {
            disturbed = Some(accepted.elapsed());
            match act {
                Act::Freeze => session.freeze(),
                Act::Interrupt => session.interrupt(Interruption::Interrupt),
            }
        }
        match event {
            SessionEvent::Text(text) => {
                seen.first_piece.get_or_insert_with(|| accepted.elapsed());
                seen.pieces += 1;
                seen.text.push_str(&text);
            }
            SessionEvent::Log(line) if seen.log.len() < MOST_LINES => seen.log.push(line),
            SessionEvent::Finished(outcome) => {
                take(&mut seen, &outcome, disturbed);
                return (seen, Some(outcome));
            }
            _ => {}
        }
    }
    let seen = Seen {
        end: "crashed",
        end_in_words: "without an outcome".to_owned(),
        exit: crate::exit::Exit::Internal.code(),
        ..seen
    };
    (seen, None)
}

fn take(seen: &mut Seen, outcome: &Outcome, disturbed: Option<Duration>) {
    seen.end = outcome.end.reason();
    seen.end_in_words = outcome.end.to_string();
    seen.exit = outcome.end.exit().code();
    seen.error = match &outcome.end {
        End::Failed(failure) => Some(failure.to_string()),
        end => end.explained(),
    };
    seen.measured = outcome.measured.clone();
    // A figure of a run that went on for so long is no number of milliseconds.
    let total = Duration::try_from_secs_f64(outcome.measured.total_ms / 1000.0);
    seen.ended_after = disturbed.map(|at| total.unwrap_or_default().saturating_sub(at));
}

fn commands(prepared: &Prepared) -> Vec<String> {
    let program = prepared.program().to_string_lossy();
    let args = prepared.args_as_text();
    match prepared.question() {
        Some((socket, body)) => {
            let socket: &Path = socket;
            by_hand::server(&program, &args, &socket.to_string_lossy(), &body).into()
        }
        None => {
            let input = String::from_utf8_lossy(&prepared.spec().stdin);
            vec![by_hand::completion(&program, &args, &input)]
        }
    }
}
