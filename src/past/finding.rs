//! What a night of benchmarks found of a case, as people read it.

use crate::history::RatioRecord;
use crate::stats::confidence;
use crate::suite::Verdict;

use super::when::exact;

/// A ratio and its interval as changes in percent; above 0 is slower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    /// The change.
    pub(crate) by: f64,
    /// The lower end of its interval.
    pub(crate) low: f64,
    /// The upper end.
    pub(crate) high: f64,
    /// How often such an interval holds the true change, in percent.
    pub(crate) confidence: f64,
}

impl From<&RatioRecord> for Change {
    fn from(found: &RatioRecord) -> Self {
        let pairs = usize::try_from(found.pairs).unwrap_or(usize::MAX);
        Self {
            by: percent(found.ratio),
            low: percent(found.low),
            high: percent(found.high),
            confidence: confidence(pairs) * 100.0,
        }
    }
}

/// A ratio as a change in percent.
pub(crate) fn percent(ratio: f64) -> f64 {
    (ratio - 1.0) * 100.0
}

/// `coder/tg128: 6.1 % slower than anchor (95 % interval 4.2 to 7.9), since 2026-11-19`
pub(crate) fn sentence(
    case: &str,
    base: &str,
    verdict: &Verdict,
    ratio: Option<&RatioRecord>,
    since_unix_ms: Option<u64>,
) -> String {
    let word = verdict.word();
    let Some(ratio) = ratio else {
        let why = verdict.why().unwrap_or("nothing was measured");
        return format!("{case}: {word}: {why}");
    };
    let Change {
        by,
        low,
        high,
        confidence,
    } = Change::from(ratio);
    let interval = format!("({confidence:.0} % interval {low:.1} to {high:.1})");
    match verdict {
        Verdict::Worse => {
            let since = since_unix_ms.map(|at| format!(", since {}", day(at)));
            let since = since.unwrap_or_default();
            format!("{case}: {by:.1} % slower than {base} {interval}{since}")
        }
        Verdict::Better => format!("{case}: {:.1} % faster than {base} {interval}", -by),
        Verdict::Same => format!("{case}: as fast as {base}: {by:+.1} % {interval}"),
        Verdict::Inconclusive(why) | Verdict::Broken(why) | Verdict::Unmeasured(why) => {
            format!("{case}: {word}: {why}")
        }
    }
}

/// The day of a moment, as `2026-11-19`.
pub(crate) fn day(unix_ms: u64) -> String {
    let text = exact(unix_ms);
    text.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: RatioRecord = RatioRecord {
        pairs: 10,
        ratio: 1.061,
        low: 1.042,
        high: 1.079,
        p_value: 0.002,
    };

    fn told(verdict: &Verdict, ratio: Option<&RatioRecord>) -> String {
        // `date -u -d 2026-11-18 +%s`, and half a day.
        sentence(
            "coder/tg128",
            "anchor",
            verdict,
            ratio,
            Some(1_795_003_200_000),
        )
    }

    #[test]
    fn what_was_found_is_one_sentence() {
        assert_eq!(
            told(&Verdict::Worse, Some(&FOUND)),
            "coder/tg128: 6.1 % slower than anchor (95 % interval 4.2 to 7.9), since 2026-11-18"
        );
        let faster = RatioRecord {
            pairs: 4,
            ratio: 0.95,
            low: 0.93,
            high: 0.97,
            ..FOUND
        };
        assert_eq!(
            told(&Verdict::Better, Some(&faster)),
            "coder/tg128: 5.0 % faster than anchor (88 % interval -7.0 to -3.0)"
        );
        assert_eq!(
            told(&Verdict::Same, Some(&FOUND)),
            "coder/tg128: as fast as anchor: +6.1 % (95 % interval 4.2 to 7.9)"
        );
        let unmeasured = Verdict::Unmeasured("the base: it crashed".to_owned());
        assert_eq!(
            told(&unmeasured, None),
            "coder/tg128: not measured: the base: it crashed"
        );
        let noisy = Verdict::Inconclusive("a noisy night".to_owned());
        assert_eq!(
            told(&noisy, Some(&FOUND)),
            "coder/tg128: inconclusive: a noisy night"
        );
    }
}
