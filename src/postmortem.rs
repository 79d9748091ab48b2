//! `orchestrate incidents`: what was seen of the runs that had to be ended, or crashed.

mod shown;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::exit::Exit;
use crate::incidents::{Incident, Incidents, IncidentsError, Process, Slot};
use crate::past::when::exact;
use crate::ui::table;
use crate::units::{Bytes, duration};
use shown::Entry;

/// Log lines that are shown; `--json` has all that were kept.
const SHOWN_LINES: usize = 20;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// All of them, the newest first.
    List,
    /// One of them; without a name, the newest.
    Show(Option<String>),
}

/// Why nothing can be shown.
#[derive(Debug, thiserror::Error)]
pub enum PostmortemError {
    /// The records cannot be read, or there is none of that name.
    #[error("failed to {0}")]
    Incidents(#[from] IncidentsError),
    /// There is none at all.
    #[error("there is no incident: no run has stalled, looped or crashed yet")]
    Nothing,
    /// The output cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl PostmortemError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Incidents(IncidentsError::Unknown(_)) | Self::Nothing => Exit::Usage,
            Self::Incidents(_) => Exit::Configuration,
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(_) => Exit::Internal,
        }
    }
}

/// Writes what is asked.
///
/// # Errors
/// [`PostmortemError`]. A record of the list that cannot be read is left out.
pub fn execute(
    request: &Request,
    incidents: &Incidents,
    as_json: bool,
    out: &mut dyn Write,
) -> Result<(), PostmortemError> {
    match request {
        Request::List => list(incidents, as_json, out),
        Request::Show(id) => {
            let newest = || incidents.ids().map(|ids| ids.into_iter().next());
            let id = match id {
                Some(id) => id.clone(),
                None => newest()?.ok_or(PostmortemError::Nothing)?,
            };
            let incident = incidents.get(&id)?;
            if as_json {
                return Ok(write_json(&shown::Incident::new(&incident), out)?);
            }
            Ok(out.write_all(told(&incident).as_bytes())?)
        }
    }
}

fn list(incidents: &Incidents, as_json: bool, out: &mut dyn Write) -> Result<(), PostmortemError> {
    let ids = incidents.ids()?;
    let records = ids.iter().filter_map(|id| incidents.get(id).ok());
    let entries: Vec<Entry> = records.map(Entry::new).collect();
    if as_json {
        return Ok(write_json(&entries, out)?);
    }
    if entries.is_empty() {
        writeln!(out, "no incidents: no run has stalled, looped or crashed")?;
        return Ok(());
    }
    let row = |entry: &Entry| {
        let Entry {
            id,
            at,
            verdict,
            profile,
            ..
        } = entry;
        [id, at, verdict, profile].map(String::clone).to_vec()
    };
    let rows: Vec<_> = entries.iter().map(row).collect();
    table::write(&rows, &[], out)?;
    Ok(())
}

fn write_json(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    writeln!(out)
}

/// A record, for people.
fn told(incident: &Incident) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<9}{value}");
    };
    row("incident", &incident.id);
    row("time", &exact(incident.at_ms));
    let exit = incident.exit_code;
    row(
        "verdict",
        &format!("{}, exit code {exit}", incident.verdict),
    );
    row("cause", &incident.message);
    if let Some(waited) = waited(incident) {
        row("waited", &waited);
    }
    row("profile", &incident.profile);
    row("model", &incident.model.display().to_string());
    let build = incident
        .build
        .map_or_else(String::new, |build| format!(" (b{build})"));
    row("program", &format!("{}{build}", incident.program.display()));
    row("argv", &incident.args.join(" "));
    row("cpus", &incident.usable_cpus.to_string());
    for process in &incident.processes {
        let before = incident.before.iter().find(|one| one.pid == process.pid);
        row("process", &doing(process, before, incident.before_ms));
        for thread in &process.threads {
            let channel = thread.wait_channel.as_deref();
            let waits = channel.map_or_else(String::new, |channel| format!(" in {channel}"));
            row(
                "",
                &format!(
                    "  thread {} {} {}{waits}",
                    thread.tid, thread.name, thread.state
                ),
            );
        }
    }
    for slot in &incident.slots {
        row("slot", &told_of(slot, incident.slots_age_ms));
    }
    if !incident.missing.is_empty() {
        row("unseen", &incident.missing.join(", "));
    }
    let skipped = incident.log.len().saturating_sub(SHOWN_LINES);
    for line in &incident.log[skipped..] {
        row("log", line);
    }
    text
}

/// What nothing advanced for, in which phase, and the window for it.
fn waited(incident: &Incident) -> Option<String> {
    let time = |ms| duration::short(Duration::from_millis(ms));
    let mut text = format!("{} in silence", time(incident.silent_ms?));
    if let Some(phase) = &incident.phase {
        let _ = write!(text, ", phase {phase}");
    }
    if let Some(cause) = &incident.cause {
        let _ = write!(text, ", {cause}");
    }
    if let Some(window) = incident.window_ms {
        let _ = write!(text, "; window {}", time(window));
    }
    if let Some(from) = &incident.window_from {
        let _ = write!(text, " (from: {from})");
    }
    Some(text)
}

/// What a server told of a slot.
fn told_of(slot: &Slot, age_ms: Option<u64>) -> String {
    let known = |number: Option<u64>| number.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let state = match slot.is_processing {
        Some(true) => ", at work",
        Some(false) => ", idle",
        None => "",
    };
    let age = age_ms.map_or_else(String::new, |age| {
        let age = duration::short(Duration::from_millis(age));
        format!("; told {age} before the end")
    });
    format!(
        "{}{state}: {} tokens of the prompt read, {} generated{age}",
        known(slot.id),
        known(slot.prompt_tokens_processed),
        known(slot.decoded),
    )
}

/// A process with what it has done since the look before.
fn doing(process: &Process, before: Option<&Process>, since_ms: Option<u64>) -> String {
    let mut text = format!("{} {}", process.pid, process.name);
    if let Some(rss) = process.rss_bytes {
        let _ = write!(text, ", {} resident", Bytes(rss));
    }
    let (Some(before), Some(since)) = (before, since_ms) else {
        let cpu = duration::short(Duration::from_millis(process.cpu_ms));
        let _ = write!(text, ", {cpu} of CPU so far");
        return text;
    };
    let cpu = process.cpu_ms.saturating_sub(before.cpu_ms);
    let faults = process.major_faults.saturating_sub(before.major_faults);
    let read = process.read_bytes.zip(before.read_bytes);
    let read = read.map_or(0, |(now, then)| now.saturating_sub(then));
    let _ = write!(
        text,
        "; in the last {}: {} of CPU, {} read, {faults} major faults",
        duration::short(Duration::from_millis(since)),
        duration::short(Duration::from_millis(cpu)),
        Bytes(read),
    );
    text
}
