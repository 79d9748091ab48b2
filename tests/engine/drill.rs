//! What a server is asked before and beside the measured question: `engine::Session`, held against a
//! scripted llama-server.

use orchestrate::dialect::{Capabilities, Program};
use orchestrate::engine::{
    Asked, Companion, Drill, End, Failure, Outcome, Request, Session, SessionEvent, StartError,
    WarmUp,
};
use orchestrate::profile::Prompt;
use orchestrate::vendor::{Install, Origin};
use orchestrate::watchdog::{Expected, Phase};
use serde_json::Value;
use tokio::time::Instant;

use super::common::{World, canary};
use super::shipped;

const HELP: &str = include_str!("../data/help/llama-server-b11434.help.txt");
const VERSION: &str = include_str!("../data/help/llama-server-b11434.version.txt");

fn raw(text: &str) -> Prompt {
    Prompt::Raw(text.to_owned())
}

fn warm_up() -> Drill {
    Drill {
        warm_up: vec![WarmUp {
            prompt: raw("warm"),
            tokens: 5,
        }],
        ..Drill::default()
    }
}

/// Two streams, neither of which has anything in its context.
fn two() -> Drill {
    Drill {
        beside: vec![Companion {
            prompt: raw("other"),
            depth: None,
        }],
        ..Drill::default()
    }
}

/// What the script's server is asked, with the shortest windows.
fn request(world: &World, script: &str, drill: Drill) -> Request {
    let changes = [
        ("max_tokens", "64"),
        ("stop", "[]"),
        ("limits.timeout", "none"),
        ("watch.prefill", "1s"),
        ("watch.decode", "1s"),
    ];
    let mut profile = shipped(&changes);
    let world_of = world.text("state");
    let environment = [("FAKE_SCRIPT", script), ("TEST_WORLD", &world_of)];
    profile.environment = environment
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    Request {
        install: Install {
            program: world.path("llama/llama-server"),
            kind: Program::Server,
            capabilities: Capabilities::parse(Program::Server, VERSION, HELP),
            origin: Origin::Path,
        },
        context: 512,
        profile,
        model: world.model(false).into(),
        prompt: raw("measured"),
        probabilities: 0,
        drill,
        expected: Expected::default(),
        jobs: None,
        accepted: Instant::now(),
    }
}

/// The text that is shown, and how it ended; nothing is left then.
async fn run(world: &World, script: &str, drill: Drill) -> (String, Outcome) {
    let prepared = request(world, script, drill).prepare().expect("prepared");
    let mut session = Session::start(prepared).expect("it starts");
    let mut text = String::new();
    let ended = async {
        loop {
            match session.next().await {
                Some(SessionEvent::Text(piece)) => text += &piece,
                Some(SessionEvent::Finished(outcome)) => return *outcome,
                Some(_) => {}
                None => panic!("it ends without an outcome"),
            }
        }
    };
    let outcome = canary("the session ends", ended).await;
    assert_eq!(world.processes(), Vec::<u32>::new());
    (text, outcome)
}

async fn end(script: &str, drill: Drill) -> End {
    run(&World::with_server(), script, drill).await.1.end
}

#[tokio::test]
async fn warm_ups_then_depths_then_all_streams_at_once() {
    let world = World::with_server();
    let asked = world.text("asked");
    let script = format!(
        "record {asked};ready;write w;write w;close;write d;close;write e;close;\
         slot 0;write a;slot 1;write x;slot 0;write b;eos;slot 1;write y;write z;close"
    );
    let drill = Drill {
        depth: Some(raw("depth")),
        beside: vec![Companion {
            prompt: raw("other"),
            depth: Some(raw("other depth")),
        }],
        ..warm_up()
    };
    let (text, outcome) = run(&world, &script, drill).await;
    assert_eq!((text.as_str(), &outcome.end), ("ab", &End::EndOfText));
    let together = outcome.measured.together.expect("two streams");
    assert_eq!((together.streams, together.generated_tokens), (2, 5));
    assert!(together.ms >= outcome.measured.ttft_ms.expect("a piece"));
    assert_eq!(outcome.measured.generated_tokens, Some(2));
    let record = std::fs::read_to_string(asked).expect("what it was asked");
    let bodies = record.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        let of = |key: &str| line["body"][key].to_string();
        ["prompt", "n_predict", "id_slot", "cache_prompt"]
            .map(of)
            .join(" ")
    });
    let mut bodies: Vec<_> = bodies.collect();
    // The last two are asked at once.
    bodies[3..].sort();
    assert_eq!(
        bodies,
        [
            "\"warm\" 5 0 false",
            "\"depth\" 1 0 false",
            "\"other depth\" 1 1 false",
            "\"measured\" 64 0 true",
            "\"other\" 64 1 true",
        ]
    );
}

#[tokio::test]
async fn a_server_that_hangs_in_a_rehearsal_is_ended() {
    for (script, phase) in [
        ("ready;asked /completion;hang", Phase::Prefill),
        ("ready;prompt 3 6;hang", Phase::Prefill),
        ("ready;write w;hang", Phase::Decode),
        ("ready;write w;write w;ping 100", Phase::Decode),
    ] {
        match end(script, warm_up()).await {
            End::Stalled(stall) => assert_eq!(stall.phase, phase, "{script}"),
            other => panic!("{script}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_after_a_rehearsal_is_ended_too() {
    let script = "ready;repeat 40 w;close;asked /completion;hang";
    match end(script, warm_up()).await {
        End::Stalled(stall) => assert_eq!(stall.phase, Phase::Prefill),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_companion_that_hangs_alone_ends_it_all() {
    for rest in ["slot 1;hang", "slot 1;write x;hang"] {
        let script = format!("ready;slot 0;write a;write b;eos;{rest}");
        let (text, outcome) = run(&World::with_server(), &script, two()).await;
        assert_eq!(text, "ab", "{rest}");
        assert!(matches!(outcome.end, End::Stalled(_)), "{:?}", outcome.end);
        assert_eq!(outcome.measured.together, None);
    }
}

#[tokio::test]
async fn a_slow_companion_is_waited_for() {
    // Longer in all than any window, and never silent for one.
    let script = "ready;slot 0;write a;eos;slot 1;prompt 1 9;sleep 700;prompt 5 9;sleep 700;\
                  pace 4 700 x;close";
    let (_, outcome) = run(&World::with_server(), script, two()).await;
    assert_eq!(outcome.end, End::EndOfText);
    let together = outcome.measured.together.expect("two streams");
    assert_eq!(together.generated_tokens, 5);
    assert!(together.ms >= 2100.0, "{together:?}");
}

#[tokio::test]
async fn what_goes_wrong_names_its_question() {
    let named = |end: End| match end {
        End::Failed(Failure::InDrill { asked, failure }) => (asked, failure.to_string()),
        other => panic!("{other:?}"),
    };
    let refusal = r#"refuse /completion 400 {"error":{"message":"no"}};ready"#;
    let (asked, words) = named(end(refusal, warm_up()).await);
    assert_eq!(asked, Asked::WarmUp(1));
    assert!(words.ends_with("refused the request: no"), "{words}");
    let error = "ready;slot 0;write a;slot 1;error broken";
    let (asked, words) = named(end(error, two()).await);
    assert_eq!(asked, Asked::Beside(2));
    assert!(words.ends_with("broken"), "{words}");
    for cut in ["cut", "write x;done"] {
        let script = format!("ready;slot 0;write a;slot 1;{cut}");
        assert_eq!(
            named(end(&script, two()).await).0,
            Asked::Beside(2),
            "{cut}"
        );
    }
    let crash = end("ready;write w;abort", warm_up()).await;
    assert_eq!(named(crash).0, Asked::WarmUp(1));
}

#[tokio::test]
async fn a_program_that_takes_one_prompt_is_not_asked_more() {
    let world = World::with_server();
    let mut request = request(&world, "", two());
    request.install.kind = Program::Completion;
    let refused = request.prepare().expect_err("more than one prompt");
    assert!(
        matches!(refused, StartError::OnePromptOnly { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("llama-server"), "{refused}");
}

#[tokio::test]
async fn an_interruption_ends_a_rehearsal() {
    use orchestrate::engine::Interruption;
    let world = World::with_server();
    let prepared = request(&world, "ready;endless 20 w", warm_up()).prepare();
    let mut session = Session::start(prepared.expect("prepared")).expect("it starts");
    let ended = async {
        loop {
            match session.next().await {
                Some(SessionEvent::Log(line)) if line.contains("warm-up 1") => {
                    session.interrupt(Interruption::Interrupt);
                }
                Some(SessionEvent::Finished(outcome)) => return outcome.end,
                Some(_) => {}
                None => panic!("it ends without an outcome"),
            }
        }
    };
    let end = canary("the session ends", ended).await;
    assert_eq!(end, End::Interrupted(Interruption::Interrupt));
    assert_eq!(world.processes(), Vec::<u32>::new());
}
