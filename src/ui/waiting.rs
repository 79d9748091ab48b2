//! A line that says that something takes a moment.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};
use tokio::time::{Instant, sleep};

use super::Console;
use super::live::{FRAME, SILENCE, spinner_style};
use crate::units::duration;

/// Does some work. Where somebody looks at standard error and it takes longer than a moment, a line there
/// says what is being done, and for how long; it is gone when the work is done.
pub async fn while_waiting<T>(console: Console, what: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    if console.quiet || !console.stderr_is_terminal {
        return work.await;
    }
    let began = Instant::now();
    let mut bar: Option<ProgressBar> = None;
    loop {
        let pause = if bar.is_some() { FRAME } else { SILENCE };
        tokio::select! {
            done = &mut work => {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                return done;
            }
            () = sleep(pause) => {
                let bar = bar.get_or_insert_with(|| {
                    let target = ProgressDrawTarget::stderr();
                    ProgressBar::with_draw_target(None, target).with_style(spinner_style())
                });
                let elapsed: Duration = began.elapsed();
                bar.set_message(format!("{what} · {}", duration::short(elapsed)));
                bar.tick();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_is_done_whether_somebody_looks_or_not() {
        for looks in [true, false] {
            let console = Console {
                stderr_is_terminal: looks,
                stdout_is_terminal: false,
                stdin_is_terminal: false,
                quiet: false,
            };
            let work = async {
                sleep(Duration::from_secs(2)).await;
                7
            };
            assert_eq!(while_waiting(console, "working", work).await, 7);
        }
    }
}
