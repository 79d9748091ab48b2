//! The exit codes that orchestrate promises, used by every command.

/// How a command ended, as its exit code tells a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked.
    Done = 0,
    /// A bug in orchestrate itself.
    Internal = 1,
    /// The command line was wrong.
    Usage = 2,
    /// A profile or `orchestrate.toml` was wrong.
    Configuration = 3,
    /// llama.cpp is missing, cannot be built or cannot be used.
    LlamaMissing = 4,
    /// The model is missing, corrupt or unsupported.
    Model = 5,
    /// It does not fit in memory.
    Memory = 6,
    /// A llama.cpp process crashed.
    Crashed = 7,
    /// A check that was asked for failed.
    CheckFailed = 8,
    /// The output repeated itself without end.
    Looping = 123,
    /// A time limit ran out.
    TimeBudget = 124,
    /// Nothing advanced any more.
    Stalled = 125,
    /// The terminal went away (SIGHUP).
    HangUp = 129,
    /// Ctrl-C (SIGINT).
    Interrupted = 130,
    /// Asked to end (SIGTERM).
    Terminated = 143,
}

impl Exit {
    /// Every code with its meaning, for the documents: `--help`, the man page, the README.
    pub const ALL: [(Self, &str); 15] = [
        (Self::Done, "done"),
        (Self::Internal, "internal error"),
        (Self::Usage, "usage"),
        (Self::Configuration, "configuration"),
        (Self::LlamaMissing, "llama.cpp missing or unusable"),
        (Self::Model, "model missing, corrupt or unsupported"),
        (Self::Memory, "does not fit in memory"),
        (Self::Crashed, "llama process crashed"),
        (Self::CheckFailed, "a check failed"),
        (Self::Looping, "looping"),
        (Self::TimeBudget, "time budget"),
        (Self::Stalled, "stalled"),
        (Self::HangUp, "hang-up"),
        (Self::Interrupted, "interrupted"),
        (Self::Terminated, "terminated"),
    ];

    /// The number a shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}
