//! Where a series changed: E-divisive (Matteson & James 2014, "A nonparametric approach for multiple
//! change point analysis of multivariate data"), on one number per night.
//!
//! The energy distance between what comes before a point and what comes after it is zero only if both
//! have the same distribution, whatever that is. The point with the largest distance is a change if few
//! shuffles of the same numbers reach as much; then both sides are searched likewise.

use fastrand::Rng;

use super::quantile::median;

/// Numbers that lie at least between two changes, and before the first and after the last: an energy
/// distance of fewer is mostly chance. So a jump is dated when it is five nights old.
pub const LEAST_SEGMENT: usize = 5;
/// Shuffles against which a change is held. With 199 a p-value of 1 % is told from one of 2 %.
const SHUFFLES: u32 = 199;
/// The most p-value of a change. Stricter than 5 %, as a series is looked at every night anew.
const SIGNIFICANCE: f64 = 0.01;

/// A place at which a series changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangePoint {
    /// The index of the first number of the new kind.
    pub at: usize,
    /// The median between the change before and this one.
    pub before: f64,
    /// The median from here to the next change.
    pub after: f64,
    /// How often shuffled numbers show as much.
    pub p_value: f64,
}

/// Where the distribution of these numbers, which are in the order of time, changed; in that order. The
/// same for the same numbers and seed. Takes time in the square of their number, 0.1 s for 300.
/// Numbers that are none are treated as missing.
#[must_use]
pub fn change_points(series: &[f64], seed: u64) -> Vec<ChangePoint> {
    let kept: Vec<(usize, f64)> = series.iter().copied().enumerate().collect();
    let kept: Vec<_> = kept.into_iter().filter(|(_, v)| v.is_finite()).collect();
    let values: Vec<f64> = kept.iter().map(|(_, value)| *value).collect();
    let mut random = Rng::with_seed(seed);
    let mut found = Vec::new();
    let mut open = vec![(0, values.len())];
    while let Some((start, end)) = open.pop() {
        if let Some((at, p_value)) = change(&values[start..end], &mut random) {
            found.push((start + at, p_value));
            open.push((start, start + at));
            open.push((start + at, end));
        }
    }
    found.sort_by_key(|(at, _)| *at);
    let ends: Vec<usize> = found.iter().map(|(at, _)| *at).collect();
    let median_of = |from: usize, to: usize| median(&values[from..to]).unwrap_or(f64::NAN);
    found
        .iter()
        .enumerate()
        .map(|(i, &(at, p_value))| {
            let previous = i.checked_sub(1).map_or(0, |i| ends[i]);
            let next = ends.get(i + 1).copied().unwrap_or(values.len());
            ChangePoint {
                at: kept[at].0,
                before: median_of(previous, at),
                after: median_of(at, next),
                p_value,
            }
        })
        .collect()
}

/// The most likely change in these numbers, if there is one.
fn change(values: &[f64], random: &mut Rng) -> Option<(usize, f64)> {
    let (at, distance) = widest(values)?;
    let mut shuffled = values.to_vec();
    let mut as_wide = 1;
    for _ in 0..SHUFFLES {
        random.shuffle(&mut shuffled);
        as_wide += u32::from(widest(&shuffled).is_some_and(|(_, found)| found >= distance));
        // Most series have no change, and show it soon.
        if f64::from(as_wide) / f64::from(SHUFFLES + 1) > SIGNIFICANCE {
            return None;
        }
    }
    Some((at, f64::from(as_wide) / f64::from(SHUFFLES + 1)))
}

/// The point with the largest energy distance between the sides, and that distance, weighted by their
/// lengths: `(2·mean|x-y| - mean|x-x'| - mean|y-y'|) · nm/(n+m)`.
fn widest(values: &[f64]) -> Option<(usize, f64)> {
    let n = values.len();
    if n < 2 * LEAST_SEGMENT {
        return None;
    }
    // Sums of the distances of all pairs, within the left side, within the right one, and across.
    let to = |value: f64, others: &[f64]| others.iter().map(|o| (o - value).abs()).sum::<f64>();
    let mut left = 0.0;
    let mut right: f64 = (0..n).map(|i| to(values[i], &values[i + 1..])).sum();
    let mut across = 0.0;
    let mut best = None;
    for at in 1..=n - LEAST_SEGMENT {
        // The number before `at` changes sides.
        let moved = values[at - 1];
        let (to_left, to_right) = (to(moved, &values[..at - 1]), to(moved, &values[at..]));
        left += to_left;
        right -= to_right;
        across += to_right - to_left;
        if at >= LEAST_SEGMENT {
            let (l, r) = (count(at), count(n - at));
            let within = |sum: f64, n: f64| 2.0 * sum / (n * (n - 1.0));
            let energy = 2.0 * across / (l * r) - within(left, l) - within(right, r);
            let distance = energy * l * r / (l + r);
            if best.is_none_or(|(_, widest)| distance > widest) {
                best = Some((at, distance));
            }
        }
    }
    best
}

#[expect(clippy::cast_precision_loss, reason = "a length, far below 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}
