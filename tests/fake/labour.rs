//! Work that looks like work, and misbehaviour that takes more than a line.
//!
//! | command | what it does |
//! | --- | --- |
//! | `compute MS` | burns CPU for so long, and hears signals meanwhile |
//! | `evaluate TOKENS BATCH MS` | burns CPU for MS per token of the prompt; a server tells of each batch |
//! | `load N MS` | reads N pieces of its model file, one every MS milliseconds |
//! | `torn TEXT` | a piece of text of which every byte comes alone |
//! | `endless MS TEXT` | the same piece for ever, one every MS milliseconds |
//! | `chatter N TEXT` | the same line on standard error for ever, N times a second, and burns CPU |
//! | `escape` | starts a child that leaves group, session and parent, and keeps the pipes |
//! | `beg` | becomes a program that waits for standard input, which stays open |

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _, stderr};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use tokio::time::{Instant, interval};

use super::{Stage, number, unescape};

/// How long it computes before it looks for signals and requests.
const SLICE: Duration = Duration::from_millis(5);
/// How much of a file `load` reads at once.
const PIECE: usize = 1 << 16;

/// Does a command; whether it knows it.
pub(super) async fn perform(
    stage: &mut Stage,
    name: &str,
    argument: &str,
    args: &[String],
) -> bool {
    match name {
        "compute" => compute(Instant::now() + Duration::from_millis(number(argument))).await,
        "evaluate" => {
            let [tokens, batch, ms] = numbers(argument);
            evaluate(stage, tokens, batch, ms).await;
        }
        "load" => {
            let [pieces, ms] = numbers(argument);
            load(args, pieces, Duration::from_millis(ms)).await;
        }
        "torn" => stage.write_torn(&unescape(argument)).await,
        "endless" => {
            let (ms, text) = argument.split_once(' ').expect("a number and a text");
            let text = unescape(text);
            let mut pauses = interval(Duration::from_millis(number(ms)));
            loop {
                pauses.tick().await;
                stage.write(&text).await;
            }
        }
        "chatter" => chatter(argument).await,
        "escape" => {
            let mut daemon = Command::new("setsid");
            let escaped = daemon.args(["--fork", "sleep", "1000"]).status();
            let escaped = escaped.expect("setsid starts");
            assert!(escaped.success(), "{escaped}");
        }
        "beg" => {
            // Its own standard error holds the other end open.
            let (theirs, open) = std::io::pipe().expect("a pipe");
            let error = Command::new("cat").stdin(theirs).stderr(open).exec();
            panic!("cat: {error}");
        }
        _ => return false,
    }
    true
}

async fn compute(until: Instant) {
    while Instant::now() < until {
        let slice = Instant::now();
        while slice.elapsed() < SLICE {
            std::hint::spin_loop();
        }
        tokio::task::yield_now().await;
    }
}

async fn evaluate(stage: &mut Stage, tokens: u64, batch: u64, ms: u64) {
    // Not one batch after the other, or what a busy machine takes from each would add up.
    let begun = Instant::now();
    let mut done = 0;
    while done < tokens {
        let step = batch.min(tokens - done);
        done += step;
        compute(begun + Duration::from_millis(done * ms)).await;
        stage.progress(done, tokens).await;
    }
}

async fn load(args: &[String], pieces: u64, pause: Duration) {
    let path = args.iter().position(|arg| arg == "-m" || arg == "--model");
    let path = path.and_then(|at| args.get(at + 1)).expect("a model");
    let mut file = File::open(path).expect("the model");
    let mut piece = vec![0; PIECE];
    let mut pauses = interval(pause);
    for _ in 0..pieces {
        pauses.tick().await;
        if file.read(&mut piece).expect("readable") == 0 {
            file.seek(SeekFrom::Start(0)).expect("it is a file");
        }
    }
}

/// A tight loop, as in llama.cpp#24265: it never sleeps.
async fn chatter(argument: &str) {
    let (rate, text) = argument.split_once(' ').expect("a number and a text");
    let line = format!("0.00.024.922 I {text}\n");
    let pause = Duration::from_secs(1) / u32::try_from(number(rate)).expect("a rate");
    let begun = Instant::now();
    for lines in 1.. {
        stderr().write_all(line.as_bytes()).expect("standard error");
        while begun.elapsed() < pause * lines {
            std::hint::spin_loop();
        }
        tokio::task::yield_now().await;
    }
}

fn numbers<const N: usize>(argument: &str) -> [u64; N] {
    let all: Vec<_> = argument.split_whitespace().map(number).collect();
    all.try_into().expect("as many numbers as the table says")
}
