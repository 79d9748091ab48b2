//! What is to be generated, and how that is put to a program.

use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;

use tokio::time::Instant;

use crate::dialect::{ArgsError, GenerationArgs, Style, completion_args, environment};
use crate::exit::Exit;
use crate::host::usable_cpus;
use crate::profile::{Backend, Limits, Profile, Threads};
use crate::supervise::{SpawnError, Spec};
use crate::vendor::Install;

/// What is to be generated.
#[derive(Debug, Clone)]
pub struct Request {
    /// The program that does it.
    pub install: Install,
    /// How.
    pub profile: Profile,
    /// The model's file, looked at already.
    pub model: PathBuf,
    /// Context size in tokens, not above what the model was trained for.
    pub context: u32,
    /// The prompt, as the model is to see it.
    pub prompt: String,
    /// When the command was accepted: limits and `total_ms` count from here.
    pub accepted: Instant,
}

/// Why a generation could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The profile asks for a server.
    #[error(
        "profile key \"backend\": this version runs llama-completion only; use \"auto\" or \
         \"completion\""
    )]
    Backend,
    /// The build does not know what the profile asks for.
    #[error(transparent)]
    Args(#[from] ArgsError),
    /// The build prints the prompt into the text and cannot be told not to.
    #[error(
        "use {program}: this build, from before December 2023, prints the prompt into the text; name \
         a newer one with --llama-dir, or build one with `orchestrate build`",
        program = program.display()
    )]
    TooOld {
        /// Which.
        program: PathBuf,
    },
    /// The program cannot be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
}

impl StartError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Backend | Self::Args(_) => Exit::Configuration,
            Self::TooOld { .. } | Self::Spawn(_) => Exit::LlamaMissing,
        }
    }
}

/// A request, put into the words of one build of llama.cpp.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) spec: Spec,
    pub(super) style: Style,
    pub(super) max_tokens: u32,
    pub(super) stop: Vec<String>,
    pub(super) limits: Limits,
    pub(super) accepted: Instant,
    /// The sampler's seed: the profile's, or one that was drawn.
    pub seed: u32,
    /// What this build made us leave out or replace.
    pub notes: Vec<String>,
}

impl Prepared {
    /// The program's file.
    #[must_use]
    pub fn program(&self) -> &std::path::Path {
        &self.spec.program
    }

    /// Its arguments.
    #[must_use]
    pub fn args(&self) -> &[OsString] {
        &self.spec.args
    }

    /// What is started: program, arguments, environment and input.
    #[must_use]
    pub fn into_spec(self) -> Spec {
        self.spec
    }
}

impl Request {
    /// Puts the request into the words of the build that is to do it.
    ///
    /// # Errors
    /// [`StartError`] when the build lacks what the profile insists on, or an extra argument
    /// is unknown to it or would take the child out of our hands.
    pub fn prepare(self) -> Result<Prepared, StartError> {
        let Self {
            install,
            mut profile,
            model,
            context,
            prompt,
            accepted,
        } = self;
        if profile.backend == Backend::Server {
            return Err(StartError::Backend);
        }
        // A seed that we know makes every run one that can be repeated.
        let seed = *profile.seed.get_or_insert_with(draw_seed);
        let argv = completion_args(
            &GenerationArgs {
                profile: &profile,
                model: &model,
                context,
                threads: count(profile.threads),
                batch_threads: count(profile.batch_threads),
            },
            &install.capabilities,
        )?;
        if argv.echoes_prompt {
            return Err(StartError::TooOld {
                program: install.program,
            });
        }
        let inherited = std::env::vars_os().filter(|(name, _)| may_reach_child(name));
        let provided = environment::PROVIDED
            .iter()
            .map(|&(name, value)| (name.into(), value.into()));
        let own = profile
            .environment
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        Ok(Prepared {
            spec: Spec {
                program: install.program,
                args: argv.args,
                environment: inherited.chain(provided).chain(own).collect(),
                stdin: on_stdin(prompt),
            },
            seed,
            style: Style::of(&install.capabilities),
            max_tokens: profile.max_tokens,
            stop: profile.stop,
            limits: profile.limits,
            accepted,
            notes: argv.notes,
        })
    }
}

fn count(threads: Threads) -> u32 {
    match threads {
        Threads::Auto => usable_cpus().get(),
        Threads::Count(count) => count,
    }
}

/// Whether a variable of our own environment is passed on. A name that is no text is nobody's setting.
fn may_reach_child(name: &OsStr) -> bool {
    name.to_str()
        .is_none_or(|name| environment::withheld(name).is_none())
}

/// A prompt as the program reads it: it strips exactly one newline from the end.
fn on_stdin(prompt: String) -> Vec<u8> {
    let mut bytes = prompt.into_bytes();
    bytes.push(b'\n');
    bytes
}

/// A random seed. std seeds every hasher from the system's source of randomness.
fn draw_seed() -> u32 {
    // Not u32::MAX: to llama.cpp that means "draw one yourself".
    (RandomState::new().build_hasher().finish() >> 33) as u32
}
