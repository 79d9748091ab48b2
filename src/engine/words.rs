//! The end of a generation, and what slows it, in words for people.

use std::fmt;
use std::time::Duration;

use super::outcome::{End, Interruption};
use crate::units::duration::{exact, short};
use crate::watchdog::{
    BudgetKind, Cause, Overrun, Phase, Projection, Slow, Source, Stall, Why, Window,
};

/// A silence that is not worth a word.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

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

/// A line that says slow, long before anything is called dead: phase, how long, how fast, how long it
/// takes in all, why, what helps.
#[must_use]
pub fn slow(slow: &Slow) -> String {
    let figures = figures(slow).map_or_else(String::new, |figures| format!(" ({figures})"));
    let silence = if slow.silent_for < SHORTEST_SILENCE {
        String::new()
    } else {
        format!("; nothing new for {}", short(slow.silent_for))
    };
    format!(
        "slow, not hung: {} for {}{figures}{silence}; it is {}",
        slow.phase,
        short(slow.lasts),
        reason(slow)
    )
}

/// The same for a line that shows the phase and the time already.
#[must_use]
pub fn slow_in_short(slow: &Slow) -> String {
    let figures = figures(slow).map_or_else(String::new, |figures| format!("{figures} · "));
    format!("{figures}slow: {}", reason(slow))
}

/// How fast it is, and how long the phase takes in all.
fn figures(slow: &Slow) -> Option<String> {
    let expected = short(slow.expected?);
    let speed = slow.speed.map(|speed| match speed.source {
        Source::ThisRun => speed.value.to_string(),
        _ => format!("{} as in earlier runs", speed.value),
    });
    let usual = slow.usual;
    let usual = usual.map_or_else(String::new, |usual| format!(", {usual} in earlier runs"));
    Some(match speed {
        Some(speed) => format!("at most {expected} at {speed}{usual}"),
        None => format!("{expected} in earlier runs"),
    })
}

/// Why it is slow, and what helps, to follow "is".
fn reason(slow: &Slow) -> String {
    let advice = match slow.why {
        Why::Throttled => "; no more threads than the quota has CPUs help (threads)",
        Why::Paging if slow.phase == Phase::Load => {
            "; the next start finds in memory what was read, if there is room for it"
        }
        Why::Paging => {
            "; the model does not fit into free memory: a smaller one, or less context, helps"
        }
        Why::Oversubscribed => "; fewer threads help (threads)",
        Why::StopAndGo | Why::Unknown => "",
    };
    format!("{}{advice}", slowed(slow.why))
}

/// What a fixed limit will do, with the arithmetic and the remedy.
#[must_use]
pub fn projection(projection: &Projection) -> String {
    let Projection {
        speed,
        tokens,
        needed,
        limit,
        cut_after,
        fitting,
        suggested,
        ..
    } = projection;
    let earlier = match speed.source {
        Source::ThisRun => "",
        Source::Prior => ", as fast as this machine's memory can be read,",
        _ => " (measured in earlier runs)",
    };
    let limit = exact(*limit);
    let remedy = match fitting {
        0 => " or \"auto\"".to_owned(),
        fitting => format!(", \"auto\", or max_tokens {fitting}"),
    };
    // As one word of a command line.
    let suggested = exact(*suggested).replace(' ', "");
    let plural = if *tokens == 1 { "" } else { "s" };
    format!(
        "at {}{earlier} {tokens} token{plural} need {}; the {limit} limit will cut after about \
         {cut_after}: use --timeout {suggested}{remedy}",
        speed.value,
        short(*needed),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::MsPerToken;
    use crate::watchdog::{Known, Phase};

    fn secs(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn throttled() -> Slow {
        let speed = |ms| MsPerToken::new(ms).expect("a speed");
        Slow {
            why: Why::Throttled,
            phase: Phase::Decode,
            lasts: secs(35.0),
            silent_for: secs(0.3),
            window: Window {
                length: secs(16.0),
                source: Source::ThisRun,
            },
            speed: Some(Known::new(speed(800.0), Source::ThisRun)),
            usual: Some(speed(40.0)),
            expected: Some(secs(204.8)),
        }
    }

    #[test]
    fn slow_is_said_with_speed_time_reason_and_remedy() {
        assert_eq!(
            slow(&throttled()),
            "slow, not hung: generating for 35.0 s (at most 3 min 25 s at 800 ms/token, 40.0 ms/token in \
             earlier runs); it is throttled by a CPU quota; no more threads than the quota has CPUs help \
             (threads)"
        );
        assert_eq!(
            slow_in_short(&throttled()),
            "at most 3 min 25 s at 800 ms/token, 40.0 ms/token in earlier runs · slow: throttled by a CPU \
             quota; no more threads than the quota has CPUs help (threads)"
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let unknown = Slow {
            why: Why::Unknown,
            silent_for: secs(6.0),
            speed: None,
            usual: None,
            expected: None,
            ..throttled()
        };
        assert_eq!(
            slow(&unknown),
            "slow, not hung: generating for 35.0 s; nothing new for 6.0 s; it is at work"
        );
        let load = Slow {
            phase: Phase::Load,
            why: Why::Paging,
            expected: Some(secs(2.0)),
            ..unknown
        };
        assert_eq!(
            slow(&load),
            "slow, not hung: loading the model for 35.0 s (2.0 s in earlier runs); nothing new for 6.0 s; \
             it is waiting for the disk; the next start finds in memory what was read, if there is room \
             for it"
        );
        let decode = Slow {
            phase: Phase::Decode,
            expected: None,
            ..load
        };
        assert_eq!(
            slow(&decode),
            "slow, not hung: generating for 35.0 s; nothing new for 6.0 s; it is waiting for the disk; the \
             model does not fit into free memory: a smaller one, or less context, helps"
        );
    }
}
