//! The promises of `orchestrate run`, held against the real llama-completion and the embedded model.
//!
//! The program is the one that the normal search finds. Nothing here depends on what the model has
//! learnt, but for the one test that says so; only its weights, its tokenizer and its being a real
//! model matter.
//!
//! One test runs at a time: the more runs share the cores, the more of them lose their last lines
//! (llama.cpp#22142) and are repeated.

#![expect(
    clippy::unwrap_used,
    reason = "clippy lets tests unwrap, but not their helpers; here all is test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// Nothing here takes longer, on the busiest machine; whatever does is hung.
const CANARY: Duration = Duration::from_secs(60);

/// One thread each: the same result on every machine, and no thread that waits for another.
const STEADY: [&str; 4] = ["--set", "threads=1", "--set", "batch_threads=1"];
/// Whatever the model writes, no stop sequence ends it.
const NO_STOP: [&str; 2] = ["--set", "stop=[]"];

/// Where everything is that these tests write; what can be reused stays for the next time.
static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real");
    fs::create_dir_all(&home).unwrap();
    home
});

/// Held by the test that runs.
static TURN: Mutex<()> = Mutex::const_new(());

/// The programs that `orchestrate` uses when nobody says otherwise.
static LLAMA: LazyLock<Value> = LazyLock::new(|| {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_orchestrate"))
        .args(["llama", "--json"])
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
});

fn program(name: &str) -> PathBuf {
    let used = LLAMA["candidates"].as_array().unwrap().iter();
    let mut used = used.filter(|candidate| candidate["used"] == true);
    let path = used
        .find(|candidate| candidate["program"] == name)
        .and_then(|candidate| candidate["path"].as_str());
    match path {
        Some(path) => path.into(),
        None => panic!("no {name}: run `make test` or `orchestrate build`"),
    }
}

/// A run of the profile, but for its stop sequences; what is added later counts more.
fn command(args: &[&str]) -> Command {
    let mut command = command_with_stops(args);
    command.args(NO_STOP);
    command
}

fn command_with_stops(args: &[&str]) -> Command {
    let directory = program("llama-completion");
    let mut command = Command::new(env!("CARGO_BIN_EXE_orchestrate"));
    command
        .arg("run")
        .args(args)
        .args(STEADY)
        .env("ORCHESTRATE_LLAMA_DIR", directory.parent().unwrap())
        .env("ORCHESTRATE_CONFIG_DIR", HOME.join("config"))
        .env("ORCHESTRATE_CACHE_DIR", HOME.join("cache"))
        .env("ORCHESTRATE_STATE_DIR", HOME.join("state"))
        .current_dir(&*HOME)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn ended(child: Child) -> Output {
    let output = timeout(CANARY, child.wait_with_output());
    output.await.expect("ends in time").unwrap()
}

async fn run(args: &[&str]) -> Output {
    ended(command(args).spawn().unwrap()).await
}

/// The report of `--json`, of a run that has to end with this exit code.
async fn report(args: &[&str], code: i32) -> Value {
    let output = run(&[args, &["--json"]].concat()).await;
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn text(args: &[&str]) -> String {
    report(args, 0).await["text"].as_str().unwrap().to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The embedded model's file, as the first run unpacks it.
async fn model() -> PathBuf {
    let report = report(&["coder", "x", "-n", "1"], 0).await;
    report["model"]["path"].as_str().unwrap().into()
}

/// The embedded model, but for its trained context, which is made so long that a generation lasts
/// until somebody ends it.
async fn endless(name: &str) -> Endless {
    const KEY: &[u8] = b"llama.context_length";
    let mut bytes = fs::read(model().await).unwrap();
    let at = bytes.windows(KEY.len()).position(|part| part == KEY);
    // After the key comes the type of the value (u32), then the value.
    let value = at.unwrap() + KEY.len() + 4;
    bytes[value..value + 4].copy_from_slice(&1_000_000_u32.to_le_bytes());
    let path = HOME.join(format!("{name}.gguf"));
    fs::write(&path, bytes).unwrap();
    Endless(path)
}

struct Endless(PathBuf);

impl Endless {
    /// Far more tokens than any machine generates within the canary's time.
    fn args(&self) -> [&str; 10] {
        [
            "coder",
            "count",
            "-m",
            self.0.to_str().unwrap(),
            "-c",
            "32768",
            "-n",
            "32000",
            "--set",
            "ignore_eos=true",
        ]
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A run with `--jsonl`, up to its first piece of text.
struct Started {
    child: Child,
    lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
    llama: Pid,
}

impl Started {
    async fn new(args: &[&str]) -> Self {
        let mut child = command(&[args, &["--jsonl"]].concat()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut llama = None;
        loop {
            let event = next(&mut lines).await;
            match event["event"].as_str().unwrap() {
                "started" => llama = event["pid"].as_i64(),
                "text" => break,
                _ => {}
            }
        }
        let llama = Pid::from_raw(i32::try_from(llama.unwrap()).unwrap()).unwrap();
        Self {
            child,
            lines,
            llama,
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Its exit code and its last event.
    async fn finish(mut self) -> (Option<i32>, Value) {
        let last = loop {
            let event = next(&mut self.lines).await;
            if event["event"] == "finished" {
                break event;
            }
        };
        let code = ended(self.child).await.status.code();
        assert!(test_kill_process(self.llama).is_err(), "llama.cpp is left");
        (code, last)
    }
}

async fn next(lines: &mut tokio::io::Lines<BufReader<tokio::process::ChildStdout>>) -> Value {
    let line = timeout(CANARY, lines.next_line()).await.expect("a line");
    serde_json::from_str(&line.unwrap().expect("more lines")).unwrap()
}

#[tokio::test]
async fn the_same_request_gives_the_same_text() {
    let _turn = TURN.lock().await;
    let args = ["coder", "reverse a list", "-n", "64", "--temp", "0"];
    let first = text(&args).await;
    assert!(!first.is_empty());
    assert_eq!(first, text(&args).await);
}

#[tokio::test]
async fn a_seed_repeats_a_random_text_and_another_one_gives_another() {
    let _turn = TURN.lock().await;
    // Every token is possible: however sure the model is of its words, two texts differ.
    let chance = "--temp 5 --set sampling.top_k=0 --set sampling.top_p=1 --set sampling.min_p=0";
    let with_seed = async |seed: &str| {
        let args = [
            "coder",
            "words",
            "-n",
            "48",
            "--set",
            "ignore_eos=true",
            "--seed",
            seed,
        ];
        text(&[&args[..], &chance.split(' ').collect::<Vec<_>>()].concat()).await
    };
    let first = with_seed("1").await;
    assert_eq!(first, with_seed("1").await);
    assert_ne!(first, with_seed("2").await);
}

#[tokio::test]
async fn a_token_limit_ends_it() {
    let _turn = TURN.lock().await;
    let args = "coder words -n 5 --set ignore_eos=true";
    let report = report(&args.split(' ').collect::<Vec<_>>(), 0).await;
    assert_eq!(report["stop"]["reason"], "limit");
    assert_eq!(report["timings"]["generated_tokens"], 5);
}

#[tokio::test]
async fn a_full_context_ends_it() {
    let _turn = TURN.lock().await;
    let args = "coder words -c 256 -n 256 --set ignore_eos=true";
    let report = report(&args.split(' ').collect::<Vec<_>>(), 0).await;
    assert_eq!(report["stop"]["reason"], "context");
    let tokens = |name: &str| report["timings"][name].as_u64().unwrap();
    let all = tokens("prompt_tokens") + tokens("generated_tokens");
    // llama.cpp keeps a few tokens of the context free, and has one more than it has evaluated.
    assert!((240..=257).contains(&all), "{report}");
}

#[tokio::test]
async fn a_grammar_is_obeyed_and_its_end_is_the_end_of_the_text() {
    let _turn = TURN.lock().await;
    let grammar = r#"grammar=root ::= "yes" | "no""#;
    let report = report(&["router", "Is it?", "--set", grammar], 0).await;
    let text = report["text"].as_str().unwrap();
    assert!(["yes", "no"].contains(&text), "{text:?}");
    assert_eq!(report["stop"]["reason"], "eos");
}

#[tokio::test]
async fn a_stop_sequence_across_tokens_is_cut_exactly() {
    let _turn = TURN.lock().await;
    let args = "coder words -n 40 --temp 0 --set ignore_eos=true";
    let args: Vec<_> = args.split(' ').collect();
    let output = run(&[&args[..], &["--jsonl"]].concat()).await;
    let output = String::from_utf8(output.stdout).unwrap();
    let pieces: Vec<String> = output
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["event"] == "text")
        .map(|event| event["text"].as_str().unwrap().to_owned())
        .collect();
    let whole = pieces.concat();
    // The end of one piece and the beginning of the next, from the middle of the text.
    let [.., before, after] = &pieces[..=pieces.len() / 2] else {
        panic!("too few pieces: {pieces:?}");
    };
    let word = format!(
        "{}{}",
        before.chars().next_back().unwrap(),
        after.chars().next().unwrap()
    );
    // A JSON string is a TOML string as well.
    let stop = format!("stop=[{}]", Value::from(word.as_str()));
    let mut stopped = command(&[&args[..], &["--json"]].concat());
    let output = ended(stopped.args(["--set", &stop]).spawn().unwrap()).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["stop"]["reason"], "stop", "{report}");
    assert_eq!(report["stop"]["word"], *word);
    assert_eq!(report["text"], whole[..whole.find(&word).unwrap()]);
}

#[tokio::test]
async fn the_figures_are_those_of_the_program() {
    let _turn = TURN.lock().await;
    let log = HOME.join("figures.log");
    let args = ["coder", "words", "-n", "32", "--set", "ignore_eos=true"];
    let log_args = ["--log-file", log.to_str().unwrap()];
    let report = report(&[&args[..], &log_args].concat(), 0).await;
    let log = fs::read_to_string(log).unwrap();
    // A run whose last lines were lost is repeated in the same log: the last ones count.
    let line = |what: &str| {
        let regex = format!(r": +{what} time = +([0-9.]+) ms / +([0-9]+) ");
        let regex = Regex::new(&regex).unwrap();
        let found = regex.captures_iter(&log).last().expect("a line");
        let number = |index: usize| found[index].parse::<f64>().unwrap();
        (number(1), number(2))
    };
    let timings = &report["timings"];
    let (ms, runs) = line("eval");
    let ours = timings["ms_per_token"].as_f64().unwrap();
    assert!((ours - ms / runs).abs() < 1e-6, "{ours}, {ms} / {runs}");
    assert_eq!(timings["generated_tokens"], runs + 1.0);
    let (ms, tokens) = line("prompt eval");
    assert_eq!(timings["prompt_ms"], ms);
    assert_eq!(timings["prompt_tokens"], tokens);
}

#[tokio::test]
async fn a_report_is_plausible() {
    let _turn = TURN.lock().await;
    let report = report(&["coder", "words", "-n", "32"], 0).await;
    let timing = |name: &str| report["timings"][name].as_f64().unwrap();
    assert_eq!(report["schema"], "orchestrate.run/1");
    assert!(timing("prompt_tokens") > 0.0, "{report}");
    assert!(timing("peak_rss_bytes") > 1e6, "{report}");
    assert!(timing("load_ms") > 0.0 && timing("load_ms") <= timing("ttft_ms"));
    assert!(timing("ttft_ms") <= timing("total_ms"), "{report}");
    let inverse = 1000.0 / timing("ms_per_token");
    assert!((timing("tokens_per_second") - inverse).abs() < 1e-6);
    let build = report["llama"]["build"].as_u64();
    assert!(build.is_some_and(|build| build > 0), "{report}");
}

/// What the tokenizer makes of a text has as many tokens as the program has evaluated: a byte more
/// or less, or one that was rewritten, would show.
#[tokio::test]
async fn every_byte_of_a_prompt_arrives() {
    let _turn = TURN.lock().await;
    let model = model().await;
    let prompts = [
        "plain",
        "one newline\n",
        "three newlines\n\n\n",
        "\n leading",
        r"back\nslash \\ \t \x41 \",
        "é€😀 ünïcödé",
        "tab\tand \"quotes\" and 'more' and %s {{x}} $HOME",
    ];
    for prompt in prompts {
        let template = ["--set", r#"prompt.template="{{prompt}}""#];
        let args = ["router", prompt, "-n", "1", "--json"];
        let output = run(&[&args[..], &template].concat()).await;
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let evaluated = report["timings"]["prompt_tokens"].as_u64();
        assert_eq!(
            evaluated,
            Some(count_tokens(&model, prompt).await),
            "{prompt:?}"
        );
    }
}

/// Counts with llama.cpp's own tokenizer, which takes standard input as it is.
async fn count_tokens(model: &Path, text: &str) -> u64 {
    let mut tokenizer = Command::new(program("llama-tokenize"))
        .arg("-m")
        .arg(model)
        .args(["--stdin", "--ids", "--no-escape"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = tokenizer.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).await.unwrap();
    drop(stdin);
    let output = ended(tokenizer).await;
    let ids: Vec<u64> = serde_json::from_slice(&output.stdout).unwrap();
    ids.len() as u64
}

#[tokio::test]
async fn ctrl_c_ends_it_with_its_timings() {
    let _turn = TURN.lock().await;
    let endless = endless("interrupted").await;
    let started = Started::new(&endless.args()).await;
    started.signal(Signal::INT);
    let (code, last) = started.finish().await;
    assert_eq!(code, Some(130), "{last}");
    assert_eq!(last["stop"]["reason"], "interrupted");
    // The program prints its timings at a signal, unless that hits it while it prints a token: then
    // they are counted (see `engine::generation`).
    assert!(last["timings"]["generated_tokens"].as_u64() > Some(0));
}

#[tokio::test]
async fn a_polite_kill_ends_it() {
    let _turn = TURN.lock().await;
    let endless = endless("terminated").await;
    let started = Started::new(&endless.args()).await;
    started.signal(Signal::TERM);
    let (code, last) = started.finish().await;
    assert_eq!(code, Some(143), "{last}");
}

#[tokio::test]
async fn a_reader_who_leaves_ends_it() {
    let _turn = TURN.lock().await;
    let endless = endless("left").await;
    let mut child = command(&endless.args()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).await.unwrap();
    drop(stdout);
    let output = ended(child).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test]
async fn a_time_limit_ends_it() {
    let _turn = TURN.lock().await;
    let endless = endless("timed").await;
    let args = [&endless.args()[..], &["--timeout", "1500ms"]].concat();
    let report = report(&args, 124).await;
    assert_eq!(report["stop"]["reason"], "budget");
    // The way down takes two polite signals at most before SIGKILL.
    let total = report["timings"]["total_ms"].as_f64().unwrap();
    assert!((1500.0..10_000.0).contains(&total), "{report}");
}

#[tokio::test]
async fn a_cut_model_is_refused() {
    let _turn = TURN.lock().await;
    let whole = fs::read(model().await).unwrap();
    let half = HOME.join("half.gguf");
    fs::write(&half, &whole[..whole.len() / 2]).unwrap();
    let output = run(&["coder", "x", "-m", half.to_str().unwrap()]).await;
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    assert!(stderr(&output).contains("half.gguf"), "{output:?}");
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_told_with_both_numbers() {
    let _turn = TURN.lock().await;
    let prompt = "word ".repeat(400);
    let output = run(&["coder", &prompt, "-c", "256", "-n", "16"]).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let regex = Regex::new("the prompt has ([0-9]+) tokens and this context takes ([0-9]+)");
    let stderr = stderr(&output);
    let found = regex.unwrap().captures(&stderr).expect("both numbers");
    let number = |index: usize| found[index].parse::<u64>().unwrap();
    assert!(number(1) > number(2) && number(2) <= 256, "{stderr}");
}

#[tokio::test]
async fn two_runs_at_once_do_not_disturb_each_other() {
    let _turn = TURN.lock().await;
    let args = |prompt| ["coder", prompt, "-n", "64", "--set", "ignore_eos=true"];
    let (one, two) = (args("reverse a list"), args("open a file"));
    let alone = (text(&one).await, text(&two).await);
    assert_eq!(tokio::join!(text(&one), text(&two)), alone);
}

/// The one test of what the embedded model has learnt.
#[tokio::test]
async fn the_demo_writes_the_four_functions() {
    let _turn = TURN.lock().await;
    let prompt = "Create functions for add, subtract, multiply, and divide";
    let output = ended(command_with_stops(&["coder", prompt]).spawn().unwrap()).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    for function in ["add", "subtract", "multiply", "divide"] {
        assert!(text.contains(&format!("def {function}(")), "{text}");
    }
}

/// `orchestrate smoke` in the same place, on these programs.
fn smoke(llama_dir: &Path, args: &[&str]) -> Command {
    let mut command = command(&[]);
    command = {
        let run = command.as_std();
        let mut smoke = Command::new(run.get_program());
        for (name, value) in run.get_envs() {
            smoke.env(name, value.unwrap_or_default());
        }
        smoke
    };
    command
        .arg("smoke")
        .args(args)
        .env("ORCHESTRATE_LLAMA_DIR", llama_dir)
        .current_dir(&*HOME)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

#[tokio::test]
async fn every_smoke_case_passes() {
    let _turn = TURN.lock().await;
    let llama = program("llama-completion");
    let junit = HOME.join("smoke.xml");
    let args = ["--json", "--junit", junit.to_str().unwrap()];
    let output = ended(smoke(llama.parent().unwrap(), &args).spawn().unwrap()).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failed = report["cases"].as_array().unwrap().iter();
    let failed: Vec<_> = failed.filter(|case| case["ok"] != true).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // Twelve cases for both programs, and the arguments of both.
    assert_eq!(report["ok"], 26, "{report:#}");
    assert!(
        fs::read_to_string(&junit)
            .unwrap()
            .contains("tests=\"26\" failures=\"0\"")
    );
}

#[tokio::test]
async fn the_smoke_test_of_a_profile_runs_its_model() {
    let _turn = TURN.lock().await;
    let llama = program("llama-completion");
    // Far below what any machine does with so small a model.
    let args = ["--profile", "coder", "--least", "1"];
    let output = ended(smoke(llama.parent().unwrap(), &args).spawn().unwrap()).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[tokio::test]
async fn a_broken_program_fails_with_the_commands_that_repeat_it() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let _turn = TURN.lock().await;
    let llama = program("llama-completion");
    let broken = tempfile::tempdir().unwrap();
    symlink(
        llama.with_file_name("llama-server"),
        broken.path().join("llama-server"),
    )
    .unwrap();
    // It knows all of its flags, and does none of its work.
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in --help|--version) exec '{}' \"$@\";; esac\necho broken >&2\nexit 1\n",
        llama.display()
    );
    let wrapper = broken.path().join("llama-completion");
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let args = ["--only", "token-limit"];
    let output = ended(smoke(broken.path(), &args).spawn().unwrap()).await;
    assert_eq!(output.status.code(), Some(8), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("FAILED  token-limit/completion"), "{text}");
    assert!(text.contains("ok      token-limit/server"), "{text}");
    assert!(text.contains("--only token-limit/completion\n"), "{text}");
    // Pasted into a shell, the bare command shows the same.
    let command = text
        .lines()
        .find(|line| line.trim_start().starts_with("printf"))
        .unwrap();
    let bare = Command::new("sh").args(["-c", command.trim()]).output();
    let bare = timeout(CANARY, bare).await.expect("ends in time").unwrap();
    assert_eq!(bare.status.code(), Some(1), "{bare:?}");
    assert!(stderr(&bare).contains("broken"), "{bare:?}");
}
