//! The supervisor is killed outright, in each phase: no llama.cpp outlives it by more than a second, and the
//! next start finds nothing in its way.

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::sleep;

use super::phases::arguments;
use super::stage::{Stage, Tried, case, promise};
use crate::case::{Backend, Case, Phase};
use crate::expected::{Expected, SLACK, Text};
use crate::observed::Observed;

/// How long llama.cpp may outlive its supervisor, without [`SLACK`].
const OUTLIVES: Duration = Duration::from_secs(1);
/// How often, in the quick part and in the other.
const TIMES: [u32; 2] = [2, 20];
/// Between Ctrl-C and SIGKILL, so that each time another part of the way down is met.
const ANOTHER_PART: Duration = Duration::from_millis(3);

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for backend in Backend::BOTH {
        for phase in [Phase::Load, Phase::Prefill, Phase::Decode, Phase::Ending] {
            for times in TIMES {
                let fault = format!("supervisor-killed-{times}-times");
                let note = "time to the end: of the last llama.cpp, from the SIGKILL on, at most; no warning \
                            is possible, and the next run must do its work";
                let trying = move || killed(backend, phase, times);
                cases.push(Case {
                    slow: times != TIMES[0],
                    note: Some(note.to_owned()),
                    ..case(phase, fault, backend, trying)
                });
            }
        }
    }
    cases
}

async fn killed(backend: Backend, phase: Phase, times: u32) -> Result<Tried, String> {
    let stage = Stage::new(backend);
    let args = arguments(phase);
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let mut longest = Duration::ZERO;
    let mut left = Vec::new();
    for time in 0..times {
        let mut live = stage.start(&args).await;
        let llama = live.reaches(phase).await;
        if phase == Phase::Ending {
            live.running.signal(Signal::INT);
            sleep(ANOTHER_PART * time).await;
        }
        live.running.signal(Signal::KILL);
        let supervisor = live.running.pid();
        longest = longest.max(llama.gone_or_told(OUTLIVES, supervisor).await);
        left.extend(live.running.children());
        live.observe().await;
    }
    let next = stage.start(&["words", "-n", "1"]).await;
    let expected = Expected {
        verdict: Some("limit"),
        ..Expected::done(Text::Any)
    };
    let (next, mut complaints) = next.end(&expected).await;
    let found = format!("{left:?}");
    promise(&mut complaints, "processes left", left.is_empty(), found);
    let within = longest <= OUTLIVES + SLACK;
    promise(
        &mut complaints,
        "it outlives",
        within,
        format!("{longest:?}"),
    );
    let account = format!(
        "{times} times, and the last llama.cpp was gone {:.1} ms later at the latest",
        longest.as_secs_f64() * 1000.0
    );
    println!("supervisor killed in {phase} of {backend}: {account}");
    let observed = Observed {
        verdict: Some("killed".to_owned()),
        code: None,
        to_end: Some(longest),
        stderr: account,
        processes: left,
        files: next.files,
        ..Observed::default()
    };
    Ok((observed, complaints))
}
