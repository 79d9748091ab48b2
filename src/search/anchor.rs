//! What the machine is doing, by the default that is measured again and again.

use crate::stats::Pair;

/// Trials between two anchors.
const TRIALS: usize = 4;
/// Anchors that differ by more than this factor show a machine that changed between them.
const DRIFT: f64 = 1.10;
/// Discards in a row after which what is measured counts as it is: the machine never calms down, and
/// the search would not get anywhere.
const MOST_DISCARDS: u32 = 3;

/// What an anchor means for the trials before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    /// These trials count, with their costs as ratios to the anchors around them.
    Scores(Vec<(usize, f64)>),
    /// The machine may have changed: the anchor is to be measured once more.
    Unsure,
    /// It has: these trials are to be done again.
    Discarded(Vec<usize>),
}

/// The trials since the last clean anchor, and that anchor.
#[derive(Debug, Clone, Default)]
pub(super) struct Anchor {
    /// Cost of the last one that was taken for clean.
    clean: Option<f64>,
    /// Whether the latest differed from it.
    doubtful: bool,
    /// Candidate and cost of each trial since then.
    pending: Vec<(usize, f64)>,
    discards_in_a_row: u32,
    /// Trials that were discarded, in all.
    pub(super) discarded: usize,
    /// Every cost of it that was measured.
    pub(super) costs: Vec<f64>,
    /// Those that were clean.
    clean_costs: Vec<f64>,
}

impl Anchor {
    /// Whether it is to be measured before the next trial; `last` says that no trial follows for now.
    pub(super) fn is_due(&self, last: bool) -> bool {
        self.clean.is_none()
            || self.doubtful
            || self.pending.len() >= TRIALS
            || (last && !self.pending.is_empty())
    }

    /// A trial was measured.
    pub(super) fn trial(&mut self, candidate: usize, cost: f64) {
        self.pending.push((candidate, cost));
    }

    /// Forgets the trials that are not settled, as nobody asks for them any more.
    pub(super) fn drop_pending(&mut self) {
        self.pending.clear();
        self.doubtful = false;
    }

    /// Clean ones by twos: the default against itself, four trials apart.
    pub(super) fn alike(&self) -> impl Iterator<Item = Pair> {
        self.clean_costs.chunks_exact(2).map(|pair| Pair {
            base: pair[0],
            candidate: pair[1],
        })
    }

    /// It was measured.
    pub(super) fn measured(&mut self, cost: f64) -> Seen {
        self.costs.push(cost);
        let before = self.clean.unwrap_or(cost);
        let drifted = (cost / before).ln().abs() > DRIFT.ln();
        let pending = |anchor: &mut Self| std::mem::take(&mut anchor.pending).into_iter();
        if self.doubtful || (drifted && self.discards_in_a_row >= MOST_DISCARDS) {
            // The second look says which level holds from here on; what was measured between the two
            // may be of either.
            let counts = !self.doubtful;
            (self.doubtful, self.clean) = (false, Some(cost));
            if counts {
                return Seen::Scores(pending(self).map(|(of, c)| (of, c / cost)).collect());
            }
            let again: Vec<usize> = pending(self).map(|(candidate, _)| candidate).collect();
            self.discards_in_a_row += 1;
            self.discarded += again.len();
            return Seen::Discarded(again);
        }
        if drifted {
            self.doubtful = true;
            return Seen::Unsure;
        }
        self.discards_in_a_row = 0;
        self.clean = Some(cost);
        self.clean_costs.push(cost);
        let level = (before * cost).sqrt();
        Seen::Scores(pending(self).map(|(of, c)| (of, c / level)).collect())
    }
}
