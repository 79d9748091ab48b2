//! The record of a run that had to be ended or crashed.

use std::time::Duration;

use super::prepare::Facts;
use crate::engine::{End, Evidence, Failure, Outcome};
use crate::host::{unix_ms, usable_cpus};
use crate::incidents::{Incident, Incidents, IncidentsError, SCHEMA, processes};

/// Writes the record where there is something to record; its name.
pub(super) fn record(
    incidents: &Incidents,
    facts: &Facts,
    args: &[String],
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
    let incident = incident(message, facts, args, outcome);
    incidents.write(&incident)?;
    Ok(Some(incident.id))
}

fn incident(message: String, facts: &Facts, args: &[String], outcome: &Outcome) -> Incident {
    let at_ms = unix_ms();
    let Evidence { before, last } = &outcome.evidence;
    let stall = match &outcome.end {
        End::Stalled(stall) => Some(stall),
        _ => None,
    };
    let missing = last.iter().flat_map(|(_, vitals)| &vitals.missing);
    Incident {
        schema: SCHEMA.to_owned(),
        id: format!("{at_ms}-{}", std::process::id()),
        at_ms,
        profile: facts.profile.clone(),
        model: facts.model.path.clone(),
        program: facts.install.program.clone(),
        build: facts.install.capabilities.build,
        args: args.to_vec(),
        verdict: outcome.end.reason().to_owned(),
        message,
        exit_code: outcome.end.exit().code(),
        silent_ms: stall.map(|stall| millis(stall.silent_for)),
        window_ms: stall.map(|stall| millis(stall.window.length)),
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
        missing: missing.map(|&what| what.to_owned()).collect(),
        log: outcome.last_lines.clone(),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
