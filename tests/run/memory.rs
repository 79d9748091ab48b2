//! A run that would take more memory than it may.

use crate::common::World;

/// The embedded model alone has twice as much.
const TOO_LITTLE: &str = "memory_budget = \"1MB\"\n";
const SCRIPT: &str = "ready;write an answer;times 2;eos;close";

#[tokio::test]
async fn what_does_not_fit_is_not_started() {
    let world = World::new();
    world.file("config/orchestrate.toml", TOO_LITTLE);
    world
        .run(["plain", "hi"])
        .script(SCRIPT)
        .end()
        .await
        .left_with(6)
        .showed("")
        .said(&[
            "profile \"plain\" needs about",
            "the budget is 1.0 MB",
            "--force",
        ]);
    let report = world
        .run(["plain", "hi", "--json"])
        .script(SCRIPT)
        .end()
        .await
        .left_with(6)
        .json();
    assert_eq!(report["exit_code"], 6);
}

#[tokio::test]
async fn a_context_that_would_fit_is_named_and_fits() {
    let world = World::new();
    world.file("config/orchestrate.toml", "memory_budget = \"20MB\"\n");
    let said = world
        .run(["plain", "hi", "-c", "1024"])
        .script(SCRIPT)
        .end()
        .await
        .left_with(6)
        .said(&["a context of ", " would fit (-c "]);
    let fitting = said.stderr.split("(-c ").nth(1).expect("a context");
    let fitting = fitting.split(')').next().expect("a number").to_owned();
    world
        .run(["plain", "hi", "-c", &fitting])
        .script(SCRIPT)
        .end()
        .await
        .left_with(0)
        .showed("an answer");
}

#[tokio::test]
async fn whoever_insists_gets_a_try() {
    let world = World::new();
    world.file("config/orchestrate.toml", TOO_LITTLE);
    world
        .run(["plain", "hi", "--force"])
        .script(SCRIPT)
        .end()
        .await
        .left_with(0)
        .showed("an answer");
}
