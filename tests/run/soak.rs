//! Many runs in one supervising process leave it as it was: the short form of `make soak`.

#[path = "../../benches/soak/footprint.rs"]
mod footprint;
#[path = "../../benches/soak/runs.rs"]
mod runs;

use std::error::Error;
use std::path::Path;

use crate::common;
use runs::Plan;

type Failure = Box<dyn Error>;

/// Says to this program, started again, that it is the supervising process: of which backend and with how
/// many runs side by side.
const SERIES: &str = "SOAK_SERIES";

const RUNS: u32 = 50;

/// The process in which the runs are supervised: a world has an environment of its own. Nothing by itself.
#[test]
fn supervising_process() {
    let Ok(series) = std::env::var(SERIES) else {
        return;
    };
    let (backend, at_once) = series.split_once(' ').expect("two words");
    let at_once = at_once.parse().expect("a number");
    let plan = Plan {
        runs: RUNS,
        at_once,
        look_every: 10,
    };
    assert!(runs::supervise(backend, plan).expect("all runs end as they should"));
}

#[track_caller]
fn gives_back_what_it_took(series: &str) {
    if !Path::new("/proc/self/smaps_rollup").exists() {
        eprintln!("skipped: without /proc nobody tells what a process holds");
        return;
    }
    let world = runs::world();
    let args = ["--exact", "soak::supervising_process", "--nocapture"];
    let this = std::env::current_exe().expect("the test's own path");
    let run = world.program(this, args).env(SERIES, series);
    let ended = run.command().output().expect("it starts");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (told, errors) = (text(&ended.stdout), text(&ended.stderr));
    assert!(ended.status.success(), "{told}{errors}");
    assert!(told.contains("memory from run"), "{told}{errors}");
    assert_eq!(world.processes(), [] as [u32; 0], "{told}");
}

#[test]
fn completions_one_after_the_other_give_back_what_they_took() {
    gives_back_what_it_took("completion 1");
}

#[test]
fn completions_side_by_side_give_back_what_they_took() {
    gives_back_what_it_took("completion 10");
}

#[test]
fn servers_one_after_the_other_give_back_what_they_took() {
    gives_back_what_it_took("server 1");
}

#[test]
fn servers_side_by_side_give_back_what_they_took() {
    gives_back_what_it_took("server 10");
}
