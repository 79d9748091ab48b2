//! A server that is silent is asked how far it is, and only numbers that have changed keep it alive.

use serde_json::Value;

use crate::common::{Ended, World};

/// Longer than the five seconds after which a silent server is asked.
const WINDOW: &str = "watch.decode=7s";

async fn run(world: &World, script: &str, log: &str) -> Ended {
    let args = ["served", "hi", "--json", "--set", WINDOW, "--log-file", log];
    world.run(args).script(script).end().await
}

/// It stalled when its window was over, and not a second later than with no one to ask.
fn stalled_in_time(ended: Ended) -> Ended {
    let ended = ended.left_with(125);
    let silent = ended.json()["stop"]["stall"]["silent_s"].as_f64();
    let silent = silent.expect("seconds");
    assert!((7.0..=8.6).contains(&silent), "{silent}");
    ended
}

#[tokio::test]
async fn slots_that_count_on_keep_a_silent_server_alive() {
    let world = World::with_server();
    let log = world.text("log");
    // Two windows without an event, and a token every second.
    let script = "ready;slots;write one;decode 15 1000;write two;eos";
    let ended = run(&world, script, &log).await.left_with(0);
    assert_eq!(ended.json()["text"], "onetwo");
}

#[tokio::test]
async fn slots_that_do_not_count_on_keep_nobody_alive_and_are_on_record() {
    let world = World::with_server();
    let log = world.text("log");
    let ended = run(&world, "ready;slots;write one;write two;hang", &log).await;
    let ended = stalled_in_time(ended);
    let report = ended.json();
    let incident = report["incident"].as_str().expect("a name");
    let shown = world.orchestrate("incidents", ["show", incident, "--json"]);
    let shown = shown.end().await.left_with(0);
    let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
    let slot = &shown["slots"][0];
    assert_eq!(
        [&slot["decoded"], &slot["prompt_tokens_processed"]],
        [2, 6],
        "{shown}"
    );
    let told = world.orchestrate("incidents", ["show", incident]);
    let told = told.end().await.left_with(0);
    assert!(told.text().contains("slot"), "{}", told.text());
}

#[tokio::test]
async fn slots_that_never_answer_or_are_not_there_cost_nothing() {
    let costs_nothing = async |script: &str| {
        let world = World::with_server();
        let log = world.text("log");
        stalled_in_time(run(&world, script, &log).await);
        let log = std::fs::read_to_string(&log).expect("a log");
        let said = log.matches("does not tell how far it is").count();
        assert_eq!(said, 1, "{log}");
    };
    tokio::join!(
        costs_nothing("hold /slots;ready;write one;hang"),
        costs_nothing("ready;write one;hang"),
        costs_nothing("refuse /slots 501 no;ready;write one;hang"),
    );
}
