//! The report as a page: every figure as text, every plot as a picture, put into `page.html`.
//!
//! The page needs nothing but itself: no script, no font, no address. Whatever a plot shows stands in a table
//! too.

use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::Serialize;

use super::case_view::{CaseView, case};
use super::error::ReportError;
use super::page::{LastNight, Page, Point, SuitePart};
use super::plots::{self, Label};
use super::words;
use crate::past::finding::day;
use crate::past::when::minute;
use crate::suite::Verdict;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

#[derive(Serialize)]
struct PageView {
    title: String,
    css: Value,
    machine: Vec<Fact>,
    notes: Vec<String>,
    suites: Vec<SuiteView>,
    made: String,
}

/// Something with a name.
#[derive(Serialize)]
struct Fact {
    name: String,
    value: String,
}

/// What a colour stands for.
#[derive(Serialize)]
pub(super) struct Key {
    role: &'static str,
    text: String,
}

#[derive(Serialize)]
struct SuiteView {
    id: String,
    name: String,
    span: String,
    last: Option<NightView>,
    cases: Vec<CaseView>,
}

#[derive(Serialize)]
struct NightView {
    day: String,
    headline: String,
    alarms: Vec<Alarm>,
    plot: Option<Value>,
    legend: Vec<Key>,
    rows: Vec<RowView>,
    facts: Vec<Fact>,
    unusable_summary: String,
    unusable: Vec<UnusableView>,
}

/// A sentence to be read first.
#[derive(Serialize)]
struct Alarm {
    tone: &'static str,
    text: String,
}

#[derive(Serialize)]
struct RowView {
    id: String,
    case: String,
    candidate: String,
    base: String,
    change: String,
    interval: String,
    finding: String,
    tone: &'static str,
    since: String,
}

#[derive(Serialize)]
struct UnusableView {
    case: String,
    arm: String,
    round: u64,
    why: String,
}

/// The page as HTML.
///
/// # Errors
/// [`ReportError::Plot`] and [`ReportError::Template`], which are mistakes of ours.
pub(super) fn render(page: &Page) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.add_template("page.html", PAGE)?;
    let template = environment.get_template("page.html")?;
    Ok(template.render(Value::from(Serde(view(page)?)))?)
}

fn view(page: &Page) -> Result<PageView, ReportError> {
    let suites = (0..).zip(&page.suites);
    Ok(PageView {
        title: format!("Benchmarks of {}", page.host.cpu_model),
        css: Value::from_safe_string(style()),
        machine: machine(page),
        notes: notes(page),
        suites: suites
            .map(|(number, part)| suite(number, part))
            .collect::<Result<_, _>>()?,
        made: format!(
            "Made on {} UTC by orchestrate {}.",
            minute(page.made_unix_ms),
            env!("CARGO_PKG_VERSION")
        ),
    })
}

/// The style sheet with the colours of the plots, which print as on light ground.
fn style() -> String {
    format!(
        "{STYLE}:root{{{}}}@media screen and (prefers-color-scheme: dark){{:root{{{}}}{}}}",
        plots::light_variables(),
        plots::dark_variables(),
        plots::dark_rules()
    )
}

fn fact(name: &str, value: impl Into<String>) -> Fact {
    Fact {
        name: name.to_owned(),
        value: value.into(),
    }
}

/// A key of a legend.
pub(super) fn key(role: &'static str, text: impl Into<String>) -> Key {
    Key {
        role,
        text: text.into(),
    }
}

fn machine(page: &Page) -> Vec<Fact> {
    let mut facts = vec![fact("Machine", words::host(&page.host))];
    let last = || page.suites.iter().filter_map(|suite| suite.last.as_ref());
    if let Some(last) = last().next() {
        facts.extend(environment(&last.night.night.environment));
    }
    let mut builds: Vec<String> = Vec::new();
    let mut models: Vec<String> = Vec::new();
    for case in last().flat_map(|last| &last.night.night.cases) {
        for arm in [&case.candidate, &case.base] {
            let (build, model) = (arm.build.clone(), words::model(&arm.model));
            if !builds.contains(&build) {
                builds.push(build);
            }
            if !models.contains(&model) {
                models.push(model);
            }
        }
    }
    if !builds.is_empty() {
        facts.push(fact("llama.cpp", builds.join(", ")));
        facts.push(fact("Models", models.join("; ")));
    }
    facts.push(fact("Fingerprint", page.host.fingerprint.clone()));
    facts
}

/// What else a night has noted of the machine, in its own words where they are not known here.
fn environment(json: &str) -> Vec<Fact> {
    let facts: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).unwrap_or_default();
    let facts = facts.into_iter().filter_map(|(key, value)| {
        let name = match key.as_str() {
            "governor" => "CPU governor",
            "numa_nodes" => "NUMA nodes",
            other => other,
        };
        let value = match value {
            serde_json::Value::Null => return None,
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        Some(fact(name, value))
    });
    facts.collect()
}

fn notes(page: &Page) -> Vec<String> {
    let mut notes = Vec::new();
    if !page.is_here {
        notes.push("This report was made on another machine than the one it is about.".to_owned());
    }
    if let Some(since) = page.since_unix_ms {
        notes.push(format!("Only nights since {} are told.", day(since)));
    }
    if page.elsewhere > 0 {
        let nights = words::count(page.elsewhere, "night");
        notes.push(format!(
            "Left out: {nights} of other machines, or of this one with other CPUs or limits; --host shows them."
        ));
    }
    notes
}

fn suite(number: usize, part: &SuitePart) -> Result<SuiteView, ReportError> {
    let id = format!("suite-{number}");
    let case_id = |index: usize| format!("{id}-case-{index}");
    let last = part
        .last
        .as_ref()
        .map(|last| night(part, last, &id, &case_id))
        .transpose()?;
    let cases = part.cases.iter().enumerate().map(|(index, found)| {
        let least = part.last.as_ref().and_then(|last| last.night.end.as_ref());
        let least = least.map(|end| end.smallest_effect);
        case(&case_id(index), found, least)
    });
    Ok(SuiteView {
        cases: cases.collect::<Result<_, _>>()?,
        name: part.name.clone(),
        span: span(part),
        last,
        id,
    })
}

fn span(part: &SuitePart) -> String {
    let nights = words::count(part.nights, "night");
    let word = if part.nights == 1 { "on" } else { "since" };
    let mut text = format!("{nights} {word} {}.", day(part.first_unix_ms));
    if part.last.is_some() && part.unfinished > 0 {
        let nights = words::count(part.unfinished, "later night");
        text += &format!(" {nights} did not come to an end.");
    }
    text
}

fn night(
    part: &SuitePart,
    last: &LastNight,
    id: &str,
    case_id: &dyn Fn(usize) -> String,
) -> Result<NightView, ReportError> {
    let points: Vec<&Point> = part
        .cases
        .iter()
        .filter_map(|case| case.last_point())
        .collect();
    let end = last.night.end.clone().unwrap_or_default();
    let day = day(last.night.night.started_unix_ms);
    let rows: Vec<RowView> = part
        .cases
        .iter()
        .enumerate()
        .filter_map(|(index, case)| Some(row(case_id(index), case.last_point()?)))
        .collect();
    let alarms = part.cases.iter().filter_map(|case| {
        let (last, point) = (case.last.as_ref()?, case.last_point()?);
        let tone = words::tone(point.verdict.as_ref());
        let is_worth_it = point.verdict.as_ref() != Some(&Verdict::Same);
        is_worth_it.then(|| Alarm {
            tone,
            text: last.sentence.clone(),
        })
    });
    let mut alarms: Vec<Alarm> = alarms.collect();
    alarms.sort_by_key(|alarm| match alarm.tone {
        "slower" => 0,
        "faster" => 1,
        _ => 2,
    });
    let headline = headline(&points);
    let label = Label {
        id: format!("{id}-night"),
        title: format!("Changes in the night of {day}"),
        description: headline.clone(),
    };
    let plot = plots::changes(&points, end.smallest_effect, &label)?;
    let unusable = last.unusable.iter().map(|trial| UnusableView {
        case: trial.case.clone(),
        arm: trial.arm.clone(),
        round: trial.round,
        why: trial.why.clone(),
    });
    Ok(NightView {
        headline,
        alarms,
        legend: night_legend(&points),
        plot: plot.map(Value::from_safe_string),
        rows,
        facts: night_facts(last),
        unusable_summary: format!("Trials that do not count: {}", last.unusable.len()),
        unusable: unusable.collect(),
        day,
    })
}

/// The colours that occur, and what they stand for.
fn night_legend(points: &[&Point]) -> Vec<Key> {
    let tones = points.iter().filter(|point| point.finding.ratio.is_some());
    let tones: Vec<&str> = tones
        .map(|point| words::tone(point.verdict.as_ref()))
        .collect();
    let keys = [
        ("slower", key("slower", "slower")),
        ("faster", key("faster", "faster")),
        ("same", key("candidate", "same")),
        ("open", key("base", "undecided")),
    ];
    let keys = keys.into_iter().filter(|(tone, _)| tones.contains(tone));
    let keys = keys.map(|(_, key)| key);
    keys.chain([key("nothing", "counts as nothing")]).collect()
}

/// `1 case is slower, 18 are as fast as the base, 1 is undecided.`
fn headline(points: &[&Point]) -> String {
    let count = |is: fn(&Verdict) -> bool| {
        let verdicts = points.iter().filter_map(|point| point.verdict.as_ref());
        verdicts.filter(|verdict| is(verdict)).count()
    };
    let told = [
        (count(|verdict| *verdict == Verdict::Worse), "slower"),
        (
            count(|verdict| matches!(verdict, Verdict::Broken(_))),
            "broken",
        ),
        (count(|verdict| *verdict == Verdict::Better), "faster"),
        (
            count(|verdict| *verdict == Verdict::Same),
            "as fast as the base",
        ),
    ];
    let open = points.len() - told.iter().map(|(cases, _)| cases).sum::<usize>();
    let told = told.into_iter().chain([(open, "undecided")]);
    let parts: Vec<String> = told
        .filter(|(cases, _)| *cases > 0)
        .enumerate()
        .map(|(index, (cases, what))| match (index, cases) {
            (0, 1) => format!("1 case is {what}"),
            (0, cases) => format!("{cases} cases are {what}"),
            (_, 1) => format!("1 is {what}"),
            (_, cases) => format!("{cases} are {what}"),
        })
        .collect();
    parts.join(", ") + "."
}

fn row(id: String, point: &Point) -> RowView {
    let finding = &point.finding;
    RowView {
        id,
        case: point.case.name.clone(),
        candidate: words::ms(finding.candidate_ms),
        base: words::ms(finding.base_ms),
        change: words::change(finding.ratio.as_ref()),
        interval: words::interval(finding.ratio.as_ref()),
        finding: words::word(finding),
        tone: words::tone(point.verdict.as_ref()),
        since: finding.since_unix_ms.map(day).unwrap_or_default(),
    }
}

/// How the night was measured.
fn night_facts(last: &LastNight) -> Vec<Fact> {
    let night = &last.night.night;
    let end = last.night.end.clone().unwrap_or_default();
    let ended = match end.end.as_str() {
        "time_limit" => ", when its time limit came",
        _ => "",
    };
    let mut bases: Vec<&str> = night
        .cases
        .iter()
        .map(|case| case.base.label.as_str())
        .collect();
    bases.dedup();
    let noise = match &end.itself {
        Some(itself) => format!(
            "{} ({})",
            words::change(Some(itself)),
            words::interval(Some(itself))
        ),
        None => "not measured often enough".to_owned(),
    };
    vec![
        fact(
            "Night",
            format!(
                "number {}, {} to {} UTC{ended}",
                last.night.id,
                minute(night.started_unix_ms),
                minute(end.ended_unix_ms)
            ),
        ),
        fact("Held against", bases.join(", ")),
        fact(
            "Measured",
            format!(
                "{} pairs of each case, {} trials in all",
                night.pairs, last.trials
            ),
        ),
        fact("The base against itself", noise),
        fact(
            "Smallest effect that counts",
            format!("{:.1} %", end.smallest_effect * 100.0),
        ),
        fact("Seed", night.seed.to_string()),
        fact("Measured by", format!("orchestrate {}", night.version)),
    ]
}
