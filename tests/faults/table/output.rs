//! What it writes.

use std::time::Duration;

use crate::case::Phase;
use crate::expected::{Expected, Text};
use crate::row::{Row, USUAL};

const OUTPUT: Row = Row {
    phase: Phase::Output,
    ..USUAL
};

/// The same line again is no progress, and a busy machine may need longer for it than a second.
const PATIENT: &[&str] = &["--set", "watch.decode=10m"];

/// What waits in our own queue (4 MiB) is read before the end is told, for which a build without optimisation
/// needs seconds on a busy machine.
const FLOODED: Expected = Expected {
    to_end: Some(Duration::from_secs(10)),
    ..Expected::done(Text::Is("ab"))
};

pub(super) const ROWS: &[Row] = &[
    Row {
        fault: "flood-of-10-megabytes",
        script: "ready;write a;flood 10000000;write b;times 3;eos;close",
        args: PATIENT,
        expected: FLOODED,
        ..OUTPUT
    },
    Row {
        fault: "flood-of-100-megabytes",
        script: "ready;write a;flood 100000000;write b;times 3;eos;close",
        args: PATIENT,
        slow: Some("a build without optimisation reads 2 to 5 MB of log in a second"),
        expected: FLOODED,
        ..OUTPUT
    },
    Row {
        fault: "line-of-10-megabytes",
        script: "ready;write a;line 10000000;write b;times 3;eos;close",
        args: PATIENT,
        expected: FLOODED,
        ..OUTPUT
    },
    Row {
        fault: "invalid-utf-8",
        script: r"ready;write a\xff\xfeb;times 2;eos;close",
        expected: Expected::done(Text::Is("a\u{fffd}\u{fffd}b")),
        ..OUTPUT
    },
    Row {
        fault: "character-in-parts",
        script: r"ready;torn h\xc3\xa9llo \xe2\x82\xac;times 2;eos;close",
        expected: Expected::done(Text::Is("héllo €")),
        ..OUTPUT
    },
];
