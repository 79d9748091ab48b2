//! `scripts/browser.sh` on machines that lack something: it never fails.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Its exit code, and what it says, where these programs and no others are there.
fn run(bin: &Path) -> (Option<i32>, String) {
    let output = Command::new("/bin/sh")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/browser.sh"))
        .env_clear()
        .env("PATH", bin)
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

fn program(bin: &TempDir, name: &str, does: &str) {
    let path = bin.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{does}\n")).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
}

/// With the system's own programs.
fn with(bin: &TempDir, names: &[&str]) {
    for name in names {
        let found = which::which(name).expect("the system has it");
        symlink(found, bin.path().join(name)).expect("linked");
    }
}

#[test]
fn a_browser_that_is_there_is_enough() {
    let bin = TempDir::new().expect("a directory");
    program(&bin, "chromium", "exit 99");
    assert_eq!(run(bin.path()), (Some(0), String::new()));
}

#[test]
fn whoever_cannot_install_one_goes_on_without() {
    let bin = TempDir::new().expect("a directory");
    program(&bin, "id", "echo 1000");
    let (code, said) = run(bin.path());
    assert_eq!(code, Some(0));
    assert!(said.contains("only root can install it"), "{said}");
    program(&bin, "id", "echo 0");
    let (code, said) = run(bin.path());
    assert_eq!(code, Some(0));
    assert!(said.contains("no apt-get"), "{said}");
    assert!(said.contains("are skipped"), "{said}");
}

#[test]
fn it_is_fetched_and_installed_as_root_and_a_failure_is_none() {
    let is_ubuntu = fs::read_to_string("/etc/os-release")
        .is_ok_and(|text| text.lines().any(|line| line.starts_with("ID=ubuntu")));
    for ends in [0, 100] {
        let bin = TempDir::new().expect("a directory");
        with(&bin, &["env", "timeout", "grep"]);
        program(&bin, "id", "echo 0");
        let calls = bin.path().join("calls");
        let does = format!("echo \"$*\" >> '{}'; exit {ends}", calls.display());
        program(&bin, "apt-get", &does);
        let (code, said) = run(bin.path());
        assert_eq!(code, Some(0), "{said}");
        if is_ubuntu {
            assert!(said.contains("Ubuntu"), "{said}");
            continue;
        }
        let calls = fs::read_to_string(calls).expect("called");
        let last = calls.lines().last().expect("a call");
        assert!(
            last.contains("install") && last.contains("chromium"),
            "{calls}"
        );
        assert_eq!(last.contains("--download-only"), ends != 0, "{calls}");
        assert_eq!(
            said.contains("could not fetch chromium"),
            ends != 0,
            "{said}"
        );
    }
}
