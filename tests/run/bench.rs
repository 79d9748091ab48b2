//! `orchestrate bench` against programs whose speed depends on their flags.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{World, until};

/// No two trials differ.
const ALIKE: &str = "ready;write fn;timed 33 10;eos;close";
/// A twentieth faster with a micro-batch of 64.
const FASTER_WITH_64: &str = "ready;write fn;given -ub 64 timed 33 20;\
                              unless -ub 64 timed 33 21;eos;close";
/// No process of the candidate gives an answer, and each of the base does.
const BROKEN_WITHOUT_64: &str = "unless -ub 64 exit 1;ready;write fn;timed 33 10;eos;close";

fn world() -> World {
    let world = World::new();
    world.profile(
        "timed",
        "extends = \"plain\"\ncontext = 512\nthreads = 1\nbatch_threads = 1\n",
    );
    world
}

#[tokio::test]
async fn the_first_night_is_the_anchor_of_the_next_and_equals_raise_no_alarm() {
    let world = world();
    let night = || world.orchestrate("bench", ["--profile", "timed", "--json"]);
    let first = night().script(ALIKE).end().await.left_with(0);
    let _ = first.said(&["is its anchor from now on"]);
    let anchor = world.path("state/anchor/timed/profile.toml");
    let written = fs::metadata(&anchor).expect("an anchor").modified().ok();

    let second = night().script(ALIKE).end().await.left_with(0);
    assert!(!second.stderr.contains("from now on"), "{}", second.stderr);
    assert_eq!(
        fs::metadata(&anchor).expect("still").modified().ok(),
        written
    );
    let report: Value = second.json_pretty();
    assert_eq!(report["schema"], "orchestrate.bench/1");
    assert_eq!(report["has_regression"], false);
    let cases = report["cases"].as_array().expect("cases");
    let names: Vec<_> = cases.iter().map(|case| case["case"].clone()).collect();
    assert_eq!(names, ["timed/pp128", "timed/tg32"]);
    for case in cases {
        assert_eq!(case["finding"], "same", "{report:#}");
        assert_eq!(case["comparison"]["pairs"], 7);
    }
    // Two warm-ups of each, seven pairs of each, and seven of the base with itself.
    assert_eq!(report["trials"].as_array().map(Vec::len), Some(46));
}

#[tokio::test]
async fn what_is_slower_is_told_in_a_sentence_and_in_the_exit_code() {
    let world = world();
    let junit = world.path("bench.xml");
    let args = [
        "--profile",
        "timed",
        "--against-set",
        "micro_batch=64",
        "--markdown",
        "--junit",
        junit.to_str().expect("UTF-8"),
    ];
    let run = world.orchestrate("bench", args).script(FASTER_WITH_64);
    let ended = run.end().await.left_with(8);
    let text = ended.text();
    assert!(
        text.contains("timed/tg32: 5.0 % slower than micro_batch=64 ("),
        "{text}"
    );
    assert!(text.contains("interval 5.0 to 5.0), since 20"), "{text}");
    assert!(
        text.contains("| timed/tg32 | 21.00 | 20.00 | +5.0 % |"),
        "{text}"
    );
    let xml = fs::read_to_string(&junit).expect("a report");
    assert!(xml.contains("failures=\"2\""), "{xml}");
}

#[tokio::test]
async fn what_fails_where_the_base_does_not_is_broken_and_is_not_tried_for_ever() {
    let world = world();
    let args = [
        "--profile",
        "timed",
        "--against-set",
        "micro_batch=64",
        "--json",
    ];
    let run = world.orchestrate("bench", args).script(BROKEN_WITHOUT_64);
    let report = run.end().await.left_with(8).json_pretty();
    for case in report["cases"].as_array().expect("cases") {
        assert_eq!(case["finding"], "broken", "{report:#}");
    }
    let trials = report["trials"].as_array().expect("trials");
    let failed = trials.iter().filter(|trial| trial["failure"].is_string());
    // Two of each case: what hangs for ten minutes each time would be the whole night.
    assert_eq!(failed.count(), 4, "{report:#}");
}

#[tokio::test]
async fn an_interrupted_night_is_kept_and_gone_on_with() {
    let world = world();
    let script = format!("count {};{ALIKE}", world.marks());
    let args = ["--profile", "timed", "--against-set", "micro_batch=64"];
    let run = world.orchestrate("bench", args.iter().chain(&["--pairs", "40"]));
    let running = run.script(&script).start().await;
    until("some trials", || world.starts() > 12).await;
    running.signal(Signal::INT);
    running
        .end()
        .await
        .left_with(130)
        .said(&["--resume"])
        .said_on_stdout("interrupted");

    let again = ["--pairs", "40", "--resume", "--json"];
    let run = world.orchestrate("bench", args.iter().chain(&again));
    let ended = run.script(&script).end().await.left_with(0);
    let ended = ended.said(&["goes on: "]);
    let report = ended.json_pretty();
    assert_eq!(report["end"], "done");
    let trials = report["trials"].as_array().expect("trials");
    assert_eq!(trials.len(), 244);
    let numbers = trials.iter().map(|trial| trial["trial"].as_u64());
    assert!(
        numbers.eq((0..244).map(Some)),
        "each trial once, in its order"
    );
}

#[tokio::test]
async fn an_anchor_whose_model_has_changed_is_told_with_the_way_out() {
    let world = world();
    let args = ["--profile", "timed", "--pairs", "1"];
    let run = world.orchestrate("bench", args).script(ALIKE);
    run.end().await.left_with(0);
    let facts = world.path("state/anchor/timed/anchor.toml");
    let text = fs::read_to_string(&facts).expect("an anchor");
    let changed = text.replace("model_fingerprint = \"", "model_fingerprint = \"0");
    fs::write(&facts, changed).expect("written");
    let run = world.orchestrate("bench", args).script(ALIKE);
    run.end()
        .await
        .left_with(3)
        .said(&["has changed since"])
        .said(&["--freeze-anchor"]);
    let renewed = args.iter().chain(&["--freeze-anchor"]);
    let run = world.orchestrate("bench", renewed).script(ALIKE);
    run.end().await.left_with(0);
}

#[tokio::test]
async fn a_night_without_a_figure_ends_as_a_run_tells_its_failure() {
    let world = world();
    let args = ["--profile", "timed", "--pairs", "1"];
    let run = world.orchestrate("bench", args).script("exit 1");
    run.end()
        .await
        .left_with(7)
        .said_on_stdout("timed/tg32: not measured");
}

#[tokio::test]
async fn what_is_not_kept_is_not_gone_on_with() {
    let world = world();
    world.file("config/orchestrate.toml", "[history]\nenabled = false\n");
    let args = ["--profile", "timed", "--pairs", "1", "--resume"];
    let run = world.orchestrate("bench", args).script(ALIKE);
    run.end()
        .await
        .left_with(0)
        .said(&["no night can be gone on with", "a new one begins"]);
}
