//! What a case promises, held against what came of it.

use std::fmt;
use std::time::Duration;

use crate::observed::Observed;

/// What a busy machine may add to any time. Cases run side by side and beside other work: a supervisor that
/// is scheduled late has said nothing wrong.
pub(crate) const SLACK: Duration = Duration::from_secs(2);
/// From the end of a window to the verdict: the confirming sample.
pub(crate) const CONFIRMATION: Duration = Duration::from_secs(1);
/// From the verdict to the end of the command: the whole ladder.
pub(crate) const LADDER: Duration = Duration::from_secs(3);

/// What is promised of a case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// `stop.reason` of the JSON report, or [`NOT_STARTED`](crate::observed::NOT_STARTED); `None` where
    /// there is no report.
    pub(crate) verdict: Option<&'static str>,
    /// `stop.stall.cause`, where it is a stall; several, apart by `|`, where the machine decides.
    pub(crate) cause: Option<&'static str>,
    /// The exit code.
    pub(crate) code: i32,
    /// The text that must be delivered.
    pub(crate) text: Text,
    /// Words that must be on one line of standard error, in any order.
    pub(crate) told: &'static [&'static str],
    /// The longest time from the last sign of life to the verdict, without [`SLACK`].
    pub(crate) to_verdict: Option<Duration>,
    /// The shortest such time: whoever is silent for less may be slow.
    pub(crate) not_before: Option<Duration>,
    /// The longest time from the verdict to the exit of the command, without [`SLACK`].
    pub(crate) to_end: Option<Duration>,
    /// Files that may be left beside those of every run, by their names.
    pub(crate) may_leave: &'static [&'static str],
}

/// The text that must be delivered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text {
    /// Exactly this.
    Is(&'static str),
    /// So many numbered pieces of `pace`, each `0 `, `1 ` … after this.
    Paced(&'static str, usize),
    /// It begins so, and may go on.
    Begins(&'static str),
    /// Whatever it is.
    Any,
}

impl Expected {
    /// A run that is done: exit 0, and this text.
    pub(crate) const fn done(text: Text) -> Self {
        Self {
            verdict: Some("eos"),
            cause: None,
            code: 0,
            text,
            told: &[],
            to_verdict: None,
            not_before: None,
            to_end: Some(LADDER),
            may_leave: &[],
        }
    }

    /// A crash that nobody asked for.
    pub(crate) const fn crashed(text: Text) -> Self {
        Self {
            verdict: Some("crashed"),
            code: 7,
            ..Self::done(text)
        }
    }

    /// A stall that is told so long after the last sign of life, at most.
    pub(crate) const fn stalled(cause: &'static str, within: Duration, text: Text) -> Self {
        Self {
            verdict: Some("stalled"),
            cause: Some(cause),
            code: 125,
            to_verdict: Some(within),
            ..Self::done(text)
        }
    }

    /// What is not as promised.
    pub(crate) fn complaints(&self, observed: &Observed) -> Vec<Complaint> {
        let mut all = Vec::new();
        let mut must =
            |what: &'static str, holds: bool, expected: &dyn fmt::Debug, found: &dyn fmt::Debug| {
                if !holds {
                    let detail = format!("expected {expected:?}, found {found:?}");
                    all.push(Complaint { what, detail });
                }
            };
        must(
            "exit code",
            observed.code == Some(self.code),
            &self.code,
            &observed.code,
        );
        let verdict = observed.verdict.as_deref();
        must("verdict", verdict == self.verdict, &self.verdict, &verdict);
        let cause = observed.cause.as_deref();
        let known = match (self.cause, cause) {
            (Some(expected), Some(found)) => expected.split('|').any(|one| one == found),
            (expected, found) => expected == found,
        };
        must("cause", known, &self.cause, &cause);
        must(
            "text",
            self.text.fits(&observed.text),
            &self.text,
            &observed.text,
        );
        let told = |line: &str| self.told.iter().all(|word| line.contains(word));
        let line = self.told.is_empty() || observed.stderr.lines().any(told);
        must("standard error", line, &self.told, &observed.stderr);
        let (least, most, found) = (self.not_before, self.to_verdict, observed.to_verdict);
        let early = least.is_some_and(|least| found.is_none_or(|found| found < least));
        must("time to verdict, at least", !early, &least, &found);
        let late = most.is_some_and(|most| found.is_none_or(|found| found > most + SLACK));
        must("time to verdict", !late, &most, &found);
        // Of a run that was not started, and of one that has no report, nothing tells it.
        let (most, found) = (self.to_end, observed.to_end);
        let late = most
            .zip(found)
            .is_some_and(|(most, found)| found > most + SLACK);
        must("time to end", !late, &most, &found);
        must(
            "processes left",
            observed.processes.is_empty(),
            &0,
            &observed.processes,
        );
        let stray = observed.stray(self.may_leave);
        must("files left", stray.is_empty(), &0, &stray);
        all
    }
}

impl Text {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Is(whole) => text == whole,
            Self::Paced(piece, times) => {
                let whole: String = (0..times).map(|at| format!("{piece}{at} ")).collect();
                // Where the program ends its text is a matter of the backend.
                text.trim_end() == whole.trim_end()
            }
            Self::Begins(start) => text.starts_with(start),
            Self::Any => true,
        }
    }
}

/// A promise that was broken.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) what: &'static str,
    pub(crate) detail: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.detail)
    }
}
