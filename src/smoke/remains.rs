//! What a run has left behind: nothing, if all is well.

use std::fs;
use std::path::Path;

use crate::engine::Outcome;
use crate::supervise::running_children;

/// Looks, after a run has ended and its handle is dropped. `socket` is where its server listened, `jobs`
/// where living jobs are on record. No other run may be under way in this process.
pub(super) fn of(outcome: Option<&Outcome>, socket: Option<&Path>, jobs: &Path) -> Vec<String> {
    let mut left = Vec::new();
    if let Some(report) = outcome.and_then(|outcome| outcome.exit.as_ref()) {
        if !report.group_empty {
            left.push("a process that SIGKILL does not end".to_owned());
        }
        if report.swept > 0 && report.ladder.is_empty() {
            left.push(format!(
                "{} processes of its own, which had to be ended",
                report.swept
            ));
        }
        if report.pipe_leaked {
            left.push("a process outside of its group that holds its output open".to_owned());
        }
    }
    let children = running_children();
    if !children.is_empty() {
        let numbers: Vec<_> = children.iter().map(ToString::to_string).collect();
        left.push(format!("the process {}", numbers.join(" and ")));
    }
    // The directory is the run's alone.
    if let Some(dir) = socket.and_then(Path::parent).filter(|dir| dir.exists()) {
        left.push(format!("the directory of its socket, {}", dir.display()));
    }
    left.extend(records(jobs));
    left
}

/// Records of jobs of this process.
fn records(jobs: &Path) -> Vec<String> {
    let ours = format!("job-{}-", std::process::id());
    let entries = fs::read_dir(jobs).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names
        .filter(|name| name.starts_with(&ours))
        .map(|name| format!("the record {name} of a job"))
        .collect()
}
