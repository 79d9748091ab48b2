//! The end of a generation, and what slows it, in words for people.

use std::fmt;

use super::outcome::{End, Interruption};
use crate::units::duration::{exact, short};
use crate::watchdog::{BudgetKind, Cause, Overrun, Slow, Source, Stall, Why, Window};

/// The reason for the end, to follow "stopped: ".
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndOfText => f.write_str("end of text"),
            Self::StopWord(word) => write!(f, "stop sequence {word:?}"),
            Self::TokenLimit => f.write_str("token limit (max_tokens, -n)"),
            Self::Formed => f.write_str("prompt formed"),
            Self::ContextFull => f.write_str("context full"),
            Self::Interrupted(Interruption::Interrupt) => f.write_str("interrupted"),
            Self::Interrupted(Interruption::HangUp) => f.write_str("hang-up"),
            Self::Interrupted(Interruption::Terminate) => f.write_str("terminated"),
            Self::OutputClosed => f.write_str("output closed"),
            Self::Budget(overrun) => budget(*overrun, f),
            Self::Stalled(stall) => write!(f, "stalled while {}", stall.phase),
            Self::Looping { period: 1 } => f.write_str("looping, the same token again and again"),
            Self::Looping { period } => {
                write!(f, "looping, the same {period} tokens again and again")
            }
            Self::WaitingForInput(phase) => write!(f, "waiting for input while {phase}"),
            Self::Failed(_) => f.write_str("failed"),
        }
    }
}

fn budget(overrun: Overrun, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Overrun { kind, limit } = overrun;
    match kind {
        BudgetKind::Fixed => write!(f, "time limit of {}", exact(limit)),
        BudgetKind::Load => write!(f, "load limit of {}", exact(limit)),
        BudgetKind::Auto => write!(f, "automatic time limit of {}", short(limit)),
    }
}

impl End {
    /// Why it had to end, and what to do about it; `None` where the reason says it all.
    #[must_use]
    pub fn explained(&self) -> Option<String> {
        let fixed = match self {
            Self::Stalled(stall) => return Some(stalled(stall)),
            Self::Looping { .. } => {
                "the model repeats itself without end: raise the temperature or \
                 sampling.repeat_penalty, or set watch.loops = false if that is what you want"
            }
            Self::WaitingForInput(_) => {
                "the llama process has the whole prompt and waits for more input: an extra \
                 argument makes it interactive, or its build is unusual"
            }
            Self::Budget(Overrun {
                kind: BudgetKind::Auto,
                ..
            }) => {
                "it took three times as long as expected: give it more with --timeout, or \"none\""
            }
            _ => return None,
        };
        Some(fixed.to_owned())
    }
}

fn stalled(stall: &Stall) -> String {
    let Stall {
        cause,
        phase,
        window,
        patience,
        silent_for,
    } = *stall;
    if cause == Cause::Idle {
        return format!(
            "the llama process stalled while {phase}: nothing advanced for {}, and it has used no CPU and \
             moved no byte for {}, as it does when it is at work",
            short(silent_for),
            short(patience)
        );
    }
    let waited = if patience == window.length {
        String::new()
    } else {
        format!(", and {} were waited", short(patience))
    };
    format!(
        "the llama process stalled while {phase}: nothing advanced for {}, and {}; the window is {}{waited}",
        short(silent_for),
        doing(cause),
        in_words(window)
    )
}

/// A window with where it comes from.
fn in_words(window: Window) -> String {
    let source = match window.source {
        Source::Fixed => "set by the profile",
        Source::ThisRun => "from this run",
        Source::History => "from earlier runs",
        Source::Prior => "from this machine's memory bandwidth",
        Source::Constant => "for an unknown machine",
    };
    format!("{} ({source})", short(window.length))
}

/// What stalled processes do instead.
fn doing(cause: Cause) -> String {
    match cause {
        Cause::Hung | Cause::Idle => "it uses no CPU and moves no byte".to_owned(),
        Cause::Spin => "it burns CPU with nothing to show for it".to_owned(),
        Cause::Stopped => "somebody has stopped it (SIGSTOP)".to_owned(),
        Cause::Uninterruptible => {
            "it waits for a device that does not answer, or is frozen (state D)".to_owned()
        }
        Cause::Backpressure => "its output was not read, which is a bug in orchestrate".to_owned(),
        Cause::TooSlow(why) => format!("that it is {} does not explain it", slowed(why)),
        Cause::Unobserved => "this system does not tell what it is doing".to_owned(),
    }
}

/// Why it is slow, to follow "is".
fn slowed(why: Why) -> &'static str {
    match why {
        Why::Throttled => "throttled by a CPU quota",
        Why::Paging => "waiting for the disk",
        Why::Oversubscribed => "short of CPUs",
        Why::StopAndGo => "stopped from outside (SIGSTOP)",
        Why::Unknown => "at work",
    }
}

/// A line that says slow, long before anything is called dead: phase, how long, why, what helps.
#[must_use]
pub fn slow(slow: &Slow) -> String {
    let advice = match slow.why {
        Why::Throttled => "; fewer threads than the quota has CPUs help (threads)",
        Why::Paging => {
            "; the model does not fit into free memory: a smaller one, or less context, helps"
        }
        Why::Oversubscribed => "; fewer threads help (threads)",
        Why::StopAndGo | Why::Unknown => "",
    };
    format!(
        "slow, not hung: {} for {} without progress, as it is {}{advice}",
        slow.phase,
        short(slow.silent_for),
        slowed(slow.why)
    )
}
