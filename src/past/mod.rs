//! `orchestrate history`: looking at the records of past runs, exporting and pruning them.
//!
//! What was asked for is a [`Request`]; [`execute`] answers it into a writer. The answers go to
//! standard output and pipe well: plain aligned text, or JSON and CSV for programs.

mod facts;
pub(crate) mod finding;
mod list;
#[cfg(test)]
mod tests;
pub(crate) mod when;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::exit::Exit;
use crate::history::{Filter, History, HistoryError, Retention};
use crate::profile::HistoryPolicy;
use crate::ui::Console;

pub use when::NotSince;

/// Runs that are read at a time: a long history is never in memory as a whole.
const PAGE: u64 = 1000;

/// One thing to ask about past runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The latest runs.
    List {
        /// Which.
        selection: Selection,
        /// At most so many.
        limit: u64,
        /// As JSON.
        json: bool,
    },
    /// One run.
    Show {
        /// Its number.
        id: u64,
        /// As JSON.
        json: bool,
    },
    /// All runs, for programs.
    Export {
        /// Which.
        selection: Selection,
        /// In which form.
        format: ExportFormat,
        /// Where to; standard output if nowhere.
        output: Option<PathBuf>,
    },
    /// Removes old runs.
    Prune {
        /// Runs older than this, such as `90d`; as configured without it.
        older_than: Option<String>,
        /// All but the latest so many; as configured without it.
        keep: Option<u64>,
        /// As JSON.
        json: bool,
    },
}

/// Which runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Only those of this profile.
    pub profile: Option<String>,
    /// Only those since then: `7d`, or a date such as `2026-11-01`.
    pub since: Option<String>,
}

/// In which form runs are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// One JSON object.
    Json,
    /// A table with a head.
    Csv,
}

/// What surrounds a request.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The history's file.
    pub path: &'a Path,
    /// What is kept, as configured.
    pub policy: HistoryPolicy,
    /// The time, in milliseconds since 1970-01-01 UTC.
    pub now_unix_ms: u64,
    /// Where to say what is no answer.
    pub console: Console,
}

/// Why a request could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The history cannot be used.
    #[error("failed to {0}")]
    History(#[from] HistoryError),
    /// There is no such run.
    #[error("no run {id} in the history; {}", there_is(*newest))]
    NoSuchRun {
        /// Its number.
        id: u64,
        /// The number of the latest run, if there is any.
        newest: Option<u64>,
    },
    /// No time to begin at.
    #[error(transparent)]
    NotSince(#[from] NotSince),
    /// No age.
    #[error("--older-than \"{0}\" is no time; write it with its unit, such as 90d or 12h")]
    NoAge(String),
    /// The file cannot be written.
    #[error("failed to write {path}: {source}", path = .path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The answer could not be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

fn there_is(newest: Option<u64>) -> String {
    match newest {
        Some(newest) => format!("the latest is {newest}, and `orchestrate history` lists others"),
        None => "it is empty".to_owned(),
    }
}

impl PastError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::History(error) => error.exit(),
            Self::NoSuchRun { .. }
            | Self::NotSince(_)
            | Self::NoAge(_)
            | Self::Unwritable { .. } => Exit::Usage,
            Self::Output(_) => Exit::Internal,
        }
    }
}

/// What was removed, as JSON.
#[derive(Debug, Serialize)]
struct Pruned {
    schema: &'static str,
    removed: u64,
    kept: u64,
}

/// Answers a request. A reader that goes away early, such as `head`, is no error.
///
/// # Errors
/// When there is no such run, what was asked makes no sense, or something cannot be read or written.
pub fn execute(
    request: &Request,
    surroundings: Surroundings<'_>,
    out: &mut dyn Write,
) -> Result<(), PastError> {
    let answered = answer(request, surroundings, out);
    match answered {
        Err(PastError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        answered => answered,
    }
}

fn answer(
    request: &Request,
    surroundings: Surroundings<'_>,
    out: &mut dyn Write,
) -> Result<(), PastError> {
    let now_unix_ms = surroundings.now_unix_ms;
    // A mistake is told even where there is nothing to look at.
    let filter = match request {
        Request::List { selection, .. } | Request::Export { selection, .. } => {
            selection.filter(now_unix_ms)?
        }
        Request::Show { .. } | Request::Prune { .. } => Filter::default(),
    };
    let mut history = History::open_existing(surroundings.path)?;
    match request {
        Request::List { limit, json, .. } => {
            if *json {
                let filter = Filter {
                    limit: Some(*limit),
                    ..filter
                };
                write_all(history.as_mut(), filter, ExportFormat::Json, out)?;
            } else {
                list(history.as_mut(), filter, *limit, surroundings.console, out)?;
            }
        }
        Request::Show { id, json } => show(history.as_mut(), *id, *json, out)?,
        Request::Export { format, output, .. } => match output {
            None => {
                write_all(history.as_mut(), filter, *format, out)?;
            }
            Some(path) => export(
                history.as_mut(),
                filter,
                *format,
                path,
                surroundings.console,
            )?,
        },
        Request::Prune {
            older_than,
            keep,
            json,
        } => {
            let mut retention = Retention::from(surroundings.policy);
            if let Some(text) = older_than {
                let age = when::age_ms(text);
                retention.keep_ms = age.ok_or_else(|| PastError::NoAge(text.clone()))?;
            }
            retention.keep_runs = keep.unwrap_or(retention.keep_runs);
            prune(history.as_mut(), retention, now_unix_ms, *json, out)?;
        }
    }
    if let Some(history) = history {
        if let Some(note) = history.note_on_damage() {
            surroundings.console.note(&note);
        }
        history.close();
    }
    Ok(())
}

impl Selection {
    fn filter(&self, now_unix_ms: u64) -> Result<Filter, PastError> {
        let since = self.since.as_ref();
        let since = since.map(|text| when::since(text, now_unix_ms));
        Ok(Filter {
            profile: self.profile.clone(),
            since_unix_ms: since.transpose()?,
            ..Filter::default()
        })
    }
}

fn list(
    history: Option<&mut History>,
    filter: Filter,
    limit: u64,
    console: Console,
    out: &mut dyn Write,
) -> Result<(), PastError> {
    let narrowed = filter.profile.is_some() || filter.since_unix_ms.is_some();
    let mut runs = match history {
        // One more, to know whether there are more.
        Some(history) => history.recent(&Filter {
            limit: Some(limit.saturating_add(1)),
            ..filter
        })?,
        None => Vec::new(),
    };
    let all = runs.len();
    runs.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    if all == 0 {
        let hint = if narrowed {
            "no run like that in the history"
        } else {
            "no runs yet: every `orchestrate run` leaves its figures here"
        };
        writeln!(out, "{hint}")?;
        return Ok(());
    }
    list::table(&runs, out)?;
    if runs.len() < all {
        console.aside(&format_args!(
            "the latest {limit}; --limit N shows more, `orchestrate history show ID` one"
        ));
    }
    Ok(())
}

fn show(
    history: Option<&mut History>,
    id: u64,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), PastError> {
    let Some(history) = history else {
        return Err(PastError::NoSuchRun { id, newest: None });
    };
    let Some(run) = history.get(id)? else {
        let latest = history.recent(&Filter {
            limit: Some(1),
            ..Filter::default()
        })?;
        let newest = latest.first().map(|run| run.id);
        return Err(PastError::NoSuchRun { id, newest });
    };
    if json {
        facts::one(&run, out)?;
    } else {
        list::account(&run, out)?;
    }
    Ok(())
}

fn export(
    history: Option<&mut History>,
    filter: Filter,
    format: ExportFormat,
    path: &Path,
    console: Console,
) -> Result<(), PastError> {
    let unwritable = |source| PastError::Unwritable {
        path: path.to_owned(),
        source,
    };
    let file = File::create(path).map_err(unwritable)?;
    let written = match write_all(history, filter, format, &mut BufWriter::new(file)) {
        Err(PastError::Output(source)) => return Err(unwritable(source)),
        written => written?,
    };
    console.line(&format_args!("wrote {written} runs to {}", path.display()));
    Ok(())
}

/// Writes the runs, the latest first, page by page; returns how many there were.
fn write_all(
    history: Option<&mut History>,
    mut filter: Filter,
    format: ExportFormat,
    out: &mut dyn Write,
) -> Result<u64, PastError> {
    let mut left = filter.limit.unwrap_or(u64::MAX);
    let mut writer = facts::Runs::begin(format, out)?;
    if let Some(history) = history {
        while left > 0 {
            filter.limit = Some(left.min(PAGE));
            let page = history.recent(&filter)?;
            for run in &page {
                writer.write(run)?;
            }
            let Some(last) = page.last() else { break };
            filter.before_id = Some(last.id);
            left -= page.len() as u64;
        }
    }
    Ok(writer.end()?)
}

fn prune(
    history: Option<&mut History>,
    retention: Retention,
    now_unix_ms: u64,
    json: bool,
    out: &mut dyn Write,
) -> Result<(), PastError> {
    let (removed, kept) = match history {
        Some(history) => (history.prune(retention, now_unix_ms)?, history.count()?),
        None => (0, 0),
    };
    if json {
        let pruned = Pruned {
            schema: facts::SCHEMA,
            removed,
            kept,
        };
        let text = serde_json::to_string(&pruned).map_err(io::Error::from)?;
        writeln!(out, "{text}")?;
    } else {
        writeln!(out, "removed {removed} runs, kept {kept}")?;
    }
    Ok(())
}
