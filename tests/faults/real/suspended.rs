//! Ctrl-Z, a while, and `fg`, at a terminal with a shell of its own.

use std::fs;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;

use super::stage::{Stage, Tried, WHOLE, case, judge, promise, unless_lost, whole};
use crate::case::{Backend, Case, Phase};
use crate::common::{Ended, World, until};
use crate::expected::{Expected, Text};
use crate::harm::{Terminal, Victim};
use crate::observed::Observed;

/// A pause that is longer than three windows and their confirmation, and a long one.
const PAUSES: [(u64, &str); 2] = [(7, "watch.decode=1s"), (60, "watch.decode=10s")];
/// Ctrl-Z, as a key.
const SUSPEND: &str = "\x1a";
/// The shell says this when `fg` has come back, with the exit code. What is typed must not look so.
const TYPED: &str = "echo le''ft:$?\r";
const SAID: &str = "left:";
/// How often the state of processes is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (seconds, window) in PAUSES {
        for backend in Backend::BOTH {
            let trying = move || {
                unless_lost(move || suspended(backend, Duration::from_secs(seconds), window))
            };
            let fault = format!("ctrl-z-{seconds}-s-and-fg");
            cases.push(Case {
                slow: seconds > 20,
                note: Some(format!("a shell on a pseudo-terminal; {window}")),
                ..case(Phase::Around, fault, backend, trying)
            });
        }
    }
    cases
}

async fn suspended(backend: Backend, pause: Duration, window: &str) -> Result<Tried, String> {
    let stage = Stage::new(backend);
    let (mut terminal, ends) = Terminal::open()?;
    let mut shell = shell(&stage, ends)?;
    let orchestrate = env!("CARGO_BIN_EXE_orchestrate");
    let command =
        format!("'{orchestrate}' run real words --jsonl -n {WHOLE} --set {window} > out 2> err\r");
    terminal.types(&command);
    let out = stage.world.path("work/out");
    let text = || read(&out).contains("\"event\":\"text\"");
    until("it generates", text).await;
    let llama = llama(&read(&out)).ok_or("it was over before it could be suspended")?;
    let supervisor = supervisor(&stage.world, llama.pid).expect("it lives");
    terminal.types(SUSPEND);
    let both = |letter: fn(Option<char>) -> bool| {
        let (llama, supervisor) = (llama.clone(), supervisor.clone());
        move || letter(llama.state()) && letter(supervisor.state())
    };
    until("both are stopped", both(|state| state == Some('T'))).await;
    let mut stopped = true;
    for _ in 0..pause.as_millis() / LOOK_EVERY.as_millis() {
        sleep(LOOK_EVERY).await;
        stopped &= llama.state() == Some('T');
    }
    terminal.types("fg\r");
    until("both go on", both(|state| state != Some('T'))).await;
    terminal.types(TYPED);
    until("fg comes back", || terminal.shown().contains(SAID)).await;
    let shown = terminal.shown();
    let observed = observe(&stage, &shown);
    terminal.types("exit\r");
    let left: ExitStatus = shell.wait().await.map_err(|error| error.to_string())?;
    let expected = Expected {
        verdict: Some("limit"),
        to_end: None,
        may_leave: &["work/out", "work/err"],
        ..Expected::done(Text::Any)
    };
    let mut complaints = judge(&expected, &observed);
    whole(&mut complaints, &observed);
    promise(&mut complaints, "stopped with us", stopped, shown.clone());
    let well = complaints.is_empty();
    promise(&mut complaints, "the terminal", well, shown);
    promise(
        &mut complaints,
        "the shell",
        left.success(),
        format!("{left}"),
    );
    Ok((observed, complaints))
}

/// An interactive shell that has this terminal for its own.
fn shell(
    stage: &Stage,
    [input, output, errors]: [std::process::Stdio; 3],
) -> Result<tokio::process::Child, String> {
    let mut command = tokio::process::Command::new("setsid");
    command
        .args(["--ctty", "--wait", "bash", "--norc", "--noprofile", "-i"])
        .current_dir(stage.world.path("work"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", stage.world.path("work"))
        .env("HISTFILE", "/dev/null")
        .envs(stage.environment())
        .stdin(input)
        .stdout(output)
        .stderr(errors)
        .kill_on_drop(true);
    command
        .spawn()
        .map_err(|error| format!("no shell at a terminal: setsid: {error}"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn llama(events: &str) -> Option<Victim> {
    let event: Value = serde_json::from_str(events.lines().next()?).ok()?;
    Victim::of(u32::try_from(event["pid"].as_u64()?).ok()?)
}

/// The parent of llama.cpp.
fn supervisor(world: &World, llama: u32) -> Option<Victim> {
    let stat = fs::read_to_string(format!("/proc/{llama}/stat")).ok()?;
    let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
    let ours = world.processes().contains(&parent);
    Victim::of(parent).filter(|_| ours)
}

/// What the command has left in its files.
fn observe(stage: &Stage, shown: &str) -> Observed {
    let code = shown.rsplit_once(SAID).and_then(|(_, rest)| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<i32>().ok()
    });
    let status = std::os::unix::process::ExitStatusExt::from_raw(code.unwrap_or(-1) << 8);
    let ended = Ended {
        status,
        stdout: read(&stage.world.path("work/out")).into_bytes(),
        stderr: read(&stage.world.path("work/err")),
    };
    let mut observed = Observed::of(&ended, Duration::ZERO);
    stage.look(&mut observed);
    // The shell is there still.
    let ours = |pid: &u32| {
        let name = read(Path::new(&format!("/proc/{pid}/comm")));
        !matches!(name.trim(), "bash" | "setsid")
    };
    observed.processes.retain(ours);
    observed
}
