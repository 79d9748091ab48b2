//! The state machine: events and a time in, findings out.

mod slowness;
mod spending;

use std::time::Duration;

use super::budget::Budget;
use super::clock::Clock;
use super::event::{Blocked, Counters, Event, GroupState, Phase, Sample};
use super::evidence::{Evidence, Judgement, SHORTEST_SPAN, SLOW_WINDOWS};
use super::pace::{PromptPace, TokenPace};
use super::repeat::Repeats;
use super::shapes::Shapes;
use super::verdict::{Cause, Finding, Stall, Verdict};
use super::window::{
    DRAIN_WINDOW, EXIT_WINDOW, Expected, Known, SPAWN_WINDOW, Source, Window, Windows, constant,
    decode_window, load_window, prefill_window,
};
use crate::units::MsPerToken;

/// How long a group that is busy whenever it works may be idle, whatever its window says.
pub const IDLE_LOOK: Duration = Duration::from_secs(10);
/// The longest time between two calls that are asked for, so that a gap of ours is noticed as one.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Between two samples in a silence.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// Between two samples while it advances, to know what it looks like at work.
const SAMPLE_AT_WORK: Duration = Duration::from_secs(10);
/// How long after the end of a window the confirming sample ends. It begins as long before.
const CONFIRM_AFTER: Duration = Duration::from_millis(500);
/// How long the answer to [`Finding::Sample`] is waited for.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);
/// What has to be known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Terms {
    /// When the process was spawned, on the clock of `now`, which begins with the command.
    pub spawned: Duration,
    /// How long all may take.
    pub budget: Budget,
    /// How long the load may take, from the spawn; the user's wall clock, as [`Budget::Fixed`].
    pub load_limit: Option<Duration>,
    /// Tokens of the prompt, where they are known.
    pub prompt_tokens: Option<u64>,
    /// Most tokens to generate.
    pub max_tokens: u64,
    /// Tokens that are evaluated at once (`n_batch`).
    pub batch: u32,
    /// What is known of this model on this machine.
    pub expected: Expected,
    /// Windows that replace the computed ones.
    pub windows: Windows,
    /// Whether output that repeats without end is ended.
    pub loop_guard: bool,
}

/// Judges one generation by its progress.
#[derive(Debug, Clone)]
pub struct Watchdog {
    terms: Terms,
    clock: Clock,
    phase: Phase,
    /// When the phase began.
    entered_at: Duration,
    /// When something last advanced.
    progress_at: Duration,
    loaded_at: Option<Duration>,
    prompt_given: bool,
    prompt: PromptPace,
    tokens: TokenPace,
    counters: Counters,
    shapes: Shapes,
    repeats: Repeats,
    evidence: Evidence,
    /// Whether anything was ever told.
    begun: bool,
    /// When a sample was last asked for, and whether its answer is awaited.
    asked_at: Option<Duration>,
    awaiting: bool,
    /// The last request had no answer.
    blind: bool,
    /// This silence was judged after its window.
    judged: bool,
    /// When it was last said to be slow.
    said_slow_at: Option<Duration>,
    /// When this silence was last seen to have a reason that slows.
    explained_at: Option<Duration>,
    said_backpressure: bool,
    said_projection: bool,
    ended: bool,
}

impl Watchdog {
    /// A watchdog for a process that is just being spawned.
    #[must_use]
    pub fn new(terms: Terms) -> Self {
        Self {
            clock: Clock::new(terms.spawned),
            phase: Phase::Spawn,
            entered_at: terms.spawned,
            progress_at: terms.spawned,
            loaded_at: None,
            prompt_given: false,
            prompt: PromptPace::default(),
            tokens: TokenPace::default(),
            counters: Counters::default(),
            shapes: Shapes::default(),
            repeats: Repeats::default(),
            evidence: Evidence::default(),
            begun: false,
            asked_at: None,
            awaiting: false,
            blind: false,
            judged: false,
            said_slow_at: None,
            explained_at: None,
            said_backpressure: false,
            said_projection: false,
            ended: false,
            terms,
        }
    }

    /// A watchdog for a process that is executed already, with its whole prompt on its way to it: it
    /// begins with the load, at [`Terms::spawned`].
    #[must_use]
    pub fn executed(terms: Terms) -> Self {
        Self {
            phase: Phase::Load,
            prompt_given: true,
            ..Self::new(terms)
        }
    }

    /// A watchdog for one question to a process that has loaded: it begins with the evaluation of the
    /// prompt, at [`Terms::spawned`], and with nothing counted.
    #[must_use]
    pub fn asked(terms: Terms) -> Self {
        let mut prompt = PromptPace::default();
        prompt.entered(terms.spawned);
        Self {
            phase: Phase::Prefill,
            loaded_at: Some(terms.spawned),
            prompt,
            ..Self::executed(terms)
        }
    }

    /// Knows more of this model on this machine than when it began.
    pub fn expect(&mut self, expected: Expected) {
        self.terms.expected = expected;
    }

    /// Takes an event that happened at `now` (since the command) and says what follows. After
    /// [`Finding::End`] nothing does.
    pub fn handle(&mut self, now: Duration, event: Event<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Some(asked) = self.deadline() else {
            return findings;
        };
        self.begun = true;
        if self.clock.advance(now, asked) {
            self.evidence.forget_baseline();
            self.awaiting = false;
        }
        let now = self.clock.now();
        if self.awaiting && self.asked_at.is_some_and(|at| now >= at + ANSWER_WITHIN) {
            self.awaiting = false;
            self.blind = true;
        }
        let end = self
            .take(now, event, &mut findings)
            .or_else(|| self.judge_unseen(now).map(Verdict::Stalled))
            .or_else(|| self.overrun(now).map(Verdict::OverBudget));
        if let Some(verdict) = end {
            self.ended = true;
            findings.push(Finding::End(verdict));
            return findings;
        }
        self.foresee(&mut findings);
        if self.next_sample() <= now && !self.awaiting {
            self.asked_at = Some(now);
            self.awaiting = true;
            findings.push(Finding::Sample);
        }
        findings
    }

    /// When [`Event::Tick`] is next of use, on the clock of `now`; `None` after the end. Later than the
    /// last call, and at most a second; before the first one at once, as a limit may be over already.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        if self.ended {
            return None;
        }
        if !self.begun {
            return Some(self.clock.wall());
        }
        let now = self.clock.now();
        let window_end = self.progress_at.saturating_add(self.window().length);
        let answer = self.asked_at.filter(|_| self.awaiting);
        let ours = [
            Some(window_end),
            answer.map(|at| at + ANSWER_WITHIN),
            Some(self.next_sample()).filter(|_| !self.awaiting),
        ];
        let ours = ours.into_iter().flatten().filter(|at| *at > now);
        let ours = ours.map(|at| self.clock.on_wall(at));
        let budget = self.budget_end().map(|(at, _)| at);
        let budget = budget.filter(|at| *at > self.clock.wall());
        let beat = self.clock.wall().saturating_add(HEARTBEAT);
        Some(ours.chain(budget).fold(beat, Duration::min))
    }

    /// What the generation is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// How long nothing may advance, now.
    #[must_use]
    pub fn window(&self) -> Window {
        let expected = &self.terms.expected;
        self.terms
            .windows
            .fixed(self.phase)
            .unwrap_or_else(|| match self.phase {
                Phase::Spawn => constant(SPAWN_WINDOW),
                Phase::Load => load_window(expected.load),
                Phase::Prefill => {
                    let left = self.prompt.left(self.terms.prompt_tokens);
                    let rate = self.prompt.rate(expected.prefill_rate);
                    prefill_window(self.terms.batch, left, Some(rate))
                }
                Phase::Decode => decode_window(self.gap_p99()),
                Phase::Drain => constant(DRAIN_WINDOW),
                Phase::Exit => constant(EXIT_WINDOW),
            })
    }

    /// How long nothing had advanced at the last call, our own gaps left out.
    #[must_use]
    pub fn silent_for(&self) -> Duration {
        self.clock.now().saturating_sub(self.progress_at)
    }

    /// For how long in all nobody watched.
    #[must_use]
    pub fn missed(&self) -> Duration {
        self.clock.missed()
    }

    /// Time per token in this run, once there are two pieces.
    #[must_use]
    pub fn speed(&self) -> Option<MsPerToken> {
        self.tokens.speed()
    }

    /// 99th percentile of the gaps between tokens: this run's once it has learned it, else the
    /// expected one.
    #[must_use]
    pub fn gap_p99(&self) -> Option<Known<Duration>> {
        self.tokens
            .gap_p99()
            .filter(|_| self.tokens.has_learned())
            .map(|p99| Known::new(p99, Source::ThisRun))
            .or(self.terms.expected.gap_p99)
    }

    fn take(
        &mut self,
        now: Duration,
        event: Event<'_>,
        findings: &mut Vec<Finding>,
    ) -> Option<Verdict> {
        match event {
            Event::Entered(phase) => self.enter(now, phase),
            Event::PromptGiven => self.prompt_given = true,
            Event::Text { tokens, piece } => return self.take_text(now, tokens, piece),
            Event::Beside => {
                if matches!(self.phase, Phase::Prefill | Phase::Decode) {
                    self.advance(now);
                }
            }
            Event::PromptProgress { processed, total } => {
                self.enter(now, Phase::Prefill);
                if self.phase == Phase::Prefill && self.prompt.report(now, processed, total) {
                    self.advance(now);
                }
            }
            Event::Counters(counters) => self.take_counters(now, counters),
            Event::LogLine(line) => {
                if self.phase <= Phase::Load && self.shapes.is_new(line) {
                    self.advance(now);
                }
            }
            Event::Sample(sample) => return self.take_sample(now, sample, findings),
            Event::Alive(_) | Event::Tick => {}
        }
        None
    }

    fn enter(&mut self, now: Duration, phase: Phase) {
        if phase <= self.phase {
            return;
        }
        if (self.phase, phase) != (Phase::Prefill, Phase::Decode) {
            self.evidence.new_kind_of_work();
        }
        self.phase = phase;
        self.entered_at = now;
        if phase >= Phase::Prefill {
            self.loaded_at.get_or_insert(now);
            self.prompt.entered(now);
        }
        self.advance(now);
    }

    fn advance(&mut self, now: Duration) {
        self.progress_at = now;
        self.evidence.advanced();
        self.said_backpressure = false;
        self.judged = false;
        self.explained_at = None;
    }

    fn take_text(&mut self, now: Duration, tokens: u32, piece: &[u8]) -> Option<Verdict> {
        if tokens == 0 && piece.is_empty() || self.phase == Phase::Exit {
            return None;
        }
        self.enter(now, Phase::Decode);
        self.advance(now);
        if self.phase != Phase::Decode {
            return None;
        }
        self.tokens.arrived(now, tokens);
        let period = self.repeats.push(tokens, piece)?;
        self.terms.loop_guard.then_some(Verdict::Looping { period })
    }

    fn take_counters(&mut self, now: Duration, new: Counters) {
        if !matches!(self.phase, Phase::Prefill | Phase::Decode) {
            return;
        }
        let old = &mut self.counters;
        // Some builds count a batch as they begin it: of the first number nothing can be said. For the
        // same reason these numbers teach nothing about the time of a batch.
        let evaluated = old.prompt_tokens.max(Some(self.prompt.processed()));
        let mut advanced = old.prompt_tokens.is_some() && new.prompt_tokens > evaluated;
        advanced |= new.decoded > old.decoded.max(Some(self.tokens.tokens()));
        // It counts from the start of the server: of the first number nothing can be said.
        advanced |= old.decode_calls.is_some() && new.decode_calls > old.decode_calls;
        old.prompt_tokens = old.prompt_tokens.max(new.prompt_tokens);
        old.decoded = old.decoded.max(new.decoded);
        old.decode_calls = old.decode_calls.max(new.decode_calls);
        if advanced {
            self.advance(now);
        }
    }

    fn take_sample(
        &mut self,
        now: Duration,
        sample: Sample,
        findings: &mut Vec<Finding>,
    ) -> Option<Verdict> {
        self.awaiting = false;
        self.blind = false;
        if sample.state == Some(GroupState::Gone) {
            return Some(Verdict::Gone);
        }
        let taken = self.evidence.take(now, sample);
        if taken.read && self.phase <= Phase::Load {
            self.advance(now);
        }
        if !taken.compared {
            return None;
        }
        match self.evidence.blocked() {
            Some(Blocked::ReadingInput) if self.prompt_given => {
                return Some(Verdict::WaitingForInput { phase: self.phase });
            }
            Some(Blocked::WritingPipe) if !self.said_backpressure => {
                self.said_backpressure = true;
                findings.push(Finding::Backpressure);
            }
            _ => {}
        }
        self.say_slow(now, findings);
        let stall = self.idle(now).or_else(|| self.judge(now));
        stall.map(Verdict::Stalled)
    }

    /// A stall, where samples are asked for and do not come.
    fn judge_unseen(&mut self, now: Duration) -> Option<Stall> {
        if self.blind { self.judge(now) } else { None }
    }

    /// What the group is doing now. A trace is warm for less than a window, so that what it did before
    /// it fell silent is forgotten when its window ends.
    fn judgement(&self, now: Duration) -> Judgement {
        let recent = self.window().length.min(IDLE_LOOK) * 3 / 4;
        self.evidence.judge(now, recent)
    }

    fn judge(&mut self, now: Duration) -> Option<Stall> {
        let window = self.window();
        let silent_for = self.silent_for();
        if silent_for < window.length {
            return None;
        }
        self.judged = true;
        let judgement = self.judgement(now);
        if matches!(judgement.cause, Cause::TooSlow(_)) {
            self.explained_at = Some(now);
        }
        let patience = window.length.saturating_mul(judgement.windows);
        // Whoever was throttled for long and then computes has not been spinning meanwhile.
        let since = match self.explained_at {
            Some(at) if judgement.cause == Cause::Spin => at,
            _ => self.progress_at,
        };
        let longest = window.length.saturating_mul(SLOW_WINDOWS);
        let longest = self.progress_at.saturating_add(longest);
        let due = since.saturating_add(patience).min(longest);
        // What is extended ends with the last sample within its time.
        let last = judgement.windows > 1 && now + SAMPLE_EVERY > due;
        let stall = Stall {
            cause: judgement.cause,
            phase: self.phase,
            window,
            patience: due.saturating_sub(self.progress_at),
            silent_for,
        };
        (now >= due || last)
            .then_some(stall)
            .filter(|_| self.comes_before_budget(due))
    }

    /// A stall by the rule of idleness.
    fn idle(&self, now: Duration) -> Option<Stall> {
        let computes = match self.phase {
            Phase::Load => false,
            Phase::Prefill | Phase::Decode => self.terms.expected.computes_on_cpu,
            Phase::Spawn | Phase::Drain | Phase::Exit => return None,
        };
        let idle_since = self.evidence.telling_idle_since(computes)?;
        let since = idle_since.max(self.progress_at);
        let window = self.window();
        // Whoever sets a window wants that one.
        if window.source == Source::Fixed {
            return None;
        }
        let stall = Stall {
            cause: Cause::Idle,
            phase: self.phase,
            window,
            patience: IDLE_LOOK,
            silent_for: self.silent_for(),
        };
        let due = since.saturating_add(IDLE_LOOK);
        (now >= due && window.length > stall.silent_for)
            .then_some(stall)
            .filter(|_| self.comes_before_budget(due))
    }

    /// Whether a stall was due before the budget. At the same instant the budget is: it is arithmetic,
    /// where a stall has yet to be confirmed.
    fn comes_before_budget(&self, due: Duration) -> bool {
        let due = self.clock.on_wall(due);
        self.budget_end().is_none_or(|(end, _)| due < end)
    }

    /// When the processes are to be looked at next. The first look is one span after the spawn: a run that
    /// is over by then is never looked at.
    fn next_sample(&self) -> Duration {
        let Some(last) = self.evidence.looked_at().max(self.asked_at) else {
            return self.terms.spawned.saturating_add(SHORTEST_SPAN);
        };
        let window_end = self.progress_at.saturating_add(self.window().length);
        let confirm = window_end.saturating_add(CONFIRM_AFTER);
        let earliest = last.max(self.progress_at).saturating_add(SHORTEST_SPAN);
        let at_work = last.saturating_add(SAMPLE_AT_WORK);
        on_grid(confirm, earliest).min(at_work)
    }
}

/// The first time that is whole steps of [`SAMPLE_EVERY`] away from `anchor` and not before `earliest`:
/// so a sample of one such step ends [`CONFIRM_AFTER`] the end of the window.
fn on_grid(anchor: Duration, earliest: Duration) -> Duration {
    let step = SAMPLE_EVERY.as_nanos();
    let ahead = anchor.as_nanos() % step;
    let steps = earliest.as_nanos().saturating_sub(ahead).div_ceil(step);
    let nanos = u64::try_from(steps * step + ahead).unwrap_or(u64::MAX);
    Duration::from_nanos(nanos)
}
