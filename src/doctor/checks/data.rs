//! What orchestrate keeps: profiles, sockets, the history; and the clock that dates it.

use super::super::facts::Facts;
use super::super::finding::value::{count, text, texts};
use super::super::finding::{Finding, Value};
use super::{counted, first_of};
use crate::history::Health;
use crate::past::when;
use crate::units::Bytes;

/// A file may be dated by another machine's clock, over a network, and be this much ahead.
const TOLERATED_MS: u64 = 60_000;
/// More than any correction of a clock that is kept in step makes in the second of a look.
const JUMP_MS: u64 = 200;
/// Sources of time that take long to read, or are read in coarse steps (kernel: clocksource ratings).
const SLOW_SOURCES: [&str; 4] = ["hpet", "acpi_pm", "jiffies", "refined-jiffies"];
/// A history of this many bytes is checked, read and pruned in noticeable time.
const LARGE_HISTORY: u64 = 1_000_000_000;

/// Whether all profiles, and `orchestrate.toml`, can be used.
pub(super) fn profiles(facts: &Facts) -> Finding {
    let profiles = &facts.profiles;
    let finding = if !profiles.problems.is_empty() {
        Finding::error(
            first_of(&profiles.problems),
            "correct it; `orchestrate profiles check` tells every mistake with its place",
        )
    } else if !profiles.warnings.is_empty() {
        Finding::warning(
            first_of(&profiles.warnings),
            "`orchestrate profiles check` tells all of it",
        )
    } else {
        Finding::ok(format!(
            "{}, no problems",
            counted(profiles.count, "profile")
        ))
    };
    finding
        .fact("profiles", count(profiles.count))
        .fact("problems", texts(&profiles.problems))
        .fact("warnings", texts(&profiles.warnings))
}

/// Whether a server would have a place for its socket that nobody else can enter.
pub(super) fn sockets(facts: &Facts) -> Finding {
    let sockets = &facts.sockets;
    let (length, limit) = sockets.length;
    let (cron, cron_problem) = &sockets.under_cron;
    let finding = match (&sockets.problem, cron_problem) {
        // The text is written to follow "failed to", and ends with the next step.
        (Some(problem), _) => {
            let (found, remedy) = split(problem);
            Finding::error(format!("cannot {found}"), remedy)
        }
        (None, Some(problem)) => {
            let (found, remedy) = split(problem);
            Finding::warning(
                format!(
                    "{}, but jobs of cron cannot {found}",
                    sockets.path.display()
                ),
                remedy,
            )
        }
        (None, None) if sockets.is_there => {
            Finding::ok(format!("{}: yours alone", sockets.path.display()))
        }
        (None, None) => Finding::ok(format!("{} can be made", sockets.path.display())),
    };
    finding
        .fact("directory", text(sockets.path.display()))
        .fact("directory_under_cron", text(cron.display()))
        .fact("path_length_bytes", count(length))
        .fact("path_limit_bytes", count(limit))
}

/// What is wrong, and what to do about it: errors put a semicolon between the two.
fn split(problem: &str) -> (&str, &str) {
    problem.split_once("; ").unwrap_or((
        problem,
        "set ORCHESTRATE_RUNTIME_DIR to a directory of your own",
    ))
}

/// The history of runs.
pub(super) fn history(facts: &Facts) -> Finding {
    let history = &facts.history;
    let finding = match &history.health {
        _ if !history.is_wanted => {
            Finding::not_applicable("turned off ([history] in orchestrate.toml)")
        }
        Health::Missing => Finding::ok("none yet: the first run begins it"),
        Health::Sound { runs, bytes, .. } if *bytes > LARGE_HISTORY => Finding::warning(
            format!("{runs} runs in {}", Bytes(*bytes)),
            "`orchestrate history prune --keep 100000`",
        ),
        Health::Sound { runs, bytes, .. } => {
            let runs = counted(usize::try_from(*runs).unwrap_or(usize::MAX), "run");
            Finding::ok(format!("{runs} in {}, whole", Bytes(*bytes)))
        }
        Health::Newer { format } => Finding::warning(
            format!("of a newer orchestrate (format {format}): runs are not recorded"),
            "update orchestrate, or set ORCHESTRATE_STATE_DIR to another directory",
        ),
        Health::Foreign => Finding::warning(
            "the database of another program is in its place: runs are not recorded",
            "set ORCHESTRATE_STATE_DIR to another directory",
        ),
        Health::Damaged { detail } => Finding::warning(
            format!("damaged: {detail}"),
            "nothing need be done: the next run keeps it as history.db.corrupt-N and begins a fresh one",
        ),
        Health::Unreadable { detail } => Finding::warning(
            format!("cannot be read: {detail}"),
            "change its permissions, or set ORCHESTRATE_STATE_DIR to another directory",
        ),
    };
    let finding = finding.fact("file", text(history.path.display()));
    match &history.health {
        Health::Sound {
            format,
            runs,
            newest_unix_ms,
            bytes,
        } => finding
            .fact("format", count(*format))
            .fact("runs", count(*runs))
            .fact("size_bytes", count(*bytes))
            .fact("newest_run", newest_unix_ms.map(|ms| text(when::exact(ms)))),
        _ => finding,
    }
}

/// Whether the time of day can be right.
pub(super) fn clock(facts: &Facts) -> Finding {
    let clock = &facts.clock;
    let newest_run = match facts.history.health {
        Health::Sound { newest_unix_ms, .. } => newest_unix_ms,
        _ => None,
    };
    let late = |then: u64| then > clock.now_unix_ms.saturating_add(TOLERATED_MS);
    let now = when::minute(clock.now_unix_ms);
    let remedy = "set it, for example with `timedatectl set-ntp true`: `history prune` and the age of \
                  records go by it";
    let source = clock.source.as_deref().unwrap_or_default();
    let finding = if let Some(run) = newest_run.filter(|&run| late(run)) {
        let found = format!(
            "it is {now}, and the latest run began at {} (UTC)",
            when::minute(run)
        );
        Finding::warning(found, remedy)
    } else if let Some((path, at)) = clock.newest_file.as_ref().filter(|(_, at)| late(*at)) {
        let (path, at) = (path.display(), when::minute(*at));
        Finding::warning(
            format!("it is {now}, and {path} was written at {at} (UTC)"),
            remedy,
        )
    } else if clock.jumped_ms.unsigned_abs() > JUMP_MS {
        Finding::warning(
            format!(
                "the time of day jumped by {} ms while we looked",
                clock.jumped_ms
            ),
            "let one program set the clock (chrony, systemd-timesyncd or the hypervisor); limits and \
             measurements are not touched by it",
        )
    } else if SLOW_SOURCES.contains(&source) {
        Finding::note(format!(
            "the kernel counts time with {source}, which is slow to read"
        ))
    } else {
        Finding::ok(format!("{now} UTC, plausible and in step"))
    };
    finding
        .fact("jumped_ms", Value::Signed(clock.jumped_ms))
        .fact("clock_source", clock.source.as_ref().map(text))
}
