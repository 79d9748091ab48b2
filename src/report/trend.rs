//! A case over the nights: which of its ratios belong together, where they changed, and with what.

use serde_json::{Map, Value};

use super::page::{CasePart, Change, Point};
use crate::history::{ArmRecord, StoredCase};
use crate::past::finding::day;
use crate::stats::change_points;
use crate::suite::Verdict;

/// The nights of a case, the oldest first. `base` is what the ratios of the series are held against
/// ([`base_identity`](crate::history::CaseRecord::base_identity)).
pub(super) fn points(nights: Vec<StoredCase>, base: &str) -> Vec<Point> {
    let points = nights.into_iter().map(|stored| Point {
        night: stored.night,
        started_unix_ms: stored.started_unix_ms,
        verdict: Verdict::read(&stored.finding.verdict, stored.finding.why.as_deref()),
        is_comparable: stored.case.base_identity() == base,
        case: stored.case,
        finding: stored.finding,
    });
    points.collect()
}

/// Where the ratios of the series changed. Those against other bases say nothing of it.
pub(super) fn changes(points: &[Point], seed: u64) -> Vec<Change> {
    let own = points.iter().enumerate();
    let own = own.filter_map(|(index, point)| Some((index, point.comparable()?.ratio)));
    let (places, ratios): (Vec<usize>, Vec<f64>) = own.unzip();
    // As the night itself dates what it finds slower.
    let logarithms: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    let changes = change_points(&logarithms, seed).into_iter();
    let changes = changes.map(|change| Change {
        at: places[change.at],
        before: change.before.exp(),
        after: change.after.exp(),
        p_value: change.p_value,
        new: new_around(points, &places, change.at),
    });
    changes.collect()
}

/// What was new when a series changed, of what the history knows. One night before and one after count too: in
/// noise, a change is easily dated a night off.
fn new_around(points: &[Point], places: &[usize], at: usize) -> Vec<String> {
    let (first, end) = (at.saturating_sub(2), (at + 2).min(places.len()));
    let steps = places[first..end].windows(2);
    let new = steps.flat_map(|step| {
        let (before, after) = (&points[step[0]], &points[step[1]]);
        let is_it = step[1] == places[at];
        let on = (!is_it).then(|| format!(" (on {})", day(after.started_unix_ms)));
        let on = on.unwrap_or_default();
        let told = new(&before.case.candidate, &after.case.candidate);
        told.into_iter().map(move |told| told + &on)
    });
    new.collect()
}

/// What differs between two nights in what was judged.
fn new(before: &ArmRecord, after: &ArmRecord) -> Vec<String> {
    let mut new = Vec::new();
    if before.build != after.build {
        new.push(format!(
            "llama.cpp {} instead of {}",
            after.build, before.build
        ));
    }
    if before.model.fingerprint != after.model.fingerprint {
        new.push("another model file".to_owned());
    }
    if before.settings.hash != after.settings.hash {
        let settings = differences(&before.settings.json, &after.settings.json);
        let settings = settings.into_iter();
        let told =
            settings.map(|[key, before, after]| format!("{key} {after} instead of {before}"));
        new.extend(told);
    }
    new
}

/// Each setting that differs: its key, what it was, and what it is. What cannot be read differs in nothing.
pub(super) fn differences(one: &str, other: &str) -> Vec<[String; 3]> {
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let (one, other) = (read(one), read(other));
    let word = |value: Option<&Value>| match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let differing = keys
        .into_iter()
        .filter(|key| one.get(*key) != other.get(*key));
    differing
        .map(|key| [key.clone(), word(one.get(key)), word(other.get(key))])
        .collect()
}

/// When, in milliseconds since 1970-01-01 UTC, the candidate was first measured with another build of llama.cpp
/// than in the night before.
pub(super) fn new_builds(case: &CasePart) -> Vec<u64> {
    let steps = case.points.windows(2);
    let new = steps.filter(|step| step[0].case.candidate.build != step[1].case.candidate.build);
    new.map(|step| step[1].started_unix_ms).collect()
}

impl Change {
    /// The day of the first night of the new kind.
    pub(super) fn day(&self, points: &[Point]) -> String {
        let point = points.get(self.at);
        point.map_or_else(String::new, |point| day(point.started_unix_ms))
    }
}
