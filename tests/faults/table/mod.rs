//! The table, phase by phase.

mod decode;
mod load;

use crate::row::Row;

/// All of it.
pub(crate) fn rows() -> Vec<Row> {
    [load::ROWS, decode::ROWS].concat()
}
