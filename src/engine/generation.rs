//! The state machine of one generation: events and a time in, actions out.
//!
//! It has no clock and touches nothing. `now` is the time since the command was accepted.

use std::fmt;
use std::time::Duration;

use super::outcome::{End, Failure, Gaps, Interruption, LimitKind, Measured, Outcome};
use super::reading::{LogReader, PieceClock, TextReader, TextTail, gaps, ms, tpot};
use crate::dialect::{HowItEnded, Style};
use crate::profile::Limits;
use crate::supervise::{BURST, ExitReport, Ladder, Rung, Status, StopSignal};

/// How long llama-completion may take to print its timings after SIGINT. It takes some milliseconds,
/// or for ever: the handler takes the lock of its log, and where the signal came while a token was
/// being logged, that lock is held (seen: 5 of 40 signals to the embedded model, which logs 3 000
/// tokens per second; next to never with a real one).
const INTERRUPT_PATIENCE: Duration = Duration::from_millis(500);
/// How long it may take to leave after SIGTERM: some milliseconds, unless the machine is overloaded.
const TERMINATE_PATIENCE: Duration = Duration::from_secs(1);

/// How llama-completion ends when it refuses a model, a prompt or an argument.
const REFUSAL: Status = Status::Code(1);

/// What a generation is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// The process starts and the model is being loaded.
    Load,
    /// The prompt is being evaluated.
    Prefill,
    /// Tokens come.
    Decode,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "loading the model",
            Self::Prefill => "reading the prompt",
            Self::Decode => "generating",
        })
    }
}

/// What happened.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// Bytes on standard output.
    Stdout(Vec<u8>),
    /// Bytes on standard error.
    Stderr(Vec<u8>),
    /// Somebody wants it to end.
    Interrupt(Interruption),
    /// Nobody reads the text any more.
    OutputClosed,
    /// Time has passed.
    Tick,
    /// The process is gone, and all of its group.
    Exited(ExitReport),
    /// The process cannot be collected.
    Lost(String),
}

/// What is to be done.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    /// Show this text of the model.
    Show(String),
    /// A line of the program's log.
    Log(String),
    /// Another phase began.
    Enter(Phase),
    /// Begin to end the process.
    Stop(Ladder),
    /// End it at once.
    Kill,
    /// It is over.
    Finish(Box<Ended>),
}

/// The end of one process.
#[derive(Debug, PartialEq)]
pub(super) struct Ended {
    /// How the generation ended, as far as can be told.
    pub(super) outcome: Outcome,
    /// What the program failed to write.
    pub(super) lost: Lost,
}

/// What a program failed to write before it exited with 0 or 1: llama.cpp (seen in b11434) does not
/// wait for its log thread, which prints text and timings, when it exits (llama.cpp#22142).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// Nothing is missing.
    Nothing,
    /// The text is whole; the timings are missing.
    Timings,
    /// The end of the text may be missing, and with it the reason for the end.
    Text,
    /// It refused to work, and did not say why.
    Reason,
}

/// What a generation needs to know beforehand.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// When the process was spawned, on the clock of `now`.
    pub(super) spawned: Duration,
    /// Whether one write of the process arrives as one [`Input::Stdout`].
    pub(super) writes_apart: bool,
    /// What the program prints besides the model's text.
    pub(super) style: Style,
    /// Most tokens to generate.
    pub(super) max_tokens: u32,
    /// Texts that end the generation.
    pub(super) stop: Vec<String>,
    /// Time limits.
    pub(super) limits: Limits,
}

/// One generation.
#[derive(Debug)]
pub(super) struct Generation {
    terms: Terms,
    phase: Phase,
    loaded: Option<Duration>,
    /// Why it was asked to end, once it was.
    cause: Option<End>,
    /// Taken away where the text ends.
    text: Option<TextReader>,
    /// Whether the model has written anything.
    wrote: bool,
    log: LogReader,
    pieces: PieceClock,
}

impl Generation {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            phase: Phase::Load,
            loaded: None,
            cause: None,
            text: Some(TextReader::new(
                terms.style,
                terms.writes_apart,
                &terms.stop,
            )),
            wrote: false,
            log: LogReader::default(),
            pieces: PieceClock::default(),
            terms,
        }
    }

    /// When [`Input::Tick`] is next of use.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.limit().map(|(at, _)| at)
    }

    /// The limit that runs out first, and what its end would be.
    fn limit(&self) -> Option<(Duration, End)> {
        if self.cause.is_some() {
            return None;
        }
        let end = |kind, limit| End::Budget { kind, limit };
        let Limits { timeout, load } = self.terms.limits;
        let timeout = timeout.map(|limit| (limit, end(LimitKind::Timeout, limit)));
        let load = load.filter(|_| self.phase == Phase::Load).map(|limit| {
            let at = self.terms.spawned.saturating_add(limit);
            (at, end(LimitKind::Load, limit))
        });
        timeout.into_iter().chain(load).min_by_key(|(at, _)| *at)
    }

    /// Takes an event and decides.
    pub(super) fn handle(&mut self, now: Duration, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        match input {
            Input::Stdout(bytes) => self.take_output(now, &bytes, &mut actions),
            Input::Stderr(bytes) => {
                for line in self.log.push(&bytes) {
                    self.take_line(now, line, &mut actions);
                }
            }
            Input::Interrupt(_) if self.cause.is_some() => actions.push(Action::Kill),
            Input::Interrupt(interruption) => {
                self.stop(End::Interrupted(interruption), &mut actions);
            }
            Input::OutputClosed => self.stop(End::OutputClosed, &mut actions),
            Input::Tick => {}
            Input::Exited(report) => {
                if let Some(line) = self.log.finish() {
                    self.take_line(now, line, &mut actions);
                }
                self.finish(now, Ok(report), &mut actions);
                return actions;
            }
            Input::Lost(detail) => {
                self.finish(now, Err(detail), &mut actions);
                return actions;
            }
        }
        if let Some((at, end)) = self.limit()
            && now >= at
        {
            self.stop(end, &mut actions);
        }
        actions
    }

    fn take_output(&mut self, now: Duration, bytes: &[u8], actions: &mut Vec<Action>) {
        // What comes after a stop sequence is nobody's text.
        let Some(text) = &mut self.text else { return };
        let step = text.push(bytes);
        self.pieces.arrived(now);
        self.enter(Phase::Decode, actions);
        self.show(step.text, actions);
        if let Some(word) = step.stop {
            self.text = None;
            self.stop(End::StopWord(word), actions);
        }
    }

    fn show(&mut self, text: String, actions: &mut Vec<Action>) {
        if !text.is_empty() {
            self.wrote = true;
            actions.push(Action::Show(text));
        }
    }

    fn take_line(&mut self, now: Duration, line: String, actions: &mut Vec<Action>) {
        if self.log.learn(&line) {
            // The two outputs are read one after the other: the first text may be seen before the line
            // that was written before it.
            let first_piece = self.pieces.without_last(0).first().copied();
            let loaded = first_piece.map_or(now, |first| first.min(now));
            self.loaded.get_or_insert(loaded);
            self.enter(Phase::Prefill, actions);
        }
        actions.push(Action::Log(line));
    }

    fn enter(&mut self, phase: Phase, actions: &mut Vec<Action>) {
        if phase > self.phase {
            self.phase = phase;
            actions.push(Action::Enter(phase));
        }
    }

    /// Begins to end the process, unless it is being ended.
    fn stop(&mut self, cause: End, actions: &mut Vec<Action>) {
        if self.cause.is_none() {
            self.cause = Some(cause);
            actions.push(Action::Stop(ladder()));
        }
    }

    fn finish(
        &mut self,
        now: Duration,
        exit: Result<ExitReport, String>,
        actions: &mut Vec<Action>,
    ) {
        let status = exit.as_ref().ok().map(|report| report.status);
        let mut tail = TextTail::default();
        if let Some(text) = self.text.take() {
            tail = text.finish(&HowItEnded {
                code: match status {
                    Some(Status::Code(code)) => Some(code),
                    _ => None,
                },
                tokens_generated: self.log.timings.generated_tokens(),
                max_tokens: self.terms.max_tokens,
                context_full: self.log.context_full,
            });
            self.show(std::mem::take(&mut tail.last.text), actions);
            if let Some(word) = tail.last.stop.take() {
                self.cause.get_or_insert(End::StopWord(word));
            }
        }
        let unasked = self.cause.is_none();
        let end = match self.cause.take() {
            Some(cause) => cause,
            None => self.judge(exit.as_ref(), tail.end_of_text || self.log.end_of_text),
        };
        let lost = match status {
            Some(Status::Code(0)) if unasked => self.lost(&tail),
            Some(REFUSAL) if unasked => self.lost_reason(&end),
            _ => Lost::Nothing,
        };
        let measured = self.measure(now, exit.as_ref().ok(), &tail);
        actions.push(Action::Finish(Box::new(Ended {
            outcome: Outcome {
                end,
                measured,
                exit: exit.ok(),
                repetitions: 0,
                last_lines: self.log.take_last_lines(),
            },
            lost,
        })));
    }

    /// What the program has failed to write before it exited with 0.
    fn lost(&self, tail: &TextTail) -> Lost {
        match self.terms.style {
            Style::Logger if !tail.complete => Lost::Text,
            // The last of the lines that matter. The others may rightly say nothing: a single token
            // has no time per token.
            Style::Logger if self.log.timings.total_ms.is_none() => Lost::Timings,
            _ => Lost::Nothing,
        }
    }

    /// Whether the program refused to work and its reason is missing: it logs one before each exit
    /// with 1.
    fn lost_reason(&self, end: &End) -> Lost {
        match (self.terms.style, end) {
            (Style::Logger, End::Failed(Failure::Crashed { .. })) if !self.wrote => Lost::Reason,
            _ => Lost::Nothing,
        }
    }

    /// Why a process ended that nobody has asked to end.
    fn judge(&self, exit: Result<&ExitReport, &String>, end_of_text: bool) -> End {
        let status = match exit {
            Ok(report) => report.status,
            Err(detail) => {
                return End::Failed(Failure::Lost {
                    detail: detail.clone(),
                });
            }
        };
        if status != Status::Code(0) {
            End::Failed(self.log.failure(status, self.phase))
        } else if end_of_text {
            End::EndOfText
        } else if self.log.context_full {
            End::ContextFull
        } else if !self.wrote && self.log.timings.is_empty() {
            End::Failed(Failure::Silent)
        } else {
            End::TokenLimit
        }
    }

    fn measure(&self, now: Duration, exit: Option<&ExitReport>, tail: &TextTail) -> Measured {
        let timings = &self.log.timings;
        let apart = self.terms.writes_apart;
        let since_spawn = |at: Duration| ms(at.saturating_sub(self.terms.spawned));
        let pieces = self.pieces.without_last(tail.own_writes);
        let counted = (apart && !pieces.is_empty()).then_some(pieces.len() as u64);
        let generated = timings.generated_tokens().map(u64::from);
        // Where each piece is a token, the pieces say how many steps there were. Elsewhere the tokens
        // do, but for the end-of-text token, which has no text.
        let tokens_seen = counted.or(generated.map(|n| n - u64::from(tail.end_of_text).min(n)));
        let tpot_ms = tokens_seen.and_then(|tokens| tpot(pieces, tokens.saturating_sub(1)));
        Measured {
            load_ms: self.loaded.map(since_spawn).or(timings.load_ms),
            ttft_ms: pieces.first().copied().map(since_spawn),
            prompt_ms: timings.prompt_ms,
            prompt_tokens: timings.prompt_tokens.map(u64::from),
            cached_tokens: timings.cached_tokens.map(u64::from),
            // A program that was killed leaves no timings; the pieces were counted.
            generated_tokens: generated.or(counted),
            ms_per_token: timings.ms_per_token(),
            tpot_ms,
            gaps: apart.then(|| gaps(pieces)).and_then(Gaps::of).filter(|_| {
                // Writes that come closer together are read together: their gaps were not seen.
                tpot_ms.is_none_or(|gap| gap >= ms(BURST))
            }),
            peak_rss_bytes: exit.map(|report| report.usage.peak_rss_bytes),
            total_ms: ms(now),
        }
    }
}

/// SIGINT makes llama-completion print its timings and leave; SIGTERM and SIGKILL follow.
fn ladder() -> Ladder {
    Ladder::new([
        Rung {
            signal: StopSignal::Interrupt,
            patience: INTERRUPT_PATIENCE,
        },
        Rung {
            signal: StopSignal::Terminate,
            patience: TERMINATE_PATIENCE,
        },
    ])
}

#[cfg(test)]
mod tests;
