//! `orchestrate prompt`: what a profile makes of a request, without generating anything.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::time::Instant;

use crate::dialect::{Program, environment};
use crate::engine::{self, FormError, Interruption};
use crate::exit::Exit;
use crate::profile::{AUTO, Override, Prompt, ROUTER};
use crate::run::{Asked, Chosen, PromptSource, Question, RunError, choose, find, read};
use crate::store::Paths;
use crate::supervise::{Event, Job, Spec, Status};
use crate::ui::{Console, Interrupts};
use crate::vendor::Install;

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

/// Forms the prompt, and counts its tokens where a program can; or tells who has asked for the end
/// meanwhile.
///
/// # Errors
/// As of a run, up to the start; and when the model's chat template cannot be applied.
pub async fn show(
    request: PromptRequest,
    paths: &Paths,
    console: Console,
) -> Result<Result<Shown, Interruption>, PromptFailure> {
    // Until the prompt is read, Ctrl-C does what it always does: somebody may be typing.
    let question = Question {
        // What a run of `auto` sends first is the router's question.
        profile: match request.profile.as_str() {
            AUTO => ROUTER,
            name => name,
        },
        overrides: &request.overrides,
        source: &request.prompt,
        accepted: request.accepted,
    };
    let mut asked = read(&question, paths)?;
    let resolved = match asked.named.take() {
        Some(named) => named,
        None => asked
            .profiles
            .resolve(question.profile, &request.overrides)
            .map_err(RunError::from)?,
    };
    let chosen = choose(&asked, resolved, &request.variables, paths)?;
    let mut interrupts = Interrupts::listen().map_err(RunError::Setup)?;
    // Dropped, the work ends what it has started.
    let formed = interrupts
        .or(formed(&request, &asked, chosen, paths, console))
        .await;
    formed.map_or_else(|interruption| Ok(Err(interruption)), |shown| shown.map(Ok))
}

async fn formed(
    request: &PromptRequest,
    asked: &Asked,
    chosen: Chosen,
    paths: &Paths,
    console: Console,
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
            let tokens = count(request, asked, &chosen, text, paths).await;
            (text.clone(), tokens)
        }
        Prompt::Chat { .. } => {
            let formed = form(request, asked, chosen, paths).await?;
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
) -> Result<engine::Formed, PromptFailure> {
    let dir = request.llama_dir.as_ref();
    let install = find(Program::Server, dir, asked, paths)
        .await
        .map_err(RunError::from)?;
    let prepared = engine::Request {
        install,
        context: chosen.profile.context,
        profile: chosen.profile,
        model: chosen.model.path,
        prompt: chosen.prompt,
        probabilities: 0,
        accepted: asked.accepted,
    };
    let prepared = prepared.prepare().map_err(RunError::from)?;
    Ok(engine::form(prepared).await?)
}

/// Counts the tokens of a text with llama-tokenize; `None` where there is none, or it cannot.
async fn count(
    request: &PromptRequest,
    asked: &Asked,
    chosen: &Chosen,
    text: &str,
    paths: &Paths,
) -> Option<u64> {
    let dir = request.llama_dir.as_ref();
    let install = find(Program::Tokenize, dir, asked, paths).await.ok()?;
    let printed = tokenize(&install, &chosen.model.path, text).await?;
    token_count(&printed)
}

/// What llama-tokenize prints for a text on its standard input.
async fn tokenize(install: &Install, model: &Path, text: &str) -> Option<String> {
    let known = |flag: &str| install.capabilities.supports(flag);
    if !known("--stdin") || !known("--ids") {
        return None;
    }
    let mut args: Vec<OsString> = vec!["-m".into(), model.into(), "--stdin".into(), "--ids".into()];
    // Else `\n` in a prompt would be counted as a newline.
    if known("--no-escape") {
        args.push("--no-escape".into());
    }
    let inherited = std::env::vars_os().filter(|(name, _)| environment::passes(name));
    let mut job = Job::spawn(Spec {
        program: install.program.clone(),
        args,
        environment: inherited.collect(),
        stdin: text.as_bytes().to_vec(),
    })
    .ok()?;
    let mut printed = Vec::new();
    while let Some(event) = job.next().await {
        match event {
            Event::Stdout(bytes) => printed.extend(bytes),
            Event::Exited(report) if report.status == Status::Code(0) => {
                return String::from_utf8(printed).ok();
            }
            _ => {}
        }
    }
    None
}

/// The length of the list `[1, 2, 3]` that `--ids` prints.
fn token_count(printed: &str) -> Option<u64> {
    let line = printed.lines().find(|line| line.starts_with('['))?;
    let ids: Vec<u64> = serde_json::from_str(line).ok()?;
    Some(ids.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::token_count;

    #[test]
    fn the_list_is_counted() {
        assert_eq!(token_count("[1, 22, 3]\n"), Some(3));
        assert_eq!(token_count("warning\n[]\n"), Some(0));
        assert_eq!(token_count("1 2 3"), None);
    }
}
