//! The state machine of one generation: events and a time in, actions out.
//!
//! It has no clock and touches nothing. `now` is the time since the command was accepted.

use std::fmt;
use std::time::Duration;

use super::drill::{Announced, Beside};
use super::outcome::{End, Failure, Interruption, Outcome};
use super::reading::{Heard, LogReader, PieceClock, TextReader};
use super::served::Served;
use crate::dialect::{PromptProgress, Refusal, StreamEvent, Style, Told};
use crate::supervise::{ExitReport, Ladder};
use crate::watchdog::{self, Counters, Event, Finding, Projection, Sample, Slow, Watchdog};
use asking::Asking;
use drill::Drilling;

/// How long a server may live after it has broken off its answer: one that crashes is gone by then, and
/// its exit says more.
const BROKEN_PATIENCE: Duration = Duration::from_secs(1);

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
    /// The server is ready, and is being asked.
    Asked,
    /// A question is being written to the server.
    Announced(Announced),
    /// The server sent an event of its answer to the last question that was announced.
    Served(Box<StreamEvent>),
    /// Something came of a question beside that.
    Beside(Beside),
    /// The server has formed the prompt, and nothing more is asked of it.
    Formed,
    /// The server does not do what it was asked.
    Refused(Refusal),
    /// The server's answer ended before its last event.
    BrokenOff(String),
    /// Somebody wants it to end.
    Interrupt(Interruption),
    /// Nobody reads the text any more.
    OutputClosed,
    /// The server has told how far it is, or has not.
    Counted(Result<Told, String>),
    /// Its processes were looked at.
    Sample(Box<Sample>),
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
    /// The server listens: ask it.
    Ask,
    /// The prompt is being read.
    Progress(PromptProgress),
    /// Ask the server how far it is.
    Count,
    /// Look at its processes, and say what was seen.
    Sample,
    /// Look at its processes for the last time, for the record.
    Witness,
    /// It is slow: say so.
    Slow(Slow),
    /// The user's limit will cut it: say so.
    Projection(Projection),
    /// Begin to end the process; its answer is of no interest any more.
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
    /// Which program it is.
    pub(super) program: Program,
    /// Most tokens to generate.
    pub(super) max_tokens: u32,
    /// Texts that end the generation.
    pub(super) stop: Vec<String>,
    /// How its progress is judged.
    pub(super) watch: watchdog::Terms,
}

/// Which program generates, as far as it shapes what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// `llama-completion`: the text comes over standard output.
    Completion {
        /// Whether one write of the process arrives as one [`Input::Stdout`].
        writes_apart: bool,
        /// What the program prints besides the model's text.
        style: Style,
    },
    /// `llama-server`: the text comes over HTTP, token by token.
    Server {
        /// Its context in tokens.
        context: u32,
        /// Whether it tells how far it is when it is asked.
        counts: bool,
    },
}

/// One generation.
#[derive(Debug)]
pub(super) struct Generation {
    terms: Terms,
    phase: Phase,
    loaded: Option<Duration>,
    /// Why it was asked to end, once it was.
    cause: Option<End>,
    /// When it was.
    decided: Option<Duration>,
    /// Taken away where the text ends.
    text: Option<TextReader>,
    served: Served,
    /// Whether the model has written anything.
    wrote: bool,
    log: LogReader,
    pieces: PieceClock,
    watchdog: Watchdog,
    asking: Asking,
    drill: Drilling,
}

impl Generation {
    pub(super) fn new(terms: Terms) -> Self {
        Self {
            phase: Phase::Load,
            loaded: None,
            cause: None,
            decided: None,
            text: Some(match terms.program {
                Program::Completion {
                    writes_apart,
                    style,
                } => TextReader::printed(style, writes_apart, &terms.stop),
                Program::Server { .. } => TextReader::served(&terms.stop),
            }),
            served: Served::default(),
            wrote: false,
            log: LogReader::default(),
            pieces: PieceClock::default(),
            // The process is executed already, and what it reads is on its way.
            watchdog: Watchdog::executed(terms.watch),
            asking: Asking::default(),
            drill: Drilling::default(),
            terms,
        }
    }

    /// When [`Input::Tick`] is next of use.
    pub(super) fn deadline(&self) -> Option<Duration> {
        if self.cause.is_some() {
            return None;
        }
        let others = self.broken_at().into_iter().chain(self.ask_at());
        self.watchdog.deadline().into_iter().chain(others).min()
    }

    /// When time is up that the user has set, or that of a server that has broken off: for a caller who
    /// does not read the output meanwhile. Of a silence that is our own the watchdog must not be asked.
    pub(super) fn hard_deadline(&self) -> Option<Duration> {
        if self.cause.is_some() {
            return None;
        }
        let fixed = self.watchdog.fixed_end();
        fixed.into_iter().chain(self.broken_at()).min()
    }

    /// Until when a server may live that has broken off its answer.
    fn broken_at(&self) -> Option<Duration> {
        let (at, _) = self.served.broken_off.as_ref()?;
        Some(at.saturating_add(BROKEN_PATIENCE))
    }

    /// Takes an event and decides.
    pub(super) fn handle(&mut self, now: Duration, input: Input) -> Vec<Action> {
        let mut actions = Vec::new();
        self.asking.hear(now, &input);
        match input {
            Input::Stdout(bytes) => self.take_output(now, &bytes, &mut actions),
            Input::Stderr(bytes) => self.take_log(now, &bytes, &mut actions),
            Input::Asked => self.loaded(now, &mut actions),
            Input::Announced(announced) => self.take_announced(now, announced, &mut actions),
            Input::Served(event) => self.take_event(now, *event, &mut actions),
            Input::Beside(beside) => self.take_beside(now, beside, &mut actions),
            Input::Formed => self.stop(End::Formed, &mut actions),
            Input::Refused(refusal) => {
                self.stop(End::Failed(Served::refused(refusal)), &mut actions);
            }
            Input::BrokenOff(detail) => {
                self.served.broken_off.get_or_insert((now, detail));
            }
            Input::Interrupt(_) if self.cause.is_some() => actions.push(Action::Kill),
            Input::Interrupt(interruption) => {
                self.stop(End::Interrupted(interruption), &mut actions);
            }
            Input::OutputClosed => self.stop(End::OutputClosed, &mut actions),
            Input::Counted(told) => self.take_count(now, told, &mut actions),
            Input::Sample(sample) => self.watch(now, Event::Sample(*sample), &mut actions),
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
        if self.broken_at().is_some_and(|at| now >= at)
            && let Some((_, detail)) = self.served.broken_off.take()
        {
            self.stop(End::Failed(Failure::BrokenOff { detail }), &mut actions);
        }
        if self.watchdog.deadline().is_some_and(|at| now >= at) {
            self.watch(now, Event::Tick, &mut actions);
        }
        self.ask_if_silent(now, &mut actions);
        if self.cause.is_some() {
            self.decided.get_or_insert(now);
        }
        actions
    }

    /// Tells the watchdog, and does what it finds. What is being ended is not watched: its ladder has
    /// an end of its own.
    fn watch(&mut self, now: Duration, event: Event<'_>, actions: &mut Vec<Action>) {
        if self.cause.is_some() {
            return;
        }
        for finding in self.watchdog.handle(now, event) {
            match finding {
                Finding::Sample => actions.push(Action::Sample),
                Finding::Slow(slow) => actions.push(Action::Slow(slow)),
                Finding::Projection(projection) => actions.push(Action::Projection(projection)),
                Finding::Backpressure => actions.push(Action::Log(
                    "orchestrate: the program waits for its output to be read".to_owned(),
                )),
                Finding::End(verdict) => {
                    if let Some(end) = End::of(verdict) {
                        actions.push(Action::Witness);
                        self.stop(end, actions);
                    }
                }
            }
        }
    }

    fn take_output(&mut self, now: Duration, bytes: &[u8], actions: &mut Vec<Action>) {
        // A server's standard output is one more log.
        if matches!(self.terms.program, Program::Server { .. }) {
            return self.take_log(now, bytes, actions);
        }
        self.take_text(now, bytes, 1, actions);
    }

    fn take_log(&mut self, now: Duration, bytes: &[u8], actions: &mut Vec<Action>) {
        for line in self.log.push(bytes) {
            self.take_line(now, line, actions);
        }
    }

    /// An event of a server's answer. What comes after the wish to end is nobody's.
    fn take_event(&mut self, now: Duration, event: StreamEvent, actions: &mut Vec<Action>) {
        let is_nobodys = self.cause.is_some() || self.is_waiting_for_others();
        if is_nobodys || self.rehearses(now, &event, actions) {
            return;
        }
        let before = self.served.generated();
        let content = self.served.learn(event, self.terms.max_tokens);
        if let Some(progress) = self.served.progress.take() {
            if !self.watch_prompt(now, 0, progress, actions) {
                return;
            }
            actions.push(Action::Progress(progress));
        }
        // A token without text is one more, too; and what is told later is held against this number.
        let counters = Counters {
            decoded: self.timings().generated_tokens().map(u64::from),
            ..Counters::default()
        };
        self.watch(now, Event::Counters(counters), actions);
        if !content.is_empty() {
            let tokens = self.served.generated().saturating_sub(before);
            self.take_text(now, content.as_bytes(), tokens, actions);
        }
        if let Some(end) = self.served.end.take() {
            // A stop sequence came first.
            if self.text.is_some() {
                self.finish_text(None, actions);
            }
            self.end_answer(now, end, actions);
        }
    }

    /// llama-completion refuses a prompt that leaves less room than this; llama-server would take it.
    fn prompt_too_long(&self, progress: PromptProgress) -> Option<Failure> {
        let Program::Server { context, .. } = self.terms.program else {
            return None;
        };
        Served::prompt_too_long(progress.total, context)
    }

    /// A piece of text, of so many tokens; 0 is one of which nobody told.
    fn take_text(&mut self, now: Duration, bytes: &[u8], tokens: u32, actions: &mut Vec<Action>) {
        // What comes after a stop sequence is nobody's text.
        let Some(text) = &mut self.text else { return };
        let (step, late) = text.push(bytes);
        self.pieces.arrived(now, tokens);
        self.enter(Phase::Decode, actions);
        self.show(step.text, actions);
        self.watch_text(now, bytes, actions);
        if let Some(word) = step.stop {
            self.text = None;
            self.pieces.forget_last(late);
            self.end_answer(now, End::StopWord(word), actions);
        }
    }

    fn show(&mut self, text: String, actions: &mut Vec<Action>) {
        if !text.is_empty() {
            self.wrote = true;
            actions.push(Action::Show(text));
        }
    }

    fn take_line(&mut self, now: Duration, line: String, actions: &mut Vec<Action>) {
        let served = matches!(self.terms.program, Program::Server { .. });
        self.watch(now, Event::LogLine(&line), actions);
        match self.log.learn(&line) {
            Heard::Loaded if !served => self.loaded(now, actions),
            Heard::Listening if served => actions.push(Action::Ask),
            _ => {}
        }
        actions.push(Action::Log(line));
    }

    /// The model is loaded, and the prompt handed over.
    fn loaded(&mut self, now: Duration, actions: &mut Vec<Action>) {
        // The two outputs are read one after the other: the first text may be seen before the line
        // that was written before it.
        let first_piece = self.pieces.without_last(0).first().copied();
        let loaded = first_piece.map_or(now, |first| first.min(now));
        self.loaded.get_or_insert(loaded);
        self.asking.ready();
        self.watch(now, Event::Entered(watchdog::Phase::Prefill), actions);
        self.enter(Phase::Prefill, actions);
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
            actions.push(Action::Stop(self.ladder()));
        }
    }
}

mod asking;
#[cfg(test)]
mod asking_tests;
mod drill;
#[cfg(test)]
mod drill_tests;
mod end;
#[cfg(test)]
mod end_tests;
#[cfg(test)]
mod served_tests;
#[cfg(test)]
mod tests;
