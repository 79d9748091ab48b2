//! Gaps between tokens, counted: of each trial a few dozen bytes instead of a number per token.

/// Gaps by their length. A bucket is 5 % wide, so that a histogram drawn from it is as exact as anybody can see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GapCounts {
    /// Bucket and count, in the order of the buckets; none is 0.
    counts: Vec<(u16, u32)>,
}

/// The ratio of a bucket's two ends.
const WIDTH: f64 = 1.05;
/// Where the first bucket begins, in milliseconds; what is shorter is in it too.
const FIRST_MS: f64 = 0.01;

impl GapCounts {
    /// Counts gaps, in milliseconds. What is no positive number is left out.
    #[must_use]
    pub fn of(gaps_ms: &[f64]) -> Self {
        let mut counts = std::collections::BTreeMap::new();
        let usable = gaps_ms.iter().filter(|gap| gap.is_finite() && **gap > 0.0);
        for gap in usable {
            *counts.entry(bucket(*gap)).or_insert(0_u32) += 1;
        }
        Self {
            counts: counts.into_iter().collect(),
        }
    }

    /// Adds those of another trial.
    pub fn add(&mut self, other: &Self) {
        let mut all: std::collections::BTreeMap<u16, u32> = self.counts.iter().copied().collect();
        for (bucket, count) in &other.counts {
            let sum = all.entry(*bucket).or_insert(0);
            *sum = sum.saturating_add(*count);
        }
        self.counts = all.into_iter().collect();
    }

    /// Where each bucket begins and ends, in milliseconds, and how many gaps are in it; the shortest first.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, f64, u32)> {
        let buckets = self.counts.iter();
        buckets.map(|&(bucket, count)| (start_ms(bucket), start_ms(bucket + 1), count))
    }

    /// How many gaps there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// The gap that this share of all (above 0, at most 1) do not exceed, in milliseconds: the middle of its
    /// bucket, which is at most 2.5 % off. `None` where there are no gaps.
    #[must_use]
    pub fn percentile_ms(&self, share: f64) -> Option<f64> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank among tokens that were counted"
        )]
        let rank = (share.clamp(0.0, 1.0) * self.total() as f64).ceil() as u64;
        let mut below = 0;
        let found = self.counts.iter().find(|(_, count)| {
            below += u64::from(*count);
            below >= rank
        });
        found.map(|&(bucket, _)| (start_ms(bucket) * start_ms(bucket + 1)).sqrt())
    }

    /// As bytes: six for each bucket, little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let each = self.counts.iter().map(|(bucket, count)| {
            let [a, b] = bucket.to_le_bytes();
            let [c, d, e, f] = count.to_le_bytes();
            [a, b, c, d, e, f]
        });
        each.flatten().collect()
    }

    /// What [`GapCounts::to_bytes`] has written; what is no such thing is nothing.
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let mut read = Self::default();
        for each in bytes.chunks_exact(6) {
            let bucket = u16::from_le_bytes([each[0], each[1]]);
            let count = u32::from_le_bytes([each[2], each[3], each[4], each[5]]);
            let one = Self {
                counts: vec![(bucket.min(LAST), count)],
            };
            if count > 0 {
                read.add(&one);
            }
        }
        read
    }
}

/// The last bucket: it begins after 16 hours.
const LAST: u16 = 460;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the buckets that there are"
)]
fn bucket(gap_ms: f64) -> u16 {
    let index = (gap_ms / FIRST_MS).ln() / WIDTH.ln();
    index.floor().clamp(0.0, f64::from(LAST)) as u16
}

fn start_ms(bucket: u16) -> f64 {
    FIRST_MS * WIDTH.powi(i32::from(bucket))
}
