//! `orchestrate prompt`: what a run would send, and nothing generated and nothing left for it.

use std::fs;

use rustix::process::Signal;

use crate::common::{World, until};

#[tokio::test]
async fn a_raw_prompt_is_shown_to_the_letter() {
    let world = World::new();
    let shown = |args: &'static [&str]| world.orchestrate("prompt", args).end();
    shown(&["coder", "é \\n \"x\" "])
        .await
        .left_with(0)
        .showed("Write Python code for: é \\n \"x\" \n\nCode:")
        .said(&["tokens not counted", "llama-tokenize"])
        .said(&["raw prompt"]);
    shown(&["coder", "x", "--var", "language=Rust", "-q"])
        .await
        .left_with(0)
        .showed("Write Rust code for: x\n\nCode:");
    world.has("llama-tokenize");
    shown(&["plain", "three short words"])
        .await
        .left_with(0)
        .showed("three short words")
        .said(&["raw prompt", "3 tokens of a context of 256"]);
    let json = shown(&["plain", "three short words", "--json"]);
    let json = json.await.left_with(0).json();
    assert_eq!(
        json,
        serde_json::json!({ "schema": "orchestrate.prompt/1", "profile": "plain", "mode": "raw",
            "prompt": "three short words", "tokens": 3, "context": 256 })
    );
}

#[tokio::test]
async fn without_any_llama_cpp_a_raw_prompt_is_shown_all_the_same() {
    let world = World::new();
    world
        .orchestrate("prompt", ["plain", "hi"])
        .env_remove("ORCHESTRATE_LLAMA_DIR")
        .env("PATH", world.path("work"))
        .end()
        .await
        .left_with(0)
        .showed("hi");
}

#[tokio::test]
async fn a_chat_is_formed_by_a_server_that_generates_nothing() {
    let world = World::with_chat();
    let file = world.text("requests");
    let script = format!("record {file};ready");
    let shown = |args: &'static [&str]| world.orchestrate("prompt", args).script(&script).end();
    let formed = "<|system|>be brief<|user|>hi<|assistant|>";
    shown(&["chat", "hi"])
        .await
        .left_with(0)
        .showed(formed)
        .said(&["chat prompt", "2 tokens of a context of 256"]);
    let asked = fs::read_to_string(&file).expect("requests");
    assert_eq!(asked.lines().count(), 2, "{asked}");
    assert!(!asked.contains("/completion"), "{asked}");
    let json = shown(&["chat", "hi", "--json"]).await.left_with(0).json();
    assert_eq!(
        (&json["prompt"], &json["tokens"]),
        (&formed.into(), &2.into())
    );
    assert_eq!(json["mode"], "chat");
}

#[tokio::test]
async fn what_the_router_is_asked_can_be_seen() {
    let world = World::new();
    world.profile("own", "extends = \"plain\"\nroute = \"everything else\"");
    let ended = world.orchestrate("prompt", ["auto", "quick sort", "--json"]);
    let json = ended.end().await.left_with(0).json();
    assert_eq!(json["profile"], "router");
    let prompt = json["prompt"].as_str().expect("a text");
    let listed = "algorithm: classic algorithms, with their complexity\n\
                  coder: short functions and everyday code\nown: everything else\n";
    assert!(prompt.contains(listed), "{prompt}");
    assert!(prompt.contains("Request: quick sort\n"), "{prompt}");
}

#[tokio::test]
async fn a_server_that_fails_is_told_and_not_left() {
    let world = World::with_chat();
    for (script, code, words) in [
        ("abort", 7, "SIGABRT"),
        (
            "log llama_model_load: error loading model: unknown model architecture: 'x9';exit 1",
            5,
            "'x9'",
        ),
        (
            "hold /apply-template;ready;asked /apply-template;abort",
            7,
            "SIGABRT",
        ),
        ("hold /tokenize;ready;asked /tokenize;kill", 7, "SIGKILL"),
        (
            "refuse /apply-template 500 {\"error\":{\"message\":\"roles must alternate\"}};ready",
            4,
            "roles must alternate",
        ),
    ] {
        world
            .orchestrate("prompt", ["chat", "hi"])
            .script(script)
            .end()
            .await
            .left_with_in(code, &script)
            .showed("")
            .said(&["error:", words]);
    }
}

#[tokio::test]
async fn a_server_that_cannot_count_costs_the_number_alone() {
    let world = World::with_chat();
    let run = world.orchestrate("prompt", ["chat", "hi", "--json"]);
    let run = run.script("refuse /tokenize 500 no;ready");
    let json = run.end().await.left_with(0).json();
    assert_eq!(json["tokens"], serde_json::Value::Null);
}

#[tokio::test]
async fn time_limits_hold_here_too() {
    let world = World::with_chat();
    for (limit, script) in [
        ("load=300ms", "hang"),
        ("load=300ms", "ignore TERM;listen;announce;hang"),
        ("timeout=700ms", "hold /apply-template;ready"),
        ("timeout=700ms", "hold /tokenize;ready;asked /tokenize;stop"),
    ] {
        let set = format!("limits.{limit}");
        let run = world.orchestrate("prompt", ["chat", "hi", "--set", &set]);
        let ended = run.script(script).end().await;
        ended
            .left_with_in(124, &script)
            .said(&["error:", "limit of"]);
    }
}

#[tokio::test]
async fn whoever_asks_for_the_end_gets_it() {
    let world = World::with_chat();
    let mark = format!("orphan;count {};hang", world.marks());
    world.has("llama-tokenize");
    for script in &[
        mark.clone(),
        format!("nothing;{mark}"),
        format!("listen;announce;asked /health;{mark}"),
        format!("ignore TERM;hold /apply-template;ready;asked /apply-template;{mark}"),
        format!("hold /tokenize;ready;asked /tokenize;{mark}"),
    ] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
            let _ = fs::remove_file(world.marks());
            // Its tokens are counted by a program of its own.
            let profile = if *script == mark { "plain" } else { "chat" };
            let run = world.orchestrate("prompt", [profile, "hi"]);
            let running = run.script(script).start().await;
            until("it is there", || world.starts() == 1).await;
            running.signal(signal);
            running.end().await.left_with_in(code, script).showed("");
        }
    }
}

#[tokio::test]
async fn a_count_that_fails_or_hangs_costs_the_number_alone() {
    let world = World::new();
    world.has("llama-tokenize");
    for script in ["abort", "exit 1", "hang"] {
        let args = ["plain", "hi", "--json", "--set", "limits.timeout=700ms"];
        let run = world.orchestrate("prompt", args).script(script);
        let json = run.end().await.left_with(0).json();
        assert_eq!(json["tokens"], serde_json::Value::Null, "{script}");
        assert_eq!(json["prompt"], "hi");
    }
}
