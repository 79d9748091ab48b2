//! The wish that we end: Ctrl-C, a lost terminal, a polite kill.

use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use crate::engine::Interruption;

/// Signals closer together are one wish: `timeout -s INT` signals its child and then the whole
/// group, and nobody presses Ctrl-C twice in this time.
const SAME_WISH: Duration = Duration::from_millis(200);

/// Receives the signals that ask us to end. From its making on they end nothing by themselves.
#[derive(Debug)]
pub struct Interrupts {
    interrupt: Signal,
    hang_up: Signal,
    terminate: Signal,
    last: Option<(Interruption, Instant)>,
}

impl Interrupts {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system's, when a handler cannot be installed.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            last: None,
        })
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) -> Interruption {
        loop {
            let interruption = self.receive().await;
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

    async fn receive(&mut self) -> Interruption {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Interruption::Interrupt,
            Some(()) = self.hang_up.recv() => Interruption::HangUp,
            Some(()) = self.terminate.recv() => Interruption::Terminate,
            // The streams end only with the runtime.
            else => std::future::pending().await,
        }
    }
}
