//! The line that says what a generation is doing, as long as no text says it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Console;
use crate::engine::Phase;
use crate::units::duration;

/// Nothing is said of what takes less.
pub(super) const SILENCE: Duration = Duration::from_millis(700);
/// How often the line moves on a terminal.
pub(super) const FRAME: Duration = Duration::from_millis(100);
/// How often a line is written elsewhere, as into the log of a nightly job.
const PLAIN_EVERY: Duration = Duration::from_secs(15);

/// How long the line says that it is slow when it is not said again: a little longer than the ten seconds
/// after which it is, if it lasts.
const SLOW_SHOWN: Duration = Duration::from_secs(12);

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A phase of a generation.
    Phase(Phase),
    /// The prompt is being evaluated, and the program tells how far it is.
    Prompt {
        /// Tokens done.
        done: u32,
        /// Tokens in all.
        total: u32,
    },
    /// A router chooses the profile.
    Choosing,
}

/// The line. It is drawn by whoever awaits the generation: no thread, no task.
#[derive(Debug)]
pub struct Live {
    console: Console,
    name: String,
    bar: Option<ProgressBar>,
    last_plain: Duration,
    /// That it is slow, and until when that is said.
    slow: Option<(String, Duration)>,
    /// Whether the text itself goes to the same terminal.
    text_shows: bool,
}

impl Live {
    /// A line for the profile `name`. `text_shows`: the text is printed as it comes, where it is
    /// printed at all on a terminal.
    #[must_use]
    pub fn new(console: Console, name: &str, text_is_printed: bool) -> Self {
        Self {
            console,
            name: name.to_owned(),
            bar: None,
            last_plain: Duration::ZERO,
            slow: None,
            text_shows: text_is_printed && console.stdout_is_terminal,
        }
    }

    /// How long to wait for the next [`Live::draw`]; `None` where nothing is ever said.
    #[must_use]
    pub fn period(&self) -> Option<Duration> {
        match self.console {
            Console { quiet: true, .. } => None,
            Console {
                stderr_is_terminal: true,
                ..
            } => Some(FRAME),
            _ => Some(PLAIN_EVERY),
        }
    }

    /// Says what goes on: `elapsed` since the command, with so many pieces of text.
    pub fn draw(&mut self, step: Step, elapsed: Duration, pieces: usize) {
        if self.console.quiet || elapsed < SILENCE || self.is_hidden(step) {
            return;
        }
        let mut line = status(step, elapsed, pieces);
        if let Some((slow, _)) = self.slow.as_ref().filter(|(_, until)| elapsed < *until) {
            line.push_str(" · ");
            line.push_str(slow);
        }
        if self.console.stderr_is_terminal {
            let bar = self.bar.get_or_insert_with(spinner);
            bar.set_message(line);
            bar.tick();
        } else if elapsed >= self.last_plain + PLAIN_EVERY {
            self.last_plain = elapsed;
            self.console.line(&format_args!("{}: {line}", self.name));
        }
    }

    /// Takes up that it is slow. Where there is no such line to say it in, returns `false`: then it is for
    /// the caller to say it, and nothing else is said for a while.
    pub fn slow(&mut self, step: Step, elapsed: Duration, slow: String) -> bool {
        if !self.console.stderr_is_terminal || self.console.quiet || self.is_hidden(step) {
            self.last_plain = elapsed;
            return false;
        }
        self.slow = Some((slow, elapsed + SLOW_SHOWN));
        true
    }

    /// It has advanced, or is at something else.
    pub fn not_slow(&mut self) {
        self.slow = None;
    }

    /// Whether the text is where the line would be.
    fn is_hidden(&self, step: Step) -> bool {
        step == Step::Phase(Phase::Decode) && self.text_shows
    }

    /// Takes the line away, before anything else is written to the terminal.
    pub fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn status(step: Step, elapsed: Duration, pieces: usize) -> String {
    let elapsed = duration::short(elapsed);
    match step {
        Step::Phase(phase @ Phase::Decode) => {
            let plural = if pieces == 1 { "" } else { "s" };
            format!("{phase} · {pieces} piece{plural} of text · {elapsed}")
        }
        Step::Phase(phase) => format!("{phase} · {elapsed}"),
        Step::Prompt { done, total } => {
            let prefill = Phase::Prefill;
            format!("{prefill} · {done} of {total} tokens · {elapsed}")
        }
        Step::Choosing => format!("choosing a profile · {elapsed}"),
    }
}

fn spinner() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(spinner_style())
}

pub(super) fn spinner_style() -> ProgressStyle {
    // A template that is written here and checked by the test below cannot be wrong.
    ProgressStyle::with_template("{spinner} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template("{spinner} {wide_msg}").is_ok());
    }

    fn console(stderr_is_terminal: bool) -> Console {
        Console {
            stderr_is_terminal,
            stdout_is_terminal: true,
            stdin_is_terminal: false,
            quiet: false,
        }
    }

    #[test]
    fn slow_is_part_of_the_line_where_there_is_one() {
        let now = Duration::from_secs(20);
        let says = |console, text_is_printed, phase| {
            let mut live = Live::new(console, "coder", text_is_printed);
            live.slow(Step::Phase(phase), now, "slow".to_owned())
        };
        assert!(says(console(true), true, Phase::Load));
        assert!(!says(console(true), true, Phase::Decode), "there is text");
        assert!(says(console(true), false, Phase::Decode));
        assert!(!says(console(false), false, Phase::Load), "no terminal");
        let quiet = Console {
            quiet: true,
            ..console(true)
        };
        assert!(!says(quiet, true, Phase::Load));
    }

    #[test]
    fn says_the_phase_and_the_time() {
        let seconds = Duration::from_millis(1300);
        assert_eq!(
            status(Step::Phase(Phase::Load), seconds, 0),
            "loading the model · 1.3 s"
        );
        assert_eq!(
            status(Step::Phase(Phase::Decode), seconds, 7),
            "generating · 7 pieces of text · 1.3 s"
        );
        let half = Step::Prompt {
            done: 512,
            total: 1024,
        };
        assert_eq!(
            status(half, seconds, 0),
            "reading the prompt · 512 of 1024 tokens · 1.3 s"
        );
    }
}
