//! `prompt.mode = "chat"`: the model's own chat template around the request, by whichever program.

use std::fs;

use serde_json::{Value, json};

use crate::common::World;

/// What the fault kit's template makes of the turns.
const FORMED: &str = "<|system|>be brief<|user|>two words<|assistant|>";

/// What a server was asked, in its order.
fn asked(file: &str) -> Vec<(String, Value)> {
    let lines = fs::read_to_string(file).unwrap_or_default();
    let lines = lines.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        let path = line["path"].as_str().expect("a path").to_owned();
        (path, line["body"].take())
    });
    lines.collect()
}

#[tokio::test]
async fn a_server_forms_the_turns_and_is_asked_what_comes_of_it() {
    let world = World::with_chat();
    let file = world.text("requests");
    let script = format!("record {file};ready;stdin;eos");
    world
        .run(["chat", "two words", "-v"])
        .script(&script)
        .end()
        .await
        .left_with(0)
        .showed(FORMED)
        .said(&["system", "be brief"])
        .said(&["user", "two words"])
        .said(&["prompt", FORMED]);
    let asked = asked(&file);
    let [(template, turns), (completion, question)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    assert_eq!([template, completion], ["/apply-template", "/completion"]);
    let turns = turns["messages"].clone();
    assert_eq!(
        turns,
        json!([{ "role": "system", "content": "be brief" },
            { "role": "user", "content": "two words" }])
    );
    assert_eq!(question["prompt"], FORMED);
}

#[tokio::test]
async fn without_a_system_turn_there_is_none() {
    let world = World::with_chat();
    world
        .run(["chat", "hi", "--set", "prompt.system="])
        .script("ready;stdin;eos")
        .end()
        .await
        .left_with(0)
        .showed("<|user|>hi<|assistant|>");
}

#[tokio::test]
async fn a_template_that_is_refused_is_told() {
    let world = World::with_chat();
    for answer in [
        r#"500 {"error":{"message":"roles must alternate"}}"#,
        r#"200 {"text":"roles must alternate"}"#,
    ] {
        world
            .run(["chat", "hi"])
            .script(&format!("refuse /apply-template {answer};ready"))
            .end()
            .await
            .left_with(4)
            .showed("")
            .said(&["error: llama-server refused", "roles must alternate"]);
    }
}

#[tokio::test]
async fn a_model_that_cannot_chat_is_refused_before_anything_starts() {
    let world = World::with_chat();
    let model = world.model(false);
    for command in ["run", "prompt"] {
        world
            .orchestrate(command, ["chat", "hi"])
            .script(&format!("count {}", world.marks()))
            .end()
            .await
            .left_with(3)
            .showed("")
            .said(&["error:", &model, "no chat template", "prompt.mode=raw"]);
    }
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn llama_completion_is_given_the_turns_to_form_them_itself() {
    let world = World::with_chat();
    let run = |script: &'static str| {
        let run = world.run(["chat", "two words", "--set", "backend=completion"]);
        run.script(script).end()
    };
    run("ready;stdin;times 2;eos;close")
        .await
        .left_with(0)
        .showed("two words\n");
    let ended = run("ready;args;times 2;eos;close").await.left_with(0);
    let args: Vec<_> = ended.text().lines().collect();
    for flag in ["-cnv", "-st"] {
        assert!(args.contains(&flag), "{flag} {args:?}");
    }
    assert!(
        args.windows(2).any(|two| two == ["-sys", "be brief"]),
        "{args:?}"
    );
    assert!(
        !args.iter().any(|arg| arg.contains("two words")),
        "{args:?}"
    );
    assert!(!args.contains(&"-no-cnv"), "{args:?}");
}
