//! From a request to something that can be started: profile, program, model, prompt.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::prior::prior;
use super::route::Routed;
use super::{RunError, RunRequest, fit, tuned};
use crate::dialect::Program;
use crate::engine::{self, Prepared};
use crate::history::Settings;
use crate::host::unix_ms;
use crate::incidents::Incidents;
use crate::profile::{
    AUTO, Backend, Config, HistoryPolicy, Limits, Override, Profile, ProfileSet, Prompt, Resolved,
    check_prompt, listed, routes,
};
use crate::store::{ModelFile, Paths, Places, create_private, open_model};
use crate::ui::Console;
use crate::units::Bytes;
use crate::vendor::{Install, LocateError, LocateRequest, locate};
use crate::watchdog::Expected;

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

/// What is asked: which profile, changed how for this once, and where the request comes from.
pub(crate) struct Question<'a> {
    pub(crate) profile: &'a str,
    pub(crate) overrides: &'a [Override],
    pub(crate) source: &'a PromptSource,
    pub(crate) accepted: Instant,
}

/// What the user has written: configuration, profiles, the request itself.
pub(crate) struct Asked {
    pub(crate) config: Config,
    pub(crate) profiles: ProfileSet,
    /// The profile that was named; none where one is to be chosen.
    pub(crate) named: Option<Resolved>,
    /// The request, before any template.
    pub(crate) text: String,
    /// When the command was complete.
    pub(crate) accepted: Instant,
}

/// A profile, with what it makes of the request, and its model.
pub(crate) struct Chosen {
    pub(crate) profile: Profile,
    pub(crate) prompt: Prompt,
    pub(crate) model: ModelFile,
    /// Where its job is put on record.
    pub(crate) jobs: PathBuf,
    /// What the machine says of its speed, before anything was measured.
    pub(crate) expected: Expected,
    /// Things worth saying that are no errors.
    pub(crate) notes: Vec<String>,
}

impl Chosen {
    /// Gives the profile its tuned settings, where they hold for this model and program on this machine;
    /// why they do not, else.
    pub(super) fn take_up_tuned(
        &mut self,
        profiles: &ProfileSet,
        overrides: &[Override],
        install: &Install,
    ) -> Option<String> {
        let Self { profile, model, .. } = self;
        tuned::take_up(profile, profiles, overrides, model, &install.capabilities)
    }

    /// The same, put to a program.
    pub(crate) fn put_to(
        self,
        install: Install,
        probabilities: u32,
        accepted: Instant,
    ) -> engine::Request {
        engine::Request {
            install,
            context: self.profile.context,
            profile: self.profile,
            model: self.model.path,
            prompt: self.prompt,
            probabilities,
            drill: engine::Drill::default(),
            expected: self.expected,
            // Where nothing may be written, a run goes on without a record.
            jobs: create_private(&self.jobs).is_ok().then_some(self.jobs),
            accepted,
        }
    }
}

/// Everything that is known before the process is started.
pub(super) struct Ready {
    pub(super) prepared: Prepared,
    pub(super) facts: Facts,
    pub(super) accepted: Instant,
}

/// What the result tells beside the text and the figures.
pub(super) struct Facts {
    pub(super) profile: String,
    /// How the profile was chosen, unless it was named.
    pub(super) routed: Option<Routed>,
    pub(super) model: ModelFile,
    pub(super) install: Install,
    pub(super) prompt: Prompt,
    pub(super) context: u32,
    pub(super) max_tokens: u32,
    pub(super) limits: Limits,
    /// The history of runs and what of it is kept, unless the user wants none.
    pub(super) history: Option<(PathBuf, HistoryPolicy)>,
    /// Where the record of an incident goes.
    pub(super) incidents: Incidents,
    /// What its speed depends on.
    pub(super) settings: Settings,
    /// When the command was accepted, in milliseconds since 1970-01-01 UTC.
    pub(super) started_unix_ms: u64,
    /// How long the preparation took, since the command.
    pub(super) took: Duration,
}

impl Facts {
    /// `completion` or `server`.
    pub(super) fn backend(&self) -> &'static str {
        backend(self.install.kind)
    }
}

pub(super) fn backend(program: Program) -> &'static str {
    match program {
        Program::Server => "server",
        _ => "completion",
    }
}

/// Reads configuration and profiles, and then the request: whoever types it should not hear afterwards
/// that there is no such profile.
pub(crate) fn read(question: &Question<'_>, paths: &Paths) -> Result<Asked, RunError> {
    let places = Places::discover(paths)?;
    let config = places.config()?;
    let profiles = places.profiles()?;
    let named = match question.profile {
        AUTO => None,
        name => Some(profiles.resolve(name, question.overrides)?),
    };
    let text = read_prompt(question.source)?;
    // A command that reads its prompt is complete when the prompt is: whoever feeds the pipe may
    // take their time.
    let accepted = match question.source {
        PromptSource::Stdin => Instant::now(),
        _ => question.accepted,
    };
    Ok(Asked {
        config,
        profiles,
        named,
        text,
        accepted,
    })
}

/// Makes a profile's prompt of the request, and opens its model.
pub(crate) fn choose(
    asked: &Asked,
    resolved: Resolved,
    variables: &BTreeMap<String, String>,
    paths: &Paths,
) -> Result<Chosen, RunError> {
    let (mut profile, mut notes) = (resolved.profile, resolved.notes);
    let routes = if profile.prompt.lists_routes() {
        listed(&routes(&asked.profiles).0)
    } else {
        String::new()
    };
    let prompt = profile.prompt.render(&asked.text, variables, &routes)?;
    let model = open_model(&profile.model, paths)?;
    if matches!(prompt, Prompt::Chat { .. }) && !model.header.has_chat_template {
        return Err(RunError::NoChatTemplate {
            model: model.path,
            profile: profile.name,
        });
    }
    notes.extend(lower_context(&mut profile, &model));
    Ok(Chosen {
        expected: prior(&profile, &model, paths),
        profile,
        prompt,
        model,
        jobs: paths.jobs(),
        notes,
    })
}

/// Lowers the context to what the model was trained for; says so where it does.
pub(crate) fn lower_context(profile: &mut Profile, model: &ModelFile) -> Option<String> {
    let trained = model.header.context_length()?;
    profile.cap_context(u32::try_from(trained).ok()?)
}

/// The program that a named profile is run with.
pub(crate) fn program(backend: Backend) -> Program {
    match backend {
        Backend::Server => Program::Server,
        // The quicker one for a single answer: it needs no second program to end.
        Backend::Auto | Backend::Completion => Program::Completion,
    }
}

/// Finds one of llama.cpp's programs. Dropped, it ends what it has started.
pub(crate) async fn find(
    program: Program,
    llama_dir: Option<&PathBuf>,
    asked: &Asked,
    paths: &Paths,
) -> Result<Install, LocateError> {
    let dir = llama_dir.or(asked.config.llama_dir.as_ref()).cloned();
    locate(&LocateRequest::new(program, dir, &paths.cache)).await
}

/// Finds the program, and puts the request into its words. Dropped, it ends what it has started.
pub(super) async fn make_ready(
    request: &RunRequest,
    asked: &Asked,
    mut chosen: Chosen,
    routed: Option<Routed>,
    paths: &Paths,
    console: Console,
) -> Result<Ready, RunError> {
    for note in &chosen.notes {
        console.note(note);
    }
    let install = find(
        program(chosen.profile.backend),
        request.llama_dir.as_ref(),
        asked,
        paths,
    )
    .await?;
    let hint = chosen.take_up_tuned(&asked.profiles, &request.overrides, &install);
    if let Some(hint) = hint {
        console.note(&hint);
    }
    if !request.force {
        fit::check(&chosen.profile, &chosen.model, &asked.config)?;
    }
    let profile = &chosen.profile;
    let took = asked.accepted.elapsed();
    let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let history = asked.config.history;
    let facts = Facts {
        profile: profile.name.clone(),
        routed,
        install: install.clone(),
        prompt: chosen.prompt.clone(),
        context: profile.context,
        max_tokens: profile.max_tokens,
        limits: profile.limits,
        history: history.enabled.then(|| (paths.history(), history)),
        incidents: Incidents::new(paths.incidents()),
        settings: Settings::of(profile, backend(install.kind)),
        started_unix_ms: unix_ms().saturating_sub(took_ms),
        took,
        model: chosen.model.clone(),
    };
    let prepared = chosen.put_to(install, 0, asked.accepted).prepare()?;
    for note in &prepared.notes {
        console.note(note);
    }
    Ok(Ready {
        prepared,
        facts,
        accepted: asked.accepted,
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
