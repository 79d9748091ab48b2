//! No room, or no place, for what a run writes beside its answer.

use std::fs;

use rustix::process::Signal;

use super::stage::{Stage, Tried, WHOLE, case, judge, promise, whole};
use crate::case::{Backend, Case, Phase};
use crate::expected::{CONFIRMATION, Expected, Text};
use crate::fake::WINDOW;
use crate::harm::Tmpfs;
use crate::observed::NOT_STARTED;

/// Too little for a history.
const FULL: &str = "size=16k";
/// A disk that one file fills.
const ONE_PAGE: &str = "size=4k,mode=700";
/// Inodes for the directory itself and for its lock; none for the directory of a run.
const NO_INODES: &str = "size=64k,nr_inodes=2,mode=700";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for backend in Backend::BOTH {
        cases.push(case(
            Phase::Around,
            "disk-full-for-the-history",
            backend,
            move || history(backend),
        ));
        cases.push(case(
            Phase::Around,
            "disk-full-for-the-incident",
            backend,
            move || incident(backend),
        ));
    }
    let server = Backend::Server;
    let only = |case: Case| Case {
        note: Some("server only: the other program has no socket".to_owned()),
        ..case
    };
    let full = case(Phase::Around, "disk-full-for-the-socket", server, no_room);
    let taken = case(Phase::Around, "socket-directory-is-a-file", server, taken);
    let stale = case(Phase::Around, "socket-of-a-dead-run", server, stale);
    cases.extend([full, taken, stale].map(only));
    cases
}

/// The whole answer comes, and a warning.
async fn history(backend: Backend) -> Result<Tried, String> {
    let stage = Stage::new(backend);
    let _full = Tmpfs::mount(&stage.world.path("state"), FULL)?;
    let tokens = WHOLE.to_string();
    let live = stage.start(&["words", "-n", &tokens]).await;
    let expected = Expected {
        verdict: Some("limit"),
        told: &["warning:", "history"],
        ..Expected::done(Text::Any)
    };
    let observed = live.observe().await;
    let mut complaints = judge(&expected, &observed);
    whole(&mut complaints, &observed);
    Ok((observed, complaints))
}

/// The verdict and the exit code are the same, and a warning comes.
async fn incident(backend: Backend) -> Result<Tried, String> {
    let stage = Stage::new(backend);
    let incidents = stage.world.path("state/incidents");
    let _full = Tmpfs::mount(&incidents, ONE_PAGE)?;
    let filled = fs::write(incidents.join("filler"), [0; 4096]);
    filled.map_err(|error| error.to_string())?;
    let args = ["words", "-n", "30000", "--set", "watch.decode=1s"];
    let mut live = stage.start(&args).await;
    let llama = live.reaches(Phase::Decode).await;
    llama.signal(Signal::STOP);
    let expected = Expected {
        told: &["warning:", "incident"],
        ..Expected::stalled("stopped", WINDOW + CONFIRMATION, Text::Any)
    };
    Ok(live.end(&expected).await)
}

async fn no_room() -> Result<Tried, String> {
    let stage = Stage::new(Backend::Server);
    let _full = Tmpfs::mount(&stage.world.path("run"), NO_INODES)?;
    let live = stage.start(&["words", "-n", "20"]).await;
    let expected = Expected {
        verdict: Some(NOT_STARTED),
        code: 3,
        told: &["error:", "No space left"],
        ..Expected::done(Text::Is(""))
    };
    Ok(live.end(&expected).await)
}

async fn taken() -> Result<Tried, String> {
    let stage = Stage::new(Backend::Server);
    stage
        .world
        .file("run", "a file in the place of the directory");
    let live = stage.start(&["words", "-n", "20"]).await;
    let expected = Expected {
        verdict: Some(NOT_STARTED),
        code: 3,
        told: &["error:", "socket"],
        ..Expected::done(Text::Is(""))
    };
    Ok(live.end(&expected).await)
}

/// llama-server leaves its socket behind when it is killed, as it is when its supervisor is.
async fn stale() -> Result<Tried, String> {
    let stage = Stage::new(Backend::Server);
    let mut killed = stage.start(&["words", "-n", "30000"]).await;
    let llama = killed.reaches(Phase::Decode).await;
    killed.running.signal(Signal::KILL);
    let killed = killed.observe().await;
    llama.gone().await;
    let left = killed.files.iter().any(|path| path.ends_with(".sock"));
    let live = stage.start(&["words", "-n", "20"]).await;
    let expected = Expected {
        verdict: Some("limit"),
        ..Expected::done(Text::Any)
    };
    let (observed, mut complaints) = live.end(&expected).await;
    let found = format!("{:?}", killed.files);
    promise(&mut complaints, "a dead run's socket", left, found);
    Ok((observed, complaints))
}
