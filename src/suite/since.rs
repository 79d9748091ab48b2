//! Since when a case is slower than its anchor.

use crate::stats::{LEAST_SEGMENT, change_points};

/// A night's ratio to the anchor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Past {
    /// When the night began, in milliseconds since 1970-01-01 UTC.
    pub started_unix_ms: u64,
    /// Candidate over anchor; above 1 it was slower.
    pub ratio: f64,
    /// Whether it was found to be worse.
    pub is_worse: bool,
}

/// When it became slower, by the nights up to now, oldest first: the last change to the worse, by its change
/// points. A change is dated there when it is some nights old; until then, and where it came too slowly to
/// have a date, it is the first of the nights without a break that were found worse. `None` where the last
/// night was not.
#[must_use]
pub fn since(nights: &[Past], seed: u64) -> Option<u64> {
    nights.last().filter(|night| night.is_worse)?;
    let worse = nights.iter().rev().take_while(|night| night.is_worse);
    let first_worse = nights.len() - worse.count();
    let series: Vec<f64> = nights.iter().map(|night| night.ratio.ln()).collect();
    let changes = change_points(&series, seed);
    // A jump that was taken back is no reason for today's.
    let last = changes.last().filter(|change| change.after > change.before);
    // No change is dated later than this, so that one found here may have come later.
    let last = last.filter(|change| change.at + LEAST_SEGMENT < nights.len());
    let at = last.map_or(first_worse, |change| change.at);
    nights.get(at).map(|night| night.started_unix_ms)
}
