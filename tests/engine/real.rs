//! The same on the programs that the normal search finds, with the embedded model.

use std::future::pending;
use std::path::{Path, PathBuf};

use orchestrate::dialect::Program;
use orchestrate::engine::{
    BenchRequest, Companion, Drill, End, Outcome, Request, Session, SessionEvent, WarmUp,
    llama_bench,
};
use orchestrate::profile::Prompt;
use orchestrate::store::{Paths, open_model};
use orchestrate::vendor::{Install, LocateRequest, locate};
use orchestrate::watchdog::Expected;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::common::{World, canary};
use super::{llama_bench::args, shipped};

/// Held by the test that runs: they share the cores.
static TURN: Mutex<()> = Mutex::const_new(());

/// Nothing ends them but the number of tokens.
const SETTINGS: [(&str, &str); 6] = [
    ("stop", "[]"),
    ("ignore_eos", "true"),
    ("max_tokens", "24"),
    ("threads", "1"),
    ("batch_threads", "1"),
    ("watch.loops", "false"),
];

/// Far more words than the embedded model has in a batch.
const TEXT: &str =
    "Write a function that adds the numbers of a list and leaves out the negative ones. ";

async fn found(program: Program) -> Install {
    let cache = Paths::discover().expect("a home directory").cache;
    let request = LocateRequest {
        program,
        llama_dir: std::env::var_os("ORCHESTRATE_LLAMA_DIR").map(PathBuf::from),
        cache,
        path: std::env::var_os("PATH").unwrap_or_default(),
    };
    let found = locate(&request).await;
    found.unwrap_or_else(|error| panic!("run `make test` or `orchestrate build`: {error}"))
}

/// The embedded model, unpacked.
fn model(world: &World) -> PathBuf {
    let paths = Paths {
        cache: world.path("cache"),
        ..Paths::discover().expect("a home directory")
    };
    open_model(&shipped(&[]).model, &paths)
        .expect("the embedded model")
        .path
}

async fn run(prompt: &str, drill: Drill) -> Outcome {
    let world = World::new();
    let mut profile = shipped(&SETTINGS);
    // By which it is found that nothing is left.
    profile
        .environment
        .insert("TEST_WORLD".to_owned(), world.text("state"));
    let request = Request {
        install: found(Program::Server).await,
        profile,
        model: model(&world),
        context: 512,
        prompt: Prompt::Raw(prompt.to_owned()),
        probabilities: 0,
        drill,
        expected: Expected::default(),
        jobs: None,
        accepted: Instant::now(),
    };
    let mut session = Session::start(request.prepare().expect("prepared")).expect("it starts");
    let ended = async {
        loop {
            match session.next().await {
                Some(SessionEvent::Finished(outcome)) => return *outcome,
                Some(_) => {}
                None => panic!("it ends without an outcome"),
            }
        }
    };
    let outcome = canary("the session ends", ended).await;
    assert_eq!(world.processes(), Vec::<u32>::new());
    assert_eq!(outcome.end, End::TokenLimit, "{:?}", outcome.last_lines);
    outcome
}

fn raw(text: &str) -> Prompt {
    Prompt::Raw(text.to_owned())
}

#[tokio::test]
async fn a_warm_answer_is_measured_alone_and_finds_nothing_in_the_cache() {
    let _turn = TURN.lock().await;
    let warm_up = WarmUp {
        prompt: raw(TEXT),
        tokens: 8,
    };
    let drill = Drill {
        warm_up: vec![warm_up.clone(), warm_up],
        ..Drill::default()
    };
    let measured = run(TEXT, drill).await.measured;
    assert_eq!(
        (measured.cached_tokens, measured.generated_tokens),
        (Some(0), Some(24))
    );
    assert!(measured.prompt_tokens > Some(10), "{measured:?}");
    assert_eq!(measured.together, None);
}

#[tokio::test]
async fn a_depth_is_found_in_the_cache_of_each_stream() {
    let _turn = TURN.lock().await;
    let deep = TEXT.repeat(4);
    let cold = run(&(deep.clone() + TEXT), Drill::default()).await.measured;
    assert_eq!(cold.cached_tokens, Some(0));
    let drill = Drill {
        warm_up: vec![WarmUp {
            prompt: raw("gcd"),
            tokens: 4,
        }],
        depth: Some(raw(&deep)),
        beside: vec![Companion {
            prompt: raw(&(deep.clone() + TEXT)),
            depth: Some(raw(&deep)),
        }],
    };
    let warm = run(&(deep + TEXT), drill).await.measured;
    let total = cold.prompt_tokens.expect("told");
    let cached = warm.cached_tokens.expect("told");
    // Four of five parts, but for a token where the depth ends.
    assert!(
        cached + 2 >= total * 4 / 5 && cached < total,
        "{cached} of {total}"
    );
    assert_eq!(warm.prompt_tokens.map(|read| read + cached), Some(total));
}

#[tokio::test]
async fn four_streams_at_once_are_answered_whole() {
    let _turn = TURN.lock().await;
    let companion = |text: &str| Companion {
        prompt: raw(text),
        depth: None,
    };
    let drill = Drill {
        beside: ["gcd", "sum of a list", "reverse a string"]
            .map(companion)
            .into(),
        ..Drill::default()
    };
    let measured = run(TEXT, drill).await.measured;
    let together = measured.together.expect("four streams");
    assert_eq!((together.streams, together.generated_tokens), (4, 96));
    assert!(
        together.ms >= measured.ttft_ms.expect("a piece"),
        "{measured:?}"
    );
    assert!(together.ms <= measured.total_ms);
}

#[tokio::test]
async fn llama_bench_of_the_same_build_measures() {
    let _turn = TURN.lock().await;
    let world = World::new();
    let install = found(Program::Bench).await;
    let profile = shipped(&[]);
    let model: &Path = &model(&world);
    let request = BenchRequest {
        install: &install,
        profile: &profile,
        args: args(model),
        limit: None,
        jobs: None,
    };
    let rows = canary("llama-bench ends", llama_bench(&request, pending())).await;
    let rows = rows.expect("rows");
    let counts: Vec<_> = rows
        .iter()
        .map(|row| (row.prompt_tokens, row.generated_tokens))
        .collect();
    assert_eq!(counts, [(32, 0), (0, 16)]);
    assert!(
        rows.iter().all(|row| row.ms_per_token.len() == 2),
        "{rows:?}"
    );
}
