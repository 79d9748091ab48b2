//! What the command line says, word for word: help, lists, errors. The transcripts are in
//! `tests/cli/`; `TRYCMD=overwrite cargo test --test cli` writes them anew.

use std::fs;
use std::path::Path;

use orchestrate::history::{History, HostFacts, ModelFacts, RunRecord, Settings, verdict};

#[test]
fn the_command_line_says_what_the_transcripts_say() {
    // Nobody's configuration, cache or build is here, whoever runs the tests and wherever.
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("nobody");
    let home = home.to_str().expect("a path of text");
    at_home_in(home)
        .case("tests/cli/*.trycmd")
        .case("tests/cli/*.toml")
        .run();
}

#[test]
fn the_history_is_told_as_the_transcripts_say() {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("somebody");
    // What an earlier test has left has its numbers.
    let _ = fs::remove_dir_all(&home);
    let mut history = History::open(&home.join("history.db")).expect("opened");
    for run in three_runs() {
        history.record(&run).expect("written");
    }
    drop(history);
    let home = home.to_str().expect("a path of text");
    at_home_in(home).case("tests/cli/history/*.trycmd").run();
}

/// Cases for a plain terminal of 80 columns, with every directory in this one.
fn at_home_in(home: &str) -> trycmd::TestCases {
    let cases = trycmd::TestCases::new();
    cases.env("NO_COLOR", "1").env("COLUMNS", "80");
    for variable in [
        "HOME",
        "ORCHESTRATE_CONFIG_DIR",
        "ORCHESTRATE_CACHE_DIR",
        "ORCHESTRATE_STATE_DIR",
        "ORCHESTRATE_LLAMA_DIR",
    ] {
        cases.env(variable, home);
    }
    cases
}

/// One that was measured in full, one that was cut, one that crashed before anything was measured.
fn three_runs() -> [RunRecord; 3] {
    let full = RunRecord {
        started_unix_ms: 1_795_000_000_123,
        profile: "coder".to_owned(),
        backend: "completion".to_owned(),
        host: HostFacts {
            fingerprint: "0123456789abcdef".to_owned(),
            cpu_model: "AMD EPYC".to_owned(),
            cpus: 2,
            cpu_quota: None,
            memory_bytes: Some(8_340_000_000),
        },
        model: ModelFacts {
            fingerprint: "fedcba9876543210".to_owned(),
            path: "/models/coder.gguf".to_owned(),
            name: Some("Coder".to_owned()),
            architecture: "qwen2".to_owned(),
            quantization: Some("Q4_K_M".to_owned()),
            file_bytes: 1_100_000_000,
        },
        build: "b11434".to_owned(),
        settings: Settings {
            hash: "00112233445566ff".to_owned(),
            json: r#"{"backend":"completion","batch":256,"threads":2}"#.to_owned(),
        },
        prompt_tokens: Some(34),
        cached_tokens: Some(0),
        generated_tokens: Some(112),
        load_ms: Some(1300.25),
        prefill_ms: Some(408.0),
        prefill_tokens_per_second: Some(83.333),
        ms_per_token: Some(207.4),
        ttft_ms: Some(410.5),
        gap_p50_ms: Some(206.0),
        gap_p95_ms: Some(214.0),
        gap_p99_ms: Some(231.5),
        gap_max_ms: Some(240.0),
        total_ms: Some(23_200.0),
        peak_rss_bytes: Some(1_430_000_000),
        verdict: verdict::DONE.to_owned(),
        exit_code: 0,
        limit_seconds: Some(120.0),
        incident: None,
    };
    let cut = RunRecord {
        started_unix_ms: 1_795_000_600_000,
        backend: "server".to_owned(),
        generated_tokens: Some(145),
        total_ms: Some(30_002.0),
        limit_seconds: Some(30.0),
        verdict: verdict::BUDGET.to_owned(),
        exit_code: 124,
        ..full.clone()
    };
    let crashed = RunRecord {
        started_unix_ms: 1_795_086_400_000,
        profile: "algorithm".to_owned(),
        prompt_tokens: None,
        cached_tokens: None,
        generated_tokens: None,
        load_ms: None,
        prefill_ms: None,
        prefill_tokens_per_second: None,
        ms_per_token: None,
        ttft_ms: None,
        gap_p50_ms: None,
        gap_p95_ms: None,
        gap_p99_ms: None,
        gap_max_ms: None,
        total_ms: Some(812.0),
        limit_seconds: None,
        verdict: verdict::CRASHED.to_owned(),
        exit_code: 7,
        ..full.clone()
    };
    [full, cut, crashed]
}
