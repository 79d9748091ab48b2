//! A program of llama.cpp that does what a test tells it to: the fault kit.
//!
//! By the name of its file it is a llama-completion, a llama-server or a llama-tokenize. It answers
//! `--version` and `--help` as build b11434 does, so that it is taken for one (another version line can
//! be given in `FAKE_VERSION`), and then follows the script in `FAKE_SCRIPT` (a server, in
//! `FAKE_SCRIPT_SERVER` if there is one): commands separated by `;`. One language serves both programs,
//! so that a test can hold the one against the other; `server.rs` has what only a server knows, and
//! `labour.rs` work and misbehaviour of both.
//! llama-tokenize first answers, with a token for each word, and needs no script.
//!
//! | command | what it does |
//! | --- | --- |
//! | `ready` | logs the line with which the real program begins to read the prompt |
//! | `write TEXT` | a piece of text: one `write(2)`, or an event; knows `\n` and `\xNN` |
//! | `repeat N TEXT` | so many such pieces |
//! | `pace N MS TEXT` | N such pieces, numbered, one every MS milliseconds |
//! | `log TEXT` | a line on standard error |
//! | `fault TEXT` | the same, as an error |
//! | `times N` | the timings of N generated tokens at 10 ms |
//! | `timed N MS` | the same at MS, also for the six tokens of the prompt |
//! | `given FLAG VALUE COMMAND` | the command, if it was started with that flag |
//! | `unless FLAG VALUE COMMAND` | the command, if it was not |
//! | `full` | the context is full |
//! | `eos`, `close` | the program's own last words: the marker, the closing newlines |
//! | `sleep MS` | honest, slow work |
//! | `hang` | nothing, for ever |
//! | `spin` | burns CPU, for ever |
//! | `await FILE` | waits until there is such a file |
//! | `ignore SIGNAL` | from here on `INT` or `TERM` do nothing |
//! | `resist` | ignores both, and a llama-completion writes `^C` for every SIGINT |
//! | `ending COMMAND` | what it does on SIGTERM instead of leaving; the script goes on |
//! | `flood BYTES` | so many bytes on standard error |
//! | `line BYTES` | one line so long, on standard error |
//! | `child` | starts a child in the same group, and writes its number |
//! | `orphan` | as `child`, and writes nothing |
//! | `env NAME` | writes `NAME=value` or `NAME unset` |
//! | `stdin` | writes the prompt as it came |
//! | `args` | writes its arguments, one per line |
//! | `count FILE` | adds a byte to a file: how often it was started, or that it came here |
//! | `nth FILE` | as `count`, and writes the number |
//! | `lose N FILE` | the first N times: exits with 0 here and now; see `count` |
//! | `stop`, `kill`, `crash` | sends itself SIGSTOP, SIGKILL, SIGSEGV |
//! | `abort`, `exit CODE` | ends so |
//!
//! SIGINT does to a llama-completion what it does to the real one: timings, `Interrupted by user`,
//! exit 130.
//!
//! Before anything else it looks at its own environment (`environment.rs`): whether it leads its process
//! group, can be asked to end, reads from where it should, and has inherited nothing. What is wrong it says,
//! and exits with 99.

mod environment;
mod labour;
mod server;

use std::fs::OpenOptions;
use std::future::pending;
use std::io::{Read, Write, stderr, stdin, stdout};
use std::path::Path;
use std::time::Duration;

use rustix::process::{getpid, kill_process};
use tokio::signal::unix::{Signal, SignalKind, signal};

use server::Server;

const COMPLETION: [&str; 2] = [
    include_str!("../data/help/llama-completion-b11434.version.txt"),
    include_str!("../data/help/llama-completion-b11434.help.txt"),
];
const SERVER: [&str; 2] = [
    include_str!("../data/help/llama-server-b11434.version.txt"),
    include_str!("../data/help/llama-server-b11434.help.txt"),
];
const TOKENIZE: [&str; 2] = [
    include_str!("../data/help/llama-tokenize-b11434.version.txt"),
    include_str!("../data/help/llama-tokenize-b11434.help.txt"),
];

/// How often `await` looks for its file.
const LOOK_EVERY: Duration = Duration::from_millis(5);

fn main() {
    // A runtime opens descriptors of its own.
    let first = std::env::args().nth(1);
    environment::check(matches!(first.as_deref(), Some("--version" | "--help")));
    play();
}

#[tokio::main(flavor = "current_thread")]
async fn play() {
    let mut args = std::env::args();
    let program = args.next().expect("a name");
    let args: Vec<String> = args.collect();
    let is = |name: &str| Path::new(&program).file_name().is_some_and(|n| n == name);
    let [version, help] = if is("llama-server") {
        SERVER
    } else if is("llama-tokenize") {
        TOKENIZE
    } else {
        COMPLETION
    };
    match args.first().map(String::as_str) {
        Some("--version") => {
            let given = std::env::var("FAKE_VERSION");
            return eprint!("{}", given.as_deref().unwrap_or(version));
        }
        Some("--help") => return print!("{help}"),
        _ => {}
    }
    // A server is given none.
    let mut input = Vec::new();
    stdin().read_to_end(&mut input).expect("standard input");
    // Where a run starts both, each may have its own.
    let own = std::env::var("FAKE_SCRIPT_SERVER")
        .ok()
        .filter(|_| is("llama-server"));
    let script = own.map_or_else(|| std::env::var("FAKE_SCRIPT"), Ok);
    let script = if is("llama-tokenize") {
        println!("{:?}", server::tokens(&String::from_utf8_lossy(&input)));
        script.unwrap_or_default()
    } else {
        script.expect("FAKE_SCRIPT says what to do")
    };
    let stage = if is("llama-server") {
        Stage::Server(Box::new(Server::new(&args)))
    } else {
        Stage::Completion { input }
    };
    Play {
        stage,
        args,
        on_interrupt: interrupted,
        terminate: None,
        on_terminate: None,
    }
    .follow(&script)
    .await;
}

/// Which program it is.
enum Stage {
    Completion { input: Vec<u8> },
    Server(Box<Server>),
}

/// A script that is being followed.
struct Play {
    stage: Stage,
    args: Vec<String>,
    on_interrupt: fn(),
    /// Until it is listened to, SIGTERM ends the process.
    terminate: Option<Signal>,
    /// What SIGTERM does then; a server leaves in order if it says nothing.
    on_terminate: Option<String>,
}

impl Play {
    async fn follow(mut self, script: &str) {
        let mut interrupt = signal(SignalKind::interrupt()).expect("a handler");
        let commands = script.split(';').map(str::trim);
        let mut commands: Vec<_> = commands.filter(|command| !command.is_empty()).collect();
        if matches!(self.stage, Stage::Server(_)) {
            // A server works until it is told to leave.
            commands.push("hang");
        }
        for command in commands {
            let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
            if self.prepare(name, argument) {
                continue;
            }
            let left = {
                let step = perform(&mut self.stage, name, argument, &self.args);
                tokio::pin!(step);
                loop {
                    tokio::select! {
                        () = &mut step => break false,
                        _ = interrupt.recv() => (self.on_interrupt)(),
                        () = received(&mut self.terminate) => match &self.on_terminate {
                            None => break true,
                            Some(command) => {
                                let (name, argument) =
                                    command.split_once(' ').unwrap_or((command, ""));
                                at_once(name, argument);
                            }
                        },
                    }
                }
            };
            if left && let Stage::Server(server) = &mut self.stage {
                server.leave().await;
            }
        }
    }

    /// What signals do from here on; whether the command said that and nothing else.
    fn prepare(&mut self, name: &str, argument: &str) -> bool {
        let is_server = matches!(self.stage, Stage::Server(_));
        let (interrupt, terminate, command): (Option<fn()>, _, _) = match (name, argument) {
            ("ignore", "INT") => (Some(|| {}), false, None),
            ("ignore", _) => (None, true, Some("nothing")),
            ("resist", _) if is_server => (Some(|| {}), true, Some("nothing")),
            ("resist", _) => (Some(|| write(b"^C")), true, Some("nothing")),
            ("ending", command) => (None, true, Some(command)),
            // The real one ends by the signal while it loads, and in order from here on.
            ("ready" | "loaded", _) if is_server => (None, true, None),
            _ => return false,
        };
        self.on_interrupt = interrupt.unwrap_or(self.on_interrupt);
        if terminate && self.terminate.is_none() {
            self.terminate = Some(signal(SignalKind::terminate()).expect("a handler"));
        }
        self.on_terminate = command.map(str::to_owned).or(self.on_terminate.take());
        !matches!(name, "ready" | "loaded")
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => pending().await,
    }
}

async fn perform(stage: &mut Stage, name: &str, argument: &str, args: &[String]) {
    match name {
        "given" | "unless" => {
            let mut words = argument.splitn(3, ' ');
            let mut word = || words.next().expect("a flag, its value and a command");
            let (flag, value, command) = (word(), word(), word());
            let is_given = args.windows(2).any(|pair| pair == [flag, value]);
            if is_given == (name == "given") {
                let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
                Box::pin(perform(stage, name, argument, args)).await;
            }
        }
        "write" => stage.write(&unescape(argument)).await,
        "repeat" => {
            let (times, text) = argument.split_once(' ').expect("a number and a text");
            let text = unescape(text);
            for _ in 0..number(times) {
                stage.write(&text).await;
                // A signal is heard between two writes.
                tokio::task::yield_now().await;
            }
        }
        "pace" => {
            let mut words = argument.splitn(3, ' ');
            let mut word = || words.next().expect("two numbers and a text");
            let (times, pause, text) = (number(word()), number(word()), unescape(word()));
            // Not one pause after the other, or the time that a write takes would add up.
            let mut pauses = tokio::time::interval(Duration::from_millis(pause));
            for at in 0..times {
                pauses.tick().await;
                let piece = [&text[..], format!("{at} ").as_bytes()].concat();
                stage.write(&piece).await;
            }
        }
        "spin" => loop {
            std::hint::spin_loop();
        },
        "sleep" => tokio::time::sleep(Duration::from_millis(number(argument))).await,
        "hang" => pending().await,
        "await" => {
            while !Path::new(argument).exists() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        "child" => {
            let number = child().to_string();
            stage.write(number.as_bytes()).await;
        }
        "env" => {
            let line = match std::env::var(argument) {
                Ok(value) => format!("{argument}={value}\n"),
                Err(_) => format!("{argument} unset\n"),
            };
            stage.write(line.as_bytes()).await;
        }
        "args" => stage.write(args.join("\n").as_bytes()).await,
        "nth" => {
            let number = starts(argument).to_string();
            stage.write(number.as_bytes()).await;
        }
        _ => {
            let done = match stage {
                Stage::Server(server) => server.perform(name, argument).await,
                Stage::Completion { input } => completion(name, argument, input),
            };
            if !done && !labour::perform(stage, name, argument, args).await {
                at_once(name, argument);
            }
        }
    }
}

impl Stage {
    async fn write(&mut self, bytes: &[u8]) {
        match self {
            Self::Completion { .. } => write(bytes),
            Self::Server(server) => server.write(bytes).await,
        }
    }

    /// Every byte alone.
    async fn write_torn(&mut self, bytes: &[u8]) {
        match self {
            Self::Completion { .. } => {
                for byte in bytes {
                    write(&[*byte]);
                }
            }
            Self::Server(server) => server.write_torn(bytes).await,
        }
    }

    /// So much of the prompt is read.
    async fn progress(&mut self, done: u64, total: u64) {
        if let Self::Server(server) = self {
            server.progress(done, total).await;
        }
    }
}

/// What only llama-completion does; whether it was that.
fn completion(name: &str, argument: &str, input: &[u8]) -> bool {
    match name {
        "stdin" => write(input),
        // It was asked when it was started.
        "asked" => {}
        "ready" => log("generate: n_ctx = 512, n_batch = 256, n_predict = 64, n_keep = 0"),
        "times" => times(number(argument), 10),
        "timed" => {
            let (tokens, pace) = argument.split_once(' ').expect("two numbers");
            times(number(tokens), number(pace));
        }
        "full" => log("main: context full and context shift is disabled => stopping"),
        "eos" => write(b" [end of text]\n"),
        "close" => write(b"\n\n"),
        _ => return false,
    }
    true
}

/// What waits for nothing.
fn at_once(name: &str, argument: &str) {
    match name {
        "nothing" => {}
        "log" => log(argument),
        "fault" => log_as('E', argument),
        "flood" => {
            let line = [b'x'; 999].into_iter().chain([b'\n']).collect::<Vec<_>>();
            for _ in 0..number(argument) / 1000 {
                stderr().write_all(&line).expect("standard error");
            }
        }
        "line" => {
            let piece = [b'x'; 1000];
            for _ in 0..number(argument) / 1000 {
                stderr().write_all(&piece).expect("standard error");
            }
            stderr().write_all(b"\n").expect("standard error");
        }
        "orphan" => {
            child();
        }
        "count" => {
            starts(argument);
        }
        "lose" => {
            let (times, file) = argument.split_once(' ').expect("a number and a file");
            if starts(file) <= number(times) {
                std::process::exit(0);
            }
        }
        "stop" => raise(rustix::process::Signal::STOP),
        "kill" => raise(rustix::process::Signal::KILL),
        // Rust takes the first one for an overflow of the stack, finds none, and lets the next one through.
        "crash" => loop {
            raise(rustix::process::Signal::SEGV);
        },
        "abort" => std::process::abort(),
        "exit" => std::process::exit(argument.parse().expect("a code")),
        _ => panic!("unknown command {name:?} in FAKE_SCRIPT"),
    }
}

fn raise(signal: rustix::process::Signal) {
    kill_process(getpid(), signal).expect("it is there");
}

/// Starts a child in the same group; its number.
fn child() -> u32 {
    let child = std::process::Command::new("sleep").arg("1000").spawn();
    child.expect("sleep starts").id()
}

/// How often the program was started, this time included.
fn starts(file: &str) -> u64 {
    let mut marks = OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .expect("a file for marks");
    marks.write_all(b".").expect("a mark");
    marks.metadata().expect("its length").len()
}

fn interrupted() {
    write(b"\n");
    times(3, 10);
    write(b"Interrupted by user\n");
    std::process::exit(130);
}

fn log(text: &str) {
    log_as('I', text);
}

fn log_as(level: char, text: &str) {
    writeln!(stderr(), "0.00.024.922 {level} {text}").expect("standard error");
}

/// One write of the system: Rust's standard output flushes at every newline.
fn write(bytes: &[u8]) {
    let mut out = std::fs::File::from(
        std::os::fd::AsFd::as_fd(&stdout())
            .try_clone_to_owned()
            .expect("standard output"),
    );
    out.write_all(bytes).expect("standard output");
}

/// The timings of so many tokens, each of which took so many milliseconds.
fn times(tokens: u64, pace: u64) {
    let runs = tokens - 1;
    let (prompt, ms, per_second) = (6 * pace, runs * pace, 1000 / pace);
    log("common_perf_print:        load time =      12.00 ms");
    log(&format!(
        "common_perf_print: prompt eval time = {prompt:10}.00 ms /     6 tokens ({pace:8}.00 ms per token,{per_second:8}.00 tokens per second)"
    ));
    log(&format!(
        "common_perf_print:        eval time = {ms:10}.00 ms / {runs:5} runs   ({pace:8}.00 ms per token,{per_second:8}.00 tokens per second)"
    ));
    log("common_perf_print:       total time =     100.00 ms /    10 tokens");
}

fn number(text: &str) -> u64 {
    text.trim().parse().expect("a number")
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, rest) {
            (b'\\', [b'n', after @ ..]) => {
                bytes.push(b'\n');
                rest = after;
            }
            (b'\\', [b'x', high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).expect("digits");
                bytes.push(u8::from_str_radix(digits, 16).expect("hexadecimal digits"));
                rest = after;
            }
            _ => bytes.push(byte),
        }
    }
    bytes
}
