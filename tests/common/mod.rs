//! An orchestrate with a world of its own: directories, a scripted llama.cpp (`tests/fake/llama.rs`),
//! a canary for whatever hangs, and the proof that nothing is left when it has ended.

#![expect(dead_code, reason = "each target uses a part of it")]

mod descent;
mod ended;
mod kit;
pub(crate) mod running;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::future::Future;
use std::iter;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

pub(crate) use ended::Ended;
pub(crate) use running::Running;

/// Nothing here takes longer unless it hangs, not even on a machine that is busy with other things.
pub(crate) const CANARY: Duration = Duration::from_secs(180);
/// How often a condition is looked at that no event tells of.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The shortest windows there are, so that a test need not wait long.
pub(crate) const WINDOWS: [&str; 6] = [
    "--set",
    "watch.load=1s",
    "--set",
    "watch.prefill=1s",
    "--set",
    "watch.decode=1s",
];

/// A profile that adds nothing: the prompt as it is, no stop sequences, no limits.
const PLAIN: &str = "\
model = \"demo\"
context = 256
max_tokens = 64
seed = 7

[limits]
timeout = \"none\"
load = \"none\"

[watch]
loops = false # scripts repeat themselves

[prompt]
template = \"{{prompt}}\"
";

/// Directories that no other test sees.
pub(crate) struct World {
    root: TempDir,
    /// For sockets, whose paths have to be short.
    runtime: TempDir,
}

impl World {
    /// A world with a llama-completion that follows scripts, and a profile named `plain`.
    pub(crate) fn new() -> Self {
        descent::adopt_orphans();
        let world = Self {
            root: TempDir::new().expect("a temporary directory"),
            runtime: TempDir::new_in("/tmp").expect("a temporary directory"),
        };
        for dir in ["config/profiles", "cache", "state", "work", "llama"] {
            fs::create_dir_all(world.path(dir)).expect("a directory");
        }
        world.has("llama-completion");
        world.profile("plain", PLAIN);
        world
    }

    /// As [`World::new`], with a llama-server beside it, and a profile named `served`.
    pub(crate) fn with_server() -> Self {
        let world = Self::new();
        world.has("llama-server");
        world.profile("served", "extends = \"plain\"\nbackend = \"server\"");
        world
    }

    /// Puts a program of the fault kit there.
    pub(crate) fn has(&self, program: &str) {
        let link = self.path("llama").join(program);
        symlink(kit::fake_llama(), link).expect("a link");
    }

    /// As [`World::with_server`], and a profile named `chat`, with a model that was trained for it.
    pub(crate) fn with_chat() -> Self {
        let world = Self::with_server();
        let model = world.model(true);
        world.profile(
            "chat",
            &format!(
                "extends = \"served\"\nmodel = '{model}'\n\
                 [prompt]\nmode = \"chat\"\nsystem = \"be brief\""
            ),
        );
        world
    }

    /// The path of a model that has a chat template, or has none.
    pub(crate) fn model(&self, chat: bool) -> String {
        self.file("model.gguf", kit::model(chat))
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file in it and returns its path.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), bytes).expect("written");
        self.text(name)
    }

    /// A path in it as text.
    pub(crate) fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path of text").to_owned()
    }

    /// Writes a profile of the user.
    pub(crate) fn profile(&self, name: &str, toml: &str) {
        self.file(&format!("config/profiles/{name}.toml"), toml);
    }

    /// `orchestrate run`, with an environment of its own and nothing on standard input.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run<'_> {
        self.orchestrate("run", args)
    }

    /// `orchestrate COMMAND`, likewise.
    pub(crate) fn orchestrate<A: AsRef<OsStr>>(
        &self,
        command: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Run<'_> {
        let args = args.into_iter().map(|arg| arg.as_ref().to_owned());
        let words = iter::once(OsString::from(command)).chain(args);
        self.program(env!("CARGO_BIN_EXE_orchestrate"), words)
    }

    /// Another program in the same environment.
    pub(crate) fn program<A: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Run<'_> {
        let mut command = Command::new(program);
        command.args(args);
        self.dress(&mut command);
        Run {
            world: self,
            command,
            input: None,
        }
    }

    fn dress(&self, command: &mut Command) {
        command
            .current_dir(self.path("work"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("work"))
            .env("ORCHESTRATE_CONFIG_DIR", self.path("config"))
            .env("ORCHESTRATE_CACHE_DIR", self.path("cache"))
            .env("ORCHESTRATE_STATE_DIR", self.path("state"))
            .env("ORCHESTRATE_LLAMA_DIR", self.path("llama"))
            .env("ORCHESTRATE_RUNTIME_DIR", self.runtime())
            .env("FAKE_INHERITED", kit::inherited())
            .env("FAKE_IGNORED", kit::ignored())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
    }

    /// A directory with a llama-completion that is this script for `sh`; returns both paths.
    pub(crate) fn other_llama(&self, script: &str) -> (String, String) {
        fs::create_dir_all(self.path("other")).expect("a directory");
        let program = self.file("other/llama-completion", format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
        (self.text("other"), program)
    }

    /// How often a script with `count starts` or `lose N starts` was begun; see [`World::marks`].
    pub(crate) fn starts(&self) -> u64 {
        fs::metadata(self.path("starts")).map_or(0, |file| file.len())
    }

    /// The file for `count` and `lose` in a script.
    pub(crate) fn marks(&self) -> String {
        self.text("starts")
    }

    /// Every running process of this world, those that have left their group or session included.
    pub(crate) fn processes(&self) -> Vec<u32> {
        descent::processes(self.mark())
    }

    /// What all processes of this world have in their environment, and no others.
    fn mark(&self) -> &[u8] {
        self.root.path().as_os_str().as_encoded_bytes()
    }

    /// Every file, socket and directory in it, as a path in the world; what is in the directory for
    /// sockets begins with `runtime/`.
    pub(crate) fn listing(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        list(self.root.path(), "", &mut found);
        list(self.runtime.path(), "runtime/", &mut found);
        found
    }

    /// What holds them; orchestrate makes it, for its user alone.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.runtime.path().join("o")
    }

    /// The directories of runs that hold, or held, a socket.
    pub(crate) fn sockets(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.runtime()).into_iter().flatten();
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        // The other thing in there is a lock, which stays.
        paths.retain(|path| path.is_dir());
        paths
    }

    /// Waits until no process of this world is left.
    pub(crate) async fn empty(&self) {
        until("no process is left", || self.processes().is_empty()).await;
    }
}

fn list(dir: &Path, prefix: &str, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link is not followed: it is what it is.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&entry.path(), &format!("{name}/"), found);
        }
        found.insert(name);
    }
}

/// Ends what a failed test has left.
impl Drop for World {
    fn drop(&mut self) {
        for pid in self.processes() {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

/// A command that has not been started yet.
pub(crate) struct Run<'w> {
    world: &'w World,
    command: Command,
    input: Option<Vec<u8>>,
}

impl<'w> Run<'w> {
    /// What llama-completion does; see `tests/fake/llama.rs`.
    pub(crate) fn script(self, script: &str) -> Self {
        self.env("FAKE_SCRIPT", script)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Lets it lead a process group, as a shell does for a job: else Ctrl-Z may be of no effect.
    pub(crate) fn in_own_group(mut self) -> Self {
        self.command.process_group(0);
        self
    }

    /// Gives it a pipe with these bytes.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.command.stdin(Stdio::piped());
        self.input = Some(bytes.into());
        self
    }

    /// The command itself, for whoever follows it in another way. Nothing kills it but the end of the world.
    pub(crate) fn command(self) -> std::process::Command {
        self.command.into_std()
    }

    pub(crate) async fn start(mut self) -> Running<'w> {
        let mut child = self.command.spawn().expect("it starts");
        let stdin = child.stdin.take();
        let running = Running::of(self.world, child);
        if let (Some(bytes), Some(mut stdin)) = (self.input, stdin) {
            // A program that ends without reading all of it says so by its exit.
            let _ = stdin.write_all(&bytes).await;
        }
        running
    }

    /// Runs it to its end.
    pub(crate) async fn end(self) -> Ended {
        self.start().await.end().await
    }
}

/// Waits until something has come to pass that no event tells of.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            sleep(LOOK_EVERY).await;
        }
    };
    canary(what, waiting).await;
}

/// Fails a test that hangs.
pub(crate) async fn canary<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(CANARY, future).await {
        Ok(value) => value,
        Err(_) => panic!("not within {CANARY:?}: {what}"),
    }
}
