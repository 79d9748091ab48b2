//! What a `llama-server` of ours is started with, what it is asked, and what its refusals say.
//!
//! Everything that shapes an answer (sampling, seed, grammar, number of tokens) is in the request, so
//! that it can be another one for the next; what shapes the process is in the arguments.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::argv::Builder;
use super::log::rejected_constraint;
use super::{ArgsError, Argv, Capabilities, Counting, GenerationArgs};
use crate::profile::{Constraint, Profile, Sampling};

/// Threads that answer HTTP requests. A run needs one for the stream and one for whoever asks for the
/// server's health meanwhile; with llama.cpp's own default, one per CPU, eight streams were seen to
/// silence `/health`.
const HTTP_THREADS: u32 = 8;
/// HTTP threads beside those that are busy with a stream each (llama.cpp's own default, in
/// `server-http.cpp`).
const SPARE_HTTP_THREADS: u32 = 4;
/// What each slot gets of the context is made a multiple of this (`GGML_PAD(n_ctx_seq, 256)` in
/// `llama-context.cpp`).
const CONTEXT_STEP: u32 = 256;

/// The arguments of a `llama-server` that answers as many requests at a time as it has slots, at `socket`
/// alone.
///
/// # Errors
/// [`ArgsError`] if the profile asks for something that the build cannot do, or the build cannot listen
/// on a socket of its own.
pub fn server_args(
    request: &GenerationArgs<'_>,
    socket: &Path,
    capabilities: &Capabilities,
) -> Result<Argv, ArgsError> {
    let mut builder = Builder::new(capabilities);
    builder.model(request)?;
    let flag = builder.needed(&["--host"], "backend")?;
    builder.push(flag);
    builder.push(socket.as_os_str());
    let slots = request.slots.max(1);
    builder.value(&["-np", "--parallel"], "backend", slots)?;
    // Builds of December 2025 take one slot for no choice and make four, unless the KV cache is unified.
    // They are told by what they lack; for one slot it changes nothing else. Several have a cache each,
    // as they have with every build that is given their number, so that none reads what is the others'.
    if slots == 1 && !capabilities.supports("--fit") {
        builder.push_if_known(&["-kvu", "--kv-unified"]);
    }
    // By default 8 GiB, more than a whole budget, for prompts that never come again.
    if builder.push_if_known(&["--cache-ram", "-cram"]) {
        builder.push("0");
    }
    if builder.push_if_known(&["--threads-http"]) {
        let threads = HTTP_THREADS.max(slots.saturating_add(SPARE_HTTP_THREADS));
        builder.push(threads.to_string());
    }
    if let Some(counting) = Counting::of(request.profile, capabilities) {
        builder.push_if_known(&[counting.switch()]);
    }
    let _ = builder.push_if_known(&["--no-ui", "--no-webui"]);
    // Without it older builds know a fixed list of chat templates only.
    builder.push_if_known(&["--jinja"]);
    builder.sizes_and_threads(&GenerationArgs {
        context: shared_context(request.context, slots),
        ..*request
    })?;
    builder.memory(request.profile)?;
    builder.finish(request.profile)
}

/// The context of all slots, which share it equally: each gets what it would get alone.
fn shared_context(context: u32, slots: u32) -> u32 {
    if slots == 1 {
        return context;
    }
    let each = context.checked_next_multiple_of(CONTEXT_STEP);
    each.unwrap_or(context).saturating_mul(slots)
}

/// The body of `POST /completion` that gives, for a prompt, the text which `llama-completion` gives with
/// [`completion_args`](super::completion_args).
///
/// Stop sequences are not in it: they are matched by whoever reads the text, the same way for every
/// program. `probabilities` is how many of the likeliest tokens are told at each place.
#[must_use]
pub fn completion_request(
    profile: &Profile,
    prompt: &str,
    probabilities: u32,
    capabilities: &Capabilities,
) -> Value {
    let mut body = Map::new();
    let mut set = |key: &str, value: Value| {
        body.insert(key.to_owned(), value);
    };
    set("prompt", prompt.into());
    set("n_predict", profile.max_tokens.into());
    set("stream", true.into());
    set("return_progress", true.into());
    set("timings_per_token", true.into());
    // A timer sends them, even when decoding is dead: they only wake us.
    if capabilities.supports("--sse-ping-interval") {
        set("sse_ping_interval", (-1).into());
    }
    // A prompt that comes out of a cache may give another text where two tokens are near a tie.
    set("cache_prompt", false.into());
    if let Some(seed) = profile.seed {
        set("seed", seed.into());
    }
    if profile.ignore_eos {
        set("ignore_eos", true.into());
    }
    if probabilities > 0 {
        set("n_probs", probabilities.into());
    }
    for (key, value) in sampling(&profile.sampling) {
        if let Some(value) = value {
            set(key, value);
        }
    }
    match &profile.constraint {
        None => {}
        Some(Constraint::Grammar(grammar)) => set("grammar", grammar.as_str().into()),
        Some(Constraint::JsonSchema(schema)) => {
            // Checked when the profile was read.
            set(
                "json_schema",
                serde_json::from_str(schema).unwrap_or(Value::Null),
            );
        }
    }
    Value::Object(body)
}

/// Where a request goes that is one of several, and what it may find there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Placement {
    /// The slot that answers it, from 0; `None` is the server's choice. A build that does not know
    /// `id_slot` chooses, too.
    pub slot: Option<u32>,
    /// Whether what the slot has read before, and this prompt begins with, is not read again.
    pub cached: bool,
}

/// Puts a request of [`completion_request`] there.
pub fn place(request: &mut Value, placement: Placement) {
    let Value::Object(body) = request else { return };
    if let Some(slot) = placement.slot {
        body.insert("id_slot".to_owned(), slot.into());
    }
    if placement.cached {
        body.insert("cache_prompt".to_owned(), true.into());
    }
}

fn sampling(sampling: &Sampling) -> [(&'static str, Option<Value>); 8] {
    let real = |value: Option<f64>| value.map(Value::from);
    [
        ("temperature", real(sampling.temperature)),
        ("top_k", sampling.top_k.map(Value::from)),
        ("top_p", real(sampling.top_p)),
        ("min_p", real(sampling.min_p)),
        ("repeat_penalty", real(sampling.repeat_penalty)),
        ("repeat_last_n", sampling.repeat_last_n.map(Value::from)),
        ("presence_penalty", real(sampling.presence_penalty)),
        ("frequency_penalty", real(sampling.frequency_penalty)),
    ]
}

/// The body of `POST /apply-template`: the turns of a chat, to be formed by the model's own template.
#[must_use]
pub fn template_request(system: Option<&str>, user: &str) -> Value {
    let turn = |role: &str, content: &str| json!({ "role": role, "content": content });
    let mut messages = Vec::new();
    messages.extend(system.map(|system| turn("system", system)));
    messages.push(turn("user", user));
    json!({ "messages": messages })
}

/// The prompt in an answer of `/apply-template`.
#[must_use]
pub fn applied_template(body: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(body).ok()?;
    answer.get("prompt")?.as_str().map(str::to_owned)
}

/// The body of `POST /tokenize`, with special tokens as a prompt has them.
#[must_use]
pub fn tokenize_request(text: &str) -> Value {
    json!({ "content": text, "add_special": true, "parse_special": true })
}

/// How many tokens an answer of `/tokenize` holds.
#[must_use]
pub fn token_count(body: &str) -> Option<u64> {
    let answer: Value = serde_json::from_str(body).ok()?;
    Some(answer.get("tokens")?.as_array()?.len() as u64)
}

/// Why a server does not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The prompt does not fit into the context.
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: u32,
        /// The context, in tokens.
        context: u32,
    },
    /// It does not take the grammar or the JSON schema, in its own words.
    Constraint(String),
    /// Anything else, in its own words.
    Other(String),
}

impl Refusal {
    /// Reads the body of an answer that is no success.
    #[must_use]
    pub fn parse(status: u16, body: &str) -> Self {
        let answer: Value = serde_json::from_str(body).unwrap_or_default();
        let error = answer.get("error").unwrap_or(&answer);
        let number = |key: &str| u32::try_from(error.get(key)?.as_u64()?).ok();
        if let (Some(tokens), Some(context)) = (number("n_prompt_tokens"), number("n_ctx")) {
            return Self::PromptTooLong { tokens, context };
        }
        let words = error.get("message").unwrap_or(error).as_str();
        match words.or(Some(body.trim())) {
            None | Some("") => Self::Other(format!("HTTP status {status}")),
            Some(words) => match rejected_constraint(words) {
                Some(detail) => Self::Constraint(detail),
                None => Self::Other(words.to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_understood() {
        // b11434, word for word.
        let body = r#"{"error":{"code":400,"message":"request (1400 tokens) exceeds the available context size (512 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":1400,"n_ctx":512}}"#;
        assert_eq!(
            Refusal::parse(400, body),
            Refusal::PromptTooLong {
                tokens: 1400,
                context: 512
            }
        );
        let other = |status, body: &str| match Refusal::parse(status, body) {
            Refusal::Other(words) => words,
            refusal => panic!("{refusal:?}"),
        };
        let constraint = r#"{"error":{"code":400,"message":"Failed to initialize samplers: failed to parse grammar","type":"invalid_request_error"}}"#;
        assert_eq!(
            Refusal::parse(400, constraint),
            Refusal::Constraint("failed to parse grammar".to_owned())
        );
        assert_eq!(other(400, r#"{"error":{"message":"no"}}"#), "no");
        assert_eq!(other(404, "File Not Found\n"), "File Not Found");
        assert_eq!(other(500, ""), "HTTP status 500");
    }

    #[test]
    fn answers_are_read_or_left() {
        assert_eq!(
            applied_template(r#"{"prompt":"<|user|>hi"}"#).as_deref(),
            Some("<|user|>hi")
        );
        assert_eq!(token_count(r#"{"tokens":[1,2,3]}"#), Some(3));
        for wrong in ["", "{}", "[]", r#"{"tokens":3,"prompt":4}"#] {
            assert_eq!(applied_template(wrong), None);
            assert_eq!(token_count(wrong), None);
        }
    }

    #[test]
    fn a_system_turn_comes_first_and_only_if_there_is_one() {
        let roles = |body: Value| -> Vec<String> {
            let turns = body["messages"].as_array().cloned().unwrap_or_default();
            turns.iter().map(|turn| turn["role"].to_string()).collect()
        };
        assert_eq!(roles(template_request(None, "x")), [r#""user""#]);
        assert_eq!(
            roles(template_request(Some("s"), "x")),
            [r#""system""#, r#""user""#]
        );
    }
}
