//! What people and programs are told of a night.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::finding::{Told, percent};
use super::setup::Setup;
use super::{BenchError, BenchRequest, Form};
use crate::ci::junit::{self, Case, Failure, Suite};
use crate::history::TrialRecord;
use crate::past::when::exact;
use crate::suite::Verdict;
use crate::ui::table;
use crate::units::duration;

/// The form of the JSON document.
const SCHEMA: &str = "orchestrate.bench/1";

/// A file for the JUnit report.
pub(super) fn created(path: &Path) -> Result<(PathBuf, File), BenchError> {
    match File::create(path) {
        Ok(file) => Ok((path.to_owned(), file)),
        Err(source) => Err(BenchError::Junit {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Writes the JUnit report: a case that became slower, or broke, has failed.
pub(super) fn junit(told: &Told<'_>, to: &mut (PathBuf, File)) -> Result<(), BenchError> {
    let cases = told
        .setup
        .cases
        .iter()
        .enumerate()
        .map(|(number, planned)| {
            let found = &told.judgement.cases[number];
            let sentence = told.sentence(number, found);
            Case {
                class: format!("bench.{}", planned.case.profile),
                name: planned.case.name(),
                took: std::time::Duration::try_from_secs_f64(took_ms(told, number) / 1000.0)
                    .unwrap_or_default(),
                failure: found.verdict.is_regression().then(|| Failure {
                    kind: found.verdict.word().to_owned(),
                    message: sentence.clone(),
                    details: sentence,
                }),
            }
        });
    let suite = Suite {
        name: format!("orchestrate bench {}", told.setup.suite.name),
        timestamp: exact(told.started_unix_ms),
        took: told.took,
        properties: vec![("seed".to_owned(), told.seed.to_string())],
        cases: cases.collect(),
    };
    let (path, file) = to;
    let written = junit::write(&suite).and_then(|text| file.write_all(text.as_bytes()));
    written.map_err(|source| BenchError::Junit {
        path: path.clone(),
        source,
    })
}

fn took_ms(told: &Told<'_>, case: usize) -> f64 {
    let own = told.trials.iter().filter(|trial| trial.case == case as u64);
    own.map(|trial| trial.took_ms).sum()
}

/// Tells the night on standard output.
pub(super) fn write(told: &Told<'_>, form: Form, out: &mut dyn Write) -> Result<(), BenchError> {
    let written = match form {
        Form::Table => for_people(told, out),
        Form::Json => json(told, out),
        Form::Csv => csv(told, out),
        Form::Markdown => markdown(told, out),
    };
    match written {
        // Whoever closed it has what they wanted, as with `… | head -1`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(BenchError::Output),
    }
}

const HEAD: [&str; 6] = ["CASE", "MS/TOKEN", "BASE", "CHANGE", "INTERVAL", "FINDING"];

/// Name, medians of both arms, change, interval, finding.
fn row(told: &Told<'_>, case: usize) -> Vec<String> {
    let finding = told.finding(case);
    let found = &told.judgement.cases[case];
    let ms = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}"));
    let (change, interval) = match &found.comparison {
        None => ("-".to_owned(), "-".to_owned()),
        Some(comparison) => {
            let (by, [low, high]) = percent(comparison);
            (format!("{by:+.1} %"), format!("{low:+.1} to {high:+.1}"))
        }
    };
    vec![
        told.setup.cases[case].case.name(),
        ms(finding.candidate_ms),
        ms(finding.base_ms),
        change,
        interval,
        finding.verdict,
    ]
}

fn for_people(told: &Told<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend((0..told.setup.cases.len()).map(|case| row(told, case)));
    table::write(&rows, &[1, 2, 3, 4], out)?;
    writeln!(out)?;
    for line in remarks(told) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Alarms first, then why something could not be told, then how it was measured.
fn remarks(told: &Told<'_>) -> Vec<String> {
    let mut lines = told.alarms();
    for (number, found) in told.judgement.cases.iter().enumerate() {
        let is_open = matches!(
            found.verdict,
            Verdict::Inconclusive(_) | Verdict::Unmeasured(_)
        );
        if is_open {
            lines.push(told.sentence(number, found));
        }
    }
    let least = told.judgement.smallest_effect * 100.0;
    lines.push(match &told.judgement.itself {
        Some(itself) => format!(
            "The base against itself: {:+.1} %; less than {least:.1} % counts as nothing.",
            percent(itself).0
        ),
        None => "The base was not held against itself often enough to know the noise.".to_owned(),
    });
    let (trials, took) = (told.trials.len(), duration::short(told.took));
    let dropped: usize = told
        .judgement
        .cases
        .iter()
        .map(|case| case.dropped.len())
        .sum();
    let dropped = match dropped {
        0 => String::new(),
        1 => ", 1 pair dropped".to_owned(),
        many => format!(", {many} pairs dropped"),
    };
    let ended = match told.end {
        "done" => "",
        "time_limit" => "; the time limit came first",
        _ => "; interrupted",
    };
    let seed = told.seed;
    lines.push(format!(
        "{trials} trials in {took}{dropped}{ended}. Seed {seed}."
    ));
    lines
}

fn markdown(told: &Told<'_>, out: &mut dyn Write) -> io::Result<()> {
    let escaped = |cell: &String| cell.replace('|', "\\|");
    writeln!(out, "### orchestrate bench {}\n", told.setup.suite.name)?;
    writeln!(
        out,
        "| case | ms/token | base | change | interval | finding |"
    )?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | --- |")?;
    for case in 0..told.setup.cases.len() {
        let mut cells: Vec<String> = row(told, case).iter().map(escaped).collect();
        if told.judgement.cases[case].verdict.is_regression()
            && let Some(last) = cells.last_mut()
        {
            *last = format!("**{last}**");
        }
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    writeln!(out)?;
    for line in remarks(told) {
        writeln!(out, "- {}", line.replace('|', "\\|"))?;
    }
    Ok(())
}

fn csv(told: &Told<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "trial,case,measure,arm,role,round,started,took_ms,figure_ms,failure,disturbed,prompt_tokens,\
         cached_tokens,generated_tokens,load_ms,ttft_ms,prefill_ms,ms_per_token,tpot_ms,\
         total_ms_per_token,gap_p50_ms,gap_p95_ms,gap_p99_ms,gap_max_ms,peak_rss_bytes"
    )?;
    for trial in &told.trials {
        let document = TrialDocument::of(told, trial);
        let value = serde_json::to_value(&document).map_err(io::Error::other)?;
        let cells = CSV_COLUMNS.map(|column| quoted(&value[column]));
        writeln!(out, "{}", cells.join(","))?;
    }
    Ok(())
}

#[rustfmt::skip]
const CSV_COLUMNS: [&str; 25] = [
    "trial", "case", "measure", "arm", "role", "round", "started", "took_ms", "figure_ms", "failure",
    "disturbed", "prompt_tokens", "cached_tokens", "generated_tokens", "load_ms", "ttft_ms", "prefill_ms",
    "ms_per_token", "tpot_ms", "total_ms_per_token", "gap_p50_ms", "gap_p95_ms", "gap_p99_ms", "gap_max_ms",
    "peak_rss_bytes",
];

/// As RFC 4180 has it; nothing for what was not measured.
fn quoted(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) if text.contains(['"', ',', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    suite: String,
    seed: u64,
    started: String,
    end: &'static str,
    night: Option<u64>,
    trials_made: usize,
    took_ms: u128,
    has_regression: bool,
    smallest_effect: f64,
    itself: Option<RatioDocument>,
    cases: Vec<CaseDocument>,
    trials: Vec<TrialDocument>,
}

#[derive(Serialize)]
struct RatioDocument {
    pairs: usize,
    ratio: f64,
    low: f64,
    high: f64,
    confidence: f64,
    p_value: f64,
    noise: f64,
}

#[derive(Serialize)]
struct CaseDocument {
    case: String,
    measure: &'static str,
    base: String,
    candidate: String,
    base_ms: Option<f64>,
    candidate_ms: Option<f64>,
    limit_share: Option<f64>,
    peak_rss_bytes: Option<u64>,
    finding: String,
    why: Option<String>,
    comparison: Option<RatioDocument>,
    since: Option<String>,
    dropped: Vec<DroppedDocument>,
    sentence: String,
}

#[derive(Serialize)]
struct DroppedDocument {
    round: u32,
    why: String,
}

#[derive(Serialize)]
struct TrialDocument {
    trial: u64,
    case: String,
    measure: &'static str,
    arm: String,
    role: String,
    round: u64,
    started: String,
    took_ms: f64,
    figure_ms: Option<f64>,
    failure: Option<String>,
    disturbed: Option<String>,
    prompt_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    generated_tokens: Option<u64>,
    load_ms: Option<f64>,
    ttft_ms: Option<f64>,
    prefill_ms: Option<f64>,
    ms_per_token: Option<f64>,
    tpot_ms: Option<f64>,
    total_ms_per_token: Option<f64>,
    gap_p50_ms: Option<f64>,
    gap_p95_ms: Option<f64>,
    gap_p99_ms: Option<f64>,
    gap_max_ms: Option<f64>,
    peak_rss_bytes: Option<u64>,
}

impl TrialDocument {
    fn of(told: &Told<'_>, trial: &TrialRecord) -> Self {
        let planned = usize::try_from(trial.case)
            .ok()
            .and_then(|case| told.setup.cases.get(case));
        let figures = trial.figures;
        Self {
            trial: trial.number,
            case: planned
                .map(|planned| planned.case.name())
                .unwrap_or_default(),
            measure: planned.map_or("", |planned| planned.case.spec.shape.measure().name()),
            arm: trial.arm.clone(),
            role: trial.role.clone(),
            round: trial.round,
            started: exact(trial.started_unix_ms),
            took_ms: trial.took_ms,
            figure_ms: trial.figure_ms,
            failure: trial.failure.clone(),
            disturbed: trial.disturbed.clone(),
            prompt_tokens: figures.prompt_tokens,
            cached_tokens: figures.cached_tokens,
            generated_tokens: figures.generated_tokens,
            load_ms: figures.load_ms,
            ttft_ms: figures.ttft_ms,
            prefill_ms: figures.prefill_ms,
            ms_per_token: figures.ms_per_token,
            tpot_ms: figures.tpot_ms,
            total_ms_per_token: figures.total_ms_per_token,
            gap_p50_ms: figures.gap_p50_ms,
            gap_p95_ms: figures.gap_p95_ms,
            gap_p99_ms: figures.gap_p99_ms,
            gap_max_ms: figures.gap_max_ms,
            peak_rss_bytes: figures.peak_rss_bytes,
        }
    }
}

fn ratio(found: &crate::stats::Comparison) -> RatioDocument {
    RatioDocument {
        pairs: found.pairs,
        ratio: found.ratio,
        low: found.interval.low,
        high: found.interval.high,
        confidence: found.interval.confidence,
        p_value: found.p_value,
        noise: found.noise,
    }
}

fn case_document(told: &Told<'_>, number: usize) -> CaseDocument {
    let planned = &told.setup.cases[number];
    let found = &told.judgement.cases[number];
    let finding = told.finding(number);
    let [base, candidate] = &planned.arms;
    let dropped = found.dropped.iter().map(|dropped| DroppedDocument {
        round: dropped.round,
        why: dropped.why.clone(),
    });
    let limit = told.limits_ms.get(number).copied().flatten();
    CaseDocument {
        case: planned.case.name(),
        measure: planned.case.spec.shape.measure().name(),
        base: base.label.clone(),
        candidate: candidate.label.clone(),
        limit_share: limit
            .zip(finding.candidate_ms)
            .map(|(limit, ms)| limit / ms),
        base_ms: finding.base_ms,
        candidate_ms: finding.candidate_ms,
        peak_rss_bytes: finding.peak_rss_bytes,
        finding: finding.verdict,
        why: finding.why,
        comparison: found.comparison.as_ref().map(ratio),
        since: finding.since_unix_ms.map(exact),
        dropped: dropped.collect(),
        sentence: told.sentence(number, found),
    }
}

fn json(told: &Told<'_>, out: &mut dyn Write) -> io::Result<()> {
    let trials = told.trials.iter();
    let document = Document {
        schema: SCHEMA,
        suite: told.setup.suite.name.clone(),
        seed: told.seed,
        started: exact(told.started_unix_ms),
        end: told.end,
        night: told.night,
        trials_made: told.trials.len(),
        took_ms: told.took.as_millis(),
        has_regression: told.has_regression(),
        smallest_effect: told.judgement.smallest_effect,
        itself: told.judgement.itself.as_ref().map(ratio),
        cases: (0..told.setup.cases.len())
            .map(|case| case_document(told, case))
            .collect(),
        trials: trials.map(|trial| TrialDocument::of(told, trial)).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

/// What would be measured.
pub(super) fn plan(
    setup: &Setup,
    request: &BenchRequest,
    out: &mut dyn Write,
) -> Result<(), BenchError> {
    let write = |out: &mut dyn Write| -> io::Result<()> {
        let cases = setup.cases.iter().map(|planned| {
            let [base, candidate] = &planned.arms;
            let start = planned.case.spec.start.name();
            (
                planned.case.name(),
                start,
                base.label.clone(),
                candidate.label.clone(),
            )
        });
        if request.form == Form::Json {
            let cases: Vec<_> = cases
                .map(|(case, start, base, candidate)| {
                    serde_json::json!({ "case": case, "start": start, "base": base, "candidate": candidate })
                })
                .collect();
            let document = serde_json::json!({
                "schema": SCHEMA, "suite": setup.suite.name, "seed": setup.seed,
                "pairs": setup.suite.pairs, "dry_run": true, "cases": cases,
            });
            serde_json::to_writer_pretty(&mut *out, &document)?;
            return writeln!(out);
        }
        let mut rows = vec![
            ["CASE", "START", "BASE", "CANDIDATE"]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(
            cases.map(|(case, start, base, candidate)| {
                vec![case, start.to_owned(), base, candidate]
            }),
        );
        table::write(&rows, &[], out)?;
        let limit = duration::short(setup.suite.time_limit);
        let (pairs, seed) = (setup.suite.pairs, setup.seed);
        writeln!(
            out,
            "\n{pairs} pairs of each, in at most {limit}. Seed {seed}."
        )
    };
    write(out).map_err(BenchError::Output)
}
