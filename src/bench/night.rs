//! The loop of a night, and what of it is kept.

use std::time::Duration;

use super::BenchRequest;
use super::finding::Told;
use super::measure::{Made, Text, measure, words};
use super::setup::Setup;
use crate::engine::Interruption;
use crate::exit::Exit;
use crate::history::{History, HistoryError, HostFacts, NightRecord, TrialRecord};
use crate::host::{Bandwidth, unix_ms};
use crate::store::Paths;
use crate::suite::{self, Arm, Night, Role, Sample, Step, Stop, Trial};
use crate::trial::Wishes;
use crate::ui::{Console, Status};
use crate::units::duration;

/// A night that is being measured.
pub(super) struct Measuring<'a> {
    setup: &'a Setup,
    paths: &'a Paths,
    console: Console,
    night: Night,
    /// Its number in the history, while that can be written.
    kept: Option<(History, u64)>,
    pub(super) trials: Vec<TrialRecord>,
    seed: u64,
    started_unix_ms: u64,
    began: tokio::time::Instant,
    /// What was spent before it was interrupted.
    before: Duration,
    stop: Option<Stop>,
    /// With which exit code a run would tell what failed last.
    last_failure: Option<Exit>,
}

impl<'a> Measuring<'a> {
    /// Begins a night, or goes on with one. What is wrong with the history is told, and costs no night.
    pub(super) fn begin(
        setup: &'a Setup,
        request: &BenchRequest,
        paths: &'a Paths,
        console: Console,
    ) -> Self {
        let mut measuring = Self {
            setup,
            paths,
            console,
            night: setup.night(setup.seed),
            kept: None,
            trials: Vec::new(),
            seed: setup.seed,
            started_unix_ms: unix_ms(),
            began: request.accepted,
            before: Duration::ZERO,
            stop: None,
            last_failure: None,
        };
        if setup.history.enabled {
            match measuring.keep(request.resume) {
                Ok(kept) => measuring.kept = Some(kept),
                Err(error) => console.warning(&format_args!(
                    "this night is not kept, and cannot be gone on with: failed to {error}"
                )),
            }
        } else if request.resume {
            console.note(
                &"no night can be gone on with, as \"history.enabled\" is false: a new one begins",
            );
        }
        measuring
    }

    fn keep(&mut self, resume: bool) -> Result<(History, u64), HistoryError> {
        let mut history = History::open(&self.paths.history())?;
        let host = HostFacts::from(&self.setup.host);
        let plan = self.setup.plan();
        if resume {
            match history.night_to_resume(&plan, &host.fingerprint)? {
                Some(night) => {
                    self.go_on(&mut history, night)?;
                    return Ok((history, night));
                }
                None => self
                    .console
                    .note(&"there is no such night to go on with: a new one begins"),
            }
        }
        let bandwidth = Bandwidth::cached(&self.paths.state, &self.setup.host);
        let cases = self.setup.cases.iter();
        let record = NightRecord {
            started_unix_ms: self.started_unix_ms,
            suite: self.setup.suite.name.clone(),
            seed: self.seed,
            plan,
            pairs: self.setup.suite.pairs,
            host,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            environment: environment(),
            cases: cases.map(|case| case.record(bandwidth.as_ref())).collect(),
        };
        let night = history.begin_night(&record)?;
        Ok((history, night))
    }

    /// Takes up what was measured before: the seed is that night's, and with it the order.
    fn go_on(&mut self, history: &mut History, number: u64) -> Result<(), HistoryError> {
        let Some(stored) = history.night(number)? else {
            return Ok(());
        };
        self.seed = stored.night.seed;
        self.started_unix_ms = stored.night.started_unix_ms;
        self.night = self.setup.night(self.seed);
        self.trials = history.trials(number)?;
        for trial in &self.trials {
            let told = told(trial);
            self.before = self.before.saturating_add(told.took);
            let number = usize::try_from(trial.number).unwrap_or(usize::MAX);
            self.night.tell(number, told);
        }
        let (done, left) = (self.night.done(), self.night.remaining());
        self.console.note(&format_args!(
            "night {number} goes on: {done} trials are done, {left} are left"
        ));
        Ok(())
    }

    /// Makes trial after trial, to the end or until somebody wants another.
    pub(super) async fn drive(
        &mut self,
        progress: &mut Status,
        wishes: &mut Wishes,
    ) -> Option<Interruption> {
        loop {
            let now = self.before.saturating_add(self.began.elapsed());
            let trial = match self.night.next(now) {
                Step::Finished(stop) => {
                    self.stop = Some(stop);
                    return None;
                }
                Step::Measure(trial) => trial,
            };
            progress.say(&self.line(&trial, now));
            let planned = &self.setup.cases[trial.case];
            let arm = &planned.arms[usize::from(trial.arm == Arm::Candidate)];
            let round = usize::try_from(trial.round).unwrap_or(0);
            let text = Text {
                seed: self.text_seed(&trial),
                tokens_per_word: self.tokens_per_word(trial.case),
                own: planned.prompts.iter().cycle().nth(round),
            };
            let started = unix_ms();
            match measure(&planned.case, arm, &text, self.paths, wishes).await {
                Ok(made) => {
                    self.last_failure = made.exit.or(self.last_failure);
                    self.add(record(&trial, started, made));
                }
                Err(interruption) => return Some(interruption),
            }
        }
    }

    fn line(&self, trial: &Trial, now: Duration) -> String {
        let case = self.setup.cases[trial.case].case.name();
        let what = match (trial.role, trial.arm) {
            (Role::WarmUp, _) => "warm-up",
            (Role::Itself { .. }, _) => "the base against itself",
            (Role::Pair, Arm::Base) => "the base",
            (Role::Pair, Arm::Candidate) => "the candidate",
        };
        let (done, rest) = (self.night.done() + 1, self.night.remaining());
        let left = self.night.left(now).map_or_else(String::new, |left| {
            format!(" · at most {} left", duration::short(left))
        });
        format!("{case}: {what} · {done} of {}{left}", done - 1 + rest)
    }

    /// The same for both halves of a pair, another for every other one.
    fn text_seed(&self, trial: &Trial) -> u64 {
        let kind: u64 = match trial.role {
            Role::WarmUp => 0,
            Role::Itself { .. } => 1,
            Role::Pair => 2,
        };
        let place = (u64::from(trial.round) << 24) | (trial.case as u64) << 4 | kind << 2;
        self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (place << 8)
    }

    /// By the first trial of the case that told it, so that it is the same in a night that goes on. 1 before.
    #[expect(clippy::cast_precision_loss, reason = "a count of tokens, below 2^53")]
    fn tokens_per_word(&self, case: usize) -> f64 {
        let mut own = self.trials.iter().filter(|trial| trial.case == case as u64);
        // What was found in the cache was asked too.
        let first = own.find_map(|trial| {
            let cached = trial.figures.cached_tokens.unwrap_or_default();
            Some(trial.figures.prompt_tokens?.saturating_add(cached))
        });
        let asked = words(self.setup.cases[case].case.spec.shape, 1.0);
        match first {
            Some(tokens) if asked > 0 && self.setup.cases[case].is_synthetic() => {
                tokens as f64 / asked as f64
            }
            _ => 1.0,
        }
    }

    /// Keeps a trial; a history that cannot be written is told once.
    fn add(&mut self, trial: TrialRecord) {
        let number = usize::try_from(trial.number).unwrap_or(usize::MAX);
        self.night.tell(number, told(&trial));
        if let Some((history, night)) = &mut self.kept
            && let Err(error) = history.record_trial(*night, &trial)
        {
            self.console.warning(&format_args!(
                "from here on this night is not kept: failed to {error}"
            ));
            self.kept = None;
        }
        self.trials.push(trial);
    }

    /// What the night comes to; it is kept too.
    pub(super) fn finish(mut self, interruption: Option<Interruption>) -> Told<'a> {
        let end = match (interruption, self.stop) {
            (Some(_), _) => "interrupted",
            (None, Some(Stop::TimeLimit)) => "time_limit",
            (None, _) => "done",
        };
        let setup = self.setup;
        let samples: Vec<Sample> = self
            .trials
            .iter()
            .filter_map(|trial| sample(self.night.trials(), trial))
            .collect();
        let judgement = suite::judge(setup.cases.len(), setup.suite.pairs, &samples, self.seed);
        let mut told = Told::new(setup, judgement, self.trials, end, self.seed);
        told.started_unix_ms = self.started_unix_ms;
        told.last_failure = self.last_failure;
        let bandwidth = Bandwidth::cached(&self.paths.state, &setup.host);
        let limits = setup
            .cases
            .iter()
            .map(|case| case.limit_ms(bandwidth.as_ref()?));
        told.limits_ms = limits.collect();
        told.took = self.before.saturating_add(self.began.elapsed());
        if let Some((history, night)) = &mut self.kept {
            told.night = Some(*night);
            let kept = told
                .date(history)
                .and_then(|()| history.end_night(*night, &told.end_record()));
            if let Err(error) = kept {
                self.console.warning(&format_args!(
                    "what was found of this night is not kept: failed to {error}"
                ));
            }
        }
        told
    }
}

impl Setup {
    fn night(&self, seed: u64) -> Night {
        let suite = &self.suite;
        Night::new(
            self.cases.len(),
            suite.pairs,
            suite.warm_up,
            suite.time_limit,
            seed,
        )
    }
}

fn told(trial: &TrialRecord) -> suite::Told {
    suite::Told {
        took: Duration::try_from_secs_f64(trial.took_ms / 1000.0).unwrap_or_default(),
        failed: trial.figure_ms.is_none(),
    }
}

fn record(trial: &Trial, started_unix_ms: u64, made: Made) -> TrialRecord {
    TrialRecord {
        number: trial.number as u64,
        case: trial.case as u64,
        arm: match trial.arm {
            Arm::Base => "base",
            Arm::Candidate => "candidate",
        }
        .to_owned(),
        role: match trial.role {
            Role::WarmUp => "warm_up",
            Role::Itself { second: false } => "itself",
            Role::Itself { second: true } => "itself_again",
            Role::Pair => "pair",
        }
        .to_owned(),
        round: trial.round.into(),
        started_unix_ms,
        took_ms: made.took.as_secs_f64() * 1000.0,
        figure_ms: made.figure,
        failure: made.failure,
        disturbed: made.disturbed,
        figures: made.figures,
        gaps: made.gaps,
    }
}

/// A trial as it is judged: its place is that of the plan, whatever its words say.
fn sample(plan: &[Trial], trial: &TrialRecord) -> Option<Sample> {
    let place = plan.get(usize::try_from(trial.number).ok()?)?;
    let why = || trial.failure.clone().unwrap_or_default();
    Some(Sample {
        case: place.case,
        arm: place.arm,
        role: place.role,
        round: place.round,
        figure: trial.figure_ms.ok_or_else(why),
        disturbed: trial.disturbed.clone(),
    })
}

/// What else may matter of the machine.
fn environment() -> String {
    let read = |path: &str| {
        let text = std::fs::read_to_string(path).ok()?;
        Some(text.trim().to_owned())
    };
    let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    let nodes = read("/sys/devices/system/node/online");
    serde_json::json!({ "governor": governor, "numa_nodes": nodes }).to_string()
}
