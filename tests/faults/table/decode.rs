//! While it generates.

use std::time::Duration;

use super::{hangs, spins};
use crate::case::{Backend, Phase};
use crate::expected::{Expected, Text};
use crate::fake::WINDOW;
use crate::row::{Row, USUAL};

const DECODE: Row = Row {
    phase: Phase::Decode,
    ..USUAL
};

pub(super) const ROWS: &[Row] = &[
    Row {
        fault: "slow-but-honest",
        script: "ready;pace 14 1000 t;times 14;eos;close",
        // Of a second, a gap of 700 ms and a busy machine make more.
        args: &["--set", "watch.decode=3s"],
        hang_after: Some(Duration::from_secs(4)),
        expected: Expected::done(Text::Paced("t", 14)),
        ..DECODE
    },
    Row {
        fault: "a-token-in-five-seconds",
        script: "ready;pace 62 5000 t;times 62;eos;close",
        args: &["--set", "watch.prefill=auto", "--set", "watch.decode=auto"],
        slow: Some("62 tokens at 0.2 per second, in windows that nobody has set"),
        // 60 s of an unknown machine; from the 16th token on 20 gaps of 5 s.
        hang_after: Some(Duration::from_secs(101)),
        expected: Expected::done(Text::Paced("t", 62)),
        ..DECODE
    },
    Row {
        fault: "hangs-after-some-tokens",
        // Asked for its health, the server still says that all is well.
        script: "ready;pace 3 100 t;hang",
        expected: Expected {
            told: &[
                "stalled while generating",
                "window is 1.0 s",
                "set by the profile",
            ],
            ..hangs("hung", Text::Paced("t", 3))
        },
        ..DECODE
    },
    Row {
        fault: "hangs-after-25-tokens-a-second",
        // Its own speed sets the window, and that is the shortest there is.
        script: "ready;pace 50 40 t;hang",
        args: &["--set", "watch.decode=auto"],
        expected: Expected {
            not_before: Some(Duration::from_secs(10)),
            told: &["window is 10.0 s"],
            ..Expected::stalled("hung", Duration::from_secs(11), Text::Paced("t", 50))
        },
        ..DECODE
    },
    Row {
        fault: "sigstop",
        script: "ready;write one;stop",
        expected: Expected {
            told: &["somebody has stopped it (SIGSTOP)"],
            ..hangs("stopped", Text::Is("one"))
        },
        ..DECODE
    },
    Row {
        fault: "spins",
        script: "ready;write one;spin",
        expected: spins(Text::Is("one")),
        ..DECODE
    },
    Row {
        fault: "pings-without-tokens",
        script: "ready;write one;ping 100",
        only: Some((Backend::Server, "standard output has no comments")),
        expected: hangs("hung", Text::Is("one")),
        ..DECODE
    },
    Row {
        fault: "same-log-line-for-ever",
        script: "ready;write one;chatter 10000 the same again",
        expected: Expected {
            // A supervisor that cannot keep up, as one without optimisation on a busy machine, lets it wait
            // in a write: then it burns no CPU.
            cause: Some("spin|hung|backpressure"),
            not_before: Some(WINDOW),
            ..spins(Text::Is("one"))
        },
        ..DECODE
    },
    Row {
        fault: "same-token-for-ever",
        script: "ready;write begin;endless 1 ab",
        args: &["--set", "watch.loops=true", "-c", "1024", "-n", "1000"],
        expected: Expected {
            verdict: Some("looping"),
            code: 123,
            told: &["repeats itself without end"],
            ..Expected::done(Text::Begins("beginabab"))
        },
        ..DECODE
    },
    Row {
        fault: "segv-mid-word",
        script: "ready;write half a wo;log last words;crash",
        expected: Expected {
            told: &["error:", "crashed while generating", "SIGSEGV"],
            ..Expected::crashed(Text::Is("half a wo"))
        },
        ..DECODE
    },
    Row {
        fault: "abort-mid-word",
        script: "ready;write half a wo;log last words;abort",
        expected: Expected {
            told: &["error:", "crashed while generating", "SIGABRT"],
            ..Expected::crashed(Text::Is("half a wo"))
        },
        ..DECODE
    },
    Row {
        fault: "exits-0-without-output",
        // A server is not asked before it is ready.
        script: "ready;asked /completion;exit 0",
        expected: Expected {
            told: &["error:", "exit code 0"],
            ..Expected::crashed(Text::Is(""))
        },
        ..DECODE
    },
];
