//! One dimension's options against each other: all are measured, the better half again, and so on.

use std::collections::VecDeque;

use fastrand::Rng;

use super::Setting;

/// How often each option that is left is measured in a rung. Twice at first, as the first figure may be
/// hit by somebody else's burst; more often the fewer there are left.
const REPEATS: [usize; 3] = [2, 2, 4];
/// An option that is slower than the best by this factor is out, whatever half it is in.
const HOPELESS: f64 = 1.15;

/// An option in the race.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) setting: Setting,
    /// Its option in the dimension that is varied.
    pub(super) option: usize,
    /// Costs as ratios to the default.
    pub(super) scores: Vec<f64>,
    /// Costs as they were measured.
    pub(super) costs: Vec<f64>,
    /// Why it is out, where it was not the scores.
    pub(super) failed: Option<String>,
    /// Whether it is out.
    pub(super) out: bool,
}

impl Candidate {
    pub(super) fn new(setting: Setting, option: usize) -> Self {
        Self {
            setting,
            option,
            scores: Vec::new(),
            costs: Vec::new(),
            failed: None,
            out: false,
        }
    }

    /// What its cost is taken for: the lower median, as what disturbs a run makes it slower.
    pub(super) fn score(&self) -> Option<f64> {
        let mut sorted = self.scores.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len().checked_sub(1)? / 2).copied()
    }
}

/// A race of options.
#[derive(Debug, Clone)]
pub(super) struct Halving {
    pub(super) candidates: Vec<Candidate>,
    rung: usize,
    /// Whom to measure next in this rung.
    queue: VecDeque<usize>,
}

impl Halving {
    pub(super) fn new(candidates: Vec<Candidate>, random: &mut Rng) -> Self {
        let mut halving = Self {
            candidates,
            rung: 0,
            queue: VecDeque::new(),
        };
        halving.fill(random);
        halving
    }

    /// Whom to measure next; `None` at the end of a rung.
    pub(super) fn next(&self) -> Option<usize> {
        self.queue.front().copied()
    }

    /// The one that was named by [`Self::next`] is measured.
    pub(super) fn measured(&mut self, cost: f64) -> Option<usize> {
        let measured = self.queue.pop_front()?;
        self.candidates[measured].costs.push(cost);
        Some(measured)
    }

    /// The one that was named by [`Self::next`] cannot be measured.
    pub(super) fn failed(&mut self, reason: String) {
        if let Some(failed) = self.queue.pop_front() {
            self.candidates[failed].failed = Some(reason);
            self.candidates[failed].out = true;
            self.queue.retain(|other| *other != failed);
        }
    }

    pub(super) fn score(&mut self, candidate: usize, score: f64) {
        self.candidates[candidate].scores.push(score);
    }

    /// These are to be measured again.
    pub(super) fn again(&mut self, candidates: &[usize]) {
        let alive = candidates.iter().filter(|of| !self.candidates[**of].out);
        self.queue.extend(alive);
    }

    /// The rung is over: whether another one follows.
    pub(super) fn climb(&mut self, random: &mut Rng) -> bool {
        let ranked = self.ranked();
        let Some(best) = ranked
            .first()
            .and_then(|best| self.candidates[*best].score())
        else {
            return false;
        };
        // Of two, one look more decides.
        let keep = match (self.rung, ranked.len()) {
            (0, 2) => 2,
            (_, alive) => alive.div_ceil(2),
        };
        for (rank, of) in ranked.iter().enumerate() {
            let score = self.candidates[*of].score().unwrap_or(f64::INFINITY);
            if rank >= keep || score > best * HOPELESS {
                self.candidates[*of].out = true;
            }
        }
        self.rung += 1;
        let alive = self.candidates.iter().filter(|one| !one.out).count();
        if alive < 2 || self.rung >= REPEATS.len() {
            return false;
        }
        self.fill(random);
        true
    }

    /// Who is in the race, the best first.
    fn ranked(&self) -> Vec<usize> {
        let mut alive: Vec<usize> = (0..self.candidates.len())
            .filter(|of| !self.candidates[*of].out)
            .collect();
        let score = |of: usize| self.candidates[of].score().unwrap_or(f64::INFINITY);
        alive.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
        alive
    }

    /// All whose cost is known, the best first: who stayed longer in the race is better.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut known: Vec<usize> = (0..self.candidates.len())
            .filter(|of| {
                self.candidates[*of].failed.is_none() && !self.candidates[*of].scores.is_empty()
            })
            .collect();
        known.sort_by(|&a, &b| {
            let (a, b) = (&self.candidates[a], &self.candidates[b]);
            let score = |one: &Candidate| one.score().unwrap_or(f64::INFINITY);
            (b.scores.len().cmp(&a.scores.len())).then(score(a).total_cmp(&score(b)))
        });
        known
    }

    /// Each of the living in random order, again and again: not all times of the one and then all of the
    /// other.
    fn fill(&mut self, random: &mut Rng) {
        let mut alive: Vec<usize> = (0..self.candidates.len())
            .filter(|of| !self.candidates[*of].out)
            .collect();
        for _ in 0..REPEATS[self.rung] {
            random.shuffle(&mut alive);
            self.queue.extend(&alive);
        }
    }
}
