//! A plan for programs: one JSON object. Fields may be added, not changed.

use std::io::{self, Write};

use serde::Serialize;

use super::advice::Advice;
use super::figures::{Figures, Inputs, LimitRow, PROMPT, Row, SpeedSource};

#[derive(Debug, Serialize)]
struct Plan<'a> {
    schema: &'static str,
    profile: &'a str,
    model: String,
    architecture: &'a str,
    quantization: Option<&'a str>,
    parameters: u64,
    program: &'static str,
    threads: u32,
    batch: u32,
    micro_batch: u32,
    context: u32,
    budget_bytes: Option<u64>,
    usable_memory_bytes: Option<u64>,
    largest_context: Option<u32>,
    bandwidth_bytes_per_second: Option<f64>,
    bandwidth_threads: Option<u32>,
    active_bytes_per_token: u64,
    speed_source: &'static str,
    contexts: Vec<Context>,
    time: Time,
    limits: Vec<LimitSet>,
    advice: Vec<Line<'a>>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct Context {
    context: u32,
    is_own: bool,
    memory: Option<Memory>,
    fits: Option<bool>,
    kv_f16_bytes: Option<u64>,
    kv_q8_0_bytes: Option<u64>,
    kv_q4_0_bytes: Option<u64>,
    limit_tokens_per_second: Option<f64>,
    expected_tokens_per_second: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Memory {
    weights_bytes: u64,
    repacked_bytes: u64,
    kv_bytes: u64,
    compute_bytes: u64,
    output_bytes: u64,
    reported_bytes: u64,
    untouched_bytes: u64,
    overhead_bytes: u64,
    peak_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Time {
    load_seconds: Option<f64>,
    prompt_tokens: u32,
    prompt_seconds: Option<f64>,
    prompt_at_least_seconds: Option<f64>,
    max_tokens: u32,
    answer_seconds: Option<f64>,
    total_seconds: Option<f64>,
    /// Whether it may be more, as load or prompt were never measured.
    total_is_at_least: bool,
}

#[derive(Debug, Serialize)]
struct LimitSet {
    key: &'static str,
    /// `auto`, `none`, or the time.
    limit: String,
    allows_seconds: Option<f64>,
    needs_seconds: Option<f64>,
    needs_is_at_least: bool,
    holds: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    about: &'a str,
    text: &'a str,
    is_needed: bool,
    speedup: Option<f64>,
    saves_bytes: Option<u64>,
}

pub(super) fn write(
    inputs: &Inputs<'_>,
    figures: &Figures,
    advice: &[Advice],
    out: &mut dyn Write,
) -> io::Result<()> {
    let header = &inputs.model.header;
    let time = &figures.time;
    let plan = Plan {
        schema: "orchestrate.plan/1",
        profile: &inputs.profile.name,
        model: inputs.model.path.display().to_string(),
        architecture: &header.architecture,
        quantization: header.quantization.as_deref(),
        parameters: header.parameters,
        program: if inputs.is_server {
            "server"
        } else {
            "completion"
        },
        threads: inputs.threads,
        batch: inputs.setup.batch,
        micro_batch: inputs.setup.micro_batch,
        context: inputs.setup.context,
        budget_bytes: inputs.budget,
        usable_memory_bytes: inputs.usable_memory,
        largest_context: figures.largest_context,
        bandwidth_bytes_per_second: inputs.bandwidth.map(|measured| measured.bytes_per_second),
        bandwidth_threads: inputs.bandwidth.map(|measured| measured.threads),
        active_bytes_per_token: figures.active_bytes,
        speed_source: match figures.speed_source {
            SpeedSource::History => "history",
            SpeedSource::Limit => "limit",
            SpeedSource::Unknown => "unknown",
        },
        contexts: figures.contexts.iter().map(context).collect(),
        time: Time {
            load_seconds: time.load,
            prompt_tokens: PROMPT,
            prompt_seconds: time.prompt,
            prompt_at_least_seconds: time.prompt_at_least,
            max_tokens: inputs.profile.max_tokens,
            answer_seconds: time.answer,
            total_seconds: time.total,
            total_is_at_least: time.is_at_least,
        },
        limits: figures.limits.iter().map(limit).collect(),
        advice: advice.iter().map(line).collect(),
        notes: inputs.notes,
    };
    // Plain structs of strings and finite numbers: serialising them cannot fail.
    let text = serde_json::to_string_pretty(&plan).unwrap_or_default();
    writeln!(out, "{text}")
}

fn context(row: &Row) -> Context {
    let cache = |at: usize| row.caches.map(|caches| caches[at]);
    Context {
        context: row.context,
        is_own: row.is_own,
        memory: row.memory.map(|memory| Memory {
            weights_bytes: memory.weights,
            repacked_bytes: memory.repacked,
            kv_bytes: memory.context,
            compute_bytes: memory.compute,
            output_bytes: memory.output,
            reported_bytes: memory.reported(),
            untouched_bytes: memory.untouched,
            overhead_bytes: memory.overhead,
            peak_bytes: memory.peak(),
        }),
        fits: row.fits,
        kv_f16_bytes: cache(0),
        kv_q8_0_bytes: cache(1),
        kv_q4_0_bytes: cache(2),
        limit_tokens_per_second: row.limit,
        expected_tokens_per_second: row.expected,
    }
}

fn limit(row: &LimitRow) -> LimitSet {
    LimitSet {
        key: row.key,
        limit: row.limit.to_string(),
        allows_seconds: row.allows,
        needs_seconds: row.needs,
        needs_is_at_least: row.is_at_least,
        holds: row.holds,
    }
}

fn line(advice: &Advice) -> Line<'_> {
    Line {
        about: advice.about,
        text: &advice.text,
        is_needed: advice.is_needed,
        speedup: advice.speedup,
        saves_bytes: advice.saves_bytes,
    }
}
