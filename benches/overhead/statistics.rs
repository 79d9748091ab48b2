//! The median, its interval, and percentiles.

use fastrand::Rng;

/// Resamples of the bootstrap: percentiles of fewer are visibly unsteady (Efron & Tibshirani 1993).
const RESAMPLES: usize = 2000;

/// The median: the middle value, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

/// The 95 % percentile bootstrap interval of the median.
pub(crate) fn interval(values: &[f64], random: &mut Rng) -> (f64, f64) {
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let resample = values.iter().map(|_| values[random.usize(..values.len())]);
            median(resample.collect())
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let tail = RESAMPLES / 40;
    (medians[tail], medians[RESAMPLES - 1 - tail])
}

/// The smallest value with at least this share, 0 to 100, at or below it.
pub(crate) fn percentile(mut values: Vec<f64>, share: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * share).div_ceil(100).max(1);
    values.get(rank - 1).copied().unwrap_or(f64::NAN)
}
