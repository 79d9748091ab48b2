//! One trial: what is asked, and what was measured.

use std::time::Duration;

use super::arm::Arm;
use super::disturbance::disturbed;
use crate::engine::{Companion, Drill, Interruption, Measured, Outcome, WarmUp};
use crate::exit::Exit;
use crate::history::{GapCounts, TrialFigures};
use crate::host::load::Load;
use crate::host::usable_cpus;
use crate::profile::Prompt;
use crate::store::Paths;
use crate::suite::{Case, Measure, Shape, Start, synthetic};
use crate::trial::{Asked, NoFigures, Wishes};

/// The warm-up answer of a server: enough that all of its buffers have been used.
const WARM_UP_WORDS: usize = 32;
const WARM_UP_TOKENS: u32 = 8;

/// What a trial is made of, the same for both halves of a pair.
pub(super) struct Text<'a> {
    /// Tells its text from that of every other pair.
    pub(super) seed: u64,
    /// Tokens for each word of a synthetic text, as far as that is known.
    pub(super) tokens_per_word: f64,
    /// A prompt of the user's, in place of synthetic text.
    pub(super) own: Option<&'a Prompt>,
}

/// What came of a trial.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) figure: Option<f64>,
    pub(super) failure: Option<String>,
    pub(super) disturbed: Option<String>,
    pub(super) figures: TrialFigures,
    pub(super) gaps: GapCounts,
    pub(super) took: Duration,
    /// The exit code with which a run would tell the failure.
    pub(super) exit: Option<Exit>,
}

/// Words of a synthetic prompt of this shape, the depth included.
pub(super) fn words(shape: Shape, tokens_per_word: f64) -> usize {
    words_for(shape.depth, tokens_per_word) + words_for(shape.prompt_tokens, tokens_per_word)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of words, far below 2^53; a cast of anything else stays in range"
)]
fn words_for(tokens: u32, tokens_per_word: f64) -> usize {
    (f64::from(tokens) / tokens_per_word.max(0.01)).round() as usize
}

/// Makes it.
///
/// # Errors
/// When somebody wants an end of all. What goes wrong with the process is a result.
pub(super) async fn measure(
    case: &Case,
    arm: &Arm,
    text: &Text<'_>,
    paths: &Paths,
    wishes: &mut Wishes,
) -> Result<Made, Interruption> {
    let began = tokio::time::Instant::now();
    let shape = case.spec.shape;
    let needed = shape.depth + shape.prompt_tokens + shape.generated_tokens;
    let context = arm.profile.context;
    if text.own.is_none() && needed > context {
        return Ok(Made {
            failure: Some(format!(
                "it needs {needed} tokens of context, and the profile has {context}"
            )),
            exit: Some(Exit::Configuration),
            ..Made::default()
        });
    }
    let (prompt, drill) = asked(case, text);
    let before = Load::now();
    let stage = arm.stage(paths);
    let answer = stage.answer(
        Asked {
            install: &arm.install,
            profile: arm.profile.clone(),
            prompt,
            tokens: shape.generated_tokens.max(1),
            drill,
            probabilities: 0,
            patience: Some(case.spec.trial_limit),
        },
        wishes,
    );
    let answer = match answer.await {
        Ok(answer) => Ok(answer.outcome),
        Err(NoFigures::Failed(why, exit)) => Err((why, exit)),
        Err(NoFigures::Interrupted(interruption)) => return Err(interruption),
    };
    let happened = Load::now().since(before);
    let took = began.elapsed();
    Ok(match answer {
        Err((why, exit)) => Made {
            failure: Some(why),
            exit: Some(exit),
            took,
            ..Made::default()
        },
        Ok(outcome) => {
            let faults = outcome
                .exit
                .as_ref()
                .map_or(0, |exit| exit.usage.major_faults);
            Made {
                disturbed: disturbed(happened, faults, took, usable_cpus().get()),
                took,
                ..figures(&outcome, shape.measure())
            }
        }
    })
}

/// The measured question, and what goes before and beside it.
fn asked(case: &Case, text: &Text<'_>) -> (Prompt, Drill) {
    let shape = case.spec.shape;
    let deep = |stream: u64| {
        let words = words_for(shape.depth, text.tokens_per_word);
        (words > 0).then(|| synthetic(words, text.seed.wrapping_add(2 * stream)))
    };
    let whole = |stream: u64| {
        let words = words_for(shape.prompt_tokens, text.tokens_per_word).max(1);
        let tail = synthetic(words, text.seed.wrapping_add(2 * stream + 1));
        match deep(stream) {
            Some(deep) => format!("{deep} {tail}"),
            None => tail,
        }
    };
    let prompt = text.own.cloned();
    let prompt = prompt.unwrap_or_else(|| Prompt::Raw(whole(0)));
    if case.spec.start == Start::Cold {
        return (prompt, Drill::default());
    }
    let beside = (1..u64::from(shape.parallel)).map(|stream| Companion {
        prompt: text
            .own
            .cloned()
            .unwrap_or_else(|| Prompt::Raw(whole(stream))),
        depth: deep(stream).map(Prompt::Raw),
    });
    let drill = Drill {
        warm_up: vec![WarmUp {
            prompt: Prompt::Raw(synthetic(WARM_UP_WORDS, !text.seed)),
            tokens: WARM_UP_TOKENS,
        }],
        depth: deep(0).map(Prompt::Raw),
        beside: beside.collect(),
    };
    (prompt, drill)
}

fn figures(outcome: &Outcome, measure: Measure) -> Made {
    let measured = &outcome.measured;
    let total = outcome
        .measured
        .together
        .as_ref()
        .and_then(|all| per_token(all.ms, all.generated_tokens));
    let prefill = measured.prompt_ms.zip(measured.prompt_tokens);
    let figure = match measure {
        Measure::Prefill => prefill.and_then(|(ms, tokens)| per_token(ms, tokens)),
        Measure::Decode => measured.ms_per_token,
        Measure::Throughput => total,
    };
    let figure = figure.filter(|figure| figure.is_finite() && *figure > 0.0);
    let why = || format!("llama.cpp told no {}", measure.name());
    Made {
        failure: figure.is_none().then(why),
        exit: figure.is_none().then_some(Exit::LlamaMissing),
        figure,
        gaps: GapCounts::of(&measured.gaps_ms),
        figures: all_figures(measured, outcome, total),
        ..Made::default()
    }
}

fn all_figures(measured: &Measured, outcome: &Outcome, total: Option<f64>) -> TrialFigures {
    let together = outcome
        .measured
        .together
        .as_ref()
        .map(|all| all.generated_tokens);
    TrialFigures {
        prompt_tokens: measured.prompt_tokens,
        cached_tokens: measured.cached_tokens,
        generated_tokens: together.or(measured.generated_tokens),
        load_ms: measured.load_ms,
        ttft_ms: measured.ttft_ms,
        prefill_ms: measured.prompt_ms,
        ms_per_token: measured.ms_per_token,
        tpot_ms: measured.tpot_ms,
        total_ms_per_token: total,
        gap_p50_ms: measured.gaps.map(|gaps| gaps.p50),
        gap_p95_ms: measured.gaps.map(|gaps| gaps.p95),
        gap_p99_ms: measured.gaps.map(|gaps| gaps.p99),
        gap_max_ms: measured.gaps.map(|gaps| gaps.max),
        peak_rss_bytes: measured.peak_rss_bytes,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of tokens, below 2^53")]
fn per_token(ms: f64, tokens: u64) -> Option<f64> {
    (tokens > 0).then(|| ms / tokens as f64)
}
