//! The client against servers that follow a script, over real sockets.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, yield_now};

use super::*;

const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                           Transfer-Encoding: chunked\r\n\r\n";

/// A server for one request. What it read of it is the task's result.
struct Scripted {
    dir: TempDir,
    has_read: Arc<Notify>,
    task: JoinHandle<String>,
}

/// What a scripted server does when it has written its parts.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// It closes the connection.
    Close,
    /// It keeps it open until the client has gone.
    WaitForTheClient,
}

impl Scripted {
    fn new(parts: Vec<Vec<u8>>, then: Then) -> Self {
        let dir = TempDir::new().expect("a directory");
        let listener = UnixListener::bind(dir.path().join("s.sock")).expect("a socket");
        let has_read = Arc::new(Notify::new());
        let tell = Arc::clone(&has_read);
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let request = read_request(&mut stream).await;
            tell.notify_one();
            for part in parts {
                stream.write_all(&part).await.expect("written");
                // The client takes its turn, and sees this part without the next one.
                for _ in 0..5 {
                    yield_now().await;
                }
            }
            if then == Then::WaitForTheClient {
                let gone = stream.read_u8().await.expect_err("an end").kind();
                assert_eq!(gone, io::ErrorKind::UnexpectedEof);
            }
            request
        });
        Self {
            dir,
            has_read,
            task,
        }
    }

    fn of(parts: &[&str], then: Then) -> Self {
        Self::new(
            parts.iter().map(|part| part.as_bytes().to_vec()).collect(),
            then,
        )
    }

    fn client(&self) -> ServerClient {
        ServerClient::new(self.dir.path().join("s.sock"))
    }

    async fn request(self) -> String {
        self.task.await.expect("a server without a failure")
    }
}

/// Head and body, by its Content-Length.
async fn read_request(stream: &mut UnixStream) -> String {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().expect("a number"));
            if body.len() >= length {
                return String::from_utf8_lossy(&read).into_owned();
            }
        }
        let more = stream.read_buf(&mut read).await.expect("a request");
        assert_ne!(more, 0, "a whole request");
    }
}

/// The text as one chunk of a chunked body.
fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn events(client: &ServerClient) -> EventStream {
    match client.stream("/completion", &json!({})).await {
        Ok(Streamed::Events(events)) => events,
        other => panic!("no stream: {other:?}"),
    }
}

async fn text(events: &mut EventStream) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(event) = events.next().await {
        texts.push(event.expect("an event"));
    }
    texts
}

#[tokio::test]
async fn a_plain_answer() {
    let server = Scripted::of(
        &[
            "HTTP/1.1 200 OK\r\nContent-Le",
            "ngth: 4\r\n\r\no",
            "k\u{e9}",
        ],
        Then::WaitForTheClient,
    );
    let answer = server.client().get("/health?a=b").await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok\u{e9}"));
    let request = server.request().await;
    assert!(
        request.starts_with("GET /health?a=b HTTP/1.1\r\n"),
        "{request}"
    );
    assert!(
        request.to_lowercase().contains("\r\nhost: localhost\r\n"),
        "{request}"
    );
}

#[tokio::test]
async fn any_status_is_an_answer() {
    let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}";
    for stream in [false, true] {
        let server = Scripted::of(&[busy], Then::WaitForTheClient);
        let body = json!({"prompt": "é"});
        let answer = if stream {
            match server.client().stream("/completion", &body).await {
                Ok(Streamed::Refused(answer)) => answer,
                other => panic!("not refused: {other:?}"),
            }
        } else {
            let answer = server.client().post("/completion", &body).await;
            answer.expect("an answer")
        };
        assert_eq!((answer.status, answer.body.as_str()), (503, "{}"));
        let request = server.request().await;
        assert!(
            request.starts_with("POST /completion HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(request.ends_with("\r\n\r\n{\"prompt\":\"é\"}"), "{request}");
    }
}

#[tokio::test]
async fn events_cut_anywhere_are_whole() {
    let body = "data: é€😀\n\n: ping\n\ndata: two\r\ndata: lines\r\n\r\n";
    // Each byte a chunk of its own, and each chunk written in two parts.
    let mut parts = vec![STREAM_HEAD.as_bytes().to_vec()];
    for byte in body.bytes() {
        parts.push(b"1\r".to_vec());
        parts.push([b"\n".as_slice(), &[byte], b"\r\n"].concat());
    }
    parts.push(b"0\r\n\r\n".to_vec());
    let server = Scripted::new(parts, Then::WaitForTheClient);
    let mut events = events(&server.client()).await;
    assert_eq!(text(&mut events).await, ["é€😀", "two\nlines"]);
    assert!(events.next().await.is_none(), "it stays at its end");
    // The end of the stream closed the connection, though `events` still lives.
    server.request().await;
}

#[tokio::test]
async fn a_break_in_the_middle_is_an_error() {
    let cuts = [
        chunk("data: a\n\ndata: b"),
        chunk("data: a\n\n") + "ff\r\ndata",
    ];
    for cut in cuts {
        let server = Scripted::of(&[STREAM_HEAD, &cut], Then::Close);
        let mut events = events(&server.client()).await;
        assert_eq!(events.next().await.expect("one").expect("whole"), "a");
        let error = events.next().await.expect("an error").expect_err("broken");
        assert!(matches!(error, ClientError::Broken { .. }), "{error:?}");
        assert!(error.source().is_some(), "{error:?}");
        assert!(
            error
                .to_string()
                .starts_with("read the server's answer for /completion to its end: "),
            "{error}"
        );
        assert!(events.next().await.is_none());
    }
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok";
    let server = Scripted::of(&[cut], Then::Close);
    let error = server.client().get("/health").await.expect_err("broken");
    assert!(matches!(error, ClientError::Broken { .. }), "{error:?}");
}

#[tokio::test]
async fn nonsense_in_the_middle_is_an_error() {
    let cut = chunk("data: a\n\n") + "no number\r\n";
    let server = Scripted::of(&[STREAM_HEAD, &cut], Then::WaitForTheClient);
    let mut events = events(&server.client()).await;
    assert_eq!(events.next().await.expect("one").expect("whole"), "a");
    let error = events.next().await.expect("an error").expect_err("broken");
    assert!(matches!(error, ClientError::Broken { .. }), "{error:?}");
    server.request().await;
}

#[tokio::test]
async fn a_server_that_leaves_before_it_answers_is_an_error() {
    for parts in [&[][..], &["HTTP/1.1 200 O"], &["what?\r\n\r\n"]] {
        let server = Scripted::of(parts, Then::Close);
        let error = server.client().get("/health").await.expect_err("no answer");
        assert!(matches!(error, ClientError::Send { .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .starts_with("get an answer from the server for /health: "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_dropped_stream_closes_its_connection() {
    let first = chunk("data: a\n\n");
    let server = Scripted::of(&[STREAM_HEAD, &first], Then::WaitForTheClient);
    let mut events = events(&server.client()).await;
    assert_eq!(events.next().await.expect("one").expect("whole"), "a");
    drop(events);
    server.request().await;
}

#[tokio::test]
async fn a_dropped_request_closes_its_connection() {
    let server = Scripted::of(&[], Then::WaitForTheClient);
    let client = server.client();
    tokio::select! {
        answer = client.get("/health") => panic!("an answer: {answer:?}"),
        () = server.has_read.notified() => {}
    }
    let request = server.request().await;
    assert!(request.starts_with("GET /health"), "{request}");
}

#[tokio::test]
async fn a_next_that_is_given_up_loses_nothing() {
    let parts: Vec<String> = "data: abc\n\ndata: d\n\n"
        .chars()
        .map(|c| chunk(&c.to_string()))
        .collect();
    let mut script = vec![STREAM_HEAD];
    script.extend(parts.iter().map(String::as_str));
    script.push("0\r\n\r\n");
    let server = Scripted::of(&script, Then::WaitForTheClient);
    let mut events = events(&server.client()).await;
    let mut texts = Vec::new();
    loop {
        tokio::select! {
            biased;
            event = events.next() => match event {
                Some(event) => texts.push(event.expect("an event")),
                None => break,
            },
            () = yield_now() => {}
        }
    }
    assert_eq!(texts, ["abc", "d"]);
}

#[tokio::test]
async fn a_missing_socket_is_named() {
    let dir = TempDir::new().expect("a directory");
    let path: PathBuf = dir.path().join("none.sock");
    let error = ServerClient::new(&path)
        .get("/health")
        .await
        .expect_err("nobody");
    let ClientError::Connect { socket, source } = &error else {
        panic!("{error:?}");
    };
    assert_eq!((socket, source.kind()), (&path, io::ErrorKind::NotFound));
    assert!(error.to_string().contains("none.sock"), "{error}");
    // A socket that a dead server left.
    drop(UnixListener::bind(&path).expect("a socket"));
    let error = ServerClient::new(&path)
        .get("/health")
        .await
        .expect_err("nobody");
    assert!(
        matches!(&error, ClientError::Connect { source, .. } if source.kind() == io::ErrorKind::ConnectionRefused),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_path_that_is_none_is_an_error() {
    let error = ServerClient::new("s.sock")
        .get("/a b")
        .await
        .expect_err("no path");
    assert!(matches!(error, ClientError::Path { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_too_long_is_not_read() {
    let limits = Limits {
        answer: 8,
        event: 16,
    };
    let endless = chunk("data: a\n\n") + &chunk("data: 0123456789a");
    let server = Scripted::of(&[STREAM_HEAD, &endless], Then::WaitForTheClient);
    let mut events = events(&server.client().with_limits(limits)).await;
    assert_eq!(events.next().await.expect("one").expect("whole"), "a");
    let error = events.next().await.expect("an error").expect_err("long");
    assert_eq!(
        error.to_string(),
        "read the server's answer for /completion: an event is longer than 16 B"
    );
    // The connection is closed, though `events` still lives.
    server.request().await;
    assert!(events.next().await.is_none());

    let whole = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n012345678";
    let server = Scripted::of(&[whole], Then::WaitForTheClient);
    let client = server.client().with_limits(limits);
    let error = client.get("/props").await.expect_err("long");
    assert_eq!(
        error.to_string(),
        "read the server's answer for /props: it is longer than 8 B"
    );
    server.request().await;
}
