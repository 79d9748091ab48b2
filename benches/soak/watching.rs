//! What it costs to watch a generation: the CPU time of `orchestrate run` alone, while a model writes 25
//! tokens a second.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use orchestrate::supervise::proc_text::Stat;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::common::World;
use crate::{Backend, Failure};

/// Most CPU time of the supervisor, in percent of one core.
const MOST_PERCENT: f64 = 1.0;
/// The pace of the model: 25 tokens a second.
const TOKENS_PER_SECOND: u32 = 25;
const MS_PER_TOKEN: u32 = 1000 / TOKENS_PER_SECOND;

/// As the profiles that users have: automatic limits, all guards on.
const PROFILE: &str = "\
extends = \"plain\"
context = 65536
[limits]
timeout = \"auto\"
[watch]
loops = true
";

/// What of the run goes to a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Terminal {
    /// Nothing, as in a script.
    None,
    /// Standard error, as in `orchestrate run … > file`: the line that moves is drawn all the time.
    Errors,
    /// Both, as at a prompt: each piece of text is written by itself.
    Both,
}

impl Terminal {
    const ALL: [Self; 3] = [Self::None, Self::Errors, Self::Both];

    fn words(self) -> &'static str {
        match self {
            Self::None => "no terminal",
            Self::Errors => "standard error is a terminal",
            Self::Both => "both outputs are a terminal",
        }
    }
}

/// Watches a generation of so many seconds in every way, all side by side; whether the bound is kept.
pub(crate) fn measure(seconds: u32) -> Result<bool, Failure> {
    println!("\nCPU time of orchestrate in {seconds} s at {TOKENS_PER_SECOND} tokens/s");
    let cases = Backend::ALL.map(|backend| Terminal::ALL.map(|terminal| (backend, terminal)));
    let measured: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = cases
            .into_iter()
            .flatten()
            .map(|(backend, terminal)| {
                let watched = move || watch(backend, terminal, seconds).map_err(|e| e.to_string());
                (backend, terminal, scope.spawn(watched))
            })
            .collect();
        threads
            .into_iter()
            .map(|(backend, terminal, thread)| (backend, terminal, thread.join()))
            .collect()
    });
    let mut kept = true;
    for (backend, terminal, result) in measured {
        let (cpu, took) = result.map_err(|_| "a watcher panicked")??;
        let percent = 100.0 * cpu.as_secs_f64() / took.as_secs_f64();
        let within = percent <= MOST_PERCENT;
        println!(
            "llama-{:<12}{:<30}{:>5} ms in {:>4.1} s{percent:>7.2} %   limit {MOST_PERCENT} %: {}",
            backend.word(),
            terminal.words(),
            cpu.as_millis(),
            took.as_secs_f64(),
            if within { "kept" } else { "BROKEN" }
        );
        kept &= within;
    }
    Ok(kept)
}

/// One run: its CPU time, user and system, without its children; and how long it took.
fn watch(
    backend: Backend,
    terminal: Terminal,
    seconds: u32,
) -> Result<(Duration, Duration), Failure> {
    let world = World::with_server();
    // One that does not tell for how long a context it was trained.
    let model = world.model(false);
    world.profile("watched", &format!("model = '{model}'\n{PROFILE}"));
    let tokens = seconds * TOKENS_PER_SECOND;
    let script = format!("ready;pace {tokens} {MS_PER_TOKEN} token;times {tokens};close");
    let backend = format!("backend={}", backend.word());
    let count = tokens.to_string();
    let args = ["watched", "hi", "-n", &count, "--set", &backend];
    let mut command = world
        .run(args)
        .script(&script)
        .env("TERM", "xterm")
        .command();
    let mut readers = Vec::new();
    let mut pipe_or_terminal = |is_terminal| -> Result<Stdio, Failure> {
        let (ours, theirs) = if is_terminal { pty()? } else { pipe()? };
        readers.push(thread::spawn(move || read_all(ours)));
        Ok(theirs.into())
    };
    command.stdout(pipe_or_terminal(terminal == Terminal::Both)?);
    command.stderr(pipe_or_terminal(terminal != Terminal::None)?);
    let began = Instant::now();
    let mut child = command.spawn()?;
    // It holds their ends, and would keep the readers waiting.
    drop(command);
    let cpu = cpu_at_end(&child)?;
    let took = began.elapsed();
    let status = child.wait()?;
    let told: Vec<String> = readers
        .into_iter()
        .map(|reader| reader.join().unwrap_or_default())
        .collect();
    let pieces = told[0].matches("token").count();
    if !status.success() || pieces != tokens as usize {
        return Err(format!("{pieces} pieces, {status}: {}", told[1]).into());
    }
    Ok((cpu, took))
}

/// Waits for its end, and reads what it has used before it is reaped: a zombie's figures are whole.
fn cpu_at_end(child: &Child) -> Result<Duration, Failure> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(Pid::from_child(child)), options)?;
    let text = fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
    Ok(Stat::parse(&text).ok_or("no figures in /proc")?.cpu)
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Failure> {
    let (ours, theirs) = std::io::pipe()?;
    Ok((ours.into(), theirs.into()))
}

/// A terminal of 80 columns: (our end, its end).
fn pty() -> Result<(OwnedFd, OwnedFd), Failure> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    // Not a flag of openpt, which only some systems take.
    fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs = File::options()
        .read(true)
        .write(true)
        .open(name.to_str()?)?;
    let size = Winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&theirs, size)?;
    Ok((ours, theirs.into()))
}

/// Everything that comes, until nobody writes any more, which a terminal tells by an error.
fn read_all(end: OwnedFd) -> String {
    let (mut file, mut all, mut buffer) = (File::from(end), Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = file.read(&mut buffer) {
        all.extend_from_slice(&buffer[..length]);
    }
    String::from_utf8_lossy(&all).into_owned()
}
