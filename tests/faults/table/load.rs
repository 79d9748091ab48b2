//! While the model is loaded.

use crate::case::Phase;
use crate::expected::{CONFIRMATION, Expected, Text};
use crate::fake::WINDOW;
use crate::row::{Row, USUAL};

const LOAD: Row = Row {
    phase: Phase::Load,
    ..USUAL
};

pub(super) const ROWS: &[Row] = &[Row {
    fault: "never-ready",
    script: "hang",
    expected: Expected {
        told: &["stalled while loading the model", "window is 1.0 s"],
        ..Expected::stalled("hung", WINDOW.saturating_add(CONFIRMATION), Text::Is(""))
    },
    ..LOAD
}];
