//! Out of memory: the system's own killer.

use super::stage::{CONTEXT_OF_A_LONG_LOAD, Stage, Tried, case};
use crate::case::{Backend, Case, Phase};
use crate::expected::{Expected, Text};
use crate::harm::Cgroup;

/// Enough for the supervisor and for the start of llama.cpp, far too little for its context.
const MEMORY: u64 = 120 << 20;

pub(super) fn cases() -> Vec<Case> {
    let case = |backend| {
        let trying = move || out_of_memory(backend);
        let note = "supervisor and llama.cpp are in the cgroup from their start".to_owned();
        Case {
            note: Some(note),
            ..case(Phase::Load, "out-of-memory", backend, trying)
        }
    };
    Backend::BOTH.map(case).into()
}

async fn out_of_memory(backend: Backend) -> Result<Tried, String> {
    let group = Cgroup::with_memory(MEMORY)?;
    let stage = Stage::new(backend);
    let join = r#"echo $$ > "$1" && shift && exec "$@""#;
    let door = group.door();
    let door = door.to_str().expect("a path of text");
    let program = env!("CARGO_BIN_EXE_orchestrate");
    let shell = ["-c", join, "sh", door, program];
    // Forced, as a run that does not fit into the group is refused at once.
    let run = [
        "run", "real", "--force", "--jsonl", "words", "-n", "20", "-c",
    ];
    let args = shell.into_iter().chain(run).chain([CONTEXT_OF_A_LONG_LOAD]);
    let live = stage.start_dressed(stage.world.program("sh", args)).await;
    let expected = Expected {
        verdict: Some("crashed"),
        code: 7,
        told: &["while loading the model", "SIGKILL", "out of memory"],
        ..Expected::done(Text::Is(""))
    };
    Ok(live.end(&expected).await)
}
