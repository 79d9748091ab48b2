//! The three things that a generation reads: text, log lines, and the clock between pieces.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::generation::Phase;
use super::outcome::Failure;
use crate::dialect::{
    Boundaries, Fact, HowItEnded, LogEvent, OutputFilter, Severity, Style, Timings,
};
use crate::supervise::Status;
use crate::text::{LineSplitter, Step, StopMatcher, Utf8Stream};

/// Log lines that are kept for the case of a failure.
const LAST_LINES: usize = 200;

/// Bytes of a program → the model's own text, up to the first stop sequence.
#[derive(Debug, Clone)]
pub(super) struct TextReader {
    /// Takes away what the program itself prints; a server sends the text alone.
    filter: Option<OutputFilter>,
    characters: Utf8Stream,
    stop: StopMatcher,
}

/// The end of the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TextTail {
    /// What was still held back, and the stop sequence that it completed.
    pub(super) last: Step,
    /// Whether the program said that the model ended by itself.
    pub(super) end_of_text: bool,
    /// How many writes at the end were the program's own.
    pub(super) own_writes: usize,
    /// Whether it is sure that nothing was lost between the program and us.
    pub(super) complete: bool,
}

impl TextReader {
    /// A reader of standard output.
    pub(super) fn printed(style: Style, writes_apart: bool, stop: &[String]) -> Self {
        let boundaries = if writes_apart {
            Boundaries::Packets
        } else {
            Boundaries::Unknown
        };
        Self {
            filter: Some(OutputFilter::new(style, boundaries)),
            ..Self::served(stop)
        }
    }

    /// A reader of a server's events.
    pub(super) fn served(stop: &[String]) -> Self {
        Self {
            filter: None,
            characters: Utf8Stream::new(),
            stop: StopMatcher::new(stop),
        }
    }

    /// What may be shown after these bytes, and the stop sequence that they completed; with one, how many
    /// of the last writes came after it.
    pub(super) fn push(&mut self, bytes: &[u8]) -> (Step, usize) {
        let Some(filter) = &mut self.filter else {
            return (self.stop.push(&self.characters.push(bytes)), 0);
        };
        let pieces = filter.push_apart(bytes);
        let mut shown = String::new();
        for (number, piece) in pieces.iter().enumerate() {
            let step = self.stop.push(&self.characters.push(piece));
            shown.push_str(&step.text);
            if step.stop.is_some() {
                let late = pieces.len() - number - 1 + filter.held();
                return (
                    Step {
                        text: shown,
                        ..step
                    },
                    late,
                );
            }
        }
        let step = Step {
            text: shown,
            stop: None,
        };
        (step, 0)
    }

    /// What is still owed when nothing more comes.
    pub(super) fn finish(mut self, how: &HowItEnded) -> TextTail {
        let tail = self
            .filter
            .map(|filter| filter.finish(how))
            .unwrap_or_default();
        let rest = self.characters.push(&tail.text);
        let mut last = self.stop.push(&rest);
        if last.stop.is_none() {
            last.text.push_str(&self.stop.finish());
        }
        TextTail {
            last,
            end_of_text: tail.end_of_text,
            own_writes: tail.own_writes,
            complete: tail.closed,
        }
    }
}

/// What a line of the log means for the course of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing.
    Nothing,
    /// The model is loaded.
    Loaded,
    /// A server takes requests.
    Listening,
}

/// Standard error → timings and the facts that explain an end.
#[derive(Debug, Default)]
pub(super) struct LogReader {
    splitter: LineSplitter,
    last: VecDeque<String>,
    pub(super) timings: Timings,
    pub(super) context_full: bool,
    /// The program said, on standard error, that the model ended by itself (older builds).
    pub(super) end_of_text: bool,
    prompt_too_long: Option<(u32, u32)>,
    /// What is wrong with the grammar or the JSON schema.
    constraint: Option<String>,
    /// The first line that says what is wrong with the model.
    model_error: Option<String>,
    /// The first line that says that something is wrong.
    error: Option<String>,
}

impl LogReader {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        self.splitter.push(bytes)
    }

    pub(super) fn finish(&mut self) -> Option<String> {
        self.splitter.finish()
    }

    /// Understands a line and keeps what it says.
    pub(super) fn learn(&mut self, line: &str) -> Heard {
        let event = LogEvent::parse(line);
        self.timings.take_event(&event);
        // The schema's fault stands on a line of its own.
        if let Some(detail) = self
            .constraint
            .as_mut()
            .filter(|detail| detail.ends_with(':'))
        {
            *detail = format!("{detail} {}", event.message.trim());
        }
        match event.fact {
            Fact::ContextFull => self.context_full = true,
            Fact::EndOfText => self.end_of_text = true,
            Fact::PromptTooLong { tokens, max } => self.prompt_too_long = Some((tokens, max)),
            Fact::ConstraintRejected(ref detail) => {
                self.constraint.get_or_insert_with(|| detail.clone());
            }
            Fact::ModelFile | Fact::LoadFailed | Fact::OutOfMemory => {
                self.model_error
                    .get_or_insert_with(|| event.message.clone());
            }
            _ if event.severity == Some(Severity::Error) => {
                self.error.get_or_insert_with(|| event.message.clone());
            }
            _ => {}
        }
        if self.last.len() == LAST_LINES {
            self.last.pop_front();
        }
        self.last.push_back(line.to_owned());
        match event.fact {
            Fact::LoadEnded | Fact::Generating { .. } => Heard::Loaded,
            Fact::Listening(_) => Heard::Listening,
            _ => Heard::Nothing,
        }
    }

    /// What an unasked end with this status means.
    pub(super) fn failure(&self, status: Status, phase: Phase) -> Failure {
        let by_itself = matches!(status, Status::Code(_));
        // llama-completion aborts there, or exits.
        if let Some(detail) = self.constraint.clone().filter(|_| phase == Phase::Load) {
            return Failure::ConstraintRejected { detail };
        }
        match (&self.prompt_too_long, &self.model_error, &self.error) {
            (Some((tokens, max)), _, _) => Failure::PromptTooLong {
                tokens: *tokens,
                max: *max,
            },
            (None, Some(detail), _) if by_itself && phase == Phase::Load => {
                Failure::ModelRejected {
                    detail: detail.clone(),
                }
            }
            (None, None, Some(detail)) if by_itself && phase == Phase::Load => Failure::Refused {
                detail: detail.clone(),
            },
            _ => Failure::Crashed { status, phase },
        }
    }

    /// The same failure, in the words of the log where they say more.
    pub(super) fn explained(&self, failure: Failure) -> Failure {
        match (&self.constraint, failure) {
            (Some(detail), Failure::ConstraintRejected { .. }) => Failure::ConstraintRejected {
                detail: detail.clone(),
            },
            (_, failure) => failure,
        }
    }

    pub(super) fn take_last_lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.last).into()
    }
}

/// When pieces of text arrived.
#[derive(Debug, Default)]
pub(super) struct PieceClock {
    arrivals: Vec<Duration>,
    /// Which of them brought more than one token.
    lumps: BTreeSet<usize>,
}

impl PieceClock {
    /// A piece of so many tokens arrived.
    pub(super) fn arrived(&mut self, now: Duration, tokens: u32) {
        if tokens > 1 {
            self.lumps.insert(self.arrivals.len());
        }
        self.arrivals.push(now);
    }

    /// Forgets the last `count` pieces.
    pub(super) fn forget_last(&mut self, count: usize) {
        self.arrivals
            .truncate(self.arrivals.len().saturating_sub(count));
    }

    /// The arrivals but for the last `count`, which were the program's own.
    pub(super) fn without_last(&self, count: usize) -> &[Duration] {
        &self.arrivals[..self.arrivals.len().saturating_sub(count)]
    }

    /// Whether each piece is one token, as far as anybody told.
    pub(super) fn is_one_token_each(&self) -> bool {
        self.lumps.is_empty()
    }

    /// The times between tokens, in milliseconds, without the last `count` pieces. A piece of several
    /// tokens ends no such time.
    pub(super) fn gaps(&self, count: usize) -> Vec<f64> {
        let pairs = self.without_last(count).windows(2).enumerate();
        let pairs = pairs.filter(|(first, _)| !self.lumps.contains(&(first + 1)));
        pairs
            .map(|(_, pair)| ms(pair[1].saturating_sub(pair[0])))
            .collect()
    }
}

/// (last − first) / steps in milliseconds.
pub(super) fn tpot(arrivals: &[Duration], steps: u64) -> Option<f64> {
    let (first, last) = (arrivals.first()?, arrivals.last()?);
    (steps > 0 && last > first).then(|| ms(*last - *first) / steps as f64)
}

/// A duration in milliseconds.
pub(super) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
