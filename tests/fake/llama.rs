//! A llama-completion that does what a test tells it to: the fault kit.
//!
//! It answers `--version` and `--help` as build b11434 does, so that it is taken for one (another
//! version line can be given in `FAKE_VERSION`), reads its whole standard input as the real program
//! does, and then follows the script in `FAKE_SCRIPT`: commands separated by `;`, each with one
//! argument at most.
//!
//! | command | what it does |
//! | --- | --- |
//! | `ready` | logs the line with which the real program begins to read the prompt |
//! | `write TEXT` | one `write(2)` to standard output; knows `\n` and `\xNN` |
//! | `repeat N TEXT` | so many such writes |
//! | `log TEXT` | a line on standard error |
//! | `times N` | the timings of N generated tokens at 10 ms |
//! | `eos`, `close` | the program's own last words: the marker, the closing newlines |
//! | `sleep MS` | honest, slow work |
//! | `hang` | nothing, for ever |
//! | `await FILE` | waits until there is such a file |
//! | `ignore SIGNAL` | from here on `INT` or `TERM` do nothing |
//! | `resist` | ignores both, and writes `^C` for every SIGINT |
//! | `flood BYTES` | so many bytes on standard error |
//! | `line BYTES` | one line so long, on standard error |
//! | `child` | starts a child in the same group, and writes its number |
//! | `env NAME` | writes `NAME=value` or `NAME unset` |
//! | `stdin` | writes what it has read |
//! | `args` | writes its arguments, one per line |
//! | `count FILE` | adds a byte to a file: how often it was started |
//! | `nth FILE` | as `count`, and writes the number |
//! | `lose N FILE` | the first N times: exits with 0 here and now; see `count` |
//! | `abort`, `exit CODE` | ends so |
//!
//! SIGINT does what it does to the real one: timings, `Interrupted by user`, exit 130.

use std::fs::OpenOptions;
use std::io::{Read, Write, stderr, stdin, stdout};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

const VERSION: &str = include_str!("../data/help/llama-completion-b11434.version.txt");
const HELP: &str = include_str!("../data/help/llama-completion-b11434.help.txt");

/// How often `await` looks for its file.
const LOOK_EVERY: Duration = Duration::from_millis(5);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("--version") => {
            let version = std::env::var("FAKE_VERSION").unwrap_or_else(|_| VERSION.to_owned());
            return eprint!("{version}");
        }
        Some("--help") => return print!("{HELP}"),
        _ => {}
    }
    let mut input = Vec::new();
    stdin().read_to_end(&mut input).expect("standard input");
    let script = std::env::var("FAKE_SCRIPT").expect("FAKE_SCRIPT says what to do");

    let mut interrupt = signal(SignalKind::interrupt()).expect("a handler");
    let mut on_interrupt: fn() = interrupted;
    for command in script.split(';').map(str::trim).filter(|c| !c.is_empty()) {
        let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
        match (name, argument) {
            ("ignore", "INT") => {
                on_interrupt = || {};
                continue;
            }
            ("resist", _) => on_interrupt = || write(b"^C"),
            _ => {}
        }
        let step = perform(name, argument, &input, &args);
        tokio::pin!(step);
        loop {
            tokio::select! {
                () = &mut step => break,
                _ = interrupt.recv() => on_interrupt(),
            }
        }
    }
}

async fn perform(name: &str, argument: &str, input: &[u8], args: &[String]) {
    match name {
        "ready" => log("generate: n_ctx = 512, n_batch = 256, n_predict = 64, n_keep = 0"),
        "write" => write(&unescape(argument)),
        "repeat" => {
            let (times, text) = argument.split_once(' ').expect("a number and a text");
            let text = unescape(text);
            for _ in 0..number(times) {
                write(&text);
                // A signal is heard between two writes.
                tokio::task::yield_now().await;
            }
        }
        "log" => log(argument),
        "times" => times(number(argument)),
        "eos" => write(b" [end of text]\n"),
        "close" => write(b"\n\n"),
        "sleep" => tokio::time::sleep(Duration::from_millis(number(argument))).await,
        "hang" => std::future::pending().await,
        "await" => {
            while !std::path::Path::new(argument).exists() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        // Taken and never looked at: the default action is gone.
        "ignore" | "resist" => {
            std::mem::forget(signal(SignalKind::terminate()).expect("a handler"))
        }
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
        "child" => {
            let child = std::process::Command::new("sleep").arg("1000").spawn();
            write(child.expect("sleep starts").id().to_string().as_bytes());
        }
        "env" => match std::env::var(argument) {
            Ok(value) => write(format!("{argument}={value}\n").as_bytes()),
            Err(_) => write(format!("{argument} unset\n").as_bytes()),
        },
        "stdin" => write(input),
        "args" => write(args.join("\n").as_bytes()),
        "count" => {
            starts(argument);
        }
        "nth" => write(starts(argument).to_string().as_bytes()),
        "lose" => {
            let (times, file) = argument.split_once(' ').expect("a number and a file");
            if starts(file) <= number(times) {
                std::process::exit(0);
            }
        }
        "abort" => std::process::abort(),
        "exit" => std::process::exit(argument.parse().expect("a code")),
        _ => panic!("unknown command {name:?} in FAKE_SCRIPT"),
    }
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
    times(3);
    write(b"Interrupted by user\n");
    std::process::exit(130);
}

fn log(text: &str) {
    writeln!(stderr(), "0.00.024.922 I {text}").expect("standard error");
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

fn times(tokens: u64) {
    let runs = tokens - 1;
    let ms = runs * 10;
    log("common_perf_print:        load time =      12.00 ms");
    log(
        "common_perf_print: prompt eval time =      60.00 ms /     6 tokens (   10.00 ms per token,   100.00 tokens per second)",
    );
    log(&format!(
        "common_perf_print:        eval time = {ms:10}.00 ms / {runs:5} runs   (   10.00 ms per token,   100.00 tokens per second)"
    ));
    log("common_perf_print:       total time =     100.00 ms /    10 tokens");
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
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
