//! Whether one thing is really slower than another, on a machine that does other things as well.
//!
//! Pure: samples in, findings out, every random draw from a seed that the caller keeps.
//!
//! # How a comparison is made
//!
//! Both are run as [`Pair`]s, one right after the other and in random order, so that a machine which
//! grows slower for an hour slows both. (All runs of the one and then all runs of the other raise a false
//! alarm in a quarter to a third of the nights on a shared host, however many they are.) Of each pair
//! counts `d = ln(candidate / base)`:
//!
//! | figure | is |
//! | --- | --- |
//! | [`Comparison::ratio`] | `exp(median(d))` |
//! | its interval | the percentile bootstrap of the median (Efron & Tibshirani 1993, chapter 13), [`RESAMPLES`] resamples; of fewer than [`LEAST_TO_RESAMPLE`] pairs `[min d, max d]`, which holds the median with confidence `1 - 2^(1-n)` |
//! | [`Comparison::p_value`] | twice the share of resamples whose median lies on the other side of 0, at least `2^(1-n)`: of few pairs the sign test |
//!
//! *Worse* is what has its whole interval above 1 and a ratio above the smallest effect of interest. The
//! number of pairs is fixed beforehand: who stops as soon as a difference shows finds one in everything.
//! Of several cases that are judged together, [`judge_together`] keeps the chance of a single false alarm
//! at 5 % (Holm 1979).
//!
//! # What drifts slowly
//!
//! [`change_points`] finds the days on which a series of ratios changed (E-divisive; Matteson & James
//! 2014), which no comparison of two nights can.

mod change;
mod paired;
mod quantile;
mod resample;
#[cfg(test)]
pub(crate) mod simulation;
#[cfg(test)]
mod tests;

pub use change::{ChangePoint, LEAST_SEGMENT, change_points};
pub use paired::{
    Comparison, Finding, LEAST_EFFECT, Pair, adjusted, compare, judge_together, smallest_effect,
};
pub use quantile::{median, percentile};
pub use resample::{Interval, LEAST_TO_RESAMPLE, RESAMPLES, confidence, interval_of_median};
