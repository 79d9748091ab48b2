//! Whether the best of the search is really better, on fresh data.

use fastrand::Rng;

use super::Setting;
use crate::stats::{Comparison, Finding, Pair, compare, smallest_effect};

/// Pairs, fixed beforehand. Ten find a difference of 5 % with a power of 96 % on a shared host, and raise
/// a false alarm in less than 2 % (simulated by the tests of [`crate::stats`]).
pub const PAIRS: usize = 10;

/// What a confirmation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmation {
    /// What was judged.
    pub candidate: Setting,
    /// What stood until then.
    pub standing: Setting,
    /// The default against itself: the noise of this host.
    pub noise: Comparison,
    /// Against the default; `None` of the default itself.
    pub against_default: Option<Comparison>,
    /// Against what stood until then; `None` where that is the default.
    pub against_standing: Option<Comparison>,
}

impl Confirmation {
    /// Whether it is better than all that it was held against, by more than the smallest effect.
    #[must_use]
    pub fn is_better(&self) -> bool {
        let mut against = [self.against_default, self.against_standing]
            .into_iter()
            .flatten()
            .peekable();
        against.peek().is_some() && against.all(|found| found.finding == Finding::Better)
    }
}

impl Confirmation {
    /// Whether it may well be better, and the machine was too restless to tell.
    pub(super) fn is_open(&self) -> bool {
        let found = [self.against_default, self.against_standing];
        let found = found.into_iter().flatten().map(|found| found.finding);
        let may_be = |finding| matches!(finding, Finding::Better | Finding::Inconclusive);
        !self.is_better() && found.clone().all(may_be)
    }
}

/// What a run in a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Default,
    DefaultAgain,
    Standing,
    Candidate,
}

/// A confirmation on its way.
#[derive(Debug, Clone)]
pub(super) struct Confirming {
    candidate: Setting,
    standing: Setting,
    default: Setting,
    /// What is run in each round, in the order of this one.
    parts: Vec<Part>,
    /// What this round has measured so far.
    costs: Vec<(Part, f64)>,
    rounds: Vec<Vec<(Part, f64)>>,
}

impl Confirming {
    pub(super) fn new(
        candidate: Setting,
        standing: Setting,
        default: Setting,
        random: &mut Rng,
    ) -> Self {
        let mut parts = vec![Part::Default, Part::DefaultAgain];
        // The default itself takes the place of the one or of the other.
        parts.extend((standing != default).then_some(Part::Standing));
        parts.extend((candidate != default).then_some(Part::Candidate));
        random.shuffle(&mut parts);
        Self {
            candidate,
            standing,
            default,
            parts,
            costs: Vec::new(),
            rounds: Vec::new(),
        }
    }

    /// How many runs a confirmation of something new takes at most.
    pub(super) fn runs(standing_is_default: bool) -> u32 {
        let pairs = u32::try_from(PAIRS).unwrap_or(u32::MAX);
        pairs * if standing_is_default { 3 } else { 4 }
    }

    /// Runs that are left.
    pub(super) fn left(&self) -> usize {
        (PAIRS - self.rounds.len()) * self.parts.len() - self.costs.len()
    }

    /// What to measure next, and in which round; `None` at the end.
    pub(super) fn next(&self) -> Option<(&Setting, usize)> {
        if self.rounds.len() >= PAIRS {
            return None;
        }
        let setting = match self.parts.get(self.costs.len())? {
            Part::Default | Part::DefaultAgain => &self.default,
            Part::Standing => &self.standing,
            Part::Candidate => &self.candidate,
        };
        Some((setting, self.rounds.len()))
    }

    /// The setting that was named by [`Self::next`] cost this.
    pub(super) fn measured(&mut self, cost: f64, random: &mut Rng) {
        if let Some(part) = self.parts.get(self.costs.len()) {
            self.costs.push((*part, cost));
        }
        if self.costs.len() == self.parts.len() {
            self.rounds.push(std::mem::take(&mut self.costs));
            random.shuffle(&mut self.parts);
        }
    }

    /// The default against itself, round by round.
    pub(super) fn alike(&self) -> Vec<Pair> {
        self.pairs(Part::Default, Part::DefaultAgain)
            .unwrap_or_default()
    }

    fn pairs(&self, base: Part, candidate: Part) -> Option<Vec<Pair>> {
        let cost = |round: &[(Part, f64)], wanted: Part| {
            let found = round.iter().find(|(part, _)| *part == wanted);
            found.map(|(_, cost)| *cost)
        };
        let pair = |round: &Vec<(Part, f64)>| {
            Some(Pair {
                base: cost(round, base)?,
                candidate: cost(round, candidate)?,
            })
        };
        self.rounds.iter().map(pair).collect()
    }

    /// What all of it found, where `alike` are pairs of the default with itself; `None` before its end, or
    /// where a cost is not a positive number.
    pub(super) fn finding(&self, alike: &[Pair], seed: u64) -> Option<Confirmation> {
        if self.rounds.len() < PAIRS {
            return None;
        }
        let against = |base: Part, candidate: Part, least: f64| {
            compare(&self.pairs(base, candidate)?, least, seed)
        };
        let noise = compare(alike, 0.0, seed)?;
        let least = smallest_effect(Some(&noise));
        let candidate = match self.candidate == self.default {
            true => Part::Default,
            false => Part::Candidate,
        };
        Some(Confirmation {
            candidate: self.candidate.clone(),
            standing: self.standing.clone(),
            noise,
            against_default: against(Part::Default, Part::Candidate, least),
            against_standing: against(Part::Standing, candidate, least),
        })
    }
}
