//! Around it: the terminal, the disk, the files, the reader.

use std::time::Duration;

use super::{HANG, hangs};
use crate::case::{Backend, Phase};
use crate::expected::{Expected, Text};
use crate::observed::NOT_STARTED;
use crate::row::{Act, Before, Row, USUAL};

const AROUND: Row = Row {
    phase: Phase::Around,
    ..USUAL
};

/// A pause that is longer than any window, and than the two seconds from which on it is one.
const PAUSE: Duration = Duration::from_secs(4);
pub(super) const ROWS: &[Row] = &[
    Row {
        fault: "ctrl-z-and-fg",
        script: "ready;pace 35 200 t;times 35;eos;close",
        act: Act::Suspend {
            after: "t2 ",
            pause: PAUSE,
        },
        hang_after: Some(HANG),
        expected: Expected::done(Text::Paced("t", 35)),
        ..AROUND
    },
    Row {
        fault: "ctrl-z-for-a-minute-and-fg",
        script: "ready;pace 400 200 t;times 400;eos;close",
        args: &["-c", "1024", "-n", "1000"],
        act: Act::Suspend {
            after: "t2 ",
            pause: Duration::from_secs(60),
        },
        slow: Some("a minute in the background"),
        hang_after: Some(HANG),
        expected: Expected::done(Text::Paced("t", 400)),
        ..AROUND
    },
    Row {
        fault: "late-tick",
        script: "ready;pace 35 200 t;times 35;eos;close",
        act: Act::Delay {
            after: "t2 ",
            pause: PAUSE,
        },
        hang_after: Some(HANG),
        expected: Expected::done(Text::Paced("t", 35)),
        ..AROUND
    },
    Row {
        fault: "database-corrupt",
        before: Before::DatabaseCorrupt,
        script: "ready;write a;times 2;eos;close",
        expected: Expected {
            told: &["note: the history", "was damaged"],
            may_leave: &["state/history.db.corrupt-1"],
            ..Expected::done(Text::Is("a"))
        },
        ..AROUND
    },
    Row {
        fault: "database-from-a-newer-version",
        before: Before::DatabaseNewer,
        script: "ready;write a;times 2;eos;close",
        expected: Expected {
            told: &["warning:", "not in the history", "newer version"],
            ..Expected::done(Text::Is("a"))
        },
        ..AROUND
    },
    Row {
        fault: "disk-full",
        before: Before::DiskFull,
        script: "ready;write a;times 2;eos;close",
        expected: Expected {
            told: &["warning:", "not in the history", "disk is full"],
            may_leave: &["state/in-the-way"],
            ..Expected::done(Text::Is("a"))
        },
        ..AROUND
    },
    Row {
        fault: "disk-full-for-an-incident",
        before: Before::DiskFull,
        script: "ready;write a;hang",
        expected: Expected {
            told: &["warning:", "incident"],
            may_leave: &["state/in-the-way"],
            ..hangs("hung", Text::Is("a"))
        },
        ..AROUND
    },
    Row {
        fault: "socket-of-a-dead-run",
        before: Before::DeadRun,
        script: "ready;write a;times 2;eos;close",
        only: Some((Backend::Server, "llama-completion has no socket")),
        expected: Expected::done(Text::Is("a")),
        ..AROUND
    },
    Row {
        fault: "socket-place-taken",
        before: Before::SocketPlaceTaken,
        script: "ready;write a;times 2;eos;close",
        only: Some((Backend::Server, "llama-completion has no socket")),
        expected: Expected {
            verdict: Some(NOT_STARTED),
            code: 3,
            told: &["error:", "no directory", "ORCHESTRATE_RUNTIME_DIR"],
            ..Expected::done(Text::Is(""))
        },
        ..AROUND
    },
    Row {
        fault: "client-gone",
        script: r"ready;write first\n;endless 1 again\n",
        act: Act::CloseOutput { after: "first" },
        expected: Expected {
            // It is told on the output that nobody reads.
            verdict: None,
            ..Expected::done(Text::Any)
        },
        ..AROUND
    },
];
