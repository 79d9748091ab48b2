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

    /// Writes it; where it is. A run that ran nothing, as one that was meant for other tests, leaves an
    /// earlier report alone.
    pub(crate) fn write(&self, arguments: &Arguments) -> io::Result<Option<PathBuf>> {
        if self.entries().values().all(|entry| entry.line.is_none()) {
            return Ok(None);
        }
        let path = target().join("faults.md");
        fs::write(&path, self.text(arguments))?;
        Ok(Some(path))
    }

    fn text(&self, arguments: &Arguments) -> String {
        let entries = self.entries();
        let mut text = head(&entries);
        for (name, entry) in &*entries {
            if let Some(Line::Passed(observed) | Line::Failed(observed, _)) = &entry.line {
                row(&mut text, name, observed);
            }
        }
        let ran_slow = arguments.ignored || arguments.include_ignored;
        let failed = |entry: &Entry| match &entry.line {
            Some(Line::Failed(_, complaints)) => Some(complaints.join("; ")),
            Some(Line::Broken(message)) => Some(message.clone()),
            _ => None,
        };
        list(&mut text, "Failed", &entries, failed);
        list(&mut text, "Not run", &entries, |entry| match &entry.line {
            Some(Line::Skipped(reason)) => Some(format!("skipped: {reason}")),
            Some(_) => None,
            None if entry.slow && !ran_slow => Some("slow, and not asked for".to_owned()),
            None => Some("left out by the command line".to_owned()),
        });
        list(&mut text, "Remarks", &entries, |entry| {
            entry.line.as_ref().and(entry.note.clone())
        });
        text
    }
}

fn head(entries: &BTreeMap<Name, Entry>) -> String {
    let count = |which: fn(&Entry) -> bool| entries.values().filter(|entry| which(entry)).count();
    let passed = count(|entry| matches!(entry.line, Some(Line::Passed(_))));
    let failed = count(|entry| matches!(entry.line, Some(Line::Failed(..) | Line::Broken(_))));
    let skipped = count(|entry| matches!(entry.line, Some(Line::Skipped(_))));
    let left_out = count(|entry| entry.line.is_none());
    let arguments: Vec<_> = env::args().skip(1).collect();
    let whole = match left_out {
        0 => "All of them were run.",
        _ => "This is a part: what was not run is listed below.",
    };
    format!(
        "# Faults\n\n\
         Written by `cargo test --test faults -- {}`. Of {} cases {passed} passed, {failed} failed, {skipped} \
         were skipped and {left_out} left out. {whole}\n\n\
         Times are from the last sign of life to the verdict, and from there to the end of the command.\n\n\
         | fault | phase | backend | verdict | exit code | time to verdict | time to end | processes left | \
         files left | what the user saw |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        arguments.join(" "),
        entries.len(),
    )
}

/// A list of what there is to say of some cases, unless of none.
fn list(
    text: &mut String,
    title: &str,
    entries: &BTreeMap<Name, Entry>,
    said: impl Fn(&Entry) -> Option<String>,
) {
    let lines = entries.iter().filter_map(|(name, entry)| {
        let said = said(entry)?;
        Some(format!("- `{name}`: {}\n", cell(&said)))
    });
    let lines: String = lines.collect();
    if !lines.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {title}\n\n{lines}");
    }
}

fn row(text: &mut String, name: &Name, observed: &Observed) {
    let verdict = observed.verdict.as_deref().unwrap_or("–");
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
        backend(name),
        cause.unwrap_or_default(),
        seconds(observed.to_verdict),
        seconds(observed.to_end),
        observed.processes.len(),
        files.len(),
        cell(&observed.saw()),
    );
}

/// The program, and where it is not the fault kit's, whose.
fn backend(name: &Name) -> String {
    match name.llama {
        "" => name.backend.to_string(),
        llama => format!("llama-{} ({llama})", name.backend),
    }
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
