//! The state machine: what to do next, and what a result means.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;

use super::anchor::{Anchor, Seen};
use super::confirm::{Confirmation, Confirming};
use super::halving::{Candidate, Halving};
use super::report::{LeftOut, Tried, Verdict, told};
use super::{Role, Setting, Space, Step, Terms, Trial};
use crate::stats::Pair;

/// Another option takes the place of the one in use only if it is better by more than this share: nothing
/// is changed for nothing.
const PREFERENCE: f64 = 0.01;
/// A trial is hopeless after so many times what one of the default usually takes, from the command to its
/// end...
const HOPELESS: u32 = 5;
/// ... and after no less than this: starting a process has a time of its own.
const LEAST_PATIENCE: Duration = Duration::from_secs(10);
/// Failures of the default, or of what stands, that are taken for bad luck.
const MOST_FAILURES: u32 = 1;
/// A confirmation that was begun in time may take the search a tenth beyond its budget, as a fraction.
const OVERRUN: (u32, u32) = (11, 10);
/// Trials per option that successive halving comes to, with the anchors: two for each of n options, two
/// for half of them and four for a quarter are 4 n, and every fourth brings an anchor.
const TRIALS_PER_OPTION: usize = 5;

/// What the search is at.
#[derive(Debug)]
pub(super) enum Phase {
    /// The default is measured for the first time.
    Opening,
    /// The options of a dimension are in a race.
    Racing { dimension: usize, race: Halving },
    /// The best of them are looked at for their answers, the best first.
    Guarding {
        dimension: usize,
        race: Halving,
        /// Who is still to be looked at.
        order: Vec<usize>,
    },
    /// The best of all is held against what stands; then comes this dimension.
    Confirming {
        confirming: Confirming,
        then: usize,
        failures: u32,
        /// Whether it is the second time, as the first one could not tell.
        repeated: bool,
    },
    /// Nothing is left to do.
    Over,
}

/// A search on its way. Ask [`Search::next`], do it, tell what came of it, and so on; at any time
/// [`Search::outcome`] says what there is.
#[derive(Debug)]
pub struct Search {
    pub(super) space: Space,
    terms: Terms,
    random: Rng,
    pub(super) anchor: Anchor,
    pub(super) phase: Phase,
    /// The best so far, by what the search has seen.
    best: Setting,
    /// Its cost as a ratio to the default's.
    best_score: f64,
    /// The best that was confirmed; before that, what is in use today.
    pub(super) standing: Setting,
    standing_score: Option<f64>,
    pub(super) accepted: Option<Confirmation>,
    pub(super) rejected: Option<Confirmation>,
    /// What the guard said of each setting that it was asked for.
    guarded: BTreeMap<Setting, Result<(), String>>,
    pub(super) tried: Vec<Tried>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) unusable: Option<String>,
    /// What was said last, and when, until it is answered.
    issued: Option<(Step, Duration)>,
    took: Vec<Duration>,
    anchor_failures: u32,
    /// What was held against the default on fresh data: once is enough, whatever it found.
    attempted: BTreeSet<Setting>,
    /// The default against itself, from all confirmations.
    alike: Vec<Pair>,
    /// What there was no time to confirm.
    pub(super) cut: Option<Setting>,
}

impl Search {
    /// A search that has not begun.
    #[must_use]
    pub fn new(space: Space, terms: Terms) -> Self {
        let guarded = [&space.default, &space.start].map(|setting| (setting.clone(), Ok(())));
        Self {
            random: Rng::with_seed(terms.seed),
            anchor: Anchor::default(),
            phase: Phase::Opening,
            best: space.start.clone(),
            best_score: 1.0,
            standing_score: (space.start == space.default).then_some(1.0),
            standing: space.start.clone(),
            accepted: None,
            rejected: None,
            guarded: guarded.into(),
            tried: Vec::new(),
            left_out: Vec::new(),
            unusable: None,
            issued: None,
            took: Vec::new(),
            anchor_failures: 0,
            attempted: BTreeSet::new(),
            alike: Vec::new(),
            cut: None,
            space,
            terms,
        }
    }

    /// About how many trials such a space takes where time is no matter.
    #[must_use]
    pub fn trials(space: &Space) -> usize {
        let varied = space.dimensions.iter().map(|of| of.options.len());
        let options: usize = varied.filter(|options| *options > 1).sum();
        let confirming = Confirming::runs(space.start == space.default) as usize;
        1 + options * TRIALS_PER_OPTION + confirming
    }

    /// What to do next; the same again until it is answered. `now` counts from the beginning.
    pub fn next(&mut self, now: Duration) -> Step {
        if let Some((step, _)) = &self.issued {
            return step.clone();
        }
        let step = loop {
            if let Some(step) = self.advance(now) {
                break step;
            }
        };
        self.issued = (step != Step::Finished).then(|| (step.clone(), now));
        step
    }

    /// The trial of [`Step::Measure`] cost this; less is better.
    pub fn measured(&mut self, now: Duration, cost: f64) {
        if !(cost.is_finite() && cost > 0.0) {
            return self.failed("nothing was measured".to_owned());
        }
        let Some((Step::Measure(trial), since)) = self.issued.take() else {
            return;
        };
        self.took.push(now.saturating_sub(since));
        match (trial.role, &mut self.phase) {
            (Role::Anchor, phase) => {
                self.anchor_failures = 0;
                let seen = self.anchor.measured(cost);
                if let Phase::Racing { race, .. } = phase {
                    match seen {
                        Seen::Scores(scores) => {
                            for (candidate, score) in scores {
                                race.score(candidate, score);
                            }
                        }
                        Seen::Discarded(again) => race.again(&again),
                        Seen::Unsure => {}
                    }
                }
            }
            (Role::Explore { .. }, Phase::Racing { race, .. }) => {
                if let Some(candidate) = race.measured(cost) {
                    self.anchor.trial(candidate, cost);
                }
            }
            (Role::Confirm { .. }, Phase::Confirming { confirming, .. }) => {
                confirming.measured(cost, &mut self.random);
            }
            _ => {}
        }
    }

    /// The trial of [`Step::Measure`] failed, stalled or took too long, for this reason.
    pub fn failed(&mut self, reason: String) {
        let Some((Step::Measure(trial), _)) = self.issued.take() else {
            return;
        };
        match (trial.role, &mut self.phase) {
            (Role::Anchor, _) => {
                self.anchor_failures += 1;
                if self.anchor_failures > MOST_FAILURES {
                    self.unusable = Some(reason);
                    self.phase = Phase::Over;
                }
            }
            (Role::Explore { .. }, Phase::Racing { race, .. }) => race.failed(reason),
            (Role::Confirm { .. }, Phase::Confirming { then, failures, .. }) => {
                *failures += 1;
                let is_candidate = trial.setting == self.best;
                if is_candidate || *failures > MOST_FAILURES {
                    let then = *then;
                    if is_candidate {
                        self.guarded.insert(trial.setting, Err(reason));
                    }
                    self.begin(then);
                }
            }
            _ => {}
        }
    }

    /// The setting of [`Step::Guard`] gives the right answers, or does not, for this reason.
    pub fn guarded(&mut self, verdict: Result<(), String>) {
        if let Some((Step::Guard(setting), _)) = self.issued.take() {
            self.guarded.insert(setting, verdict);
        }
    }

    /// About how long it still takes, not beyond the budget.
    #[must_use]
    pub fn left(&self, now: Duration) -> Duration {
        let budget = self.terms.budget.saturating_sub(now);
        let confirming = Confirming::runs(self.standing == self.space.default) as usize;
        let options = |from: usize| -> usize {
            let dimensions = self.space.dimensions.iter().skip(from);
            dimensions.map(|of| of.options.len()).sum()
        };
        let trials = match &self.phase {
            Phase::Opening => Self::trials(&self.space),
            Phase::Racing { dimension, .. } | Phase::Guarding { dimension, .. } => {
                options(*dimension) * TRIALS_PER_OPTION + confirming
            }
            Phase::Confirming {
                confirming: on_its_way,
                then,
                ..
            } => match options(*then) {
                0 => on_its_way.left(),
                more => on_its_way.left() + more * TRIALS_PER_OPTION + confirming,
            },
            Phase::Over => 0,
        };
        match self.usual() {
            Some(usual) => {
                budget.min(usual.saturating_mul(u32::try_from(trials).unwrap_or(u32::MAX)))
            }
            None => budget,
        }
    }

    /// How long a trial usually takes.
    #[must_use]
    pub fn usual(&self) -> Option<Duration> {
        let mut took = self.took.clone();
        took.sort();
        took.get(took.len() / 2).copied()
    }

    /// One step of the machine; `None` where it only changed its mind.
    fn advance(&mut self, now: Duration) -> Option<Step> {
        match &mut self.phase {
            Phase::Opening if self.anchor.costs.is_empty() => Some(self.anchor_step()),
            Phase::Opening => {
                self.begin(0);
                None
            }
            Phase::Racing { .. } => self.race(now),
            Phase::Guarding { .. } => self.guard(),
            // It was begun when there was time for it: the machine has become much slower since.
            Phase::Confirming { .. }
                if now > self.terms.budget.saturating_mul(OVERRUN.0) / OVERRUN.1 =>
            {
                self.cut = Some(self.best.clone());
                self.phase = Phase::Over;
                None
            }
            Phase::Confirming { confirming, .. } => {
                let next = confirming
                    .next()
                    .map(|(setting, round)| (setting.clone(), round));
                match next {
                    Some((setting, round)) => Some(self.measure(setting, Role::Confirm { round })),
                    None => {
                        self.confirmed(now);
                        None
                    }
                }
            }
            Phase::Over => Some(Step::Finished),
        }
    }

    fn race(&mut self, now: Duration) -> Option<Step> {
        let can_go_on = self.affords(now, 2);
        let Phase::Racing { dimension, race } = &mut self.phase else {
            return None;
        };
        let dimension = *dimension;
        match race.next() {
            _ if self.anchor.is_due(race.next().is_none()) => Some(self.anchor_step()),
            Some(candidate) if can_go_on => {
                let setting = race.candidates[candidate].setting.clone();
                Some(self.measure(setting, Role::Explore { dimension }))
            }
            None if can_go_on && race.climb(&mut self.random) => None,
            _ => {
                self.end_race(dimension);
                None
            }
        }
    }

    /// The race is decided, or there is no time to go on.
    fn end_race(&mut self, dimension: usize) {
        self.anchor.drop_pending();
        let Phase::Racing { race, .. } = std::mem::replace(&mut self.phase, Phase::Over) else {
            return;
        };
        let unknown = |one: &Candidate| one.scores.is_empty() && one.failed.is_none();
        if race.candidates.iter().any(unknown) {
            // Who was not measured may be the best.
            let known = race.candidates.iter().filter(|one| !unknown(one));
            let known = known.map(|one| told(dimension, one, Verdict::Unfinished));
            self.tried.extend(known);
            let options = race.candidates.iter().filter(|one| unknown(one));
            let options = options.map(|one| one.option).collect();
            self.left_out.push(LeftOut { dimension, options });
            return self.after(dimension);
        }
        let order = race.order();
        self.phase = Phase::Guarding {
            dimension,
            race,
            order,
        };
    }

    /// Takes the best of a race whose answers are right.
    fn guard(&mut self) -> Option<Step> {
        let Phase::Guarding { race, order, .. } = &mut self.phase else {
            return None;
        };
        let score_of = |of: usize| race.candidates[of].score().unwrap_or(f64::INFINITY);
        let in_use = race.candidates.iter().find(|one| one.setting == self.best);
        let in_use = in_use.and_then(Candidate::score);
        let worth = |score: f64| in_use.is_none_or(|in_use| score * (1.0 + PREFERENCE) < in_use);
        while let Some(&first) = order.first() {
            let setting = &race.candidates[first].setting;
            // The one in use, or one that is not worth a change: then the one in use stays.
            let stays = *setting == self.best || !worth(score_of(first));
            match self.guarded.get(setting) {
                None if !stays => return Some(Step::Guard(setting.clone())),
                Some(Err(_)) if !stays => {
                    order.remove(0);
                }
                _ => break,
            }
        }
        self.settle();
        None
    }

    /// The race has its winner.
    fn settle(&mut self) {
        let Phase::Guarding {
            dimension,
            race,
            order,
        } = std::mem::replace(&mut self.phase, Phase::Over)
        else {
            return;
        };
        let of = |setting: &Setting| race.candidates.iter().find(|one| one.setting == *setting);
        let in_use = of(&self.best).and_then(Candidate::score);
        let first = order.first().map(|first| &race.candidates[*first]);
        let winner = first.filter(|first| {
            let score = first.score().unwrap_or(f64::INFINITY);
            in_use.is_none_or(|in_use| score * (1.0 + PREFERENCE) < in_use)
        });
        if let Some(winner) = winner {
            self.best = winner.setting.clone();
        }
        if let Some(score) = of(&self.best).and_then(Candidate::score) {
            self.best_score = score;
        }
        if let Some(score) = of(&self.standing).and_then(Candidate::score)
            && self.standing != self.space.default
        {
            self.standing_score = Some(score);
        }
        for one in &race.candidates {
            let verdict = match (&one.failed, self.guarded.get(&one.setting)) {
                (Some(reason), _) => Verdict::Failed(reason.clone()),
                (None, Some(Err(reason))) => Verdict::Refused(reason.clone()),
                (None, _) if one.setting == self.best => Verdict::Chosen,
                (None, _) => Verdict::Slower,
            };
            self.tried.push(told(dimension, one, verdict));
        }
        self.after(dimension);
    }

    /// A dimension is through, or all are: the best is confirmed where that is due, and the next begins.
    fn after(&mut self, dimension: usize) {
        let then = dimension + 1;
        if then == self.space.important && self.is_worth_confirming() {
            self.confirm(then, false);
        } else {
            self.begin(then);
        }
    }

    fn confirm(&mut self, then: usize, repeated: bool) {
        let (best, standing) = (self.best.clone(), self.standing.clone());
        self.attempted.insert(best.clone());
        let default = self.space.default.clone();
        self.phase = Phase::Confirming {
            confirming: Confirming::new(best, standing, default, &mut self.random),
            then,
            failures: 0,
            repeated,
        };
    }

    /// Whether the best is something new, and seems better than what stands and than the default.
    fn is_worth_confirming(&self) -> bool {
        let is_refused = self.guarded.get(&self.best).is_some_and(Result::is_err);
        let seems_better = |score: f64| self.best_score * (1.0 + PREFERENCE) < score;
        self.best != self.standing
            && !self.attempted.contains(&self.best)
            && !is_refused
            && self.standing_score.is_none_or(seems_better)
            && (self.best == self.space.default || seems_better(1.0))
    }

    fn confirmed(&mut self, now: Duration) {
        let Phase::Confirming {
            confirming,
            then,
            repeated,
            ..
        } = &self.phase
        else {
            return;
        };
        let (then, repeated) = (*then, *repeated);
        self.alike.extend(confirming.alike());
        // The more pairs of the default with itself, the better the noise is known.
        let anchors = self.anchor.alike();
        let alike: Vec<Pair> = anchors.chain(self.alike.iter().copied()).collect();
        match confirming.finding(&alike, self.terms.seed) {
            Some(found) if found.is_better() => {
                self.standing = found.candidate.clone();
                self.standing_score = Some(self.best_score);
                (self.accepted, self.rejected) = (Some(found), None);
            }
            // Once, and on fresh data alone: with the pairs of both together the number of pairs would
            // depend on what they say.
            Some(found) if found.is_open() && !repeated && self.affords(now, 0) => {
                return self.confirm(then, true);
            }
            found => self.rejected = found,
        }
        self.begin(then);
    }

    /// Begins the race of a dimension, or what comes after the last one.
    fn begin(&mut self, dimension: usize) {
        let Some(varied) = self.space.dimensions.get(dimension) else {
            return if self.is_worth_confirming() {
                self.confirm(dimension, false);
            } else {
                self.phase = Phase::Over;
            };
        };
        let options = 0..varied.options.len();
        let candidates: Vec<Candidate> = options
            .map(|option| Candidate::new(self.best.with(dimension, option), option))
            .filter(|one| self.space.allows(&one.setting))
            .collect();
        if candidates.len() < 2 {
            return self.after(dimension);
        }
        let race = Halving::new(candidates, &mut self.random);
        self.phase = Phase::Racing { dimension, race };
    }

    /// Whether the budget has room for so many trials and, after them, for a confirmation.
    fn affords(&self, now: Duration, trials: u32) -> bool {
        let runs = trials + Confirming::runs(self.standing == self.space.default);
        let needed = self.usual().unwrap_or_default().saturating_mul(runs);
        now.saturating_add(needed) <= self.terms.budget
    }

    fn anchor_step(&self) -> Step {
        self.measure(self.space.default.clone(), Role::Anchor)
    }

    fn measure(&self, setting: Setting, role: Role) -> Step {
        let usual = self.usual();
        Step::Measure(Trial {
            setting,
            role,
            patience: usual.map(|usual| usual.saturating_mul(HOPELESS).max(LEAST_PATIENCE)),
        })
    }
}
