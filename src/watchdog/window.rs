//! How long nothing may advance, phase by phase, and where that figure comes from.

use std::time::Duration;

use super::event::Phase;
use crate::units::MsPerToken;
use crate::units::duration::LONGEST;

/// The shortest decode window. A machine that serves other work too can be away for seconds, and a
/// user does not notice whether a hang is told after 5 or after 10 of them.
pub const DECODE_FLOOR: Duration = Duration::from_secs(10);
/// How many times the 99th percentile of the gaps between tokens may pass without a token. The tail
/// of the gaps is long (a neighbour's burst, a context shift), but not twenty times as long.
pub const DECODE_GAPS: u32 = 20;
/// The decode window where no gap is known: twelve gaps of a model at 0.2 tokens/s, the slowest that
/// anybody waits for.
pub const DECODE_UNKNOWN: Duration = Duration::from_secs(60);
/// From how many tokens on this run's own gaps say more than those of earlier runs.
pub const TOKENS_TO_LEARN: u64 = 16;

/// The shortest prefill window. The first batch also pays for what the model file has not yet been
/// read of.
pub const PREFILL_FLOOR: Duration = Duration::from_secs(30);
/// How many times the expected time of a batch may pass in silence.
pub const PREFILL_BATCHES: f64 = 8.0;
/// Prompt evaluation of an unknown machine, in tokens per second: the slowest honest one.
pub const PREFILL_RATE_UNKNOWN: f64 = 2.0;

/// The shortest load window: a disk that spins up, a share that reconnects.
pub const LOAD_FLOOR: Duration = Duration::from_secs(30);
/// How many times the expected load may pass without a sign of life. A model that was in the page
/// cache the last time and is not now takes that much longer.
pub const LOAD_TIMES: u32 = 8;

/// From the spawn to the first sign of the program: its pages and its libraries have to come from a
/// disk that is perhaps asleep, as in [`LOAD_FLOOR`].
pub const SPAWN_WINDOW: Duration = Duration::from_secs(30);
/// From the end of the text to the end of the output: nothing is left to compute.
pub const DRAIN_WINDOW: Duration = Duration::from_secs(10);
/// From the end of the output to the end of the process: it has to give its memory back.
pub const EXIT_WINDOW: Duration = Duration::from_secs(10);
/// The shortest window that can be set. To confirm a stall takes a sample of a second.
pub const SHORTEST: Duration = Duration::from_secs(1);

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// Somebody set it.
    Fixed,
    /// It was measured in this run.
    ThisRun,
    /// It was measured in earlier runs of the same model on the same machine.
    History,
    /// It was computed from what is known of the machine, such as its memory bandwidth.
    Prior,
    /// Nothing was known: it is a constant of this module.
    Constant,
}

/// A figure and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known<T> {
    /// The figure.
    pub value: T,
    /// Where it comes from.
    pub source: Source,
}

impl<T> Known<T> {
    /// A figure with its source.
    #[must_use]
    pub const fn new(value: T, source: Source) -> Self {
        Self { value, source }
    }
}

/// How long nothing may advance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The time, at least [`SHORTEST`].
    pub length: Duration,
    /// Where it comes from.
    pub source: Source,
}

/// What the caller knows beforehand, each figure only where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Expected {
    /// Prompt evaluation in tokens per second; counts only where it is finite and above 0.
    pub prefill_rate: Option<Known<f64>>,
    /// 99th percentile of the gaps between tokens.
    pub gap_p99: Option<Known<Duration>>,
    /// Time per generated token.
    pub ms_per_token: Option<Known<MsPerToken>>,
    /// From the spawn to the loaded model.
    pub load: Option<Known<Duration>>,
    /// Whether this program is known to keep a CPU busy for as long as it evaluates or generates, so
    /// that an idle one is not at work. `false` where nobody knows: then this run has to show it.
    pub computes_on_cpu: bool,
}

impl Expected {
    /// What may be expected of each of so many answers that are generated at once: a step of all of them
    /// takes at most as long as a step of each, one after the other.
    #[must_use]
    pub fn shared_by(self, answers: u32) -> Self {
        let times = answers.max(1);
        let slower = |speed: Known<MsPerToken>| {
            let slower = MsPerToken::new(speed.value.get() * f64::from(times));
            Known::new(slower.unwrap_or(speed.value), speed.source)
        };
        let longer = |gap: Known<Duration>| Known::new(gap.value.saturating_mul(times), gap.source);
        Self {
            gap_p99: self.gap_p99.map(longer),
            ms_per_token: self.ms_per_token.map(slower),
            ..self
        }
    }
}

/// Windows that replace the computed ones; raised to [`SHORTEST`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Windows {
    /// From the spawn to the first sign of the program.
    pub spawn: Option<Duration>,
    /// Between two signs of life while the model is loaded.
    pub load: Option<Duration>,
    /// Between two steps of the prompt's evaluation.
    pub prefill: Option<Duration>,
    /// Between two tokens.
    pub decode: Option<Duration>,
    /// From the end of the text to the end of the output.
    pub drain: Option<Duration>,
    /// From the end of the output to the end of the process.
    pub exit: Option<Duration>,
}

impl Windows {
    /// The window that is set for a phase.
    #[must_use]
    pub fn fixed(&self, phase: Phase) -> Option<Window> {
        let length = match phase {
            Phase::Spawn => self.spawn,
            Phase::Load => self.load,
            Phase::Prefill => self.prefill,
            Phase::Decode => self.decode,
            Phase::Drain => self.drain,
            Phase::Exit => self.exit,
        }?;
        Some(Window {
            length: length.clamp(SHORTEST, LONGEST),
            source: Source::Fixed,
        })
    }
}

/// `max(10 s, 20 × p99 of the gaps)`, or [`DECODE_UNKNOWN`]. A gap that was computed from the memory's
/// bandwidth is the shortest that there can be, and no gap that was seen: it makes the window longer than
/// that of an unknown machine, or it makes nothing.
#[must_use]
pub fn decode_window(gap_p99: Option<Known<Duration>>) -> Window {
    match gap_p99 {
        Some(least) if least.source == Source::Prior => {
            let length = least.value.saturating_mul(DECODE_GAPS);
            if length <= DECODE_UNKNOWN {
                return constant(DECODE_UNKNOWN);
            }
            Window {
                length: length.min(LONGEST),
                source: Source::Prior,
            }
        }
        Some(p99) => Window {
            length: p99
                .value
                .saturating_mul(DECODE_GAPS)
                .clamp(DECODE_FLOOR, LONGEST),
            source: p99.source,
        },
        None => constant(DECODE_UNKNOWN),
    }
}

/// `max(30 s, 8 × min(batch, tokens left) / rate)`, with `batch` and `left` in tokens and the rate in
/// tokens per second, [`PREFILL_RATE_UNKNOWN`] where it is not known.
#[must_use]
pub fn prefill_window(batch: u32, left: u64, rate: Option<Known<f64>>) -> Window {
    let rate = usable(rate).unwrap_or(Known::new(PREFILL_RATE_UNKNOWN, Source::Constant));
    let silence = count(left.min(u64::from(batch))) / rate.value;
    Window {
        length: seconds(PREFILL_BATCHES * silence).max(PREFILL_FLOOR),
        source: rate.source,
    }
}

/// `max(30 s, 8 × expected)`.
#[must_use]
pub fn load_window(expected: Option<Known<Duration>>) -> Window {
    match expected {
        Some(load) => Window {
            length: load
                .value
                .saturating_mul(LOAD_TIMES)
                .clamp(LOAD_FLOOR, LONGEST),
            source: load.source,
        },
        None => constant(LOAD_FLOOR),
    }
}

/// A window of which nothing has to be known.
pub(super) fn constant(length: Duration) -> Window {
    Window {
        length,
        source: Source::Constant,
    }
}

/// A rate that one can divide by.
pub(super) fn usable(rate: Option<Known<f64>>) -> Option<Known<f64>> {
    rate.filter(|rate| rate.value.is_finite() && rate.value > 0.0)
}

/// A number of tokens, or of bytes, to compute with.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^53, where an f64 starts to round, and are only estimated with"
)]
pub(super) fn count(number: u64) -> f64 {
    number as f64
}

/// Seconds as a time; what is no time, or longer than [`LONGEST`], is [`LONGEST`].
pub(super) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(LONGEST, |time| time.min(LONGEST))
}
