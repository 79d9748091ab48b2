//! The loop guard: output that repeats without end.

use std::hash::{DefaultHasher, Hasher};

/// The longest repeated passage that is looked for, in tokens: a sentence. Longer ones are found in
/// honest texts, such as the rows of a table.
pub const LONGEST_PERIOD: usize = 64;
/// How many tokens have to repeat. A table of zeros, or a line of dashes, is shorter.
pub const TOKENS_TO_LOOP: u32 = 512;

/// Counts, for each period, how many of the last tokens equal the one a period before.
#[derive(Debug, Clone)]
pub(super) struct Repeats {
    /// The last tokens, by their hash; `next` is where the next one goes.
    recent: [u64; LONGEST_PERIOD],
    next: usize,
    /// At index `period - 1`: how many tokens in a row equalled the one a period before.
    equal: [u32; LONGEST_PERIOD],
    seen: usize,
}

impl Default for Repeats {
    fn default() -> Self {
        Self {
            recent: [0; LONGEST_PERIOD],
            next: 0,
            equal: [0; LONGEST_PERIOD],
            seen: 0,
        }
    }
}

impl Repeats {
    /// Takes a piece of so many tokens. Returns the shortest period in which the last
    /// [`TOKENS_TO_LOOP`] tokens repeat, if they do.
    ///
    /// Where several tokens came as one piece they cannot be told apart: the piece stands for tokens
    /// that differ from each other, and are the same whenever the piece comes again.
    pub(super) fn push(&mut self, tokens: u32, piece: &[u8]) -> Option<usize> {
        let mut hasher = DefaultHasher::new();
        hasher.write(piece);
        let hash = hasher.finish();
        // One more than the longest period is enough to break every repetition.
        let most = LONGEST_PERIOD as u64 + 1;
        let mut found = None;
        for position in 0..u64::from(tokens).min(most) {
            found = self.push_hash(hash.wrapping_add(position));
        }
        found
    }

    fn push_hash(&mut self, hash: u64) -> Option<usize> {
        let mut found = None;
        for period in 1..=LONGEST_PERIOD {
            let before = self.recent[(self.next + LONGEST_PERIOD - period) % LONGEST_PERIOD];
            let equal = &mut self.equal[period - 1];
            if self.seen >= period && before == hash {
                *equal = equal.saturating_add(1);
            } else {
                *equal = 0;
            }
            // The first period of the passage equals nothing before it, and belongs to it.
            let repeating = u64::from(*equal) + period as u64;
            if found.is_none() && *equal > 0 && repeating >= u64::from(TOKENS_TO_LOOP) {
                found = Some(period);
            }
        }
        self.recent[self.next] = hash;
        self.next = (self.next + 1) % LONGEST_PERIOD;
        self.seen = self.seen.saturating_add(1);
        found
    }
}
