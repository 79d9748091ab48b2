//! Standard output, written by a thread of its own: a reader who is slow, or has stopped reading,
//! holds up the text and nothing else.

use std::io::{self, Write};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::FileType;
use rustix::io::Errno;
use tokio::sync::{mpsc, oneshot};

/// Pieces of text that may wait for the reader. Beyond that the child waits, as it would on a pipe
/// of its own.
const PIECES_IN_FLIGHT: usize = 1024;

/// The way to standard output.
#[derive(Debug)]
pub struct Output {
    pieces: mpsc::Sender<String>,
    result: oneshot::Receiver<io::Result<()>>,
}

/// Whoever reads standard output.
#[derive(Debug)]
pub struct Reader {
    gone: oneshot::Receiver<()>,
}

impl Output {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// The system's, when it cannot be started.
    pub fn start() -> io::Result<(Self, Reader)> {
        let (pieces, waiting) = mpsc::channel(PIECES_IN_FLIGHT);
        let (done, result) = oneshot::channel();
        let (leave, gone) = oneshot::channel();
        watch_reader(leave)?;
        thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(move || {
                let _ = done.send(write_all(waiting));
            })?;
        Ok((Self { pieces, result }, Reader { gone }))
    }

    /// Waits until there is room for a piece. Cancel safe.
    pub async fn room(&self) -> Room<'_> {
        Room(self.pieces.reserve().await.ok())
    }

    /// Room for a piece, where there is some at once.
    #[must_use]
    pub fn room_now(&self) -> Option<Room<'_>> {
        match self.pieces.try_reserve() {
            Ok(permit) => Some(Room(Some(permit))),
            Err(mpsc::error::TrySendError::Closed(())) => Some(Room(None)),
            Err(mpsc::error::TrySendError::Full(())) => None,
        }
    }

    /// Waits until everything is written, or the reader is gone.
    ///
    /// # Errors
    /// The system's reason why it could not be written.
    pub async fn finish(self) -> io::Result<()> {
        drop(self.pieces);
        self.result.await.unwrap_or(Ok(()))
    }
}

impl Reader {
    /// Returns, once, when the reader of a pipe has gone, even while nothing is being written; for
    /// ever silent elsewhere. Cancel safe.
    pub async fn gone(&mut self) {
        // The watcher ends without a word where there is nothing to watch.
        if self.gone.is_terminated() || (&mut self.gone).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Room for one piece.
#[derive(Debug)]
pub struct Room<'a>(Option<mpsc::Permit<'a, String>>);

impl Room<'_> {
    /// Hands over a piece; `false` when nobody reads any more.
    #[must_use]
    pub fn write(self, text: String) -> bool {
        self.0.map(|permit| permit.send(text)).is_some()
    }
}

/// Starts a thread that waits for the reader of a pipe to go: a model may be silent for minutes, and
/// nobody wants its next word. The thread ends with the process.
fn watch_reader(leave: oneshot::Sender<()>) -> io::Result<()> {
    let stdout = io::stdout();
    let is_pipe = rustix::fs::fstat(&stdout)
        .is_ok_and(|found| FileType::from_raw_mode(found.st_mode) == FileType::Fifo);
    if !is_pipe {
        return Ok(());
    }
    let watch = move || {
        // Asked for nothing, poll(2) still tells of an error: the other end is closed.
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        while poll(&mut watched, None) == Err(Errno::INTR) {}
        let _ = leave.send(());
    };
    thread::Builder::new()
        .name("stdout-reader".to_owned())
        .spawn(watch)
        .map(drop)
}

/// Writes pieces as they come, each at once: the reader may be a person.
fn write_all(mut waiting: mpsc::Receiver<String>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    while let Some(text) = waiting.blocking_recv() {
        stdout.write_all(text.as_bytes())?;
        if waiting.is_empty() {
            stdout.flush()?;
        }
    }
    stdout.flush()
}
