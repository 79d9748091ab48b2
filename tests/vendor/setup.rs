//! `scripts/setup.sh` on machines that lack something.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{path_with, script};

fn run(bin: &Path) -> Output {
    Command::new("/bin/sh")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/setup.sh"))
        .env_clear()
        .env("PATH", bin)
        .env("HOME", bin)
        .output()
        .unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_complete_machine_is_only_looked_at() {
    let root = tempfile::tempdir().unwrap();
    for tool in ["cargo", "cc", "c++"] {
        script(&root.path().join(tool), "exit 99");
    }
    let output = run(root.path());
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{output:?}"
    );
}

#[test]
fn a_missing_cargo_is_named() {
    let root = tempfile::tempdir().unwrap();
    let output = run(root.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words(&output).contains("cargo is missing: install Rust"),
        "{output:?}"
    );
    script(&root.path().join(".cargo/bin/cargo"), "");
    assert!(words(&run(root.path())).contains("not on PATH"));
}

#[test]
fn a_missing_compiler_is_installed_as_root_and_named_otherwise() {
    let root = tempfile::tempdir().unwrap();
    script(&root.path().join("cargo"), "");
    script(&root.path().join("id"), "echo 1000");
    let output = run(root.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(
        words(&output).contains("apt-get install build-essential"),
        "{output:?}"
    );

    path_with(root.path(), &["env"]);
    script(&root.path().join("id"), "echo 0");
    let calls = root.path().join("calls");
    script(
        &root.path().join("apt-get"),
        &format!("echo \"$*\" >> '{}'", calls.display()),
    );
    assert!(run(root.path()).status.success());
    let calls = fs::read_to_string(calls).unwrap();
    assert_eq!(calls.lines().count(), 2, "{calls}");
    assert!(
        calls.lines().last().unwrap().ends_with("build-essential"),
        "{calls}"
    );
}
