//! The tables of a plan, from what is known of model, machine and history. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::host::Bandwidth;
use crate::host::gpu::Maker;
use crate::memory::{CacheType, MemoryEstimate, MemoryModel, Setup, active_bytes};
use crate::profile::Profile;
use crate::store::ModelFile;
use crate::units::Limit;
use crate::watchdog::{Expected, Work, auto_budget};

/// The contexts of the tables, in tokens; the profile's own is put between them.
const CONTEXTS: [u32; 5] = [2048, 4096, 8192, 16_384, 32_768];
/// The types of the table of caches.
pub(super) const CACHES: [CacheType; 3] = [CacheType::F16, CacheType::Q8_0, CacheType::Q4_0];
/// The prompt whose time is told, in tokens.
pub(super) const PROMPT: u32 = 1000;
/// The share of the limit that is usual: 50 to 85 % are.
pub const USUAL_SHARE: f64 = 0.65;

/// What earlier runs measured, each where they did.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Timings {
    /// Milliseconds per generated token.
    pub ms_per_token: Option<f64>,
    /// Tokens of a prompt per second.
    pub prefill_rate: Option<f64>,
    /// Milliseconds to load the model.
    pub load_ms: Option<f64>,
    /// Milliseconds of the 99th percentile of the gaps between tokens.
    pub gap_p99_ms: Option<f64>,
}

impl Timings {
    pub(super) fn of(expected: &Expected) -> Self {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        Self {
            ms_per_token: expected.ms_per_token.map(|speed| speed.value.get()),
            prefill_rate: expected.prefill_rate.map(|rate| rate.value),
            load_ms: expected.load.map(|load| ms(load.value)),
            gap_p99_ms: expected.gap_p99.map(|gap| ms(gap.value)),
        }
    }
}

/// What is known.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    /// The profile, its context lowered to what the model was trained for.
    pub profile: &'a Profile,
    /// Its model.
    pub model: &'a ModelFile,
    /// The model's memory, where it can be told.
    pub memory: Option<MemoryModel>,
    /// How the profile runs here.
    pub setup: Setup,
    /// The memory budget, in bytes.
    pub budget: Option<u64>,
    /// Whether the configuration sets it.
    pub budget_is_set: bool,
    /// Memory that may be used here, in bytes.
    pub usable_memory: Option<u64>,
    /// How fast memory can be read.
    pub bandwidth: Option<&'a Bandwidth>,
    /// What earlier runs measured.
    pub timings: Timings,
    /// Threads that generate.
    pub threads: u32,
    /// CPUs that may be used.
    pub cpus: u32,
    /// The quota in CPUs, if there is one.
    pub quota: Option<f64>,
    /// Makers of the GPUs that are seen.
    pub gpus: BTreeSet<Maker>,
    /// Whether a server runs it.
    pub is_server: bool,
    /// What was changed in the profile.
    pub notes: &'a [String],
}

/// The tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// One row per context.
    pub contexts: Vec<Row>,
    /// Bytes of weights that are read for every token.
    pub active_bytes: u64,
    /// The largest context that fits the budget, in tokens.
    pub largest_context: Option<u32>,
    /// Where the expected speeds come from.
    pub speed_source: SpeedSource,
    /// The parts of a run with the profile's own context.
    pub time: Time,
    /// What each limit of the profile does.
    pub limits: Vec<LimitRow>,
}

/// What a context means.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// In tokens.
    pub context: u32,
    /// Whether it is the profile's own.
    pub is_own: bool,
    /// Its memory, where that can be told.
    pub memory: Option<MemoryEstimate>,
    /// Whether that fits the budget.
    pub fits: Option<bool>,
    /// Bytes of the cache in each of f16, q8_0 and q4_0.
    pub caches: Option<[u64; 3]>,
    /// Tokens per second at most, with that many tokens in the cache.
    pub limit: Option<f64>,
    /// Tokens per second to expect.
    pub expected: Option<f64>,
}

/// Where expected speeds come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpeedSource {
    /// Earlier runs.
    History,
    /// The usual share of the limit.
    Limit,
    /// Nothing is known.
    Unknown,
}

/// The parts of a run, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Time {
    /// To load the model, by earlier runs.
    pub load: Option<f64>,
    /// For a prompt of 1000 tokens, by earlier runs.
    pub prompt: Option<f64>,
    /// The same at the very least: all weights are read once for each micro-batch.
    pub prompt_at_least: Option<f64>,
    /// For as many tokens as the profile allows.
    pub answer: Option<f64>,
    /// For all of it, as far as it is known.
    pub total: Option<f64>,
    /// Whether it may be more, as load or prompt were never measured.
    pub is_at_least: bool,
}

/// A limit, and whether it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitRow {
    /// The profile's key.
    pub key: &'static str,
    /// What it is set to.
    pub limit: Limit,
    /// Seconds that it allows, where it is a time.
    pub allows: Option<f64>,
    /// Seconds that are needed.
    pub needs: Option<f64>,
    /// Whether it may be more, as not all of it was ever measured.
    pub is_at_least: bool,
    /// Whether it holds; `None` where nobody knows.
    pub holds: Option<bool>,
}

impl Figures {
    /// Makes the tables.
    #[must_use]
    pub fn of(inputs: &Inputs<'_>) -> Self {
        let active_bytes = active_bytes(&inputs.model.header);
        let mut contexts = CONTEXTS.to_vec();
        contexts.push(inputs.setup.context);
        contexts.sort_unstable();
        contexts.dedup();
        let speed_source = match (inputs.timings.ms_per_token, limit(inputs, active_bytes, 0)) {
            (Some(_), _) => SpeedSource::History,
            (None, Some(_)) => SpeedSource::Limit,
            (None, None) => SpeedSource::Unknown,
        };
        let rows = contexts.iter();
        let rows: Vec<Row> = rows
            .map(|&context| row(inputs, active_bytes, context))
            .collect();
        let time = time(inputs, active_bytes);
        Self {
            contexts: rows,
            active_bytes,
            largest_context: largest(inputs),
            speed_source,
            limits: limits(inputs, &time),
            time,
        }
    }

    /// The row of the profile's own context.
    #[must_use]
    pub fn own(&self) -> Option<&Row> {
        self.contexts.iter().find(|row| row.is_own)
    }
}

fn row(inputs: &Inputs<'_>, active_bytes: u64, context: u32) -> Row {
    let setup = Setup {
        context,
        ..inputs.setup
    };
    let memory = inputs.memory.as_ref();
    let estimate = memory.map(|memory| memory.estimate(&setup));
    let batch = u64::from(setup.micro_batch.min(setup.batch));
    let cache = |memory: &MemoryModel, kind| {
        let shape = memory.context();
        shape.bytes(u64::from(context), kind, kind, batch)
    };
    let limit = limit(inputs, active_bytes, context);
    Row {
        context,
        is_own: context == inputs.setup.context,
        memory: estimate,
        fits: estimate
            .zip(inputs.budget)
            .map(|(estimate, budget)| estimate.fits(budget)),
        caches: memory.map(|memory| CACHES.map(|kind| cache(memory, kind))),
        limit,
        expected: expected(inputs, active_bytes, context),
    }
}

fn largest(inputs: &Inputs<'_>) -> Option<u32> {
    let trained = inputs.model.header.context_length();
    let trained = trained.and_then(|trained| u32::try_from(trained).ok());
    let most = trained.unwrap_or(CONTEXTS[4]).max(256);
    let memory = inputs.memory.as_ref()?;
    memory.largest_context(&inputs.setup, inputs.budget?, most)
}

/// Bytes that are read for a token more after so many.
fn read_bytes(inputs: &Inputs<'_>, active_bytes: u64, tokens: u32) -> u64 {
    let cache = inputs.memory.as_ref().map_or(0, |memory| {
        let Setup { keys, values, .. } = inputs.setup;
        memory.context().read_bytes(u64::from(tokens), keys, values)
    });
    active_bytes.saturating_add(cache)
}

/// Tokens per second that the bandwidth allows. `None` where it sets no limit: a cache may hold the model,
/// or a GPU have it.
fn limit(inputs: &Inputs<'_>, active_bytes: u64, tokens: u32) -> Option<f64> {
    let bandwidth = inputs.bandwidth?;
    if inputs.profile.gpu_layers > 0 || active_bytes < bandwidth.buffer_bytes {
        return None;
    }
    Some(bandwidth.bytes_per_second / as_number(read_bytes(inputs, active_bytes, tokens)))
}

/// What earlier runs measured holds for about as many tokens as the profile writes; more in the cache are
/// slower by what has to be read. Without a history: the usual share of the limit.
fn expected(inputs: &Inputs<'_>, active_bytes: u64, tokens: u32) -> Option<f64> {
    match inputs.timings.ms_per_token {
        None => Some(USUAL_SHARE * limit(inputs, active_bytes, tokens)?),
        Some(ms) => {
            let measured = read_bytes(inputs, active_bytes, typical_tokens(inputs));
            let slower = as_number(read_bytes(inputs, active_bytes, tokens)) / as_number(measured);
            Some(1000.0 / ms / slower)
        }
    }
}

/// Tokens in the cache in the middle of an answer.
fn typical_tokens(inputs: &Inputs<'_>) -> u32 {
    (inputs.profile.max_tokens / 2).min(inputs.setup.context)
}

fn time(inputs: &Inputs<'_>, active_bytes: u64) -> Time {
    let timings = inputs.timings;
    let tokens = typical_tokens(inputs);
    let speed = expected(inputs, active_bytes, tokens);
    let answer = speed.map(|speed| f64::from(inputs.profile.max_tokens) / speed);
    let load = timings.load_ms.map(|ms| ms / 1000.0);
    let prompt = timings.prefill_rate.map(|rate| f64::from(PROMPT) / rate);
    let batch = inputs.setup.micro_batch.min(inputs.setup.batch).max(1);
    let passes = f64::from(PROMPT.div_ceil(batch));
    let prompt_at_least = limit(inputs, active_bytes, 0).map(|limit| passes / limit);
    let before = load.unwrap_or(0.0) + prompt.or(prompt_at_least).unwrap_or(0.0);
    Time {
        load,
        prompt,
        prompt_at_least,
        answer,
        total: answer.map(|answer| before + answer),
        is_at_least: load.is_none() || prompt.is_none(),
    }
}

fn limits(inputs: &Inputs<'_>, time: &Time) -> Vec<LimitRow> {
    let limits = &inputs.profile.limits;
    let watch = &inputs.profile.watch;
    let gap = inputs.timings.gap_p99_ms.map(|ms| ms / 1000.0);
    let gap = gap.or(time
        .answer
        .map(|all| all / f64::from(inputs.profile.max_tokens.max(1))));
    let silence = time.prompt.or(time.prompt_at_least).map(|prompt| {
        let batch = inputs.setup.batch.min(PROMPT);
        prompt * f64::from(batch) / f64::from(PROMPT)
    });
    let mut rows = vec![timeout(inputs, time)];
    let is_guessed = time.prompt.is_none();
    for (key, limit, needs, is_at_least) in [
        ("limits.load", limits.load, time.load, false),
        ("watch.load", watch.load, time.load, false),
        ("watch.prefill", watch.prefill, silence, is_guessed),
        ("watch.decode", watch.decode, gap, false),
    ] {
        // Windows that follow from what is measured, and none at all, hold by themselves.
        if let Some(fixed) = limit.fixed() {
            rows.push(fixed_row(key, limit, fixed, needs, is_at_least));
        }
    }
    rows
}

fn timeout(inputs: &Inputs<'_>, time: &Time) -> LimitRow {
    let limit = inputs.profile.limits.timeout;
    let key = "limits.timeout";
    if let Some(fixed) = limit.fixed() {
        return fixed_row(key, limit, fixed, time.total, time.is_at_least);
    }
    let allows = matches!(limit, Limit::Auto)
        .then(|| {
            let seconds = |part: Option<f64>| {
                Duration::try_from_secs_f64(part.unwrap_or(0.0)).unwrap_or(Duration::MAX)
            };
            let work = Work {
                load: seconds(time.load),
                prefill: seconds(time.prompt.or(time.prompt_at_least)),
                tokens: u64::from(inputs.profile.max_tokens),
                ms_per_token: time.answer? * 1000.0 / f64::from(inputs.profile.max_tokens.max(1)),
            };
            Some(auto_budget(&work).max(inputs.profile.limits.floor))
        })
        .flatten();
    LimitRow {
        key,
        limit,
        allows: allows.map(|time| time.as_secs_f64()),
        needs: time.total,
        is_at_least: time.is_at_least,
        holds: Some(true),
    }
}

/// What is only a bound can show that a limit does not hold, and never that it does.
fn fixed_row(
    key: &'static str,
    limit: Limit,
    fixed: Duration,
    needs: Option<f64>,
    is_at_least: bool,
) -> LimitRow {
    let allows = fixed.as_secs_f64();
    let holds = needs.map(|needs| needs <= allows);
    LimitRow {
        key,
        limit,
        allows: Some(allows),
        needs,
        is_at_least,
        holds: holds.filter(|holds| !(*holds && is_at_least)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(super) fn as_number(bytes: u64) -> f64 {
    bytes as f64
}
