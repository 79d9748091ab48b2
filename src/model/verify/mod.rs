//! `model verify`: whether a model's files are whole, and on request whether all weights are numbers.

mod scan;
mod shape;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::target::{self, TargetError};
use super::words::plain;
use crate::exit::Exit;
use crate::store::{ModelError, ModelParts, Paths, Places, locate_model, read_parts};
use crate::ui::{Console, table};
use crate::units::Bytes;

/// Name and version of the JSON form. A field that changes its meaning changes it.
const SCHEMA: &str = "orchestrate.model-verify/1";
/// Problems, and skipped tensors, that are shown; `--json` has all.
const SHOWN: usize = 10;

/// Why a model was not found sound.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// No model is meant by the word.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A file cannot be read, or is no whole GGUF file.
    #[error("failed to {0}")]
    Model(#[from] ModelError),
    /// The weights cannot be read to their end.
    #[error("failed to read the weights of {path}: {source}", path = path.display())]
    Weights {
        /// Of which file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something is wrong with the model; what it is has been written.
    #[error("{}", found(*.0))]
    Found(usize),
    /// The answer cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

fn found(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("the model is damaged: {count} problem{plural} found; fetch or make it again")
}

impl VerifyError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Target(error) => error.exit(),
            Self::Model(_) | Self::Weights { .. } | Self::Found(_) => Exit::Model,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Internal,
        }
    }
}

/// What was found, as `--json` tells it. Fields may be added, not changed.
#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    files: Vec<PathBuf>,
    file_bytes: u64,
    tensors: u64,
    alignment_bytes: u64,
    /// Whether weights were looked at.
    deep: bool,
    checked_bytes: u64,
    /// Tensors of a type that is newer than this program: neither their size nor their weights are known.
    skipped: Vec<Skipped>,
    problems: Vec<Problem>,
    /// What is unusual, and does no harm.
    notes: Vec<String>,
    sound: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Skipped {
    tensor: String,
    type_number: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Problem {
    file: PathBuf,
    tensor: Option<String>,
    what: String,
    /// The first bad block of a tensor, from 0 (of types without blocks: the first weight).
    index: Option<u64>,
    /// How many of them are bad.
    count: Option<u64>,
}

/// How a model is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Look at every weight, too.
    pub deep: bool,
    /// As JSON (`orchestrate.model-verify/1`).
    pub json: bool,
}

/// Verifies all files of a model.
///
/// # Errors
/// [`VerifyError`]; [`Found`](VerifyError::Found) after the report is written, where it has problems.
pub fn verify(
    word: &str,
    options: Options,
    places: &Places,
    paths: &Paths,
    console: Console,
    out: &mut dyn Write,
) -> Result<(), VerifyError> {
    let path = locate_model(&target::resolve(word, places)?, paths)?;
    let model = read_parts(&path)?;
    let report = report(&model, options.deep, console)?;
    if options.json {
        serde_json::to_writer_pretty(&mut *out, &report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        write_text(&report, places, out)?;
    }
    match report.problems.len() {
        0 => Ok(()),
        count => Err(VerifyError::Found(count)),
    }
}

fn report(model: &ModelParts, deep: bool, console: Console) -> Result<Report, VerifyError> {
    let (mut problems, notes) = shape::look(model)?;
    let mut checked_bytes = 0;
    if deep {
        let scanned = scan::scan(model, console)?;
        checked_bytes = scanned.bytes;
        problems.extend(scanned.problems);
    }
    let unknown = model
        .header
        .table
        .iter()
        .filter(|tensor| tensor.block().is_none());
    let skipped = unknown.map(|tensor| Skipped {
        tensor: tensor.name.clone(),
        type_number: tensor.kind,
    });
    Ok(Report {
        schema: SCHEMA,
        files: model.files.iter().map(|file| file.path.clone()).collect(),
        file_bytes: model.bytes(),
        tensors: model.header.tensors,
        alignment_bytes: model.header.alignment(),
        deep,
        checked_bytes,
        skipped: skipped.collect(),
        sound: problems.is_empty(),
        problems,
        notes,
    })
}

fn write_text(report: &Report, places: &Places, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<(&str, String)> = Vec::new();
    for file in &report.files {
        rows.push(("file", places.shown(file)));
    }
    rows.push((
        "structure",
        format!(
            "{} tensors in {}: inside of the file, none over another, aligned to {}",
            report.tensors,
            Bytes(report.file_bytes),
            report.alignment_bytes
        ),
    ));
    let are_finite = report
        .problems
        .iter()
        .all(|problem| problem.index.is_none());
    rows.push((
        "weights",
        match (report.deep, are_finite) {
            (false, _) => "not looked at; --deep does".to_owned(),
            (true, true) => format!("{} looked at, all finite", Bytes(report.checked_bytes)),
            (true, false) => format!("{} looked at", Bytes(report.checked_bytes)),
        },
    ));
    for skipped in report.skipped.iter().take(SHOWN) {
        let Skipped {
            tensor,
            type_number,
        } = skipped;
        rows.push((
            "skipped",
            format!("{}: unknown type {type_number}", plain(tensor)),
        ));
    }
    rows.extend(report.notes.iter().map(|note| ("note", note.clone())));
    for problem in report.problems.iter().take(SHOWN) {
        let tensor = problem
            .tensor
            .as_deref()
            .map(|tensor| format!("{}: ", plain(tensor)));
        rows.push((
            "problem",
            format!("{}{}", tensor.unwrap_or_default(), problem.what),
        ));
    }
    for (what, all) in [
        ("skipped", report.skipped.len()),
        ("problem", report.problems.len()),
    ] {
        if all > SHOWN {
            rows.push((what, format!("and {} more; --json has all", all - SHOWN)));
        }
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    table::write(&rows, &[], out)
}
