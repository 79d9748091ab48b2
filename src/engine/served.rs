//! What a server's answer tells, event by event, besides its text.

use std::time::Duration;

use super::outcome::{End, Failure};
use crate::dialect::choice::Place;
use crate::dialect::{PromptProgress, Refusal, StreamEvent, Timings};

/// llama-completion wants this many tokens of the context to be free after the prompt (`n_ctx - 4` in its
/// source); the same is asked of a server, so that a prompt fits both or neither.
const ROOM_AFTER_PROMPT: u32 = 4;
/// llama.cpp makes contexts a multiple of this (`GGML_PAD(n_ctx, 256)` in `llama-context.cpp`).
const CONTEXT_STEP: u32 = 256;

/// What a server's answer has told so far.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// The last timings.
    pub(super) timings: Option<Timings>,
    /// How far the prompt is, when it was just told.
    pub(super) progress: Option<PromptProgress>,
    /// Why the text ended, when it was just told.
    pub(super) end: Option<End>,
    /// How likely the tokens were.
    pub(super) places: Vec<Place>,
    /// When the answer ended before its last event, and how.
    pub(super) broken_off: Option<(Duration, String)>,
}

impl Served {
    /// Keeps what an event says, and gives its text.
    pub(super) fn learn(&mut self, event: StreamEvent, max_tokens: u32) -> String {
        self.end = end(&event, max_tokens);
        self.progress = event.progress;
        self.timings = event.timings.or(self.timings.take());
        self.places.extend(event.places);
        // llama-completion prints C strings: a NUL has no place there, and its token none on the pipe.
        event.content.replace('\0', "")
    }

    /// Tokens that were generated so far, as far as it was told.
    pub(super) fn generated(&self) -> u32 {
        let told = self.timings.as_ref();
        told.and_then(Timings::generated_tokens).unwrap_or(0)
    }

    /// The failure that a refusal is.
    pub(super) fn refused(refusal: Refusal) -> Failure {
        match refusal {
            Refusal::PromptTooLong { tokens, context } => Failure::PromptTooLong {
                tokens,
                max: context.saturating_sub(ROOM_AFTER_PROMPT),
            },
            Refusal::Constraint(detail) => Failure::ConstraintRejected { detail },
            Refusal::Other(detail) => Failure::RequestRefused { detail },
        }
    }

    /// What is wrong with a prompt of so many tokens, if anything, in a context that was asked for.
    pub(super) fn prompt_too_long(tokens: u32, context: u32) -> Option<Failure> {
        let max = context
            .next_multiple_of(CONTEXT_STEP)
            .saturating_sub(ROOM_AFTER_PROMPT);
        (tokens > max).then_some(Failure::PromptTooLong { tokens, max })
    }
}

fn end(event: &StreamEvent, max_tokens: u32) -> Option<End> {
    if let Some(detail) = &event.error {
        let detail = detail.clone();
        return Some(End::Failed(Failure::BrokenOff { detail }));
    }
    Some(match event.stop.as_deref()? {
        // The last token that was asked for may be the last that the context takes: llama-completion has
        // done then what it was asked.
        "limit" if event.truncated && event.generated.is_none_or(|n| n < max_tokens) => {
            End::ContextFull
        }
        "limit" => End::TokenLimit,
        "word" => End::StopWord(event.stopping_word.clone().unwrap_or_default()),
        _ => End::EndOfText,
    })
}
