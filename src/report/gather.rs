//! From the history to what a report says. Nothing is computed here that a night has already said.

use std::collections::HashMap;

use super::error::ReportError;
use super::page::{ArmGaps, CasePart, LastCase, LastNight, Page, Point, SuitePart, Unusable};
use super::trend;
use crate::history::{History, HostFacts, NightFilter, StoredCase, StoredNight, TrialRecord};
use crate::past::finding::{day, sentence};
use crate::suite::Verdict;

/// Of which nights a report is made.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wish {
    /// The fingerprint of the machine, or how it begins; `None` is this one.
    pub(super) host: Option<String>,
    /// This one's fingerprint.
    pub(super) here: String,
    /// Of this suite alone.
    pub(super) suite: Option<String>,
    /// Not those that began before, in milliseconds since 1970-01-01 UTC.
    pub(super) since_unix_ms: Option<u64>,
    /// The time of day, likewise.
    pub(super) now_unix_ms: u64,
}

/// The words for the end of a night that nobody has interrupted.
const COMPLETE: [&str; 2] = ["done", "time_limit"];

/// Gathers a report. `say` is told what is being done, again and again.
///
/// # Errors
/// [`ReportError`] where the history cannot be read, or has no such night.
pub(super) fn gather(
    history: &mut History,
    wish: &Wish,
    say: &mut dyn FnMut(&str),
) -> Result<Page, ReportError> {
    let all = history.nights_alone(&NightFilter::default())?;
    let host = host(&all, wish)?;
    let elsewhere = all.len();
    let mut own = all;
    own.retain(|night| night.night.host.fingerprint == host.fingerprint);
    let elsewhere = elsewhere - own.len();
    select(&mut own, wish)?;
    let mut names: Vec<String> = Vec::new();
    for night in &own {
        if !names.contains(&night.night.suite) {
            names.push(night.night.suite.clone());
        }
    }
    let mut suites = Vec::new();
    for name in names {
        let nights: Vec<&StoredNight> = own
            .iter()
            .filter(|night| night.night.suite == name)
            .collect();
        suites.push(suite(history, &name, &nights, wish, say)?);
    }
    Ok(Page {
        made_unix_ms: wish.now_unix_ms,
        is_here: host.fingerprint == wish.here,
        host,
        since_unix_ms: wish.since_unix_ms,
        elsewhere,
        suites,
    })
}

/// The machine whose nights are told.
fn host(nights: &[StoredNight], wish: &Wish) -> Result<HostFacts, ReportError> {
    if nights.is_empty() {
        return Err(ReportError::Empty);
    }
    let wanted = wish.host.as_ref().unwrap_or(&wish.here);
    let mut hosts: Vec<&HostFacts> = Vec::new();
    for night in nights {
        if hosts
            .iter()
            .all(|host| host.fingerprint != night.night.host.fingerprint)
        {
            hosts.push(&night.night.host);
        }
    }
    let found: Vec<&&HostFacts> = hosts
        .iter()
        .filter(|host| !wanted.is_empty() && host.fingerprint.starts_with(wanted))
        .collect();
    if let [host] = found[..] {
        return Ok((**host).clone());
    }
    let known = hosts.iter().map(|host| {
        format!(
            "{} ({}, {} CPUs)",
            host.fingerprint, host.cpu_model, host.cpus
        )
    });
    Err(ReportError::OtherHosts {
        which: match &wish.host {
            Some(host) => format!("the machine \"{host}\""),
            None => format!("this machine ({})", wish.here),
        },
        known: known.collect::<Vec<_>>().join(", "),
    })
}

/// Leaves out what is not wanted.
fn select(nights: &mut Vec<StoredNight>, wish: &Wish) -> Result<(), ReportError> {
    if let Some(name) = &wish.suite {
        let mut known: Vec<String> = nights
            .iter()
            .map(|night| format!("\"{}\"", night.night.suite))
            .collect();
        known.sort_unstable();
        known.dedup();
        nights.retain(|night| night.night.suite == *name);
        if nights.is_empty() {
            return Err(ReportError::NoSuite {
                name: name.clone(),
                known: known.join(", "),
            });
        }
    }
    if let Some(since) = wish.since_unix_ms {
        let latest = nights.first().map(|night| night.night.started_unix_ms);
        nights.retain(|night| night.night.started_unix_ms >= since);
        if nights.is_empty() {
            return Err(ReportError::NoneSince {
                since: day(since),
                latest: day(latest.unwrap_or_default()),
            });
        }
    }
    Ok(())
}

/// A suite by its nights, the latest first.
fn suite(
    history: &mut History,
    name: &str,
    nights: &[&StoredNight],
    wish: &Wish,
    say: &mut dyn FnMut(&str),
) -> Result<SuitePart, ReportError> {
    let is_complete = |night: &&&StoredNight| {
        let end = night.end.as_ref();
        end.is_some_and(|end| COMPLETE.contains(&end.end.as_str()))
    };
    say(&format!("reading the nights of {name}"));
    let last = nights.iter().find(is_complete);
    let unfinished = nights.iter().position(|night| is_complete(&night));
    let host = nights
        .first()
        .map(|night| night.night.host.fingerprint.clone());
    let stored = history.case_trends(&NightFilter {
        suite: Some(name.to_owned()),
        host,
        since_unix_ms: wish.since_unix_ms,
        ..NightFilter::default()
    })?;
    let last = match last {
        None => None,
        Some(night) => history.night(night.id)?,
    };
    let trials = match &last {
        None => Vec::new(),
        Some(night) => history.trials(night.id)?,
    };
    let seed = last.as_ref().map_or(0, |night| night.night.seed);
    let mut cases = Vec::new();
    for (case, nights) in by_case(stored, last.as_ref()) {
        say(&format!("{name}: {case}"));
        cases.push(one_case(case, nights, last.as_ref(), &trials, seed));
    }
    Ok(SuitePart {
        name: name.to_owned(),
        nights: nights.len(),
        first_unix_ms: nights.last().map_or(0, |night| night.night.started_unix_ms),
        unfinished: unfinished.unwrap_or(nights.len()),
        last: last.map(|night| LastNight {
            unusable: unusable(&night, &trials),
            trials: trials.len(),
            night,
        }),
        cases,
    })
}

/// The nights of each case that have come to something: the cases of the last night in its order, then the
/// others by their names.
fn by_case(stored: Vec<StoredCase>, last: Option<&StoredNight>) -> Vec<(String, Vec<StoredCase>)> {
    let mut found: HashMap<String, Vec<StoredCase>> = HashMap::new();
    for case in stored {
        // A night that is under way, or whose process died, has found nothing.
        if !case.finding.verdict.is_empty() {
            found.entry(case.case.name.clone()).or_default().push(case);
        }
    }
    let mut cases: Vec<_> = found.into_iter().collect();
    let place = |name: &str| {
        let mut names = last.iter().flat_map(|night| &night.night.cases);
        names.position(|case| case.name == name)
    };
    cases.sort_by_cached_key(|(name, _)| (place(name).unwrap_or(usize::MAX), name.clone()));
    cases
}

fn one_case(
    name: String,
    nights: Vec<StoredCase>,
    last: Option<&StoredNight>,
    trials: &[TrialRecord],
    seed: u64,
) -> CasePart {
    let of_last = |case: &StoredCase| last.is_some_and(|night| night.id == case.night);
    let at = nights.iter().position(of_last);
    let latest = at.or(nights.len().checked_sub(1));
    let latest = latest.and_then(|latest| nights.get(latest));
    let base = latest.map_or_else(String::new, |latest| latest.case.base_identity());
    let measure = latest.map_or_else(String::new, |latest| latest.case.measure.clone());
    let points = trend::points(nights, &base);
    let last = at.zip(last).and_then(|(at, night)| {
        let mut cases = night.night.cases.iter();
        let number = cases.position(|case| case.name == name)?;
        Some(last_case(at, points.get(at)?, number as u64, trials))
    });
    CasePart {
        changes: trend::changes(&points, seed),
        name,
        measure,
        points,
        last,
    }
}

fn last_case(at: usize, point: &Point, number: u64, trials: &[TrialRecord]) -> LastCase {
    let gaps = |arm: &str| {
        let own = trials
            .iter()
            .filter(|trial| trial.case == number && trial.arm == arm && trial.role == "pair");
        let mut gaps = ArmGaps::default();
        for trial in own {
            gaps.counts.add(&trial.gaps);
            let longest = trial.figures.gap_max_ms;
            gaps.longest_ms = gaps.longest_ms.into_iter().chain(longest).reduce(f64::max);
        }
        gaps
    };
    let finding = &point.finding;
    let why = finding.why.clone().unwrap_or_default();
    let verdict = point.verdict.clone();
    LastCase {
        at,
        sentence: sentence(
            &point.case.name,
            &point.case.base.label,
            &verdict.unwrap_or(Verdict::Unmeasured(why)),
            finding.ratio.as_ref(),
            finding.since_unix_ms,
        ),
        base: gaps("base"),
        candidate: gaps("candidate"),
    }
}

/// The trials of pairs that were disturbed or failed, in the order of the night.
fn unusable(night: &StoredNight, trials: &[TrialRecord]) -> Vec<Unusable> {
    let of_pairs = trials.iter().filter(|trial| trial.role == "pair");
    let unusable = of_pairs.filter_map(|trial| {
        let why = trial.disturbed.as_ref().or(trial.failure.as_ref())?;
        let number = usize::try_from(trial.case).ok()?;
        Some(Unusable {
            case: night.night.cases.get(number)?.name.clone(),
            arm: trial.arm.clone(),
            round: trial.round,
            why: why.clone(),
        })
    });
    unusable.collect()
}
