//! The report of a run of the suite: `target/faults.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{env, fs, io};

use libtest_mimic::Arguments;

use crate::case::{Case, Name};
use crate::observed::Observed;

/// What became of a case.
pub(crate) enum Line {
    Passed(Box<Observed>),
    /// With the promises that were broken.
    Failed(Box<Observed>, Vec<String>),
    /// It could not be tried here, and why.
    Skipped(String),
    /// It panicked.
    Broken(String),
}

#[derive(Default)]
struct Entry {
    slow: bool,
    note: Option<String>,
    line: Option<Line>,
}

/// What became of all cases.
#[derive(Clone, Default)]
pub(crate) struct Report(Arc<Mutex<BTreeMap<Name, Entry>>>);

impl Report {
    /// A report in which nothing has been run yet.
    pub(crate) fn of(cases: &[Case]) -> Self {
        let entry = |case: &Case| {
            let entry = Entry {
                slow: case.slow,
                note: case.note.clone(),
                line: None,
            };
            (case.name.clone(), entry)
        };
        let entries: BTreeMap<_, _> = cases.iter().map(entry).collect();
        assert_eq!(entries.len(), cases.len(), "two cases have the same name");
        Self(Arc::new(Mutex::new(entries)))
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<Name, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what became of a case.
    pub(crate) fn tell(&self, name: &Name, line: Line) {
        self.entries().entry(name.clone()).or_default().line = Some(line);
    }

    /// Writes it; where it is.
    pub(crate) fn write(&self, arguments: &Arguments) -> io::Result<PathBuf> {
        let path = target().join("faults.md");
        fs::write(&path, self.text(arguments))?;
        Ok(path)
    }

    fn text(&self, arguments: &Arguments) -> String {
        let entries = self.entries();
        let count = |which: fn(&Line) -> bool| {
            let lines = entries.values().filter_map(|entry| entry.line.as_ref());
            lines.filter(|line| which(line)).count()
        };
        let passed = count(|line| matches!(line, Line::Passed(_)));
        let failed = count(|line| matches!(line, Line::Failed(..) | Line::Broken(_)));
        let skipped = count(|line| matches!(line, Line::Skipped(_)));
        let command: Vec<_> = env::args().skip(1).collect();
        let mut text = format!(
            "# Faults\n\nWritten by `cargo test --test faults -- {}`: {passed} passed, {failed} \
             failed, {skipped} skipped, {} not run, of {} cases.\n\n",
            command.join(" "),
            entries
                .values()
                .filter(|entry| entry.line.is_none())
                .count(),
            entries.len(),
        );
        text += "| fault | phase | backend | verdict | exit code | to verdict | to end | \
                 processes left | files left | what the user saw |\n\
                 | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
        for (name, entry) in &*entries {
            if let Some(Line::Passed(observed) | Line::Failed(observed, _)) = &entry.line {
                row(&mut text, name, observed);
            }
        }
        for (name, entry) in &*entries {
            let said = match &entry.line {
                Some(Line::Failed(_, complaints)) => format!("failed: {}", complaints.join("; ")),
                Some(Line::Broken(message)) => format!("failed: {message}"),
                Some(Line::Skipped(reason)) => format!("skipped: {reason}"),
                Some(Line::Passed(_)) => continue,
                None if entry.slow && !(arguments.ignored || arguments.include_ignored) => {
                    "not run: slow".to_owned()
                }
                None => "not run: left out by the command line".to_owned(),
            };
            let _ = write!(text, "\n- {name}: {}", cell(&said));
        }
        for (name, entry) in &*entries {
            if let Some(note) = &entry.note {
                let _ = write!(text, "\n- {name}: {}", cell(note));
            }
        }
        text.push('\n');
        text
    }
}

fn row(text: &mut String, name: &Name, observed: &Observed) {
    let verdict = observed.verdict.as_deref().unwrap_or("not started");
    let cause = observed.cause.as_ref().map(|cause| format!(" ({cause})"));
    let code = observed
        .code
        .map_or("signal".to_owned(), |code| code.to_string());
    let files: Vec<_> = observed.stray(&[]);
    let _ = writeln!(
        text,
        "| {} | {} | {} | {verdict}{} | {code} | {} | {} | {} | {} | {} |",
        name.fault,
        name.phase,
        name.backend,
        cause.unwrap_or_default(),
        seconds(observed.to_verdict),
        seconds(observed.to_end),
        observed.processes.len(),
        files.len(),
        cell(&observed.saw()),
    );
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or("–".to_owned(), |time| {
        format!("{:.2} s", time.as_secs_f64())
    })
}

/// Text that stays in its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// Where Cargo puts what it makes: the directory above the profile's.
fn target() -> PathBuf {
    // target/debug/deps/faults-0123456789abcdef
    let test = env::current_exe().expect("the test's own path");
    let target = test.ancestors().nth(3).expect("the target directory");
    target.to_owned()
}
