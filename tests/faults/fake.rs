//! Does to a run of the fault kit's llama.cpp what a line of the table says.

use std::time::Duration;

use rustix::process::Signal;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::before::prepare;
use crate::case::{Backend, Case, Found, Name};
use crate::common::running::is_stopped;
use crate::common::{CANARY, Ended, Run, Running, WINDOWS, World};
use crate::expected::Complaint;
use crate::observed::Observed;
use crate::row::{Act, Row};

/// The windows of all cases that do not ask for others: the shortest that can be set.
pub(crate) const WINDOW: Duration = Duration::from_secs(1);
/// A batch of 32 tokens, so that an honest prompt speaks often.
const BATCH: [&str; 2] = ["--set", "batch=32"];
/// What [`CANARY`] is to most cases: no slow one takes longer unless it hangs.
pub(crate) const SLOW_CANARY: Duration = Duration::from_secs(15 * 60);
/// How many times longer than until a hang is called honest work must last, to show that it is not.
const HONEST: u32 = 3;

/// Commands that keep a CPU, or the supervisor, busy for seconds.
const BUSY: [&str; 4] = ["evaluate", "spin", "chatter", "flood"];
/// Such cases run one after the other: side by side they would be what makes the others late.
static ALONE: Semaphore = Semaphore::const_new(1);

/// The cases of the table: each line on each backend that it is for.
pub(crate) fn cases(rows: impl IntoIterator<Item = Row>) -> Vec<Case> {
    let both = |row: Row| Backend::BOTH.map(|backend| (row, backend));
    let all = rows.into_iter().flat_map(both);
    let meant = all.filter(|(row, backend)| row.only.is_none_or(|(only, _)| only == *backend));
    meant.map(|(row, backend)| case(row, backend)).collect()
}

fn case(row: Row, backend: Backend) -> Case {
    let name = Name {
        llama: "",
        phase: row.phase,
        fault: row.fault.to_owned(),
        backend,
    };
    let reason = row.only.map(|(only, why)| format!("{only} only: {why}"));
    let slow = row.slow.map(|why| format!("slow: {why}"));
    let honest = row.hang_after.map(|time| {
        let time = time.as_secs_f64();
        format!("honest; a hang would have been called after {time} s")
    });
    let known = row
        .known
        .map(|(what, why)| format!("known to fail ({what}): {why}"));
    let notes: Vec<_> = [known, reason, slow, honest]
        .into_iter()
        .flatten()
        .collect();
    Case {
        slow: row.slow.is_some(),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        ..Case::new(name, move || try_out(row, backend))
    }
}

async fn try_out(row: Row, backend: Backend) -> Found {
    let commands = row.script.split(';').map(str::trim_start);
    let is_busy = |command: &str| BUSY.iter().any(|busy| command.starts_with(busy));
    let mut commands = commands.filter(|command| is_busy(command));
    let _alone = match commands.next() {
        Some(_) => ALONE.acquire().await.ok(),
        None => None,
    };
    let world = World::with_server();
    // Of what is wrong before, nothing may be left either.
    let before = world.listing();
    let given = match prepare(row.before, &world, backend).await {
        Ok(given) => given,
        Err(reason) => return Found::Skipped(reason),
    };
    let form: &[&str] = match row.act {
        Act::CloseOutput { .. } => &[],
        _ => &["--jsonl"],
    };
    let parts = [&[backend.profile(), "hi"], form, &BATCH, &WINDOWS, row.args];
    let args = parts.concat();
    let args = args
        .into_iter()
        .chain(given.args.iter().map(String::as_str));
    let began = Instant::now();
    let run = world.run(args).script(row.script);
    let Happened {
        ended,
        acted,
        complaint,
    } = happen(run, &row).await;
    let mut observed = Observed::of(&ended, began.elapsed());
    // Where nothing is reported, it counts from what was done to it.
    observed.to_end = observed.to_end.or(acted.map(|at| at.elapsed()));
    observed.processes = world.processes();
    observed.files = &world.listing() - &before;
    observed.forgive(row.expected.may_leave);
    let mut complaints = row.expected.complaints(&observed);
    complaints.extend(complaint);
    complaints.extend(too_short(&row, began.elapsed()));
    Found::Tried(Box::new(observed), without_known(&row, complaints))
}

/// What was not known.
fn without_known(row: &Row, mut complaints: Vec<Complaint>) -> Vec<Complaint> {
    let Some((known, _)) = row.known else {
        return complaints;
    };
    let all = complaints.len();
    complaints.retain(|complaint| complaint.what != known);
    if complaints.len() == all {
        complaints.push(Complaint {
            what: known,
            detail: "it holds by now: the line of the table must no longer say otherwise"
                .to_owned(),
        });
    }
    complaints
}

/// A run that is over.
struct Happened {
    ended: Ended,
    /// When something was done to it that its report cannot tell of.
    acted: Option<Instant>,
    /// What was seen meanwhile and should not have been.
    complaint: Option<Complaint>,
}

/// Runs it to its end.
async fn happen(run: Run<'_>, row: &Row) -> Happened {
    let mut running = run.in_own_group().start().await;
    let (mut acted, mut complaint) = (None, None);
    let limit = row.slow.map_or(CANARY, |_| SLOW_CANARY);
    match row.act {
        Act::Nothing => {}
        Act::Interrupt { after } => {
            running.shows(after).await;
            running.signal(Signal::INT);
        }
        Act::Suspend { after, pause } => {
            running.shows(after).await;
            let goes_on = pause_by(&running, Signal::TSTP, pause).await;
            complaint = (!goes_on.is_empty()).then(|| Complaint {
                what: "stopped with us",
                detail: format!("expected no process that goes on, found {goes_on:?}"),
            });
        }
        Act::Delay { after, pause } => {
            running.shows(after).await;
            pause_by(&running, Signal::STOP, pause).await;
        }
        Act::CloseOutput { after } => {
            running.shows(after).await;
            running.close_stdout();
            acted = Some(Instant::now());
        }
    }
    Happened {
        ended: running.end_unlooked(limit).await,
        acted,
        complaint,
    }
}

/// Stops it for so long; which of its children go on meanwhile.
async fn pause_by(running: &Running<'_>, signal: Signal, pause: Duration) -> Vec<u32> {
    running.signal(signal);
    running.is_stopped().await;
    sleep(pause).await;
    let mut goes_on = running.children();
    goes_on.retain(|pid| !is_stopped(*pid));
    running.signal(Signal::CONT);
    goes_on
}

/// Honest work that was over too soon to show anything.
fn too_short(row: &Row, took: Duration) -> Option<Complaint> {
    let least = row.hang_after? * HONEST;
    (took < least).then(|| Complaint {
        what: "time of honest work",
        detail: format!("expected at least {least:?}, found {took:?}"),
    })
}
