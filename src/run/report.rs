//! The result as JSON. These types are the format: a field that changes its meaning changes
//! [`SCHEMA`].

use serde::Serialize;

use super::RunError;
use super::prepare::Facts;
use crate::engine::{self, End, Measured, Outcome, Phase};
use crate::watchdog::{self, Cause, Source, Why};

/// Name and version of the format.
const SCHEMA: &str = "orchestrate.run/1";

/// A run that was started.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    schema: &'static str,
    profile: &'a str,
    /// How the profile was chosen, unless it was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    route: Option<Route<'a>>,
    model: Model<'a>,
    llama: Llama<'a>,
    backend: &'static str,
    text: &'a str,
    stop: Stop<'a>,
    timings: Timings,
    limits: Limits,
    /// The record of what had to be ended or crashed.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
    exit_code: u8,
}

/// A run that could not be started.
#[derive(Debug, Serialize)]
pub(super) struct NotStarted {
    schema: &'static str,
    error: Error,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
struct Error {
    message: String,
}

#[derive(Debug, Serialize)]
struct Route<'a> {
    /// The profile that chose; absent where there was nothing to choose, or it failed.
    router: Option<&'a str>,
    /// Its share of probability for this choice, 0 to 1, where the build tells.
    share: Option<f64>,
    /// How long the choice took.
    ms: f64,
    /// Why `default_profile` was taken, where it was.
    fallback: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Model<'a> {
    path: String,
    arch: &'a str,
    quant: Option<&'a str>,
    bytes: u64,
}

#[derive(Debug, Serialize)]
struct Llama<'a> {
    build: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'a str>,
    path: String,
}

#[derive(Debug, Serialize)]
struct Stop<'a> {
    reason: &'static str,
    /// The stop sequence, where one came.
    word: Option<&'a str>,
    /// Of a stall, what nothing advanced for, and what was waited.
    #[serde(skip_serializing_if = "Option::is_none")]
    stall: Option<Stall>,
}

#[derive(Debug, Serialize)]
struct Stall {
    /// What the processes did instead: `hung`, `idle`, `spin`, `stopped`, `uninterruptible`,
    /// `backpressure`, `too_slow` or `unobserved`.
    cause: &'static str,
    /// `load`, `prefill` or `decode`, as in the events.
    phase: &'static str,
    silent_s: f64,
    window_s: f64,
    /// Where the window comes from: `profile`, `run`, `history`, `prior` or `constant`.
    window_from: &'static str,
}

impl Stall {
    fn new(stall: &watchdog::Stall) -> Self {
        Self {
            cause: cause_word(stall.cause),
            phase: watched_word(stall.phase),
            silent_s: stall.silent_for.as_secs_f64(),
            window_s: stall.window.length.as_secs_f64(),
            window_from: source_word(stall.window.source),
        }
    }
}

/// What is slow, and why. `null` is what is not known.
#[derive(Debug, Serialize)]
pub(super) struct Slow {
    /// `load`, `prefill` or `decode`, as in the events.
    phase: &'static str,
    /// `throttled`, `paging`, `oversubscribed` (too many threads), `stop_and_go` or `unknown`.
    why: &'static str,
    /// How long it has been in the phase.
    phase_s: f64,
    /// How long the phase takes at most.
    expected_s: Option<f64>,
    /// Of the prompt or of the text, in this run or else in earlier ones.
    ms_per_token: Option<f64>,
    /// How long nothing has advanced.
    silent_s: f64,
    /// The same in a sentence, with what helps.
    message: String,
}

impl Slow {
    pub(super) fn new(slow: &watchdog::Slow) -> Self {
        Self {
            phase: watched_word(slow.phase),
            why: match slow.why {
                Why::Throttled => "throttled",
                Why::Paging => "paging",
                Why::Oversubscribed => "oversubscribed",
                Why::StopAndGo => "stop_and_go",
                Why::Unknown => "unknown",
            },
            phase_s: slow.lasts.as_secs_f64(),
            expected_s: slow.expected.map(|time| time.as_secs_f64()),
            ms_per_token: slow.speed.map(|speed| speed.value.get()),
            silent_s: slow.silent_for.as_secs_f64(),
            message: engine::slow(slow),
        }
    }
}

/// What was measured; `null` is what could not be.
#[derive(Debug, Serialize)]
struct Timings {
    load_ms: Option<f64>,
    ttft_ms: Option<f64>,
    prompt_ms: Option<f64>,
    prompt_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    generated_tokens: Option<u64>,
    ms_per_token: Option<f64>,
    tokens_per_second: Option<f64>,
    tpot_ms: Option<f64>,
    gaps_ms: Option<Gaps>,
    peak_rss_bytes: Option<u64>,
    /// When the end was decided, or came by itself; by `total_ms` nothing is left of the process.
    decided_ms: f64,
    total_ms: f64,
}

#[derive(Debug, Serialize)]
struct Gaps {
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct Limits {
    context: u32,
    max_tokens: u32,
    timeout_s: Option<f64>,
    load_s: Option<f64>,
}

/// An event of `--jsonl`. The last line is the report.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event<'a> {
    /// The process was started.
    Started { pid: u32, at_ms: f64 },
    /// A phase began.
    Phase { phase: &'static str, at_ms: f64 },
    /// Text came.
    Text { text: &'a str, at_ms: f64 },
    /// It is slow; again every ten seconds at most, while it lasts.
    Slow {
        #[serde(flatten)]
        slow: Slow,
        at_ms: f64,
    },
    /// It could not be started.
    NotStarted {
        #[serde(flatten)]
        report: NotStarted,
    },
    /// It is over.
    Finished {
        #[serde(flatten)]
        report: Box<Report<'a>>,
    },
}

impl<'a> Report<'a> {
    pub(super) fn new(
        facts: &'a Facts,
        text: &'a str,
        outcome: &'a Outcome,
        incident: Option<&'a str>,
    ) -> Self {
        let message = match &outcome.end {
            End::Failed(failure) => Some(failure.to_string()),
            end => end.explained(),
        };
        let error = message.map(|message| Error { message });
        Self {
            schema: SCHEMA,
            profile: &facts.profile,
            route: facts.routed.as_ref().map(|routed| Route {
                router: routed.router(),
                share: routed.share(),
                ms: micros(routed.took.as_secs_f64() * 1000.0),
                fallback: routed.fallback(),
            }),
            model: Model {
                path: facts.model.path.display().to_string(),
                arch: &facts.model.header.architecture,
                quant: facts.model.header.quantization.as_deref(),
                bytes: facts.model.bytes,
            },
            llama: Llama {
                build: facts.install.capabilities.build,
                commit: facts.install.capabilities.commit.as_deref(),
                path: facts.install.program.display().to_string(),
            },
            backend: facts.backend(),
            text,
            stop: Stop {
                reason: outcome.end.reason(),
                word: match &outcome.end {
                    End::StopWord(word) => Some(word),
                    _ => None,
                },
                stall: match &outcome.end {
                    End::Stalled(stall) => Some(Stall::new(stall)),
                    _ => None,
                },
            },
            timings: Timings::new(&outcome.measured),
            limits: Limits {
                context: facts.context,
                max_tokens: facts.max_tokens,
                timeout_s: facts.limits.timeout.fixed().map(|time| time.as_secs_f64()),
                load_s: facts.limits.load.fixed().map(|time| time.as_secs_f64()),
            },
            incident,
            error,
            exit_code: outcome.end.exit().code(),
        }
    }
}

impl Timings {
    fn new(measured: &Measured) -> Self {
        Self {
            load_ms: measured.load_ms.map(micros),
            ttft_ms: measured.ttft_ms.map(micros),
            prompt_ms: measured.prompt_ms.map(micros),
            prompt_tokens: measured.prompt_tokens,
            cached_tokens: measured.cached_tokens,
            generated_tokens: measured.generated_tokens,
            ms_per_token: measured.ms_per_token,
            tokens_per_second: measured.ms_per_token.map(|ms| 1000.0 / ms),
            tpot_ms: measured.tpot_ms.map(micros),
            gaps_ms: measured.gaps.map(|gaps| Gaps {
                p50: micros(gaps.p50),
                p95: micros(gaps.p95),
                p99: micros(gaps.p99),
                max: micros(gaps.max),
            }),
            peak_rss_bytes: measured.peak_rss_bytes,
            decided_ms: micros(measured.decided_ms),
            total_ms: micros(measured.total_ms),
        }
    }
}

impl NotStarted {
    pub(super) fn new(error: &RunError) -> Self {
        Self {
            schema: SCHEMA,
            error: Error {
                message: error.to_string(),
            },
            exit_code: error.exit().code(),
        }
    }
}

/// Milliseconds, rounded to microseconds: no clock here knows more.
pub(super) fn micros(ms: f64) -> f64 {
    (ms * 1000.0).round() / 1000.0
}

/// The word for a phase.
pub(super) fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Load => "load",
        Phase::Prefill => "prefill",
        Phase::Decode => "decode",
    }
}

/// The word for a phase of the watchdog, of which users know three.
pub(super) fn watched_word(phase: watchdog::Phase) -> &'static str {
    phase_word(match phase {
        watchdog::Phase::Spawn | watchdog::Phase::Load => Phase::Load,
        watchdog::Phase::Prefill => Phase::Prefill,
        watchdog::Phase::Decode | watchdog::Phase::Drain | watchdog::Phase::Exit => Phase::Decode,
    })
}

/// The word for what stalled processes do.
pub(super) fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::Hung => "hung",
        Cause::Idle => "idle",
        Cause::Spin => "spin",
        Cause::Stopped => "stopped",
        Cause::Uninterruptible => "uninterruptible",
        Cause::Backpressure => "backpressure",
        Cause::TooSlow(_) => "too_slow",
        Cause::Unobserved => "unobserved",
    }
}

/// The word for where a window comes from.
pub(super) fn source_word(source: Source) -> &'static str {
    match source {
        Source::Fixed => "profile",
        Source::ThisRun => "run",
        Source::History => "history",
        Source::Prior => "prior",
        Source::Constant => "constant",
    }
}

/// One line of JSON with its line end.
pub(super) fn json_line(value: &impl Serialize) -> String {
    // Plain structs of strings and finite numbers: serialising them cannot fail.
    let mut line = serde_json::to_string(value).unwrap_or_default();
    line.push('\n');
    line
}
