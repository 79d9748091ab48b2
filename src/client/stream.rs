//! An answer that comes as a stream of events.

use std::collections::VecDeque;

use super::ClientError;
use super::connection::Reply;
use super::sse::{EventParser, Overlong};

/// A stream of server-sent events that is still coming.
///
/// Dropping it closes the connection at once, on which llama-server cancels the generation.
#[derive(Debug)]
pub struct EventStream {
    /// `None` after the end, in order or not.
    reply: Option<Reply>,
    parser: EventParser,
    /// Events that have been read and not been given.
    ready: VecDeque<String>,
    /// What comes after them.
    failure: Option<ClientError>,
    limit: usize,
}

impl EventStream {
    pub(super) fn new(reply: Reply, limit: usize) -> Self {
        Self {
            reply: Some(reply),
            parser: EventParser::new(limit),
            ready: VecDeque::new(),
            failure: None,
            limit,
        }
    }

    /// The data of the next event, its lines joined by `\n`; `None` when the server ended the
    /// stream in order, and after an error. Cancel safe.
    ///
    /// An end in order is no proof that the text is whole: llama-server also ends a stream in order
    /// after an event that tells an error. The text is whole when an event has said `stop`.
    ///
    /// # Errors
    /// [`ClientError::Broken`] when the connection ended before the stream, and
    /// [`ClientError::TooLong`] for an event of more than 16 MiB. All events before it have
    /// been given, and the connection is closed.
    pub async fn next(&mut self) -> Option<Result<String, ClientError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if let Some(failure) = self.failure.take() {
                return Some(Err(failure));
            }
            let reply = self.reply.as_mut()?;
            match reply.chunk().await {
                Some(Ok(chunk)) => {
                    if let Err(Overlong) = self.parser.feed(&chunk, &mut self.ready) {
                        self.failure = Some(reply.too_long("an event", self.limit));
                        self.reply = None;
                    }
                }
                end => {
                    self.failure = end.and_then(Result::err);
                    self.reply = None;
                }
            }
        }
    }
}
