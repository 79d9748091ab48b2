//! From a request to something that can be started: profile, program, model, prompt.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::{Format, RunError, RunRequest};
use crate::dialect::Program;
use crate::engine::{self, Prepared};
use crate::profile::{Limits, Profile, check_prompt};
use crate::store::{ModelFile, Paths, Places, open_model};
use crate::ui::Console;
use crate::units::Bytes;
use crate::vendor::{Install, LocateRequest, locate};

/// Longest request in bytes. The largest contexts of today are 10 million tokens, of some 4 bytes
/// each; a request beyond that is a wrong file.
const LONGEST_PROMPT: u64 = 64_000_000;

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
    pub(super) accepted: Instant,
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

/// A request whose profile, prompt and model are known.
pub(super) struct Chosen {
    request: RunRequest,
    profile: Profile,
    prompt: String,
    model: ModelFile,
    configured_dir: Option<PathBuf>,
    accepted: Instant,
}

/// Reads everything that the user has written: configuration, profile, prompt, model.
pub(super) fn choose(
    request: RunRequest,
    paths: &Paths,
    console: Console,
) -> Result<Chosen, RunError> {
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
    // A command that reads its prompt is complete when the prompt is: whoever feeds the pipe may
    // take their time.
    let accepted = match request.prompt {
        PromptSource::Stdin => Instant::now(),
        _ => request.accepted,
    };
    let prompt = profile.prompt.render(&text, &request.variables)?;
    let model = open_model(&profile.model, paths)?;
    if let Some(trained) = model.header.context_length()
        && let Ok(trained) = u32::try_from(trained)
        && let Some(note) = profile.cap_context(trained)
    {
        console.note(&note);
    }
    Ok(Chosen {
        request,
        profile,
        prompt,
        model,
        configured_dir: config.llama_dir,
        accepted,
    })
}

/// Finds the program, and puts the request into its words. Dropped, it ends what it has started.
pub(super) async fn find_program(
    chosen: Chosen,
    paths: &Paths,
    console: Console,
) -> Result<Ready, RunError> {
    let Chosen {
        request,
        profile,
        prompt,
        model,
        configured_dir,
        accepted,
    } = chosen;
    let dir = request.llama_dir.or(configured_dir);
    let wanted = LocateRequest::new(Program::Completion, dir, &paths.cache);
    let install = locate(&wanted).await?;
    let facts = Facts {
        profile: profile.name.clone(),
        install: install.clone(),
        prompt: prompt.clone(),
        context: profile.context,
        max_tokens: profile.max_tokens,
        limits: profile.limits,
        took: accepted.elapsed(),
        model,
    };
    let prepared = engine::Request {
        install,
        context: profile.context,
        profile,
        model: facts.model.path.clone(),
        prompt,
        accepted,
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
        accepted,
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
        PromptSource::File(path) => read(path, File::open(path).and_then(bounded))?,
        PromptSource::Stdin => read(Path::new("standard input"), bounded(io::stdin().lock()))?,
    };
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    Ok(check_prompt(bytes)?)
}

/// Reads to the end, or to [`LONGEST_PROMPT`].
fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LONGEST_PROMPT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_PROMPT {
        let limit = Bytes(LONGEST_PROMPT);
        return Err(io::Error::other(format!("it is longer than {limit}")));
    }
    Ok(bytes)
}
