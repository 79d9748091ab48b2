//! Why a server could not be asked, or not be understood.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

use crate::units::Bytes;

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody could be reached. The source's kind tells more: `NotFound` when there is no socket
    /// (yet), `ConnectionRefused` when nobody listens (any more), `WouldBlock` when too many
    /// others wait.
    #[error("connect to the server at {}: {source}", socket.display())]
    Connect {
        /// The socket.
        socket: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path is none that HTTP allows.
    #[error("ask the server for {path:?}: {source}")]
    Path {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        source: hyper::http::Error,
    },
    /// The connection ended, or made no sense, before an answer had begun.
    #[error("get an answer from the server for {path}: {}", why(source))]
    Send {
        /// What was asked for.
        path: String,
        /// What happened.
        source: hyper::Error,
    },
    /// The connection ended, or made no sense, in the middle of an answer.
    #[error("read the server's answer for {path} to its end: {}", why(source))]
    Broken {
        /// What was asked for.
        path: String,
        /// What happened.
        source: hyper::Error,
    },
    /// The answer, or one event of a stream, is longer than anybody needs.
    #[error("read the server's answer for {path}: {what} is longer than {limit}")]
    TooLong {
        /// What was asked for.
        path: String,
        /// What is too long: `it`, or `an event`.
        what: &'static str,
        /// The limit.
        limit: Bytes,
    },
}

/// The error with its causes, which hyper leaves out of its messages.
fn why(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
