//! The pipes between a child and its owner, and the pump that empties them.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::job::Event;

/// Most bytes that one read takes: the default capacity of a Linux pipe.
const READ_SIZE: usize = 64 * 1024;

/// A child that writes more often than this is read that often, and not after each write. Only a toy
/// generates a token in less than a millisecond, and there it is 1.3 ms of a run of 128 tokens (seen).
pub const BURST: Duration = Duration::from_millis(1);

/// Size of a packet pipe, where each write takes a page however small it is: by default the child
/// has to wait after 16 pieces of text. This is 256, the most that every user may have (pipe(7)).
#[cfg(target_os = "linux")]
const PACKET_PIPE_SIZE: usize = 1024 * 1024;

/// The reading end of one of the child's outputs, which may have ended.
struct Output {
    receiver: Option<pipe::Receiver>,
    buffer: Box<[u8]>,
    /// When the last bytes were read, until it has been waited for more.
    last: Option<Instant>,
}

impl Output {
    fn new(end: OwnedFd) -> io::Result<Self> {
        Ok(Self {
            receiver: Some(pipe::Receiver::from_owned_fd(end)?),
            buffer: vec![0; READ_SIZE].into_boxed_slice(),
            last: None,
        })
    }

    fn is_open(&self) -> bool {
        self.receiver.is_some()
    }

    /// The next bytes: one packet of a packet pipe. `None` at the end; then it is closed.
    /// Cancel safe: bytes are taken only when this returns.
    async fn read(&mut self) -> Option<Vec<u8>> {
        let receiver = self.receiver.as_ref()?;
        loop {
            // Not `AsyncRead`: it takes a read that leaves room in the buffer as the sign that the
            // pipe is empty, and waits. In a packet pipe every read leaves room.
            match receiver.try_read(&mut self.buffer) {
                Ok(length @ 1..) => {
                    self.last = Some(Instant::now());
                    return Some(self.buffer[..length].to_vec());
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.last.take().is_some_and(|last| last.elapsed() < BURST) {
                        nap(receiver);
                    }
                    if receiver.readable().await.is_err() {
                        break;
                    }
                }
                // An error on our own end of a pipe leaves nothing to be read, as the end does.
                Ok(0) | Err(_) => break,
            }
        }
        self.receiver = None;
        None
    }
}

/// Lets a burst of writes gather for a millisecond, or until the last writer is gone. It keeps the whole
/// thread from running, which must not know that anything came: each wake-up takes CPU time from the
/// child that computes.
fn nap(pipe: &pipe::Receiver) {
    // No event is asked for; the end is told unasked (poll(2), POLLHUP). An asynchronous wait would be
    // woken by every write.
    let mut end = [PollFd::new(pipe, PollFlags::empty())];
    let time = Timespec::try_from(BURST).ok();
    // Interrupted, it was a short one.
    let _ = poll(&mut end, time.as_ref());
}

/// Carries both outputs of a child to whoever takes the events.
pub(super) struct Pump {
    stdout: Output,
    stderr: Output,
    events: mpsc::Sender<Event>,
}

impl Pump {
    pub(super) fn new(
        stdout: OwnedFd,
        stderr: OwnedFd,
        events: mpsc::Sender<Event>,
    ) -> io::Result<Self> {
        Ok(Self {
            stdout: Output::new(stdout)?,
            stderr: Output::new(stderr)?,
            events,
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.stdout.is_open() || self.stderr.is_open()
    }

    /// Waits until there is room for an event: what is not wanted yet is not read yet.
    pub(super) async fn room(&self) {
        let _ = self.events.reserve().await;
    }

    /// Carries one read, or notices one end. Cancel safe.
    pub(super) async fn carry(&mut self) {
        // Without a listener everything is read and dropped, so that the child is not blocked
        // while it is being ended.
        let permit = self.events.reserve().await.ok();
        let event = tokio::select! {
            bytes = self.stdout.read(), if self.stdout.is_open() => bytes.map(Event::Stdout),
            bytes = self.stderr.read(), if self.stderr.is_open() => bytes.map(Event::Stderr),
            else => None,
        };
        if let (Some(permit), Some(event)) = (permit, event) {
            permit.send(event);
        }
    }

    /// Sends the last event.
    pub(super) async fn close(self, last: Event) {
        // Nobody may be listening any more; the child is gone either way.
        let _ = self.events.send(last).await;
    }
}

/// Writes a child's whole standard input, then ends it.
pub(super) async fn feed(stdin: io::Result<pipe::Sender>, input: Vec<u8>) {
    if let Ok(mut stdin) = stdin {
        // A child that ends without reading its input says so by its exit.
        let _ = stdin.write_all(&input).await;
    }
}

/// A pipe for the child's standard output: (our end, its end, whether it keeps writes apart).
pub(super) fn packet_pipe() -> io::Result<(OwnedFd, OwnedFd, bool)> {
    #[cfg(target_os = "linux")]
    {
        use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
        // Where it is refused (kernels before 3.4, some sandboxes) a plain pipe carries the same bytes.
        if let Ok((ours, theirs)) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::DIRECT) {
            // Where a system allows less, it stays as it is.
            let _ = fcntl_setpipe_size(&ours, PACKET_PIPE_SIZE);
            return Ok((ours, theirs, true));
        }
    }
    let (ours, theirs) = plain_pipe()?;
    Ok((ours, theirs, false))
}

/// A pipe: (reading end, writing end).
pub(super) fn plain_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = io::pipe()?;
    Ok((read.into(), write.into()))
}
