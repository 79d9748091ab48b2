//! The report for programs: the same figures as in the page's tables.

use std::io::{self, Write};

use serde::Serialize;

use super::page::{ArmGaps, CasePart, Change, LastCase, LastNight, Page, Point, SuitePart};
use crate::history::{ArmRecord, RatioRecord};
use crate::past::when::exact;
use crate::stats::confidence;

/// The form of the document.
const SCHEMA: &str = "orchestrate.report/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    made: String,
    since: Option<String>,
    host: HostDocument<'a>,
    /// Nights of other machines, which are left out.
    nights_elsewhere: usize,
    suites: Vec<SuiteDocument<'a>>,
}

#[derive(Serialize)]
struct HostDocument<'a> {
    fingerprint: &'a str,
    is_here: bool,
    cpu_model: &'a str,
    cpus: u32,
    cpu_quota: Option<f64>,
    memory_bytes: Option<u64>,
}

#[derive(Serialize)]
struct SuiteDocument<'a> {
    suite: &'a str,
    nights: usize,
    first: String,
    unfinished: usize,
    last: Option<NightDocument<'a>>,
    cases: Vec<CaseDocument<'a>>,
}

#[derive(Serialize)]
struct NightDocument<'a> {
    night: u64,
    started: String,
    ended: Option<String>,
    end: Option<&'a str>,
    pairs: u32,
    trials: usize,
    seed: u64,
    version: &'a str,
    environment: serde_json::Value,
    itself: Option<RatioDocument>,
    smallest_effect: Option<f64>,
    unusable: Vec<UnusableDocument<'a>>,
}

#[derive(Serialize)]
struct UnusableDocument<'a> {
    case: &'a str,
    arm: &'a str,
    round: u64,
    why: &'a str,
}

#[derive(Serialize)]
struct RatioDocument {
    pairs: u64,
    ratio: f64,
    low: f64,
    high: f64,
    confidence: f64,
    p_value: f64,
}

#[derive(Serialize)]
struct CaseDocument<'a> {
    case: &'a str,
    measure: &'a str,
    last: Option<LastDocument<'a>>,
    changes: Vec<ChangeDocument<'a>>,
    nights: Vec<PointDocument<'a>>,
}

#[derive(Serialize)]
struct LastDocument<'a> {
    sentence: &'a str,
    base: ArmDocument<'a>,
    candidate: ArmDocument<'a>,
}

#[derive(Serialize)]
struct ArmDocument<'a> {
    label: &'a str,
    build: &'a str,
    model: &'a str,
    settings: &'a str,
    gaps: u64,
    gap_p50_ms: Option<f64>,
    gap_p95_ms: Option<f64>,
    gap_p99_ms: Option<f64>,
    gap_max_ms: Option<f64>,
    gap_counts: Vec<GapDocument>,
}

#[derive(Serialize)]
struct GapDocument {
    from_ms: f64,
    to_ms: f64,
    count: u32,
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    since: Option<String>,
    before: f64,
    after: f64,
    p_value: f64,
    new: &'a [String],
}

#[derive(Serialize)]
struct PointDocument<'a> {
    night: u64,
    started: String,
    build: &'a str,
    base_label: &'a str,
    is_comparable: bool,
    base_ms: Option<f64>,
    candidate_ms: Option<f64>,
    comparison: Option<RatioDocument>,
    finding: &'a str,
    why: Option<&'a str>,
    since: Option<String>,
    peak_rss_bytes: Option<u64>,
    limit_ms: Option<f64>,
}

/// The report as one JSON object.
pub(super) fn render(page: &Page) -> io::Result<String> {
    let host = &page.host;
    let document = Document {
        schema: SCHEMA,
        made: exact(page.made_unix_ms),
        since: page.since_unix_ms.map(exact),
        host: HostDocument {
            fingerprint: &host.fingerprint,
            is_here: page.is_here,
            cpu_model: &host.cpu_model,
            cpus: host.cpus,
            cpu_quota: host.cpu_quota,
            memory_bytes: host.memory_bytes,
        },
        nights_elsewhere: page.elsewhere,
        suites: page.suites.iter().map(suite).collect(),
    };
    let mut text = Vec::new();
    serde_json::to_writer_pretty(&mut text, &document)?;
    writeln!(text)?;
    String::from_utf8(text).map_err(io::Error::other)
}

fn suite(part: &SuitePart) -> SuiteDocument<'_> {
    SuiteDocument {
        suite: &part.name,
        nights: part.nights,
        first: exact(part.first_unix_ms),
        unfinished: part.unfinished,
        last: part.last.as_ref().map(night),
        cases: part.cases.iter().map(case).collect(),
    }
}

fn night(last: &LastNight) -> NightDocument<'_> {
    let (night, end) = (&last.night.night, last.night.end.as_ref());
    let unusable = last.unusable.iter().map(|trial| UnusableDocument {
        case: &trial.case,
        arm: &trial.arm,
        round: trial.round,
        why: &trial.why,
    });
    NightDocument {
        night: last.night.id,
        started: exact(night.started_unix_ms),
        ended: end.map(|end| exact(end.ended_unix_ms)),
        end: end.map(|end| end.end.as_str()),
        pairs: night.pairs,
        trials: last.trials,
        seed: night.seed,
        version: &night.version,
        // What is no JSON says nothing.
        environment: serde_json::from_str(&night.environment).unwrap_or_default(),
        itself: end.and_then(|end| end.itself.as_ref()).map(ratio),
        smallest_effect: end.map(|end| end.smallest_effect),
        unusable: unusable.collect(),
    }
}

fn ratio(found: &RatioRecord) -> RatioDocument {
    let pairs = usize::try_from(found.pairs).unwrap_or(usize::MAX);
    RatioDocument {
        pairs: found.pairs,
        ratio: found.ratio,
        low: found.low,
        high: found.high,
        confidence: confidence(pairs),
        p_value: found.p_value,
    }
}

fn case(case: &CasePart) -> CaseDocument<'_> {
    let last = case.last.as_ref().zip(case.last_point());
    let changes = case.changes.iter().map(|change| self::change(change, case));
    CaseDocument {
        case: &case.name,
        measure: &case.measure,
        last: last.map(|(last, point)| self::last(last, point)),
        changes: changes.collect(),
        nights: case.points.iter().map(point).collect(),
    }
}

fn last<'a>(last: &'a LastCase, point: &'a Point) -> LastDocument<'a> {
    LastDocument {
        sentence: &last.sentence,
        base: arm(&point.case.base, &last.base),
        candidate: arm(&point.case.candidate, &last.candidate),
    }
}

fn arm<'a>(arm: &'a ArmRecord, gaps: &'a ArmGaps) -> ArmDocument<'a> {
    let at = |share| gaps.counts.percentile_ms(share);
    let counts = gaps.counts.buckets();
    let counts = counts.map(|(from_ms, to_ms, count)| GapDocument {
        from_ms,
        to_ms,
        count,
    });
    ArmDocument {
        label: &arm.label,
        build: &arm.build,
        model: &arm.model.fingerprint,
        settings: &arm.settings.hash,
        gaps: gaps.counts.total(),
        gap_p50_ms: at(0.5),
        gap_p95_ms: at(0.95),
        gap_p99_ms: at(0.99),
        gap_max_ms: gaps.longest_ms,
        gap_counts: counts.collect(),
    }
}

fn change<'a>(change: &'a Change, case: &CasePart) -> ChangeDocument<'a> {
    let point = case.points.get(change.at);
    ChangeDocument {
        since: point.map(|point| exact(point.started_unix_ms)),
        before: change.before,
        after: change.after,
        p_value: change.p_value,
        new: &change.new,
    }
}

fn point(point: &Point) -> PointDocument<'_> {
    let (case, finding) = (&point.case, &point.finding);
    PointDocument {
        night: point.night,
        started: exact(point.started_unix_ms),
        build: &case.candidate.build,
        base_label: &case.base.label,
        is_comparable: point.is_comparable,
        base_ms: finding.base_ms,
        candidate_ms: finding.candidate_ms,
        comparison: finding.ratio.as_ref().map(ratio),
        finding: &finding.verdict,
        why: finding.why.as_deref(),
        since: finding.since_unix_ms.map(exact),
        peak_rss_bytes: finding.peak_rss_bytes,
        limit_ms: case.limit_ms,
    }
}
