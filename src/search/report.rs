//! What a search has to tell, at its end or whenever it is asked.

use super::halving::Candidate;
use super::machine::{Phase, Search};
use super::{Confirmation, Setting};
use crate::stats::{Interval, interval_of_median, median};

/// The interval of so few figures hardly depends on the draws.
const SEED: u64 = 0;

/// What became of an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the best of its dimension.
    Chosen,
    /// It is not, or not by enough.
    Slower,
    /// It gives other answers, for this reason.
    Refused(String),
    /// It failed, hung or took too long, for this reason.
    Failed(String),
    /// There was no time to decide.
    Unfinished,
}

/// An option that was tried.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The dimension, by index.
    pub dimension: usize,
    /// The option, by index.
    pub option: usize,
    /// All of the setting.
    pub setting: Setting,
    /// How often it was measured.
    pub runs: usize,
    /// The median of its costs.
    pub cost: Option<f64>,
    /// The same as a ratio to the default's at that time; below 1 it is better.
    pub ratio: Option<f64>,
    /// The interval of that ratio's median.
    pub interval: Option<Interval>,
    /// What became of it.
    pub verdict: Verdict,
}

/// Options for which there was no time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Their dimension, by index.
    pub dimension: usize,
    /// Which, by index.
    pub options: Vec<usize>,
}

/// What a search has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What is to be used: the best that was confirmed, or what was used before.
    pub standing: Setting,
    /// What confirmed it; `None` where it was used before.
    pub accepted: Option<Confirmation>,
    /// What could not be confirmed since then.
    pub rejected: Option<Confirmation>,
    /// What was being confirmed when the time was over.
    pub cut: Option<Setting>,
    /// Everything that was tried, in that order.
    pub tried: Vec<Tried>,
    /// What was not.
    pub left_out: Vec<LeftOut>,
    /// How often the default was measured to see what the machine is doing.
    pub anchors: usize,
    /// Trials that were discarded, as the machine changed meanwhile.
    pub discarded: usize,
    /// Why not even the default could be measured.
    pub unusable: Option<String>,
    /// The median cost of the default, by the anchors.
    pub default_cost: Option<f64>,
}

impl Search {
    /// What there is to tell by now.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let (mut tried, mut left_out) = (self.tried.clone(), self.left_out.clone());
        if let Phase::Racing { dimension, race }
        | Phase::Guarding {
            dimension, race, ..
        } = &self.phase
        {
            let (known, unknown): (Vec<&Candidate>, Vec<_>) = race
                .candidates
                .iter()
                .partition(|one| !one.costs.is_empty());
            tried.extend(
                known
                    .iter()
                    .map(|one| told(*dimension, one, Verdict::Unfinished)),
            );
            left_out.extend((!unknown.is_empty()).then(|| LeftOut {
                dimension: *dimension,
                options: unknown.iter().map(|one| one.option).collect(),
            }));
        }
        left_out.extend(self.to_come());
        Outcome {
            standing: self.standing.clone(),
            accepted: self.accepted.clone(),
            rejected: self.rejected.clone(),
            cut: self.cut.clone(),
            tried,
            left_out,
            anchors: self.anchor.costs.len(),
            discarded: self.anchor.discarded,
            unusable: self.unusable.clone(),
            default_cost: median(&self.anchor.costs),
        }
    }

    /// The dimensions whose turn has not come.
    fn to_come(&self) -> impl Iterator<Item = LeftOut> {
        let from = match &self.phase {
            Phase::Opening => 0,
            Phase::Racing { dimension, .. } | Phase::Guarding { dimension, .. } => dimension + 1,
            Phase::Confirming { then, .. } => *then,
            // All are told of, unless the default failed or the time was over.
            Phase::Over => self.next_dimension(),
        };
        let dimensions = self.space.dimensions.iter().enumerate().skip(from);
        dimensions
            .filter(|(_, of)| of.options.len() > 1)
            .map(|(dimension, of)| LeftOut {
                dimension,
                options: (0..of.options.len()).collect(),
            })
    }

    /// Where it is over: the dimension after the last one that is told of.
    fn next_dimension(&self) -> usize {
        if self.unusable.is_none() && self.cut.is_none() {
            return self.space.dimensions.len();
        }
        let tried = self.tried.iter().map(|one| one.dimension);
        let left_out = self.left_out.iter().map(|one| one.dimension);
        tried.chain(left_out).max().map_or(0, |last| last + 1)
    }
}

pub(super) fn told(dimension: usize, candidate: &Candidate, verdict: Verdict) -> Tried {
    Tried {
        dimension,
        option: candidate.option,
        setting: candidate.setting.clone(),
        runs: candidate.costs.len(),
        cost: median(&candidate.costs),
        ratio: candidate.score(),
        interval: interval_of_median(&candidate.scores, SEED),
        verdict,
    }
}
