//! The talk with a server: wait until it is ready, have the prompt formed, ask, and pass the answer on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::drill::{Announced, Asked, Beside, CompanionTold, Drill};
use super::question::{Question, Rehearsal};
use crate::client::{Answer, ClientError, ServerClient, Streamed};
use crate::dialect::server::{applied_template, template_request, token_count, tokenize_request};
use crate::dialect::{JsonLine, Refusal, StreamEvent};
use crate::profile::Prompt;

/// How often a server is asked for its health until it says by its log that it listens: it nearly always
/// does, so this is only for builds that say it in words which we do not know.
const POLL: Duration = Duration::from_millis(250);
/// The same once it has said so: some builds listen before the model is loaded.
const POLL_LISTENING: Duration = Duration::from_millis(20);
/// How long the answer to one such question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// What became of an answer that ended in order, but without the event that says why.
const NO_LAST_EVENT: &str = "the stream ended before its last event";
/// Messages that may wait for the session before the answer is no longer read.
const IN_FLIGHT: usize = 64;

/// What a talk tells, in this order.
#[derive(Debug)]
pub(super) enum Message {
    /// The server is ready.
    Ready,
    /// The prompt as the model's own template forms it; not told of a raw one.
    Formed(String),
    /// How many tokens the prompt has; only where nothing is generated.
    Tokens(Option<u64>),
    /// A question is being written.
    Announced(Announced),
    /// An event of the answer to it.
    Event(Box<StreamEvent>),
    /// Something came of a question beside it.
    Beside(Beside),
    /// It does not do what it was asked. The last message.
    Refused(Refusal),
    /// The answer is over, or was broken off. The last message.
    Over(Option<String>),
}

/// A talk with one server. Dropping it closes the connection, at which the server cancels its work.
#[derive(Debug)]
pub(super) struct Exchange {
    messages: mpsc::Receiver<Message>,
    listening: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Exchange {
    /// Has a prompt formed, and the answer generated.
    pub(super) fn generate(socket: &Path, question: Question) -> Self {
        Self::start(socket, |talk| talk.generate(question))
    }

    /// Has a prompt formed, and its tokens counted.
    pub(super) fn form(socket: &Path, prompt: Prompt) -> Self {
        Self::start(socket, |talk| talk.form_only(prompt))
    }

    fn start<F>(socket: &Path, course: impl FnOnce(Talk) -> F) -> Self
    where
        F: Future<Output = Result<(), Stopped>> + Send + 'static,
    {
        let (sender, messages) = mpsc::channel(IN_FLIGHT);
        let listening = Arc::new(Notify::new());
        let course = course(Talk {
            client: ServerClient::new(socket),
            listening: Arc::clone(&listening),
            messages: sender.clone(),
        });
        let task = tokio::spawn(async move {
            let last = match course.await {
                Ok(()) => Message::Over(None),
                Err(Stopped::Refused(refusal)) => Message::Refused(refusal),
                Err(Stopped::Broken(detail)) => Message::Over(Some(detail)),
            };
            // Nobody listens any more.
            let _ = sender.send(last).await;
        });
        Self {
            messages,
            listening,
            task,
        }
    }

    /// The server has said that it listens.
    pub(super) fn listening(&self) {
        self.listening.notify_one();
    }

    /// The next message; never comes after the last one. Cancel safe.
    pub(super) async fn next(&mut self) -> Message {
        match self.messages.recv().await {
            Some(message) => message,
            None => std::future::pending().await,
        }
    }
}

/// Why a talk stopped before its end.
enum Stopped {
    Refused(Refusal),
    Broken(String),
}

impl Stopped {
    /// The same, with the name of the question that it is about.
    fn of(self, asked: Asked) -> Self {
        match self {
            Self::Refused(Refusal::Other(words)) => {
                Self::Refused(Refusal::Other(format!("{asked}: {words}")))
            }
            Self::Broken(detail) => Self::Broken(format!("{asked}: {detail}")),
            refused @ Self::Refused(_) => refused,
        }
    }
}

impl From<ClientError> for Stopped {
    fn from(error: ClientError) -> Self {
        Self::Broken(format!("failed to {error}"))
    }
}

impl From<Answer> for Stopped {
    fn from(answer: Answer) -> Self {
        Self::Refused(Refusal::parse(answer.status, &answer.body))
    }
}

#[derive(Clone)]
struct Talk {
    client: ServerClient,
    listening: Arc<Notify>,
    messages: mpsc::Sender<Message>,
}

impl Talk {
    async fn generate(self, question: Question) -> Result<(), Stopped> {
        self.until_ready().await;
        self.tell(Message::Ready).await;
        let prompt = self.formed(&question.prompt).await?;
        self.tell_formed(&question.prompt, &prompt).await;
        // All are formed before the first is asked: between two of them is no other work.
        let rehearsals = self.rehearsals(&question.drill).await?;
        let mut beside = Vec::new();
        for (stream, companion) in (2..).zip(&question.drill.beside) {
            let formed = self.formed(&companion.prompt).await;
            beside.push(formed.map_err(|why| why.of(Asked::Beside(stream)))?);
        }
        for rehearsal in rehearsals {
            let (asked, max_tokens) = (rehearsal.asked, rehearsal.max_tokens);
            self.announce(asked, max_tokens, [&rehearsal.prompt]).await;
            let body = question.rehearsal(&rehearsal);
            self.ask(&body, Message::Event).await?;
        }
        let all = std::iter::once(&prompt).chain(&beside);
        let max_tokens = question.profile.max_tokens;
        self.announce(Asked::Measured, max_tokens, all).await;
        let mut companions = JoinSet::new();
        for (stream, prompt) in (2..).zip(beside) {
            let body = question.beside(stream, &prompt);
            companions.spawn(self.clone().accompany(stream, body));
        }
        self.ask(&question.measured(&prompt), Message::Event)
            .await?;
        while companions.join_next().await.is_some() {}
        Ok(())
    }

    /// What is asked before the measured question, formed, in its order.
    async fn rehearsals(&self, drill: &Drill) -> Result<Vec<Rehearsal>, Stopped> {
        let mut rehearsals = Vec::new();
        for mut rehearsal in Rehearsal::all(drill) {
            let formed = self.formed(&Prompt::clone(&rehearsal.unformed)).await;
            rehearsal.prompt = formed.map_err(|why| why.of(rehearsal.asked))?;
            rehearsals.push(rehearsal);
        }
        Ok(rehearsals)
    }

    async fn announce<'p>(
        &self,
        asked: Asked,
        max_tokens: u32,
        prompts: impl IntoIterator<Item = &'p String>,
    ) {
        let announced = Announced {
            asked,
            max_tokens,
            prompt_bytes: prompts.into_iter().map(String::len).collect(),
        };
        self.tell(Message::Announced(announced)).await;
    }

    /// Asks, and passes the answer on up to its last event.
    async fn ask(
        &self,
        body: &Value,
        message: impl Fn(Box<StreamEvent>) -> Message,
    ) -> Result<(), Stopped> {
        let mut events = match self.client.stream("/completion", body).await? {
            Streamed::Refused(answer) => return Err(answer.into()),
            Streamed::Events(events) => events,
        };
        let mut is_whole = false;
        while let Some(data) = events.next().await {
            if let JsonLine::Stream(event) = JsonLine::parse(&data?) {
                is_whole |= event.stop.is_some() || event.error.is_some();
                self.tell(message(event)).await;
            }
        }
        if is_whole {
            Ok(())
        } else {
            Err(Stopped::Broken(NO_LAST_EVENT.to_owned()))
        }
    }

    /// Asks beside the measured question. What goes wrong ends neither that answer nor any other.
    async fn accompany(self, stream: u32, body: Value) {
        let beside = |told| Message::Beside(Beside { stream, told });
        let answered = self.ask(&body, |event| beside(CompanionTold::Event(event)));
        let told = match answered.await {
            Ok(()) => return,
            Err(Stopped::Refused(refusal)) => CompanionTold::Refused(refusal),
            Err(Stopped::Broken(detail)) => CompanionTold::BrokenOff(detail),
        };
        self.tell(beside(told)).await;
    }

    async fn form_only(self, prompt: Prompt) -> Result<(), Stopped> {
        self.until_ready().await;
        self.tell(Message::Ready).await;
        let formed = self.formed(&prompt).await?;
        self.tell_formed(&prompt, &formed).await;
        let answer = self
            .client
            .post("/tokenize", &tokenize_request(&formed))
            .await?;
        self.tell(Message::Tokens(token_count(&answer.body))).await;
        Ok(())
    }

    /// Waits for the server's own word that it listens, and for its health to be good.
    async fn until_ready(&self) {
        let mut pause = POLL;
        loop {
            if timeout(pause, self.listening.notified()).await.is_ok() {
                pause = POLL_LISTENING;
            }
            let health = timeout(PATIENCE, self.client.get("/health")).await;
            if health.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status == 200)) {
                return;
            }
        }
    }

    /// The text that the model is to read.
    async fn formed(&self, prompt: &Prompt) -> Result<String, Stopped> {
        let (system, user) = match prompt {
            Prompt::Raw(text) => return Ok(text.clone()),
            Prompt::Chat { system, user } => (system.as_deref(), user),
        };
        let body = template_request(system, user);
        let answer = self.client.post("/apply-template", &body).await?;
        match applied_template(&answer.body) {
            Some(formed) if answer.status == 200 => Ok(formed),
            _ => Err(answer.into()),
        }
    }

    async fn tell_formed(&self, prompt: &Prompt, formed: &str) {
        if matches!(prompt, Prompt::Chat { .. }) {
            self.tell(Message::Formed(formed.to_owned())).await;
        }
    }

    async fn tell(&self, message: Message) {
        // A session that is gone has aborted this task.
        let _ = self.messages.send(message).await;
    }
}
