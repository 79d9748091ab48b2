//! What the command line says, word for word: help, lists, errors. The transcripts are in
//! `tests/cli/`; `TRYCMD=overwrite cargo test --test cli` writes them anew.

#[path = "common/gguf.rs"]
mod made;

use std::fs;
use std::path::Path;

use made::{F32, Made, Q8_0, tiny};
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

#[test]
fn models_are_told_as_the_transcripts_say() {
    // Not below the current directory, so that paths are told in one way wherever that is.
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path().canonicalize().expect("is there");
    models_of_somebody(&home);
    let home = home.to_str().expect("a path of text");
    let at = |place: &str| format!("{home}/{place}");
    trycmd::TestCases::new()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "80")
        .env("HOME", home)
        .env("ORCHESTRATE_CONFIG_DIR", at("config"))
        .env("ORCHESTRATE_CACHE_DIR", at("cache"))
        .env("ORCHESTRATE_STATE_DIR", at("state"))
        .env("LLAMA_CACHE", at("llama.cpp"))
        .env("HF_HUB_CACHE", at("hub"))
        .env("OLLAMA_MODELS", at("ollama"))
        .insert_var("[SOMEBODY]", home.to_owned())
        .expect("a name for a variable")
        .case("tests/cli/model/*.trycmd")
        .run();
}

/// Models of every kind and state, and profiles that name them: on a command line they can be given
/// without a path, which would differ from machine to machine.
fn models_of_somebody(home: &Path) {
    let nan = Made::new()
        .text("general.architecture", "llama")
        .tensor("sound.weight", &[32, 2], F32, &[0; 256])
        .tensor(
            "bad.weight",
            &[32, 2],
            F32,
            &[[0; 4].repeat(40), vec![0xff; 96]].concat(),
        );
    let part = |number: u32| {
        Made::new()
            .text("general.architecture", "llama")
            .number("split.no", number)
            .number("split.count", 3)
            .tensor(&format!("blk.{number}.weight"), &[32], F32, &[0; 128])
            .bytes()
    };
    let whole = tiny(Made::new()).bytes();
    let files = [
        ("models/tiny.gguf", whole.clone()),
        ("models/big-endian.gguf", tiny(Made::big_endian()).bytes()),
        ("models/nan.gguf", nan.bytes()),
        ("models/huge-00001-of-00003.gguf", part(0)),
        ("models/huge-00003-of-00003.gguf", part(2)),
        ("models/page.gguf", b"<!DOCTYPE html>".to_vec()),
        ("llama.cpp/owner_repo_cut.gguf", whole[..whole.len() - 1].to_vec()),
        ("hub/models--owner--repo/blobs/0123", gemma().bytes()),
        (
            "ollama/manifests/registry.ollama.ai/library/tiny/latest",
            br#"{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:0123"}]}"#
                .to_vec(),
        ),
    ];
    let write = |path: &str, bytes: &[u8]| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("created");
        fs::write(path, bytes).expect("written");
    };
    for (path, bytes) in files {
        write(path, &bytes);
    }
    for (name, file) in [
        ("tiny", "models/tiny.gguf"),
        ("big-endian", "models/big-endian.gguf"),
        ("nan", "models/nan.gguf"),
        ("huge", "models/huge-00003-of-00003.gguf"),
        ("page", "models/page.gguf"),
        ("gone", "models/gone.gguf"),
        ("cut", "llama.cpp/owner_repo_cut.gguf"),
        (
            "gemma",
            "hub/models--owner--repo/snapshots/abc/gemma-q8_0.gguf",
        ),
    ] {
        let profile = format!("model = \"~/{file}\"\n");
        write(&format!("config/profiles/{name}.toml"), profile.as_bytes());
    }
    let snapshot = home.join("hub/models--owner--repo/snapshots/abc");
    fs::create_dir_all(&snapshot).expect("created");
    std::os::unix::fs::symlink("../../blobs/0123", snapshot.join("gemma-q8_0.gguf"))
        .expect("linked");
    // The same file once more.
    fs::create_dir_all(home.join("ollama/blobs")).expect("created");
    fs::hard_link(
        home.join("models/tiny.gguf"),
        home.join("ollama/blobs/sha256-0123"),
    )
    .expect("linked");
}

/// A model with windows, experts and tensors of several types.
fn gemma() -> Made {
    Made::new()
        .text("general.architecture", "gemma3")
        .text("general.name", "Gemma\u{7} 3")
        .number("gemma3.block_count", 12)
        .number("gemma3.context_length", 8192)
        .number("gemma3.embedding_length", 1152)
        .number("gemma3.attention.head_count", 4)
        .number("gemma3.attention.head_count_kv", 1)
        .number("gemma3.attention.key_length", 256)
        .number("gemma3.attention.value_length", 256)
        .number("gemma3.attention.sliding_window", 512)
        .number("gemma3.expert_count", 4)
        .number("gemma3.expert_used_count", 1)
        .tensor("blk.0.ffn_up_exps.weight", &[32, 4, 4], Q8_0, &[0; 16 * 34])
        .tensor("output_norm.weight", &[32], F32, &[0; 128])
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
