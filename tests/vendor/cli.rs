//! `orchestrate build`, `clean` and `llama` as a user meets them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{PATIENCE, endless, gone, path_without, text, tools, toy};

/// A checkout with the toy as the user's own llama.cpp.
struct Checkout {
    root: tempfile::TempDir,
    path: std::ffi::OsString,
}

impl Checkout {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let checkout = root.path().join("checkout");
        toy(&checkout.join("vendor/llama.cpp"));
        let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/vendor/llama.cpp.lock");
        fs::copy(lock, checkout.join("vendor/llama.cpp.lock")).unwrap();
        // Nothing may be installed from here, whoever runs the tests.
        let bin = path_without(&root.path().join("bin"), &["apt-get", "sudo"]);
        let cmake = tools().await.cmake(&|_| {}).await.unwrap().cmake;
        let dirs = [PathBuf::from(bin), cmake.parent().unwrap().to_owned()];
        Self {
            path: std::env::join_paths(dirs).unwrap(),
            root,
        }
    }

    fn source(&self) -> PathBuf {
        self.root.path().join("checkout/vendor/llama.cpp")
    }

    fn command(&self, args: &[&str]) -> Command {
        let below = |name: &str| self.root.path().join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrate"));
        command
            .args(args)
            .current_dir(self.root.path().join("checkout"))
            .env("PATH", &self.path)
            .env("ORCHESTRATE_CACHE_DIR", below("cache"))
            .env("ORCHESTRATE_CONFIG_DIR", below("config"))
            .env("ORCHESTRATE_STATE_DIR", below("state"))
            .env_remove("ORCHESTRATE_LLAMA_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Exit code, standard output, standard error.
    async fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = timeout(PATIENCE, self.command(args).output());
        let output = output.await.unwrap().unwrap();
        let code = output.status.code().unwrap();
        (code, text(&output.stdout), text(&output.stderr))
    }
}

#[tokio::test]
async fn the_users_clone_is_built_listed_and_cleaned() {
    let checkout = Checkout::new().await;
    let (code, out, err) = checkout.run(&["build"]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(out, "");
    assert!(err.contains("compiling llama-completion\n"), "{err}");
    assert!(
        !err.contains('\u{1b}'),
        "no terminal, no control sequences: {err:?}"
    );
    let (code, _, err) = checkout.run(&["build"]).await;
    assert_eq!(
        (code, err.as_str()),
        (0, ""),
        "the second time there is nothing to say"
    );

    let (code, out, _) = checkout.run(&["llama", "--json"]).await;
    assert_eq!(code, 0);
    let overview: serde_json::Value = serde_json::from_str(&out).unwrap();
    let first = &overview["candidates"][0];
    assert_eq!(first["program"], "llama-completion");
    assert_eq!(first["origin"], "vendored");
    assert_eq!(first["used"], true);

    let (code, _, err) = checkout.run(&["clean"]).await;
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("--yes"), "{err}");
    let (code, _, err) = checkout.run(&["clean", "--yes"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("built programs"), "{err}");
    assert!(!checkout.root.path().join("cache/llama").exists());
    assert!(checkout.source().join("CMakeLists.txt").is_file());
}

#[tokio::test]
async fn a_failed_build_exits_with_4_and_the_first_error() {
    let checkout = Checkout::new().await;
    fs::write(checkout.source().join("llama-completion.c"), "nonsense\n").unwrap();
    let (code, _, err) = checkout.run(&["build"]).await;
    assert_eq!(code, 4, "{err}");
    assert!(
        err.contains("llama-completion.c:1:") && err.contains("build.log"),
        "{err}"
    );
}

#[tokio::test]
async fn ctrl_c_ends_the_build_with_all_it_has_started() {
    let checkout = Checkout::new().await;
    let pid_file = endless(&checkout.source());
    let mut child = checkout.command(&["build"]).spawn().unwrap();
    let compiler = timeout(PATIENCE, read_when_there(&pid_file)).await.unwrap();
    let pid = child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().await;
    assert!(sent.unwrap().success());
    let status = timeout(PATIENCE, child.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(130));
    gone(&compiler).await;
}

async fn read_when_there(path: &Path) -> String {
    while !path.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    fs::read_to_string(path).unwrap()
}
