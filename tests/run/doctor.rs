//! What `orchestrate doctor` finds on machines that are made up as far as a test can.

use std::fs;

use serde_json::Value;

use crate::common::{Ended, World};

/// A build that answers, and says what it was compiled for.
const WELL: &str =
    "log system_info: n_threads = 1 / 2 | CPU : SSE3 = 1 | ;ready;write ok;times 1;eos;close";

/// The finding of one check.
fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().expect("a list");
    let mut found = checks.iter().filter(|check| check["check"] == name);
    found.next().expect("a check of that name")
}

/// The report. Whatever else is wrong with the machine of the test, code and errors agree.
fn report(ended: &Ended) -> Value {
    let report = ended.json_pretty();
    let is_well = report["errors"] == 0;
    let code = if is_well { 0 } else { 8 };
    assert_eq!(ended.status.code(), Some(code), "{report:#}");
    report
}

#[tokio::test]
async fn a_build_that_runs_is_told_with_what_it_was_compiled_for() {
    let world = World::new();
    let ended = world.orchestrate("doctor", ["--json"]).script(WELL).end();
    let report = report(&ended.await);
    assert_eq!(report["schema"], "orchestrate.doctor/1");
    assert_eq!(check(&report, "trial_run")["state"], "ok", "{report:#}");
    let features = &check(&report, "cpu_features")["facts"]["build_features"];
    if features.is_array() {
        assert_eq!(features[0], "SSE3");
    }
    let llama = check(&report, "llama_cpp");
    assert_eq!(
        llama["state"], "note",
        "there is no llama-server: {llama:#}"
    );
    world.empty().await;
}

#[tokio::test]
async fn a_build_that_crashes_is_an_error_with_a_remedy() {
    let world = World::new();
    let ended = world
        .orchestrate("doctor", ["--json"])
        .script("abort")
        .end();
    let report = report(&ended.await.left_with(8));
    let trial = check(&report, "trial_run");
    assert_eq!(trial["state"], "error");
    let finding = trial["finding"].as_str().expect("words");
    assert!(finding.contains("SIGABRT"), "{finding}");
    assert!(trial["remedy"].is_string());
    world.empty().await;
}

#[tokio::test]
async fn with_nothing_installed_it_says_what_to_begin_with() {
    let world = World::new();
    let ended = world
        .orchestrate("doctor", ["--verbose"])
        .env_remove("ORCHESTRATE_LLAMA_DIR")
        .env("PATH", world.path("work"))
        .end();
    let ended = ended.await.left_with(8);
    let text = ended.text();
    assert!(text.contains("next step ("), "{text}");
    assert!(text.contains("nothing is built"), "{text}");
}

#[tokio::test]
async fn nothing_is_mended_behind_the_users_back() {
    let world = World::new();
    let damaged =
        "this is no database, though it is long enough to be looked at as if it were one".repeat(9);
    let history = world.file("state/history.db", &damaged);
    world.profile("broken", "extends = \"plain\"\nmax_tokns = 7");
    let ended = world.orchestrate("doctor", ["--json"]).script(WELL).end();
    let report = report(&ended.await.left_with(8));
    assert_eq!(check(&report, "history")["state"], "warning", "{report:#}");
    let profiles = check(&report, "profiles");
    assert_eq!(profiles["state"], "error");
    let finding = profiles["finding"].as_str().expect("words");
    assert!(finding.contains("max_tokns"), "{finding}");
    assert_eq!(fs::read_to_string(history).expect("readable"), damaged);
}
