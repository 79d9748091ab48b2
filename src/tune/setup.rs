//! From a request to everything that a measurement needs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::knobs::{Givens, Knobs};
use super::{TuneError, TuneRequest};
use crate::dialect::Program;
use crate::engine::Drill;
use crate::host::{Host, physical_cores, usable_cpus};
use crate::profile::{Ground, Profile, Prompt, Resolved};
use crate::run::{self, PromptSource, Question, RunError};
use crate::search::Trial;
use crate::store::{Paths, Places, create_private, open_model};
use crate::trial::{Asked, Figures, NoFigures, Stage, Wishes};
use crate::vendor::Install;

/// Tokens of a prompt that are measured with where nobody says how many, the first for which a trial takes
/// no more than its share of the budget. 512 fill a micro-batch of llama.cpp's default once.
const DEPTHS: [u32; 4] = [512, 256, 128, 64];
/// Tokens that are generated: the first of them are slower, and with 32 the mean of a quiet machine
/// stays within 1 %.
const TOKENS: u32 = 32;
/// Parts of the budget that one trial may take: a search takes some 150 of them, of which a third can be
/// left out.
const TRIALS_IN_BUDGET: u32 = 100;
/// Words of the first look, and tokens that it generates.
const LOOK_WORDS: usize = 48;
const LOOK_TOKENS: u32 = 8;
/// The least context that is left for what is generated, and for a prompt that has a few tokens more than
/// was reckoned.
const ROOM: u32 = TOKENS + 16;
/// Prompts of the user that are measured with, at most: each is a process.
const MOST_PROMPTS: usize = 3;

/// Everything that is known before the search.
#[derive(Debug)]
pub(super) struct Setup {
    /// The profile as it is used today, without what was tuned before.
    pub(super) profile: Profile,
    resolved: Resolved,
    pub(super) install: Install,
    pub(super) server: Option<Install>,
    pub(super) ground: Ground,
    pub(super) host: Host,
    pub(super) places: Places,
    pub(super) stage: Stage,
    pub(super) knobs: Knobs,
    /// What is measured with.
    prompts: Vec<Prompt>,
    /// Tokens of the prompt, as reckoned; and that are generated.
    pub(super) depth: u32,
    pub(super) tokens: u32,
    pub(super) notes: Vec<String>,
}

impl Setup {
    /// Reads the profile, opens the model and finds the programs.
    pub(super) async fn find(request: &TuneRequest, paths: &Paths) -> Result<Self, TuneError> {
        let source = PromptSource::Argument("x".to_owned());
        let question = Question {
            profile: &request.profile,
            overrides: &request.overrides,
            source: &source,
            accepted: request.accepted,
        };
        let asked = run::read(&question, paths)?;
        let resolved = asked
            .profiles
            .resolve(&request.profile, &request.overrides)
            .map_err(RunError::from)?;
        let mut notes = resolved.notes.clone();
        let mut profile = resolved.profile.clone();
        let model = open_model(&profile.model, paths).map_err(RunError::from)?;
        notes.extend(run::lower_context(&mut profile, &model));
        let dir = request.llama_dir.as_ref();
        let program = run::program(profile.backend);
        let install = run::find(program, dir, &asked, paths)
            .await
            .map_err(RunError::from)?;
        let server = match install.kind {
            Program::Server => Some(install.clone()),
            _ => run::find(Program::Server, dir, &asked, paths).await.ok(),
        };
        let prompts = match &request.prompts {
            None => Vec::new(),
            Some(path) => read_prompts(path, &profile)?,
        };
        let depth = request.depth.unwrap_or(DEPTHS[0]);
        if request.depth.is_some() && depth.saturating_add(ROOM) > profile.context {
            let context = profile.context;
            return Err(TuneError::TooDeep { depth, context });
        }
        let jobs = paths.jobs();
        Ok(Self {
            ground: run::ground(&model, &install.capabilities),
            host: Host::detect(),
            places: Places::discover(paths).map_err(RunError::from)?,
            stage: Stage {
                model: model.path,
                context: profile.context,
                jobs: create_private(&jobs).is_ok().then_some(jobs),
            },
            knobs: Knobs::default(),
            depth: depth.min(profile.context.saturating_sub(ROOM)).max(1),
            tokens: TOKENS.min(profile.context / 2).max(2),
            prompts,
            profile,
            resolved,
            install,
            server,
            notes,
        })
    }

    /// Finds out how long a trial takes, and chooses how much is measured with. It also brings the model
    /// into the page cache, so that the first trial does not pay for it.
    pub(super) async fn look(
        &mut self,
        request: &TuneRequest,
        wishes: &mut Wishes,
    ) -> Result<(), TuneError> {
        let own = self.prompts.first().cloned();
        let prompt = own
            .clone()
            .unwrap_or_else(|| Prompt::Raw(words(LOOK_WORDS)));
        let since = tokio::time::Instant::now();
        let asked = self.asked(
            self.profile.clone(),
            prompt,
            LOOK_TOKENS,
            Some(request.budget),
        );
        let found = self.stage.figures(asked, wishes).await;
        let figures = found.map_err(|error| match error {
            NoFigures::Interrupted(interruption) => TuneError::Interrupted(interruption),
            NoFigures::Failed(why, exit) => TuneError::Unusable {
                profile: request.profile.clone(),
                why,
                exit,
            },
        })?;
        if own.is_some() {
            self.depth = whole(figures.prompt_tokens);
            return Ok(());
        }
        if request.depth.is_none() {
            let share = request.budget / TRIALS_IN_BUDGET;
            let fits = |depth: &u32| self.foreseen(&figures, since.elapsed(), *depth) <= share;
            let depth = DEPTHS.into_iter().find(|depth| fits(depth));
            self.depth = depth.unwrap_or(DEPTHS[DEPTHS.len() - 1]).min(self.depth);
        }
        let per_word = figures.prompt_tokens / LOOK_WORDS as f64;
        let count = whole((f64::from(self.depth) / per_word).floor()).max(1);
        self.prompts = vec![Prompt::Raw(words(count as usize))];
        Ok(())
    }

    /// How long a trial of this depth takes, by a look that took so long.
    fn foreseen(&self, look: &Figures, took: Duration, depth: u32) -> Duration {
        let more = f64::from(depth) - look.prompt_tokens;
        let prompt = more.max(0.0) * look.prompt / look.prompt_tokens;
        let answer = f64::from(self.tokens.saturating_sub(LOOK_TOKENS)) * look.per_token;
        took + Duration::try_from_secs_f64((prompt + answer) / 1000.0).unwrap_or_default()
    }

    /// Finds what can be varied.
    pub(super) fn vary(&mut self, request: &TuneRequest) -> Result<(), TuneError> {
        let cpus = usable_cpus().get();
        self.knobs = Knobs::new(&Givens {
            profile: &self.profile,
            own: &self.resolved.own,
            objective: request.objective,
            cpus,
            default_threads: physical_cores().map_or(cpus, std::num::NonZero::get),
            depth: self.depth,
            capabilities: &self.install.capabilities,
            has_server: self.server.is_some(),
            speculation: request.prompts.is_some(),
        });
        if self.knobs.knobs.is_empty() {
            return Err(TuneError::Nothing(request.profile.clone()));
        }
        Ok(())
    }

    /// What a trial costs, by the objective.
    pub(super) async fn measure(
        &self,
        trial: &Trial,
        request: &TuneRequest,
        wishes: &mut Wishes,
    ) -> Result<f64, NoFigures> {
        let profile = self.knobs.apply(&trial.setting, &self.profile);
        let mut sum = 0.0;
        for prompt in &self.prompts {
            let asked = self.asked(profile.clone(), prompt.clone(), self.tokens, trial.patience);
            let figures = self.stage.figures(asked, wishes).await?;
            sum += request.objective.cost(&figures).ln();
        }
        // The geometric mean: no prompt counts more because it is slower.
        Ok((sum / self.prompts.len().max(1) as f64).exp())
    }

    fn asked(
        &self,
        profile: Profile,
        prompt: Prompt,
        tokens: u32,
        patience: Option<Duration>,
    ) -> Asked<'_> {
        Asked {
            install: &self.install,
            profile,
            prompt,
            tokens,
            drill: Drill::default(),
            probabilities: 0,
            patience,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of tokens or words; a cast of anything else stays in range"
)]
fn whole(number: f64) -> u32 {
    number as u32
}

/// A prompt of so many words, none of them like the one before.
fn words(count: usize) -> String {
    const WORDS: [&str; 24] = [
        "the", "river", "carries", "small", "stones", "under", "a", "wooden", "bridge", "while",
        "two", "old", "friends", "talk", "about", "weather", "music", "and", "how", "quickly",
        "every", "summer", "seems", "to",
    ];
    // 7 and 24 have no common divisor, so that all words come; the sum shifts the order from round to
    // round.
    let word = |at: usize| WORDS[(at * 7 + at / WORDS.len()) % WORDS.len()];
    let words: Vec<&str> = (0..count).map(word).collect();
    words.join(" ")
}

/// The prompts of a file, one on each line, as the profile makes them.
fn read_prompts(path: &Path, profile: &Profile) -> Result<Vec<Prompt>, TuneError> {
    let unreadable = |source| TuneError::Prompts {
        path: path.to_owned(),
        source,
    };
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let step = lines.len().div_ceil(MOST_PROMPTS).max(1);
    let rendered = lines.iter().step_by(step).map(|line| {
        let prompt = profile.prompt.render(line, &BTreeMap::new(), "");
        Ok(prompt.map_err(RunError::from)?)
    });
    let prompts: Vec<Prompt> = rendered.collect::<Result<_, TuneError>>()?;
    if prompts.is_empty() {
        return Err(TuneError::NoPrompts(path.to_owned()));
    }
    Ok(prompts)
}
