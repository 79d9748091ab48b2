//! The forms in which a run is told: JSON, JSON lines, nothing, everything, a file.

use serde_json::{Value, json};

use crate::common::World;

const SHORT: &str = "ready;write fn;write \\x20add();times 3;eos;close";

fn keys(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn json_has_the_published_fields() {
    let world = World::new();
    let ended = world.run(["plain", "hi", "--json"]).script(SHORT).end();
    let report = ended.await.left_with(0).json();
    let expected = [
        "backend",
        "exit_code",
        "limits",
        "llama",
        "model",
        "profile",
        "schema",
        "stop",
        "text",
        "timings",
    ];
    assert_eq!(keys(&report), expected);
    assert_eq!(report["schema"], "orchestrate.run/1");
    assert_eq!(report["profile"], "plain");
    assert_eq!(report["backend"], "completion");
    assert_eq!(report["text"], "fn add()");
    assert_eq!(report["stop"], json!({"reason": "eos", "word": null}));
    assert_eq!(report["exit_code"], 0);
    assert_eq!(
        report["limits"],
        json!({"context": 256, "max_tokens": 64, "timeout_s": null, "load_s": null})
    );

    let model = &report["model"];
    assert_eq!(keys(model), ["arch", "bytes", "path", "quant"]);
    let path = model["path"].as_str().expect("a path");
    let size = std::fs::metadata(path).expect("the unpacked model").len();
    assert_eq!(model["bytes"], size);
    assert!(model["arch"].is_string(), "{model}");

    let llama = &report["llama"];
    assert_eq!(llama["build"], 11434);
    assert_eq!(llama["path"], world.text("llama/llama-completion"));
}

#[tokio::test]
async fn json_has_what_was_measured() {
    let world = World::new();
    let ended = world
        .run(["plain", "hi", "--json"])
        .script("ready;write fn;sleep 20;write \\x20add();times 3;eos;close")
        .end();
    let report = ended.await.left_with(0).json();
    let timings = &report["timings"];
    let expected = [
        "cached_tokens",
        "decided_ms",
        "gaps_ms",
        "generated_tokens",
        "load_ms",
        "ms_per_token",
        "peak_rss_bytes",
        "prompt_ms",
        "prompt_tokens",
        "tokens_per_second",
        "total_ms",
        "tpot_ms",
        "ttft_ms",
    ];
    assert_eq!(keys(timings), expected);
    assert_eq!(timings["ms_per_token"], 10.0);
    assert_eq!(timings["tokens_per_second"], 100.0);
    assert_eq!(timings["generated_tokens"], 3);
    assert_eq!(timings["prompt_tokens"], 6);
    assert_eq!(timings["prompt_ms"], 60.0);
    assert_eq!(keys(&timings["gaps_ms"]), ["max", "p50", "p95", "p99"]);
    let number = |name: &str| timings[name].as_f64().expect("a number");
    assert!(number("load_ms") <= number("ttft_ms"), "{timings}");
    assert!(number("ttft_ms") <= number("total_ms"), "{timings}");
    assert!(number("peak_rss_bytes") > 100_000.0, "{timings}");
}

#[tokio::test]
async fn json_is_given_for_a_run_that_cannot_be_started() {
    let world = World::new();
    for (args, code) in [
        (["plain", "", "--json"], 2),
        (["nobody", "x", "--json"], 3),
        (["nobody", "x", "--jsonl"], 3),
    ] {
        let ended = world.run(args).end().await.left_with(code);
        let report = ended.json();
        if args.contains(&"--jsonl") {
            assert_eq!(report["event"], "not_started");
        } else {
            assert_eq!(keys(&report), ["error", "exit_code", "schema"]);
        }
        assert_eq!(report["schema"], "orchestrate.run/1");
        assert_eq!(report["exit_code"], code);
        let message = report["error"]["message"].as_str().expect("a message");
        assert!(ended.stderr.contains(message), "{ended:?}");
    }
    let ended = world
        .run(["plain", "hi", "--json"])
        .env_remove("ORCHESTRATE_LLAMA_DIR")
        .env("PATH", "")
        .end()
        .await
        .left_with(4);
    assert_eq!(ended.json()["exit_code"], 4);
}

#[tokio::test]
async fn json_lines_tell_it_as_it_happens() {
    let world = World::new();
    let mut running = world
        .run(["plain", "hi", "--jsonl"])
        .script(&format!(
            "ready;write fn;await {};write \\x20add();times 3;eos;close",
            world.text("go-on")
        ))
        .start()
        .await;
    running.shows("\"text\":\"fn\"").await;
    world.file("go-on", b"");
    let lines = running.end().await.left_with(0).json_lines();
    let events: Vec<_> = lines
        .iter()
        .map(|line| line["event"].as_str().expect("an event"))
        .collect();
    assert_eq!(events.first(), Some(&"started"));
    assert_eq!(events.last(), Some(&"finished"));
    assert_eq!(events.iter().filter(|name| **name == "text").count(), 2);
    let phases: Vec<_> = lines
        .iter()
        .filter_map(|line| line["phase"].as_str())
        .collect();
    assert!(phases.ends_with(&["decode"]), "{phases:?}");

    let (last, before) = lines.split_last().expect("lines");
    let text: String = before
        .iter()
        .filter_map(|line| line["text"].as_str())
        .collect();
    assert_eq!(last["text"], text);
    assert_eq!(last["schema"], "orchestrate.run/1");
    assert_eq!(last["stop"]["reason"], "eos");
    let at: Vec<_> = before
        .iter()
        .map(|line| line["at_ms"].as_f64().expect("a time"))
        .collect();
    assert!(at.is_sorted(), "{at:?}");
}

#[tokio::test]
async fn quiet_says_nothing_but_errors() {
    let world = World::new();
    let ended = world.run(["plain", "hi", "--quiet"]).script(SHORT).end();
    let ended = ended.await.left_with(0).showed("fn add()");
    assert_eq!(ended.stderr, "");
    let ended = world.run(["plain", "hi", "-q"]).script("ready;abort").end();
    let ended = ended.await.left_with(7);
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
}

#[tokio::test]
async fn verbose_says_what_is_run_and_how_long_it_took() {
    let world = World::new();
    let ended = world
        .run(["plain", "a secret's name", "-v"])
        .script(SHORT)
        .end()
        .await
        .left_with(0)
        .showed("fn add()")
        .said(&["profile", "plain"])
        .said(&["program", "llama/llama-completion (b11434)"])
        .said(&["argv", "-f /dev/stdin", "-n 64"])
        .said(&["prompt", "a secret's name"])
        .said(&["phases", "preparation", "load", "prompt", "generation"])
        .said(&["process", "exit code 0", "peak memory"])
        .said(&["output", "fn add()"]);
    assert!(
        ended.stderr.trim_end().ends_with("stopped: end of text"),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_log_file_has_all_of_it_and_llama_cpps_log() {
    let world = World::new();
    let log = world.text("run.log");
    world
        .run(["plain", "hi", "--log-file", &log])
        .script(&format!("log first words;{SHORT}"))
        .end()
        .await
        .left_with(0)
        .showed("fn add()");
    let log = std::fs::read_to_string(log).expect("the log");
    for words in [
        "profile plain",
        "first words",
        "common_perf_print",
        "phases ",
        "stopped: end of text",
    ] {
        assert!(log.contains(words), "{words:?} in {log}");
    }
}

#[tokio::test]
async fn a_log_file_that_cannot_be_written_costs_no_generation() {
    let world = World::new();
    let log = world.text("no-such-directory/run.log");
    let ended = world
        .run(["plain", "hi", "--log-file", &log, "--json"])
        .script(&format!("count {};{SHORT}", world.marks()))
        .end()
        .await
        .left_with(2)
        .said(&["error: failed to write the log", &log]);
    assert_eq!(ended.json()["exit_code"], 2);
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn keys_changed_for_one_run_are_the_ones_that_count() {
    let world = World::new();
    let report = world
        .run(["plain", "hi", "--json", "-n", "9", "--set", "context=128"])
        .script(SHORT)
        .end()
        .await
        .left_with(0)
        .json();
    assert_eq!(report["limits"]["max_tokens"], 9);
    assert_eq!(report["limits"]["context"], 128);
}

#[tokio::test]
async fn an_old_build_is_told_in_a_note_and_used() {
    const OLD: &str = "version: 4394 (16cdce7b)\nbuilt with cc 11.4.0 for x86_64\n";
    const NOTE: &str = "llama-completion b4394 is older than b6845, the oldest build that \
                        orchestrate is tested with";
    let world = World::new();
    let run = world.run(["plain", "hi"]).script(SHORT);
    let ended = run.env("FAKE_VERSION", OLD).end().await;
    let ended = ended
        .left_with(0)
        .showed("fn add()")
        .said(&["note: ", NOTE]);
    assert_eq!(ended.stderr.matches("older than").count(), 1);

    let orchestrate = env!("CARGO_BIN_EXE_orchestrate");
    let listed = world.program(orchestrate, ["llama"]).end().await;
    let line = format!(
        "llama-completion b4394: in {}, as you asked; {NOTE}",
        world.text("llama")
    );
    assert!(listed.left_with(0).text().contains(&line));
}
