//! `orchestrate tune` against programs whose speed depends on their flags.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{World, until};

/// Half the time with a micro-batch of 64, and the same answer with all of them.
const FASTER_WITH_64: &str = "ready;write fn;given -ub 64 timed 33 10;\
                              unless -ub 64 timed 33 20;eos;close";
/// No setting is better than another.
const ALL_ALIKE: &str = "ready;write fn;timed 33 10;eos;close";

/// All but the micro-batch is the user's, so that few trials are left.
const NARROW: &str = "extends = \"plain\"\ncontext = 512\nthreads = 1\nbatch_threads = 1\n\
                      flash_attention = \"on\"\nextra_args = [\"--poll\", \"0\"]\n";

fn narrow() -> World {
    let world = World::new();
    world.profile("tuned", NARROW);
    world
}

fn overlay(world: &World) -> PathBuf {
    world.path("config/profiles/tuned.tuned.toml")
}

async fn tuned(world: &World, script: &str) -> Value {
    let args = ["tuned", "--json", "--depth", "128"];
    let run = world.orchestrate("tune", args).script(script);
    run.end().await.left_with(0).json_pretty()
}

#[tokio::test]
async fn what_is_confirmed_is_written_and_used_from_then_on() {
    let world = narrow();
    let report = tuned(&world, FASTER_WITH_64).await;
    assert_eq!(report["schema"], "orchestrate.tune/1");
    assert_eq!(report["tuned"]["micro_batch"], 64, "{report:#}");
    let compared = &report["confirmation"]["against_default"];
    assert_eq!(compared["finding"], "better");
    let ratio = compared["ratio"].as_f64().expect("a ratio");
    assert!((0.49..0.51).contains(&ratio), "{report:#}");
    assert!(overlay(&world).exists());

    let args = || {
        world
            .run(["tuned", "hi"])
            .script("ready;args;times 2;eos;close")
    };
    let shown = args().end().await.left_with(0).text().to_owned();
    assert!(shown.contains("-ub\n64\n"), "{shown}");
    // What the user says wins.
    let set = world.run(["tuned", "hi", "--set", "micro_batch=128"]);
    let set = set.script("ready;args;times 2;eos;close").end().await;
    assert!(set.left_with(0).text().contains("-ub\n128\n"));

    world
        .orchestrate("tune", ["tuned", "--remove"])
        .end()
        .await
        .left_with(0);
    assert!(!overlay(&world).exists());
    let shown = args().end().await.left_with(0).text().to_owned();
    assert!(!shown.contains("-ub\n64\n"), "{shown}");
}

#[tokio::test]
async fn where_nothing_is_better_nothing_is_written() {
    let world = narrow();
    let report = tuned(&world, ALL_ALIKE).await;
    assert_eq!(report["tuned"], Value::Null, "{report:#}");
    assert!(!overlay(&world).exists());
}

#[tokio::test]
async fn another_answer_is_refused_however_fast_it_is() {
    let world = narrow();
    let script = FASTER_WITH_64.replace("write fn", "given -ub 64 write x;write fn");
    let report = tuned(&world, &script).await;
    assert_eq!(report["tuned"], Value::Null, "{report:#}");
    let tried = report["tried"].as_array().expect("rows");
    let row = tried.iter().find(|row| row["verdict"] == "refused");
    let reason = row.expect("refused")["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("other text"), "{report:#}");
}

#[tokio::test]
async fn a_setting_that_crashes_is_a_result() {
    let world = narrow();
    let script = format!("given -ub 128 crash;{FASTER_WITH_64}");
    let report = tuned(&world, &script).await;
    assert_eq!(report["tuned"]["micro_batch"], 64, "{report:#}");
    let tried = report["tried"].as_array().expect("rows");
    assert!(tried.iter().any(|row| row["verdict"] == "failed"));
}

#[tokio::test]
async fn a_setting_that_hangs_is_given_up() {
    let world = narrow();
    world.profile("tuned", &format!("{NARROW}watch.decode = \"1s\"\n"));
    let script = format!("ready;given -ub 128 hang;{FASTER_WITH_64}");
    let report = tuned(&world, &script).await;
    assert_eq!(report["tuned"]["micro_batch"], 64, "{report:#}");
    let tried = report["tried"].as_array().expect("rows");
    assert!(
        tried.iter().any(|row| row["verdict"] == "failed"),
        "{report:#}"
    );
}

#[tokio::test]
async fn a_default_that_cannot_be_measured_is_an_error() {
    let world = narrow();
    world
        .orchestrate("tune", ["tuned"])
        .script("ready;crash")
        .end()
        .await
        .left_with(7)
        .said(&["error:", "SIGSEGV", "orchestrate run tuned"]);
    assert!(!overlay(&world).exists());
}

#[tokio::test]
async fn an_interruption_ends_the_trial_and_tells_what_was_found() {
    let world = World::new();
    world.profile("tuned", "extends = \"plain\"\ncontext = 512");
    let script = format!(
        "count {};ready;write fn;timed 33 10;eos;close",
        world.marks()
    );
    let run = world.orchestrate("tune", ["tuned", "--depth", "128"]);
    let running = run.script(&script).start().await;
    until("some trials", || world.starts() > 12).await;
    running.signal(Signal::INT);
    running
        .end()
        .await
        .left_with(130)
        .said_on_stdout("Ctrl-C ended the search")
        .said_on_stdout("stays as it is");
}

#[tokio::test]
async fn what_was_found_elsewhere_is_ignored_with_a_hint() {
    let world = narrow();
    tuned(&world, FASTER_WITH_64).await;
    let text = fs::read_to_string(overlay(&world)).expect("written");
    let line = text
        .lines()
        .find(|line| line.starts_with("host"))
        .expect("a host");
    let elsewhere = text.replace(line, "host = \"0123456789abcdef\"");
    fs::write(overlay(&world), elsewhere).expect("written");
    let run = world
        .run(["tuned", "hi"])
        .script("ready;args;times 2;eos;close");
    let ended = run.end().await.left_with(0);
    let ended = ended.said(&[
        "tuned.tuned.toml is ignored",
        "another machine",
        "orchestrate tune tuned",
    ]);
    assert!(!ended.text().contains("-ub\n64\n"));
}

#[tokio::test]
async fn a_dry_run_starts_nothing() {
    let world = World::new();
    world.profile("tuned", "extends = \"plain\"\ncontext = 512");
    let run = world
        .orchestrate("tune", ["tuned", "--dry-run"])
        .script(&format!("count {};crash", world.marks()));
    run.end()
        .await
        .left_with(0)
        .said_on_stdout("would tune tuned");
    assert_eq!(world.starts(), 0);
}
