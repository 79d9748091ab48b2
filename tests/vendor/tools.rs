//! Finding and installing tools on a machine that lacks them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use orchestrate::vendor::tools::{Generator, Privilege, ToolSearch};

use crate::support::{Events, path_with, path_without, script, toy};

fn search(root: &Path, path: OsString, privilege: Privilege) -> ToolSearch {
    ToolSearch {
        path,
        venv: root.join("venv"),
        privilege,
    }
}

#[tokio::test]
async fn without_cmake_and_root_it_comes_from_pypi() {
    let root = tempfile::tempdir().unwrap();
    let hidden = ["cmake", "ninja", "make", "gmake", "apt-get", "sudo"];
    let path = path_without(&root.path().join("bin"), &hidden);
    let search = search(root.path(), path.clone(), Privilege::None);
    let events = Events::default();
    let tools = search.cmake(&|event| events.add(event)).await.unwrap_or_else(|error| {
        panic!("this test fetches cmake and ninja from PyPI as a fresh machine would: failed to {error}")
    });
    assert!(events.tell_of("PyPI"), "{:?}", events.all());
    assert!(tools.cmake.starts_with(&search.venv), "{tools:?}");
    let Generator::Ninja(ninja) = &tools.generator else {
        panic!("{tools:?}");
    };
    assert!(ninja.starts_with(&search.venv), "{tools:?}");

    toy(&root.path().join("src"));
    let configured = Command::new(&tools.cmake)
        .args(["-G", "Ninja", "-S", "src", "-B", "tree"])
        .arg(format!("-DCMAKE_MAKE_PROGRAM={}", ninja.display()))
        .current_dir(root.path())
        .env("PATH", &path)
        .output()
        .unwrap();
    assert!(configured.status.success(), "{configured:?}");
    assert!(root.path().join("tree/build.ninja").is_file());

    // The second time it is there.
    let events = Events::default();
    assert_eq!(
        search.cmake(&|event| events.add(event)).await.unwrap(),
        tools
    );
    assert_eq!(events.all(), []);
    // One that was interrupted is made anew.
    fs::remove_file(search.venv.join(".orchestrate-complete")).unwrap();
    fs::remove_file(search.venv.join("bin/ninja")).unwrap();
    assert_eq!(search.cmake(&|_| {}).await.unwrap(), tools);
}

/// A machine of fake programs that write down how they are called.
struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self {
            root: tempfile::tempdir().unwrap(),
        };
        path_with(&machine.bin(), &["sh", "chmod", "env", "cat"]);
        machine
    }

    fn bin(&self) -> PathBuf {
        self.root.path().join("bin")
    }

    /// An apt-get that installs whatever `body` says.
    fn apt(&self, body: &str) {
        let log = self.root.path().join("calls");
        let record = format!(
            "echo \"apt-get $DEBIAN_FRONTEND $*\" >> '{}'",
            log.display()
        );
        let bin = self.bin();
        let install = format!(
            "bin='{}'; case \"$*\" in *install*) {body} ;; esac",
            bin.display()
        );
        script(&bin.join("apt-get"), &format!("{record}\n{install}"));
    }

    fn calls(&self) -> Vec<String> {
        let text = fs::read_to_string(self.root.path().join("calls")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    fn search(&self, privilege: Privilege) -> ToolSearch {
        search(self.root.path(), self.bin().into(), privilege)
    }
}

const PUTS_CMAKE: &str = "\
    for tool in cmake ninja; do \
      printf '#!/bin/sh\\necho cmake version 3.25.1\\n' > $bin/$tool; chmod +x $bin/$tool; \
    done";

#[tokio::test]
async fn as_root_apt_get_installs_what_is_missing() {
    let machine = Machine::new();
    machine.apt(PUTS_CMAKE);
    let search = machine.search(Privilege::Root);
    let tools = search.cmake(&|_| {}).await.unwrap();
    assert_eq!(tools.cmake, machine.bin().join("cmake"));
    let calls = machine.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(
        calls[0].contains("noninteractive") && calls[0].ends_with("update"),
        "{calls:?}"
    );
    assert!(
        calls[1].ends_with("install -y --no-install-recommends cmake ninja-build"),
        "{calls:?}"
    );
    search.cmake(&|_| {}).await.unwrap();
    assert_eq!(
        machine.calls().len(),
        2,
        "what is there is not installed again"
    );
}

#[tokio::test]
async fn sudo_is_used_only_without_a_password() {
    let machine = Machine::new();
    machine.apt(PUTS_CMAKE);
    let log = machine.root.path().join("sudo-calls");
    let body = format!("echo \"$*\" >> '{}'; shift; exec \"$@\"", log.display());
    script(&machine.bin().join("sudo"), &body);
    machine
        .search(Privilege::Sudo)
        .cmake(&|_| {})
        .await
        .unwrap();
    let sudo = fs::read_to_string(log).unwrap();
    assert!(
        sudo.lines()
            .all(|line| line.starts_with("-n env DEBIAN_FRONTEND=")),
        "{sudo}"
    );
    assert_eq!(machine.calls().len(), 2);
}

#[tokio::test]
async fn an_apt_get_that_fails_is_told_with_its_reason() {
    let machine = Machine::new();
    machine.apt("echo 'E: Unable to locate package cmake' >&2; exit 100");
    let error = machine
        .search(Privilege::Root)
        .cmake(&|_| {})
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("Unable to locate package cmake"), "{text}");
    assert!(
        text.contains("no python3"),
        "the second way was tried: {text}"
    );
}

#[tokio::test]
async fn where_nothing_can_be_done_the_message_says_what_to_install() {
    let machine = Machine::new();
    let search = machine.search(Privilege::None);
    let text = search.cmake(&|_| {}).await.unwrap_err().to_string();
    for part in [
        "cmake and ninja",
        "apt-get install cmake ninja-build",
        "python3",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = search.compiler(&|_| {}).await.unwrap_err().to_string();
    assert!(
        text.contains("C++ compiler") && text.contains("apt-get install g++"),
        "{text}"
    );
    let text = search.pip(&|_| {}).await.unwrap_err().to_string();
    assert!(text.contains("python3-pip"), "{text}");
}

#[tokio::test]
async fn a_cmake_that_does_not_work_or_is_too_old_does_not_count() {
    let machine = Machine::new();
    let shims = machine.root.path().join("shims");
    script(
        &shims.join("cmake"),
        "echo 'pyenv: cmake: command not found' >&2; exit 127",
    );
    let old = machine.root.path().join("old");
    script(&old.join("cmake"), "echo cmake version 3.5.2");
    script(&machine.bin().join("cmake"), "echo cmake version 3.25.1");
    script(&machine.bin().join("make"), "");
    let path = std::env::join_paths([&shims, &old, &machine.bin()]).unwrap();
    let search = search(machine.root.path(), path, Privilege::None);
    let tools = search.cmake(&|_| {}).await.unwrap();
    assert_eq!(tools.cmake, machine.bin().join("cmake"));
    assert_eq!(tools.generator, Generator::Make(machine.bin().join("make")));
}
