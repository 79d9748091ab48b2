//! `orchestrate tune`: the settings with which a profile is fastest on this machine.
//!
//! [`crate::search`] decides what is measured next; this module does it, each measurement a supervised
//! process of its own, and writes what was confirmed as tuned settings beside the user's profiles, where
//! every run finds them ([`crate::profile::ProfileSet::resolve_on`]).
//!
//! A process per measurement, and not a server that stays: it is what a run will be, it remembers nothing
//! of the one before, it holds no second copy of repacked weights in memory, and one that hangs is a result.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `knobs` | what can be varied here, and what each option does to a profile |
//! | `setup` | from a request to everything that a measurement needs |
//! | `guard` | whether the answers stay the same |
//! | `tuned` | the file that is written, and removed |
//! | `report` | what people and programs are told |

mod error;
mod guard;
mod knobs;
mod report;
mod setup;
#[cfg(test)]
mod tests;
mod tuned;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

pub use error::TuneError;

use crate::engine::Interruption;
use crate::exit::Exit;
use crate::profile::Override;
use crate::search::{Outcome, Role, Search, Setting, Step, Terms, Trial};
use crate::store::Paths;
use crate::supervise;
use crate::trial::{Figures, NoFigures, Wishes};
use crate::ui::{Console, Status};
use crate::units::duration;
use guard::{Guard, Programs};
use report::Told;
use setup::Setup;

/// What is to be made small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objective {
    /// The time from the start of llama.cpp to the end of a short answer.
    Latency,
    /// The time per generated token.
    Throughput,
    /// The time per token of the prompt.
    Prefill,
    /// Both of the latter, to the same degree: their geometric mean.
    Balanced,
}

impl Objective {
    /// Tokens of the answer whose latency is meant: some lines of code.
    pub(crate) const SHORT_ANSWER: u32 = 64;

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Throughput => "throughput",
            Self::Prefill => "prefill",
            Self::Balanced => "balanced",
        }
    }

    /// What a cost is, as the head of a column.
    fn unit(self) -> &'static str {
        match self {
            Self::Latency => "MS/ANSWER",
            _ => "MS/TOKEN",
        }
    }

    /// What it makes of a measurement, in milliseconds; less is better.
    fn cost(self, figures: &Figures) -> f64 {
        let per_prompt_token = figures.prompt / figures.prompt_tokens;
        match self {
            Self::Latency => {
                figures.load + figures.prompt + f64::from(Self::SHORT_ANSWER) * figures.per_token
            }
            Self::Throughput => figures.per_token,
            Self::Prefill => per_prompt_token,
            Self::Balanced => (per_prompt_token * figures.per_token).sqrt(),
        }
    }

    /// Whether the speed of generation matters.
    fn decodes(self) -> bool {
        self != Self::Prefill
    }

    /// Whether the speed of prompt evaluation matters.
    fn prefills(self) -> bool {
        self != Self::Throughput
    }
}

/// What to tune, and how.
#[derive(Debug, Clone)]
pub struct TuneRequest {
    /// The profile's name.
    pub profile: String,
    /// Keys of the profile that are changed for this once: they are not varied.
    pub overrides: Vec<Override>,
    /// Where llama.cpp's programs are, when the user says so.
    pub llama_dir: Option<PathBuf>,
    /// What is to be made small.
    pub objective: Objective,
    /// Time for all of it.
    pub budget: Duration,
    /// Tokens of the prompt to measure with; `None` chooses as many as the budget allows.
    pub depth: Option<u32>,
    /// A file with a prompt on each line, to measure with.
    pub prompts: Option<PathBuf>,
    /// Tell as JSON.
    pub json: bool,
    /// Say what would be tried, and start nothing.
    pub dry_run: bool,
    /// When the command was accepted.
    pub accepted: Instant,
}

/// Tunes a profile, and says what came of it; the exit code says how it ended.
///
/// # Errors
/// [`TuneError`] when nothing could be measured, or what was found could not be written.
pub async fn tune(
    request: &TuneRequest,
    paths: &Paths,
    console: Console,
    out: &mut dyn Write,
) -> Result<Exit, TuneError> {
    let mut wishes = Wishes::listen().map_err(TuneError::Signals)?;
    supervise::sweep_orphans(&paths.jobs()).await;
    let setup = wishes.interrupts.or(Setup::find(request, paths)).await;
    let mut setup = setup.map_err(TuneError::Interrupted)??;
    for note in &setup.notes {
        console.note(note);
    }
    if request.dry_run {
        setup.vary(request)?;
        report::plan(&setup, request, out)?;
        return Ok(Exit::Done);
    }
    let mut progress = Status::new(console);
    progress.say("a first look at the model and the machine");
    setup.look(request, &mut wishes).await?;
    setup.vary(request)?;
    let mut tuning = Tuning {
        search: Search::new(
            setup.knobs.space(),
            Terms {
                budget: request.budget,
                seed: seed(request),
            },
        ),
        setup: &setup,
        request,
        guard: Guard::default(),
        last_failure: Exit::Crashed,
        trials: 0,
    };
    let interruption = tuning.drive(&mut progress, &mut wishes).await?;
    drop(progress);
    let outcome = tuning.search.outcome();
    tuning.usable(&outcome)?;
    let told = Told {
        setup: &setup,
        request,
        outcome: &outcome,
        trials: tuning.trials,
        took: request.accepted.elapsed(),
        interruption,
        written: tuned::write(&setup, request, &outcome)?,
    };
    report::write(&told, out)?;
    Ok(interruption.map_or(Exit::Done, Interruption::exit))
}

pub use tuned::remove;

/// The same command draws the same: whoever doubts a result can look at the same trials again.
fn seed(request: &TuneRequest) -> u64 {
    let name = crate::digest::short(&request.profile);
    u64::from_str_radix(&name, 16).unwrap_or(0)
}

/// A search that is being done.
struct Tuning<'a> {
    search: Search,
    setup: &'a Setup,
    request: &'a TuneRequest,
    guard: Guard,
    /// How the last failure would end a run.
    last_failure: Exit,
    trials: usize,
}

impl Tuning<'_> {
    /// Does what the search wants, to its end or until somebody wants another.
    async fn drive(
        &mut self,
        progress: &mut Status,
        wishes: &mut Wishes,
    ) -> Result<Option<Interruption>, TuneError> {
        loop {
            let now = self.request.accepted.elapsed();
            let done = match self.search.next(now) {
                Step::Finished => return Ok(None),
                Step::Guard(setting) => {
                    progress.say(&self.line("comparing answers", &setting, now));
                    self.compare(&setting, wishes).await
                }
                Step::Measure(trial) => {
                    let what = match trial.role {
                        Role::Anchor => "the default again".to_owned(),
                        Role::Explore { dimension } => {
                            self.setup.knobs.knobs[dimension].name.to_owned()
                        }
                        Role::Confirm { round } => format!("confirming, round {}", round + 1),
                    };
                    progress.say(&self.line(&what, &trial.setting, now));
                    self.measure(&trial, wishes).await
                }
            };
            if let Err(interruption) = done {
                return Ok(Some(interruption));
            }
        }
    }

    fn line(&self, what: &str, setting: &Setting, now: Duration) -> String {
        let left = duration::short(self.search.left(now));
        format!(
            "tuning {}: {what} ({}) · at most {left} left",
            self.request.profile,
            self.setup.knobs.words(setting)
        )
    }

    async fn measure(&mut self, trial: &Trial, wishes: &mut Wishes) -> Result<(), Interruption> {
        self.trials += 1;
        let measured = self.setup.measure(trial, self.request, wishes).await;
        match measured {
            Ok(cost) => self.search.measured(self.request.accepted.elapsed(), cost),
            Err(NoFigures::Failed(why, exit)) => {
                self.last_failure = exit;
                self.search.failed(why);
            }
            Err(NoFigures::Interrupted(interruption)) => return Err(interruption),
        }
        Ok(())
    }

    async fn compare(
        &mut self,
        setting: &Setting,
        wishes: &mut Wishes,
    ) -> Result<(), Interruption> {
        let setup = self.setup;
        let programs = Programs {
            install: &setup.install,
            server: setup.server.as_ref(),
        };
        let default = setup
            .knobs
            .apply(&setup.knobs.space().default, &setup.profile);
        let profile = setup.knobs.apply(setting, &setup.profile);
        let checked = self
            .guard
            .check(&setup.stage, programs, &default, &profile, wishes);
        match checked.await {
            Ok(verdict) => self.search.guarded(verdict),
            // The default itself gives no answers to compare with.
            Err(NoFigures::Failed(why, _)) => {
                self.search
                    .guarded(Err(format!("nothing to compare with: {why}")));
            }
            Err(NoFigures::Interrupted(interruption)) => return Err(interruption),
        }
        Ok(())
    }

    fn usable(&self, outcome: &Outcome) -> Result<(), TuneError> {
        match &outcome.unusable {
            Some(why) if outcome.accepted.is_none() => Err(TuneError::Unusable {
                profile: self.request.profile.clone(),
                why: why.clone(),
                exit: self.last_failure,
            }),
            _ => Ok(()),
        }
    }
}
