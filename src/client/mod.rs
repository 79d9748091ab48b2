//! Asking a llama-server: HTTP, and streams of server-sent events, over a UNIX socket.
//!
//! [`ServerClient`] carries a request there and an answer back. It knows no route and no key of
//! llama.cpp: what is asked is the engine's business, what an event says is [`crate::dialect`]'s.
//!
//! - **One connection for each request**, owned by whoever waits for the answer. Dropping the
//!   future of a request, or an [`EventStream`], closes it at once, and that is how a generation
//!   is canceled: llama-server stops when its client has gone.
//! - **A broken answer is an error.** Chunked bodies tell where they end, so a stream that the
//!   server's death cut off is never taken for one that ended.
//! - **No time limits and no second tries in here.** Both belong to whoever knows what is slow and
//!   what is hung.
//! - **Everything is bounded** by [`Limits`]: a server gone mad costs no more memory than that.

mod connection;
mod error;
mod sse;
mod stream;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde_json::Value;

use connection::Reply;

pub use error::ClientError;
pub use sse::{EventParser, Overlong};
pub use stream::EventStream;

/// The status of an answer that is what was asked for.
const OK: u16 = 200;

/// A llama-server behind a UNIX socket. Each request uses a connection of its own.
#[derive(Debug, Clone)]
pub struct ServerClient {
    socket: PathBuf,
    limits: Limits,
}

/// How much of an answer is held in memory at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an answer's body that comes as a whole.
    pub answer: usize,
    /// Bytes of one event of a stream, the names of its fields included.
    pub event: usize,
}

impl Default for Limits {
    /// 64 MiB and 16 MiB: far more than any text, and less than a machine that runs models misses.
    fn default() -> Self {
        Self {
            answer: 64 << 20,
            event: 16 << 20,
        }
    }
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status, such as 200, or 503 while the model is loaded.
    pub status: u16,
    /// The body, nearly always JSON. What is not UTF-8 in it became U+FFFD.
    pub body: String,
}

/// The answer to a request for a stream.
#[derive(Debug)]
pub enum Streamed {
    /// Status 200: the events, as they come.
    Events(EventStream),
    /// Any other status, with all that the server said.
    Refused(Answer),
}

impl ServerClient {
    /// A client for the server that listens, or will listen, at `socket`. Nothing is opened yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
            limits: Limits::default(),
        }
    }

    /// The same client with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// GET; any status is an answer. `path` begins with a slash and may have a query.
    ///
    /// # Errors
    /// When the server cannot be reached, the path is none, the connection ends before the answer
    /// does, or the answer's body is longer than 64 MiB.
    pub async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        let reply = Reply::to(&self.socket, path, None).await?;
        self.whole(reply).await
    }

    /// POST of a JSON body; any status is an answer.
    ///
    /// # Errors
    /// Those of [`ServerClient::get`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, ClientError> {
        let reply = Reply::to(&self.socket, path, Some(body.to_string())).await?;
        self.whole(reply).await
    }

    /// POST whose answer is a stream of server-sent events. Any status but 200 is
    /// [`Streamed::Refused`], with the whole body.
    ///
    /// It returns when the answer begins. llama-server lets that wait until it has a first result:
    /// with `return_progress` the start of the prompt, without it the first token.
    ///
    /// # Errors
    /// Those of [`ServerClient::get`].
    pub async fn stream(&self, path: &str, body: &Value) -> Result<Streamed, ClientError> {
        let reply = Reply::to(&self.socket, path, Some(body.to_string())).await?;
        if reply.status == OK {
            return Ok(Streamed::Events(EventStream::new(reply, self.limits.event)));
        }
        Ok(Streamed::Refused(self.whole(reply).await?))
    }

    async fn whole(&self, mut reply: Reply) -> Result<Answer, ClientError> {
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await {
            let chunk = chunk?;
            if body.len() + chunk.len() > self.limits.answer {
                return Err(reply.too_long("it", self.limits.answer));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: reply.status,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
