//! While it generates.

use crate::case::Phase;
use crate::expected::{CONFIRMATION, Expected, Text};
use crate::fake::WINDOW;
use crate::row::{Row, USUAL};

const DECODE: Row = Row {
    phase: Phase::Decode,
    ..USUAL
};

pub(super) const ROWS: &[Row] = &[Row {
    fault: "hangs-after-some-tokens",
    script: "ready;pace 3 100 t;hang",
    expected: Expected {
        told: &[
            "stalled while generating",
            "window is 1.0 s",
            "set by the profile",
        ],
        ..Expected::stalled(
            "hung",
            WINDOW.saturating_add(CONFIRMATION),
            Text::Paced("t", 3),
        )
    },
    ..DECODE
}];
