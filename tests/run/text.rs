//! What reaches standard output: the model's text, all of it, once, and nothing else.

use crate::common::World;

#[tokio::test]
async fn the_text_of_a_model_that_ends_by_itself() {
    let completion = "ready;write fn;write \\x20add();times 3;eos;close";
    let server = "ready;prompt 3 6;prompt 6 6;write fn;write \\x20add();times 3;eos";
    for (world, profile, script) in [
        (World::new(), "plain", completion),
        (World::with_server(), "served", server),
    ] {
        world
            .run([profile, "hi"])
            .script(script)
            .end()
            .await
            .left_with(0)
            .showed("fn add()")
            .said(&[
                "3 tokens · 10.0 ms/token (100 tok/s)",
                "prompt 6 tokens at 10 ms",
                "stopped: end of text",
            ]);
    }
}

#[tokio::test]
async fn the_text_up_to_the_token_limit() {
    let world = World::new();
    let ended = world
        .run(["plain", "-n", "2", "hi", "--json"])
        .script("ready;write one;write two;times 2;close")
        .end()
        .await
        .left_with(0)
        .said(&["stopped: token limit"]);
    let report = ended.json();
    assert_eq!(report["text"], "onetwo");
    assert_eq!(report["stop"]["reason"], "limit");
    assert_eq!(report["timings"]["generated_tokens"], 2);
    assert_eq!(report["limits"]["max_tokens"], 2);
}

#[tokio::test]
async fn the_text_up_to_a_full_context() {
    let world = World::new();
    let ended = world
        .run(["plain", "hi", "--json"])
        .script(
            "ready;write a;log main: context full and context shift is disabled => stopping;\
             times 2;close",
        )
        .end()
        .await
        .left_with(0)
        .said(&["stopped: context full"]);
    assert_eq!(ended.json()["text"], "a");
    assert_eq!(ended.json()["stop"]["reason"], "context");
}

#[tokio::test]
async fn a_stop_sequence_is_found_across_pieces_and_never_shown() {
    let world = World::new();
    world.profile("stops", "extends = \"plain\"\nstop = [\"<|im_end|>\"]");
    let script = "ready;write ab<|im;write _e;write nd|>no;write body's text;hang";
    world
        .run(["stops", "hi"])
        .script(script)
        .end()
        .await
        .left_with(0)
        .showed("ab")
        .said(&["stopped: stop sequence \"<|im_end|>\""]);
    let report = world
        .run(["stops", "hi", "--json"])
        .script(script)
        .end()
        .await
        .left_with(0)
        .json();
    assert_eq!(report["text"], "ab");
    assert_eq!(report["stop"]["reason"], "stop");
    assert_eq!(report["stop"]["word"], "<|im_end|>");
    assert!(
        report["timings"]["ms_per_token"].is_number(),
        "SIGINT makes llama-completion print its timings: {report}"
    );
}

#[tokio::test]
async fn the_beginning_of_a_stop_sequence_is_shown_as_soon_as_it_is_none() {
    let world = World::new();
    world.profile("stops", "extends = \"plain\"\nstop = [\"<|im_end|>\"]");
    let mut running = world
        .run(["stops", "hi"])
        .script("ready;write a<|im_;write start;hang")
        .start()
        .await;
    running.shows("a<|im_start").await;
}

#[tokio::test]
async fn a_stop_sequence_that_only_the_end_completes() {
    let world = World::new();
    world.profile("stops", "extends = \"plain\"\nstop = [\"END\\n\"]");
    // The newline could be the program's own, and is known to be the model's when it has left.
    let report = world
        .run(["stops", "hi", "--json"])
        .script(&format!(
            "count {};ready;write a;write END;write \\n",
            world.marks()
        ))
        .end()
        .await
        .left_with(0)
        .json();
    assert_eq!(report["text"], "a");
    assert_eq!(report["stop"]["word"], "END\n");
    assert_eq!(world.starts(), 1, "what stopped has lost nothing");
}

#[tokio::test]
async fn words_of_the_program_are_kept_where_the_model_writes_them() {
    let world = World::new();
    let words =
        "write say;write  [end of text]\\n;write or\\n;write Interrupted by user\\n;write .";
    world
        .run(["plain", "hi"])
        .script(&format!("ready;{words};times 6;eos;close"))
        .end()
        .await
        .left_with(0)
        .showed("say [end of text]\nor\nInterrupted by user\n.");
}

#[tokio::test]
async fn newlines_at_the_end_are_the_models_but_for_the_programs_own() {
    let world = World::new();
    for (end, reason) in [("eos;close", "eos"), ("close", "limit")] {
        let report = world
            .run(["plain", "-n", "4", "hi", "--json"])
            .script(&format!(
                "ready;write a;write \\n\\n;write \\n;times 3;{end}"
            ))
            .end()
            .await
            .left_with(0)
            .json();
        assert_eq!(report["text"], "a\n\n\n");
        assert_eq!(report["stop"]["reason"], reason);
    }
}

#[tokio::test]
async fn no_newline_is_added_to_a_text_that_has_one_or_to_none_at_all() {
    let world = World::new();
    for (write, text) in [("write a\\n;", "a\n"), ("", "")] {
        world
            .run(["plain", "hi"])
            .script(&format!("ready;{write}times 2;eos;close"))
            .end()
            .await
            .left_with(0)
            .showed(text);
    }
}

#[tokio::test]
async fn a_character_that_is_split_across_writes_arrives_whole() {
    let world = World::new();
    let ended = world
        .run(["plain", "hi", "--jsonl"])
        .script("ready;write \\xf0\\x9f;write \\x98;write \\x80;write é;times 4;eos;close")
        .end()
        .await
        .left_with(0);
    let lines = ended.json_lines();
    let texts = lines.iter().filter_map(|line| line["text"].as_str());
    // The last line is the report.
    assert_eq!(texts.collect::<Vec<_>>(), ["😀", "é", "😀é"]);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_replaced() {
    let world = World::new();
    world
        .run(["plain", "hi"])
        .script("ready;write a\\xffb\\xe2\\x82c;write \\xf0\\x9f;times 3;eos;close")
        .end()
        .await
        .left_with(0)
        // The beginning of a character whose rest never came is not shown.
        .showed("a\u{fffd}b\u{fffd}c");
}

#[tokio::test]
async fn a_text_longer_than_a_packet_of_the_pipe_is_whole() {
    let world = World::new();
    let long = "0123456789é".repeat(1500);
    world
        .run(["plain", "hi"])
        .script(&format!("ready;write {long};write .;times 3;eos;close"))
        .end()
        .await
        .left_with(0)
        .showed(&format!("{long}."));
}

#[tokio::test]
async fn a_run_that_lost_the_end_of_its_text_is_repeated_and_shown_once() {
    let world = World::new();
    let marks = world.marks();
    let report = world
        .run(["plain", "hi", "--json"])
        .script(&format!(
            "ready;write one;write two;lose 1 {marks};write three;times 4;eos;close"
        ))
        .end()
        .await
        .left_with(0)
        .json();
    assert_eq!(report["text"], "onetwothree");
    assert_eq!(report["stop"]["reason"], "eos");
    assert_eq!(report["timings"]["ms_per_token"], 10.0);
    assert_eq!(world.starts(), 2);
}

#[tokio::test]
async fn a_run_that_lost_its_timings_is_repeated_and_shown_once() {
    let world = World::new();
    let marks = world.marks();
    let report = world
        .run(["plain", "hi", "--json"])
        .script(&format!("ready;write one;eos;close;lose 1 {marks};times 2"))
        .end()
        .await
        .left_with(0)
        .json();
    assert_eq!(report["text"], "one");
    assert_eq!(report["timings"]["generated_tokens"], 2);
    assert_eq!(world.starts(), 2);
}

#[tokio::test]
async fn a_text_whose_end_is_always_lost_is_not_called_whole() {
    let world = World::new();
    let marks = world.marks();
    let ended = world
        .run(["plain", "hi"])
        .script(&format!("ready;write one;lose 99 {marks}"))
        .end()
        .await
        .left_with(7)
        .showed("one")
        .said(&["error:", "the end of the text may be missing"]);
    assert!(!ended.stderr.contains("stopped: end of text"));
    assert_eq!(world.starts(), 21, "one run and twenty repetitions");
}

#[tokio::test]
async fn timings_that_are_always_lost_cost_no_text() {
    let world = World::new();
    let marks = world.marks();
    let report = world
        .run(["plain", "hi", "--json"])
        .script(&format!("ready;write one;eos;close;lose 99 {marks}"))
        .end()
        .await
        .left_with(0)
        .json();
    assert_eq!(report["text"], "one");
    assert!(report["timings"]["ms_per_token"].is_null(), "{report}");
}

#[tokio::test]
async fn a_repetition_that_says_something_else_is_no_result() {
    let world = World::new();
    let (marks, other) = (world.marks(), world.text("other"));
    world
        .run(["plain", "hi"])
        .script(&format!(
            "ready;nth {other};lose 1 {marks};write more;times 3;eos;close"
        ))
        .end()
        .await
        .left_with(7)
        .showed("1")
        .said(&["error:", "the end of the text may be missing"]);
}
