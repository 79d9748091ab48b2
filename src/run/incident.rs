//! The record of a run that had to be ended or crashed.

use std::path::Path;
use std::time::Duration;

use super::report::{cause_word, phase_word, source_word, watched_word};
use crate::engine::{End, Evidence, Failure, Outcome, Phase};
use crate::host::{unix_ms, usable_cpus};
use crate::incidents::{Incident, Incidents, IncidentsError, SCHEMA, processes, slot};
use crate::vendor::Install;

/// Whose incident it may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) profile: &'a str,
    pub(super) model: &'a Path,
    pub(super) install: &'a Install,
    /// The program's arguments.
    pub(super) args: &'a [String],
}

/// Writes the record where there is something to record; its name.
pub(super) fn record(
    incidents: &Incidents,
    subject: Subject<'_>,
    outcome: &Outcome,
) -> Result<Option<String>, IncidentsError> {
    let message = match &outcome.end {
        End::Stalled(_) | End::WaitingForInput(_) | End::Looping { .. } => outcome.end.explained(),
        End::Failed(
            failure @ (Failure::Crashed { .. }
            | Failure::Silent
            | Failure::BrokenOff { .. }
            | Failure::Lost { .. }),
        ) => Some(failure.to_string()),
        _ => None,
    };
    let Some(message) = message else {
        return Ok(None);
    };
    let incident = incident(message, subject, outcome);
    incidents.write(&incident)?;
    Ok(Some(incident.id))
}

fn incident(message: String, subject: Subject<'_>, outcome: &Outcome) -> Incident {
    let at_ms = unix_ms();
    let Evidence {
        before,
        last,
        slots,
    } = &outcome.evidence;
    let stall = match &outcome.end {
        End::Stalled(stall) => Some(stall),
        _ => None,
    };
    let ended = Duration::try_from_secs_f64(outcome.measured.total_ms / 1000.0).unwrap_or_default();
    let missing = last.iter().flat_map(|(_, vitals)| &vitals.missing);
    Incident {
        schema: SCHEMA.to_owned(),
        id: format!("{at_ms}-{}", std::process::id()),
        at_ms,
        profile: subject.profile.to_owned(),
        model: subject.model.to_owned(),
        program: subject.install.program.clone(),
        build: subject.install.capabilities.build,
        args: subject.args.to_vec(),
        verdict: outcome.end.reason().to_owned(),
        message,
        exit_code: outcome.end.exit().code(),
        phase: phase(&outcome.end).map(str::to_owned),
        cause: stall.map(|stall| cause_word(stall.cause).to_owned()),
        silent_ms: stall.map(|stall| millis(stall.silent_for)),
        window_ms: stall.map(|stall| millis(stall.window.length)),
        window_from: stall.map(|stall| source_word(stall.window.source).to_owned()),
        usable_cpus: usable_cpus().get(),
        processes: last
            .as_ref()
            .map(|(_, vitals)| processes(vitals))
            .unwrap_or_default(),
        before: before
            .as_ref()
            .map(|(_, vitals)| processes(vitals))
            .unwrap_or_default(),
        before_ms: before
            .as_ref()
            .zip(last.as_ref())
            .map(|((then, _), (now, _))| millis(now.saturating_sub(*then))),
        slots: slots
            .as_ref()
            .map(|(_, slots)| slots.iter().map(slot).collect())
            .unwrap_or_default(),
        slots_age_ms: slots
            .as_ref()
            .map(|(at, _)| millis(ended.saturating_sub(*at))),
        missing: missing.map(|&what| what.to_owned()).collect(),
        log: outcome.last_lines.clone(),
    }
}

/// What the run was doing, where its end says so.
fn phase(end: &End) -> Option<&'static str> {
    Some(match end {
        End::Stalled(stall) => watched_word(stall.phase),
        End::WaitingForInput(phase) => watched_word(*phase),
        End::Looping { .. } => phase_word(Phase::Decode),
        End::Failed(Failure::Crashed { phase, .. }) => phase_word(*phase),
        _ => return None,
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
