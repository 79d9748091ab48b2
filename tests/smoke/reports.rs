//! The report in the forms that programs read.

use serde_json::Value;

use super::{ANSWERS, WELL, smoke, world};

#[tokio::test]
async fn json_tells_everything() {
    let other = ANSWERS.replace("one two", "three");
    let world = world(&[("answers", ANSWERS), ("wrong", &other)]);
    let ended = smoke(&world, WELL, &["--json"]).await.left_with(8);
    let report: Value = ended.json_pretty();
    assert_eq!(report["schema"], "orchestrate.smoke/1");
    assert_eq!(report["ok"], 1);
    assert_eq!(report["failed"], 1);
    assert_eq!(report["not_run"], 0);
    assert_eq!(report["exit_code"], 8);
    assert_eq!(report["programs"][0]["build"], "llama-completion b11434");
    let (well, wrong) = (&report["cases"][0], &report["cases"][1]);
    assert_eq!(well["name"], "answers/completion");
    assert_eq!(well["program"], "completion");
    assert_eq!(well["ok"], true);
    assert_eq!(well["last_lines"], Value::Array(Vec::new()));
    assert_eq!(wrong["ok"], false);
    assert_eq!(wrong["problems"].as_array().map(Vec::len), Some(1));
    let again = wrong["again"].as_str().expect("a command");
    assert!(
        again.starts_with("orchestrate smoke --cases cases"),
        "{again}"
    );
    let command = wrong["llama_commands"][0].as_str().expect("a command");
    assert!(command.contains("llama-completion"), "{command}");
    // The program has done nothing wrong but that: its log would say no more.
    assert_eq!(wrong["last_lines"], Value::Array(Vec::new()));
}

/// What is in the file is held against the schema by the tests of `ci`.
#[tokio::test]
async fn junit_names_every_case_and_tells_what_failed() {
    // What a model writes may hold what XML cannot.
    let other = ANSWERS.replace("one two", "<&>");
    let world = world(&[("answers", ANSWERS), ("wrong", &other)]);
    let script = WELL.replace("two", r"\x1b[1m");
    smoke(&world, &script, &["--junit", "smoke.xml"])
        .await
        .left_with(8);
    let text = std::fs::read_to_string(world.path("work/smoke.xml")).expect("a file");
    for words in [
        "<testsuite name=\"orchestrate smoke\" tests=\"2\" failures=\"2\"",
        "<property name=\"llama-completion\" value=\"llama-completion b11434, ",
        "<testcase name=\"wrong/completion\" classname=\"smoke.wrong\" time=\"0.",
        "<failure type=\"failed\" message=\"the text was to be &quot;&lt;&amp;&gt;&quot;",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");

    let args = ["--junit", "nowhere/smoke.xml"];
    let ended = smoke(&world, WELL, &args).await.left_with(2);
    ended.said(&["failed to write nowhere/smoke.xml", "--junit"]);
}

#[tokio::test]
async fn github_is_told_of_failures_alone() {
    let other = ANSWERS.replace("one two", "::error::50 %");
    let world = world(&[("answers", ANSWERS), ("wrong", &other)]);
    let ended = smoke(&world, WELL, &["--github"]).await.left_with(8);
    let text = ended.text();
    let commands: Vec<_> = text.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 1, "{text}");
    let start =
        "::error title=orchestrate smoke%3A wrong/completion::what must be true: it answers%0A";
    assert!(commands[0].starts_with(start), "{text}");
    assert!(commands[0].contains("50 %25"), "{text}");
}

#[tokio::test]
async fn the_list_needs_no_llama_cpp() {
    let world = world(&[
        ("answers", ANSWERS),
        ("own", "about = \"y\"\nmodel = \"profile\""),
    ]);
    let ended = smoke(&world, "exit 1", &["--list"]).await.left_with(0);
    ended.showed("CASE     WHAT MUST BE TRUE\nanswers  it answers\nown      y (with --profile)\n");
    let ended = smoke(&world, "exit 1", &["--list", "--json", "--only", "own"])
        .await
        .left_with(0);
    let list = ended.json_pretty();
    assert_eq!(list["schema"], "orchestrate.smoke-cases/1");
    assert_eq!(list["cases"][0]["needs_profile"], true);
    assert_eq!(list["cases"].as_array().map(Vec::len), Some(1));
    let ended = smoke(&world, "exit 1", &["--only", "nothing"])
        .await
        .left_with(2);
    ended.said(&["no case is meant by \"nothing\"", "--list"]);
}
