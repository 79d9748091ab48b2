//! The fault kit's program, and a model for it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What it says where its environment is not what a supervised program must find; whatever a test is about,
/// that is a failure.
pub(super) const COMPLAINT: &str = "fake-llama: its environment is wrong";

/// The signals that this test was told to ignore by whoever started it, such as SIGHUP by nohup, as
/// proc(5) writes them: programs that it starts ignore them too, and rightly. For `FAKE_IGNORED`.
pub(super) fn ignored() -> &'static str {
    static MASK: OnceLock<String> = OnceLock::new();
    MASK.get_or_init(|| {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        line.unwrap_or_default().trim().to_owned()
    })
}

/// The descriptors that this test, and so whatever it starts, was given by whoever started it: those
/// that do not close on exec, as all of Rust's own do. For `FAKE_INHERITED`.
pub(super) fn inherited() -> &'static str {
    /// `O_CLOEXEC` in the octal flags of proc(5).
    const CLOSES: u32 = 0o2_000_000;
    static NUMBERS: OnceLock<String> = OnceLock::new();
    NUMBERS.get_or_init(|| {
        let stays = |info: String| {
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
            let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
            flags.is_some_and(|flags| flags & CLOSES == 0)
        };
        let open = fs::read_dir("/proc/self/fdinfo").into_iter().flatten();
        let open = open.flatten().filter(|entry| {
            let info = fs::read_to_string(entry.path());
            info.is_ok_and(stays)
        });
        let numbers: Vec<_> = open
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        numbers.join(",")
    })
}

/// The fault kit's program. `cargo test` builds it, `cargo test --test run` does not: then it is
/// built here.
pub(super) fn fake_llama() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // target/debug/deps/run-0123456789abcdef
        let test = std::env::current_exe().expect("the test's own path");
        let profile = test.ancestors().nth(2).expect("a directory of the profile");
        let program = profile.join("examples/fake-llama");
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake");
        let made = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
        let sources = fs::read_dir(sources).into_iter().flatten().flatten();
        let newest = sources.filter_map(|source| made(&source.path())).max();
        if made(&program) < newest {
            build_fake_llama(profile);
        }
        assert!(
            program.is_file(),
            "{} is missing: run `cargo build --example fake-llama`, with the profile of the tests",
            program.display()
        );
        program
    })
}

fn build_fake_llama(profile: &Path) {
    let name = match profile.file_name().and_then(OsStr::to_str) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    eprintln!("building the fault kit");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let built = std::process::Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--example",
            "fake-llama",
            "--profile",
            name,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(
        built.is_ok_and(|status| status.success()),
        "the fault kit cannot be built: run `cargo build --example fake-llama`"
    );
}

/// A model that was trained to chat, or was not, as far as its header tells: the fault kit reads no
/// model.
pub(super) fn model(chat: bool) -> Vec<u8> {
    const TEXT: u32 = 8;
    let mut pairs = vec![("general.architecture", "llama")];
    if chat {
        pairs.push(("tokenizer.chat_template", "{{ messages }}"));
    }
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend((text.len() as u64).to_le_bytes());
        bytes.extend(text.as_bytes());
    };
    // One tensor, and these pairs.
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend((pairs.len() as u64).to_le_bytes());
    for (key, value) in pairs {
        text(&mut bytes, key);
        bytes.extend(TEXT.to_le_bytes());
        text(&mut bytes, value);
    }
    // A single weight in F32: one dimension, its length, the type, where it begins.
    text(&mut bytes, "weight");
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(0_u32.to_le_bytes());
    bytes.extend(0_u64.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(32) + 32, 0);
    bytes
}
