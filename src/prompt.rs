//! `orchestrate prompt`: what a profile makes of a request, without generating anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use tokio::time::Instant;

use crate::dialect::Program;
use crate::engine::{self, FormError, Interruption, Uncounted};
use crate::exit::Exit;
use crate::profile::{AUTO, Override, Prompt, ROUTER};
use crate::run::{Asked, Chosen, PromptSource, Question, RunError, choose, find, read};
use crate::store::Paths;
use crate::ui::{Console, Interrupts};

/// Name and version of the JSON form.
const SCHEMA: &str = "orchestrate.prompt/1";

/// What to form.
#[derive(Debug, Clone)]
pub struct PromptRequest {
    /// The profile's name.
    pub profile: String,
    /// Where the request comes from.
    pub prompt: PromptSource,
    /// Keys of the profile that are changed, in the order in which they are applied.
    pub overrides: Vec<Override>,
    /// Variables of the template.
    pub variables: BTreeMap<String, String>,
    /// Where llama.cpp's programs are, when the user says so.
    pub llama_dir: Option<PathBuf>,
    /// When the command was accepted.
    pub accepted: Instant,
}

/// What a model would read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shown {
    schema: &'static str,
    /// The profile.
    pub profile: String,
    /// `raw` or `chat`.
    pub mode: &'static str,
    /// The text that the model reads.
    pub prompt: String,
    /// Its tokens, where a program of llama.cpp counts them.
    pub tokens: Option<u64>,
    /// The context that it has to share with the answer, in tokens.
    pub context: u32,
}

/// Why a prompt could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum PromptFailure {
    /// As for a run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The chat template could not be applied.
    #[error(transparent)]
    Form(#[from] FormError),
}

impl PromptFailure {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Run(error) => error.exit(),
            Self::Form(error) => error.exit(),
        }
    }
}

/// Forms the prompt, and counts its tokens where a program can.
///
/// # Errors
/// As of a run, up to the start; and when the model's chat template cannot be applied.
pub async fn show(
    request: PromptRequest,
    paths: &Paths,
    console: Console,
) -> Result<Shown, PromptFailure> {
    let none = BTreeMap::new();
    // What a run of `auto` sends first is the router's question, and its overrides and variables are
    // those of the profile that is chosen.
    let (profile, overrides, variables) = match request.profile.as_str() {
        AUTO => (ROUTER, &[][..], &none),
        name => (name, request.overrides.as_slice(), &request.variables),
    };
    let question = Question {
        profile,
        overrides,
        source: &request.prompt,
        accepted: request.accepted,
    };
    // Until the prompt is read, Ctrl-C does what it always does: somebody may be typing.
    let mut asked = read(&question, paths)?;
    let resolved = match asked.named.take() {
        Some(named) => named,
        None => asked
            .profiles
            .resolve(profile, overrides)
            .map_err(RunError::from)?,
    };
    let chosen = choose(&asked, resolved, variables, paths)?;
    let mut interrupts = Interrupts::listen().map_err(RunError::Setup)?;
    formed(&request, &asked, chosen, paths, console, &mut interrupts).await
}

fn interrupted(interruption: Interruption) -> PromptFailure {
    RunError::Interrupted(interruption).into()
}

async fn formed(
    request: &PromptRequest,
    asked: &Asked,
    chosen: Chosen,
    paths: &Paths,
    console: Console,
    interrupts: &mut Interrupts,
) -> Result<Shown, PromptFailure> {
    for note in &chosen.notes {
        console.note(note);
    }
    let mode = match chosen.prompt {
        Prompt::Raw(_) => "raw",
        Prompt::Chat { .. } => "chat",
    };
    let (profile, context) = (chosen.profile.name.clone(), chosen.profile.context);
    let (prompt, tokens) = match &chosen.prompt {
        Prompt::Raw(text) => {
            let tokens = match count(request, asked, &chosen, text, paths, interrupts).await {
                Ok(tokens) => Some(tokens),
                Err(Uncounted::Interrupted(interruption)) => return Err(interrupted(interruption)),
                Err(Uncounted::Reason(reason)) => {
                    console.note(&format_args!("tokens not counted: {reason}"));
                    None
                }
            };
            (text.clone(), tokens)
        }
        Prompt::Chat { .. } => {
            let formed = form(request, asked, chosen, paths, interrupts).await?;
            (formed.prompt, formed.tokens)
        }
    };
    Ok(Shown {
        schema: SCHEMA,
        profile,
        mode,
        prompt,
        tokens,
        context,
    })
}

/// Has a chat formed by the model's own template. Only a server does that.
async fn form(
    request: &PromptRequest,
    asked: &Asked,
    chosen: Chosen,
    paths: &Paths,
    interrupts: &mut Interrupts,
) -> Result<engine::Formed, PromptFailure> {
    let dir = request.llama_dir.as_ref();
    let found = interrupts
        .or(find(Program::Server, dir, asked, paths))
        .await;
    let install = found.map_err(interrupted)?.map_err(RunError::from)?;
    let request = chosen.put_to(install, 0, asked.accepted);
    let prepared = request.prepare().map_err(RunError::from)?;
    match engine::form(prepared, interrupts.next()).await {
        Err(FormError::Interrupted(interruption)) => Err(interrupted(interruption)),
        formed => Ok(formed?),
    }
}

/// Counts the tokens of a text with llama-tokenize.
async fn count(
    request: &PromptRequest,
    asked: &Asked,
    chosen: &Chosen,
    text: &str,
    paths: &Paths,
    interrupts: &mut Interrupts,
) -> Result<u64, Uncounted> {
    let dir = request.llama_dir.as_ref();
    let found = interrupts
        .or(find(Program::Tokenize, dir, asked, paths))
        .await;
    let install = found
        .map_err(Uncounted::Interrupted)?
        .map_err(|error| Uncounted::Reason(format!("failed to {error}")))?;
    let (profile, model) = (&chosen.profile, &chosen.model.path);
    let limit = profile.limits.patience();
    let deadline = limit.and_then(|limit| asked.accepted.checked_add(limit));
    engine::count_tokens(&install, profile, model, text, deadline, interrupts.next()).await
}
