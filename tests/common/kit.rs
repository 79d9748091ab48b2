//! The fault kit's program, and a model for it.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

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
