//! `orchestrate smoke` from outside, on scripted programs (`tests/fake/llama.rs`). That all cases pass on
//! the real ones is held by `tests/real.rs`.

#[path = "../common/mod.rs"]
mod common;

mod reports;

use common::{Ended, World};

/// A case that any program passes which writes two pieces and leaves.
const ANSWERS: &str = "\
about = \"it answers\"
program = \"completion\"

[expect]
end = \"limit\"
text = \"one two\"
streams = true
timings_add_up = true
";
/// What such a program does. Its times have to fit into those that pass.
const WELL: &str = r"ready;write one;sleep 150;write \x20two;times 2;close";

/// A world with these cases, and a directory for them.
fn world(cases: &[(&str, &str)]) -> World {
    let world = World::with_server();
    std::fs::create_dir_all(world.path("work/cases")).expect("a directory");
    for (name, text) in cases {
        world.file(&format!("work/cases/{name}.toml"), text);
    }
    world
}

/// Runs them on programs that follow this script. Nothing may be left, whatever became of them.
async fn smoke(world: &World, script: &str, args: &[&str]) -> Ended {
    let args = ["--cases", "cases"].iter().chain(args);
    let run = world.orchestrate("smoke", args).script(script);
    let ended = run.end().await;
    world.empty().await;
    assert_eq!(world.sockets(), Vec::<std::path::PathBuf>::new());
    ended
}

#[tokio::test]
async fn what_is_well_is_told_in_a_line_each() {
    let world = world(&[
        ("answers", ANSWERS),
        ("both", "about = \"it starts\"\n[expect]\nend = \"limit\""),
    ]);
    let ended = smoke(&world, WELL, &[]).await.left_with(0);
    let text = ended.text();
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[0].starts_with("ok      answers/completion  "),
        "{text}"
    );
    assert!(
        lines[1].starts_with("ok      both/completion     "),
        "{text}"
    );
    assert!(
        lines[2].starts_with("ok      both/server         "),
        "{text}"
    );
    assert!(lines[4].starts_with("3 ok in "), "{text}");
    assert!(text.ends_with("(llama-completion b11434, llama-server b11434)\n"));
    assert!(lines.iter().all(|line| line.len() <= 80), "{text}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
    assert!(
        !world.path("state/history.db").exists(),
        "it is no run of the user's"
    );
}

#[tokio::test]
async fn one_that_fails_stops_no_other_and_says_how_to_repeat_it() {
    let other = ANSWERS.replace("one two", "three");
    let world = world(&[("a-wrong", &other), ("answers", ANSWERS)]);
    let ended = smoke(&world, WELL, &[]).await.left_with(8);
    let text = ended.text();
    for words in [
        "FAILED  a-wrong/completion",
        "- the text was to be \"three\", and is \"one two\"",
        "--cases cases",
        "--only a-wrong/completion\n",
        "/llama-completion -m ",
        "printf '%s\\n' 'def add(a, b):' | ",
        "ok      answers/completion",
        "1 ok, 1 failed in ",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // What it says is what repeats it, with the same result.
    let command = text
        .lines()
        .find(|line| line.contains("orchestrate smoke"))
        .expect("a command");
    let args = command.split_whitespace().skip(2);
    let ended = world
        .orchestrate("smoke", args)
        .script(WELL)
        .end()
        .await
        .left_with(8);
    assert!(ended.text().contains("0 ok, 1 failed"), "{}", ended.text());
}

#[tokio::test]
async fn a_program_that_crashes_is_told_with_its_last_words() {
    let world = world(&[("answers", ANSWERS)]);
    let script = "fault it is broken;exit 3";
    let ended = smoke(&world, script, &[]).await.left_with(8);
    let text = ended.text();
    for words in [
        "the end was to be limit, and is crashed",
        "the exit code was to be 0",
        "it is broken",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_and_told() {
    let case = |program: &str| {
        format!(
            "about = \"it answers\"\nprogram = \"{program}\"\n\
             [settings]\nwatch.load = \"1s\"\nwatch.decode = \"1s\"\n[expect]\nend = \"limit\""
        )
    };
    let (completion, server) = (case("completion"), case("server"));
    let world = world(&[("a", &completion), ("b", &server)]);
    let ended = smoke(&world, "ready;write one;hang", &[])
        .await
        .left_with(8);
    let text = ended.text();
    let told = "the end was to be limit, and is stalled";
    assert_eq!(text.matches(told).count(), 2, "{text}");
    // A program that is frozen is what a case can expect.
    let frozen = "about = \"frozen\"\nfreeze = \"load\"\n[settings]\nwatch.load = \"1s\"\n\
                  [expect]\nend = \"stalled\"\nexit = 125\nwithin_s = 60";
    let world = self::world(&[("frozen", frozen)]);
    smoke(&world, "sleep 30000", &[]).await.left_with(0);
}

#[tokio::test]
async fn what_a_program_leaves_behind_fails_the_case() {
    let world = world(&[("answers", ANSWERS)]);
    let ended = smoke(&world, &format!("orphan;{WELL}"), &[])
        .await
        .left_with(8);
    assert!(
        ended.text().contains("left behind: 1 process"),
        "{}",
        ended.text()
    );
}

#[tokio::test]
async fn a_mistake_in_a_case_is_told_before_anything_is_started() {
    let world = world(&[
        ("answers", ANSWERS),
        ("bad", "about = \"x\"\nmodle = \"demo\"\n"),
        (
            "settings",
            "about = \"x\"\n[settings]\nmax_token = 3\nsampling.temperature = 9\n",
        ),
    ]);
    let marks = world.marks();
    let ended = smoke(&world, &format!("count {marks}"), &[]).await;
    let ended = ended.left_with(3);
    assert!(
        ended
            .stderr
            .contains("cases/bad.toml:2:1: unknown key \"modle\"; did you mean \"model\"?"),
        "{ended:?}"
    );
    assert_eq!(world.starts(), 0);
    // Mistakes in the settings of a profile are found by the profile.
    std::fs::remove_file(world.path("work/cases/bad.toml")).expect("removed");
    let ended = smoke(&world, "exit 1", &[]).await.left_with(3);
    for words in [
        "cases/settings.toml:3:1: unknown key \"max_token\"; did you mean \"max_tokens\"?",
        "cases/settings.toml:4:10: \"sampling.temperature\" must be a number from 0 to 5",
    ] {
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
}

#[tokio::test]
async fn a_profile_of_the_user_is_held_to_a_speed() {
    let own = "about = \"x\"\nmodel = \"profile\"\n[settings]\nmax_tokens = 9\n[expect]\nnon_empty = true";
    let world = world(&[("answers", ANSWERS), ("own", own)]);
    // The fault kit reports 10 ms per token.
    for (least, code) in [("99", 0), ("101", 8)] {
        let args = ["--profile", "plain", "--least", least];
        let ended = smoke(&world, WELL, &args).await.left_with_in(code, &least);
        let text = ended.text();
        assert!(
            text.contains(" own  ") && !text.contains("answers"),
            "{text}"
        );
        let told = "it was to write at least 101 tokens/s, and wrote 100.00";
        assert_eq!(text.contains(told), code == 8, "{text}");
    }
    let ended = smoke(&world, WELL, &["--profile", "plian"])
        .await
        .left_with(3);
    ended.said(&["no profile \"plian\"; did you mean \"plain\"?"]);
    let ended = smoke(&world, WELL, &["--least", "3"]).await.left_with(2);
    ended.said(&["--profile"]);
}

#[tokio::test]
async fn without_llama_cpp_nothing_can_be_tested() {
    let world = world(&[("answers", ANSWERS)]);
    std::fs::remove_file(world.path("llama/llama-completion")).expect("removed");
    let ended = smoke(&world, WELL, &[]).await.left_with(4);
    ended.said(&["failed to find llama-completion in"]);
    // Where there is one of them, what needs the other one fails.
    world.file("work/cases/both.toml", "about = \"it starts\"");
    let ended = smoke(&world, WELL, &[]).await.left_with(8);
    assert!(
        ended.text().contains("FAILED  both/completion"),
        "{}",
        ended.text()
    );
    assert!(
        ended.text().contains("ok      both/server"),
        "{}",
        ended.text()
    );
}

#[tokio::test]
async fn ctrl_c_ends_it_and_what_was_done_is_told() {
    let world = world(&[("answers", ANSWERS), ("b", ANSWERS)]);
    let args = ["--cases", "cases", "--junit", "smoke.xml"];
    let marks = world.marks();
    let run = world
        .orchestrate("smoke", args)
        .script(&format!("count {marks};hang"));
    let running = run.start().await;
    common::until("it is started", || world.starts() > 0).await;
    running.signal(rustix::process::Signal::INT);
    let ended = running.end().await.left_with(130);
    assert!(ended.text().contains("0 ok, 2 not run"), "{}", ended.text());
    let file = std::fs::read_to_string(world.path("work/smoke.xml")).expect("a file");
    assert!(file.contains("tests=\"0\""), "{file}");
    world.empty().await;
}
