//! While it is asked to end, or does.

use super::hangs;
use crate::case::{Backend, Phase};
use crate::expected::{Expected, Text};
use crate::row::{Act, Row, USUAL};

const ENDING: Row = Row {
    phase: Phase::Ending,
    ..USUAL
};

pub(super) const ROWS: &[Row] = &[
    Row {
        fault: "ignores-sigint-and-sigterm",
        script: "resist;ready;write partial;hang",
        // Longer than the test needs to press Ctrl-C.
        args: &["--set", "watch.decode=60s"],
        act: Act::Interrupt { after: "partial" },
        expected: Expected {
            verdict: Some("interrupted"),
            code: 130,
            told: &["stopped: interrupted"],
            ..Expected::done(Text::Begins("partial"))
        },
        ..ENDING
    },
    Row {
        fault: "hangs-and-ignores-both",
        script: "resist;ready;write partial;hang",
        expected: hangs("hung", Text::Begins("partial")),
        ..ENDING
    },
    Row {
        fault: "grandchild-keeps-the-pipe",
        script: "ready;write a;orphan;times 2;eos;close",
        expected: Expected::done(Text::Is("a")),
        ..ENDING
    },
    Row {
        fault: "grandchild-leaves-the-group",
        script: "ready;write a;escape;times 2;eos;close",
        expected: Expected::done(Text::Is("a")),
        ..ENDING
    },
    Row {
        fault: "crashes-and-leaves-a-grandchild",
        script: "ready;write a;escape;crash",
        expected: Expected {
            told: &["error:", "SIGSEGV"],
            ..Expected::crashed(Text::Is("a"))
        },
        ..ENDING
    },
    Row {
        fault: "waits-for-standard-input",
        script: "ready;beg",
        // Two looks a second apart tell it: in a window of a second a hang may be told first.
        args: &["--set", "watch.prefill=10s"],
        only: Some((Backend::Completion, "a server reads no standard input")),
        expected: Expected {
            verdict: Some("waiting_for_input"),
            code: 3,
            told: &["error:", "input"],
            ..Expected::done(Text::Is(""))
        },
        ..ENDING
    },
];
