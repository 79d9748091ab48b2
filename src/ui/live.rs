//! The line that says what a generation is doing, as long as no text says it.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Console;
use crate::engine::Phase;
use crate::units::duration;

/// Nothing is said of what takes less.
const SILENCE: Duration = Duration::from_millis(700);
/// How often the line moves on a terminal.
const FRAME: Duration = Duration::from_millis(100);
/// How often a line is written elsewhere, as into the log of a nightly job.
const PLAIN_EVERY: Duration = Duration::from_secs(15);

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
        if self.console.quiet
            || elapsed < SILENCE
            || (step == Step::Phase(Phase::Decode) && self.text_shows)
        {
            return;
        }
        let line = status(step, elapsed, pieces);
        if self.console.stderr_is_terminal {
            let bar = self.bar.get_or_insert_with(spinner);
            bar.set_message(line);
            bar.tick();
        } else if elapsed >= self.last_plain + PLAIN_EVERY {
            self.last_plain = elapsed;
            self.console.line(&format_args!("{}: {line}", self.name));
        }
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
    // A template that is written here and checked by the test below cannot be wrong.
    let style = ProgressStyle::with_template("{spinner} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template("{spinner} {wide_msg}").is_ok());
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
