//! The report as people and as programs read it.

use std::io::{self, Write};

use serde::Serialize;

use super::finding::{Checked, Report, State, Value};
use crate::ui::Tone;

/// The version of the JSON. A field changes its meaning only with it.
const SCHEMA: &str = "orchestrate.doctor/1";

/// What a terminal is wide, at least.
const WIDTH: usize = 80;
/// The widths of the first two columns: the longest word of a state, the longest title.
const STATE: usize = 7;
const TITLE: usize = 13;
/// Blanks before what was found, and what is to be done.
const INDENT: usize = STATE + 2 + TITLE + 2;

/// Writes a line for each check; the remedy below what is not well, and with `verbose` the facts too.
pub(super) fn text(report: &Report, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    for checked in &report.checks {
        one(checked, verbose, out)?;
    }
    let counts = State::ALL.into_iter().filter_map(|state| {
        let count = report.count(state);
        let word = match state {
            State::NotApplicable => "not applicable".to_owned(),
            State::Ok => "ok".to_owned(),
            other if count == 1 => other.word().to_owned(),
            other => format!("{}s", other.word()),
        };
        (count > 0).then(|| format!("{count} {word}"))
    });
    let counts: Vec<String> = counts.collect();
    writeln!(
        out,
        "\n{} checks: {}",
        report.checks.len(),
        counts.join(", ")
    )?;
    match report.next_step() {
        Some(step) => {
            let lead = format!("next step ({}):", step.checked.title);
            block("", &format!("{lead} {}", step.remedy), 0, out)
        }
        None => writeln!(out, "nothing needs to be done"),
    }
}

fn one(checked: &Checked, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    let finding = &checked.finding;
    let tone = tone(finding.state);
    let lines = wrapped(&finding.text, WIDTH - INDENT);
    let first = lines.first().map_or("", String::as_str);
    let word = finding.state.word();
    let title = format!("{:<TITLE$}  {first}", checked.title);
    writeln!(out, "{tone}{word:<STATE$}{tone:#}  {}", title.trim_end())?;
    for line in lines.iter().skip(1) {
        writeln!(out, "{:INDENT$}{line}", "")?;
    }
    if let Some(remedy) = &finding.remedy {
        block("-> ", remedy, INDENT, out)?;
    }
    if verbose {
        for fact in &finding.facts {
            // Several words are told one below the other: paths are long.
            match &fact.value {
                Some(Value::Texts(texts)) if texts.iter().any(|text| text.contains(' ')) => {
                    block(
                        "",
                        &format!("{}:", fact.name.replace('_', " ")),
                        INDENT,
                        out,
                    )?;
                    for text in texts {
                        block("- ", text, INDENT, out)?;
                    }
                }
                _ => block("", &fact.shown(), INDENT, out)?,
            }
        }
    }
    Ok(())
}

/// Writes a text below the same indent, with something before its first line.
fn block(before: &str, text: &str, indent: usize, out: &mut dyn Write) -> io::Result<()> {
    let hang = before.chars().count();
    for (index, line) in wrapped(text, WIDTH - indent - hang).iter().enumerate() {
        let lead = if index == 0 { before } else { "" };
        writeln!(out, "{:indent$}{lead:<hang$}{line}", "")?;
    }
    Ok(())
}

/// Breaks a text between words. A word that is longer than a line, such as a path, stays whole.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn tone(state: State) -> Tone {
    match state {
        State::Ok => Tone::Good,
        State::Note | State::NotApplicable => Tone::Quiet,
        State::Warning => Tone::Caution,
        State::Error => Tone::Bad,
    }
}

/// The report, as `--json` tells it.
#[derive(Debug, Serialize)]
struct Told<'a> {
    schema: &'static str,
    errors: usize,
    warnings: usize,
    notes: usize,
    ok: usize,
    not_applicable: usize,
    next_step: Option<&'a str>,
    next_step_check: Option<&'static str>,
    checks: Vec<ToldCheck<'a>>,
}

#[derive(Debug, Serialize)]
struct ToldCheck<'a> {
    check: &'static str,
    title: &'static str,
    state: State,
    finding: &'a str,
    remedy: Option<&'a str>,
    facts: serde_json::Map<String, serde_json::Value>,
}

/// Writes it as one JSON object.
pub(super) fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let told = Told {
        schema: SCHEMA,
        errors: report.count(State::Error),
        warnings: report.count(State::Warning),
        notes: report.count(State::Note),
        ok: report.count(State::Ok),
        not_applicable: report.count(State::NotApplicable),
        next_step: report.next_step().map(|step| step.remedy),
        next_step_check: report.next_step().map(|step| step.checked.check),
        checks: report.checks.iter().map(told).collect::<Result<_, _>>()?,
    };
    serde_json::to_writer_pretty(&mut *out, &told)?;
    writeln!(out)
}

fn told(checked: &Checked) -> serde_json::Result<ToldCheck<'_>> {
    let finding = &checked.finding;
    let facts = finding.facts.iter();
    let facts = facts.map(|fact| Ok((fact.name.to_owned(), serde_json::to_value(&fact.value)?)));
    Ok(ToldCheck {
        check: checked.check,
        title: checked.title,
        state: finding.state,
        finding: &finding.text,
        remedy: finding.remedy.as_deref(),
        facts: facts.collect::<serde_json::Result<_>>()?,
    })
}
