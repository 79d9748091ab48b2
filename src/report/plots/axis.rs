//! Scales: where a value lies, and what is written beside it.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// A day in milliseconds.
const DAY_MS: f64 = 86_400_000.0;

/// A scale from its lower to its upper end, with marks. Beyond its ends values lie at the ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    marks: Vec<(f64, String)>,
}

impl Axis {
    /// A scale with these marks.
    pub(super) fn marked(low: f64, high: f64, marks: Vec<(f64, String)>) -> Self {
        Self { low, high, marks }
    }

    /// A scale with round marks, at most so many, with this after each.
    pub(super) fn linear(low: f64, high: f64, most: usize, unit: &str) -> Self {
        let marks = round_marks(low, high, most);
        let marks = marks.into_iter().map(|(at, text)| (at, text + unit));
        Self::marked(low, high, marks.collect())
    }

    /// A scale of logarithms; values on it are natural logarithms of milliseconds. `low` and `high` are
    /// milliseconds above 0.
    pub(super) fn logarithmic(low: f64, high: f64, most: usize) -> Self {
        let decades = |steps: &[f64]| {
            let first = exponent(low);
            let all = (first..=exponent(high))
                .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
            let within = all.filter(|at| (low..=high).contains(at));
            within.map(|at| (at, plain(at))).collect::<Vec<_>>()
        };
        let marks = if high / low < 8.0 {
            round_marks(low, high, most)
        } else {
            let fine = decades(&[1.0, 2.0, 5.0]);
            if fine.len() <= most {
                fine
            } else {
                decades(&[1.0])
            }
        };
        let marks = marks.into_iter().map(|(at, text)| (at.ln(), text));
        Self::marked(low.ln(), high.ln(), marks.collect())
    }

    /// A scale of days from one moment to another, in milliseconds since 1970-01-01 UTC.
    pub(super) fn days(from_unix_ms: u64, to_unix_ms: u64, most: usize) -> Self {
        let (from, to) = (ms(from_unix_ms), ms(to_unix_ms));
        // Half a day at least: a single night stands in the middle.
        let margin = ((to - from) / 50.0).max(DAY_MS / 2.0);
        let (low, high) = (from - margin, to + margin);
        Self::marked(low, high, calendar(low, high, most))
    }

    /// Letters of the longest text beside it.
    pub(super) fn letters(&self) -> usize {
        let texts = self.marks.iter().map(|(_, text)| text.chars().count());
        texts.max().unwrap_or(0)
    }

    /// Its lower end.
    pub(super) fn low(&self) -> f64 {
        self.low
    }

    /// Its upper end.
    pub(super) fn high(&self) -> f64 {
        self.high
    }
}

/// A moment as a place on a scale of days.
#[expect(
    clippy::cast_precision_loss,
    reason = "a time of this millennium, far below 2^53 ms"
)]
pub(super) fn ms(unix_ms: u64) -> f64 {
    unix_ms as f64
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a share of the width of a plot"
    )]
    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        limit.0 + (share * f64::from(limit.1 - limit.0)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.marks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        // A mark is asked for by the very value that it was told with.
        let mark = self.marks.iter().find(|(at, _)| at == value);
        mark.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// The power of ten in a number above 0.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a double has powers of ten between -324 and 308"
)]
fn exponent(number: f64) -> i32 {
    number.log10().floor() as i32
}

/// Multiples of 1, 2 or 5 times a power of ten, with no more digits than tell them apart.
fn round_marks(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let span = high - low;
    if !span.is_finite() || span <= 0.0 || most == 0 {
        return Vec::new();
    }
    let first = exponent(span) - 2;
    let steps = (first..).flat_map(|power| {
        let steps = [1.0, 2.0, 5.0].into_iter();
        steps.map(move |step| (step * 10_f64.powi(power), power))
    });
    for (step, power) in steps {
        let from = (low / step).ceil();
        let count = (high / step).floor() - from + 1.0;
        if count <= f64::from(u32::try_from(most).unwrap_or(u32::MAX)) {
            let digits = usize::try_from(-power).unwrap_or(0);
            let marks =
                (0..most).map(|number| from + f64::from(u32::try_from(number).unwrap_or(0)));
            let marks = marks
                .map(|number| number * step)
                .take_while(|at| *at <= high);
            // Adding 0 makes of -0 a plain one.
            return marks
                .map(|at| (at, format!("{:.digits$}", at + 0.0)))
                .collect();
        }
    }
    Vec::new()
}

/// A round number without needless digits.
fn plain(number: f64) -> String {
    let digits = usize::try_from(-exponent(number)).unwrap_or(0);
    format!("{number:.digits$}")
}

/// A step between two marks of a calendar.
#[derive(Debug, Clone, Copy)]
enum Step {
    Days(i32),
    Months(i32),
    Years(i32),
}

const STEPS: [Step; 12] = [
    Step::Days(1),
    Step::Days(2),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Years(1),
    Step::Years(2),
    Step::Years(5),
    Step::Years(20),
];

/// Days, months or years, whichever give no more marks than that.
fn calendar(low: f64, high: f64, most: usize) -> Vec<(f64, String)> {
    let Some(first) = date(low) else {
        return Vec::new();
    };
    for step in STEPS {
        let marks: Vec<_> = from(first, step)
            .filter(|(at, _)| *at >= low)
            .take_while(|(at, _)| *at <= high)
            .take(most + 1)
            .collect();
        if (1..=most).contains(&marks.len()) {
            return marks;
        }
    }
    Vec::new()
}

/// Marks from about a date on.
fn from(first: Date, step: Step) -> impl Iterator<Item = (f64, String)> {
    let (start, between, form) = match step {
        Step::Days(days) => (first, days.days(), "%m-%d"),
        // So that quarters begin where people look for them.
        Step::Months(months) => (first.first_of_year(), months.months(), "%Y-%m"),
        Step::Years(years) => (first.first_of_year(), years.years(), "%Y"),
    };
    let dates = std::iter::successors(Some(start), move |date| date.checked_add(between).ok());
    dates.filter_map(move |date| {
        let midnight = date.at(0, 0, 0, 0);
        let at = TimeZone::UTC.to_timestamp(midnight).ok()?;
        let at = ms(u64::try_from(at.as_millisecond()).ok()?);
        Some((at, date.strftime(form).to_string()))
    })
}

/// The day of a moment; `None` of one that no calendar here has.
#[expect(
    clippy::cast_possible_truncation,
    reason = "beyond the ends it is no date anyway"
)]
fn date(unix_ms: f64) -> Option<Date> {
    let at = Timestamp::from_millisecond(unix_ms as i64).ok()?;
    Some(TimeZone::UTC.to_datetime(at).date())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.marks.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// `date -u -d 2026-01-01 +%s`
    const NEW_YEAR: u64 = 1_767_225_600_000;
    const DAY: u64 = 86_400_000;

    #[test]
    fn marks_are_round_and_as_exact_as_they_need_to_be() {
        let linear = |low, high| Axis::linear(low, high, 5, "");
        assert_eq!(texts(&linear(-3.0, 7.0)), ["-2", "0", "2", "4", "6"]);
        assert_eq!(
            texts(&linear(-0.011, 0.02)),
            ["-0.01", "0.00", "0.01", "0.02"]
        );
        assert_eq!(texts(&linear(45.0, 48.0)), ["45", "46", "47", "48"]);
        assert_eq!(
            texts(&Axis::linear(0.0, 31.0, 4, " %")),
            ["0 %", "10 %", "20 %", "30 %"]
        );
    }

    #[test]
    fn days_are_marked_by_the_calendar() {
        let days = |days: u64| Axis::days(NEW_YEAR, NEW_YEAR + days * DAY, 6);
        assert_eq!(texts(&days(0)), ["01-01"]);
        assert_eq!(
            texts(&days(4)),
            ["01-01", "01-02", "01-03", "01-04", "01-05"]
        );
        assert_eq!(
            texts(&days(145)),
            ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"]
        );
        assert_eq!(
            texts(&days(364)),
            ["2026-01", "2026-04", "2026-07", "2026-10", "2027-01"]
        );
    }

    #[test]
    fn a_logarithmic_scale_has_marks_for_a_narrow_range_and_for_a_wide_one() {
        assert_eq!(texts(&Axis::logarithmic(42.0, 71.0, 5)), ["50", "60", "70"]);
        assert_eq!(
            texts(&Axis::logarithmic(0.3, 40.0, 8)),
            ["0.5", "1", "2", "5", "10", "20"]
        );
        assert_eq!(
            texts(&Axis::logarithmic(0.02, 30_000.0, 8)),
            ["0.1", "1", "10", "100", "1000", "10000"]
        );
    }

    proptest! {
        #[test]
        fn marks_lie_on_their_scale_and_are_not_too_many(
            low in -1e6..1e6_f64, span in 1e-6..1e6_f64, most in 2..10_usize,
        ) {
            let axis = Axis::linear(low, low + span, most, "");
            prop_assert!(axis.marks.len() <= most);
            for (at, _) in &axis.marks {
                prop_assert!((low - span * 1e-9..=low + span * (1.0 + 1e-9)).contains(at));
            }
        }

        #[test]
        fn years_of_nights_have_a_few_marks(start in 0..4_000_000_000_000_u64, days in 0..3000_u64) {
            let marks = Axis::days(start, start + days * DAY, 6).marks;
            prop_assert!((1..=6).contains(&marks.len()), "{marks:?}");
        }
    }
}
