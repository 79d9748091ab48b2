//! From a request to something that can be started: profile, program, model, prompt.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Format, RunError, RunRequest};
use crate::dialect::Program;
use crate::engine::{self, Prepared};
use crate::profile::{Limits, check_prompt};
use crate::store::{ModelFile, Paths, Places, open_model};
use crate::ui::Console;
use crate::vendor::{Install, LocateRequest, locate};

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptSource {
    /// The command line.
    Argument(String),
    /// A file.
    File(PathBuf),
    /// Standard input, to its end.
    Stdin,
}

/// Everything that is known before the process is started.
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    pub(super) facts: Facts,
    pub(super) format: Format,
    pub(super) verbose: bool,
    pub(super) log_file: Option<PathBuf>,
    pub(super) accepted: tokio::time::Instant,
}

/// What the result tells beside the text and the figures.
pub(super) struct Facts {
    pub(super) profile: String,
    pub(super) model: ModelFile,
    pub(super) install: Install,
    pub(super) prompt: String,
    pub(super) context: u32,
    pub(super) max_tokens: u32,
    pub(super) limits: Limits,
    /// How long the preparation took, since the command.
    pub(super) took: Duration,
}

pub(super) async fn prepare(
    request: RunRequest,
    paths: &Paths,
    console: Console,
) -> Result<Ready, RunError> {
    let places = Places::discover(paths)?;
    let config = places.config()?;
    let resolved = places
        .profiles()?
        .resolve(&request.profile, &request.overrides)?;
    let mut profile = resolved.profile;
    for note in &resolved.notes {
        console.note(note);
    }

    let text = read_prompt(&request.prompt)?;
    let prompt = profile.prompt.render(&text, &request.variables)?;

    let model = open_model(&profile.model, paths)?;
    if let Some(trained) = model.header.context_length()
        && let Ok(trained) = u32::try_from(trained)
        && let Some(note) = profile.cap_context(trained)
    {
        console.note(&note);
    }

    let llama_dir = request.llama_dir.or(config.llama_dir);
    let install = locate(&LocateRequest::new(
        Program::Completion,
        llama_dir,
        &paths.cache,
    ))
    .await?;

    let context = profile.context;
    let facts = Facts {
        profile: profile.name.clone(),
        install: install.clone(),
        prompt: prompt.clone(),
        context,
        max_tokens: profile.max_tokens,
        limits: profile.limits,
        took: request.accepted.elapsed(),
        model,
    };
    let prepared = engine::Request {
        install,
        profile,
        model: facts.model.path.clone(),
        context,
        prompt,
        accepted: request.accepted,
    }
    .prepare()?;
    for note in &prepared.notes {
        console.note(note);
    }
    Ok(Ready {
        prepared,
        facts,
        format: request.format,
        verbose: request.verbose,
        log_file: request.log_file,
        accepted: request.accepted,
    })
}

/// Reads the request, without the newline that ends a line of a shell or of a file.
fn read_prompt(source: &PromptSource) -> Result<String, RunError> {
    let read = |name: &Path, bytes: io::Result<Vec<u8>>| {
        bytes.map_err(|source| RunError::ReadPrompt {
            name: name.to_owned(),
            source,
        })
    };
    let mut bytes = match source {
        PromptSource::Argument(text) => return Ok(check_prompt(text.clone().into_bytes())?),
        PromptSource::File(path) => read(path, std::fs::read(path))?,
        PromptSource::Stdin => {
            let mut bytes = Vec::new();
            let result = io::stdin().lock().read_to_end(&mut bytes);
            read(Path::new("standard input"), result.map(|_| bytes))?
        }
    };
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Ok(check_prompt(bytes)?)
}
