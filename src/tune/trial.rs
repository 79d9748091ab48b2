//! One measurement: a supervised process of its own.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::Objective;
use crate::engine::{
    Drill, End, Interruption, Outcome, Request, Session, SessionEvent, StartError,
};
use crate::exit::Exit;
use crate::profile::{Profile, Prompt, Sampling};
use crate::ui::{Interrupts, Suspensions};
use crate::units::Limit;
use crate::vendor::Install;
use crate::watchdog::Expected;

/// A fixed seed: nothing is drawn at temperature 0, and the log says so.
const SEED: u32 = 1;

/// What somebody at the terminal may want.
#[derive(Debug)]
pub(super) struct Wishes {
    pub(super) interrupts: Interrupts,
    suspensions: Suspensions,
}

impl Wishes {
    /// Begins to listen.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupts: Interrupts::listen()?,
            suspensions: Suspensions::listen()?,
        })
    }
}

/// What is the same for all trials.
#[derive(Debug, Clone)]
pub(super) struct Bench {
    pub(super) model: PathBuf,
    pub(super) context: u32,
    pub(super) jobs: Option<PathBuf>,
}

/// What is asked of a process.
#[derive(Debug, Clone)]
pub(super) struct Asked<'a> {
    pub(super) install: &'a Install,
    /// The settings; what shapes the answer is replaced.
    pub(super) profile: Profile,
    pub(super) prompt: Prompt,
    /// Tokens to generate, whatever the model says.
    pub(super) tokens: u32,
    /// How many of the likeliest tokens to tell at each place.
    pub(super) probabilities: u32,
    /// After what time it is given up.
    pub(super) patience: Option<Duration>,
}

/// What a trial measured, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figures {
    pub(super) load: f64,
    pub(super) prompt: f64,
    pub(super) prompt_tokens: f64,
    pub(super) per_token: f64,
}

/// Why there are no figures.
#[derive(Debug)]
pub(super) enum NoFigures {
    /// Somebody wants an end of all.
    Interrupted(Interruption),
    /// The setting cannot be used: why, in a line, and with which exit code a run would say so.
    Failed(String, Exit),
}

impl From<StartError> for NoFigures {
    fn from(error: StartError) -> Self {
        let exit = error.exit();
        Self::Failed(error.to_string(), exit)
    }
}

/// An answer and how it came about.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) outcome: Outcome,
}

impl Bench {
    /// Runs a process to its end. Nothing of it is left then, whatever became of it.
    pub(super) async fn answer(
        &self,
        asked: Asked<'_>,
        wishes: &mut Wishes,
    ) -> Result<Answer, NoFigures> {
        let patience = asked.patience;
        let mut session = Session::start(self.request(asked).prepare()?)?;
        let mut text = String::new();
        let outcome = loop {
            tokio::select! {
                interruption = wishes.interrupts.next() => session.interrupt(interruption),
                () = wishes.suspensions.next() => session.suspend(),
                event = session.next() => match event {
                    Some(SessionEvent::Text(piece)) => text.push_str(&piece),
                    Some(SessionEvent::Finished(outcome)) => break *outcome,
                    Some(_) => {}
                    None => return Err(NoFigures::Failed("it ended without a word".to_owned(), Exit::Internal)),
                },
            }
        };
        match outcome.end {
            End::TokenLimit | End::EndOfText | End::ContextFull => Ok(Answer { text, outcome }),
            End::Interrupted(interruption) => Err(NoFigures::Interrupted(interruption)),
            ref end => Err(NoFigures::Failed(why(end, patience), end.exit())),
        }
    }

    /// Measures a setting once.
    pub(super) async fn figures(
        &self,
        asked: Asked<'_>,
        wishes: &mut Wishes,
    ) -> Result<Figures, NoFigures> {
        let answer = self.answer(asked, wishes).await?;
        let measured = &answer.outcome.measured;
        let figures = || {
            Some(Figures {
                load: measured.load_ms.unwrap_or(0.0),
                prompt: measured.prompt_ms?,
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a prompt has fewer than 2^53 tokens"
                )]
                prompt_tokens: measured.prompt_tokens? as f64,
                per_token: measured.ms_per_token?,
            })
        };
        figures().ok_or_else(|| {
            NoFigures::Failed("llama.cpp told no timings".to_owned(), Exit::LlamaMissing)
        })
    }

    fn request(&self, asked: Asked<'_>) -> Request {
        let Asked {
            install,
            mut profile,
            prompt,
            tokens,
            probabilities,
            patience,
        } = asked;
        profile.max_tokens = tokens;
        profile.ignore_eos = true;
        profile.seed = Some(SEED);
        profile.sampling = Sampling {
            temperature: Some(0.0),
            ..Sampling::default()
        };
        profile.stop.clear();
        profile.constraint = None;
        // Who goes on past the end of a text may well repeat it.
        profile.watch.loops = false;
        profile.limits.timeout = patience.map_or(Limit::None, Limit::Fixed);
        profile.limits.load = Limit::Auto;
        Request {
            install: install.clone(),
            profile,
            model: self.model.clone(),
            context: self.context,
            prompt,
            probabilities,
            drill: Drill::default(),
            expected: Expected::default(),
            jobs: self.jobs.clone(),
            accepted: Instant::now(),
        }
    }
}

/// An end that is none of a measurement, in a line.
fn why(end: &End, patience: Option<Duration>) -> String {
    let line = match (end, patience) {
        (End::Budget(_), Some(patience)) => {
            format!("given up after {}", crate::units::duration::short(patience))
        }
        (End::Failed(failure), _) => failure.to_string(),
        (end, _) => end
            .explained()
            .map_or_else(|| end.reason().to_owned(), |why| why.to_string()),
    };
    line.lines().next().unwrap_or_default().to_owned()
}

impl Figures {
    /// What the objective makes of it, in milliseconds; less is better.
    pub(super) fn cost(&self, objective: Objective) -> f64 {
        let per_prompt_token = self.prompt / self.prompt_tokens;
        match objective {
            Objective::Latency => {
                self.load + self.prompt + f64::from(Objective::SHORT_ANSWER) * self.per_token
            }
            Objective::Throughput => self.per_token,
            Objective::Prefill => per_prompt_token,
            Objective::Balanced => (per_prompt_token * self.per_token).sqrt(),
        }
    }
}
