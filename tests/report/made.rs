//! A history that looks like that of a year, and what is reported of it.

use orchestrate::history::History;
use orchestrate::report::{ReportError, ReportRequest, Surroundings, report};
use orchestrate::ui::Console;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::nights::{HERE, LAST_NIGHT};

pub(crate) fn open(home: &TempDir) -> History {
    History::open(&home.path().join("history.db")).expect("opened")
}

pub(crate) fn request() -> ReportRequest {
    ReportRequest {
        since: None,
        suite: None,
        host: None,
        output: None,
        json: false,
        accepted: Instant::now(),
    }
}

pub(crate) const QUIET: Console = Console {
    stderr_is_terminal: false,
    stdout_is_terminal: false,
    stdin_is_terminal: false,
    quiet: true,
};

pub(crate) fn told(home: &TempDir, request: &ReportRequest) -> Result<String, ReportError> {
    told_on(home, request, QUIET)
}

pub(crate) fn told_on(
    home: &TempDir,
    request: &ReportRequest,
    console: Console,
) -> Result<String, ReportError> {
    let surroundings = Surroundings {
        history: &home.path().join("history.db"),
        host: HERE.to_owned(),
        now_unix_ms: LAST_NIGHT + 12 * 3_600_000,
        console,
    };
    let mut out = Vec::new();
    report(request, &surroundings, &mut out)?;
    Ok(String::from_utf8(out).expect("text"))
}

pub(crate) fn page(home: &TempDir) -> String {
    told(home, &request()).expect("a page")
}

pub(crate) fn document(home: &TempDir, request: ReportRequest) -> Value {
    let request = ReportRequest {
        json: true,
        ..request
    };
    let text = told(home, &request).expect("a document");
    serde_json::from_str(&text).expect("JSON")
}
