//! `orchestrate run auto`: the router chooses among the profiles with a route, and whatever goes wrong
//! with it costs nobody their answer.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Ended, Run, World, until};

/// Two profiles to choose from, a router that reads both, and one that takes what nobody else does.
fn routes() -> World {
    let world = World::with_server();
    for (name, more) in [
        ("coder", "extends = \"plain\"\nroute = \"code\""),
        (
            "algorithm",
            "extends = \"plain\"\nroute = \"algorithms\"\nmax_tokens = 50",
        ),
        ("none", "extends = \"plain\""),
    ] {
        world.profile(
            name,
            &format!("{more}\n[prompt]\ntemplate = \"{{{{prompt}}}}\""),
        );
    }
    world.file("config/orchestrate.toml", "default_profile = \"none\"");
    world
}

/// A run of `auto`, where the router's server follows this script.
fn auto<'w>(world: &'w World, router: &str, args: &[&str]) -> Run<'w> {
    let run = world.run(["auto", "quick sort"].iter().chain(args));
    run.script("ready;write answer;times 2;eos;close")
        .env("FAKE_SCRIPT_SERVER", router)
}

/// The `route` of a run of `--json`.
fn route(ended: &Ended) -> Value {
    ended.json()["route"].clone()
}

/// It must have fallen back to `default_profile`, and said why.
fn fell_back(ended: Ended, words: &str) {
    let ended = ended.left_with(0).said(&[
        "note:",
        words,
        "\"none\" takes the request (default_profile)",
    ]);
    let report = ended.json();
    assert_eq!(report["profile"], "none", "{ended:?}");
    assert_eq!(report["text"], "answer");
    let reason = report["route"]["fallback"].as_str().expect("a reason");
    assert!(reason.contains(words), "{reason}");
}

#[tokio::test]
async fn the_router_is_asked_for_one_of_the_names_and_its_answer_is_taken() {
    let world = routes();
    let file = world.text("requests");
    let router = format!("record {file};ready;likely algorithm 0.6 coder 0.2;write algorithm;eos");
    let ended = auto(&world, &router, &["--json"]).end().await.left_with(0);
    let report = ended.json();
    assert_eq!(report["profile"], "algorithm");
    assert_eq!(report["text"], "answer");
    assert_eq!(report["limits"]["max_tokens"], 50);
    let route = &report["route"];
    assert_eq!(route["router"], "router");
    let share = route["share"].as_f64().expect("a share");
    assert!((share - 0.75).abs() < 1e-6, "{share}");
    assert!(route["ms"].is_number());
    assert_eq!(route["fallback"], Value::Null);

    let asked = fs::read_to_string(&file).expect("requests");
    let asked: Value = serde_json::from_str(asked.trim()).expect("one request");
    let body = &asked["body"];
    assert_eq!(
        body["grammar"],
        "root ::= \" \"? (\"algorithm\" | \"coder\")\n"
    );
    assert_eq!(body["temperature"], 0.0);
    assert_eq!(body["seed"], 0);
    assert_eq!(body["n_predict"], 11);
    assert_eq!(body["n_probs"], 50);
    let prompt = body["prompt"].as_str().expect("a prompt");
    assert!(
        prompt.contains("algorithm: algorithms\ncoder: code\n"),
        "{prompt}"
    );
    assert!(prompt.contains("Request: quick sort\n"), "{prompt}");
    assert!(!prompt.contains("none"), "{prompt}");

    // With a space before it, over several pieces, up to the limit: the same name.
    let router = "ready;write \\x20co;write der;close";
    auto(&world, router, &["-v"])
        .end()
        .await
        .left_with(0)
        .showed("answer")
        .said(&["profile", "coder"])
        .said(&["route", "chosen by \"router\" among 2 in"]);
}

#[tokio::test]
async fn without_a_choice_no_router_is_started() {
    let world = routes();
    let router = format!("count {};ready", world.marks());
    // As the built-in one below it has a route, the user's has to take it away.
    let without = |name: &str| {
        world.profile(
            name,
            "extends = \"plain\"\nroute = \"\"\n[prompt]\ntemplate = \"{{prompt}}\"",
        );
    };
    without("coder");
    let only = auto(&world, &router, &["--json"]).end().await.left_with(0);
    assert_eq!(only.json()["profile"], "algorithm");
    let route = &only.json()["route"];
    assert_eq!(
        (&route["router"], &route["fallback"]),
        (&Value::Null, &Value::Null)
    );
    let shown = auto(&world, &router, &["-v"]).end().await.left_with(0);
    shown.said(&["route", "the only profile with a \"route\""]);

    without("algorithm");
    let none = auto(&world, &router, &["--json"]).end().await;
    fell_back(none, "no profile has a \"route\"");
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_named_profile_asks_no_router() {
    let world = routes();
    let args = ["coder", "x", "--json"];
    let run = world
        .run(args)
        .script("ready;write answer;times 2;eos;close");
    let run = run.env(
        "FAKE_SCRIPT_SERVER",
        format!("count {};ready", world.marks()),
    );
    let report = run.end().await.left_with(0).json();
    assert_eq!(report.get("route"), None);
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_router_that_fails_costs_nobody_their_answer() {
    let world = routes();
    for (router, words) in [
        ("ready;write nonsense;eos", "it answered \"nonsense\""),
        ("ready;write code;close", "it answered \"code\""),
        ("ready;write algorithm;full;close", "context full"),
        ("ready;write none;eos", "it answered \"none\""),
        ("abort", "SIGABRT"),
        ("ready;write algorithm;abort", "SIGABRT"),
        ("ready;write algorithm;cut", "broke off"),
        (
            "refuse /completion 500 no such thing;ready",
            "no such thing",
        ),
        (
            "log llama_model_load: error loading model: unknown model architecture: 'x9';exit 1",
            "'x9'",
        ),
        ("ready;prompt 0 100000;hang", "100000 tokens"),
    ] {
        fell_back(auto(&world, router, &["--json"]).end().await, words);
    }
}

#[tokio::test]
async fn a_router_that_cannot_be_asked_costs_nobody_their_answer() {
    let world = routes();
    for (profile, words) in [
        ("context = \"many\"", "context"),
        ("model = \"missing.gguf\"", "missing.gguf"),
        ("extra_args = [\"--no-such-flag\"]", "--no-such-flag"),
        ("[prompt]\nmode = \"chat\"\n", "chat template"),
    ] {
        // The embedded model may learn to chat.
        let model = world.model(false);
        let model = if profile.contains("chat") {
            format!("model = '{model}'\n")
        } else {
            String::new()
        };
        world.profile("router", &format!("{model}{profile}"));
        let run = auto(
            &world,
            &format!("count {};ready", world.marks()),
            &["--json"],
        );
        fell_back(run.end().await, words);
    }
    assert_eq!(world.starts(), 0);
}

#[tokio::test]
async fn a_broken_profile_is_left_out_of_the_choice() {
    let world = routes();
    world.profile("broken", "route = \"everything\"\ncontext = \"many\"");
    let ended = auto(&world, "ready;write coder;eos", &["--json"])
        .end()
        .await;
    let ended = ended
        .left_with(0)
        .said(&["note: left out of the choice:", "broken.toml"]);
    assert_eq!(ended.json()["profile"], "coder");
}

#[tokio::test]
async fn without_a_server_llama_completion_chooses() {
    let world = routes();
    fs::remove_file(world.path("llama/llama-server")).expect("it is there");
    // It chooses, then answers: the same program with the same script.
    let run = |script: &'static str| world.run(["auto", "x", "--json"]).script(script).end();
    let report = run("ready;write coder;times 2;eos;close")
        .await
        .left_with(0)
        .json();
    assert_eq!(
        (&report["profile"], &report["text"]),
        (&"coder".into(), &"coder".into())
    );
    assert_eq!(report["route"]["router"], "router");
    assert_eq!(report["route"]["share"], Value::Null);
    let ended = run("ready;args;times 2;eos;close").await;
    let reason = route(&ended)["fallback"].to_string();
    for word in ["--grammar", "algorithm", "--temp"] {
        assert!(reason.contains(word), "{word} {reason}");
    }
}

#[tokio::test]
async fn changes_for_one_run_are_for_the_chosen_profile_alone() {
    let world = routes();
    let file = world.text("requests");
    world.profile(
        "coder",
        "extends = \"plain\"\nroute = \"code\"\n\
         [prompt]\ntemplate = \"{{language}}: {{prompt}}\"\nvariables = { language = \"Python\" }",
    );
    let changes = [
        "--json", "-n", "5", "-c", "512", "--temp", "0.9", "--seed", "3",
    ];
    let args = ["auto", "x", "--var", "language=Rust"]
        .iter()
        .chain(&changes);
    let run = world.run(args).script("ready;stdin;times 2;eos;close");
    let router = format!("record {file};ready;write coder;eos");
    let run = run.env("FAKE_SCRIPT_SERVER", router);
    let report = run.end().await.left_with(0).json();
    assert_eq!(report["text"], "Rust: x\n");
    assert_eq!(report["limits"]["max_tokens"], 5);
    assert_eq!(report["limits"]["context"], 512);
    let asked = fs::read_to_string(&file).expect("requests");
    let asked: Value = serde_json::from_str(asked.trim()).expect("one request");
    let body = &asked["body"];
    assert_eq!(
        (&body["n_predict"], &body["temperature"], &body["seed"]),
        (&11.into(), &0.0.into(), &0.into())
    );
}

#[tokio::test]
async fn whoever_asks_for_the_end_while_the_router_chooses_gets_it() {
    let world = routes();
    let mark = format!("orphan;count {};hang", world.marks());
    for router in [
        mark.clone(),
        format!("listen;announce;asked /health;{mark}"),
        format!("ready;asked /completion;{mark}"),
        format!("ignore TERM;ready;write algo;{mark}"),
    ] {
        for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
            // To wait for SIGKILL once is enough.
            if router.starts_with("ignore") && code != 130 {
                continue;
            }
            let _ = fs::remove_file(world.marks());
            let running = auto(&world, &router, &[]).start().await;
            until("the router is there", || world.starts() == 1).await;
            running.signal(signal);
            let ended = running.end().await;
            ended.left_with_in(code, &router).showed("");
        }
    }
}

#[tokio::test]
async fn a_router_that_hangs_leaves_time_for_the_answer() {
    let world = routes();
    let late = "time limit of 1s";
    // Its own limit is two minutes.
    let args = ["--json", "--timeout", "2s"];
    let ended = auto(&world, "hang", &args).end().await;
    // A machine that is busy may need the other second for the rest.
    let fallback = route(&ended)["fallback"].to_string();
    assert!(fallback.contains(late), "{fallback}");
    world.profile("router", "[limits]\ntimeout = \"1s\"");
    for router in ["hang", "ignore TERM;orphan;ready;write algo;hang"] {
        fell_back(auto(&world, router, &["--json"]).end().await, late);
    }
}

#[tokio::test]
async fn a_router_that_stalls_or_crashes_leaves_an_incident() {
    let world = routes();
    world.profile("router", "[watch]\nprefill = \"1s\"");
    for (router, verdict) in [("ready;hang", "stalled"), ("abort", "crashed")] {
        let ended = auto(&world, router, &["--json"]).end().await;
        let fallback = route(&ended)["fallback"].to_string();
        let (_, incident) = fallback.split_once("(incident ").expect("a name");
        let incident = incident.trim_end_matches(")\"");
        fell_back(ended, "incident");
        let shown = world.orchestrate("incidents", ["show", incident, "--json"]);
        let shown = shown.end().await.left_with(0);
        let shown: Value = serde_json::from_slice(&shown.stdout).expect("JSON");
        assert_eq!(
            (&shown["profile"], &shown["verdict"]),
            (&"router".into(), &verdict.into())
        );
        let args = shown["args"].as_array().expect("its arguments");
        assert!(args.contains(&"--host".into()), "{shown}");
    }
}

#[tokio::test]
async fn an_end_while_the_router_chooses_is_told_in_json_too() {
    let world = routes();
    let router = format!("ready;asked /completion;count {};hang", world.marks());
    let running = auto(&world, &router, &["--json"]).start().await;
    until("the router is there", || world.starts() == 1).await;
    running.signal(Signal::TERM);
    let ended = running.end().await.left_with(143);
    let ended = ended.said(&["SIGTERM came before the answer began"]);
    assert_eq!(ended.json()["exit_code"], 143);
}

#[tokio::test]
async fn what_the_routers_program_says_is_in_the_log_file() {
    let world = routes();
    let log = world.text("log");
    let run = auto(&world, "ready;write algo;eos", &["--log-file", &log]);
    run.end().await.left_with(0);
    let lines = fs::read_to_string(&log).expect("a log");
    assert!(
        lines.lines().any(|line| line.starts_with("router: ")),
        "{lines}"
    );
}
