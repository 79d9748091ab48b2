//! The comparison of two things by pairs of runs.

use super::quantile::median;
use super::resample::{Interval, chance_of_median, interval_of_median};

/// The smallest difference that anybody should act upon, as a share: 2 %. Below, a change of the weather
/// in the machine room is as likely a cause as a change of the code.
pub const LEAST_EFFECT: f64 = 0.02;
/// How many times the noise of a host a difference must be at least.
const TIMES_NOISE: f64 = 2.0;
/// What makes of a median absolute deviation the standard deviation of a normal distribution (Rousseeuw &
/// Croux 1993).
const OF_DEVIATION: f64 = 1.4826;
/// The standard error of a median over that of a mean, of a normal distribution: the root of pi / 2.
const OF_MEDIAN: f64 = 1.2533;
/// The chance of a false alarm that is accepted for all cases together.
const SIGNIFICANCE: f64 = 0.05;
/// One run of each, made one right after the other. Less is better: time per token, say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// What it is compared with; positive.
    pub base: f64,
    /// What is judged; positive, in the same unit.
    pub candidate: f64,
}

/// What a comparison found of the candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It is slower, by more than the smallest effect of interest.
    Worse,
    /// It is faster, by as much.
    Better,
    /// It is neither, and the interval is narrow enough to say so.
    Same,
    /// More pairs, or a calmer machine, would be needed to tell.
    Inconclusive,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// How many pairs it rests on.
    pub pairs: usize,
    /// Candidate over base, at the median; above 1 it is slower.
    pub ratio: f64,
    /// The interval of that ratio.
    pub interval: Interval,
    /// The standard deviation that the ratio's own is estimated to have, as a share; by the pairs' median
    /// absolute deviation, so that a few runs in somebody else's burst do not make a quiet night a loud one.
    pub noise: f64,
    /// How likely so large a difference, in whatever direction, is if there is none.
    pub p_value: f64,
    /// The smallest effect of interest, as a share.
    pub smallest_effect: f64,
    /// What that comes to.
    pub finding: Finding,
}

/// The smallest effect of interest on a host: [`LEAST_EFFECT`], or twice the noise with which a thing
/// compared with itself comes out, if that is more.
#[must_use]
pub fn smallest_effect(against_itself: Option<&Comparison>) -> f64 {
    let noise = against_itself.map_or(0.0, |comparison| comparison.noise);
    LEAST_EFFECT.max(TIMES_NOISE * noise)
}

/// Compares by these pairs; `smallest_effect` is a share, such as 0.02. `None` where there are no pairs,
/// or a time is not a positive number.
#[must_use]
pub fn compare(pairs: &[Pair], smallest_effect: f64, seed: u64) -> Option<Comparison> {
    let differences = pairs.iter().map(|pair| {
        let usable = |time: f64| time.is_finite() && time > 0.0;
        (usable(pair.base) && usable(pair.candidate)).then(|| (pair.candidate / pair.base).ln())
    });
    let differences: Vec<f64> = differences.collect::<Option<_>>()?;
    let effect = median(&differences)?;
    let interval = interval_of_median(&differences, seed)?;
    Some(Comparison {
        pairs: pairs.len(),
        ratio: effect.exp(),
        interval: Interval {
            low: interval.low.exp(),
            high: interval.high.exp(),
            ..interval
        },
        noise: noise(&differences, effect),
        p_value: chance_of_median(&differences, seed),
        smallest_effect,
        finding: finding(effect, interval, smallest_effect.ln_1p()),
    })
}

/// The standard error of the median `effect` of these differences, as a share.
fn noise(differences: &[f64], effect: f64) -> f64 {
    let deviations: Vec<f64> = differences.iter().map(|d| (d - effect).abs()).collect();
    let deviation = median(&deviations).unwrap_or(0.0) * OF_DEVIATION;
    let count = u32::try_from(differences.len()).unwrap_or(u32::MAX);
    (OF_MEDIAN * deviation / f64::from(count.max(1)).sqrt()).exp_m1()
}

/// All in logarithms.
fn finding(effect: f64, interval: Interval, least: f64) -> Finding {
    if interval.low > 0.0 && effect > least {
        Finding::Worse
    } else if interval.high < 0.0 && effect < -least {
        Finding::Better
    } else if interval.high - interval.low > least {
        Finding::Inconclusive
    } else {
        Finding::Same
    }
}

/// These p-values, adjusted for their number (Holm 1979): of those that stay below 5 % the chance that any
/// is a false alarm is below 5 %.
#[must_use]
pub fn adjusted(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        let left = u32::try_from(p_values.len() - rank).unwrap_or(u32::MAX);
        least = least.max((p_values[index] * f64::from(left)).min(1.0));
        adjusted[index] = least;
    }
    adjusted
}

/// Takes back, among cases that are judged together, each finding of a difference that so many cases
/// would bring by chance: it is inconclusive then.
pub fn judge_together(comparisons: &mut [Comparison]) {
    let p_values: Vec<f64> = comparisons.iter().map(|one| one.p_value).collect();
    for (comparison, p_value) in comparisons.iter_mut().zip(adjusted(&p_values)) {
        let differs = matches!(comparison.finding, Finding::Worse | Finding::Better);
        if differs && p_value > SIGNIFICANCE {
            comparison.finding = Finding::Inconclusive;
        }
    }
}
