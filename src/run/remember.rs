//! The record that a run leaves in the history, after everything else is done and told.

use super::follow::Followed;
use super::recall::{Recall, Recalled, build};
use crate::engine::{End, Failure};
use crate::history::{History, HistoryError, HostFacts, ModelFacts, RunRecord, verdict};
use crate::ui::Console;
use crate::units::MsPerToken;

/// Writes the record of a run, unless the user wants none. What goes wrong is one line on standard
/// error: the run is over, and was what it was.
pub(super) async fn remember(followed: &Followed, recall: Recall, console: Console) {
    let Some(Recalled { history, host, .. }) = recall.opened().await else {
        return;
    };
    match history.and_then(|history| write(history, &record(followed, host))) {
        Ok(None) => {}
        Ok(Some(note)) => console.note(&note),
        Err(error) => console.warning(&format_args!(
            "this run is not in the history: failed to {error}"
        )),
    }
}

/// Writes it; returns what there is to be said.
fn write(history: History, run: &RunRecord) -> Result<Option<String>, HistoryError> {
    let mut history = history.refreshed()?;
    history.record(run)?;
    Ok(history.note_on_damage())
}

/// What a run knows at its end. The figures are those of the summary line.
fn record(followed: &Followed, host: HostFacts) -> RunRecord {
    let Followed { facts, outcome, .. } = followed;
    let measured = &outcome.measured;
    let prefill = measured.prompt_ms.zip(measured.prompt_tokens);
    let prefill = prefill.and_then(|(ms, tokens)| MsPerToken::from_total(ms, tokens));
    let speed = measured.ms_per_token.or(measured.tpot_ms);
    RunRecord {
        started_unix_ms: facts.started_unix_ms,
        profile: facts.profile.clone(),
        backend: facts.backend().to_owned(),
        host,
        model: ModelFacts::from(&facts.model),
        build: build(&facts.install.capabilities),
        settings: facts.settings.clone(),
        prompt_tokens: measured.prompt_tokens,
        cached_tokens: measured.cached_tokens,
        generated_tokens: measured.generated_tokens,
        load_ms: measured.load_ms,
        prefill_ms: measured.prompt_ms,
        prefill_tokens_per_second: prefill.map(MsPerToken::tokens_per_second),
        ms_per_token: speed.and_then(MsPerToken::new).map(MsPerToken::get),
        ttft_ms: measured.ttft_ms,
        gap_p50_ms: measured.gaps.map(|gaps| gaps.p50),
        gap_p95_ms: measured.gaps.map(|gaps| gaps.p95),
        gap_p99_ms: measured.gaps.map(|gaps| gaps.p99),
        gap_max_ms: measured.gaps.map(|gaps| gaps.max),
        total_ms: Some(measured.total_ms),
        peak_rss_bytes: measured.peak_rss_bytes,
        verdict: verdict_of(&outcome.end).to_owned(),
        exit_code: match &followed.exit {
            Ok(exit) => exit.code(),
            Err(error) => error.exit().code(),
        },
        limit_seconds: facts
            .limits
            .timeout
            .fixed()
            .map(|limit| limit.as_secs_f64()),
        incident: followed.incident.clone(),
    }
}

fn verdict_of(end: &End) -> &'static str {
    match end {
        End::EndOfText | End::StopWord(_) | End::TokenLimit | End::ContextFull | End::Formed => {
            verdict::DONE
        }
        End::Interrupted(_) => verdict::INTERRUPTED,
        End::OutputClosed => verdict::CLOSED,
        End::Budget(_) => verdict::BUDGET,
        End::Stalled(_) => verdict::STALLED,
        End::Looping { .. } => verdict::LOOPING,
        // Its arguments made it ask for more.
        End::WaitingForInput(_) => verdict::REFUSED,
        End::Failed(failure) => verdict_of_failure(failure),
    }
}

fn verdict_of_failure(failure: &Failure) -> &'static str {
    match failure {
        Failure::PromptTooLong { .. }
        | Failure::ModelRejected { .. }
        | Failure::ConstraintRejected { .. }
        | Failure::Refused { .. }
        | Failure::RequestRefused { .. } => verdict::REFUSED,
        Failure::Crashed { .. }
        | Failure::Silent
        | Failure::BrokenOff { .. }
        | Failure::OutputLost
        | Failure::Lost { .. } => verdict::CRASHED,
        Failure::InDrill { failure, .. } => verdict_of_failure(failure),
    }
}
