//! A history that looks like that of a year, and what is reported of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use orchestrate::history::History;
use orchestrate::report::{ReportError, ReportRequest, Surroundings, report};
use orchestrate::ui::Console;
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::nights::{HERE, LAST_NIGHT, Nights};

/// Plots of the page of [`home`]: of each suite one of its night, and of each case four; of one that is broken,
/// or reads its prompt alone, there are no gaps.
pub(crate) const PLOTS: u64 = 3 + 4 * (8 + 5 + 2) - 2 - 1 - 1;

/// A directory with the history of a year, of some weeks and of a single night.
pub(crate) fn home() -> TempDir {
    let home = TempDir::new().expect("a directory");
    let mut history = open(&home);
    let weeks = Nights {
        suite: "weeks",
        seed: 3,
        ..Nights::new(40, 5)
    };
    let single = Nights {
        suite: "quick",
        seed: 4,
        ..Nights::new(1, 2)
    };
    let elsewhere = Nights {
        host: "fedcba9876543210",
        ..Nights::new(3, 2)
    };
    for nights in [elsewhere, single, weeks, Nights::new(365, 8)] {
        nights.fill(&mut history).expect("written");
    }
    history.close();
    home
}

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

/// The page of [`home`] in a file; made once, as the tests of the browser only look at it.
pub(crate) fn page_of_a_year() -> PathBuf {
    static PAGE: OnceLock<PathBuf> = OnceLock::new();
    let made = PAGE.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.html");
        fs::write(&path, page(&home())).expect("written");
        path
    });
    made.clone()
}
