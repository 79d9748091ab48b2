//! While the prompt is read.

use std::time::Duration;

use super::hangs;
use crate::case::Phase;
use crate::expected::{Expected, Text};
use crate::row::{Row, USUAL};

const PREFILL: Row = Row {
    phase: Phase::Prefill,
    ..USUAL
};

/// A window that is short, and of which more than three are shorter than the four of a spin: llama-completion
/// is silent from the first batch to the last, and nothing tells it from one.
const SILENT: &[&str] = &["--set", "watch.prefill=5s"];
/// As [`SILENT`], at 2 tokens per second: between two batches of 32 are 16 s. The window of an unknown
/// machine would be 128 s.
const SILENT_LONG: &[&str] = &["--set", "watch.prefill=30s"];

pub(super) const ROWS: &[Row] = &[
    Row {
        fault: "long-and-honest",
        script: "ready;evaluate 220 32 76;write a;times 2;eos;close",
        args: SILENT,
        hang_after: Some(Duration::from_millis(5500)),
        expected: Expected::done(Text::Is("a")),
        ..PREFILL
    },
    Row {
        fault: "two-tokens-a-second",
        script: "ready;evaluate 192 32 500;write a;times 2;eos;close",
        args: SILENT_LONG,
        slow: Some("192 tokens at 2 per second, in windows of 30 s"),
        hang_after: Some(Duration::from_millis(30_500)),
        expected: Expected::done(Text::Is("a")),
        ..PREFILL
    },
    Row {
        fault: "hangs",
        script: "ready;hang",
        expected: Expected {
            told: &["stalled while reading the prompt"],
            ..hangs("hung", Text::Is(""))
        },
        ..PREFILL
    },
    Row {
        fault: "hangs-between-batches",
        script: "ready;evaluate 64 32 5;hang",
        expected: Expected {
            told: &["stalled while reading the prompt"],
            ..hangs("hung", Text::Is(""))
        },
        ..PREFILL
    },
];
