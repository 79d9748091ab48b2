//! The report as people, programs and CI systems read it.

use std::io::{self, Write};

use serde::Serialize;

use super::case::Case;
use super::report::{Done, Report};
use crate::ci::{github, junit};
use crate::past::when;
use crate::ui::{Tone, table};
use crate::units::duration;

/// The version of the JSON. A field changes its meaning only with it.
const SCHEMA: &str = "orchestrate.smoke/1";
/// The same of a list of cases.
const LIST_SCHEMA: &str = "orchestrate.smoke-cases/1";
/// What the suite is called in a JUnit file.
const SUITE: &str = "orchestrate smoke";

/// Writes a line for a case as soon as it is done, and below it what is wrong. `width` is that of the
/// longest name.
pub(super) fn row(done: &Done, width: usize, out: &mut dyn Write) -> io::Result<()> {
    let (tone, word) = if done.is_ok() {
        (Tone::Good, "ok")
    } else {
        (Tone::Bad, "FAILED")
    };
    let time = duration::short(done.took);
    writeln!(
        out,
        "{tone}{word:<6}{tone:#}  {:<width$}  {time:>7}",
        done.name()
    )?;
    if !done.is_ok() {
        // Commands are to be copied: no line is broken.
        for line in done.details() {
            writeln!(out, "        {line}")?;
        }
    }
    out.flush()
}

/// Writes the last lines.
pub(super) fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let failed = report.failed();
    let ok = report.done.len() - failed;
    let mut counts = vec![format!("{ok} ok")];
    if failed > 0 {
        counts.push(format!("{failed} failed"));
    }
    if report.not_run > 0 {
        counts.push(format!("{} not run", report.not_run));
    }
    let programs: Vec<_> = report.programs.iter().map(|one| &*one.build).collect();
    writeln!(
        out,
        "\n{} in {} ({})",
        counts.join(", "),
        duration::short(report.took),
        programs.join(", ")
    )
}

/// An annotation for each failure.
pub(super) fn annotations(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for done in report.done.iter().filter(|done| !done.is_ok()) {
        let title = format!("{SUITE}: {}", done.name());
        writeln!(out, "{}", github::error(&title, &done.details().join("\n")))?;
    }
    Ok(())
}

/// The text of a JUnit file.
pub(super) fn junit(report: &Report) -> io::Result<String> {
    let cases = report.done.iter().map(|done| junit::Case {
        class: format!("smoke.{}", done.case),
        name: done.name(),
        took: done.took,
        failure: (!done.is_ok()).then(|| junit::Failure {
            kind: "failed".to_owned(),
            message: done.problems.first().cloned().unwrap_or_default(),
            details: done.details().join("\n"),
        }),
    });
    junit::write(&junit::Suite {
        name: SUITE.to_owned(),
        timestamp: when::exact(report.began_unix_ms),
        took: report.took,
        properties: properties(report),
        cases: cases.collect(),
    })
}

/// Each program by its name, with its build and its place.
fn properties(report: &Report) -> Vec<(String, String)> {
    let programs = report.programs.iter();
    let told = programs.map(|one| (one.name.to_owned(), format!("{}, {}", one.build, one.path)));
    told.collect()
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    schema: &'static str,
    ok: usize,
    failed: usize,
    not_run: usize,
    total_ms: u64,
    began: String,
    programs: Vec<ToldProgram<'a>>,
    cases: Vec<ToldCase<'a>>,
    exit_code: u8,
}

#[derive(Debug, Serialize)]
struct ToldProgram<'a> {
    name: &'a str,
    build: &'a str,
    path: &'a str,
}

#[derive(Debug, Serialize)]
struct ToldCase<'a> {
    name: String,
    case: &'a str,
    program: Option<&'static str>,
    about: &'a str,
    ok: bool,
    total_ms: u64,
    problems: &'a [String],
    again: &'a str,
    llama_commands: &'a [String],
    last_lines: &'a [String],
}

/// Writes it as one JSON object.
pub(super) fn json(report: &Report, exit_code: u8, out: &mut dyn Write) -> io::Result<()> {
    let told = Told {
        schema: SCHEMA,
        ok: report.done.len() - report.failed(),
        failed: report.failed(),
        not_run: report.not_run,
        total_ms: ms(report.took),
        began: when::exact(report.began_unix_ms),
        programs: report
            .programs
            .iter()
            .map(|one| ToldProgram {
                name: one.name,
                build: &one.build,
                path: &one.path,
            })
            .collect(),
        cases: report.done.iter().map(told).collect(),
        exit_code,
    };
    serde_json::to_writer_pretty(&mut *out, &told)?;
    writeln!(out)
}

fn told(done: &Done) -> ToldCase<'_> {
    ToldCase {
        name: done.name(),
        case: &done.case,
        program: done.program,
        about: &done.about,
        ok: done.is_ok(),
        total_ms: ms(done.took),
        problems: &done.problems,
        again: &done.again,
        llama_commands: &done.llama_commands,
        last_lines: &done.last_lines,
    }
}

fn ms(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Debug, Serialize)]
struct Listed<'a> {
    schema: &'static str,
    cases: Vec<ListedCase<'a>>,
}

#[derive(Debug, Serialize)]
struct ListedCase<'a> {
    name: &'a str,
    about: &'a str,
    needs_profile: bool,
}

/// Writes which cases there are.
pub(super) fn list(cases: &[&Case], json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json {
        let cases = cases.iter().map(|case| ListedCase {
            name: &case.name,
            about: &case.about,
            needs_profile: case.needs_profile(),
        });
        let listed = Listed {
            schema: LIST_SCHEMA,
            cases: cases.collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &listed)?;
        return writeln!(out);
    }
    let mut rows = vec![["CASE", "WHAT MUST BE TRUE"].map(str::to_owned).to_vec()];
    rows.extend(cases.iter().map(|case| {
        let note = if case.needs_profile() {
            " (with --profile)"
        } else {
            ""
        };
        vec![case.name.clone(), format!("{}{note}", case.about)]
    }));
    table::write(&rows, &[], out)
}
