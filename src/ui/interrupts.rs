//! The wish that we end: Ctrl-C, a lost terminal, a polite kill.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::engine::Interruption;

/// Receives the signals that ask us to end. From its making on they end nothing by themselves.
#[derive(Debug)]
pub struct Interrupts {
    interrupt: Signal,
    hang_up: Signal,
    terminate: Signal,
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
        })
    }

    /// Waits for the next one. Cancel safe.
    pub async fn next(&mut self) -> Interruption {
        tokio::select! {
            Some(()) = self.interrupt.recv() => Interruption::Interrupt,
            Some(()) = self.hang_up.recv() => Interruption::HangUp,
            Some(()) = self.terminate.recv() => Interruption::Terminate,
            // The streams end only with the runtime.
            else => std::future::pending().await,
        }
    }
}
