//! What is asked: where it comes from, how it reaches the program, and what cannot be asked.

use crate::common::{Ended, World};

/// A script that answers with the prompt as the program has read it.
const ECHO: &str = "ready;stdin;times 2;eos;close";

/// The prompt that the program has read, without the newline that is its own.
fn read(ended: Ended) -> String {
    let report = ended.left_with(0).json();
    let text = report["text"].as_str().expect("a text").to_owned();
    let prompt = text.strip_suffix('\n').expect("one more newline");
    prompt.to_owned()
}

#[tokio::test]
async fn goes_over_standard_input_as_rendered_and_never_into_the_arguments() {
    let world = World::new();
    let secret = "the quick brown fox";
    let prompt = world.run(["coder", secret, "--json"]).script(ECHO).end();
    assert_eq!(
        read(prompt.await),
        format!("Write Python code for: {secret}\n\nCode:")
    );
    let args = world
        .run(["plain", secret, "-n", "64"])
        .script("ready;args;times 2;eos;close")
        .end()
        .await
        .left_with(0);
    let args: Vec<_> = args.text().lines().collect();
    assert!(!args.iter().any(|arg| arg.contains("quick")), "{args:?}");
    for pair in [["-f", "/dev/stdin"], ["-n", "64"], ["-c", "256"]] {
        assert!(args.windows(2).any(|two| two == pair), "{pair:?} {args:?}");
    }
    for flag in ["-no-cnv", "--no-escape", "--no-display-prompt", "--perf"] {
        assert!(args.contains(&flag), "{flag} {args:?}");
    }
}

#[tokio::test]
async fn comes_from_an_argument_a_file_or_a_pipe() {
    let world = World::new();
    let file = world.file("work/request.txt", "from a file\n");
    let piped = || b"from a pipe\n".to_vec();
    let run = |args: &[&str]| {
        world
            .run(["plain", "--json"].iter().chain(args))
            .script(ECHO)
    };

    assert_eq!(
        read(run(&["from an argument"]).end().await),
        "from an argument"
    );
    assert_eq!(read(run(&["-f", &file]).end().await), "from a file");
    assert_eq!(read(run(&["-f", "request.txt"]).end().await), "from a file");
    assert_eq!(
        read(run(&["-f", "-"]).input(piped()).end().await),
        "from a pipe"
    );
    assert_eq!(read(run(&["-"]).input(piped()).end().await), "from a pipe");
    assert_eq!(read(run(&[]).input(piped()).end().await), "from a pipe");
}

#[tokio::test]
async fn keeps_every_character() {
    let world = World::new();
    let prompt = r#"C:\new\temp "x" 'y' $HOME {{ 7 * 7 }} {% raw %} é😀 — \x41 \\ "#;
    let run = world.run(["plain", prompt, "--json"]).script(ECHO);
    assert_eq!(read(run.end().await), prompt);
    // One line end belongs to the file; those before it belong to the request.
    let run = world.run(["plain", "-", "--json"]).script(ECHO);
    assert_eq!(
        read(run.input("\n a\n\nb\r\n\n").end().await),
        "\n a\n\nb\r\n"
    );
    let run = world.run(["plain", "-", "--json"]).script(ECHO);
    assert_eq!(read(run.input("of Windows\r\n").end().await), "of Windows");
}

#[tokio::test]
async fn larger_than_any_pipe_it_arrives_whole() {
    let world = World::new();
    let prompt = "0123456789abcde\n".repeat(20_000);
    let run = world.run(["plain", "-", "--json"]).script(ECHO);
    let read = read(run.input(prompt.clone()).end().await);
    assert!(read == prompt.trim_end(), "{} bytes", read.len());
}

#[tokio::test]
async fn takes_variables_and_keys_for_one_run() {
    let world = World::new();
    let run = world.run(["coder", "x", "--json", "--var", "language=Rust"]);
    assert_eq!(
        read(run.script(ECHO).end().await),
        "Write Rust code for: x\n\nCode:"
    );
    let run = world.run([
        "plain",
        "x",
        "--json",
        "--set",
        "prompt.template=<{{prompt}}>",
    ]);
    assert_eq!(read(run.script(ECHO).end().await), "<x>");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_before_the_start() {
    let world = World::new();
    let script = format!("count {}", world.marks());
    let nul = world.file("work/nul.txt", b"a\0b");
    let binary = world.file("work/latin1.txt", b"caf\xe9");
    let missing = world.text("work/none.txt");
    for (args, words) in [
        (vec![""], "the prompt is empty"),
        (vec![" \n\t"], "the prompt is empty"),
        (vec!["-"], "the prompt is empty"),
        (vec!["-f", &nul], "NUL byte at byte 1"),
        (vec!["-f", &binary], "not valid UTF-8 at byte 3"),
        (vec!["-f", &missing], "none.txt"),
        (vec!["-f", &nul, "and an argument"], "cannot be used with"),
        (vec!["x", "--var", "language"], "NAME=VALUE"),
        (
            vec!["x", "--var", "langage=Rust"],
            "did you mean \"language\"?",
        ),
        (vec!["x", "--set", "contxt=1"], "did you mean \"context\"?"),
        (vec!["x", "--set", "context"], "KEY=VALUE"),
        (vec!["x", "-n", "many"], "max_tokens"),
        (vec!["x", "-m", "dmo"], "did you mean \"demo\"?"),
    ] {
        world
            .run(["coder"].iter().chain(&args))
            .script(&script)
            .end()
            .await
            .left_with(2)
            .showed("")
            .said(&["error:", words]);
    }
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_variable_without_a_value_is_named() {
    let world = World::new();
    world.profile(
        "needy",
        "extends = \"plain\"\n[prompt]\ntemplate = \"{{prompt}} in {{language}}\"",
    );
    world
        .run(["needy", "x"])
        .script(&format!("count {}", world.marks()))
        .end()
        .await
        .left_with(2)
        .said(&["error:", "\"language\"", "--var language=…"]);
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn an_unknown_profile_names_the_nearest() {
    let world = World::new();
    world
        .run(["codr", "x"])
        .script(&format!("count {}", world.marks()))
        .end()
        .await
        .left_with(3)
        .said(&["error:", "no profile \"codr\"", "did you mean \"coder\"?"]);
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_terminal_is_no_prompt() {
    let world = World::new();
    let command = format!("{} run plain", env!("CARGO_BIN_EXE_orchestrate"));
    if which::which("script").is_err() {
        eprintln!("skipped: there is no `script`, which gives a program a terminal");
        return;
    }
    let ended = world
        .program("script", ["-qec", &command, "/dev/null"])
        .script("hang")
        .end()
        .await
        .left_with(2);
    assert!(
        ended.text().contains("no prompt") && ended.text().contains("-f"),
        "{ended:?}"
    );
}
