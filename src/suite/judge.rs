//! What the trials of a night say.

use super::night::{Arm, Role};
use crate::stats::{Comparison, Finding, Pair, compare, judge_together, smallest_effect};

/// The chance of a false alarm that [`judge_together`] accepts.
const SIGNIFICANCE: f64 = 0.05;
/// Failures of the candidate that are no chance, where the base has none.
const BROKEN: usize = 2;

/// What a trial gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The case, by its index.
    pub case: usize,
    /// Which arm.
    pub arm: Arm,
    /// What for.
    pub role: Role,
    /// In which round.
    pub round: u32,
    /// The figure that the case is judged by, in milliseconds; or why there is none.
    pub figure: Result<f64, String>,
    /// What on the machine has disturbed it, if anything: a reason to drop the pair whatever its figures are.
    pub disturbed: Option<String>,
}

/// What a night comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The base held against itself; `None` where there are too few pairs of it.
    pub itself: Option<Comparison>,
    /// The smallest effect that counts, as a share.
    pub smallest_effect: f64,
    /// One for each case, in their order.
    pub cases: Vec<CaseFinding>,
}

/// What is found of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseFinding {
    /// The finding.
    pub verdict: Verdict,
    /// The comparison it rests on.
    pub comparison: Option<Comparison>,
    /// Pairs that were left out.
    pub dropped: Vec<Dropped>,
    /// Failed trials of the base and of the candidate.
    pub failures: [usize; 2],
}

/// A pair that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its round.
    pub round: u32,
    /// Why.
    pub why: String,
}

/// What is said of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Slower, by more than the smallest effect that counts.
    Worse,
    /// Faster, by as much.
    Better,
    /// Neither, and the interval is narrow enough to say so.
    Same,
    /// It cannot be told, for this reason.
    Inconclusive(String),
    /// The candidate fails where the base does not; why, in its own words.
    Broken(String),
    /// There is nothing to compare, for this reason.
    Unmeasured(String),
}

impl Verdict {
    /// Whether it is a reason to raise an alarm.
    #[must_use]
    pub fn is_regression(&self) -> bool {
        matches!(self, Self::Worse | Self::Broken(_))
    }

    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Worse => "slower",
            Self::Better => "faster",
            Self::Same => "same",
            Self::Inconclusive(_) => "inconclusive",
            Self::Broken(_) => "broken",
            Self::Unmeasured(_) => "not measured",
        }
    }

    /// What [`Verdict::word`] and [`Verdict::why`] have said; `None` of a word that is none of them.
    #[must_use]
    pub fn read(word: &str, why: Option<&str>) -> Option<Self> {
        let why = why.unwrap_or_default().to_owned();
        let all = [
            Self::Worse,
            Self::Better,
            Self::Same,
            Self::Inconclusive(why.clone()),
            Self::Broken(why.clone()),
            Self::Unmeasured(why),
        ];
        all.into_iter().find(|verdict| verdict.word() == word)
    }

    /// The reason, where it has one.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Inconclusive(why) | Self::Broken(why) | Self::Unmeasured(why) => Some(why),
            Self::Worse | Self::Better | Self::Same => None,
        }
    }
}

/// The fewest pairs by which a difference can be found among so many cases: of `n` pairs that all point the
/// same way the p-value is at least `2^(1-n)`, and Holm's first step multiplies that by the number of cases.
#[must_use]
pub fn least_pairs(cases: usize) -> u32 {
    let cases = f64::from(u32::try_from(cases.max(1)).unwrap_or(u32::MAX));
    let possible = |pairs: &u32| 2_f64.powf(1.0 - f64::from(*pairs)) * cases <= SIGNIFICANCE;
    (1..64).find(possible).unwrap_or(64)
}

/// Judges a night of so many cases and, as it was planned, so many pairs of each. The same for the same
/// samples and seed, in whatever order they are.
#[must_use]
pub fn judge(cases: usize, pairs: u32, samples: &[Sample], seed: u64) -> Judgement {
    let mut samples: Vec<&Sample> = samples.iter().collect();
    samples.sort_by_key(|sample| (sample.case, sample.round));
    let itself = |sample: &&&Sample| matches!(sample.role, Role::Itself { .. });
    let halves: Vec<&Sample> = samples.iter().filter(itself).copied().collect();
    let (noise, _) = pair_up(&halves, |sample| {
        sample.role == Role::Itself { second: true }
    });
    // Fewer than half of what was planned would make of a busy night a quiet one.
    let enough = usize::try_from(pairs.div_ceil(2)).unwrap_or(usize::MAX);
    let itself = (noise.len() >= enough)
        .then(|| compare(&noise, 0.0, seed))
        .flatten();
    let least = smallest_effect(itself.as_ref());
    let mut found: Vec<CaseFinding> = (0..cases)
        .map(|case| {
            let own = samples.iter().filter(|sample| sample.case == case);
            let own: Vec<&Sample> = own.copied().collect();
            one_case(&own, enough, least, seed)
        })
        .collect();
    hold_together(&mut found, pairs);
    if itself.is_none() {
        without_noise(&mut found);
    }
    Judgement {
        itself,
        smallest_effect: least,
        cases: found,
    }
}

/// Makes pairs of halves by their case and round; and the reasons of those that are left out.
fn pair_up(halves: &[&Sample], is_second: impl Fn(&Sample) -> bool) -> (Vec<Pair>, Vec<Dropped>) {
    let (mut pairs, mut dropped) = (Vec::new(), Vec::new());
    for base in halves.iter().filter(|half| !is_second(half)) {
        let same =
            |half: &&&Sample| (half.case, half.round) == (base.case, base.round) && is_second(half);
        let Some(candidate) = halves.iter().find(same) else {
            continue;
        };
        let mut disturbances = [base, candidate]
            .into_iter()
            .filter_map(|half| half.disturbed.as_ref());
        match (&base.figure, &candidate.figure, disturbances.next()) {
            // Before anybody looks at the figures.
            (_, _, Some(why)) => dropped.push(Dropped {
                round: base.round,
                why: why.clone(),
            }),
            (Ok(base), Ok(candidate), None) => pairs.push(Pair {
                base: *base,
                candidate: *candidate,
            }),
            (Err(why), _, None) | (_, Err(why), None) => dropped.push(Dropped {
                round: base.round,
                why: why.clone(),
            }),
        }
    }
    (pairs, dropped)
}

fn one_case(samples: &[&Sample], enough: usize, least: f64, seed: u64) -> CaseFinding {
    let of_pairs: Vec<&Sample> = samples
        .iter()
        .filter(|one| one.role == Role::Pair)
        .copied()
        .collect();
    let (pairs, dropped) = pair_up(&of_pairs, |sample| sample.arm == Arm::Candidate);
    let comparison = compare(&pairs, least, seed);
    let failed = |arm: Arm| {
        let failed = samples.iter().filter(move |one| one.arm == arm);
        failed
            .filter_map(|one| one.figure.as_ref().err())
            .collect::<Vec<_>>()
    };
    let (base, candidate) = (failed(Arm::Base), failed(Arm::Candidate));
    let verdict = match (&comparison, candidate.first(), base.first()) {
        (_, Some(why), None) if candidate.len() >= BROKEN => Verdict::Broken((*why).clone()),
        (None, Some(why), _) => Verdict::Unmeasured(format!("the candidate: {why}")),
        (None, _, Some(why)) => Verdict::Unmeasured(format!("the base: {why}")),
        (None, None, None) => Verdict::Unmeasured(match dropped.first() {
            Some(dropped) => dropped.why.clone(),
            None => "no pair was measured".to_owned(),
        }),
        (Some(found), ..) if pairs.len() < enough => Verdict::Inconclusive(match dropped.first() {
            Some(one) => format!("{} pairs are left: {}", found.pairs, one.why),
            None => format!("only {} pairs were measured", found.pairs),
        }),
        (Some(found), ..) => verdict(found.finding),
    };
    CaseFinding {
        verdict,
        comparison,
        dropped,
        failures: [base.len(), candidate.len()],
    }
}

fn verdict(finding: Finding) -> Verdict {
    match finding {
        Finding::Worse => Verdict::Worse,
        Finding::Better => Verdict::Better,
        Finding::Same => Verdict::Same,
        Finding::Inconclusive => {
            Verdict::Inconclusive("the interval is wider than the smallest effect".to_owned())
        }
    }
}

/// Takes back what so many cases would bring by chance.
fn hold_together(found: &mut [CaseFinding], pairs: u32) {
    let cases = found.len();
    let judged = found.iter_mut().filter(|case| {
        matches!(
            case.verdict,
            Verdict::Worse | Verdict::Better | Verdict::Same
        ) || case
            .comparison
            .is_some_and(|found| found.finding == Finding::Inconclusive)
    });
    let mut judged: Vec<&mut CaseFinding> = judged.collect();
    let mut comparisons: Vec<Comparison> =
        judged.iter().filter_map(|case| case.comparison).collect();
    judge_together(&mut comparisons);
    for (case, held) in judged.iter_mut().zip(comparisons) {
        let differs = matches!(case.verdict, Verdict::Worse | Verdict::Better);
        if differs && held.finding == Finding::Inconclusive {
            let least = least_pairs(cases);
            case.verdict = Verdict::Inconclusive(if pairs < least {
                format!("{pairs} pairs prove nothing among {cases} cases: {least} would")
            } else {
                format!("among {cases} cases such a difference may be chance")
            });
        }
        case.comparison = Some(held);
    }
}

/// Without a comparison of the base with itself nobody knows how noisy the night was.
fn without_noise(found: &mut [CaseFinding]) {
    for case in found {
        if matches!(case.verdict, Verdict::Worse | Verdict::Better) {
            case.verdict = Verdict::Inconclusive(
                "the base was not held against itself often enough to know the noise".to_owned(),
            );
        }
    }
}
