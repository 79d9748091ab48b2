//! While the model is loaded.

use super::{HANG, hangs};
use crate::case::Phase;
use crate::expected::{Expected, Text};
use crate::observed::NOT_STARTED;
use crate::row::{Before, Row, USUAL};

const LOAD: Row = Row {
    phase: Phase::Load,
    ..USUAL
};

/// Told before anything is started.
const REFUSED: Expected = Expected {
    verdict: Some(NOT_STARTED),
    code: 5,
    ..Expected::done(Text::Is(""))
};

pub(super) const ROWS: &[Row] = &[
    Row {
        fault: "never-ready",
        script: "hang",
        expected: Expected {
            told: &["stalled while loading the model", "window is 1.0 s"],
            ..hangs("hung", Text::Is(""))
        },
        ..LOAD
    },
    Row {
        fault: "slow-but-honest",
        script: "load 44 150;ready;write a;times 2;eos;close",
        hang_after: Some(HANG),
        expected: Expected::done(Text::Is("a")),
        ..LOAD
    },
    Row {
        fault: "dies-at-once",
        script: "abort",
        expected: Expected {
            told: &["error:", "while loading the model", "SIGABRT"],
            ..Expected::crashed(Text::Is(""))
        },
        ..LOAD
    },
    Row {
        fault: "dies-at-half",
        script: "load 5 50;crash",
        expected: Expected {
            told: &["error:", "while loading the model", "SIGSEGV"],
            ..Expected::crashed(Text::Is(""))
        },
        ..LOAD
    },
    Row {
        fault: "bad-flag-of-the-profile",
        args: &["--set", "extra_args=[\"--no-warmpu\"]"],
        script: "exit 1",
        expected: Expected {
            code: 3,
            told: &["error:", "extra_args", "did you mean --no-warmup?"],
            ..REFUSED
        },
        ..LOAD
    },
    Row {
        fault: "bad-flag-that-the-build-refuses",
        script: "fault error: invalid argument: --frobnicate;exit 1",
        expected: Expected {
            verdict: Some("crashed"),
            code: 4,
            told: &["error:", "invalid argument: --frobnicate"],
            ..REFUSED
        },
        ..LOAD
    },
    Row {
        fault: "model-missing",
        before: Before::ModelMissing,
        script: "exit 1",
        expected: Expected {
            told: &["error:", "missing.gguf", "no such file"],
            ..REFUSED
        },
        ..LOAD
    },
    Row {
        fault: "model-truncated",
        before: Before::ModelTruncated,
        script: "exit 1",
        expected: Expected {
            told: &["error:", "cut.gguf", "cut off"],
            may_leave: &["cut.gguf"],
            ..REFUSED
        },
        ..LOAD
    },
    Row {
        fault: "model-corrupt",
        before: Before::ModelCorrupt,
        script: "exit 1",
        expected: Expected {
            told: &["error:", "page.gguf", "not a GGUF file"],
            may_leave: &["page.gguf"],
            ..REFUSED
        },
        ..LOAD
    },
    Row {
        fault: "out-of-memory",
        script: "fault ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size \
                 987654321;fault llama_model_load: error loading model: unable to allocate CPU buffer;\
                 exit 1",
        expected: Expected {
            verdict: Some("crashed"),
            code: 5,
            told: &["error:", "allocate"],
            ..REFUSED
        },
        ..LOAD
    },
    Row {
        fault: "out-of-memory-killer",
        script: "load 5 50;kill",
        expected: Expected {
            told: &[
                "error:",
                "while loading the model",
                "SIGKILL",
                "out of memory",
            ],
            ..Expected::crashed(Text::Is(""))
        },
        ..LOAD
    },
];
