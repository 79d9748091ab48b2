//! The keys: one table says what each is called, what it takes and what it is for.
//!
//! Reading ([`super::raw`]), the messages about mistakes and the JSON schema ([`super::schema()`]) all
//! follow this table, so that they cannot disagree. A path is dotted; a last part `*` stands for any
//! name.

use super::error::nearest;
use super::resolved::{Backend, FlashAttention, KvType, LoadMode, Named, PromptMode};

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Dotted path, such as `sampling.temperature` or `environment.*`.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// One line for people.
    pub about: &'static str,
    /// Other names for the same thing, mostly llama.cpp's: whoever writes one is told the right one.
    pub also: &'static [&'static str],
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// Text without a line break.
    Line,
    /// A list of texts; `empty` says whether an item may be empty.
    Texts { empty: bool },
    /// `true` or `false`.
    Flag,
    /// A whole number, both bounds included, or the word.
    Whole {
        min: i64,
        max: i64,
        word: Option<&'static str>,
    },
    /// A number, both bounds included, or the word.
    Real {
        min: f64,
        max: f64,
        word: Option<&'static str>,
    },
    /// One of some words.
    OneOf(fn() -> Vec<&'static str>),
    /// A time limit: text such as `120s`, a number of seconds, `auto` or `none`.
    Limit,
    /// A time: text such as `120s`, or a number of seconds.
    Time,
    /// An amount of memory: text such as `8000 MB`, or a number of bytes; or `auto`.
    Bytes { min: u64 },
}

/// llama.cpp keeps these numbers in 32 bits with a sign.
pub(crate) const MAX: i64 = i32::MAX as i64;

/// `GGML_MAX_N_THREADS`.
const MAX_THREADS: i64 = 512;

/// The largest seed; the one above means "draw one" to llama.cpp (`LLAMA_DEFAULT_SEED`).
const MAX_SEED: i64 = u32::MAX as i64 - 1;

/// A hundred years: more is a number with another unit.
const MAX_DAYS: i64 = 36_500;

/// The words of a type.
fn names<T: Named>() -> Vec<&'static str> {
    T::NAMES.iter().map(|(name, _)| *name).collect()
}

const fn tokens(min: i64) -> Kind {
    Kind::Whole {
        min,
        max: MAX,
        word: None,
    }
}

const fn threads() -> Kind {
    Kind::Whole {
        min: 1,
        max: MAX_THREADS,
        word: Some("auto"),
    }
}

/// A sampling number; `auto` leaves llama.cpp's own default, also where a parent says otherwise.
const fn real(min: f64, max: f64) -> Kind {
    Kind::Real {
        min,
        max,
        word: Some("auto"),
    }
}

const fn whole_or_auto(min: i64) -> Kind {
    Kind::Whole {
        min,
        max: MAX,
        word: Some("auto"),
    }
}

const fn key(
    path: &'static str,
    kind: Kind,
    also: &'static [&'static str],
    about: &'static str,
) -> Key {
    Key {
        path,
        kind,
        about,
        also,
    }
}

/// The keys of a profile, in the order in which they are shown.
#[rustfmt::skip]
pub(crate) const PROFILE: &[Key] = &[
    key("description", Kind::Line, &[],
        "One line for people: what this profile is for."),
    key("route", Kind::Line, &["routes", "when"],
        "What requests it suits, in a line that `orchestrate run auto` shows its router; \"\" takes no part. Not inherited."),
    key("extends", Kind::Line, &["inherits", "base", "parent"],
        "The profile whose values hold where this file says nothing."),
    key("model", Kind::Line, &["path", "model_path", "model_file", "gguf", "gguf_path", "file", "filename"],
        "A built-in model (\"demo\"), a GGUF file (absolute, relative to this file, or below ~), or one on the hub (\"hf:OWNER/REPO:QUANT\"; see `orchestrate model pull`)."),
    key("backend", Kind::OneOf(names::<Backend>), &[],
        "Which program of llama.cpp does the work."),
    key("context", tokens(8), &["ctx", "ctx_size", "n_ctx", "context_size", "context_length", "num_ctx", "max_context"],
        "Context size in tokens: the prompt and the answer together."),
    key("max_tokens", tokens(1), &["n_predict", "predict", "num_predict", "n_tokens", "max_new_tokens"],
        "Most tokens to generate."),
    key("batch", tokens(1), &["batch_size", "n_batch"],
        "Logical batch size in tokens."),
    key("micro_batch", tokens(1), &["ubatch", "ubatch_size", "n_ubatch"],
        "Physical batch size in tokens, at most the batch; without it, the batch but at most 512."),
    key("threads", threads(), &["n_threads", "num_threads", "cpu_threads"],
        "Threads for generation; \"auto\" is what the process may really use (affinity, cgroup quota)."),
    key("batch_threads", threads(), &["threads_batch", "n_threads_batch", "num_threads_batch"],
        "Threads for prompt evaluation; \"auto\" as for threads."),
    key("gpu_layers", tokens(0), &["ngl", "n_gpu_layers", "num_gpu", "num_gpu_layers"],
        "Layers of the model on a GPU."),
    key("kv_type_k", Kind::OneOf(names::<KvType>), &["cache_type_k", "ctk", "type_k"],
        "Type of the K half of the KV cache."),
    key("kv_type_v", Kind::OneOf(names::<KvType>), &["cache_type_v", "ctv", "type_v"],
        "Type of the V half of the KV cache; the quantized ones need flash attention."),
    key("flash_attention", Kind::OneOf(names::<FlashAttention>), &["flash_attn", "fa"],
        "Flash attention."),
    key("load_mode", Kind::OneOf(names::<LoadMode>), &["mmap", "mlock", "no_mmap", "use_mmap", "use_mlock"],
        "How the weights come into memory: mapped, read, or read and locked."),
    key("seed", Kind::Whole { min: 0, max: MAX_SEED, word: Some("random") }, &["rng_seed"],
        "Seed of the sampler; \"random\" draws one for each run."),
    key("ignore_eos", Kind::Flag, &[],
        "Go on past the model's own end of text; for speed measurements."),
    key("grammar", Kind::Text, &["gbnf"],
        "A grammar (GBNF) that the answer must follow; \"\" is none."),
    key("json_schema", Kind::Text, &["schema"],
        "A JSON schema, as JSON text, that the answer must follow; \"\" is none."),
    key("stop", Kind::Texts { empty: false }, &["stops", "stop_sequences", "stop_words", "reverse_prompt"],
        "Texts that end the answer; they are not part of it."),
    key("extra_args", Kind::Texts { empty: true }, &["args", "arguments", "extra_flags"],
        "Further arguments for the llama.cpp program, as they are."),
    key("sampling.temperature", real(0.0, 5.0), &["temp"],
        "Randomness; 0 always takes the likeliest token."),
    key("sampling.top_k", whole_or_auto(0), &[],
        "Choose among the k likeliest tokens; 0 is off."),
    key("sampling.top_p", real(0.0, 1.0), &[],
        "Choose among the likeliest tokens that make up this probability; 1 is off."),
    key("sampling.min_p", real(0.0, 1.0), &[],
        "Leave out tokens below this share of the likeliest one's probability; 0 is off."),
    key("sampling.repeat_penalty", real(0.01, 10.0), &["repetition_penalty"],
        "Penalty for repeated tokens; 1 is off."),
    key("sampling.repeat_last_n", whole_or_auto(-1), &[],
        "How many tokens back the penalties look; 0 is off, -1 the whole context."),
    key("sampling.presence_penalty", real(-2.0, 2.0), &[],
        "Penalty for tokens that occurred at all; 0 is off."),
    key("sampling.frequency_penalty", real(-2.0, 2.0), &[],
        "Penalty for tokens by how often they occurred; 0 is off."),
    key("prompt.mode", Kind::OneOf(names::<PromptMode>), &["chat", "chat_mode"],
        "\"raw\" sends the filled template as it is; \"chat\" makes it the user's turn of the model's own chat template."),
    key("prompt.system", Kind::Text, &["system_prompt", "system_message"],
        "The system turn, in chat mode; \"\" is none."),
    key("prompt.template", Kind::Text, &["prompt_template", "prompt_format"],
        "How a request becomes a prompt (minijinja); {{prompt}} is the request."),
    key("prompt.variables.*", Kind::Text, &["vars", "var"],
        "The default of a variable of the template; --var NAME=VALUE changes it for one run."),
    key("limits.timeout", Kind::Limit, &["time_limit", "max_time", "request_timeout"],
        "From the command to the complete answer, such as \"120s\" (a number is seconds); \"auto\" is three times the expected time; or \"none\"."),
    key("limits.floor", Kind::Time, &["min_timeout"],
        "The least that an automatic \"timeout\" allows."),
    key("limits.load", Kind::Limit, &["load_timeout"],
        "From the start of llama.cpp to the loaded model; \"auto\" is as long as the load advances; or \"none\"."),
    key("watch.load", Kind::Limit, &["load_window"],
        "How long nothing may advance while the model is loaded before that is a stall; \"none\" waits for ever."),
    key("watch.prefill", Kind::Limit, &["prefill_window"],
        "The same while the prompt is read; \"auto\" follows the batch and the measured speed."),
    key("watch.decode", Kind::Limit, &["decode_window"],
        "The same between tokens; \"auto\" follows the gaps measured in this run and in earlier ones."),
    key("watch.loops", Kind::Flag, &["loop_guard"],
        "End an answer that repeats itself without end: at most 64 tokens, over and over, for 512 tokens."),
    key("environment.*", Kind::Text, &["env"],
        "An environment variable of the llama.cpp program."),
];

/// The keys of `orchestrate.toml`.
#[rustfmt::skip]
pub(super) const CONFIG: &[Key] = &[
    key("memory_budget", Kind::Bytes { min: 1_000_000 }, &["memory", "budget", "memory_limit", "max_memory"],
        "Memory that all models together may take, such as \"8000 MB\"; \"auto\" is 80 % of what there is."),
    key("llama_dir", Kind::Line, &["llama_path", "llama_cpp_dir", "llama_cpp_path", "llama_cpp"],
        "The directory of llama.cpp's programs, relative to this file or below ~; \"\" looks for one."),
    key("default_profile", Kind::Line, &["profile", "default_model"],
        "The profile to use when none is named."),
    key("history.enabled", Kind::Flag, &["record", "remember"],
        "Whether runs leave their figures in the history."),
    key("history.keep_days", Kind::Whole { min: 1, max: MAX_DAYS, word: None }, &["retention_days", "max_days"],
        "Days that the figures of a run are kept."),
    key("history.keep_rows", Kind::Whole { min: 1, max: MAX, word: None }, &["max_rows", "keep_runs", "keep"],
        "Runs whose figures are kept, the latest."),
];

/// What a dotted path is in a table of keys.
pub(super) enum Found {
    /// A key.
    Key(&'static Key),
    /// A table with keys below it.
    Section,
    /// Neither; with the nearest key, if one is near.
    Unknown(Option<&'static str>),
}

/// Looks a path up.
pub(super) fn find(keys: &'static [Key], path: &str) -> Found {
    let below = |key: &Key| {
        key.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    if let Some(key) = keys.iter().find(|key| key.path == path) {
        return Found::Key(key);
    }
    if keys.iter().any(below) {
        return Found::Section;
    }
    // The name below a `*` may itself contain dots.
    if let Some(key) = keys.iter().find(|key| {
        key.path
            .strip_suffix('*')
            .is_some_and(|section| path.len() > section.len() && path.starts_with(section))
    }) {
        return Found::Key(key);
    }
    Found::Unknown(nearest_path(keys, path))
}

/// The key that is called `word`, in whatever table, and how good the name is: 0 is its own, other
/// names follow in their order. A free table is called by the table's name.
pub(super) fn named(keys: &'static [Key], word: &str) -> Option<(&'static Key, usize)> {
    keys.iter().find_map(|key| {
        if split(key.path.trim_end_matches(".*")).1 == word {
            return Some((key, 0));
        }
        let at = key.also.iter().position(|other| *other == word)?;
        Some((key, at + 1))
    })
}

/// The key that was probably meant: the one with this name or another name for it, in whatever
/// table; else the one spelt most alike, in the same table first.
pub(super) fn nearest_path(keys: &'static [Key], path: &str) -> Option<&'static str> {
    let (table, word) = split(path);
    if let Some((key, _)) = named(keys, word) {
        return Some(key.path.trim_end_matches(".*"));
    }
    let sections = keys.iter().filter_map(|key| key.path.split_once('.'));
    let all = keys
        .iter()
        .map(|key| key.path)
        .chain(sections.map(|(section, _)| section));
    let alike = |candidates: &mut dyn Iterator<Item = &'static str>| {
        let paths: Vec<_> = candidates.collect();
        let name = nearest(word, paths.iter().map(|path| split(path).1))?;
        paths.into_iter().find(|path| split(path).1 == name)
    };
    alike(&mut all.clone().filter(|path| split(path).0 == table))
        .or_else(|| alike(&mut all.clone()))
}

/// The table of a path and the name in it.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}
