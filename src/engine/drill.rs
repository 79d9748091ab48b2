//! What a server is asked before and beside the measured question, so that it is measured warm, deep in
//! a context, or with others at once.

use std::fmt;

use super::outcome::Failure;
use crate::dialect::{Refusal, StreamEvent};
use crate::profile::Prompt;

/// What else a server is asked in one session. The default is nothing.
///
/// First the warm-ups are answered, one after the other, then each stream's context is filled, and then
/// the measured question and those beside it are asked at the same moment. Answers but the measured one
/// are not shown. All have the settings of the profile.
#[derive(Debug, Clone, Default)]
pub struct Drill {
    /// What is answered first and counts for nothing.
    pub warm_up: Vec<WarmUp>,
    /// What is in the measured stream's context before: of a measured prompt that begins with the same
    /// tokens, they are found there ([`Measured::cached_tokens`](super::Measured::cached_tokens)).
    pub depth: Option<Prompt>,
    /// What is asked at the same moment.
    pub beside: Vec<Companion>,
}

/// A question whose answer counts for nothing.
#[derive(Debug, Clone)]
pub struct WarmUp {
    /// What is asked.
    pub prompt: Prompt,
    /// Most tokens of the answer, at least 1.
    pub tokens: u32,
}

/// A question that is asked together with the measured one, and has a slot of the server for itself.
#[derive(Debug, Clone)]
pub struct Companion {
    /// What is asked.
    pub prompt: Prompt,
    /// What is in this stream's context before.
    pub depth: Option<Prompt>,
}

impl Drill {
    /// Whether nothing else is asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.warm_up.is_empty() && self.depth.is_none() && self.beside.is_empty()
    }

    /// How many answers are generated at once, the measured one included: the slots that the server has.
    #[must_use]
    pub fn streams(&self) -> u32 {
        u32::try_from(self.beside.len()).map_or(u32::MAX, |beside| beside.saturating_add(1))
    }
}

/// One of the questions of a session. Numbers count from 1; the measured stream is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A warm-up.
    WarmUp(u32),
    /// The filling of a stream's context.
    Depth(u32),
    /// The measured one.
    Measured,
    /// One beside it, by the number of its stream: 2 or more.
    Beside(u32),
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WarmUp(number) => write!(f, "warm-up {number}"),
            Self::Depth(stream) => write!(f, "the filling of the context of stream {stream}"),
            Self::Measured => f.write_str("the measured question"),
            Self::Beside(stream) => write!(f, "stream {stream}"),
        }
    }
}

/// What several streams came to together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Together {
    /// How many, the measured one included.
    pub streams: u32,
    /// Tokens that all of them generated.
    pub generated_tokens: u64,
    /// From asking all of them to the end of the last one, in milliseconds.
    pub ms: f64,
}

/// A question, or several at once, at the moment in which it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) asked: Asked,
    /// Most tokens of each answer.
    pub(super) max_tokens: u32,
    /// Bytes of each prompt: it has at most so many tokens. The first is that of the question, others are
    /// asked beside it.
    pub(super) prompt_bytes: Vec<usize>,
}

/// What came of a question beside the measured one.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    /// The number of its stream, from 1, which is that of the measured one.
    pub(super) stream: u32,
    pub(super) told: CompanionTold,
}

/// See [`Beside`].
#[derive(Debug, Clone)]
pub(super) enum CompanionTold {
    /// An event of its answer.
    Event(Box<StreamEvent>),
    /// The server does not do what it was asked. The last one.
    Refused(Refusal),
    /// The answer ended before its last event. The last one.
    BrokenOff(String),
}

impl Failure {
    /// The same failure, with the name of the question that it is about, where that is not the measured one.
    pub(super) fn of(self, asked: Asked) -> Self {
        match (asked, self) {
            (Asked::Measured, failure) | (_, failure @ Self::InDrill { .. }) => failure,
            (asked, failure) => Self::InDrill {
                asked,
                failure: Box::new(failure),
            },
        }
    }
}
