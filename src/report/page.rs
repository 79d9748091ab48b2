//! What a report says, as values.

use crate::history::{CaseRecord, FindingRecord, GapCounts, HostFacts, RatioRecord, StoredNight};
use crate::suite::Verdict;

/// The whole report.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Page {
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub(super) made_unix_ms: u64,
    /// The machine that it is about.
    pub(super) host: HostFacts,
    /// Whether that is the machine on which it was made.
    pub(super) is_here: bool,
    /// Since when nights count, in milliseconds since 1970-01-01 UTC; `None` is all of them.
    pub(super) since_unix_ms: Option<u64>,
    /// Nights of other machines, which are left out.
    pub(super) elsewhere: usize,
    /// Its suites: that with the latest night first.
    pub(super) suites: Vec<SuitePart>,
}

/// A suite and its nights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SuitePart {
    pub(super) name: String,
    /// How many nights there are.
    pub(super) nights: usize,
    /// When the first began, in milliseconds since 1970-01-01 UTC.
    pub(super) first_unix_ms: u64,
    /// The latest night that came to its end; `None` where none did.
    pub(super) last: Option<LastNight>,
    /// Nights after that one, which did not.
    pub(super) unfinished: usize,
    /// Those of the last night in their order, then those that are measured no longer.
    pub(super) cases: Vec<CasePart>,
}

/// The night that a report is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LastNight {
    pub(super) night: StoredNight,
    /// How many trials were made.
    pub(super) trials: usize,
    /// Those of pairs that count for nothing.
    pub(super) unusable: Vec<Unusable>,
}

/// A trial whose pair does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) case: String,
    /// `base` or `candidate`.
    pub(super) arm: String,
    /// From 0.
    pub(super) round: u64,
    pub(super) why: String,
}

/// A case over all nights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CasePart {
    pub(super) name: String,
    /// What it is judged by, such as `ms_per_token`.
    pub(super) measure: String,
    /// The nights with something to tell, the oldest first.
    pub(super) points: Vec<Point>,
    /// Where the ratios to today's base changed, the oldest first.
    pub(super) changes: Vec<Change>,
    /// What the last night says of it; `None` where that has not measured it.
    pub(super) last: Option<LastCase>,
}

/// A case in one night.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// The number of the night.
    pub(super) night: u64,
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub(super) started_unix_ms: u64,
    pub(super) case: CaseRecord,
    pub(super) finding: FindingRecord,
    /// What the finding's words mean; `None` of words from a newer version.
    pub(super) verdict: Option<Verdict>,
    /// Whether it was held against the same as the latest of them all: only such ratios are of one series.
    pub(super) is_comparable: bool,
}

impl Point {
    /// Its ratio, where it belongs to the series.
    pub(super) fn comparable(&self) -> Option<&RatioRecord> {
        let ratio = self.finding.ratio.as_ref();
        ratio.filter(|_| self.is_comparable)
    }
}

/// A night from which on a case was faster or slower than before.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The index of the first point of the new kind.
    pub(super) at: usize,
    /// The median ratio since the change before.
    pub(super) before: f64,
    /// The median ratio up to the next change.
    pub(super) after: f64,
    /// How often shuffled nights show as much.
    pub(super) p_value: f64,
    /// What was new that night of what the history knows: a sentence each.
    pub(super) new: Vec<String>,
}

/// A case in the last night.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LastCase {
    /// The index of its point.
    pub(super) at: usize,
    /// What was found, in a sentence.
    pub(super) sentence: String,
    pub(super) base: ArmGaps,
    pub(super) candidate: ArmGaps,
}

/// The gaps between the tokens of an arm, over all of its pairs.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ArmGaps {
    pub(super) counts: GapCounts,
    /// The longest, in milliseconds.
    pub(super) longest_ms: Option<f64>,
}

impl CasePart {
    /// Its point of the last night.
    pub(super) fn last_point(&self) -> Option<&Point> {
        self.points.get(self.last.as_ref()?.at)
    }
}
