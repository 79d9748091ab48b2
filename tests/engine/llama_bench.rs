//! `engine::llama_bench`, held against a scripted llama-bench.

use std::future::pending;
use std::path::Path;
use std::time::Duration;

use orchestrate::dialect::{BenchArgs, BenchRow, Capabilities, Program};
use orchestrate::engine::{BenchError, BenchRequest, End, Interruption, llama_bench};
use orchestrate::exit::Exit;
use orchestrate::profile::{FlashAttention, KvType};
use orchestrate::vendor::{Install, Origin};

use super::common::{World, canary};
use super::shipped;

const HELP: &str = include_str!("../data/help/llama-bench-b11434.help.txt");
const VERSION: &str = include_str!("../data/help/llama-bench-b11434.version.txt");

const ROWS: &str =
    r#"[{"build_number": 11434, "n_prompt": 32, "n_gen": 0, "samples_ns": [32000000, 64000000]}]"#;

pub(super) fn args(model: &Path) -> BenchArgs<'_> {
    BenchArgs {
        model,
        prompt_tokens: 32,
        generated_tokens: 16,
        depth: 0,
        repetitions: 2,
        threads: 1,
        batch: 256,
        micro_batch: 256,
        kv_type_k: KvType::F16,
        kv_type_v: KvType::F16,
        flash_attention: FlashAttention::Auto,
    }
}

fn install(world: &World) -> Install {
    world.has("llama-bench");
    Install {
        program: world.path("llama/llama-bench"),
        kind: Program::Bench,
        capabilities: Capabilities::parse(Program::Bench, VERSION, HELP),
        origin: Origin::Path,
    }
}

async fn bench(
    install: &Install,
    world: &World,
    (script, limit): (&str, Option<Duration>),
    wish: impl Future<Output = Interruption>,
) -> Result<Vec<BenchRow>, BenchError> {
    let mut profile = shipped(&[]);
    let environment = [
        ("FAKE_SCRIPT", script),
        ("TEST_WORLD", &world.text("state")),
    ];
    profile.environment = environment
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let request = BenchRequest {
        install,
        profile: &profile,
        args: args(Path::new("m.gguf")),
        limit,
        jobs: None,
    };
    let measured = canary("llama-bench ends", llama_bench(&request, wish)).await;
    assert_eq!(world.processes(), Vec::<u32>::new());
    measured
}

#[tokio::test]
async fn what_it_prints_is_read() {
    let world = World::new();
    let script = format!("log llama-bench: benchmark 1/1: starting;write {ROWS}\\n");
    let rows = bench(&install(&world), &world, (&script, None), pending()).await;
    let rows = rows.expect("a row");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].ms_per_token, [1.0, 2.0]);
}

#[tokio::test]
async fn what_goes_wrong_is_told_with_its_reason() {
    let world = World::new();
    let install = install(&world);
    let failed = bench(
        &install,
        &world,
        ("log no such model;exit 1", None),
        pending(),
    )
    .await;
    let failed = failed.expect_err("it fails");
    assert!(failed.to_string().ends_with("no such model"), "{failed}");
    assert_eq!(failed.exit(), Exit::Crashed);
    let empty = bench(&install, &world, ("write nothing", None), pending()).await;
    assert!(matches!(empty, Err(BenchError::NoRows { .. })), "{empty:?}");
    let missing = Install {
        program: world.path("llama/gone"),
        ..install.clone()
    };
    let missing = bench(&missing, &world, ("", None), pending()).await;
    let missing = missing.expect_err("it is not there").to_string();
    assert!(missing.contains("orchestrate build"), "{missing}");
    let another = Install {
        kind: Program::Server,
        ..install
    };
    let another = bench(&another, &world, ("", None), pending()).await;
    assert!(matches!(another, Err(BenchError::AnotherProgram { .. })));
}

#[tokio::test]
async fn it_is_ended_by_its_limit_and_by_whoever_wishes_it() {
    let world = World::new();
    let install = install(&world);
    let limit = Some(Duration::from_millis(300));
    for script in ["spin", "resist;hang", "child;hang"] {
        let late = bench(&install, &world, (script, limit), pending()).await;
        assert!(
            matches!(late, Err(BenchError::Unfinished(End::Budget(_)))),
            "{late:?}"
        );
    }
    let wish = async { Interruption::Interrupt };
    let ended = bench(&install, &world, ("hang", None), wish).await;
    assert!(matches!(
        ended,
        Err(BenchError::Interrupted(Interruption::Interrupt))
    ));
}

#[tokio::test]
async fn one_that_does_nothing_is_noticed_without_a_limit() {
    let world = World::new();
    let hung = bench(&install(&world), &world, ("hang", None), pending()).await;
    assert!(
        matches!(hung, Err(BenchError::Unfinished(End::Stalled(_)))),
        "{hung:?}"
    );
}
