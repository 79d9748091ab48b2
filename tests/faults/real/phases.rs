//! Stopped or killed, in each phase.

use std::time::Duration;

use rustix::process::Signal;

use super::stage::{CONTEXT, CONTEXT_OF_A_LONG_LOAD, ENDLESS, Stage, Tried, case, long_prompt};
use crate::case::{Backend, Case, Phase};
use crate::expected::{CONFIRMATION, Expected, Text};
use crate::fake::WINDOW;

const PHASES: [Phase; 3] = [Phase::Load, Phase::Prefill, Phase::Decode];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for backend in Backend::BOTH {
        for phase in PHASES {
            cases.push(case(phase, "sigstop", backend, move || {
                struck(phase, backend, Signal::STOP, stopped(phase))
            }));
            cases.push(case(phase, "sigkill", backend, move || {
                struck(phase, backend, Signal::KILL, killed(phase))
            }));
        }
    }
    cases
}

/// What is asked for, so that the phase lasts. Only its own window is short: the others are none of this.
pub(super) fn arguments(phase: Phase) -> Vec<String> {
    let (prompt, context, tokens, window) = match phase {
        Phase::Load => (
            "words".to_owned(),
            CONTEXT_OF_A_LONG_LOAD,
            "20",
            "watch.load=1s",
        ),
        Phase::Prefill => (long_prompt(), CONTEXT, "20", "watch.prefill=1s"),
        _ => ("words".to_owned(), CONTEXT, ENDLESS, "watch.decode=1s"),
    };
    let words = [&prompt, "-c", context, "-n", tokens, "--set", window];
    words.map(ToOwned::to_owned).to_vec()
}

async fn struck(
    phase: Phase,
    backend: Backend,
    signal: Signal,
    expected: Expected,
) -> Result<Tried, String> {
    let stage = Stage::new(backend);
    let args = arguments(phase);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut live = stage.start(&args).await;
    live.reaches(phase).await.signal(signal);
    live.struck();
    Ok(live.end(&expected).await)
}

/// The words for a phase in which something stalled or crashed.
fn while_doing(phase: Phase) -> &'static [&'static str] {
    match phase {
        Phase::Load => &["while loading the model"],
        Phase::Prefill => &["while reading the prompt"],
        _ => &["while generating"],
    }
}

fn stopped(phase: Phase) -> Expected {
    Expected {
        told: while_doing(phase),
        ..Expected::stalled("stopped", WINDOW + CONFIRMATION, Text::Any)
    }
}

fn killed(phase: Phase) -> Expected {
    Expected {
        verdict: Some("crashed"),
        code: 7,
        told: while_doing(phase),
        to_verdict: Some(Duration::ZERO),
        ..Expected::done(Text::Any)
    }
}
