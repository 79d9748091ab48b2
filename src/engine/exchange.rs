//! The talk with a server: wait until it is ready, have the prompt formed, ask, and pass the answer on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::client::{Answer, ClientError, EventStream, ServerClient, Streamed};
use crate::dialect::server::{applied_template, template_request, token_count, tokenize_request};
use crate::dialect::{Capabilities, JsonLine, Refusal, StreamEvent, completion_request};
use crate::profile::{Profile, Prompt};

/// How often a server is asked for its health until it says by its log that it listens: it nearly always
/// does, so this is only for builds that say it in words which we do not know.
const POLL: Duration = Duration::from_millis(250);
/// The same once it has said so: some builds listen before the model is loaded.
const POLL_LISTENING: Duration = Duration::from_millis(20);
/// How long the answer to one such question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages that may wait for the session before the answer is no longer read.
const IN_FLIGHT: usize = 64;

/// What a server is asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) profile: Profile,
    pub(super) prompt: Prompt,
    /// How many of the likeliest tokens are to be told at each place.
    pub(super) probabilities: u32,
    /// What the server's build knows.
    pub(super) capabilities: Capabilities,
}

impl Question {
    /// The body of the request, where the prompt needs no forming.
    pub(super) fn body(&self) -> Option<Value> {
        match &self.prompt {
            Prompt::Raw(text) => Some(self.body_for(text)),
            Prompt::Chat { .. } => None,
        }
    }

    fn body_for(&self, prompt: &str) -> Value {
        completion_request(
            &self.profile,
            prompt,
            self.probabilities,
            &self.capabilities,
        )
    }
}

/// What a talk tells, in this order.
#[derive(Debug)]
pub(super) enum Message {
    /// The server is ready.
    Ready,
    /// The prompt as the model's own template forms it; not told of a raw one.
    Formed(String),
    /// How many tokens the prompt has; only where nothing is generated.
    Tokens(Option<u64>),
    /// An event of the answer.
    Event(Box<StreamEvent>),
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
        let body = question.body_for(&prompt);
        match self.client.stream("/completion", &body).await? {
            Streamed::Refused(answer) => Err(answer.into()),
            Streamed::Events(events) => self.pass_on(events).await,
        }
    }

    async fn form_only(self, prompt: Prompt) -> Result<(), Stopped> {
        self.until_ready().await;
        self.tell(Message::Ready).await;
        let prompt = self.formed(&prompt).await?;
        let answer = self
            .client
            .post("/tokenize", &tokenize_request(&prompt))
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
            Some(formed) if answer.status == 200 => {
                self.tell(Message::Formed(formed.clone())).await;
                Ok(formed)
            }
            _ => Err(answer.into()),
        }
    }

    async fn pass_on(&self, mut events: EventStream) -> Result<(), Stopped> {
        while let Some(data) = events.next().await {
            if let JsonLine::Stream(event) = JsonLine::parse(&data?) {
                self.tell(Message::Event(event)).await;
            }
        }
        Ok(())
    }

    async fn tell(&self, message: Message) {
        // A session that is gone has aborted this task.
        let _ = self.messages.send(message).await;
    }
}
