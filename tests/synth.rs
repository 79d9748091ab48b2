//! Synthetic models, held against llama.cpp's own programs: the same types for the same tensors as
//! llama-quantize chooses, and a file that llama-completion loads and runs. `make synth-check`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use orchestrate::gguf::GgufHeader;

/// Small versions of every architecture: the rules depend on layers, rows, heads and experts.
const SHAPES: [(&str, &[&str]); 16] = [
    ("qwen2.5-0.5b", &["--layers", "24", "--ffn", "1216"]),
    ("qwen2.5-1.5b", &["--layers", "28", "--ffn", "1280"]),
    ("qwen3-0.6b", &["--layers", "9"]),
    ("llama-3.2-1b", &["--layers", "16", "--ffn", "512"]),
    (
        "mistral-7b-v0.3",
        &[
            "--layers",
            "8",
            "--embd",
            "512",
            "--heads",
            "8",
            "--kv-heads",
            "2",
            "--ffn",
            "768",
        ],
    ),
    ("smollm2-135m", &["--layers", "10"]),
    ("gemma-3-1b", &["--layers", "12", "--ffn", "768"]),
    ("gemma-2-2b", &["--layers", "6", "--ffn", "1024"]),
    ("phi-3-mini-4k", &["--layers", "8", "--ffn", "1024"]),
    (
        "olmoe-1b-7b",
        &["--layers", "4", "--experts", "8", "--experts-used", "2"],
    ),
    (
        "olmoe-1b-7b",
        &["--layers", "4", "--experts", "16", "--experts-used", "2"],
    ),
    ("granite-3.0-1b-a400m", &["--layers", "8"]),
    (
        "qwen3-30b-a3b",
        &["--layers", "4", "--experts", "16", "--experts-used", "4"],
    ),
    (
        "deepseek-v2-lite",
        &[
            "--embd",
            "512",
            "--heads",
            "4",
            "--kv-heads",
            "4",
            "--experts",
            "8",
            "--experts-used",
            "2",
            "--ffn",
            "256",
        ],
    ),
    ("lfm2-350m", &["--layers", "16"]),
    ("mamba-130m", &["--layers", "6"]),
];

const QUANTIZATIONS: [&str; 12] = [
    "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_0", "IQ4_NL", "Q3_K_L",
    "Q3_K_M", "Q3_K_S",
];

fn programs() -> PathBuf {
    let directory = std::env::var_os("ORCHESTRATE_LLAMA_DIR");
    directory
        .map(PathBuf::from)
        .expect("ORCHESTRATE_LLAMA_DIR names the directory of llama.cpp's programs")
}

fn synth(like: &str, sizes: &[&str], quantization: &str, path: &Path) {
    let output = Command::new(env!("CARGO_BIN_EXE_orchestrate"))
        .args([
            "model",
            "synth",
            "--vocab",
            "1024",
            "--tokenizer",
            "own",
            "--force",
        ])
        .args(["--like", like, "--quant", quantization, "-o"])
        .arg(path)
        .args(sizes)
        .output()
        .expect("started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{like} {quantization}: {said}");
}

/// Names, lengths and types of all tensors.
fn types(path: &Path) -> Vec<(String, Vec<u64>, Option<&'static str>)> {
    let file = File::open(path).expect("there");
    let bytes = file.metadata().expect("its size").len();
    let header = GgufHeader::read(file, bytes).expect("a whole file");
    let mut types: Vec<_> = header
        .table
        .iter()
        .map(|tensor| {
            (
                tensor.name.clone(),
                tensor.shape.clone(),
                tensor.type_name(),
            )
        })
        .collect();
    types.sort();
    types
}

#[test]
#[ignore = "runs llama-quantize for minutes: make synth-check"]
fn llama_quantize_chooses_the_same_types() {
    let dir = tempfile::tempdir().expect("a directory");
    let [wide, theirs, ours] = ["wide", "theirs", "ours"].map(|name| dir.path().join(name));
    let mut wrong = Vec::new();
    for (like, sizes) in SHAPES {
        synth(like, sizes, "f16", &wide);
        for quantization in QUANTIZATIONS {
            let quantize = Command::new(programs().join("llama-quantize"))
                .args([&wide, &theirs])
                .arg(quantization)
                .output()
                .expect("llama-quantize");
            let said = String::from_utf8_lossy(&quantize.stderr);
            assert!(quantize.status.success(), "{like} {quantization}: {said}");
            synth(like, sizes, quantization, &ours);
            for (ours, theirs) in types(&ours).iter().zip(&types(&theirs)) {
                if ours != theirs {
                    wrong.push(format!("{like} {quantization}: {ours:?}, but {theirs:?}"));
                }
            }
        }
        println!("{like} {sizes:?}: {} quantisations", QUANTIZATIONS.len());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
#[ignore = "needs llama-completion: make synth-check"]
fn llama_completion_runs_every_architecture() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("model.gguf");
    for (like, sizes) in SHAPES {
        for quantization in ["Q4_K_M", "Q3_K_M", "BF16"] {
            synth(like, sizes, quantization, &path);
            let output = Command::new(programs().join("llama-completion"))
                .arg("-m")
                .arg(&path)
                .args([
                    "-p",
                    "once upon a time",
                    "-no-cnv",
                    "-n",
                    "8",
                    "-c",
                    "256",
                    "-t",
                    "2",
                ])
                .args(["--temp", "0", "--no-display-prompt", "--no-warmup"])
                .stdin(Stdio::null())
                .output()
                .expect("llama-completion");
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(
                output.status.success() && !text.trim().is_empty(),
                "{like} {quantization}: {text:?}"
            );
            println!("{like} {quantization}: {}", text.trim());
        }
    }
}
