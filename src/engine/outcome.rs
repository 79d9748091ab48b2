//! How a generation ended, and what was measured on the way.

use std::fmt;
use std::time::Duration;

use super::drill::{Asked, Together};
use crate::dialect::SlotState;
use crate::dialect::choice::Place;
use crate::exit::Exit;
use crate::supervise::{ExitReport, Status, Vitals};
use crate::watchdog::{Overrun, Phase, Stall, Verdict};

/// A generation that is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Why it ended.
    pub end: End,
    /// What was measured.
    pub measured: Measured,
    /// How the process ended, where it could be collected.
    pub exit: Option<ExitReport>,
    /// How often the run was repeated because the program lost its last words.
    pub repetitions: u32,
    /// How likely the tokens were, where the request asked for it and the program tells.
    pub places: Vec<Place>,
    /// The last lines that the program logged, oldest first.
    pub last_lines: Vec<String>,
    /// What its processes were doing, where it had to be ended.
    pub evidence: Evidence,
}

/// What the processes of a generation were doing. Times count from the command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// At the last look but one.
    pub before: Option<(Duration, Vitals)>,
    /// At the last look.
    pub last: Option<(Duration, Vitals)>,
    /// What a server last told of its slots, where it was asked for them.
    pub slots: Option<(Duration, Vec<SlotState>)>,
}

/// Two looks that are closer together show no difference: CPU time is counted in steps of 10 ms.
const SAME_LOOK: Duration = Duration::from_millis(100);

impl Evidence {
    pub(super) fn saw(&mut self, now: Duration, vitals: Vitals) {
        // A verdict follows at once on the look that led to it.
        let again = |at: Duration| now.saturating_sub(at) < SAME_LOOK;
        if self.last.as_ref().is_some_and(|(at, _)| again(*at)) {
            return;
        }
        self.before = self.last.replace((now, vitals));
    }
}

/// Why a generation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The model said so.
    EndOfText,
    /// This stop sequence came.
    StopWord(String),
    /// The most tokens that were asked for have come.
    TokenLimit,
    /// The prompt is formed, and nothing else was asked for.
    Formed,
    /// The context is full.
    ContextFull,
    /// Somebody asked for it.
    Interrupted(Interruption),
    /// Nobody reads the output any more.
    OutputClosed,
    /// A time limit ran out, though something may well have advanced.
    Budget(Overrun),
    /// Nothing advanced any more.
    Stalled(Stall),
    /// The output repeated a passage of so many tokens without end.
    Looping {
        /// Tokens of the passage.
        period: usize,
    },
    /// The process waits for input that nobody gives.
    WaitingForInput(Phase),
    /// It failed.
    Failed(Failure),
}

/// Who asked for the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// Ctrl-C (SIGINT).
    Interrupt,
    /// The terminal went away (SIGHUP).
    HangUp,
    /// SIGTERM.
    Terminate,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The prompt does not fit into the context.
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: u32,
        /// Most tokens that this context takes.
        max: u32,
    },
    /// llama.cpp does not take the model.
    ModelRejected {
        /// Its own words.
        detail: String,
    },
    /// llama.cpp does not take the grammar or the JSON schema.
    ConstraintRejected {
        /// Its own words.
        detail: String,
    },
    /// It ended before the prompt was evaluated, with an error that it named.
    Refused {
        /// Its own words.
        detail: String,
    },
    /// A server does not do what it was asked.
    RequestRefused {
        /// Its own words.
        detail: String,
    },
    /// It ended in a way that is no end of a generation.
    Crashed {
        /// How.
        status: Status,
        /// What it was doing.
        phase: super::Phase,
    },
    /// It ended as if all were well, and had done nothing.
    Silent,
    /// A server broke off its answer, and lives.
    BrokenOff {
        /// What became of the connection.
        detail: String,
    },
    /// It ended before it had written all of its output, and could not be repeated.
    OutputLost,
    /// A question before or beside the measured one came to this.
    InDrill {
        /// Which.
        asked: Asked,
        /// What went wrong.
        failure: Box<Failure>,
    },
    /// It could not be collected: its exit is unknown.
    Lost {
        /// The system's reason.
        detail: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PromptTooLong { tokens, max } => write!(
                f,
                "the prompt has {tokens} tokens and this context takes {max}: shorten it, or raise the \
                 context (-c) as far as the model was trained for"
            ),
            Self::ModelRejected { detail } => {
                write!(f, "llama.cpp cannot use this model: {detail}")
            }
            Self::ConstraintRejected { detail } => write!(
                f,
                "llama.cpp does not take the profile's \"grammar\" or \"json_schema\": {}; correct it, or \
                 set it to \"\"",
                detail.trim().trim_end_matches(" at")
            ),
            Self::Refused { detail } => write!(f, "llama.cpp refused to start: {detail}"),
            Self::RequestRefused { detail } => {
                write!(f, "llama-server refused the request: {detail}")
            }
            Self::Crashed { status, phase } => write!(
                f,
                "the llama process crashed while {phase}: {status}; {}",
                advice(*status)
            ),
            Self::Silent => f.write_str(
                "the llama process ended with exit code 0, but without a token or a timing line",
            ),
            Self::BrokenOff { detail } => {
                write!(f, "llama-server broke off its answer: {detail}")
            }
            Self::OutputLost => f.write_str(
                "the llama process ended before it had written all of its output (llama.cpp#22142): \
                 the end of the text may be missing",
            ),
            Self::InDrill { asked, failure } => write!(f, "{asked}: {failure}"),
            Self::Lost { detail } => write!(f, "the llama process could not be collected: {detail}"),
        }
    }
}

/// What to do about a crash.
fn advice(status: Status) -> &'static str {
    match status {
        Status::Signal(libc::SIGKILL) => {
            "most likely the system was out of memory: lower the context (-c) or take a smaller model"
        }
        Status::Signal(libc::SIGILL) => {
            "it was built for another CPU: build it here with `orchestrate build`"
        }
        _ => "its whole log is kept with --log-file FILE",
    }
}

impl End {
    /// The end that a verdict means; none where the process is gone, whose exit says more.
    pub(super) fn of(verdict: Verdict) -> Option<Self> {
        Some(match verdict {
            Verdict::Stalled(stall) => Self::Stalled(stall),
            Verdict::WaitingForInput { phase } => Self::WaitingForInput(phase),
            Verdict::OverBudget(overrun) => Self::Budget(overrun),
            Verdict::Looping { period } => Self::Looping { period },
            Verdict::Gone => return None,
        })
    }

    /// The word for it in JSON.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::EndOfText => "eos",
            Self::StopWord(_) => "stop",
            Self::TokenLimit => "limit",
            Self::Formed => "formed",
            Self::ContextFull => "context",
            Self::Interrupted(_) | Self::OutputClosed => "interrupted",
            Self::Budget(_) => "budget",
            Self::Stalled(_) => "stalled",
            Self::Looping { .. } => "looping",
            Self::WaitingForInput(_) => "waiting_for_input",
            Self::Failed(_) => "crashed",
        }
    }

    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::EndOfText
            | Self::StopWord(_)
            | Self::TokenLimit
            | Self::ContextFull
            | Self::Formed
            // Whoever closed our output has what they wanted, as with `… | head -1`.
            | Self::OutputClosed => Exit::Done,
            Self::Interrupted(interruption) => interruption.exit(),
            Self::Budget(_) => Exit::TimeBudget,
            Self::Stalled(_) => Exit::Stalled,
            Self::Looping { .. } => Exit::Looping,
            Self::WaitingForInput(_) => Exit::Configuration,
            Self::Failed(failure) => failure.exit(),
        }
    }
}

impl Interruption {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(self) -> Exit {
        match self {
            Self::Interrupt => Exit::Interrupted,
            Self::HangUp => Exit::HangUp,
            Self::Terminate => Exit::Terminated,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "Ctrl-C",
            Self::HangUp => "SIGHUP",
            Self::Terminate => "SIGTERM",
        }
    }
}

impl Failure {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::PromptTooLong { .. } => Exit::Usage,
            Self::ModelRejected { .. } => Exit::Model,
            Self::ConstraintRejected { .. } => Exit::Configuration,
            Self::Refused { .. } | Self::RequestRefused { .. } => Exit::LlamaMissing,
            Self::InDrill { failure, .. } => failure.exit(),
            Self::Crashed { .. }
            | Self::Silent
            | Self::BrokenOff { .. }
            | Self::OutputLost
            | Self::Lost { .. } => Exit::Crashed,
        }
    }
}

/// What was measured; absent is what could not be. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// From the execution of the program to the loaded model.
    pub load_ms: Option<f64>,
    /// From the handing over of the prompt to the first piece of text: llama-completion gets it with the
    /// spawn, a server with the request.
    pub ttft_ms: Option<f64>,
    /// Prompt evaluation, by llama.cpp's own timing.
    pub prompt_ms: Option<f64>,
    /// Tokens that were evaluated for the prompt.
    pub prompt_tokens: Option<u64>,
    /// Prompt tokens that came from a cache.
    pub cached_tokens: Option<u64>,
    /// Tokens that were generated, the end-of-text token included; where the program could not
    /// tell, the pieces that were counted.
    pub generated_tokens: Option<u64>,
    /// Generation time per token, by llama.cpp's own timing.
    pub ms_per_token: Option<f64>,
    /// (last − first piece) / (N − 1), by our own clock, for N tokens that have text.
    pub tpot_ms: Option<f64>,
    /// Time between tokens, where each piece arrived as it was written, and at most one per
    /// millisecond; pieces of several tokens are left out.
    pub gaps: Option<Gaps>,
    /// All of those times, in milliseconds and in their order; empty where `gaps` is absent.
    pub gaps_ms: Vec<f64>,
    /// What all streams came to, where others were asked beside the measured one and all came to their ends.
    pub together: Option<Together>,
    /// Largest resident set of the process, in bytes.
    pub peak_rss_bytes: Option<u64>,
    /// From the command to the decision to end it, or to its own end where nobody decided.
    pub decided_ms: f64,
    /// From the command to the complete result.
    pub total_ms: f64,
}

/// Times between pieces of text, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gaps {
    /// Half of them are at most so long.
    pub p50: f64,
    /// 95 of 100 are.
    pub p95: f64,
    /// 99 of 100 are.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Gaps {
    /// Nearest-rank percentiles (the smallest value with at least that share at or below it);
    /// `None` where there is no gap.
    pub(super) fn of(mut gaps: Vec<f64>) -> Option<Self> {
        gaps.sort_by(f64::total_cmp);
        let max = *gaps.last()?;
        let rank = |percent: usize| gaps[(gaps.len() * percent).div_ceil(100).max(1) - 1];
        Some(Self {
            p50: rank(50),
            p95: rank(95),
            p99: rank(99),
            max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let gaps = Gaps::of((1..=200).rev().map(f64::from).collect()).expect("200 gaps");
        assert_eq!(
            (gaps.p50, gaps.p95, gaps.p99, gaps.max),
            (100.0, 190.0, 198.0, 200.0)
        );
        let one = Gaps::of(vec![7.0]).expect("one gap");
        assert_eq!((one.p50, one.p99, one.max), (7.0, 7.0, 7.0));
        assert_eq!(Gaps::of(Vec::new()), None);
    }
}
