//! What goes wrong: crashes, models that are none, and a llama.cpp that is not there.

use rustix::process::Signal;

use crate::common::{World, until};

#[tokio::test]
async fn a_crash_in_the_middle_of_a_word_keeps_the_text() {
    let world = World::new();
    let script = "ready;write half a wo;log last words;abort";
    world
        .run(["plain", "hi"])
        .script(script)
        .end()
        .await
        .left_with(7)
        .showed("half a wo")
        .said(&["llama.cpp:", "last words"])
        .said(&["error: the llama process crashed while generating: SIGABRT"]);
    let report = world
        .run(["plain", "hi", "--json"])
        .script(script)
        .end()
        .await
        .left_with(7)
        .json();
    assert_eq!(report["text"], "half a wo");
    assert_eq!(report["stop"]["reason"], "crashed");
    assert_eq!(
        report["error"]["message"],
        "the llama process crashed while generating: SIGABRT; its whole log is kept with --log-file FILE"
    );
    assert_eq!(report["exit_code"], 7);
}

#[tokio::test]
async fn a_crash_says_in_which_phase() {
    let world = World::new();
    for (script, phase) in [
        ("abort", "loading the model"),
        ("ready;abort", "reading the prompt"),
    ] {
        world
            .run(["plain", "hi"])
            .script(script)
            .end()
            .await
            .left_with(7)
            .showed("")
            .said(&["error:", phase, "SIGABRT"]);
    }
}

#[tokio::test]
async fn an_exit_with_0_and_without_a_word_is_no_success() {
    let world = World::new();
    for script in ["exit 0", "ready;exit 0", "ready;close"] {
        world
            .run(["plain", "hi"])
            .script(script)
            .end()
            .await
            .left_with(7)
            .said(&["error: the llama process ended"]);
    }
}

#[tokio::test]
async fn a_model_that_llama_cpp_rejects_is_a_matter_of_the_model() {
    let world = World::new();
    world
        .run(["plain", "hi"])
        .script(
            "log llama_model_load: error loading model: unknown model architecture: 'x9';\
             log common_init_from_params: failed to load model;exit 1",
        )
        .end()
        .await
        .left_with(5)
        .said(&["error: llama.cpp cannot use this model", "'x9'"]);
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_told_with_both_numbers() {
    let world = World::new();
    world
        .run(["plain", "hi"])
        .script("ready;log main: prompt is too long (10000 tokens, max 252);exit 1")
        .end()
        .await
        .left_with(2)
        .said(&["error:", "10000 tokens", "252", "-c"]);
}

#[tokio::test]
async fn a_file_that_is_no_model_is_named_before_anything_is_started() {
    let world = World::new();
    let model = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.gguf"));
    let model = model.expect("the demo model");
    let empty = world.file("empty.gguf", b"");
    let cut = world.file("cut.gguf", &model[..model.len() / 2]);
    let header = world.file("header.gguf", &model[..100]);
    let text = world.file("text.gguf", b"<!DOCTYPE html>\n");
    let missing = world.text("missing.gguf");
    let directory = world.text("work");
    for (path, words) in [
        (&empty, "the file is empty"),
        (&cut, "cut off"),
        (&header, "cut off"),
        (&text, "not a GGUF file"),
        (&missing, "no such file"),
        (&directory, "is a directory"),
    ] {
        world
            .run(["plain", "hi", "-m", path])
            .script(&format!("count {}", world.marks()))
            .end()
            .await
            .left_with(5)
            .showed("")
            .said(&["error: failed to", path, words]);
    }
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_program_that_is_not_llama_cpp_is_named() {
    let world = World::new();
    let (dir, program) = world.other_llama("echo hello");
    world
        .run(["plain", "hi", "--llama-dir", &dir])
        .end()
        .await
        .left_with(4)
        .showed("")
        .said(&[
            "error:",
            &program,
            "does not answer like a program of llama.cpp",
        ]);
}

#[tokio::test]
async fn a_program_that_does_not_run_here_is_named() {
    let world = World::new();
    let (dir, program) = world.other_llama("echo no such library >&2; exit 127");
    world
        .run(["plain", "hi", "--llama-dir", &dir])
        .end()
        .await
        .left_with(4)
        .said(&[
            "error:",
            &program,
            "does not run on this machine",
            "library",
        ]);
}

#[tokio::test]
async fn a_program_that_never_answers_is_not_awaited_and_not_left() {
    let world = World::new();
    let (dir, program) = world.other_llama("exec sleep 1000");
    world
        .run(["plain", "hi", "--llama-dir", &dir])
        .end()
        .await
        .left_with(4)
        .said(&["error:", &program]);
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let run = world.run(["plain", "hi", "--llama-dir", &dir]);
        let running = run.start().await;
        until("it is asked", || !running.children().is_empty()).await;
        running.signal(signal);
        running.end().await;
    }
}

#[tokio::test]
async fn without_any_llama_cpp_the_next_step_is_named() {
    let world = World::new();
    let run = |args: &[&str]| {
        world
            .run(["plain", "hi"].iter().chain(args))
            .env_remove("ORCHESTRATE_LLAMA_DIR")
            .env("PATH", world.path("work"))
    };
    run(&[]).end().await.left_with(4).showed("").said(&[
        "error:",
        "llama-completion",
        "`orchestrate build`",
    ]);
    let empty = world.text("work");
    run(&["--llama-dir", &empty])
        .end()
        .await
        .left_with(4)
        .said(&["error:", &empty, "--llama-dir"]);
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_told_where_it_matters() {
    let world = World::new();
    // Below a file nobody can write, not even root.
    let file = world.file("a-file", b"");
    let script = "ready;write a;times 2;eos;close";
    world
        .run(["plain", "hi"])
        .env("ORCHESTRATE_CACHE_DIR", format!("{file}/cache"))
        .script(script)
        .end()
        .await
        .left_with(5)
        .said(&["error:", "embedded model", &file, "ORCHESTRATE_CACHE_DIR"]);
    // A model of one's own needs no cache.
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.gguf");
    world
        .run(["plain", "hi", "-m", model])
        .env("ORCHESTRATE_CACHE_DIR", format!("{file}/cache"))
        .script(script)
        .end()
        .await
        .left_with(0)
        .showed("a");
}
