//! The end of a generation: what is still owed, why it ended, what is missing, what was measured.

use std::time::Duration;

use super::{Action, Ended, Generation, Lost, Program};
use crate::dialect::{HowItEnded, Style, Timings};
use crate::engine::outcome::{End, Evidence, Failure, Gaps, Measured, Outcome};
use crate::engine::reading::{TextTail, ms, tpot};
use crate::supervise::{BURST, ExitReport, Ladder, Rung, Status, StopSignal};

/// How long llama-completion may take to print its timings after SIGINT. It takes some milliseconds,
/// or for ever: the handler takes the lock of its log, and where the signal came while a token was
/// being logged, that lock is held (seen: 5 of 40 signals to the embedded model, which logs 3 000
/// tokens per second; next to never with a real one).
const INTERRUPT_PATIENCE: Duration = Duration::from_millis(500);
/// How long it may take to leave after SIGTERM: some milliseconds, unless the machine is overloaded.
const TERMINATE_PATIENCE: Duration = Duration::from_secs(1);

/// How long a llama-server may take to leave after SIGTERM: 0.2 s when idle, 1.2 s while it loads (seen
/// in b11434), and as long as the batch takes that it is evaluating.
const SERVER_PATIENCE: Duration = Duration::from_secs(2);

/// How llama-completion ends when it refuses a model, a prompt or an argument.
const REFUSAL: Status = Status::Code(1);

impl Generation {
    /// SIGINT makes llama-completion print its timings and leave; SIGTERM and SIGKILL follow. A server
    /// has told all that it knows.
    pub(super) fn ladder(&self) -> Ladder {
        let terminate = |patience| Rung {
            signal: StopSignal::Terminate,
            patience,
        };
        match self.terms.program {
            Program::Server { .. } => Ladder::new([terminate(SERVER_PATIENCE)]),
            Program::Completion { .. } => Ladder::new([
                Rung {
                    signal: StopSignal::Interrupt,
                    patience: INTERRUPT_PATIENCE,
                },
                terminate(TERMINATE_PATIENCE),
            ]),
        }
    }

    /// Gives out what the text still owes.
    pub(super) fn finish_text(
        &mut self,
        status: Option<Status>,
        actions: &mut Vec<Action>,
    ) -> TextTail {
        let Some(text) = self.text.take() else {
            return TextTail::default();
        };
        let mut tail = text.finish(&HowItEnded {
            code: match status {
                Some(Status::Code(code)) => Some(code),
                _ => None,
            },
            tokens_generated: self.timings().generated_tokens(),
            max_tokens: self.terms.max_tokens,
            context_full: self.log.context_full,
        });
        self.show(std::mem::take(&mut tail.last.text), actions);
        if let Some(word) = tail.last.stop.take() {
            self.cause.get_or_insert(End::StopWord(word));
        }
        tail
    }

    /// The program's own timings: a server tells them with each token, and logs some of them.
    pub(super) fn timings(&self) -> &Timings {
        self.served.timings.as_ref().unwrap_or(&self.log.timings)
    }

    pub(super) fn finish(
        &mut self,
        now: Duration,
        exit: Result<ExitReport, String>,
        actions: &mut Vec<Action>,
    ) {
        let status = exit.as_ref().ok().map(|report| report.status);
        let tail = self.finish_text(status, actions);
        let unasked = self.cause.is_none();
        let end = match self.cause.take() {
            Some(End::Failed(failure)) => End::Failed(self.log.explained(failure)),
            Some(cause) => cause,
            None => self.judge(exit.as_ref(), tail.end_of_text || self.log.end_of_text),
        };
        let end = match end {
            End::Failed(failure) => End::Failed(self.drill.named(failure)),
            end => end,
        };
        let lost = match status {
            Some(Status::Code(0)) if unasked => self.lost(&tail),
            Some(REFUSAL) if unasked => self.lost_reason(&end),
            _ => Lost::Nothing,
        };
        let measured = self.measure(now, exit.as_ref().ok(), &tail, &end);
        actions.push(Action::Finish(Box::new(Ended {
            outcome: Outcome {
                end,
                measured,
                exit: exit.ok(),
                repetitions: 0,
                places: std::mem::take(&mut self.served.places),
                last_lines: self.log.take_last_lines(),
                evidence: Evidence::default(),
            },
            lost,
        })));
    }

    /// What the program has failed to write before it exited with 0.
    fn lost(&self, tail: &TextTail) -> Lost {
        match self.terms.program {
            Program::Completion {
                style: Style::Logger,
                ..
            } if !tail.complete => Lost::Text,
            // The last of the lines that matter. The others may rightly say nothing: a single token
            // has no time per token.
            Program::Completion {
                style: Style::Logger,
                ..
            } if self.log.timings.total_ms.is_none() => Lost::Timings,
            _ => Lost::Nothing,
        }
    }

    /// Whether the program refused to work and its reason is missing: it logs one before each exit
    /// with 1.
    fn lost_reason(&self, end: &End) -> Lost {
        let logs = matches!(
            self.terms.program,
            Program::Completion {
                style: Style::Logger,
                ..
            }
        );
        match end {
            End::Failed(Failure::Crashed { .. }) if logs && !self.wrote => Lost::Reason,
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
        let served = matches!(self.terms.program, Program::Server { .. });
        if status != Status::Code(0) || served {
            End::Failed(self.log.failure(status, self.last_phase()))
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

    fn measure(
        &self,
        now: Duration,
        exit: Option<&ExitReport>,
        tail: &TextTail,
        end: &End,
    ) -> Measured {
        let timings = self.timings();
        let apart = match self.terms.program {
            Program::Completion { writes_apart, .. } => writes_apart,
            Program::Server { .. } => true,
        };
        let since_spawn = |at: Duration| ms(at.saturating_sub(self.terms.spawned));
        let pieces = self.pieces.without_last(tail.own_writes);
        let counted = (apart && !pieces.is_empty()).then_some(pieces.len() as u64);
        let printed = counted.filter(|_| matches!(self.terms.program, Program::Completion { .. }));
        let told_end = tail.end_of_text.then_some(1);
        let generated = timings.generated_tokens().map(u64::from);
        // Where each piece is a token, the pieces say how many steps there were. Elsewhere the tokens
        // do, but for the end-of-text token, which has no text.
        let told = generated.map(|n| n - u64::from(tail.end_of_text).min(n));
        let one_each = counted.filter(|_| self.pieces.is_one_token_each());
        let tokens_seen = one_each.or(told);
        let tpot_ms = tokens_seen.and_then(|tokens| tpot(pieces, tokens.saturating_sub(1)));
        // Writes that come closer together are read together: their gaps were not seen.
        let seen = apart && tpot_ms.is_none_or(|gap| gap >= ms(BURST));
        let gaps_ms = if seen {
            self.pieces.gaps(tail.own_writes)
        } else {
            Vec::new()
        };
        let generated_tokens = match end {
            // What llama-completion goes on to generate until the signal reaches it is nobody's.
            End::StopWord(_) => printed.or(generated),
            // Its timings say nothing of a single token, which may be the one that ends the text and has
            // no piece; and one that was killed leaves none.
            _ => generated.or(counted).or(told_end),
        };
        Measured {
            load_ms: self.loaded.map(since_spawn).or(timings.load_ms),
            ttft_ms: pieces
                .first()
                .map(|first| ms(first.saturating_sub(self.handed_over()))),
            prompt_ms: timings.prompt_ms,
            prompt_tokens: timings.prompt_tokens.map(u64::from),
            cached_tokens: timings.cached_tokens.map(u64::from),
            generated_tokens,
            ms_per_token: timings.ms_per_token(),
            tpot_ms,
            gaps: Gaps::of(gaps_ms.clone()),
            gaps_ms,
            together: self.drill.together(generated_tokens),
            peak_rss_bytes: exit.map(|report| report.usage.peak_rss_bytes),
            decided_ms: ms(self.decided.unwrap_or(now)),
            total_ms: ms(now),
        }
    }
}
