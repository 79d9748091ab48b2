//! The server: a hub with some files, and a list of deeds.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the server does with the next request for a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deed {
    Serve,
    /// Sends so many bytes of what is asked for, and closes.
    Cut(usize),
    /// Sends other bytes.
    Lie,
    /// Sends everything from the beginning, whatever was asked for.
    IgnoreRange,
    /// Sends more than there is.
    Overflow,
    Status(u16, &'static str),
    /// Sends a byte now and then, for ever.
    Drip,
    /// Sends nothing more.
    Hang,
    /// Leads to another address.
    Redirect(String),
}

/// What was asked: the path, the range, and the proof of who asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) range: Option<String>,
    pub(super) authorization: Option<String>,
}

pub(super) struct Hub {
    pub(super) endpoint: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hub {
    /// Serves these files; the deeds are done one after the other, and then all goes well.
    pub(super) async fn with(files: &[(&str, Vec<u8>)], deeds: &[Deed]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let files: Vec<(String, Vec<u8>)> = files
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.clone()))
            .collect();
        let state = (Arc::clone(&asked), Arc::new(files));
        let deeds = Arc::new(Mutex::new(VecDeque::from(deeds.to_vec())));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (asked, files) = state.clone();
                let deeds = Arc::clone(&deeds);
                tokio::spawn(async move { answer(stream, &asked, &files, &deeds).await });
            }
        });
        Self {
            endpoint,
            asked,
            task,
        }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("unpoisoned").clone()
    }

    /// Ranges of the requests for files.
    pub(super) fn ranges(&self) -> Vec<Option<String>> {
        let asked = self.asked().into_iter();
        let files = asked.filter(|asked| asked.path.contains("/resolve/"));
        files.map(|asked| asked.range).collect()
    }
}

async fn answer(
    mut stream: TcpStream,
    log: &Mutex<Vec<Asked>>,
    files: &[(String, Vec<u8>)],
    deeds: &Mutex<VecDeque<Deed>>,
) -> Option<()> {
    let asked = read_request(&mut stream).await?;
    log.lock().expect("unpoisoned").push(asked.clone());
    let is_index = asked.path.starts_with("/api/");
    let body = if is_index {
        index(files).into_bytes()
    } else {
        let name = asked.path.split_once(&format!("/resolve/{COMMIT}/"))?.1;
        files.iter().find(|file| file.0 == name)?.1.clone()
    };
    let mut deeds_left = deeds.lock().expect("unpoisoned").clone();
    let mut deed = Deed::Serve;
    if !is_index || matches!(deeds_left.front(), Some(Deed::Status(..))) {
        deed = deeds_left.pop_front().unwrap_or(Deed::Serve);
        *deeds.lock().expect("unpoisoned") = deeds_left;
    }
    let from = match (&asked.range, &deed) {
        (Some(range), deed) if *deed != Deed::IgnoreRange => {
            let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
            from.parse::<usize>().ok()?
        }
        _ => 0,
    };
    let status = if from > 0 {
        "206 Partial Content"
    } else {
        "200 OK"
    };
    let mut sent = body[from..].to_vec();
    let mut head = format!(
        "HTTP/1.1 {status}\r\nContent-Range: bytes {from}-{}/{}\r\nConnection: close\r\n",
        body.len() - 1,
        body.len()
    );
    match deed {
        Deed::Status(status, headers) => {
            let text = format!(
                "HTTP/1.1 {status} No\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            return stream.write_all(text.as_bytes()).await.ok();
        }
        Deed::Redirect(to) => {
            let text = format!(
                "HTTP/1.1 302 Found\r\nLocation: {to}{}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                asked.path
            );
            return stream.write_all(text.as_bytes()).await.ok();
        }
        Deed::Lie => sent.iter_mut().for_each(|byte| *byte ^= 0xff),
        Deed::Overflow => sent.extend([1; 100]),
        _ => {}
    }
    head += &format!("Content-Length: {}\r\n\r\n", sent.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    match deed {
        Deed::Cut(bytes) => stream
            .write_all(&sent[..bytes.min(sent.len())])
            .await
            .ok()?,
        Deed::Hang => std::future::pending().await,
        Deed::Drip => {
            for byte in sent {
                stream.write_all(&[byte]).await.ok()?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        _ => stream.write_all(&sent).await.ok()?,
    }
    stream.shutdown().await.ok()
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        text.push(char::from(stream.read_u8().await.ok()?));
    }
    let mut lines = text.lines();
    let mut asked = Asked {
        path: lines.next()?.split(' ').nth(1)?.to_owned(),
        ..Asked::default()
    };
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap_or_default();
        match name.to_lowercase().as_str() {
            "range" => asked.range = Some(value.to_owned()),
            "authorization" => asked.authorization = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(asked)
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn index(files: &[(String, Vec<u8>)]) -> String {
    let siblings: Vec<_> = files
        .iter()
        .map(|(name, bytes)| {
            serde_json::json!({
                "rfilename": name,
                "size": bytes.len(),
                "lfs": {"sha256": sha256(bytes), "size": bytes.len(), "pointerSize": 134},
            })
        })
        .collect();
    serde_json::json!({"id": "o/r", "sha": COMMIT, "siblings": siblings}).to_string()
}
