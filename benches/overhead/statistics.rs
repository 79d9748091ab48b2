//! The median, its interval, and a random order.

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
pub(crate) fn interval(values: &[f64], random: &mut SplitMix) -> (f64, f64) {
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let resample = values.iter().map(|_| values[random.below(values.len())]);
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

/// SplitMix64 (Steele, Lea & Flood 2014): small, and good enough to shuffle and to resample.
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`. The bias of the remainder is below bound / 2⁶⁴.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// The numbers 0 to `N` − 1 in random order.
pub(crate) fn shuffled<const N: usize>(random: &mut SplitMix) -> [usize; N] {
    let mut order = std::array::from_fn(|index| index);
    for last in (1..N).rev() {
        order.swap(last, random.below(last + 1));
    }
    order
}
