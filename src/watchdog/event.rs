//! What a watchdog is told.

use std::fmt;
use std::time::Duration;

/// What a generation is doing, in the order in which it happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The program starts.
    Spawn,
    /// The model is being loaded.
    Load,
    /// The prompt is being evaluated.
    Prefill,
    /// Tokens are being generated.
    Decode,
    /// The text is complete, and the rest of the output is awaited.
    Drain,
    /// The output has ended, and the end of the process is awaited.
    Exit,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spawn => "starting",
            Self::Load => "loading the model",
            Self::Prefill => "reading the prompt",
            Self::Decode => "generating",
            Self::Drain => "ending its output",
            Self::Exit => "exiting",
        })
    }
}

/// Something that was seen or heard of the child.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A phase began. Phases only go forward: an earlier one, or the same again, is nothing.
    Entered(Phase),
    /// The whole prompt was given. From now on nothing excuses a child that waits for input.
    PromptGiven,
    /// Text of the model. Also begins decoding, where that was not said before.
    Text {
        /// How many tokens it is, where that is known, else 1 per piece.
        tokens: u32,
        /// Its bytes, by which repeated tokens are known. A token may have none.
        piece: &'a [u8],
    },
    /// Another answer of the same process came by something new: progress, which says nothing of the speed
    /// of the one that is judged, and nothing about its phase.
    Beside,
    /// How much of the prompt is evaluated. Also begins prefill, where that was not said before.
    PromptProgress {
        /// Tokens that are evaluated, or being evaluated.
        processed: u64,
        /// Tokens of the prompt.
        total: u64,
    },
    /// Numbers of `/slots` or `/metrics`.
    Counters(Counters),
    /// A whole line of the program's log.
    LogLine(&'a str),
    /// The processes, looked at.
    Sample(Sample),
    /// Something that answered, or twitched, without anything having advanced.
    Alive(Sign),
    /// Time has passed.
    Tick,
}

/// Signs that are no progress. They are events so that tests can hold that they change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// `/health` answered: its thread is not the one that computes.
    Health,
    /// A comment in a stream of server-sent events: a timer sends it, even when decoding is dead.
    Ping,
    /// `/slots` or `/metrics` answered, whatever they said.
    Answered,
    /// `tokens_predicted_total` or `prompt_tokens_total` changed: they are booked in one lump at the
    /// end of a request, which may be another one's.
    RequestTotals,
}

/// Numbers that a llama-server tells when asked; absent is what it does not tell. Only a number above
/// all earlier ones is progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// `n_prompt_tokens_processed` of `/slots`.
    pub prompt_tokens: Option<u64>,
    /// `n_decoded` of `/slots`.
    pub decoded: Option<u64>,
    /// `llamacpp:n_decode_total` of `/metrics`.
    pub decode_calls: Option<u64>,
}

/// What the whole process group is doing. Totals count from the start of the processes; absent is what
/// the platform does not offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// CPU time, of user and system.
    pub cpu: Option<Duration>,
    /// Bytes that calls to read returned, from wherever (`rchar`).
    pub read_chars: Option<u64>,
    /// Bytes that were fetched from storage (`read_bytes`).
    pub read_bytes: Option<u64>,
    /// Bytes that were written, to wherever (`wchar`, or `write_bytes`).
    pub written_bytes: Option<u64>,
    /// Page faults that had to wait for storage.
    pub major_faults: Option<u64>,
    /// How often the group was throttled (`nr_throttled` of its cgroup).
    pub throttled: Option<u64>,
    /// Threads that run or want to.
    pub running_threads: Option<u32>,
    /// CPUs that the group may use.
    pub allowed_cpus: Option<u32>,
    /// The state of its liveliest thread.
    pub state: Option<GroupState>,
    /// What it is blocked in, where it is.
    pub blocked: Option<Blocked>,
}

/// The state of a process group: that of its liveliest thread, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupState {
    /// A thread runs, or wants to (R).
    Running,
    /// A thread waits for a device, uninterruptibly (D).
    Uninterruptible,
    /// Threads wait (S, I).
    Sleeping,
    /// All are stopped (T, t).
    Stopped,
    /// The leader has ended (Z, X) or is not found.
    Gone,
}

/// What a process is blocked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blocked {
    /// Reading its standard input.
    ReadingInput,
    /// Writing to a pipe.
    WritingPipe,
    /// Something else, or nobody can tell.
    Unknown,
}
