//! One answer that is measured: a supervised process of its own, asked for so many tokens, whatever the
//! model says. `tune` and `bench` make their trials of it.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

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
pub(crate) struct Wishes {
    pub(crate) interrupts: Interrupts,
    suspensions: Suspensions,
}

impl Wishes {
    /// Begins to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupts: Interrupts::listen()?,
            suspensions: Suspensions::listen()?,
        })
    }
}

/// What is the same for all trials of a model.
#[derive(Debug, Clone)]
pub(crate) struct Stage {
    pub(crate) model: PathBuf,
    pub(crate) context: u32,
    pub(crate) jobs: Option<PathBuf>,
}

/// What is asked of a process.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    pub(crate) install: &'a Install,
    /// The settings; what shapes the answer is replaced.
    pub(crate) profile: Profile,
    pub(crate) prompt: Prompt,
    /// Tokens to generate, whatever the model says.
    pub(crate) tokens: u32,
    /// What else a server is asked, before and beside it.
    pub(crate) drill: Drill,
    /// How many of the likeliest tokens to tell at each place.
    pub(crate) probabilities: u32,
    /// After what time it is given up.
    pub(crate) patience: Option<Duration>,
}

/// What a trial measured, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figures {
    pub(crate) load: f64,
    pub(crate) prompt: f64,
    pub(crate) prompt_tokens: f64,
    pub(crate) per_token: f64,
}

/// Why there are no figures.
#[derive(Debug)]
pub(crate) enum NoFigures {
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
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) outcome: Outcome,
}

impl Stage {
    /// Runs a process to its end. Nothing of it is left then, whatever became of it.
    pub(crate) async fn answer(
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
    pub(crate) async fn figures(
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
            drill,
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
            drill,
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
