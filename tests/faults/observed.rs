//! What came of a case: as much of it as a user, a script or a look at the machine could tell.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::common::Ended;

/// The verdict on a run that could not be started.
pub(crate) const NOT_STARTED: &str = "not_started";
/// The longest line of what the user saw that fits into a report.
const LONGEST_LINE: usize = 160;

/// What every run may leave, as paths in the [`World`](crate::common::World), a directory with all that is
/// in it: the history with what SQLite keeps beside it, incidents, what is known of programs and models,
/// and the places, now empty, for records of running jobs and for sockets, with their locks.
const ORDINARY: [&str; 10] = [
    "state/history.db",
    "state/history.db-wal",
    "state/history.db-shm",
    "state/history.db.lock",
    "state/incidents/",
    "state/jobs",
    "state/jobs/lock",
    "runtime/o",
    "runtime/o/lock",
    "cache/",
];

/// What came of a case.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// `stop.reason` of the JSON report, or [`NOT_STARTED`].
    pub(crate) verdict: Option<String>,
    /// `stop.stall.cause`.
    pub(crate) cause: Option<String>,
    /// The exit code; `None` where a signal has ended it.
    pub(crate) code: Option<i32>,
    /// The text as it was streamed.
    pub(crate) text: String,
    pub(crate) stderr: String,
    /// From the last sign of life to the verdict.
    pub(crate) to_verdict: Option<Duration>,
    /// From the verdict to the exit of the command.
    pub(crate) to_end: Option<Duration>,
    /// Processes of this world that still run.
    pub(crate) processes: Vec<u32>,
    /// Files, sockets and directories that were not there before, as paths in the world.
    pub(crate) files: BTreeSet<String>,
}

impl Observed {
    /// What a command with `--jsonl` tells that took so long from its start to its exit.
    pub(crate) fn of(ended: &Ended, took: Duration) -> Self {
        let events: Vec<Value> = ended
            .stdout
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect();
        let texts = events.iter().filter(|event| event["event"] == "text");
        let text = texts.filter_map(|event| event["text"].as_str()).collect();
        let none = Value::Null;
        let report = events.last().unwrap_or(&none);
        let stop = &report["stop"];
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let at = report["timings"]["decided_ms"]
            .as_f64()
            .map(|ms| Duration::from_secs_f64(ms / 1000.0));
        Self {
            verdict: word(&stop["reason"]).or_else(|| not_started(report)),
            cause: word(&stop["stall"]["cause"]),
            code: ended.status.code(),
            text,
            stderr: ended.stderr.clone(),
            to_verdict: stop["stall"]["silent_s"]
                .as_f64()
                .map(Duration::from_secs_f64),
            // The start of the program comes on top, which is some milliseconds.
            to_end: at.map(|at| took.saturating_sub(at)),
            ..Self::default()
        }
    }

    /// Takes files for ordinary, by the ends of their paths.
    pub(crate) fn forgive(&mut self, files: &[&str]) {
        let known = |path: &String| files.iter().any(|known| path.ends_with(known));
        self.files.retain(|path| !known(path));
    }

    /// Files that are left and should not be.
    pub(crate) fn stray(&self, may_leave: &[&str]) -> Vec<&str> {
        let ordinary = |path: &str| {
            ORDINARY.iter().any(|known| match known.strip_suffix('/') {
                Some(dir) => path == dir || path.starts_with(known),
                None => path == *known,
            })
        };
        let files = self.files.iter().map(String::as_str);
        files
            .filter(|path| !ordinary(path))
            .filter(|path| !may_leave.iter().any(|known| path.ends_with(known)))
            .collect()
    }

    /// The decisive last line of standard error, short enough for a table.
    pub(crate) fn saw(&self) -> String {
        let mut lines = self.stderr.lines().filter(|line| !line.trim().is_empty());
        let errors = self.stderr.lines().rfind(|line| line.starts_with("error:"));
        let line = errors.or_else(|| lines.next_back()).unwrap_or_default();
        let short: String = line.chars().take(LONGEST_LINE).collect();
        let more = if short.len() < line.len() { "…" } else { "" };
        format!("{short}{more}")
    }

    /// All of it, for whoever has to find out why.
    pub(crate) fn account(&self) -> String {
        format!("{self:#?}\n--- standard error\n{}", self.stderr)
    }
}

fn not_started(report: &Value) -> Option<String> {
    (report["event"] == NOT_STARTED).then(|| NOT_STARTED.to_owned())
}
