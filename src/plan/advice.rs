//! What would make a run fit, hold its limits, or be faster: each with its reason and its number. Pure.

use std::time::Duration;

use super::figures::{Figures, Inputs, LimitRow, PROMPT, as_number};
use crate::memory::{CacheType, MemoryEstimate, Setup};
use crate::profile::FlashAttention;
use crate::units::{Bytes, duration};

/// What is not worth a line: savings below this share of the whole.
const LEAST_SHARE: f64 = 0.05;
/// And those that nobody would notice, in bytes.
const LEAST_SAVED: u64 = 32 << 20;
/// A limit that is recommended is so many times what seems needed, as in a run.
const SUGGESTED_TIMES: f64 = 1.5;

/// Bits per weight of a mixed quantisation, the finest first. Source: the table for Llama 3.1 8B in
/// `tools/quantize/README.md` of b11434.
const QUANTIZATIONS: [(&str, f64); 7] = [
    ("F16", 16.0005),
    ("Q8_0", 8.5008),
    ("Q6_K", 6.5633),
    ("Q5_K_M", 5.7036),
    ("Q4_K_M", 4.8944),
    ("Q3_K_M", 3.996),
    ("Q2_K", 3.1593),
];

/// Sizes of families that come in several, in billions of weights, by their architecture.
const FAMILIES: [(&str, &[f64]); 7] = [
    ("qwen2", &[0.5, 1.5, 3.0, 7.0, 14.0, 32.0, 72.0]),
    ("qwen3", &[0.6, 1.7, 4.0, 8.0, 14.0, 32.0]),
    ("llama", &[1.0, 3.0, 8.0, 70.0]),
    ("gemma2", &[2.0, 9.0, 27.0]),
    ("gemma3", &[1.0, 4.0, 12.0, 27.0]),
    ("phi3", &[3.8, 14.0]),
    ("olmo2", &[1.0, 7.0, 13.0, 32.0]),
];
/// A size says how many weights a model has, give or take this share.
const SIZE_TOLERANCE: f64 = 1.25;

/// A line of advice.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// What it is about: a profile's key, or `model`, `quantization`, `gpu`.
    pub about: &'static str,
    /// What to do and why, with the number.
    pub text: String,
    /// Whether a run fails, or is cut, without it.
    pub is_needed: bool,
    /// How many times as fast a run gets, where it does.
    pub speedup: Option<f64>,
    /// Bytes of memory that it saves, where it does.
    pub saves_bytes: Option<u64>,
}

impl Advice {
    fn new(about: &'static str, text: String) -> Self {
        Self {
            about,
            text,
            is_needed: false,
            speedup: None,
            saves_bytes: None,
        }
    }
}

/// What would help, in the order of what it brings: what is needed, what makes it faster, what saves
/// memory.
#[must_use]
pub fn advice(inputs: &Inputs<'_>, figures: &Figures) -> Vec<Advice> {
    let mut all: Vec<Advice> = [
        too_large(inputs, figures),
        threads(inputs),
        quantization(inputs, figures),
        smaller_model(inputs, figures),
        gpu(inputs, figures),
        cache_type(inputs, figures),
        flash_attention(inputs, figures),
        context(inputs, figures),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.extend(figures.limits.iter().filter_map(|row| limit(row, figures)));
    let rank = |advice: &Advice| {
        let speedup = advice.speedup.unwrap_or(0.0);
        let saved = as_number(advice.saves_bytes.unwrap_or(0));
        (advice.is_needed, speedup, saved)
    };
    all.sort_by(|one, other| {
        let (one, other) = (rank(one), rank(other));
        let by_need = other.0.cmp(&one.0);
        let by_speed = other.1.total_cmp(&one.1);
        by_need.then(by_speed).then(other.2.total_cmp(&one.2))
    });
    all
}

fn too_large(inputs: &Inputs<'_>, figures: &Figures) -> Option<Advice> {
    let own = figures.own()?;
    let peak = own.memory?.peak();
    if own.fits? {
        return None;
    }
    let budget = Bytes(inputs.budget?);
    let what = match figures.largest_context {
        Some(context) => format!("a context of {context} tokens fits (-c {context})"),
        None => "no context fits: take a smaller model or quantisation".to_owned(),
    };
    Some(Advice {
        is_needed: true,
        ..Advice::new(
            "context",
            format!(
                "it takes {} with {} tokens, and the budget is {budget}: {what}",
                Bytes(peak),
                own.context
            ),
        )
    })
}

fn limit(row: &LimitRow, figures: &Figures) -> Option<Advice> {
    if row.holds? {
        return None;
    }
    let (allows, needs) = (row.allows?, row.needs?);
    let suggested = Duration::from_secs(whole_seconds(SUGGESTED_TIMES * needs));
    let speed = figures.own().and_then(|own| own.expected);
    let decodes = matches!(row.key, "limits.timeout" | "watch.decode");
    let speed = speed.filter(|_| decodes);
    let at = speed.map_or_else(String::new, |speed| format!(" at {speed:.1} tokens/s"));
    let about = if row.is_at_least { "at least" } else { "about" };
    Some(Advice {
        is_needed: true,
        ..Advice::new(
            row.key,
            format!(
                "{} is too short: {about} {}{at} are needed; use {} or \"auto\"",
                short(allows),
                short(needs),
                duration::exact(suggested).replace(' ', "")
            ),
        )
    })
}

fn threads(inputs: &Inputs<'_>) -> Option<Advice> {
    let Inputs {
        threads,
        cpus,
        quota,
        ..
    } = *inputs;
    if threads <= cpus {
        return None;
    }
    let why = match quota {
        Some(quota) => format!("a quota of {quota} CPUs"),
        None => format!("{cpus} CPUs"),
    };
    Some(Advice {
        speedup: Some(f64::from(threads) / f64::from(cpus.max(1))),
        ..Advice::new(
            "threads",
            format!(
                "{threads} threads share {why}: each waits for the others; use {cpus}, or \"auto\""
            ),
        )
    })
}

fn quantization(inputs: &Inputs<'_>, figures: &Figures) -> Option<Advice> {
    let name = inputs.model.header.quantization.as_deref()?;
    let at = QUANTIZATIONS.iter().position(|(known, _)| *known == name)?;
    let (_, bits) = QUANTIZATIONS[at];
    let (smaller, fewer) = QUANTIZATIONS.get(at + 1)?;
    let share = fewer / bits;
    let speedup = faster(inputs, figures, share)?;
    let saves = saved(inputs.model.header.weight_bytes, share);
    Some(Advice {
        speedup: Some(speedup),
        saves_bytes: Some(saves),
        ..Advice::new(
            "quantization",
            format!(
                "{smaller} instead of {name} has {fewer:.1} bits per weight instead of {bits:.1}: {}, and {} \
                 less; answers get a little worse",
                times(speedup),
                Bytes(saves)
            ),
        )
    })
}

fn smaller_model(inputs: &Inputs<'_>, figures: &Figures) -> Option<Advice> {
    let header = &inputs.model.header;
    let family = header.architecture.as_str();
    let (_, sizes) = FAMILIES.iter().find(|(known, _)| *known == family)?;
    let billions = as_number(header.parameters) / 1e9;
    let at = sizes
        .iter()
        .rposition(|size| *size <= billions * SIZE_TOLERANCE)?;
    let smaller = sizes[at.checked_sub(1)?];
    let share = smaller / billions;
    let speedup = faster(inputs, figures, share)?;
    let saves = saved(header.weight_bytes, share);
    Some(Advice {
        speedup: Some(speedup),
        saves_bytes: Some(saves),
        ..Advice::new(
            "model",
            format!(
                "a model of {smaller} B weights of the same family, instead of {billions:.1} B: {}, and {} \
                 less; answers get worse",
                times(speedup),
                Bytes(saves)
            ),
        )
    })
}

/// How many times as fast it gets when the weights shrink to this share.
fn faster(inputs: &Inputs<'_>, figures: &Figures, share: f64) -> Option<f64> {
    // Where no memory sets the pace, smaller weights bring nothing.
    figures.own()?.limit?;
    let weights = as_number(figures.active_bytes);
    let cache = inputs.memory.as_ref().map_or(0, |memory| {
        let Setup { keys, values, .. } = inputs.setup;
        let tokens = u64::from(inputs.profile.max_tokens / 2);
        memory.context().read_bytes(tokens, keys, values)
    });
    let cache = as_number(cache);
    Some((weights + cache) / (weights * share + cache))
}

fn gpu(inputs: &Inputs<'_>, figures: &Figures) -> Option<Advice> {
    let seen = inputs.gpus.first()?;
    let layers = inputs
        .model
        .header
        .block_count()
        .filter(|&count| count > 0)?;
    if inputs.profile.gpu_layers > 0 {
        return None;
    }
    let each = Bytes(figures.active_bytes / layers);
    Some(Advice::new(
        "gpu_layers",
        format!(
            "a GPU of {seen} is seen: each of the {layers} layers moved there is {each} less to read from \
             this memory for every token. The builds of `orchestrate build` have no support for it: name \
             one that has with --llama-dir (its --list-devices shows the GPU)"
        ),
    ))
}

/// Whether somebody would change a setting for it.
fn is_worth(saved: u64, whole: &MemoryEstimate) -> bool {
    saved >= LEAST_SAVED && as_number(saved) >= LEAST_SHARE * as_number(whole.peak())
}

fn cache_type(inputs: &Inputs<'_>, figures: &Figures) -> Option<Advice> {
    let setup = inputs.setup;
    let memory = inputs.memory.as_ref()?;
    if setup.keys != CacheType::F16 || setup.values != CacheType::F16 || !setup.flash {
        return None;
    }
    let smaller = Setup {
        keys: CacheType::Q8_0,
        values: CacheType::Q8_0,
        ..setup
    };
    let (now, then) = (memory.estimate(&setup), memory.estimate(&smaller));
    let saves = now.peak().checked_sub(then.peak())?;
    if !is_worth(saves, &now) {
        return None;
    }
    let read = |setup: &Setup| {
        let shape = memory.context();
        let cache = shape.read_bytes(u64::from(setup.context), setup.keys, setup.values);
        as_number(figures.active_bytes.saturating_add(cache))
    };
    let speedup = read(&setup) / read(&smaller);
    Some(Advice {
        saves_bytes: Some(saves),
        ..Advice::new(
            "kv_type_k, kv_type_v",
            format!(
                "q8_0 instead of f16 takes {} less, hardly changes answers, and a full context could be \
                 read {}",
                Bytes(saves),
                times(speedup)
            ),
        )
    })
}

fn flash_attention(inputs: &Inputs<'_>, figures: &Figures) -> Option<Advice> {
    if inputs.profile.flash_attention != FlashAttention::Off {
        return None;
    }
    let memory = inputs.memory.as_ref()?;
    let now = figures.own()?.memory?;
    let with = Setup {
        flash: true,
        ..inputs.setup
    };
    let saves = now.peak().checked_sub(memory.estimate(&with).peak())?;
    (saves > 0).then(|| Advice {
        saves_bytes: Some(saves),
        ..Advice::new(
            "flash_attention",
            format!(
                "\"auto\" takes {} less with a full context of {} tokens: no matrix of scores is kept",
                Bytes(saves),
                inputs.setup.context
            ),
        )
    })
}

/// Less context, where that much is for nothing: a prompt of a thousand tokens and the answer fit twice.
fn context(inputs: &Inputs<'_>, figures: &Figures) -> Option<Advice> {
    let own = figures.own()?;
    let now = own.memory?;
    let ample = 2 * (inputs.profile.max_tokens.saturating_add(PROMPT)).next_multiple_of(1024);
    if inputs.setup.context <= ample || own.fits == Some(false) {
        return None;
    }
    let memory = inputs.memory.as_ref()?;
    let less = Setup {
        context: ample,
        ..inputs.setup
    };
    let saves = now.peak().checked_sub(memory.estimate(&less).peak())?;
    is_worth(saves, &now).then(|| Advice {
        saves_bytes: Some(saves),
        ..Advice::new(
            "context",
            format!(
                "{ample} tokens hold a prompt of {PROMPT} and the {} of the answer twice, and take {} less \
                 than {}",
                inputs.profile.max_tokens,
                Bytes(saves),
                inputs.setup.context
            ),
        )
    })
}

fn times(factor: f64) -> String {
    format!("{factor:.2} times as fast")
}

fn short(seconds: f64) -> String {
    duration::short(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a time is not negative"
)]
fn whole_seconds(seconds: f64) -> u64 {
    (seconds.ceil() as u64).clamp(1, 86_400).next_multiple_of(5)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a size"
)]
fn saved(bytes: u64, share: f64) -> u64 {
    (as_number(bytes) * (1.0 - share)).max(0.0) as u64
}
