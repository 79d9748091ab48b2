//! A run with `backend = "server"`: the same text, reasons and exit codes as with llama-completion,
//! from a server of its own that is asked exactly what the profile says.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::common::{Ended, Run, World};

/// Fields that no two runs have in common.
const OWN: [&str; 5] = ["profile", "backend", "llama", "timings", "incident"];

/// What must be the same whichever program has generated it.
fn account(ended: &Ended) -> Value {
    let mut report = ended.json();
    let generated = report["timings"]["generated_tokens"].clone();
    // Where it does not end by itself, the one logs them on SIGINT and the other tells of each.
    let by_itself =
        ["eos", "limit", "context"].contains(&report["stop"]["reason"].as_str().expect("a word"));
    let fields = report.as_object_mut().expect("an object");
    fields.retain(|key, _| !OWN.contains(&key.as_str()));
    if by_itself {
        fields.insert("generated".to_owned(), generated);
    }
    report
}

/// The events of `--jsonl` but for what no two runs have in common, and the pieces put together: where
/// one ends may differ.
fn events(ended: &Ended) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    for mut event in ended.json_lines() {
        // Whether llama-completion's own word for it is read before its first text is a matter of luck.
        if event["event"] == "phase" {
            continue;
        }
        let fields = event.as_object_mut().expect("an object");
        fields.retain(|key, _| !["at_ms", "pid"].contains(&key.as_str()));
        fields.retain(|key, _| !OWN.contains(&key.as_str()));
        match events.last_mut() {
            Some(last) if last["event"] == "text" && event["event"] == "text" => {
                let text = format!("{}{}", last["text"], event["text"]).replace("\"\"", "");
                last["text"] = serde_json::from_str(&text).expect("a text");
            }
            _ => events.push(event),
        }
    }
    events
}

/// The words of standard error that are no figures.
fn words(ended: &Ended) -> Vec<String> {
    let lines = ended.stderr.lines();
    let lines = lines.filter(|line| !line.starts_with("llama.cpp: "));
    lines
        // Each incident has a name of its own.
        .filter_map(|line| line.split(" · incident ").next())
        .filter_map(|line| line.rsplit(" · ").next().map(str::to_owned))
        .collect()
}

/// The same run in each form.
async fn runs(world: &World, profile: &str, script: &str, code: i32) -> [Ended; 3] {
    let run = |form: &'static [&str]| {
        let run = world.run([profile, "hi"].iter().chain(form)).script(script);
        async move { run.end().await.left_with(code) }
    };
    [
        run(&["--json"]).await,
        run(&["--jsonl"]).await,
        run(&[]).await,
    ]
}

#[tokio::test]
async fn a_server_and_llama_completion_give_the_same_account() {
    let world = World::with_server();
    for (name, program) in [("one", "completion"), ("two", "server")] {
        world.profile(
            name,
            &format!(
                "extends = \"plain\"\nbackend = \"{program}\"\nstop = [\"<|im_end|>\"]\nmax_tokens = 3"
            ),
        );
    }
    let rejected =
        "log llama_model_load: error loading model: unknown model architecture: 'x9';exit 1";
    for (script, code) in [
        (
            "ready;write fn;write \\x20add();write \\n;times 3;eos;close",
            0,
        ),
        (
            "ready;write one;write two;write \\xe2\\x82\\xac;times 3;close",
            0,
        ),
        ("ready;write one;full;times 2;close", 0),
        // A stop sequence within a piece, over several, and one that does not become one.
        ("ready;write ab<|im_end|>no;hang", 0),
        (
            "ready;write ab<|im;write _e;write nd|>no;write more;hang",
            0,
        ),
        ("ready;write ab<|im;write _x;times 3;eos;close", 0),
        ("ready;write ab<|im;times 2;eos;close", 0),
        ("ready;write half a wo;log last words;abort", 7),
        ("ready;write half a wo;kill", 7),
        ("abort", 7),
        (rejected, 5),
        ("log common_init: something unheard of;exit 3", 7),
        ("fault common_init: something is amiss;exit 1", 4),
        ("ready;asked /completion;abort", 7),
    ] {
        let run = |name| runs(&world, name, script, code);
        let [one, two] = [run("one").await, run("two").await];
        assert_eq!(account(&one[0]), account(&two[0]), "{script}");
        assert_eq!(events(&one[1]), events(&two[1]), "{script}");
        assert_eq!(one[2].text(), two[2].text(), "{script}");
        assert_eq!(words(&one[2]), words(&two[2]), "{script}");
    }
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_told_with_both_numbers() {
    let world = World::with_server();
    let refusal = json!({ "error": { "code": 400, "message": "too much", "n_prompt_tokens": 10000,
        "n_ctx": 256, "type": "exceed_context_size_error" } });
    for script in [
        format!("refuse /completion 400 {refusal};ready"),
        // The server would take these, llama-completion would not.
        "ready;prompt 0 253;hang".to_owned(),
    ] {
        let tokens = if script.contains("253") {
            "253 tokens"
        } else {
            "10000 tokens"
        };
        let run = world.run(["served", "hi"]).script(&script);
        run.end()
            .await
            .left_with(2)
            .showed("")
            .said(&["error:", tokens, "takes 252", "-c"]);
    }
    let run = world.run(["served", "hi"]);
    let run = run.script("ready;prompt 252 252;write a;eos");
    run.end().await.left_with(0).showed("a");
}

#[tokio::test]
async fn an_answer_that_is_broken_off_is_no_success() {
    let world = World::with_server();
    for (script, words) in [
        ("ready;write half;cut", "read the server's answer"),
        ("ready;write half;done", "ended before its last event"),
        (
            "ready;write half;error out of everything",
            "out of everything",
        ),
    ] {
        let run = world.run(["served", "hi"]).script(script);
        run.end()
            .await
            .left_with(7)
            .showed("half")
            .said(&["error: llama-server broke off its answer", words]);
    }
    // Nobody has asked it to leave.
    let run = world
        .run(["served", "hi"])
        .script("ready;write half;exit 0");
    run.end().await.left_with(7).showed("half").said(&[
        "error:",
        "while generating",
        "exit code 0",
    ]);
    for refusal in [
        "401 {\"error\":{\"message\":\"Invalid API Key\"}}",
        "500 Invalid API Key",
    ] {
        let run = world.run(["served", "hi"]);
        let run = run.script(&format!("refuse /completion {refusal};ready"));
        run.end()
            .await
            .left_with(4)
            .showed("")
            .said(&["error: llama-server refused the request: Invalid API Key"]);
    }
}

#[tokio::test]
async fn what_a_server_has_sent_before_its_end_is_not_lost() {
    let world = World::with_server();
    // Its exit is seen before its last words are read, or after: both at once, so either may be.
    for end in ["exit 0", "abort", "kill"] {
        let script = format!("ready;write first;repeat 300 0123456789;times 301;eos;{end}");
        let report = world.run(["served", "hi", "--json"]).script(&script);
        let report = report.end().await.left_with(0).json();
        assert_eq!(report["text"], format!("first{}", "0123456789".repeat(300)));
        assert_eq!(report["stop"]["reason"], "eos", "{report}");
    }
}

/// A reader that is slow, of an answer whose end still waits on the way when the server is gone.
#[tokio::test]
async fn a_slow_reader_loses_nothing_of_a_server_that_is_gone() {
    /// Longer than a server's last words are awaited, so that a wait that does not begin anew with each
    /// of them is over.
    const PAUSE: Duration = Duration::from_millis(250);
    /// Pieces that do not fit into the pipe and the queue to the reader, but, on a usual kernel, into
    /// these and the socket.
    const PIECES: usize = 1450;
    let world = World::with_server();
    let piece = "0123456789abcdef".repeat(16);
    let script = format!("ready;write first;repeat {PIECES} {piece};times 9;eos;abort");
    let mut running = world.run(["served", "hi"]).script(&script).start().await;
    running.shows("first").await;
    tokio::select! {
        () = running.has_no_children() => {}
        () = running.is_stuck() => {}
    }
    let mut shown = "first".to_owned();
    for _ in 0..6 {
        shown.push_str(&piece.repeat(PIECES / 10));
        running.shows(&shown).await;
        sleep(PAUSE).await;
    }
    let ended = running.end().await.left_with(0);
    let whole = format!("first{}", piece.repeat(PIECES));
    assert!(ended.text() == whole, "{} bytes", ended.stdout.len());
}

#[tokio::test]
async fn the_request_says_what_the_profile_says_and_no_more() {
    let world = World::with_server();
    let file = world.text("requests");
    let asked = || {
        let lines = fs::read_to_string(&file).expect("requests");
        fs::remove_file(&file).expect("removed");
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["path"], "/completion");
        lines[0]["body"].clone()
    };
    let script = format!("record {file};ready;write a;eos");
    let run = |args: &[&str]| {
        let args = ["served", "é <&> \"x\""].iter().chain(args);
        world.run(args).script(&script).end()
    };
    let least = json!({
        "prompt": "é <&> \"x\"", "n_predict": 64, "seed": 7, "stream": true,
        "return_progress": true, "timings_per_token": true, "cache_prompt": false,
        "sse_ping_interval": -1,
    });
    let with = |more: Value| {
        let mut body = least.clone();
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    };

    run(&[]).await.left_with(0);
    assert_eq!(asked(), least);
    run(&[
        "-n",
        "5",
        "--seed",
        "8",
        "--set",
        "ignore_eos=true",
        "--set",
        "stop=[\"a\"]",
    ])
    .await
    .left_with(0);
    assert_eq!(
        asked(),
        with(json!({ "n_predict": 5, "seed": 8, "ignore_eos": true }))
    );
    world.profile(
        "sampled",
        "extends = \"served\"\njson_schema = '{\"type\": \"object\"}'\n[sampling]\n\
         temperature = 0.5\ntop_k = 3\ntop_p = 0.25\nmin_p = 0.125\nrepeat_penalty = 1.5\n\
         repeat_last_n = 9\npresence_penalty = 0.75\nfrequency_penalty = 2",
    );
    let run = world.run(["sampled", "é <&> \"x\""]).script(&script);
    run.end().await.left_with(0);
    assert_eq!(
        asked(),
        with(json!({
            "temperature": 0.5, "top_k": 3, "top_p": 0.25, "min_p": 0.125, "repeat_penalty": 1.5,
            "repeat_last_n": 9, "presence_penalty": 0.75, "frequency_penalty": 2.0,
            "json_schema": { "type": "object" },
        }))
    );
    world.profile("narrow", "extends = \"served\"\ngrammar = 'root ::= \"a\"'");
    let run = world.run(["narrow", "é <&> \"x\""]).script(&script);
    run.end().await.left_with(0);
    assert_eq!(asked(), with(json!({ "grammar": "root ::= \"a\"" })));
}

#[tokio::test]
async fn a_server_is_started_for_one_alone() {
    let world = World::with_server();
    let run = |script: &'static str| {
        let run = world.run(["served", "a secret"]).script(script);
        run.env("LLAMA_ARG_N_PREDICT", "3")
            .env("LLAMA_API_KEY", "secret")
            .env("HF_TOKEN", "secret")
            .end()
    };
    run("ready;env LLAMA_ARG_N_PREDICT;env LLAMA_API_KEY;env HF_TOKEN;env GGML_NO_BACKTRACE;eos")
        .await
        .left_with(0)
        .showed(
            "LLAMA_ARG_N_PREDICT unset\nLLAMA_API_KEY unset\nHF_TOKEN unset\nGGML_NO_BACKTRACE=1\n",
        );
    run("ready;mode;eos").await.left_with(0).showed("700");
    let ended = run("ready;args;eos").await.left_with(0);
    let args: Vec<_> = ended.text().lines().collect();
    assert!(!args.iter().any(|arg| arg.contains("secret")), "{args:?}");
    for pair in [
        ["--cache-ram", "0"],
        ["--threads-http", "8"],
        ["-np", "1"],
        ["-c", "256"],
    ] {
        assert!(args.windows(2).any(|two| two == pair), "{pair:?} {args:?}");
    }
    let host = args
        .iter()
        .position(|arg| *arg == "--host")
        .expect("--host");
    assert!(args[host + 1].ends_with("/llama.sock"), "{args:?}");
    assert!(!args.contains(&"--port"), "{args:?}");
    assert!(args.contains(&"--slots"), "{args:?}");
    assert!(!args.contains(&"--metrics"), "{args:?}");
}

#[tokio::test]
async fn a_server_is_asked_when_it_is_ready_however_it_says_so() {
    let world = World::with_server();
    for script in [
        "ready",
        // It listens before it has loaded.
        "listen;announce;asked /health;loaded",
        // It says nothing that we know; its health tells.
        "listen;asked /health;loaded",
        "log srv  llama_server: at your service;sleep 300;listen;loaded",
    ] {
        let run = world.run(["served", "hi"]);
        let run = run.script(&format!("{script};write a;eos"));
        run.end().await.left_with(0).showed("a");
    }
}

#[tokio::test]
async fn a_health_that_is_never_told_does_not_hide_a_death() {
    let world = World::with_server();
    world
        .run(["served", "hi"])
        .script("hold /health;listen;announce;asked /health;log E it breaks;abort")
        .end()
        .await
        .left_with(7)
        .said(&["llama.cpp:", "it breaks"])
        .said(&["error:", "while loading the model", "SIGABRT"]);
}

#[tokio::test]
async fn time_limits_end_a_server_that_hangs() {
    let world = World::with_server();
    for (limit, script) in [
        ("load=300ms", "hang"),
        ("load=300ms", "listen;announce;hang"),
        ("load=300ms", "hold /health;listen;announce;hang"),
        ("load=300ms", "ignore TERM;hang"),
        ("load=300ms", "listen;announce;stop"),
        ("timeout=700ms", "ready;hang"),
        ("timeout=700ms", "ready;write partial;hang"),
        ("timeout=700ms", "ready;write partial;stop"),
    ] {
        let set = format!("limits.{limit}");
        let run = world.run(["served", "hi", "--json", "--set", &set]);
        let ended = run.script(script).end().await.left_with(124);
        assert_eq!(ended.json()["stop"]["reason"], "budget", "{script}");
    }
}

#[tokio::test]
async fn without_a_server_the_next_step_is_named() {
    let world = World::new();
    world
        .run(["plain", "hi", "--set", "backend=server"])
        .script(&format!("count {}", world.marks()))
        .end()
        .await
        .left_with(4)
        .showed("")
        .said(&["error:", "llama-server"]);
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_place_that_others_may_enter_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::with_server();
    let open = world.path("open");
    fs::create_dir(&open).expect("a directory");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).expect("ours");
    world
        .run(["served", "hi"])
        .script(&format!("count {}", world.marks()))
        .env("ORCHESTRATE_RUNTIME_DIR", &open)
        .end()
        .await
        .left_with(3)
        .said(&["error:", "others may enter"]);
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_run_beside_another_leaves_it_alone() {
    let (one, two) = (World::with_server(), World::with_server());
    let runtime = one.path("o");
    let run = |world| {
        let run: Run<'_> = World::run(world, ["served", "hi"]);
        run.env("ORCHESTRATE_RUNTIME_DIR", &runtime)
    };
    let go = one.path("go");
    let script = format!("ready;write a;await {};write b;eos", go.display());
    let mut running = run(&one).script(&script).start().await;
    running.shows("a").await;
    let beside = run(&two).script("ready;write c;eos");
    beside.end().await.left_with(0).showed("c");
    fs::write(go, "").expect("written");
    running.end().await.left_with(0).showed("ab");
    assert_eq!(fs::read_dir(&runtime).expect("it is there").count(), 0);
}

#[tokio::test]
async fn a_start_that_fails_leaves_no_socket() {
    let world = World::with_server();
    let nowhere = world.text("missing/log");
    let run = world.run(["served", "hi", "--log-file", &nowhere]);
    let run = run.script(&format!("count {}", world.marks()));
    // `end` has looked for what is left.
    run.end().await.left_with(2).said(&["error:", &nowhere]);
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_large_prompt_and_a_large_answer_arrive_whole() {
    let world = World::with_server();
    let prompt = "0123456789abcde\n".repeat(20_000);
    let run = world.run(["served", "-"]).script("ready;stdin;eos");
    let ended = run.input(prompt.clone()).end().await.left_with(0);
    assert!(ended.text() == prompt.trim_end(), "{}", ended.stdout.len());
}

#[tokio::test]
async fn a_reader_that_pauses_holds_up_neither_ctrl_c_nor_a_limit() {
    const PIECES: usize = 20_000;
    let world = World::with_server();
    let script = format!("ready;write first\\n;repeat {PIECES} 0123456789abcdef\\n;eos");
    let mut running = world.run(["served", "hi"]).script(&script).start().await;
    running.shows("first").await;
    running.is_stuck().await;
    running.signal(Signal::INT);
    running.has_no_children().await;
    let ended = running.end().await.left_with(130);
    let text = ended.text().strip_prefix("first\n").expect("the first");
    // Whatever had come by then is there, in its order.
    assert!(text.lines().count() > 1000 && text.lines().count() < PIECES);
    assert!(text.lines().all(|line| line == "0123456789abcdef"));

    let args = ["served", "hi", "--jsonl", "--timeout", "2s"];
    let mut running = world.run(args).script(&script).start().await;
    running.shows("\"event\":\"started\"").await;
    running.has_no_children().await;
    let report = running.end().await.left_with(124).json_lines().pop();
    assert_eq!(report.expect("a report")["stop"]["reason"], "budget");
}
