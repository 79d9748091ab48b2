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

/// The rest of what a program must find is looked at by the fake itself at every start
/// (`tests/fake/environment.rs`); Rust ignores SIGPIPE before it could look.
#[tokio::test]
async fn no_signal_is_ignored_or_blocked_in_the_child() {
    /// SIGHUP, SIGINT, SIGQUIT, SIGPIPE and SIGTERM; others may have been ignored by whoever started this.
    const POLITE: u64 = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 12 | 1 << 14;
    let world = World::new();
    let fake = world.text("llama/llama-completion");
    // As a shell finds them.
    let (dir, _) = world.other_llama(&format!(
        "case \"$1\" in --version|--help) exec '{fake}' \"$@\" ;; esac\n\
         grep -E '^Sig(Ign|Blk):' /proc/self/status; echo; echo"
    ));
    let run = world.run(["plain", "hi", "--llama-dir", &dir]);
    let ended = run.script("").end().await;
    let masks: Vec<_> = ended.text().split_whitespace().collect();
    assert_eq!(masks.len(), 4, "{ended:?}");
    for (name, mask) in [(masks[0], masks[1]), (masks[2], masks[3])] {
        let mask = u64::from_str_radix(mask, 16).expect("a mask");
        assert_eq!(mask & POLITE, 0, "{name}");
    }
}
