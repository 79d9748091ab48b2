//! What a case says: plain data, as [`parse`](super::parse) makes it of a file.

use std::time::Duration;

use regex::Regex;

use crate::dialect::Program;
use crate::profile::Override;

/// One file of cases.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name: the file's, without `.toml`.
    pub name: String,
    /// One line for people: what must be true.
    pub about: String,
    /// The programs that are put to it, each on its own. `None` leaves it to the profile.
    pub programs: Option<Vec<Program>>,
    /// What is done.
    pub task: Task,
}

impl Case {
    /// Whether it is about a profile of the user, which the command has to name.
    #[must_use]
    pub fn needs_profile(&self) -> bool {
        matches!(&self.task, Task::Generate(generate) if generate.model == Model::Profile)
    }
}

/// What is done.
#[derive(Debug, Clone)]
pub enum Task {
    /// Held against what the build says that it takes: the arguments of these profiles.
    Arguments(Profiles),
    /// A supervised generation.
    Generate(Box<Generate>),
}

/// Whose arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profiles {
    /// Those in the binary.
    Shipped,
    /// Those that can be named here: the user's too.
    All,
}

/// A generation, and what is expected of it.
#[derive(Debug, Clone)]
pub struct Generate {
    /// Which model.
    pub model: Model,
    /// What it is asked.
    pub prompt: String,
    /// Keys of the profile.
    pub settings: Vec<Override>,
    /// What is done to it on the way.
    pub disturbance: Option<Disturbance>,
    /// What must be true in the end.
    pub expect: Expectation,
    /// The same once more, in order.
    pub again: Vec<Again>,
}

/// Which model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// The embedded one.
    Demo,
    /// The embedded one, cut off in the middle of its weights; orchestrate itself does not look at it.
    Corrupt,
    /// The embedded one, but that it is said to be trained for so long a context that it does not end
    /// before somebody ends it.
    Endless,
    /// That of the profile which the command names.
    Profile,
}

/// What is done to a generation on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disturbance {
    /// What.
    pub act: Act,
    /// When.
    pub phase: During,
}

/// What is done to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// It is stopped (SIGSTOP) and left so.
    Freeze,
    /// It is asked to end, as by Ctrl-C.
    Interrupt,
}

/// When it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum During {
    /// As soon as it is started.
    Load,
    /// With its first piece of text.
    Decode,
}

/// The same generation once more.
#[derive(Debug, Clone)]
pub struct Again {
    /// Further keys of the profile.
    pub settings: Vec<Override>,
    /// Whether the text has to be that of the first time, or must not be.
    pub same_text: bool,
}

/// What must be true in the end. What is not set is not asked for.
#[derive(Debug, Clone, Default)]
pub struct Expectation {
    /// Reasons of the end, as `run --json` has them, or `refused`: one of these.
    pub end: Vec<String>,
    /// The exit code of `orchestrate run`.
    pub exit: u8,
    /// The text, to the letter.
    pub text: Option<String>,
    /// What is found in the text.
    pub text_matches: Option<Regex>,
    /// Whether there has to be text.
    pub non_empty: bool,
    /// Tokens that were generated, exactly.
    pub tokens: Option<u64>,
    /// Whether text has to come in more than one piece, and before the end.
    pub streams: bool,
    /// Whether all times are told, and make sense together.
    pub timings_add_up: bool,
    /// What the error says, as `orchestrate run` would tell it.
    pub error_contains: Option<String>,
    /// What a line of llama.cpp's log says.
    pub stderr_contains: Option<String>,
    /// The longest time from the disturbance to the end of the process.
    pub within: Option<Duration>,
    /// The least speed of the generation.
    pub tokens_per_second: Option<f64>,
}

/// The words for reasons of an end.
pub(super) const ENDS: [&str; 11] = [
    "eos",
    "stop",
    "limit",
    "context",
    "budget",
    "stalled",
    "looping",
    "waiting_for_input",
    "interrupted",
    "crashed",
    "refused",
];
