//! What a verdict of the watchdog leaves behind, on both programs. Which there are, and how soon they come,
//! is held by `tests/faults/`.

use serde_json::Value;

use crate::common::{Ended, WINDOWS, World};

/// A profile for each program.
const PROFILES: [&str; 2] = ["plain", "served"];

async fn run(script: &str, profile: &str, more: &[&str]) -> Ended {
    let world = World::with_server();
    let first = [profile, "hi"];
    let args = first.iter().chain(more).chain(&WINDOWS);
    world.run(args).script(script).end().await
}

#[tokio::test]
async fn json_tells_what_stalled() {
    for profile in PROFILES {
        let ended = run("ready;write one;hang", profile, &["--json"]).await;
        let report: Value = ended.left_with_in(125, &profile).json();
        assert_eq!(report["stop"]["reason"], "stalled");
        assert_eq!(report["text"], "one");
        let stall = &report["stop"]["stall"];
        assert_eq!(
            (&stall["phase"], &stall["cause"]),
            (&"decode".into(), &"hung".into())
        );
        assert_eq!(stall["window_from"], "profile");
        let silent = stall["silent_s"].as_f64().expect("seconds");
        assert!((1.0..3.0).contains(&silent), "{silent}");
    }
}

#[tokio::test]
async fn slow_is_said_once_in_ten_seconds_and_told_in_json_lines() {
    let world = World::with_server();
    // A spin is given four windows, and is called slow from half of one on.
    let args = ["plain", "hi", "--jsonl", "--set", "watch.decode=2s"];
    let ended = world.run(args).script("ready;write one;spin").end().await;
    let ended = ended.left_with(125);
    assert_eq!(
        ended.stderr.matches("slow, not hung").count(),
        1,
        "{ended:?}"
    );
    let ended = ended.said(&["note: slow, not hung: generating for", "it is at work"]);
    let events = ended.json_lines();
    let mut slow = events.iter().filter(|event| event["event"] == "slow");
    let slow = slow.next().expect("an event");
    assert_eq!(
        (&slow["phase"], &slow["why"]),
        (&"decode".into(), &"unknown".into())
    );
    assert!(slow["silent_s"].as_f64() >= Some(1.0), "{slow}");
}

#[tokio::test]
async fn a_table_of_zeros_is_no_loop() {
    for profile in PROFILES {
        let script = "ready;repeat 500 0;times 500;close";
        let more = ["--set", "watch.loops=true", "-c", "1024", "-n", "1000"];
        run(script, profile, &more).await.left_with_in(0, &profile);
    }
}

#[tokio::test]
async fn what_was_seen_of_a_stall_is_kept() {
    let world = World::with_server();
    for profile in PROFILES {
        let first = [profile, "hi"];
        let args = first.iter().chain(&WINDOWS);
        let script = "log last words;ready;write one;hang";
        let ended = world.run(args).script(script).end().await;
        let ended = ended.left_with_in(125, &profile);
        let (_, incident) = ended.stderr.rsplit_once("incident ").expect("a name");
        let incident = incident.trim();
        let listed = world
            .orchestrate("incidents", ["list"])
            .end()
            .await
            .left_with(0);
        assert!(listed.text().starts_with(incident), "{}", listed.text());
        let shown = world.orchestrate("incidents", ["show", incident, "--json"]);
        let shown = shown.end().await.left_with(0);
        let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
        assert_eq!(
            (&shown["verdict"], &shown["exit_code"]),
            (&"stalled".into(), &125.into())
        );
        assert_eq!(
            [&shown["phase"], &shown["cause"], &shown["window_from"]],
            ["decode", "hung", "profile"]
        );
        let logged = shown["log"].as_array().expect("lines");
        let last_words = |line: &Value| {
            line.as_str()
                .is_some_and(|line| line.contains("last words"))
        };
        assert!(logged.iter().any(last_words), "{shown}");
        if cfg!(target_os = "linux") {
            let threads = shown["processes"][0]["threads"]
                .as_array()
                .expect("threads");
            assert_eq!(threads[0]["state"], "S", "{shown}");
        }
    }
    let unknown = world
        .orchestrate("incidents", ["show", "never"])
        .end()
        .await;
    unknown
        .left_with(2)
        .said(&["failed to find the incident \"never\""]);
}

#[tokio::test]
async fn an_incident_that_cannot_be_written_costs_a_warning_and_nothing_else() {
    let world = World::new();
    let state = world.file("no-state", "a file in the place of the directory");
    let args = ["plain", "hi"];
    let ended = world
        .run(args.iter().chain(&WINDOWS))
        .env("ORCHESTRATE_STATE_DIR", state)
        .script("ready;write one;hang")
        .end()
        .await;
    ended
        .left_with(125)
        .showed("one")
        .said(&["failed to create the directory", "no-state"]);
}
