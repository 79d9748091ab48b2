//! The table, phase by phase.

mod around;
mod decode;
mod ending;
mod load;
mod output;
mod prefill;

use std::time::Duration;

use crate::expected::{CONFIRMATION, Expected, Text};
use crate::fake::WINDOW;
use crate::row::Row;

/// A hang is told after its window and the sample that confirms it.
const HANG: Duration = WINDOW.saturating_add(CONFIRMATION);
/// A spin is given four windows, and told with the last sample within them.
const SPIN: Duration = WINDOW.saturating_mul(4).saturating_add(CONFIRMATION);
const SPIN_LEAST: Duration = WINDOW.saturating_mul(3);

/// Nothing advances, and the processes do nothing, but for the reason of this `cause`.
const fn hangs(cause: &'static str, text: Text) -> Expected {
    Expected {
        not_before: Some(WINDOW),
        ..Expected::stalled(cause, HANG, text)
    }
}

/// Nothing advances, and CPU time is burnt.
const fn spins(text: Text) -> Expected {
    Expected {
        not_before: Some(SPIN_LEAST),
        ..Expected::stalled("spin", SPIN, text)
    }
}

/// All of it.
pub(crate) fn rows() -> Vec<Row> {
    [
        load::ROWS,
        prefill::ROWS,
        decode::ROWS,
        ending::ROWS,
        output::ROWS,
        around::ROWS,
    ]
    .concat()
}
