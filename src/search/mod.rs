//! Which settings are fastest, found by few trials on a machine that does other things as well.
//!
//! Pure: a [`Search`] says what to do next ([`Step`]), and is told what came of it. It knows neither
//! llama.cpp nor a clock nor a process; a [`Setting`] is a row of numbers, time comes in as a value, and
//! every random draw from a seed.
//!
//! # How it searches
//!
//! **Staged coordinate descent.** One [`Dimension`] after the other is varied, the others as they are
//! best so far: those that matter most come first.
//!
//! **Successive halving** (Jamieson & Talwalkar 2016) within a dimension: all options are measured
//! twice, the better half again, and so on, so that most trials go to what may win (`halving.rs`).
//!
//! **An anchor.** After every fourth trial the default is measured again. All costs are ratios to the
//! anchors around them, so that a machine which grows slower for ten minutes makes nothing look slow. If
//! two anchors differ by more than a tenth, what was measured between them is discarded and done again
//! (`anchor.rs`).
//!
//! **A guard.** A setting that is to be kept must first be found to give the right answers, which the
//! caller looks at ([`Step::Guard`]); one that does not is refused, and the next best takes its place.
//!
//! **Confirmed on fresh data.** The best of many noisy figures is not a winner yet. It is held against
//! the default, and against what stands so far, by ten randomised pairs each ([`crate::stats`]), and
//! stands only if it is better than both by more than the smallest effect that counts on this host. That
//! is done once where the most important dimensions are through, so that an early end keeps something, and
//! once at the end (`confirm.rs`).
//!
//! A trial that fails, hangs or takes too long is a result too: it rejects its setting.

mod anchor;
mod confirm;
mod halving;
mod machine;
mod report;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use confirm::{Confirmation, PAIRS};
pub use machine::Search;
pub use report::{LeftOut, Outcome, Tried, Verdict};

/// One thing that can be varied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// What people call it.
    pub name: String,
    /// What people call its options.
    pub options: Vec<String>,
}

/// One option of each dimension, by its index.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Setting(pub Vec<usize>);

impl Setting {
    /// The same with another option of one dimension.
    #[must_use]
    pub fn with(&self, dimension: usize, option: usize) -> Self {
        let mut changed = self.clone();
        if let Some(place) = changed.0.get_mut(dimension) {
            *place = option;
        }
        changed
    }
}

/// An option of a dimension, both by index.
pub type Place = (usize, usize);

/// What there is to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Space {
    /// What is varied, the most important first.
    pub dimensions: Vec<Dimension>,
    /// Options that exclude each other.
    pub conflicts: Vec<[Place; 2]>,
    /// What everything is measured against.
    pub default: Setting,
    /// What is in use today; stands unless something better is confirmed.
    pub start: Setting,
    /// So many dimensions, from the first, are important enough to have their winner confirmed before
    /// the others are tried.
    pub important: usize,
}

impl Space {
    /// Whether no two of its options exclude each other.
    #[must_use]
    pub fn allows(&self, setting: &Setting) -> bool {
        let holds = |(dimension, option): Place| setting.0.get(dimension) == Some(&option);
        !self
            .conflicts
            .iter()
            .any(|&[one, other]| holds(one) && holds(other))
    }
}

/// How far the search may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Time for all of it. The trial that runs when it is over is not cut short.
    pub budget: Duration,
    /// Where every random draw comes from.
    pub seed: u64,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Measure this setting once, and tell [`Search::measured`] or [`Search::failed`].
    Measure(Trial),
    /// Look whether this setting gives the right answers, and tell [`Search::guarded`].
    Guard(Setting),
    /// There is nothing left to do.
    Finished,
}

/// One measurement of a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What to measure.
    pub setting: Setting,
    /// What for.
    pub role: Role,
    /// After what time it is hopeless; `None` while nobody knows what is usual.
    pub patience: Option<Duration>,
}

/// What a trial is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The default, to see what the machine is doing.
    Anchor,
    /// An option of this dimension.
    Explore {
        /// Its index.
        dimension: usize,
    },
    /// One of the runs of a confirmation.
    Confirm {
        /// Which round, from 0.
        round: usize,
    },
}
