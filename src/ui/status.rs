//! The line that says what a long command is at, and how long it still takes.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::Console;

/// How often the line moves on a terminal.
const FRAME: Duration = Duration::from_millis(120);
/// How often a line is written elsewhere, as into the log of a nightly job.
const PLAIN_EVERY: Duration = Duration::from_secs(15);

/// The line, on standard error: one that moves on a terminal, a new one now and then elsewhere. Dropping it
/// takes it away.
#[derive(Debug)]
pub struct Status {
    console: Console,
    bar: Option<ProgressBar>,
    told: Option<Instant>,
}

impl Status {
    /// A line that says nothing yet.
    #[must_use]
    pub fn new(console: Console) -> Self {
        let bar = (console.stderr_is_terminal && !console.quiet).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(FRAME);
            bar
        });
        Self {
            console,
            bar,
            told: None,
        }
    }

    /// Says what is being done.
    pub fn say(&mut self, line: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(line.to_owned());
        } else if self.told.is_none_or(|told| told.elapsed() >= PLAIN_EVERY) {
            self.told = Some(Instant::now());
            self.console.aside(&line);
        }
    }

    /// Says something that stays.
    pub fn note(&self, note: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.console.note(&note)),
            None => self.console.note(&note),
        }
    }
}

impl Drop for Status {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
