//! `orchestrate report`: what the nights of benchmarks say, on one page that needs nothing but itself.
//!
//! What a night has found stands in the history; this module gathers it over all nights of a machine, looks for
//! the nights on which something changed, and shows it. Nights of different machines are never in one series.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `page` | what the report says, as values |
//! | `gather` | from the history to those |
//! | `trend` | a case over the nights: which ratios belong together, and where they changed |
//! | `plots` | pictures of them, as SVG |
//! | `html`, `case_view` | the page: `page.html` filled with texts and pictures, `page.css` |
//! | `words` | how a figure is written |
//! | `json` | the same for programs |

mod case_view;
mod error;
mod gather;
mod html;
mod json;
mod page;
mod plots;
mod trend;
mod words;

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

pub use error::ReportError;

use crate::history::History;
use crate::past::when;
use crate::ui::{Console, Status};
use gather::{Wish, gather};

/// A report that takes longer says what it is doing.
const QUIET_FOR: Duration = Duration::from_secs(1);

/// What is to be told, and where to.
#[derive(Debug, Clone)]
pub struct ReportRequest {
    /// Only nights since then: `7d`, or a date such as `2026-11-01`.
    pub since: Option<String>,
    /// Only this suite.
    pub suite: Option<String>,
    /// The nights of another machine: its fingerprint, or how that begins.
    pub host: Option<String>,
    /// Where to; standard output if nowhere.
    pub output: Option<PathBuf>,
    /// As JSON, and not as a page.
    pub json: bool,
    /// When the command was accepted.
    pub accepted: Instant,
}

/// What surrounds a request.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// The history's file.
    pub history: &'a Path,
    /// The fingerprint of this machine.
    pub host: String,
    /// The time of day, in milliseconds since 1970-01-01 UTC.
    pub now_unix_ms: u64,
    /// Where to say what is no answer.
    pub console: Console,
}

/// Makes a report and writes it. A file gets its name when it is whole.
///
/// # Errors
/// [`ReportError`] where there is nothing to report, or it cannot be read or written.
pub fn report(
    request: &ReportRequest,
    surroundings: &Surroundings<'_>,
    out: &mut dyn Write,
) -> Result<(), ReportError> {
    let console = surroundings.console;
    if request.output.is_none() && !request.json && console.stdout_is_terminal {
        return Err(ReportError::Terminal);
    }
    let since = request.since.as_ref();
    let since = since.map(|text| when::since(text, surroundings.now_unix_ms));
    let wish = Wish {
        host: request.host.clone(),
        here: surroundings.host.clone(),
        suite: request.suite.clone(),
        since_unix_ms: since.transpose()?,
        now_unix_ms: surroundings.now_unix_ms,
    };
    let mut status = None;
    let mut say = |line: &str| {
        if request.accepted.elapsed() >= QUIET_FOR {
            let status = status.get_or_insert_with(|| Status::new(console));
            status.say(line);
        }
    };
    let mut history = History::open_existing(surroundings.history)?.ok_or(ReportError::Empty)?;
    let gathered = gather(&mut history, &wish, &mut say);
    // A damaged history is an empty one by now: this says why.
    if let Some(note) = history.note_on_damage() {
        console.note(&note);
    }
    history.close();
    let page = gathered?;
    say("drawing");
    let text = if request.json {
        json::render(&page).map_err(ReportError::Output)?
    } else {
        html::render(&page)?
    };
    drop(status);
    match &request.output {
        Some(path) => {
            replace(path, &text).map_err(|source| ReportError::Unwritable {
                path: path.clone(),
                source,
            })?;
            let suites = page.suites.iter();
            let nights: usize = suites.map(|suite| suite.nights).sum();
            let nights = words::count(nights, "night");
            console.line(&format_args!("wrote {nights} to {}", path.display()));
            Ok(())
        }
        None => match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // Whoever closed it has what they wanted, as with `… | head -1`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            written => written.map_err(ReportError::Output),
        },
    }
}

/// Writes a file whose name means, at every moment, either the report of before or this one.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Behind a link the file itself is replaced, not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // A pipe or a device stays what it is.
    if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
        return fs::write(&path, text);
    }
    let directory = path.parent();
    let directory = directory.filter(|directory| !directory.as_os_str().is_empty());
    let mut file = tempfile::Builder::new()
        .prefix(".orchestrate-")
        // The process's own mask takes from these what it always takes.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_data()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
}
