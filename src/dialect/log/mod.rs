//! One line of what llama.cpp logs, from 2023 to today, as an event.
//!
//! [`LogEvent::parse`] never fails: a line that says nothing of use is [`Fact::Other`]. It strips
//! what may stand before the message (module `prefix`) and then looks for what the engine wants to
//! know: how far the program is, why it stopped, what went wrong, how long things took.

mod facts;
mod prefix;
pub(crate) mod scan;

use std::time::Duration;

pub(super) use facts::{rejected_constraint, slot};

use super::timings::TimingLine;

/// How serious the program says a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For people who debug llama.cpp.
    Debug,
    /// Ordinary.
    Info,
    /// Something may be amiss.
    Warning,
    /// Something went wrong.
    Error,
}

impl Severity {
    fn from_letter(letter: u8) -> Option<Self> {
        match letter {
            b'D' => Some(Self::Debug),
            b'I' => Some(Self::Info),
            b'W' => Some(Self::Warning),
            b'E' => Some(Self::Error),
            _ => None,
        }
    }

    /// From the words of the server's logs of 2023 (`INFO`, `WARN`, `ERR`) and of `--log-jsonl`.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "DEBUG" | "VERB" | "debug" => Some(Self::Debug),
            "INFO" | "info" => Some(Self::Info),
            "WARN" | "WARNING" | "warn" => Some(Self::Warning),
            "ERR" | "ERROR" | "error" => Some(Self::Error),
            _ => None,
        }
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEvent {
    /// How serious it is, where the line or its wording says so.
    pub severity: Option<Severity>,
    /// When it was written, since the start of the program.
    pub at: Option<Duration>,
    /// The line without what stands before its message.
    pub message: String,
    /// What it says.
    pub fact: Fact,
}

/// Which request of a server a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Number of the slot.
    pub id: i32,
    /// Number of the task, -1 before one is assigned.
    pub task: i32,
}

/// A kind of memory that a line reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// The model's weights.
    Model,
    /// The KV cache.
    KvCache,
    /// Buffers for computation.
    Compute,
    /// Buffers for the output.
    Output,
}

/// What a line of the log says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fact {
    /// One of the lines about how long things took.
    Timing(TimingLine),
    /// The model is being loaded.
    LoadStarted,
    /// The model is loaded.
    LoadEnded,
    /// The seed of the sampler.
    Seed(u32),
    /// The prompt is about to be evaluated.
    Generating {
        /// Context size in tokens.
        context: u32,
        /// Logical batch size in tokens.
        batch: u32,
        /// Most tokens to generate; `None` is no limit.
        limit: Option<u32>,
    },
    /// The context is full and the generation ends.
    ContextFull,
    /// The prompt does not fit.
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: u32,
        /// Most tokens that a prompt may have.
        max: u32,
    },
    /// The prompt is empty.
    PromptEmpty,
    /// How many tokens the prompt has.
    PromptTokens(u32),
    /// The context is larger than what the model was trained for.
    AboveTrainedContext {
        /// What the model was trained for, in tokens.
        trained: u32,
        /// What was asked for, in tokens.
        context: u32,
    },
    /// The model ended by itself (builds before September 2024 say so on stderr).
    EndOfText,
    /// The file of the model is missing, no GGUF file, or broken.
    ModelFile,
    /// The model could not be loaded, or no context made for it.
    LoadFailed,
    /// Memory ran out.
    OutOfMemory,
    /// A token could not be computed.
    EvaluationFailed,
    /// The program found itself in a state that must not be, and aborts.
    Aborted,
    /// The program does not know an argument, or does not like its value.
    InvalidArgument,
    /// The program does not take the grammar or the JSON schema, and this is why; where it ends with a
    /// colon, the reason is the next line.
    ConstraintRejected(String),
    /// A server is ready; where it listens, if the line says so.
    Listening(String),
    /// A server has taken some of the prompt.
    PromptProgress {
        /// Whose prompt.
        slot: Option<Slot>,
        /// Tokens so far.
        tokens: u32,
        /// Part of the whole, 0 to 1.
        progress: Option<f64>,
    },
    /// A server has generated some tokens.
    Generated {
        /// For whom.
        slot: Option<Slot>,
        /// Tokens so far.
        tokens: u32,
    },
    /// A server is done with a request.
    Released {
        /// Whose.
        slot: Option<Slot>,
        /// Tokens in its context.
        tokens: u32,
        /// Whether the context was too small for the answer.
        truncated: bool,
    },
    /// How many drafted tokens were right.
    Draft {
        /// Right ones.
        accepted: u32,
        /// All of them.
        generated: u32,
    },
    /// How much memory something takes.
    Buffer {
        /// What takes it.
        what: Memory,
        /// Where, such as `CPU_Mapped`; empty if the line does not say.
        device: String,
        /// How much, in MiB.
        mib: f64,
    },
    /// The sum of the KV cache over all devices, in MiB.
    KvCacheTotal(f64),
    /// Anything else.
    Other,
}

impl LogEvent {
    /// Reads a line, with or without its newline. A JSON object (`--log-jsonl`, the server's logs
    /// of 2023 and 2024) is read too.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let stripped = prefix::strip(line);
        if stripped.message.starts_with('{')
            && let Some(event) = super::json::log_of_object(&stripped.message)
        {
            return event;
        }
        Self::of_message(stripped)
    }

    /// Reads a line that is no JSON object.
    pub(super) fn parse_plain(line: &str) -> Self {
        Self::of_message(prefix::strip(line))
    }

    fn of_message(stripped: prefix::Stripped<'_>) -> Self {
        let fact = facts::read(&stripped.message);
        let wording = || facts::severity_by_wording(&stripped.message);
        Self {
            severity: stripped.severity.or_else(wording),
            at: stripped.at,
            message: stripped.message.into_owned(),
            fact,
        }
    }

    /// Whether this line says why the program cannot go on.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        let serious = self
            .severity
            .is_none_or(|severity| severity == Severity::Error);
        let fatal = matches!(
            self.fact,
            Fact::PromptTooLong { .. }
                | Fact::PromptEmpty
                | Fact::ModelFile
                | Fact::LoadFailed
                | Fact::OutOfMemory
                | Fact::EvaluationFailed
                | Fact::Aborted
                | Fact::InvalidArgument
                | Fact::ConstraintRejected(_)
        );
        serious && fatal
    }
}
