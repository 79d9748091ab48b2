//! A case as the page shows it: its plots, and the same figures in tables.

use std::collections::BTreeMap;

use minijinja::Value;
use serde::Serialize;

use super::error::ReportError;
use super::html::{Key, key};
use super::page::{ArmGaps, CasePart, LastCase, Point};
use super::plots::{self, Label};
use super::trend::{self, new_builds};
use super::words;
use crate::past::finding::day;
use crate::past::when::minute;
use crate::stats::LEAST_SEGMENT;
use crate::suite::Verdict;

#[derive(Serialize)]
pub(super) struct CaseView {
    id: String,
    name: String,
    finding: String,
    tone: &'static str,
    sentence: String,
    day: String,
    figures: Vec<Figure>,
    arms: Vec<ArmRow>,
    changes: Vec<ChangeRow>,
    no_changes: String,
    gaps: Vec<GapRow>,
    nights_summary: String,
    nights: Vec<NightRow>,
}

/// A plot with its words.
#[derive(Serialize)]
struct Figure {
    title: String,
    legend: Vec<Key>,
    plot: Value,
}

#[derive(Serialize)]
struct ArmRow {
    name: String,
    base: String,
    candidate: String,
}

#[derive(Serialize)]
struct ChangeRow {
    number: usize,
    since: String,
    before: String,
    after: String,
    p_value: String,
    new: String,
}

/// Gaps of about one length.
#[derive(Serialize)]
struct GapRow {
    from: String,
    to: String,
    base: String,
    candidate: String,
}

#[derive(Serialize)]
struct NightRow {
    started: String,
    number: u64,
    build: String,
    against: String,
    candidate: String,
    base: String,
    change: String,
    interval: String,
    pairs: String,
    finding: String,
    tone: &'static str,
    memory: String,
    limit: String,
}

/// A case; `smallest_effect` is that of the last night, as a share.
pub(super) fn case(
    id: &str,
    case: &CasePart,
    smallest_effect: Option<f64>,
) -> Result<CaseView, ReportError> {
    let last = case.last.as_ref().zip(case.last_point());
    let changes = (1..).zip(&case.changes).map(|(number, change)| ChangeRow {
        number,
        since: change.day(&case.points),
        before: words::signed(change.before),
        after: words::signed(change.after),
        p_value: format!("{:.3}", change.p_value),
        new: match change.new.as_slice() {
            [] => "nothing that the history knows".to_owned(),
            new => new.join("; "),
        },
    });
    let own = case
        .points
        .iter()
        .filter(|point| point.comparable().is_some());
    let own = own.count();
    Ok(CaseView {
        id: id.to_owned(),
        name: case.name.clone(),
        finding: last.map_or_else(String::new, |(_, point)| words::word(&point.finding)),
        tone: words::tone(last.and_then(|(_, point)| point.verdict.as_ref())),
        sentence: last.map_or_else(
            || "The last night has not measured it.".to_owned(),
            |(last, _)| last.sentence.clone(),
        ),
        day: last.map_or_else(String::new, |(_, point)| day(point.started_unix_ms)),
        figures: figures(id, case, smallest_effect)?,
        arms: last.map_or_else(Vec::new, |(last, point)| arms(last, point)),
        changes: changes.collect(),
        no_changes: if own < 2 * LEAST_SEGMENT {
            String::new()
        } else {
            format!("The ratio to the base has not changed over {own} nights.")
        },
        gaps: last.map_or_else(Vec::new, |(last, _)| gaps(last)),
        nights_summary: format!("Table of {}", words::count(case.points.len(), "night")),
        nights: case.points.iter().rev().map(night).collect(),
    })
}

fn figures(
    id: &str,
    case: &CasePart,
    smallest_effect: Option<f64>,
) -> Result<Vec<Figure>, ReportError> {
    let label = |what: &str, title: &str, description: String| Label {
        id: format!("{id}-{what}"),
        title: format!("{title}: {}", case.name),
        description,
    };
    let mut figures = Vec::new();
    let mut add = |title: &str, legend: Vec<Key>, plot: Option<String>| {
        figures.extend(plot.map(|plot| Figure {
            title: title.to_owned(),
            legend,
            plot: Value::from_safe_string(plot),
        }));
    };
    let title = "Change against the base";
    let plot = plots::trend(
        case,
        smallest_effect,
        &label("trend", title, trend_text(case)),
    )?;
    add(title, trend_legend(case), plot);
    let title = words::measure(&case.measure);
    let plot = plots::speed(case, &label("speed", title, speed_text(case)))?;
    add(title, speed_legend(case), plot);
    if let Some(last) = &case.last {
        let title = "Gaps between tokens in ms, last night";
        let (base, candidate) = (&last.base, &last.candidate);
        let text = gaps_text(candidate);
        let plot = plots::gaps(&base.counts, &candidate.counts, &label("gaps", title, text))?;
        let legend = vec![key("candidate", "candidate"), key("base", "base")];
        add(title, legend, plot);
    }
    let title = "Peak memory of the candidate";
    let plot = plots::memory(case, &label("memory", title, memory_text(case)))?;
    add(title, Vec::new(), plot);
    Ok(figures)
}

fn trend_legend(case: &CasePart) -> Vec<Key> {
    let own = || {
        case.points
            .iter()
            .filter(|point| point.comparable().is_some())
    };
    let is_there = |verdict: Verdict| own().any(|point| point.verdict.as_ref() == Some(&verdict));
    let other = |point: &Point| !point.is_comparable && point.finding.ratio.is_some();
    let keys = [
        (true, key("candidate", "night")),
        (true, key("interval", "interval")),
        (is_there(Verdict::Worse), key("slower", "slower")),
        (is_there(Verdict::Better), key("faster", "faster")),
        (true, key("nothing", "counts as nothing")),
        (
            !case.changes.is_empty(),
            key("change", "change, and medians between"),
        ),
        (
            case.points.iter().any(other),
            key("base", "against another base"),
        ),
        (
            !new_builds(case).is_empty(),
            key("zero", "another llama.cpp"),
        ),
    ];
    let keys = keys.into_iter().filter(|(is_there, _)| *is_there);
    keys.map(|(_, key)| key).collect()
}

fn speed_legend(case: &CasePart) -> Vec<Key> {
    let mut legend = vec![key("candidate", "candidate"), key("base", "base")];
    if case
        .points
        .iter()
        .any(|point| point.case.limit_ms.is_some())
    {
        legend.push(key("limit", "limit of the memory's bandwidth"));
    }
    legend
}

fn trend_text(case: &CasePart) -> String {
    let changes = case.changes.iter().map(|change| {
        format!(
            " Since {} {} instead of {}.",
            change.day(&case.points),
            words::signed(change.after),
            words::signed(change.before)
        )
    });
    let nights = words::count(case.points.len(), "night");
    format!("{nights}.{}", changes.collect::<String>())
}

fn speed_text(case: &CasePart) -> String {
    let told = |point: &Point| point.finding.candidate_ms;
    let first = case.points.iter().find_map(told);
    let last = case.points.iter().rev().find_map(told);
    let (first, last) = (words::ms(first), words::ms(last));
    format!("From {first} ms in the first night to {last} ms in the last.")
}

fn memory_text(case: &CasePart) -> String {
    let told = |point: &Point| point.finding.peak_rss_bytes;
    let first = case.points.iter().find_map(told);
    let last = case.points.iter().rev().find_map(told);
    let (first, last) = (words::memory(first), words::memory(last));
    format!("From {first} in the first night to {last} in the last.")
}

fn gaps_text(candidate: &ArmGaps) -> String {
    let at = |share| words::ms(candidate.counts.percentile_ms(share));
    format!(
        "Half of the candidate's gaps are at most {} ms, 99 of 100 at most {} ms.",
        at(0.5),
        at(0.99)
    )
}

/// What both arms are, and what they took.
fn arms(last: &LastCase, point: &Point) -> Vec<ArmRow> {
    let (case, finding) = (&point.case, &point.finding);
    let row = |name: &str, base: String, candidate: String| ArmRow {
        name: name.to_owned(),
        base,
        candidate,
    };
    let (base, candidate) = (&case.base, &case.candidate);
    let mut rows = vec![
        row("What it is", base.label.clone(), candidate.label.clone()),
        row("llama.cpp", base.build.clone(), candidate.build.clone()),
        row(
            "Model",
            words::model(&base.model),
            words::model(&candidate.model),
        ),
        row(
            "Median, ms/token",
            words::ms(finding.base_ms),
            words::ms(finding.candidate_ms),
        ),
    ];
    for [key, base, candidate] in trend::differences(&base.settings.json, &candidate.settings.json)
    {
        rows.push(row(&format!("Setting {key}"), base, candidate));
    }
    if let Some(limit) = case.limit_ms {
        let share = |ms: Option<f64>| match ms {
            Some(ms) => format!("{:.0} %", limit / ms * 100.0),
            None => words::NOTHING.to_owned(),
        };
        rows.push(row(
            &format!(
                "Of the speed at the limit, {} ms/token",
                words::ms(Some(limit))
            ),
            share(finding.base_ms),
            share(finding.candidate_ms),
        ));
    }
    if last.candidate.counts.total() > 0 || last.base.counts.total() > 0 {
        let both = |of: &dyn Fn(&ArmGaps) -> String| (of(&last.base), of(&last.candidate));
        let (base, candidate) = both(&|arm| arm.counts.total().to_string());
        rows.push(row("Gaps between tokens", base, candidate));
        for (name, share) in [
            ("Gap, p50, ms", 0.5),
            ("Gap, p95, ms", 0.95),
            ("Gap, p99, ms", 0.99),
        ] {
            let (base, candidate) = both(&|arm| words::ms(arm.counts.percentile_ms(share)));
            rows.push(row(name, base, candidate));
        }
        let (base, candidate) = both(&|arm| words::ms(arm.longest_ms));
        rows.push(row("Gap, longest, ms", base, candidate));
    }
    rows.push(row(
        "Peak memory",
        words::NOTHING.to_owned(),
        words::memory(finding.peak_rss_bytes),
    ));
    rows
}

/// The bars of the histogram.
fn gaps(last: &LastCase) -> Vec<GapRow> {
    // The same bucket of both arms has the same ends, to the last bit.
    let mut buckets: BTreeMap<u64, (f64, f64, [u32; 2])> = BTreeMap::new();
    for (arm, gaps) in [&last.base, &last.candidate].into_iter().enumerate() {
        for (from, to, count) in gaps.counts.buckets() {
            let bucket = buckets.entry(from.to_bits()).or_insert((from, to, [0; 2]));
            bucket.2[arm] = count;
        }
    }
    let totals = [&last.base, &last.candidate].map(|arm| arm.counts.total());
    let share = |arm: usize, counts: [u32; 2]| words::share(counts[arm], totals[arm]);
    let rows = buckets.into_values().map(|(from, to, counts)| GapRow {
        from: words::ms(Some(from)),
        to: words::ms(Some(to)),
        base: share(0, counts),
        candidate: share(1, counts),
    });
    rows.collect()
}

fn night(point: &Point) -> NightRow {
    let (case, finding) = (&point.case, &point.finding);
    let pairs = finding.ratio.map(|ratio| ratio.pairs.to_string());
    NightRow {
        started: minute(point.started_unix_ms),
        number: point.night,
        build: case.candidate.build.clone(),
        against: if point.is_comparable {
            "the same base".to_owned()
        } else {
            case.base.label.clone()
        },
        candidate: words::ms(finding.candidate_ms),
        base: words::ms(finding.base_ms),
        change: words::change(finding.ratio.as_ref()),
        interval: words::interval(finding.ratio.as_ref()),
        pairs: pairs.unwrap_or_else(|| words::NOTHING.to_owned()),
        finding: words::word(finding),
        tone: words::tone(point.verdict.as_ref()),
        memory: words::memory(finding.peak_rss_bytes),
        limit: words::ms(case.limit_ms),
    }
}
