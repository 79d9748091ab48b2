//! The record that a run leaves: what is in it, and what happens where it cannot be written.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rustix::process::{Signal, geteuid};
use serde_json::{Value, json};

use crate::common::{Ended, World};

const SHORT: &str = "ready;write fn;write \\x20add();times 3;eos;close";

/// The runs that the history of this world has, the latest first.
async fn runs(world: &World) -> Vec<Value> {
    let ended = world.orchestrate("history", ["--json"]).end().await;
    let listed = ended.left_with(0).json_pretty();
    assert_eq!(listed["schema"], "orchestrate.history/1");
    listed["runs"].as_array().expect("a list").clone()
}

/// What a run that nobody hindered says.
fn untroubled(ended: Ended) -> Ended {
    let ended = ended.left_with(0).showed("fn add()");
    let lines = ended.stderr.lines();
    let alarms: Vec<_> = lines
        .filter(|line| line.starts_with("warning") || line.starts_with("error"))
        .collect();
    assert_eq!(alarms, [] as [&str; 0]);
    ended
}

#[tokio::test]
async fn a_run_leaves_the_figures_of_its_summary_line() {
    let world = World::with_server();
    world.profile(
        "secret",
        "extends = \"plain\"\n[environment]\nTOKEN = \"hunter2\"\n[limits]\ntimeout = \"100s\"",
    );
    for profile in ["secret", "served"] {
        let run = world.run([profile, "hi", "--json"]).script(SHORT).end();
        let report = run.await.left_with(0).json();
        let record = runs(&world).await.swap_remove(0);
        assert_eq!(record["profile"], profile);
        for field in ["backend", "exit_code"] {
            assert_eq!(record[field], report[field], "{field}");
        }
        let timings = &report["timings"];
        for field in ["prompt_tokens", "generated_tokens", "peak_rss_bytes"] {
            assert_eq!(record[field], timings[field], "{field}");
        }
        for field in ["load_ms", "ms_per_token", "ttft_ms", "total_ms"] {
            let (kept, told) = (&record[field], &timings[field]);
            // The report rounds to microseconds.
            let near = kept
                .as_f64()
                .zip(told.as_f64())
                .is_none_or(|(kept, told)| (kept - told).abs() < 0.001);
            assert!(
                kept.is_null() == told.is_null() && near,
                "{field}: {kept} {told}"
            );
        }
        assert_eq!(record["verdict"], "done");
        assert_eq!(record["build"], "b11434");
        assert_eq!(record["model_path"], report["model"]["path"]);
        assert_eq!(record["settings"]["context"], 256);
        let limit = if profile == "secret" {
            json!(100.0)
        } else {
            json!(null)
        };
        assert_eq!(record["limit_seconds"], limit);
        assert!(record["host_cpus"].as_u64() > Some(0));
    }
    let database = fs::read(world.path("state/history.db")).expect("written");
    let secret = b"hunter2";
    assert!(!database.windows(secret.len()).any(|part| part == secret));
    // A run leaves its log beside it, for whoever opens it next: now it is one file.
    let files = fs::read_dir(world.path("state"))
        .expect("readable")
        .flatten();
    let files: Vec<_> = files
        .map(|file| file.file_name())
        .filter(|name| name.to_string_lossy().starts_with("history"))
        .collect();
    assert_eq!(files, ["history.db"]);
}

#[tokio::test]
async fn a_run_that_fails_or_is_ended_leaves_a_record_too() {
    let world = World::new();
    let args = ["plain", "hi"];
    let crash = world.run(args).script("ready;write fn;abort").end();
    crash.await.left_with(7);
    let limited = ["plain", "hi", "--timeout", "200ms"];
    let budget = world.run(limited).script("ready;write fn;hang").end();
    budget.await.left_with(124);
    let mut run = world.run(args).script("ready;write fn;hang").start().await;
    run.shows("fn").await;
    run.signal(Signal::INT);
    run.end().await.left_with(130);
    let ends: Vec<_> = runs(&world)
        .await
        .iter()
        .map(|run| (run["verdict"].clone(), run["exit_code"].clone()))
        .collect();
    let expected = [("interrupted", 130), ("budget", 124), ("crashed", 7)];
    assert_eq!(
        ends,
        expected.map(|(word, code)| (json!(word), json!(code)))
    );
}

#[tokio::test]
async fn who_wants_no_history_has_none() {
    let world = World::new();
    world.file("config/orchestrate.toml", "[history]\nenabled = false\n");
    untroubled(world.run(["plain", "hi"]).script(SHORT).end().await);
    assert!(!world.path("state/history.db").exists());
    let listed = world.orchestrate("history", [] as [&str; 0]).end().await;
    listed.left_with(0).said_on_stdout("no runs yet");
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_made_costs_a_warning_and_nothing_else() {
    let world = World::new();
    let in_the_way = world.file("in-the-way", "a file");
    let below = format!("{in_the_way}/state");
    let run = |quiet: &[&str]| {
        let args = ["plain", "hi"].iter().chain(quiet).copied();
        let run = world.run(args.collect::<Vec<_>>()).script(SHORT);
        run.env("ORCHESTRATE_STATE_DIR", &below).end()
    };
    let ended = run(&[]).await.left_with(0).showed("fn add()");
    let (_, after) = ended
        .stderr
        .split_once("stopped: end of text\n")
        .expect("a summary line");
    assert!(after.starts_with("warning: this run is not in the history: "));
    assert_eq!(after.lines().count(), 1, "{after}");
    assert!(after.contains("ORCHESTRATE_STATE_DIR"), "{after}");
    let ended = run(&["-q"]).await.left_with(0).showed("fn add()");
    assert_eq!(ended.stderr, "");
}

#[tokio::test]
async fn a_read_only_state_directory_costs_a_warning_and_is_still_read() {
    let world = World::new();
    untroubled(world.run(["plain", "hi"]).script(SHORT).end().await);
    // The directory, and the files in it: those that are there could be written without it.
    let allow = |directory, file| {
        let allow = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
        };
        let state = world.path("state");
        for entry in fs::read_dir(&state).expect("readable").flatten() {
            if entry.path().is_file() {
                allow(&entry.path(), file);
            }
        }
        allow(&state, directory);
    };
    // To root, permissions mean nothing, unless it gives that up.
    let orchestrate = env!("CARGO_BIN_EXE_orchestrate");
    let powerless: &[&str] = match geteuid().is_root() {
        true => &["setpriv", "--bounding-set=-dac_override", orchestrate],
        false => &["env", orchestrate],
    };
    let there = Command::new(powerless[0]).arg("--version").output();
    if there.is_err() {
        eprintln!("skipped: as root it needs setpriv (util-linux)");
        return;
    }
    allow(0o555, 0o444);
    let with = |words: &[&str]| {
        let args = [&powerless[1..], words].concat();
        world.program(powerless[0], args).script(SHORT).end()
    };
    let ran = with(&["run", "plain", "hi"]).await;
    let listed = with(&["history"]).await;
    allow(0o700, 0o600);
    ran.left_with(0).showed("fn add()").said(&[
        "warning: this run is not in the history",
        "cannot be written",
    ]);
    listed.left_with(0).said_on_stdout("done");
}

#[tokio::test]
async fn a_damaged_history_is_set_aside_and_said_once() {
    let world = World::new();
    let database = world.file(
        "state/history.db",
        "no database, but for its name\n".repeat(9),
    );
    let ended = untroubled(world.run(["plain", "hi"]).script(SHORT).end().await);
    let aside = format!("{database}.corrupt-1");
    ended.said(&["note: the history", "was damaged", &aside]);
    assert!(Path::new(&aside).exists());
    let ended = untroubled(world.run(["plain", "hi"]).script(SHORT).end().await);
    assert!(!ended.stderr.contains("damaged"), "{}", ended.stderr);
    assert_eq!(runs(&world).await.len(), 2);
}

#[tokio::test]
async fn a_check_says_from_the_history_alone_that_a_limit_will_cut() {
    let world = World::new();
    world.profile(
        "tight",
        "extends = \"plain\"\nmax_tokens = 200\n[limits]\ntimeout = \"1s\"",
    );
    let check = || world.orchestrate("profiles", ["check", "tight"]).end();
    let before = check().await.left_with(0);
    assert!(!before.text().contains("limit"), "{before:?}");
    assert!(!world.path("state/history.db").exists());
    // 10 ms per token, by its own word.
    let script = "ready;repeat 32 x;times 32;eos;close";
    let run = world.run(["plain", "hi"]).script(script);
    run.end().await.left_with(0);
    let kept = || fs::read(world.path("state/history.db")).expect("a history");
    let history = kept();
    let sentence = "at 10.0 ms/token (measured in earlier runs) 200 tokens need 2.0 s; the 1s limit will \
                    cut after about ";
    let after = check().await.left_with(0);
    let warning = format!("profiles/tight.toml:4:1: profile \"tight\": {sentence}");
    assert!(after.text().contains(&warning), "{after:?}");
    assert!(after.text().contains(": use --timeout "), "{after:?}");
    assert_eq!(kept(), history, "a check writes nothing");
    // A run says the same, before its first token.
    let run = world
        .run(["tight", "hi"])
        .script("ready;sleep 300;eos;close");
    run.end().await.said(&[sentence]);
    world.profile("other", "extends = \"tight\"\nbatch = 64");
    let other = world
        .orchestrate("profiles", ["check", "other"])
        .end()
        .await;
    assert!(
        !other.left_with(0).text().contains("limit"),
        "other settings"
    );
}
