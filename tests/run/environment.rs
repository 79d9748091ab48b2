//! What reaches the program besides the prompt: variables and extra arguments.

use crate::common::World;

#[tokio::test]
async fn what_would_change_or_betray_is_kept_from_the_child() {
    let world = World::new();
    world.profile(
        "own",
        "extends = \"plain\"\n[environment]\nOMP_NUM_THREADS = \"3\"",
    );
    world
        .run(["own", "hi"])
        .env("LLAMA_ARG_N_PREDICT", "3")
        .env("LLAMA_API_KEY", "secret")
        .env("HF_TOKEN", "secret")
        .env("GGML_VK_VISIBLE_DEVICES", "0")
        .env("OMP_NUM_THREADS", "99")
        .script(
            "ready;env LLAMA_ARG_N_PREDICT;env LLAMA_API_KEY;env HF_TOKEN;env GGML_NO_BACKTRACE;\
             env GGML_VK_VISIBLE_DEVICES;env OMP_NUM_THREADS;times 2;eos;close",
        )
        .end()
        .await
        .left_with(0)
        .showed(
            "LLAMA_ARG_N_PREDICT unset\nLLAMA_API_KEY unset\nHF_TOKEN unset\n\
             GGML_NO_BACKTRACE=1\nGGML_VK_VISIBLE_DEVICES=0\nOMP_NUM_THREADS=3\n",
        );
}

#[tokio::test]
async fn a_profile_may_set_what_orchestrate_provides() {
    let world = World::new();
    world.profile(
        "own",
        "extends = \"plain\"\n[environment]\nGGML_NO_BACKTRACE = \"0\"",
    );
    world
        .run(["own", "hi"])
        .script("ready;env GGML_NO_BACKTRACE;times 2;eos;close")
        .end()
        .await
        .left_with(0)
        .showed("GGML_NO_BACKTRACE=0\n");
}

#[tokio::test]
async fn extra_arguments_are_passed_on_when_the_build_knows_them() {
    let world = World::new();
    world.profile(
        "own",
        "extends = \"plain\"\nextra_args = [\"--numa\", \"isolate\"]",
    );
    let ended = world
        .run(["own", "hi"])
        .script("ready;args;times 2;eos;close")
        .end()
        .await
        .left_with(0);
    assert!(ended.text().ends_with("--numa\nisolate"), "{ended:?}");
}

#[tokio::test]
async fn extra_arguments_that_cannot_be_passed_on_are_refused_before_the_start() {
    let world = World::new();
    for (args, words) in [
        ("[\"--no-warmpu\"]", "did you mean --no-warmup?"),
        ("[\"-p\", \"text\"]", "the prompt comes over stdin"),
        ("[\"--threads\", \"4\"]", "\"threads\""),
        ("[\"-cnv\"]", "a run takes one prompt"),
        ("[\"--numa\"]", "needs a value"),
    ] {
        world.profile("own", &format!("extends = \"plain\"\nextra_args = {args}"));
        world
            .run(["own", "hi"])
            .script(&format!("count {}", world.marks()))
            .end()
            .await
            .left_with(3)
            .said(&["error:", "extra_args", words]);
    }
    assert_eq!(world.starts(), 0);
}
