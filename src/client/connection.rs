//! One connection for one request.
//!
//! hyper splits a connection in two: a half that asks, and a driver that does the reading and the
//! writing and has to be polled by somebody. Here whoever waits for the answer polls the driver,
//! instead of a task. So the connection is closed in the very moment its owner is dropped, with or
//! without a runtime that still turns, and no error of the driver goes by unseen.

use std::future::{Future, poll_fn};
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::Poll;

use hyper::Request;
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::ClientError;

/// An answer that has begun, and the connection that it comes from.
#[derive(Debug)]
pub(super) struct Reply {
    /// The HTTP status.
    pub(super) status: u16,
    path: String,
    body: Incoming,
    driver: Driver,
}

impl Reply {
    /// Asks, and waits for the head of the answer: a GET, or a POST of JSON if there is some.
    pub(super) async fn to(
        socket: &Path,
        path: &str,
        json: Option<String>,
    ) -> Result<Self, ClientError> {
        let request = request(path, json).map_err(|source| ClientError::Path {
            path: path.to_owned(),
            source,
        })?;
        let stream = UnixStream::connect(socket)
            .await
            .map_err(|source| ClientError::Connect {
                socket: socket.to_owned(),
                source,
            })?;
        let unanswered = |source| ClientError::Send {
            path: path.to_owned(),
            source,
        };
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(unanswered)?;
        let mut driver = Driver {
            connection: Some(Box::new(connection)),
            failure: None,
        };
        let response = driver.while_waiting_for(sender.send_request(request)).await;
        // A request that the driver gave up is only told to be canceled; the driver knows why.
        let response = response.map_err(|error| driver.failure.take().unwrap_or(error));
        let response = response.map_err(unanswered)?;
        Ok(Self {
            status: response.status().as_u16(),
            path: path.to_owned(),
            body: response.into_body(),
            driver,
        })
    }

    /// The next bytes of the answer's body, or `None` at its end in order. Cancel safe.
    pub(super) async fn chunk(&mut self) -> Option<Result<Bytes, ClientError>> {
        let body = &mut self.body;
        let mut frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
        let broken = loop {
            match self.driver.while_waiting_for(&mut frame).await {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return Some(Ok(data)),
                    Err(_trailers) => {}
                },
                Some(Err(error)) => break error,
                // The body also just ends when the driver fails over something else.
                None => break self.driver.failure.take()?,
            }
        };
        Some(Err(ClientError::Broken {
            path: self.path.clone(),
            source: broken,
        }))
    }

    /// That the answer, or a part of it, is longer than `limit` bytes.
    pub(super) fn too_long(&self, what: &'static str, limit: usize) -> ClientError {
        ClientError::TooLong {
            path: self.path.clone(),
            what,
            limit: crate::units::Bytes(limit as u64),
        }
    }
}

fn request(path: &str, json: Option<String>) -> Result<Request<String>, hyper::http::Error> {
    let request = Request::builder()
        .uri(path)
        // HTTP/1.1 wants a name; a socket has none.
        .header(HOST, "localhost")
        // Else the server keeps a thread waiting for the next request.
        .header(CONNECTION, "close");
    match json {
        None => request.body(String::new()),
        Some(json) => request
            .method("POST")
            .header(CONTENT_TYPE, "application/json")
            .body(json),
    }
}

/// The half of a connection that does the work.
#[derive(Debug)]
struct Driver {
    /// `None` once it is done. Boxed, because it is large and its owner is moved about.
    connection: Option<Box<http1::Connection<TokioIo<UnixStream>, String>>>,
    /// Why it ended, if not in order.
    failure: Option<hyper::Error>,
}

impl Driver {
    /// Waits for what the connection brings about. As cancel safe as `wanted` is.
    async fn while_waiting_for<F: Future>(&mut self, wanted: F) -> F::Output {
        let mut wanted = pin!(wanted);
        poll_fn(|cx| {
            if let Some(connection) = &mut self.connection
                && let Poll::Ready(end) = Pin::new(&mut **connection).poll(cx)
            {
                self.connection = None;
                self.failure = end.err();
            }
            wanted.as_mut().poll(cx)
        })
        .await
    }
}
