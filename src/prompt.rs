//! `orchestrate prompt`: what a profile makes of a request, without generating anything.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio::time::{Instant, sleep_until};

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
    match formed(&request, &asked, chosen, paths, console, &mut interrupts).await {
        Ok(shown) => Ok(Ok(shown)),
        Err(Stopped::Interrupted(interruption)) => Ok(Err(interruption)),
        Err(Stopped::Failed(failure)) => Err(failure),
    }
}

/// Why there is nothing to show.
enum Stopped {
    Interrupted(Interruption),
    Failed(PromptFailure),
}

impl From<RunError> for Stopped {
    fn from(error: RunError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<FormError> for Stopped {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Interrupted(interruption) => Self::Interrupted(interruption),
            error => Self::Failed(error.into()),
        }
    }
}

async fn formed(
    request: &PromptRequest,
    asked: &Asked,
    chosen: Chosen,
    paths: &Paths,
    console: Console,
    interrupts: &mut Interrupts,
) -> Result<Shown, Stopped> {
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
            let tokens = count(request, asked, &chosen, text, paths, interrupts).await;
            (text.clone(), tokens.map_err(Stopped::Interrupted)?)
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
) -> Result<engine::Formed, Stopped> {
    let dir = request.llama_dir.as_ref();
    let found = interrupts
        .or(find(Program::Server, dir, asked, paths))
        .await;
    let install = found
        .map_err(Stopped::Interrupted)?
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
    Ok(engine::form(prepared, interrupts.next()).await?)
}

/// Counts the tokens of a text with llama-tokenize; `None` where there is none, or it cannot.
async fn count(
    request: &PromptRequest,
    asked: &Asked,
    chosen: &Chosen,
    text: &str,
    paths: &Paths,
    interrupts: &mut Interrupts,
) -> Result<Option<u64>, Interruption> {
    let dir = request.llama_dir.as_ref();
    let found = interrupts.or(find(Program::Tokenize, dir, asked, paths));
    let Ok(install) = found.await? else {
        return Ok(None);
    };
    let Some(mut job) = tokenize(&install, &chosen.model.path, text) else {
        return Ok(None);
    };
    let (mut printed, mut done) = (Vec::new(), false);
    let (mut overdue, mut interrupted) = (false, None);
    let limit = chosen.profile.limits.timeout;
    let limit = limit.and_then(|limit| asked.accepted.checked_add(limit));
    let late = async {
        match limit {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(late);
    // To its end, whatever comes: nothing of it is to be left.
    loop {
        tokio::select! {
                   event = job.next() => match event {
                       Some(Event::Stdout(bytes)) => printed.extend(bytes),
                       Some(Event::Exited(report)) => done = report.status == Status::Code(0),
                       Some(_) => {}
                       None => break,
                   },
                   interruption = interrupts.next() => {
                       interrupted.get_or_insert(interruption);
                       job.kill();
                   }
                   () = &mut late, if !overdue => {
        overdue = true;
        job.kill();
        }
               }
    }
    match interrupted {
        Some(interruption) => Err(interruption),
        None if done => Ok(String::from_utf8(printed)
            .ok()
            .as_deref()
            .and_then(token_count)),
        None => Ok(None),
    }
}

/// Starts llama-tokenize with a text on its standard input.
fn tokenize(install: &Install, model: &Path, text: &str) -> Option<Job> {
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
    Job::spawn(Spec {
        program: install.program.clone(),
        args,
        environment: inherited.collect(),
        stdin: text.as_bytes().to_vec(),
    })
    .ok()
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
