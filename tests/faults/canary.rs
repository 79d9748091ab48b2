//! Proof that the suite would notice what it is there to notice: a helper that nobody supervises leaves a
//! process and a file behind, and the checks of every other case must find both.

use rustix::process::{Pid, Signal, kill_process};

use crate::case::{Backend, Case, Found, Name, Phase};
use crate::common::{CANARY, World};
use crate::expected::{Complaint, Expected, Text};
use crate::observed::Observed;

/// A sleeper in a session of its own, without its parent and without our pipes, and a file.
const LEAK: &str = "setsid --fork sleep 1000 >/dev/null 2>&1 </dev/null; : > ../state/stray";
/// What must be complained of, and nothing else.
const COMPLAINTS: [&str; 2] = ["processes left", "files left"];

/// The only case in which a check must fail.
pub(crate) fn case() -> Case {
    let name = Name {
        llama: "",
        phase: Phase::Around,
        fault: "canary".to_owned(),
        // Neither runs.
        backend: Backend::Completion,
    };
    let note = "a leak that is meant to be found: no llama.cpp and no orchestrate runs; what is left is \
                ended by its number";
    Case {
        note: Some(note.to_owned()),
        ..Case::new(name, leak)
    }
}

async fn leak() -> Found {
    let world = World::new();
    let before = world.listing();
    let helper = world.program("sh", ["-c", LEAK]).start().await;
    let ended = helper.end_unlooked(CANARY).await;
    let mut observed = Observed::of(&ended, std::time::Duration::ZERO);
    observed.processes = world.processes();
    observed.files = &world.listing() - &before;
    let harmless = Expected {
        verdict: None,
        ..Expected::done(Text::Is(""))
    };
    let found = harmless.complaints(&observed);
    for pid in &observed.processes {
        let pid = i32::try_from(*pid).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a process id"), Signal::KILL).expect("it sleeps");
    }
    world.empty().await;
    let whats: Vec<_> = found.iter().map(|complaint| complaint.what).collect();
    let overlooked = (whats != COMPLAINTS).then(|| Complaint {
        what: "the suite's own checks",
        detail: format!("expected complaints about {COMPLAINTS:?}, found {found:?}"),
    });
    Found::Tried(Box::new(observed), overlooked.into_iter().collect())
}
