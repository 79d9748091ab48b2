//! `llama-server`: a minimal client that starts the same server, waits for its health, asks once, reads
//! the answer to its end, and ends the server. Where the added time goes is told part by part.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::arm::{Arm, supervised};
use crate::{Failure, Measured, Options, Series};
use orchestrate::stats::{median, percentile};

/// Most that the median run may take longer, in milliseconds (promised in the README).
const MOST_ADDED_MS: f64 = 30.0;
/// Most that may pass from the server's word that it listens to the request (promised in the README).
const MOST_UNNOTICED_MS: f64 = 20.0;

/// How often the bare client asks for the server's health.
const POLL: Duration = Duration::from_millis(1);

/// The parts of a run, in their order. The bare client has nothing of those that have no name in it.
const PARTS: [(&str, &str); 7] = [
    ("start of orchestrate", ""),
    ("preparation, spawn included", "spawn"),
    ("spawn to ready", "spawn to health"),
    ("ready to first text", "request to first text"),
    ("first to last text", "first to last text"),
    ("last text to server gone", "last text to server gone"),
    ("account and exit of orchestrate", ""),
];

/// Milliseconds of each part.
type Parts = [f64; PARTS.len()];

/// One run.
pub(crate) struct Run {
    ms: f64,
    parts: Parts,
    text: String,
    /// From the server's word that it listens to the request, by the server's log.
    noticed_ms: Option<f64>,
}

/// What is compared.
pub(crate) struct Server {
    bare: Arm,
    /// The socket in the arguments of `bare`.
    socket: PathBuf,
    body: String,
    supervised: Arm,
    log: PathBuf,
    _scratch: tempfile::TempDir,
    bare_parts: Vec<Parts>,
    supervised_parts: Vec<Parts>,
    noticed: Vec<f64>,
}

impl Server {
    pub(crate) fn new(options: &Options) -> Result<Self, Failure> {
        let (mut supervised, prepared) = supervised(options, "server")?;
        let scratch = tempfile::tempdir()?;
        let log = scratch.path().join("log");
        let told = ["--jsonl".into(), "--log-file".into(), log.clone().into()];
        supervised.args.extend::<[OsString; 3]>(told);
        let (socket, body) = prepared.question().ok_or("a chat has no body of its own")?;
        Ok(Self {
            bare: Arm::bare(&prepared),
            socket: socket.to_owned(),
            body: body.to_string(),
            supervised,
            log,
            _scratch: scratch,
            bare_parts: Vec::new(),
            supervised_parts: Vec::new(),
            noticed: Vec::new(),
        })
    }
}

impl Series for Server {
    const NAME: &'static str = "llama-server";
    const MOST_ADDED_MS: f64 = MOST_ADDED_MS;
    type Run = Run;

    fn supervised(&self) -> &Arm {
        &self.supervised
    }

    fn run_bare(&self) -> Result<Self::Run, Failure> {
        let dir = tempfile::tempdir()?;
        let socket = dir.path().join("llama.sock");
        let args = self.bare.args.iter().map(|arg| {
            let is_socket = Path::new(arg) == self.socket;
            if is_socket {
                socket.clone().into()
            } else {
                arg.clone()
            }
        });
        let arm = Arm {
            program: self.bare.program.clone(),
            args: args.collect(),
            environment: self.bare.environment.clone(),
            stdin: Vec::new(),
        };
        let began = Instant::now();
        let mut child = arm.start(Stdio::null(), Stdio::null())?;
        let spawned = began.elapsed();
        while !is_healthy(&socket) {
            if let Some(ended) = child.try_wait()? {
                return Err(format!("llama-server ended with {ended}").into());
            }
            thread::sleep(POLL);
        }
        let ready = began.elapsed();
        let answer = ask(&socket, &self.body, began)?;
        kill_process(Pid::from_child(&child), Signal::TERM)?;
        child.wait()?;
        let ended = began.elapsed();
        let marks = [
            Duration::ZERO,
            spawned,
            ready,
            answer.first,
            answer.last,
            ended,
            ended,
        ];
        Ok(Run {
            ms: ms(ended),
            parts: parts(&marks.map(ms)),
            text: answer.text,
            noticed_ms: None,
        })
    }

    fn run_supervised(&self) -> Result<Self::Run, Failure> {
        let began = Instant::now();
        let mut child = self.supervised.start(Stdio::piped(), Stdio::null())?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut events: Vec<(Duration, Value)> = Vec::new();
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            events.push((began.elapsed(), serde_json::from_str(&line)?));
        }
        let status = child.wait()?;
        let total = ms(began.elapsed());
        if !status.success() {
            return Err(format!("orchestrate ended with {status}: {events:?}").into());
        }
        let at = |event: &Value| event["at_ms"].as_f64();
        // orchestrate's clock starts when it has read its arguments: nothing it told came earlier than it
        // was told.
        let offset = events
            .iter()
            .filter_map(|(seen, event)| Some(ms(*seen) - at(event)?))
            .min_by(f64::total_cmp)
            .ok_or("no event has a time")?;
        let of = |kind: &'static str| {
            let events = events.iter().map(|(_, event)| event);
            events.filter(move |event| event["event"] == kind)
        };
        let phase = of("phase")
            .find(|event| event["phase"] == "prefill")
            .and_then(at);
        let started = of("started").next().and_then(at);
        let first = of("text").next().and_then(at);
        let last = of("text").next_back().and_then(at);
        let report = of("finished").next().ok_or("no last event")?;
        let finished = report["timings"]["total_ms"].as_f64();
        let (Some(started), Some(ready), Some(first), Some(last), Some(finished)) =
            (started, phase, first, last, finished)
        else {
            return Err(format!("a time is missing: {events:?}").into());
        };
        let ours = |at: f64| offset + at;
        let marks = [
            offset,
            ours(started),
            ours(ready),
            ours(first),
            ours(last),
            ours(finished),
            total,
        ];
        let listening = fs::read_to_string(&self.log)?
            .lines()
            .find(|line| line.contains("listening on"))
            .and_then(log_time);
        Ok(Run {
            ms: total,
            parts: parts(&marks),
            text: report["text"].as_str().unwrap_or_default().to_owned(),
            noticed_ms: listening.map(|listening| ready - started - listening),
        })
    }

    fn keep(&mut self, [bare, again, supervised]: [Run; 3]) -> Result<Measured, Failure> {
        if bare.text != supervised.text || again.text != supervised.text {
            let (bare, ours) = (bare.text, supervised.text);
            return Err(
                format!("the texts differ\n  bare: {bare:?}\n  orchestrate: {ours:?}").into(),
            );
        }
        self.bare_parts.push(bare.parts);
        self.supervised_parts.push(supervised.parts);
        self.noticed.extend(supervised.noticed_ms);
        Ok(Measured {
            bare: bare.ms,
            again: again.ms,
            supervised: supervised.ms,
        })
    }

    fn warmed_up(&mut self) {
        self.bare_parts.clear();
        self.supervised_parts.clear();
        self.noticed.clear();
    }

    /// The parts, and whether a server that is ready is noticed in time.
    fn remarks(&self) -> bool {
        println!(
            "\n{:<34}{:>8}{:>14}{:>10}",
            "median of each part, ms", "bare", "orchestrate", "added"
        );
        let mut sum = 0.0;
        for (index, (name, bare_name)) in PARTS.iter().enumerate() {
            let of = |all: &[Parts]| all.iter().map(|parts| parts[index]).collect::<Vec<_>>();
            let (bare, ours) = (of(&self.bare_parts), of(&self.supervised_parts));
            let added = ours.iter().zip(&bare).map(|(ours, bare)| ours - bare);
            let added = middle(&added.collect::<Vec<_>>());
            sum += added;
            let bare = if bare_name.is_empty() {
                "-".to_owned()
            } else {
                format!("{:.2}", middle(&bare))
            };
            println!("{name:<34}{bare:>8}{:>14.2}{added:>10.2}", middle(&ours));
        }
        println!("{:<34}{:>8}{:>14}{sum:>10.2}", "sum", "", "");
        let (Some(middle), Some(high)) = (median(&self.noticed), percentile(&self.noticed, 0.95))
        else {
            println!("readiness noticed after: unknown, the server's log has no times");
            return true;
        };
        let kept = high <= MOST_UNNOTICED_MS;
        let verdict = if kept { "kept" } else { "BROKEN" };
        println!(
            "readiness noticed after {middle:.2} ms, 95 % within {high:.2} ms; limit {MOST_UNNOTICED_MS} ms: {verdict}\n\
             (from the server's own \"listening\", on its clock, which starts some time after the spawn)"
        );
        kept
    }
}

/// The median of what was timed in every round.
fn middle(times: &[f64]) -> f64 {
    median(times).unwrap_or(f64::NAN)
}

/// What lies between the marks; the first part begins at 0.
fn parts(marks: &Parts) -> Parts {
    std::array::from_fn(|index| {
        let before = if index == 0 { 0.0 } else { marks[index - 1] };
        marks[index] - before
    })
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Milliseconds of a log line's `minutes.seconds.milliseconds.microseconds`.
fn log_time(line: &str) -> Option<f64> {
    let mut numbers = line.split(' ').next()?.split('.').map(str::parse::<f64>);
    let mut next = || numbers.next()?.ok();
    Some(next()? * 60_000.0 + next()? * 1000.0 + next()? + next()? / 1000.0)
}

fn is_healthy(socket: &Path) -> bool {
    let answer = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream
            .write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    answer().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}

/// What the server answered, and when its first and its last piece of text came.
struct Answer {
    text: String,
    first: Duration,
    last: Duration,
}

fn ask(socket: &Path, body: &str, began: Instant) -> Result<Answer, Failure> {
    let mut stream = UnixStream::connect(socket)?;
    write!(
        stream,
        "POST /completion HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Answer {
        text: String::new(),
        first: Duration::ZERO,
        last: Duration::ZERO,
    };
    // Each event is in a chunk of its own, so that its line is whole; the sizes between are passed over.
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let Some(data) = line.strip_prefix("data: ") else {
            continue;
        };
        let event: Value = serde_json::from_str(data)?;
        let content = event["content"].as_str().unwrap_or_default();
        if content.is_empty() {
            continue;
        }
        answer.last = began.elapsed();
        if answer.text.is_empty() {
            answer.first = answer.last;
        }
        answer.text.push_str(content);
    }
    Ok(answer)
}
