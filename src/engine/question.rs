//! The questions of a session, in the words of the server's build.

use serde_json::Value;

use super::drill::{Asked, Drill};
use crate::dialect::server::{Placement, place};
use crate::dialect::{Capabilities, completion_request};
use crate::profile::{Profile, Prompt};

/// How many tokens are generated where a context is to be filled: with none, builds differ in whether
/// they read the prompt at all, and the one that comes is not kept.
const TOKENS_OF_A_FILLING: u32 = 1;

/// What a server is asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) profile: Profile,
    pub(super) prompt: Prompt,
    /// How many of the likeliest tokens are to be told at each place.
    pub(super) probabilities: u32,
    /// What the server's build knows.
    pub(super) capabilities: Capabilities,
    /// What else it is asked.
    pub(super) drill: Drill,
}

/// A question before the measured one.
#[derive(Debug, Clone)]
pub(super) struct Rehearsal {
    pub(super) asked: Asked,
    /// Which stream, from 1.
    pub(super) stream: u32,
    pub(super) unformed: Prompt,
    /// The same, as the model reads it.
    pub(super) prompt: String,
    pub(super) max_tokens: u32,
}

impl Rehearsal {
    /// All of them, in their order, not formed yet. What fills a context comes last, or a warm-up would
    /// take its place.
    pub(super) fn all(drill: &Drill) -> Vec<Self> {
        let warm_up = (1..).zip(&drill.warm_up).map(|(number, warm_up)| Self {
            asked: Asked::WarmUp(number),
            stream: 1,
            unformed: warm_up.prompt.clone(),
            prompt: String::new(),
            max_tokens: warm_up.tokens.max(1),
        });
        let depths = drill.beside.iter().map(|companion| &companion.depth);
        let depths = (1..).zip(std::iter::once(&drill.depth).chain(depths));
        let fillings = depths.filter_map(|(stream, depth)| {
            Some(Self {
                asked: Asked::Depth(stream),
                stream,
                unformed: depth.clone()?,
                prompt: String::new(),
                max_tokens: TOKENS_OF_A_FILLING,
            })
        });
        warm_up.chain(fillings).collect()
    }
}

impl Question {
    /// The body of the measured request, where the prompt needs no forming.
    pub(super) fn body(&self) -> Option<Value> {
        match &self.prompt {
            Prompt::Raw(text) => Some(self.measured(text)),
            Prompt::Chat { .. } => None,
        }
    }

    /// The measured request.
    pub(super) fn measured(&self, prompt: &str) -> Value {
        let cached = self.drill.depth.is_some();
        self.placed(&self.profile, prompt, self.probabilities, (1, cached))
    }

    /// The request of a stream beside it, from 2.
    pub(super) fn beside(&self, stream: u32, prompt: &str) -> Value {
        let place = usize::try_from(stream).unwrap_or(0).checked_sub(2);
        let companion = place.and_then(|place| self.drill.beside.get(place));
        let cached = companion.is_some_and(|companion| companion.depth.is_some());
        self.placed(&self.profile, prompt, self.probabilities, (stream, cached))
    }

    /// A request whose answer counts for nothing.
    pub(super) fn rehearsal(&self, rehearsal: &Rehearsal) -> Value {
        let profile = Profile {
            max_tokens: rehearsal.max_tokens,
            ..self.profile.clone()
        };
        self.placed(&profile, &rehearsal.prompt, 0, (rehearsal.stream, false))
    }

    /// Each stream has a slot of its own; a single one needs no number.
    fn placed(
        &self,
        profile: &Profile,
        prompt: &str,
        probabilities: u32,
        (stream, cached): (u32, bool),
    ) -> Value {
        let mut body = completion_request(profile, prompt, probabilities, &self.capabilities);
        let has_several = self.drill.streams() > 1;
        let slot = has_several.then(|| stream.saturating_sub(1));
        place(&mut body, Placement { slot, cached });
        body
    }
}
