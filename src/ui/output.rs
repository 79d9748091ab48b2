//! Standard output. A reader who is slow, or has stopped reading, holds up the text and nothing else:
//! what cannot be written at once is written by a thread of its own.
//!
//! What can be written at once is, where that is known beforehand (pipes and files): a thread that is
//! woken for each token costs the child some of the CPU it computes with. Seen: half a millisecond of a
//! run of 128 tokens at 0.2 ms on two cores.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;
use rustix::io::Errno;
use tokio::sync::{mpsc, oneshot};

/// Pieces of text that may wait for the reader. Beyond that the child waits, as it would on a pipe
/// of its own.
const PIECES_IN_FLIGHT: usize = 1024;

/// Bytes that a pipe takes at once when poll(2) calls it writable (POSIX's PIPE_BUF on Linux; macOS
/// promises 512).
const AT_ONCE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// The way to standard output.
#[derive(Debug)]
pub struct Output {
    pieces: mpsc::Sender<Vec<u8>>,
    /// Pieces that the thread has not written yet. Nothing may overtake them.
    unwritten: Arc<AtomicUsize>,
    /// Whether it is known beforehand that a write does not block.
    is_predictable: bool,
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
        let kind = rustix::fs::fstat(io::stdout()).map_or(FileType::Unknown, |found| {
            FileType::from_raw_mode(found.st_mode)
        });
        if kind == FileType::Fifo {
            watch_reader(leave)?;
        }
        let unwritten = Arc::new(AtomicUsize::new(0));
        let written = Arc::clone(&unwritten);
        thread::Builder::new()
            .name("stdout".to_owned())
            .spawn(move || {
                let _ = done.send(write_all(waiting, &written));
            })?;
        let output = Self {
            pieces,
            unwritten,
            is_predictable: matches!(kind, FileType::Fifo | FileType::RegularFile),
            result,
        };
        Ok((output, Reader { gone }))
    }

    /// Writes what can be written without waiting; how many bytes that was.
    fn write_now(&self, bytes: &[u8]) -> usize {
        let in_turn = self.unwritten.load(Ordering::Acquire) == 0;
        if !(self.is_predictable && in_turn && bytes.len() <= AT_ONCE) {
            return 0;
        }
        let stdout = io::stdout();
        let mut wanted = [PollFd::new(&stdout, PollFlags::OUT)];
        let is_ready = poll(&mut wanted, Some(&Timespec::default())) == Ok(1)
            && wanted[0].revents() == PollFlags::OUT;
        // An error is met again, and told, by the thread.
        if is_ready {
            rustix::io::write(&stdout, bytes).unwrap_or(0)
        } else {
            0
        }
    }

    /// Waits until there is room for a piece. Cancel safe.
    pub async fn room(&self) -> Room<'_> {
        self.room_of(self.pieces.reserve().await.ok())
    }

    /// Room for a piece, where there is some at once.
    #[must_use]
    pub fn room_now(&self) -> Option<Room<'_>> {
        match self.pieces.try_reserve() {
            Ok(permit) => Some(self.room_of(Some(permit))),
            Err(mpsc::error::TrySendError::Closed(())) => Some(self.room_of(None)),
            Err(mpsc::error::TrySendError::Full(())) => None,
        }
    }

    fn room_of<'a>(&'a self, permit: Option<mpsc::Permit<'a, Vec<u8>>>) -> Room<'a> {
        Room {
            output: self,
            permit,
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
pub struct Room<'a> {
    output: &'a Output,
    /// `None` when nobody reads any more.
    permit: Option<mpsc::Permit<'a, Vec<u8>>>,
}

impl Room<'_> {
    /// Hands over a piece; `false` when nobody reads any more.
    #[must_use]
    pub fn write(self, text: String) -> bool {
        let Some(permit) = self.permit else {
            return false;
        };
        let rest = &text.as_bytes()[self.output.write_now(text.as_bytes())..];
        if !rest.is_empty() {
            self.output.unwritten.fetch_add(1, Ordering::AcqRel);
            permit.send(rest.to_vec());
        }
        true
    }
}

/// Starts a thread that waits for the reader to go: a model may be silent for minutes, and nobody
/// wants its next word. The thread ends with the process.
fn watch_reader(leave: oneshot::Sender<()>) -> io::Result<()> {
    let watch = move || {
        let stdout = io::stdout();
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
fn write_all(mut waiting: mpsc::Receiver<Vec<u8>>, unwritten: &AtomicUsize) -> io::Result<()> {
    while let Some(bytes) = waiting.blocking_recv() {
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            match rustix::io::write(io::stdout(), rest) {
                Ok(written) => rest = &rest[written..],
                Err(Errno::INTR) => {}
                // Somebody has made the terminal or pipe that we share non-blocking.
                Err(Errno::AGAIN) => {
                    let stdout = io::stdout();
                    let _ = poll(&mut [PollFd::new(&stdout, PollFlags::OUT)], None);
                }
                Err(error) => return Err(error.into()),
            }
        }
        unwritten.fetch_sub(1, Ordering::AcqRel);
    }
    Ok(())
}
