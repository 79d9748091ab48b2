//! How far a long piece of work is: a bar on a terminal, an occasional line elsewhere, and nothing for what
//! takes less than a moment.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::Console;

/// Nothing is said of what takes less.
const SILENCE: Duration = Duration::from_millis(700);
/// How often a line is written where nobody watches, as into the log of a nightly job.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

const BYTES: &str = "{prefix} [{bar:28}] {bytes}/{total_bytes} {eta}";
const ITEMS: &str = "{prefix} [{bar:28}] {pos}/{len}";

/// Shows progress; any thread may report it. Goes away when it is dropped.
#[derive(Debug)]
pub struct Progress {
    console: Console,
    what: String,
    total: u64,
    done: AtomicU64,
    began: Instant,
    bar: ProgressBar,
    /// When it was last shown, as time since the beginning.
    shown: Mutex<Option<Duration>>,
}

impl Progress {
    /// Of so many bytes.
    #[must_use]
    pub fn of_bytes(console: Console, what: &str, total: u64) -> Self {
        Self::new(console, what, total, BYTES)
    }

    /// Of so many things.
    #[must_use]
    pub fn of_items(console: Console, what: &str, total: u64) -> Self {
        Self::new(console, what, total, ITEMS)
    }

    fn new(console: Console, what: &str, total: u64, template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        bar.set_prefix(what.to_owned());
        // The templates are constants, and a test parses them.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            console,
            what: what.to_owned(),
            total,
            done: AtomicU64::new(0),
            began: Instant::now(),
            bar,
            shown: Mutex::new(None),
        }
    }

    /// So much more is done.
    pub fn advance(&self, by: u64) {
        let done = self
            .done
            .fetch_add(by, Ordering::Relaxed)
            .saturating_add(by);
        let elapsed = self.began.elapsed();
        if self.console.quiet || elapsed < SILENCE {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.console.stderr_is_terminal {
            if shown.is_none() {
                *shown = Some(elapsed);
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            self.bar.set_position(done);
        } else if elapsed >= shown.unwrap_or_default() + PLAIN_EVERY {
            *shown = Some(elapsed);
            let percent = u128::from(done) * 100 / u128::from(self.total.max(1));
            self.console
                .line(&format_args!("{}: {percent} %", self.what));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_valid() {
        for template in [BYTES, ITEMS] {
            ProgressStyle::with_template(template).expect("valid");
        }
    }
}
