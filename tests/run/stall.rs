//! Hung is ended, slow is not: the verdicts of the watchdog on both programs.

use serde_json::Value;

use crate::common::{Ended, World};

/// The shortest windows there are, so that a test need not wait long.
const WINDOWS: [&str; 6] = [
    "--set",
    "watch.load=1s",
    "--set",
    "watch.prefill=1s",
    "--set",
    "watch.decode=1s",
];
/// A profile for each program.
const PROFILES: [&str; 2] = ["plain", "served"];

async fn run(script: &str, profile: &str, more: &[&str]) -> Ended {
    let world = World::with_server();
    let first = [profile, "hi"];
    let args = first.iter().chain(more).chain(&WINDOWS);
    world.run(args).script(script).end().await
}

#[tokio::test]
async fn a_child_that_hangs_after_some_tokens_is_stalled_and_its_text_is_kept() {
    for profile in PROFILES {
        run("ready;write one;write two;hang", profile, &[])
            .await
            .left_with_in(125, &profile)
            .showed("onetwo")
            .said(&[
                "stalled while generating",
                "window is 1.0 s",
                "set by the profile",
            ]);
    }
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
async fn a_load_that_does_not_begin_is_stalled() {
    for profile in PROFILES {
        run("hang", profile, &[])
            .await
            .left_with_in(125, &profile)
            .showed("")
            .said(&["stalled while loading the model"]);
    }
}

#[tokio::test]
async fn a_prompt_that_is_never_read_is_stalled() {
    for profile in PROFILES {
        run("ready;hang", profile, &[])
            .await
            .left_with_in(125, &profile)
            .said(&["stalled while reading the prompt"]);
    }
}

#[tokio::test]
async fn a_stopped_child_is_stalled_and_the_report_says_who_has_stopped_it() {
    for profile in PROFILES {
        run("ready;write one;stop", profile, &[])
            .await
            .left_with_in(125, &profile)
            .showed("one")
            .said(&["somebody has stopped it (SIGSTOP)"]);
    }
}

#[tokio::test]
async fn a_spin_is_given_four_windows_and_no_more() {
    for profile in PROFILES {
        let ended = run("ready;write one;spin", profile, &["--json"]).await;
        let report = ended.left_with_in(125, &profile).json();
        let stall = &report["stop"]["stall"];
        assert_eq!(stall["cause"], "spin", "{profile}");
        let silent = stall["silent_s"].as_f64().expect("seconds");
        assert!((3.0..=5.1).contains(&silent), "{silent}");
    }
}

#[tokio::test]
async fn an_answer_that_repeats_itself_without_end_is_looping() {
    for profile in PROFILES {
        let script = "ready;write begin;repeat 600 ab;hang";
        let more = ["--set", "watch.loops=true", "-c", "1024", "-n", "1000"];
        let ended = run(script, profile, &more).await;
        let ended = ended.left_with_in(123, &profile);
        assert!(ended.text().starts_with("beginabab"), "{profile}");
        ended.said(&["repeats itself without end"]);
    }
}

#[tokio::test]
async fn a_table_of_zeros_is_no_loop() {
    for profile in PROFILES {
        let script = "ready;repeat 500 0;times 500;close";
        let more = ["--set", "watch.loops=true", "-c", "1024", "-n", "1000"];
        run(script, profile, &more).await.left_with_in(0, &profile);
    }
}
