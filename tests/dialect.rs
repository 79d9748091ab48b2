//! What the real programs print, as captured or quoted in `tests/data`, read by the dialect.

use std::fs;
use std::path::{Path, PathBuf};

use orchestrate::dialect::{Capabilities, Program};

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder)
}

fn read(folder: &str, name: &str) -> String {
    fs::read_to_string(data(folder).join(name)).unwrap_or_default()
}

fn probed(program: Program, build: &str) -> Capabilities {
    let stem = format!("{program}-{build}");
    let version = read("help", &format!("{stem}.version.txt"));
    let help = read("help", &format!("{stem}.help.txt"));
    assert!(!help.is_empty(), "no help of {stem}");
    Capabilities::parse(program, &version, &help)
}

#[test]
fn the_help_of_b11434_is_understood() {
    let found = probed(Program::Completion, "b11434");
    assert!(found.is_llama_cpp() && found.can_generate() && found.has_new_logger());
    assert_eq!(found.build_name(), "llama-completion b11434");
    for flag in [
        "-m",
        "-f",
        "-no-cnv",
        "--no-escape",
        "--simple-io",
        "--perf",
        "-tb",
        "-fit",
        "--log-jsonl",
    ] {
        assert!(found.supports(flag), "{flag}");
    }
    assert!(!found.supports("--no-mmap") && !found.supports("--logit-bias EOS-inf"));
    assert!(found.allows("--load-mode", "mmap+mlock") && !found.allows("--load-mode", "fast"));
    assert!(found.allows("-ctk", "iq4_nl") && !found.allows("-ctk", "q6_k"));
    assert!(found.allows("-fa", "auto") && !found.allows("-fa", "1"));
    assert_eq!(found.option("--ignore-eos").map(|o| o.values()), Some(0));
    assert_eq!(
        found
            .option("--control-vector-layer-range")
            .map(|o| o.values()),
        Some(2)
    );
}

#[test]
fn every_program_of_b11434_is_recognised() {
    for program in [
        Program::Completion,
        Program::Server,
        Program::Bench,
        Program::Quantize,
        Program::Tokenize,
        Program::RpcServer,
    ] {
        let found = probed(program, "b11434");
        assert!(found.is_llama_cpp(), "{program}");
        assert!(found.options.len() >= 5, "{program}");
        assert_eq!(found.can_generate(), program == Program::Completion);
    }
}
