//! The 99th percentile of very many gaps, in constant memory.

use std::time::Duration;

/// Buckets per doubling: a value is known to one part in eight.
const PER_OCTAVE: usize = 8;
/// log₂ of that.
const OCTAVE_BITS: u32 = 3;
/// Values are told apart up to 2⁴⁰ µs, twelve days.
const LARGEST_BITS: u32 = 40;
/// Below 2³ µs one bucket per microsecond, then eight per doubling.
const BUCKETS: usize = (LARGEST_BITS as usize - OCTAVE_BITS as usize + 1) * PER_OCTAVE;

/// Gaps between tokens, counted in buckets whose width grows with the value, as in an HDR histogram.
#[derive(Debug, Clone)]
pub(super) struct Gaps {
    buckets: Box<[u32]>,
    count: u64,
    longest: Duration,
    /// Kept, as it is asked for far more often than a gap comes.
    p99: Option<Duration>,
}

impl Default for Gaps {
    fn default() -> Self {
        Self {
            buckets: vec![0; BUCKETS].into(),
            count: 0,
            longest: Duration::ZERO,
            p99: None,
        }
    }
}

impl Gaps {
    pub(super) fn push(&mut self, gap: Duration) {
        let bucket = &mut self.buckets[bucket_of(gap)];
        *bucket = bucket.saturating_add(1);
        self.count += 1;
        self.longest = self.longest.max(gap);
        self.p99 = self.find_p99();
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The smallest value with at least 99 of 100 gaps at or below it (nearest rank), at most one
    /// eighth and a microsecond too long; `None` without a gap.
    pub(super) fn p99(&self) -> Option<Duration> {
        self.p99
    }

    fn find_p99(&self) -> Option<Duration> {
        // Rank from the end: how many gaps may be longer.
        let mut longer = self.count.checked_sub(1)? / 100;
        for (index, &held) in self.buckets.iter().enumerate().rev() {
            if u64::from(held) > longer {
                return Some(upper_edge(index).min(self.longest));
            }
            longer -= u64::from(held);
        }
        Some(self.longest)
    }
}

fn bucket_of(gap: Duration) -> usize {
    let micros = u64::try_from(gap.as_micros())
        .unwrap_or(u64::MAX)
        .min((1 << LARGEST_BITS) - 1);
    if micros < PER_OCTAVE as u64 {
        return usize::try_from(micros).unwrap_or(0);
    }
    let shift = micros.ilog2() - OCTAVE_BITS;
    // Between 8 and 15: the leading bits.
    let leading = usize::try_from(micros >> shift).unwrap_or(PER_OCTAVE);
    shift as usize * PER_OCTAVE + leading
}

/// The first value above a bucket.
fn upper_edge(index: usize) -> Duration {
    let index = index as u64;
    let per_octave = PER_OCTAVE as u64;
    if index < 2 * per_octave {
        return Duration::from_micros(index + 1);
    }
    let shift = index / per_octave - 1;
    let leading = index % per_octave + per_octave;
    Duration::from_micros((leading + 1) << shift)
}
