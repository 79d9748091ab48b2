//! The wish that we end: Ctrl-C, a lost terminal, a polite kill.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::engine::Interruption;
use crate::supervise::can_be_continued;

/// Signals closer together are one wish: `timeout -s INT` signals its child and then the whole
/// group, and nobody presses Ctrl-C twice in this time.
const SAME_WISH: Duration = Duration::from_millis(200);

/// Receives the signals that ask us to end. From its making on they end nothing by themselves.
/// Signals that were ignored when we were started stay ignored: that is what `nohup` means.
#[derive(Debug)]
pub struct Interrupts {
    interrupt: Option<Signal>,
    hang_up: Option<Signal>,
    terminate: Option<Signal>,
    last: Option<(Interruption, Instant)>,
}

impl Interrupts {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system's, when a handler cannot be installed.
    pub fn listen() -> io::Result<Self> {
        let ignored = ignored_signals();
        let listen = |kind: SignalKind| {
            let is_ignored = ignored & (1 << (kind.as_raw_value() - 1)) != 0;
            (!is_ignored).then(|| signal(kind)).transpose()
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
            terminate: listen(SignalKind::terminate())?,
            last: None,
        })
    }

    /// Does `work` to its end, or gives it up when one of the signals comes.
    ///
    /// # Errors
    /// Which signal it was; `work` is dropped.
    pub async fn or<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Interruption> {
        tokio::select! {
            interruption = self.next() => Err(interruption),
            done = work => Ok(done),
        }
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) -> Interruption {
        loop {
            let interruption = tokio::select! {
                () = received(&mut self.interrupt) => Interruption::Interrupt,
                () = received(&mut self.hang_up) => Interruption::HangUp,
                () = received(&mut self.terminate) => Interruption::Terminate,
            };
            let now = Instant::now();
            let repeated = self
                .last
                .is_some_and(|(last, at)| last == interruption && now - at < SAME_WISH);
            self.last = Some((interruption, now));
            if !repeated {
                return interruption;
            }
        }
    }
}

/// Receives the wish that we pause: Ctrl-Z (SIGTSTP). From its making on that stops nothing by itself, so
/// that whoever supervises a child can stop it first.
#[derive(Debug)]
pub struct Suspensions(Option<Signal>);

impl Suspensions {
    /// Begins to listen, unless the signal was ignored when we were started, or nobody could continue us.
    ///
    /// # Errors
    /// The system's, when the handler cannot be installed.
    pub fn listen() -> io::Result<Self> {
        let is_ignored = ignored_signals() & (1 << (libc::SIGTSTP - 1)) != 0;
        let is_wanted = !is_ignored && can_be_continued();
        let listen = || signal(SignalKind::from_raw(libc::SIGTSTP));
        Ok(Self(is_wanted.then(listen).transpose()?))
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) {
        received(&mut self.0).await;
    }
}

async fn received(signal: &mut Option<Signal>) {
    let came = match signal {
        Some(signal) => signal.recv().await.is_some(),
        None => false,
    };
    if !came {
        // Not listened to, or the runtime is about to end.
        std::future::pending().await
    }
}

/// The signals that this process ignores, as a mask (bit n − 1 is signal n), by `/proc/self/status`
/// (proc(5)). Where there is none, as on macOS, none is known to be.
fn ignored_signals() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let mask = status
                .lines()
                .find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        })
        .unwrap_or(0)
}
