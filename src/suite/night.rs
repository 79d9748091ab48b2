//! Which trial comes next.

use std::time::Duration;

use fastrand::Rng;

/// Failures of one arm of a case after which it is left out: once may be chance, and what hangs for ten
/// minutes each time would be the whole night.
const GIVEN_UP_AFTER: usize = 2;

/// Which of the two is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arm {
    /// What is compared with: the anchor, or the suite's second arm.
    Base,
    /// What is judged.
    Candidate,
}

/// What a trial is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Bringing pages into memory; its figures count for nothing.
    WarmUp,
    /// One half of the comparison of the base with itself.
    Itself {
        /// Whether it stands in the candidate's place.
        second: bool,
    },
    /// One half of a pair.
    Pair,
}

/// One trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// Its number, from 0, in the order of the night.
    pub number: usize,
    /// The case, by its index.
    pub case: usize,
    /// Which arm.
    pub arm: Arm,
    /// What for.
    pub role: Role,
    /// In which round; the rounds of the warm-up have numbers of their own.
    pub round: u32,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How long it took in all.
    pub took: Duration,
    /// Whether it gave no figure.
    pub failed: bool,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make this trial, and tell what came of it.
    Measure(Trial),
    /// There is no more to do.
    Finished(Stop),
}

/// Why there is no more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// All is done.
    Done,
    /// The next trial would end after the time limit.
    TimeLimit,
}

/// A night: its trials in their order, and what came of them.
#[derive(Debug, Clone)]
pub struct Night {
    trials: Vec<Trial>,
    told: Vec<Option<Told>>,
    limit: Duration,
}

impl Night {
    /// The night of so many cases. `limit` counts from the same moment as the `now` of [`Night::next`].
    #[must_use]
    pub fn new(cases: usize, pairs: u32, warm_up: u32, limit: Duration, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut trials = Vec::new();
        for round in 0..warm_up {
            for case in 0..cases {
                let arms = [Arm::Base, Arm::Candidate].map(|arm| (case, arm, Role::WarmUp));
                trials.extend(arms.map(|(case, arm, role)| (case, arm, role, round)));
            }
        }
        for round in 0..pairs {
            trials.extend(one_round(cases, round, &mut random));
        }
        let trials = trials.into_iter().enumerate();
        let trials: Vec<Trial> = trials
            .map(|(number, (case, arm, role, round))| Trial {
                number,
                case,
                arm,
                role,
                round,
            })
            .collect();
        Self {
            told: vec![None; trials.len()],
            trials,
            limit,
        }
    }

    /// All trials in their order.
    #[must_use]
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// What is next, so long after the start. The same until something is told.
    #[must_use]
    pub fn next(&self, now: Duration) -> Step {
        let Some(next) = self.open().next() else {
            return Step::Finished(Stop::Done);
        };
        let ends = now.saturating_add(self.foreseen(next).unwrap_or_default());
        if ends >= self.limit {
            return Step::Finished(Stop::TimeLimit);
        }
        Step::Measure(*next)
    }

    /// Tells what came of a trial, in this start or in an earlier one.
    pub fn tell(&mut self, number: usize, told: Told) {
        if let Some(place) = self.told.get_mut(number) {
            *place = Some(told);
        }
    }

    /// Trials that were made.
    #[must_use]
    pub fn done(&self) -> usize {
        self.told.iter().flatten().count()
    }

    /// Trials that are still to be made.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.open().count()
    }

    /// How long the rest takes at most, at this time after the start; `None` before anything is known.
    #[must_use]
    pub fn left(&self, now: Duration) -> Option<Duration> {
        let rest = self.open().map(|trial| self.foreseen(trial));
        let rest: Duration = rest.sum::<Option<Duration>>()?;
        Some(rest.min(self.limit.saturating_sub(now)))
    }

    /// Whether an arm of a case has failed so often that it is left out.
    #[must_use]
    pub fn given_up(&self, case: usize, arm: Arm) -> bool {
        let failed = self
            .results()
            .filter(|(trial, told)| told.failed && (trial.case, trial.arm) == (case, arm));
        failed.count() >= GIVEN_UP_AFTER
    }

    fn results(&self) -> impl Iterator<Item = (&Trial, &Told)> {
        let told = self.told.iter().map(Option::as_ref);
        self.trials
            .iter()
            .zip(told)
            .filter_map(|(trial, told)| Some((trial, told?)))
    }

    /// What is not done yet and worth doing: half a pair is worth nothing.
    fn open(&self) -> impl Iterator<Item = &Trial> {
        self.trials.iter().filter(|trial| {
            let needed = match trial.role {
                Role::Itself { .. } => vec![Arm::Base],
                Role::Pair => vec![Arm::Base, Arm::Candidate],
                Role::WarmUp => vec![trial.arm],
            };
            let mut needed = needed.into_iter();
            self.told[trial.number].is_none() && !needed.any(|arm| self.given_up(trial.case, arm))
        })
    }

    /// How long a trial takes, by those like it, of its case, or of all.
    fn foreseen(&self, trial: &Trial) -> Option<Duration> {
        let mean = |like: &dyn Fn(&Trial) -> bool| {
            let times = self.results().filter(|(other, _)| like(other));
            let times: Vec<Duration> = times.map(|(_, told)| told.took).collect();
            let count = u32::try_from(times.len()).ok()?;
            times.iter().sum::<Duration>().checked_div(count)
        };
        mean(&|other| (other.case, other.arm) == (trial.case, trial.arm))
            .or_else(|| mean(&|other| other.case == trial.case))
            .or_else(|| mean(&|_| true))
    }
}

/// One round: each case once in both arms, one case in the base twice, all in random order.
fn one_round(cases: usize, round: u32, random: &mut Rng) -> Vec<(usize, Arm, Role, u32)> {
    let pairs = (0..cases).map(|case| {
        [
            (case, Arm::Base, Role::Pair),
            (case, Arm::Candidate, Role::Pair),
        ]
    });
    let mut pairs: Vec<_> = pairs.collect();
    if let Some(case) = (round as usize).checked_rem(cases) {
        let itself = |second| (case, Arm::Base, Role::Itself { second });
        pairs.push([itself(false), itself(true)]);
    }
    random.shuffle(&mut pairs);
    for pair in &mut pairs {
        random.shuffle(pair);
    }
    let trials = pairs.into_iter().flatten();
    trials
        .map(|(case, arm, role)| (case, arm, role, round))
        .collect()
}
