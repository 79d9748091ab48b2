//! A child that cannot be ended: frozen, it does not even hear SIGKILL, like one in state D.

use std::time::Duration;

use super::stage::{CONTEXT, ENDLESS, Stage, Tried, case, judge, promise};
use crate::case::{Backend, Case, Phase};
use crate::expected::{CONFIRMATION, Expected, LADDER, SLACK, Text};
use crate::fake::WINDOW;
use crate::harm::Cgroup;

/// What is in state D may wait for a disk: it is given four windows.
const WINDOWS: u32 = 4;
/// How long SIGKILL is waited for before the child is given up. The ladder comes before.
const QUARANTINE: Duration = Duration::from_secs(3);
/// What is thawed has SIGKILL waiting.
const LAST_BREATH: Duration = Duration::from_secs(1);

pub(super) fn cases() -> Vec<Case> {
    let case = |backend| {
        let trying = move || frozen(backend);
        let note = "the freezer of cgroup version 1; 3 s of the ladder and 3 s until the child is given up";
        Case {
            note: Some(note.to_owned()),
            ..case(Phase::Ending, "cannot-be-killed", backend, trying)
        }
    };
    Backend::BOTH.map(case).into()
}

async fn frozen(backend: Backend) -> Result<Tried, String> {
    let freezer = Cgroup::freezer()?;
    let stage = Stage::new(backend);
    let args = [
        "words",
        "-c",
        CONTEXT,
        "-n",
        ENDLESS,
        "--set",
        "watch.decode=1s",
    ];
    let mut live = stage.start(&args).await;
    let llama = live.reaches(Phase::Decode).await;
    freezer.take(llama.pid);
    freezer.freeze();
    live.struck();
    let mut observed = live.observe().await;
    let lives = observed.processes == [llama.pid];
    let left = format!("of {} there are {:?}", llama.pid, observed.processes);
    freezer.thaw();
    let gone = llama.gone().await;
    // Whoever comes next removes what could not be removed then.
    let next = stage.start(&["words", "-n", "1"]).await;
    let next = next.observe().await;
    stage.look(&mut observed);
    let expected = Expected {
        told: &["could not be ended", "frozen"],
        to_end: Some(LADDER + QUARANTINE),
        ..Expected::stalled(
            "uninterruptible",
            WINDOW * WINDOWS + CONFIRMATION,
            Text::Any,
        )
    };
    let mut complaints = judge(&expected, &observed);
    promise(&mut complaints, "it lives on, frozen", lives, left);
    let time = format!("{gone:?}");
    promise(
        &mut complaints,
        "thawed, it ends",
        gone <= LAST_BREATH + SLACK,
        time,
    );
    let code = format!("{:?}", next.code);
    promise(&mut complaints, "the next run", next.code == Some(0), code);
    Ok((observed, complaints))
}
