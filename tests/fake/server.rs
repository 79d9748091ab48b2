//! What only a llama-server does. It listens at `--host PATH` and answers in b11434's own words.
//!
//! | command | what it does |
//! | --- | --- |
//! | `ready` | listens, has loaded the model, and says so |
//! | `listen` | listens; `/health` is 503 |
//! | `announce` | says that it listens |
//! | `loaded` | `/health` is 200 from here on; says nothing |
//! | `asked PATH` | waits until it was asked for that path |
//! | `prompt N M` | N of M tokens of the prompt are read |
//! | `write TEXT` | an event of the answer; what comes before the first request waits for it |
//! | `likely TOKEN P …` | tells with the next piece how likely these tokens were there |
//! | `eos`, `close` | the last event: the model's own end; the token limit, or a full context |
//! | `done` | ends the answer in order, without a last event |
//! | `error TEXT` | an event that tells of an error |
//! | `ping MS` | a comment of the event stream for ever, one every MS milliseconds |
//! | `cut` | closes the connection in the middle of the answer |
//! | `refuse PATH STATUS BODY` | answers so from here on |
//! | `hold PATH` | never answers there |
//! | `slots` | answers `/slots` from here on |
//! | `slot N` | goes on with the answer to the request for that slot, and puts the one at hand aside |
//! | `decode N MS` | generates a token that it does not send, every MS milliseconds, N times |
//! | `record FILE` | keeps what it is asked, but for its health: one line of JSON each |
//! | `mode` | writes the permissions of the directory of its socket |
//!
//! After SIGTERM it waits, as the real one does, until its client has closed the answer.

use std::collections::{HashMap, HashSet};
use std::fs::{OpenOptions, metadata};
use std::future::pending;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::time::interval;

use super::{log, number};

/// Tokens of the prompt, as the script's `times` for llama-completion has them.
const PROMPT_TOKENS: u64 = 6;
/// Between two bytes that are to come alone.
const BETWEEN_BYTES: Duration = Duration::from_micros(500);

/// Its tokens: a word is one.
pub(super) fn tokens(text: &str) -> Vec<usize> {
    (0..text.split_whitespace().count()).collect()
}

pub(super) struct Server {
    socket: PathBuf,
    shared: Arc<Shared>,
    waiting: mpsc::UnboundedReceiver<(UnixStream, Value)>,
    /// The answer that is being given.
    answer: Option<UnixStream>,
    prompt: String,
    generated: u64,
    /// The slot of the request, and answers that were put aside, by theirs.
    slot: u64,
    aside: HashMap<u64, (UnixStream, String, u64)>,
    full: bool,
    likely: Option<Value>,
}

struct Shared {
    state: Mutex<State>,
    asked: watch::Sender<HashSet<String>>,
    waiting: mpsc::UnboundedSender<(UnixStream, Value)>,
}

#[derive(Default)]
struct State {
    loaded: bool,
    /// Whether `/slots` is answered.
    slots: bool,
    /// Tokens generated, as `/slots` has them.
    decoded: u64,
    rules: HashMap<String, Rule>,
    record: Option<String>,
}

#[derive(Clone)]
enum Rule {
    Refuse(u16, String),
    Hold,
}

impl Server {
    pub(super) fn new(args: &[String]) -> Self {
        let host = args.iter().position(|arg| arg == "--host");
        let socket = host.and_then(|at| args.get(at + 1)).expect("--host PATH");
        let (sender, waiting) = mpsc::unbounded_channel();
        Self {
            socket: socket.into(),
            shared: Arc::new(Shared {
                state: Mutex::default(),
                asked: watch::Sender::default(),
                waiting: sender,
            }),
            waiting,
            answer: None,
            prompt: String::new(),
            generated: 0,
            slot: 0,
            aside: HashMap::new(),
            full: false,
            likely: None,
        }
    }

    /// Does a command; whether it knows it.
    pub(super) async fn perform(&mut self, name: &str, argument: &str) -> bool {
        match name {
            "ready" => {
                self.listen();
                self.shared.state().loaded = true;
                log("srv  llama_server: model loaded");
                self.announce();
            }
            "listen" => self.listen(),
            "announce" => self.announce(),
            "loaded" => self.shared.state().loaded = true,
            "asked" => {
                let mut asked = self.shared.asked.subscribe();
                let came = asked.wait_for(|asked| asked.contains(argument));
                came.await.expect("the sender is ours");
            }
            "prompt" => {
                let (done, total) = argument.split_once(' ').expect("two numbers");
                self.progress(number(done), number(total)).await;
            }
            "times" => self.generated = number(argument),
            "slot" => self.turn_to(number(argument)).await,
            "slots" => self.shared.state().slots = true,
            "decode" => {
                let (times, pause) = argument.split_once(' ').expect("two numbers");
                for _ in 0..number(times) {
                    tokio::time::sleep(Duration::from_millis(number(pause))).await;
                    self.generate();
                }
            }
            "full" => self.full = true,
            "likely" => self.likely = Some(likely(argument)),
            "eos" => self.last("eos").await,
            // After `eos` there is nothing left to close.
            "close" => {
                if self.answer.is_some() || self.prompt.is_empty() {
                    self.last("limit").await;
                }
            }
            "done" => self.end().await,
            "error" => {
                let error = json!({ "code": 500, "message": argument, "type": "server_error" });
                self.event(&json!({ "error": error })).await;
            }
            "ping" => {
                let mut pauses = interval(Duration::from_millis(number(argument)));
                loop {
                    pauses.tick().await;
                    self.begin().await;
                    self.chunk(":\n\n").await;
                }
            }
            "cut" => {
                self.begin().await;
                self.answer = None;
            }
            "stdin" => {
                self.begin().await;
                let prompt = self.prompt.clone();
                self.write(prompt.as_bytes()).await;
            }
            "mode" => {
                let dir = metadata(self.socket.parent().expect("a directory"));
                let mode = dir.expect("it is there").permissions().mode() & 0o7777;
                self.write(format!("{mode:o}").as_bytes()).await;
            }
            "refuse" => {
                let mut words = argument.splitn(3, ' ');
                let mut word = || words.next().expect("a path, a status and a body");
                let path = word().to_owned();
                let status = word().parse().expect("a status");
                let rule = Rule::Refuse(status, word().to_owned());
                self.shared.state().rules.insert(path, rule);
            }
            "hold" => {
                let path = argument.to_owned();
                self.shared.state().rules.insert(path, Rule::Hold);
            }
            "record" => self.shared.state().record = Some(argument.to_owned()),
            _ => return false,
        }
        true
    }

    fn listen(&self) {
        let listener = UnixListener::bind(&self.socket).expect("a socket");
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&shared).attend(stream));
            }
        });
    }

    fn announce(&self) {
        let socket = self.socket.display();
        log(&format!("srv  llama_server: listening on unix://{socket}"));
    }

    /// A piece of text.
    pub(super) async fn write(&mut self, bytes: &[u8]) {
        self.begin().await;
        self.generate();
        let mut event = self.piece(&String::from_utf8_lossy(bytes));
        if let Some(likely) = self.likely.take() {
            event["completion_probabilities"] = likely;
        }
        self.event(&event).await;
    }

    fn generate(&mut self) {
        self.generated += 1;
        self.shared.state().decoded = self.generated;
    }

    fn piece(&self, text: &str) -> Value {
        json!({
            "index": 0, "content": text, "tokens": [1], "stop": false, "id_slot": -1,
            "tokens_predicted": self.generated, "tokens_evaluated": PROMPT_TOKENS,
            "timings": self.timings(PROMPT_TOKENS),
        })
    }

    fn timings(&self, read: u64) -> Value {
        let steps = self.generated.saturating_sub(1);
        json!({
            "cache_n": 0, "prompt_n": read, "prompt_ms": read * 10,
            "prompt_per_token_ms": 10.0, "prompt_per_second": 100.0,
            "predicted_n": self.generated, "predicted_ms": steps * 10,
            "predicted_per_token_ms": if steps == 0 { 0.0 } else { 10.0 },
            "predicted_per_second": if steps == 0 { 0.0 } else { 100.0 },
        })
    }

    /// An event of which every byte comes alone.
    pub(super) async fn write_torn(&mut self, bytes: &[u8]) {
        self.begin().await;
        self.generated += 1;
        let event = self.piece(&String::from_utf8_lossy(bytes));
        for byte in format!("data: {event}\n\n").bytes() {
            if let Some(stream) = &mut self.answer {
                let chunk = [&b"1\r\n"[..], &[byte], &b"\r\n"[..]].concat();
                let _ = stream.write_all(&chunk).await;
                // What is written before the other side reads would come at once.
                tokio::time::sleep(BETWEEN_BYTES).await;
            }
        }
    }

    pub(super) async fn progress(&mut self, done: u64, total: u64) {
        self.begin().await;
        let mut event = self.piece("");
        event["timings"] = self.timings(done);
        event["prompt_progress"] =
            json!({ "total": total, "cache": 0, "processed": done, "time_ms": done * 10 });
        self.event(&event).await;
    }

    /// The last event, and the end of the answer.
    async fn last(&mut self, stop: &str) {
        self.begin().await;
        let mut event = self.piece("");
        event["stop"] = true.into();
        event["stop_type"] = stop.into();
        event["stopping_word"] = "".into();
        event["truncated"] = self.full.into();
        self.event(&event).await;
        self.end().await;
    }

    /// Waits for the request, and begins to answer it.
    async fn begin(&mut self) {
        if self.answer.is_some() {
            return;
        }
        let (mut stream, body) = self.waiting.recv().await.expect("the sender is ours");
        self.prompt = body["prompt"].as_str().unwrap_or_default().to_owned();
        self.slot = body["id_slot"].as_u64().unwrap_or(0);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                    Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
        // A client that is gone hears nothing, and the script goes on.
        let _ = stream.write_all(head.as_bytes()).await;
        self.answer = Some(stream);
    }

    async fn turn_to(&mut self, slot: u64) {
        loop {
            if let Some(stream) = self.answer.take() {
                let rest = (stream, std::mem::take(&mut self.prompt), self.generated);
                self.aside.insert(self.slot, rest);
                self.generated = 0;
            }
            if let Some((stream, prompt, generated)) = self.aside.remove(&slot) {
                (self.prompt, self.generated, self.slot) = (prompt, generated, slot);
                self.answer = Some(stream);
                return;
            }
            self.begin().await;
        }
    }

    async fn event(&mut self, event: &Value) {
        self.begin().await;
        self.chunk(&format!("data: {event}\n\n")).await;
    }

    async fn chunk(&mut self, text: &str) {
        if let Some(stream) = &mut self.answer {
            let chunk = format!("{:x}\r\n{text}\r\n", text.len());
            let _ = stream.write_all(chunk.as_bytes()).await;
        }
    }

    async fn end(&mut self) {
        self.begin().await;
        self.chunk("").await;
        self.answer = None;
        self.generated = 0;
    }

    /// SIGTERM.
    pub(super) async fn leave(&mut self) {
        log("srv    operator(): operator(): cleaning up before exit...");
        if let Some(stream) = &mut self.answer {
            let mut rest = [0; 512];
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        }
        std::process::exit(0);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads one request, and answers it or hands it to the script.
    async fn attend(self: Arc<Self>, mut stream: UnixStream) {
        let Some((path, body)) = request(&mut stream).await else {
            return;
        };
        let rule = self.state().rules.get(&path).cloned();
        let record = self.state().record.clone();
        if let Some(file) = record.filter(|_| path != "/health") {
            let mut file = OpenOptions::new().create(true).append(true).open(file);
            let line = json!({ "path": path, "body": body });
            let file = file.as_mut().expect("a file for requests");
            writeln!(file, "{line}").expect("a line");
        }
        self.asked.send_modify(|asked| {
            asked.insert(path.clone());
        });
        let (status, answer) = match (rule, path.as_str()) {
            (Some(Rule::Hold), _) => pending().await,
            (Some(Rule::Refuse(status, body)), _) => (status, body),
            (None, "/health") if !self.state().loaded => (
                503,
                json!({ "error": { "code": 503, "message": "Loading model", "type": "unavailable_error" } })
                    .to_string(),
            ),
            (None, "/health") => (200, json!({ "status": "ok" }).to_string()),
            (None, "/apply-template") => (200, json!({ "prompt": chat(&body) }).to_string()),
            (None, "/tokenize") => {
                let text = body["content"].as_str().unwrap_or_default();
                (200, json!({ "tokens": tokens(text) }).to_string())
            }
            (None, "/slots") if self.state().slots => {
                let decoded = self.state().decoded;
                let slot = json!({
                    "id": 0, "is_processing": true, "id_task": 1,
                    "n_prompt_tokens_processed": PROMPT_TOKENS,
                    "next_token": [{ "has_next_token": true, "n_decoded": decoded }],
                });
                (200, json!([slot]).to_string())
            }
            (None, "/completion") => {
                // The script answers.
                let _ = self.waiting.send((stream, body));
                return;
            }
            _ => (404, json!({ "error": { "message": "File Not Found" } }).to_string()),
        };
        let head = format!(
            "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            answer.len()
        );
        let _ = stream.write_all((head + &answer).as_bytes()).await;
    }
}

/// The path of a request, and its body if that is JSON.
async fn request(stream: &mut UnixStream) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().ok())?
    });
    while bytes.len() < head + length.unwrap_or(0) {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let path = text.split(' ').nth(1)?.to_owned();
    let body = serde_json::from_slice(&bytes[head..]).unwrap_or_default();
    Some((path, body))
}

/// The turns of a chat in a form that a test knows again.
fn chat(body: &Value) -> String {
    let mut text = String::new();
    for turn in body["messages"].as_array().expect("turns") {
        let word = |key: &str| turn[key].as_str().expect("text").to_owned();
        text += &format!("<|{}|>{}", word("role"), word("content"));
    }
    text + "<|assistant|>"
}

/// `a 0.5 b 0.25`, the first of which is chosen, as `n_probs` has it told.
fn likely(argument: &str) -> Value {
    let words: Vec<_> = argument.split_whitespace().collect();
    let tokens: Vec<_> = words
        .chunks_exact(2)
        .map(|pair| {
            let probability: f64 = pair[1].parse().expect("a probability");
            json!({ "id": 1, "token": pair[0], "logprob": probability.ln() })
        })
        .collect();
    json!([{ "id": 1, "token": words[0], "logprob": 0.0, "top_logprobs": tokens }])
}
