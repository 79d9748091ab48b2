//! `orchestrate plan`: what a profile would take on this machine, and how fast it could be, before it is
//! run.
//!
//! [`execute`] gathers what is known: the model's header, the memory, its bandwidth, what earlier runs
//! measured. [`figures`](mod@figures) makes tables of that, [`advice`](mod@advice) what could be better;
//! both are pure. Nothing is started but llama.cpp's `--version`, and that only where there is a history to
//! be asked.

pub mod advice;
pub mod figures;
mod shown;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};
use std::path::PathBuf;

use crate::exit::Exit;
use crate::host::{Bandwidth, BandwidthError, Host, gpu, usable_cpus, usable_memory};
use crate::memory::Program;
use crate::model::target::{self, TargetError};
use crate::profile::{Config, ModelRef, Override, Profile, ProfileError, Threads};
use crate::run::{as_run, lower_context, memory_of, remembered, setup_here};
use crate::store::{ConfigError, ModelError, ModelFile, Paths, Places, open_model};
use crate::ui::Console;
use crate::watchdog::Expected;
use figures::{Figures, Inputs, Timings};

/// What to plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// A profile, or the file of a model for the default profile; that profile alone if nothing is named.
    pub target: Option<String>,
    /// Keys of the profile that are changed for this once.
    pub overrides: Vec<Override>,
    /// Where llama.cpp's programs are, when the user says so.
    pub llama_dir: Option<PathBuf>,
    /// Measure the memory's bandwidth even if it was measured before.
    pub measure: bool,
    /// As JSON.
    pub json: bool,
}

/// Why nothing could be planned.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The word names neither a profile nor a model.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Configuration could not be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such profile, or it is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The model cannot be used.
    #[error("failed to {0}")]
    Model(#[from] ModelError),
    /// Memory cannot be measured, or the answer not be kept.
    #[error("failed to {0}")]
    Bandwidth(#[from] BandwidthError),
    /// The answer could not be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl PlanError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) => Exit::Configuration,
            Self::Target(error) => error.exit(),
            Self::Profile(error) => error.exit(),
            Self::Model(error) => error.exit(),
            Self::Bandwidth(BandwidthError::NoMemory { .. }) => Exit::Memory,
            Self::Bandwidth(BandwidthError::Unwritable { .. }) => Exit::Configuration,
            Self::Output(_) => Exit::Internal,
        }
    }
}

/// Plans it. A reader that goes away early, such as `head`, is no error.
///
/// # Errors
/// [`PlanError`].
pub async fn execute(
    request: &Request,
    paths: &Paths,
    console: Console,
    out: &mut dyn Write,
) -> Result<(), PlanError> {
    let gathered = gather(request, paths, console).await?;
    let figures = Figures::of(&gathered.inputs());
    let advice = advice::advice(&gathered.inputs(), &figures);
    let written = if request.json {
        shown::write(&gathered.inputs(), &figures, &advice, out)
    } else {
        text::write(&gathered.inputs(), &figures, &advice, out)
    };
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// All that is known.
struct Gathered {
    profile: Profile,
    model: ModelFile,
    config: Config,
    host: Host,
    usable_memory: Option<u64>,
    bandwidth: Option<Bandwidth>,
    expected: Expected,
    notes: Vec<String>,
}

impl Gathered {
    fn inputs(&self) -> Inputs<'_> {
        let profile = &self.profile;
        let count = |threads| match threads {
            Threads::Auto => usable_cpus().get(),
            Threads::Count(count) => count,
        };
        let setup = setup_here(profile);
        Inputs {
            profile,
            model: &self.model,
            memory: memory_of(profile, &self.model),
            setup,
            budget: self.config.budget(self.usable_memory).map(|bytes| bytes.0),
            budget_is_set: self.config.memory_budget.is_some(),
            usable_memory: self.usable_memory,
            bandwidth: self.bandwidth.as_ref(),
            timings: Timings::of(&self.expected),
            threads: count(profile.threads),
            cpus: usable_cpus().get(),
            quota: self.host.cpu_quota,
            gpus: gpu::seen().unwrap_or_default(),
            is_server: setup.program == Program::Server,
            notes: &self.notes,
        }
    }
}

async fn gather(request: &Request, paths: &Paths, console: Console) -> Result<Gathered, PlanError> {
    let places = Places::discover(paths)?;
    let config = places.config()?;
    let profiles = places.profiles()?;
    let mut overrides = request.overrides.clone();
    let name = match &request.target {
        None => config.default_profile.clone(),
        Some(word) if profiles.names().any(|name| name == word) => word.clone(),
        Some(word) => {
            let model = named(target::resolve(word, &places)?);
            overrides.insert(0, Override::new("FILE", "model", &model));
            config.default_profile.clone()
        }
    };
    let llama_dir = request.llama_dir.clone();
    let (resolved, hint) = as_run(
        &profiles,
        &name,
        &overrides,
        llama_dir,
        Some(&config),
        paths,
    )
    .await?;
    let (mut profile, mut notes) = (resolved.profile, resolved.notes);
    notes.extend(hint);
    let model = open_model(&profile.model, paths)?;
    notes.extend(lower_context(&mut profile, &model));
    let host = Host::detect();
    let bandwidth = bandwidth(request.measure, &host, paths, console)?;
    let llama_dir = request.llama_dir.clone();
    let expected = remembered(&profile, &model, llama_dir, &config, paths).await;
    Ok(Gathered {
        usable_memory: usable_memory(),
        bandwidth,
        expected: expected.unwrap_or_default(),
        profile,
        model,
        config,
        host,
        notes,
    })
}

/// A model as a profile names it: a bare name there is one that is built in, and no file.
fn named(model: ModelRef) -> String {
    match model {
        ModelRef::File(path) if path.components().count() == 1 => format!("./{}", path.display()),
        model => model.to_string(),
    }
}

/// What was measured before, or is measured now. A machine that cannot be measured is planned for all the
/// same, without speeds.
fn bandwidth(
    again: bool,
    host: &Host,
    paths: &Paths,
    console: Console,
) -> Result<Option<Bandwidth>, PlanError> {
    if !again && let Some(cached) = Bandwidth::cached(&paths.state, host) {
        return Ok(Some(cached));
    }
    console.aside(&"measuring how fast memory can be read here, for about a second");
    let measured = match Bandwidth::measure() {
        Err(error) if !again => {
            console.warning(&format_args!("failed to {error}"));
            return Ok(None);
        }
        measured => measured?,
    };
    // Who cannot keep it measures again the next time.
    if let Err(error) = measured.keep(&paths.state, host) {
        console.warning(&format_args!("failed to {error}"));
    }
    Ok(Some(measured))
}
