//! Both backends do the same: `orchestrate run` with `llama-completion` and with `llama-server`, held
//! against each other on the real programs.
//!
//! The same seed and settings give the same text to the letter, the same stop reason, exit code, counts
//! of tokens and fields of the JSON. What may differ is left out in [`comparable`], with the reason.
//!
//! `ORCHESTRATE_EQUALITY_MODEL` names another model than the embedded one. The random table has
//! `ORCHESTRATE_EQUALITY_CASES` cases of the seed `ORCHESTRATE_EQUALITY_SEED`; `make equality` runs many.

#![expect(
    clippy::unwrap_used,
    reason = "clippy lets tests unwrap, but not their helpers; here all is test"
)]

mod fixed;
mod random;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// One thread each: with more, sums come in another order, and the text may be another one.
const STEADY: [&str; 4] = ["--set", "threads=1", "--set", "batch_threads=1"];

/// The exit code of a run whose program crashed, or seems to.
const CRASHED: i64 = 7;
/// How often such a run is tried: none of these cases crashes.
const ATTEMPTS: usize = 5;

/// Where everything is that these tests write; what can be reused stays for the next time.
static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("equality");
    fs::create_dir_all(&home).unwrap();
    home
});

/// Held by the test that runs: the more runs share the cores, the more of them lose their last lines
/// (llama.cpp#22142) and are repeated.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    // Another test's failure is told by that test.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The directory of the programs that `orchestrate` uses when nobody says otherwise.
static LLAMA_DIR: LazyLock<PathBuf> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO_BIN_EXE_orchestrate"))
        .args(["llama", "--json"])
        .output()
        .unwrap();
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut used = found["candidates"].as_array().unwrap().iter();
    let path = used
        .find(|one| one["used"] == true && one["program"] == "llama-server")
        .and_then(|one| one["path"].as_str());
    let Some(path) = path else {
        panic!("no llama-server: run `make test` or `orchestrate build`");
    };
    Path::new(path).parent().unwrap().into()
});

/// One request, made of both backends.
#[derive(Debug, Clone)]
struct Case {
    prompt: String,
    args: Vec<String>,
}

impl Case {
    /// The prompt as it is, without a template and without stop sequences.
    fn new(prompt: &str) -> Self {
        let case = Self {
            prompt: prompt.to_owned(),
            args: Vec::new(),
        };
        case.set("prompt.template", "{{prompt}}").stops(&[])
    }

    /// Words of the command line, separated by spaces.
    fn args(mut self, args: &str) -> Self {
        self.args.extend(args.split_whitespace().map(str::to_owned));
        self
    }

    fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    /// Sets a key of the profile to a text.
    fn set(self, key: &str, value: &str) -> Self {
        // A JSON string is a TOML string as well.
        self.arg("--set")
            .arg(&format!("{key}={}", Value::from(value)))
    }

    fn stops(self, words: &[&str]) -> Self {
        self.arg("--set").arg(&format!("stop={}", json!(words)))
    }

    fn run(&self, backend: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrate"));
        command.args(["run", "coder", &self.prompt, "--json"]);
        if let Some(model) = std::env::var_os("ORCHESTRATE_EQUALITY_MODEL") {
            command.arg("-m").arg(model);
        }
        command
            .args(STEADY)
            .args(&self.args)
            .args(["--set", &format!("backend={backend}")])
            .env("ORCHESTRATE_LLAMA_DIR", &*LLAMA_DIR)
            .env("ORCHESTRATE_CONFIG_DIR", HOME.join("config"))
            .env("ORCHESTRATE_CACHE_DIR", HOME.join("cache"))
            .env("ORCHESTRATE_STATE_DIR", HOME.join("state"))
            .current_dir(&*HOME)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Has both do it, and gives the report that they agree about.
    fn same(&self) -> Value {
        let one = self.report("completion");
        let mut other = self.report("server");
        forgive(&one, &mut other);
        assert_eq!(one, other, "completion, then server, of {self:?}");
        one
    }

    /// What is comparable of a backend's report.
    fn report(&self, backend: &str) -> Value {
        let mut attempts = 0;
        loop {
            let output = self.run(backend);
            let report: Value = serde_json::from_slice(&output.stdout)
                .unwrap_or_else(|error| panic!("{error}: {output:?}"));
            assert_eq!(report["backend"], backend, "{self:?}\n{output:?}");
            let code = output.status.code();
            assert_eq!(code, report["exit_code"].as_i64().map(|code| code as i32));
            // On a busy machine the last words may be lost for longer than orchestrate repeats a run.
            attempts += 1;
            if attempts == ATTEMPTS || report["exit_code"] != CRASHED {
                return comparable(report);
            }
        }
    }

    /// The same, for its text.
    fn text(&self) -> String {
        self.same()["text"].as_str().unwrap().to_owned()
    }

    /// The same, of a run that has to end for this reason.
    fn ends(&self, reason: &str) -> Value {
        let report = self.same();
        assert_eq!(report["stop"]["reason"], reason, "{report}\n{self:?}");
        report
    }
}

/// A report without what two runs of one backend would not agree about, and without its name. The keys
/// stay.
fn comparable(mut report: Value) -> Value {
    for at in ["/backend", "/llama/path"] {
        *report.pointer_mut(at).unwrap() = Value::Null;
    }
    for (key, value) in report["timings"].as_object_mut().unwrap() {
        // A server knows that it took nothing from a cache; llama-completion says nothing of it.
        let counts = key.ends_with("_tokens") && key != "cached_tokens";
        if !counts {
            *value = Value::Null;
        }
    }
    report
}

/// What llama-completion does not tell.
fn forgive(completion: &Value, server: &mut Value) {
    let stopped = completion["stop"]["reason"] == "stop";
    let (told, known) = (&completion["timings"], &mut server["timings"]);
    // It prints no timings where the signal that ends it, here after a stop sequence, comes while it holds the
    // lock of its log; and those of a prompt of one token it books under another heading.
    if told["prompt_tokens"].is_null() && (stopped || known["prompt_tokens"] == 1) {
        known["prompt_tokens"] = Value::Null;
    }
    // Up to a stop sequence its tokens are counted by what it prints: nothing of one without text, such as one
    // that begins a turn.
    let few = |value: &Value| value.as_u64().unwrap_or(0);
    if stopped && few(&told["generated_tokens"]) < few(&known["generated_tokens"]) {
        known["generated_tokens"] = told["generated_tokens"].clone();
    }
    let message = completion["error"]["message"].as_str();
    if message.is_some_and(|message| message.contains(NO_REASON)) {
        server["error"] = completion["error"].clone();
    }
}

/// All that is left of a refusal where the line with the reason is lost: the program aborts then, which is
/// no end that a run is repeated for.
const NO_REASON: &str = ": failed to parse grammar;";

/// Where the first complete stop sequence, or the longest of several, cuts a text.
fn cut<'t>(text: &'t str, words: &[&str]) -> &'t str {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    for end in ends {
        let found = words.iter().filter(|word| text[..end].ends_with(**word));
        if let Some(longest) = found.map(|word| word.len()).max() {
            return &text[..end - longest];
        }
    }
    text
}
