//! Slow but honest: what advances is never ended, however little it advances.
//!
//! Each is slowed for more than three times as long as a hang would have lived, and then lets go, so that
//! the whole text comes in bearable time.

use std::time::Duration;

use tokio::time::sleep;

use super::stage::{Stage, Tried, WHOLE, case, judge, long_prompt, promise, unless_lost, whole};
use crate::case::{Backend, Case, Phase};
use crate::expected::{Expected, Text};
use crate::harm::{Cgroup, DutyCycle};

/// A share of 5 %: on, then off.
const ON: Duration = Duration::from_millis(50);
const OFF: Duration = Duration::from_millis(950);
/// The same as a quota of one CPU.
const PERCENT: u32 = 5;

/// Tokens that 5 % of a fast machine do not generate in a minute.
const TOKENS_FOR_LONG: usize = 3000;

/// How a row is slowed, in which windows, for how long.
#[derive(Debug, Clone, Copy)]
struct Slowed {
    fault: &'static str,
    phase: Phase,
    by: By,
    /// Windows of the watch, where they are not its own.
    windows: &'static str,
    /// More than three times the window and its confirmation.
    held: Duration,
    told: &'static [&'static str],
    note: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    StopAndGo,
    Quota,
}

const ROWS: [Slowed; 5] = [
    Slowed {
        fault: "duty-cycle-5-percent",
        phase: Phase::Decode,
        by: By::StopAndGo,
        windows: "watch.decode=3s",
        held: Duration::from_secs(13),
        told: &[],
        note: "SIGSTOP and SIGCONT, 50 ms on and 950 ms off; a hang would be called after 4 s, held for 13 s",
    },
    Slowed {
        fault: "cpu-quota-5-percent",
        phase: Phase::Decode,
        by: By::Quota,
        windows: "watch.decode=3s",
        held: Duration::from_secs(13),
        told: &[],
        note: "the llama process alone is in the cgroup; a hang would be called after 4 s, held for 13 s",
    },
    Slowed {
        fault: "cpu-quota-5-percent",
        phase: Phase::Prefill,
        by: By::Quota,
        windows: "watch.prefill=3s",
        held: Duration::from_secs(13),
        told: &["slow", "throttled by a CPU quota"],
        note: "the llama process alone is in the cgroup; a hang would be called after 4 s, held for 13 s",
    },
    Slowed {
        fault: "duty-cycle-5-percent-in-its-own-windows",
        phase: Phase::Decode,
        by: By::StopAndGo,
        windows: "",
        held: Duration::from_secs(65),
        told: &[],
        note: "the window is 20 times the longest usual gap of a second; a hang would be called after 21 s, \
               held for 65 s",
    },
    Slowed {
        fault: "cpu-quota-5-percent-in-its-own-windows",
        phase: Phase::Decode,
        by: By::Quota,
        windows: "",
        held: Duration::from_secs(35),
        told: &[],
        note: "the window is 10 s; a hang would be called after 11 s, held for 35 s",
    },
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for row in ROWS {
        for backend in Backend::BOTH {
            let case = case(row.phase, row.fault, backend, move || {
                unless_lost(move || slowed(row, backend))
            });
            cases.push(Case {
                slow: row.windows.is_empty(),
                note: Some(row.note.to_owned()),
                ..case
            });
        }
    }
    cases
}

async fn slowed(row: Slowed, backend: Backend) -> Result<Tried, String> {
    // First, so that a machine without it is told before anything is started.
    let quota = match row.by {
        By::Quota => Some(Cgroup::with_quota(PERCENT)?),
        By::StopAndGo => None,
    };
    let stage = Stage::new(backend);
    let (prompt, tokens) = match row.phase {
        Phase::Prefill => (long_prompt().repeat(2), 20),
        _ if row.windows.is_empty() => ("words".to_owned(), TOKENS_FOR_LONG),
        _ => ("words".to_owned(), WHOLE),
    };
    let tokens = tokens.to_string();
    let mut args = vec![prompt.as_str(), "-n", &tokens];
    if !row.windows.is_empty() {
        args.extend(["--set", row.windows]);
    }
    let mut live = stage.start(&args).await;
    let llama = live.reaches(row.phase).await;
    let cycle = (row.by == By::StopAndGo).then(|| DutyCycle::begin(&llama, ON, OFF));
    if let Some(quota) = &quota {
        quota.take(llama.pid);
    }
    sleep(row.held).await;
    let lived = !llama.has_ended();
    drop(cycle);
    if let Some(quota) = &quota {
        quota.lift_quota();
    }
    let expected = Expected {
        verdict: Some("limit"),
        told: row.told,
        ..Expected::done(Text::Any)
    };
    let observed = live.observe().await;
    let mut complaints = if row.phase == Phase::Prefill {
        // The answer to another request.
        expected.complaints(&observed)
    } else {
        judge(&expected, &observed)
    };
    if tokens == WHOLE.to_string() {
        whole(&mut complaints, &observed);
    }
    // Else it was not slow for as long as it had to be, and shows nothing.
    promise(
        &mut complaints,
        "time",
        lived,
        "it was over too early".to_owned(),
    );
    Ok((observed, complaints))
}
