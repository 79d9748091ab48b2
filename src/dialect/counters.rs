//! Where a llama-server tells how far it is when it is asked, and what it tells.

use serde_json::Value;

use super::Capabilities;
use crate::profile::Profile;

/// Which of its routes tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// `/slots`: what each slot has read and written.
    Slots,
    /// `/metrics`: how often it has decoded, of all requests together.
    Metrics,
}

/// A profile's own words for "no `/slots`"; the second is the one of builds before October 2024.
const NO_SLOTS: [&str; 2] = ["--no-slots", "--slots-endpoint-disable"];

impl Counting {
    /// The route that this build offers with this profile; `None` where it offers neither.
    #[must_use]
    pub fn of(profile: &Profile, capabilities: &Capabilities) -> Option<Self> {
        let unwanted = profile.extra_args.iter();
        let unwanted = unwanted.filter(|arg| NO_SLOTS.contains(&arg.as_str()));
        let can = |flag: &&str| capabilities.supports(flag);
        if unwanted.count() == 0 && ["--slots"].iter().chain(&NO_SLOTS).any(can) {
            Some(Self::Slots)
        } else {
            can(&"--metrics").then_some(Self::Metrics)
        }
    }

    /// The switch that has it offered. Not every build that offers `/slots` knows it.
    #[must_use]
    pub fn switch(self) -> &'static str {
        match self {
            Self::Slots => "--slots",
            Self::Metrics => "--metrics",
        }
    }

    /// The path of the route.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Slots => "/slots",
            Self::Metrics => "/metrics",
        }
    }

    /// Reads the body of an answer; `None` where it is none of this route.
    #[must_use]
    pub fn read(self, body: &str) -> Option<Told> {
        match self {
            Self::Slots => slots(body),
            Self::Metrics => metrics(body),
        }
    }
}

/// What a server has told of its progress. The words of a prompt or a request are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Its slots.
    pub slots: Vec<SlotState>,
    /// How often it has decoded since its start (`llamacpp:n_decode_total`).
    pub decode_calls: Option<u64>,
}

/// One slot, in tokens; `None` is what it does not tell, as of an idle one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotState {
    /// Its number.
    pub id: Option<u64>,
    /// Whether it works.
    pub is_processing: Option<bool>,
    /// Of the prompt, evaluated; some builds count a batch as they begin it.
    pub prompt_tokens_processed: Option<u64>,
    /// Generated.
    pub decoded: Option<u64>,
    /// How many more may be generated.
    pub remaining: Option<u64>,
}

impl Told {
    /// Evaluated tokens of all prompts.
    #[must_use]
    pub fn prompt_tokens(&self) -> Option<u64> {
        sum(self.slots.iter().map(|slot| slot.prompt_tokens_processed))
    }

    /// Generated tokens of all slots.
    #[must_use]
    pub fn decoded(&self) -> Option<u64> {
        sum(self.slots.iter().map(|slot| slot.decoded))
    }
}

/// The sum of what is known; `None` where nothing is.
fn sum(numbers: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    numbers.flatten().reduce(u64::saturating_add)
}

fn slots(body: &str) -> Option<Told> {
    let answer: Value = serde_json::from_str(body).ok()?;
    let slot = |slot: &Value| {
        let number = |key: &str| slot.get(key).and_then(Value::as_u64);
        // An object or a list with one, build by build.
        let next = slot.get("next_token");
        let next = next.and_then(|next| next.get(0).or(Some(next)));
        let next = |key: &str| next?.get(key)?.as_u64();
        SlotState {
            id: number("id"),
            is_processing: slot.get("is_processing").and_then(Value::as_bool),
            prompt_tokens_processed: number("n_prompt_tokens_processed"),
            decoded: next("n_decoded"),
            remaining: next("n_remain"),
        }
    };
    Some(Told {
        slots: answer.as_array()?.iter().map(slot).collect(),
        decode_calls: None,
    })
}

fn metrics(body: &str) -> Option<Told> {
    let calls = body.lines().find_map(|line| {
        let (name, value) = line.split_once(' ')?;
        (name == "llamacpp:n_decode_total").then_some(value)
    })?;
    Some(Told {
        slots: Vec::new(),
        decode_calls: Some(calls.trim().parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_either_form_are_read() {
        // b11434, without the parameters, and the form of others.
        let list = r#"[{"id":0,"n_ctx":512,"speculative":false,"is_processing":true,"id_task":2,"n_prompt_tokens":85,"n_prompt_tokens_processed":7,"n_prompt_tokens_cache":0,"next_token":[{"has_next_token":true,"has_new_line":true,"n_remain":402,"n_decoded":78}]}]"#;
        let object = list
            .replace("\"next_token\":[", "\"next_token\":")
            .replace("}]}]", "}}]");
        for body in [list, &object] {
            let told = Counting::Slots.read(body).expect("slots");
            let slot = SlotState {
                id: Some(0),
                is_processing: Some(true),
                prompt_tokens_processed: Some(7),
                decoded: Some(78),
                remaining: Some(402),
            };
            assert_eq!(told.slots, [slot]);
            assert_eq!((told.prompt_tokens(), told.decoded()), (Some(7), Some(78)));
        }
        let idle = r#"[{"id":0,"n_ctx":512,"speculative":false,"is_processing":false}]"#;
        let told = Counting::Slots.read(idle).expect("slots");
        assert_eq!((told.prompt_tokens(), told.decoded()), (None, None));
    }

    #[test]
    fn metrics_are_read() {
        let body = "# HELP llamacpp:n_decode_total Total number of llama_decode() calls\n\
                    # TYPE llamacpp:n_decode_total counter\nllamacpp:n_decode_total 192\n\
                    llamacpp:n_tokens_max 198\n";
        let told = Counting::Metrics.read(body).expect("metrics");
        assert_eq!((told.decode_calls, told.decoded()), (Some(192), None));
    }

    #[test]
    fn nonsense_is_nothing() {
        for body in ["", "{}", "null", "[", "llamacpp:n_decode_total x", "é"] {
            assert_eq!(Counting::Slots.read(body), None, "{body}");
            assert_eq!(Counting::Metrics.read(body), None, "{body}");
        }
        let told = Counting::Slots.read(r#"[1,{"next_token":[]},{"next_token":{"n_decoded":-1}}]"#);
        assert_eq!(told.and_then(|told| told.decoded()), None);
    }
}
