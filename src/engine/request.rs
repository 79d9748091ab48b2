//! What is to be generated, and how that is put to a program.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};

use tokio::time::Instant;

use super::drill::Drill;
use super::question::Question;
use crate::dialect::{
    ArgsError, Argv, Capabilities, Counting, GenerationArgs, Program, Style, completion_args,
    environment, server_args,
};
use crate::exit::Exit;
use crate::host::usable_cpus;
use crate::profile::{Profile, Prompt, Threads};
use crate::store::{SocketDir, SocketDirError};
use crate::supervise::{Register, SpawnError, Spec};
use crate::vendor::Install;
use crate::watchdog::{self, Expected};

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
    /// What the model is asked.
    pub prompt: Prompt,
    /// How many of the likeliest tokens are to be told at each place; only a server can.
    pub probabilities: u32,
    /// What else a server is asked, before the prompt and beside it.
    pub drill: Drill,
    /// What is known of this model on this machine.
    pub expected: Expected,
    /// The directory in which its job is put on record, for the case that we die before it.
    pub jobs: Option<PathBuf>,
    /// When the command was accepted: limits and `total_ms` count from here.
    pub accepted: Instant,
}

/// Why a generation could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no place for a server's socket.
    #[error(transparent)]
    Socket(#[from] SocketDirError),
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
    /// More than one prompt is for a server alone.
    #[error(
        "ask {program} more than one prompt: a warm-up, a depth and parallel streams need a llama-server; \
         set backend = \"server\", or leave them out",
        program = program.display()
    )]
    OnePromptOnly {
        /// Which program was to be asked.
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
            Self::Args(_) | Self::OnePromptOnly { .. } => Exit::Configuration,
            Self::Socket(_) => Exit::Configuration,
            Self::TooOld { .. } | Self::Spawn(_) => Exit::LlamaMissing,
        }
    }
}

/// A request, put into the words of one build of llama.cpp.
#[derive(Debug)]
pub struct Prepared {
    pub(super) spec: Spec,
    pub(super) way: Way,
    pub(super) max_tokens: u32,
    pub(super) stop: Vec<String>,
    pub(super) watch: watchdog::Terms,
    pub(super) accepted: Instant,
    /// The sampler's seed: the profile's, or one that was drawn.
    pub seed: u32,
    /// What this build made us leave out or replace.
    pub notes: Vec<String>,
}

impl Prepared {
    /// The program's file.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.spec.program
    }

    /// Its arguments.
    #[must_use]
    pub fn args(&self) -> &[OsString] {
        &self.spec.args
    }

    /// The same for people to read: what is not UTF-8 in them became U+FFFD.
    #[must_use]
    pub fn args_as_text(&self) -> Vec<String> {
        let args = self.spec.args.iter();
        args.map(|arg| arg.to_string_lossy().into_owned()).collect()
    }

    /// What is started: program, arguments, environment and input.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Which program does it.
    #[must_use]
    pub fn kind(&self) -> Program {
        match self.way {
            Way::Stdin { .. } => Program::Completion,
            Way::Http { .. } => Program::Server,
        }
    }

    /// Of a server: what it is asked, without a form around it.
    pub(super) fn prompt(&self) -> &str {
        match &self.way {
            Way::Stdin { .. } => "",
            Way::Http { question, .. } => question.prompt.text(),
        }
    }

    /// Of a server: its socket, which goes when `self` does, and the body of the request that it gets at
    /// `/completion`, unless the prompt is still to be formed.
    #[must_use]
    pub fn question(&self) -> Option<(&Path, serde_json::Value)> {
        match &self.way {
            Way::Stdin { .. } => None,
            Way::Http {
                socket, question, ..
            } => Some((socket.socket(), question.body()?)),
        }
    }
}

/// How the prompt comes to the program, and the text back.
#[derive(Debug)]
pub(super) enum Way {
    /// Over standard input and output.
    Stdin {
        /// What the program prints besides the text.
        style: Style,
    },
    /// Over HTTP.
    Http {
        /// Where the server listens.
        socket: SocketDir,
        /// What it is asked.
        question: Box<Question>,
        /// Its context in tokens.
        context: u32,
        /// Where it tells how far it is.
        counting: Option<Counting>,
    },
}

impl Way {
    /// What would be left if we died.
    fn leftovers(&self) -> Vec<PathBuf> {
        match self {
            Self::Stdin { .. } => Vec::new(),
            Self::Http { socket, .. } => socket
                .socket()
                .parent()
                .map(Path::to_owned)
                .into_iter()
                .collect(),
        }
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
            probabilities,
            drill,
            expected,
            jobs,
            accepted,
        } = self;
        if install.kind != Program::Server && !drill.is_empty() {
            return Err(StartError::OnePromptOnly {
                program: install.program,
            });
        }
        // A seed that we know makes every run one that can be repeated.
        let seed = *profile.seed.get_or_insert_with(draw_seed);
        let args = GenerationArgs {
            profile: &profile,
            model: &model,
            context,
            slots: drill.streams(),
            threads: count(profile.threads),
            batch_threads: count(profile.batch_threads),
        };
        // A server tells of each batch. llama-completion is silent until the last token of the prompt, of
        // which there are at most as many as bytes.
        let silent = match install.kind {
            Program::Server => profile.batch,
            _ => u32::try_from(prompt.text().len()).map_or(context, |bytes| bytes.min(context)),
        };
        let capabilities = &install.capabilities;
        let (argv, way, stdin) = if install.kind == Program::Server {
            let (argv, way) = over_http(&args, (prompt, drill), probabilities, capabilities)?;
            (argv, way, Vec::new())
        } else {
            let argv = completion_args(&args, &prompt, capabilities)?;
            if argv.echoes_prompt {
                return Err(StartError::TooOld {
                    program: install.program,
                });
            }
            let style = Style::of(capabilities);
            (argv, Way::Stdin { style }, on_stdin(prompt.text()))
        };
        Ok(Prepared {
            spec: Spec {
                program: install.program,
                args: argv.args,
                environment: environment(&profile),
                stdin,
                register: jobs.map(|dir| Register {
                    dir,
                    leftovers: way.leftovers(),
                }),
            },
            way,
            seed,
            watch: super::watch::terms(&profile, expected, silent),
            max_tokens: profile.max_tokens,
            stop: profile.stop,
            accepted,
            notes: argv.notes,
        })
    }
}

/// A server on a socket of its own, and what it will be asked.
fn over_http(
    args: &GenerationArgs<'_>,
    (prompt, drill): (Prompt, Drill),
    probabilities: u32,
    capabilities: &Capabilities,
) -> Result<(Argv, Way), StartError> {
    let socket = SocketDir::create()?;
    let argv = server_args(args, socket.socket(), capabilities)?;
    let question = Box::new(Question {
        profile: args.profile.clone(),
        prompt,
        probabilities,
        capabilities: capabilities.clone(),
        drill,
    });
    let way = Way::Http {
        socket,
        question,
        context: args.context,
        counting: Counting::of(args.profile, capabilities),
    };
    Ok((argv, way))
}

/// The whole environment of a program of llama.cpp: ours but for what would change it behind the profile's
/// back, what each gets, and the profile's own.
pub(super) fn environment(profile: &Profile) -> Vec<(OsString, OsString)> {
    let inherited = std::env::vars_os().filter(|(name, _)| environment::passes(name));
    let provided = environment::PROVIDED
        .iter()
        .map(|&(name, value)| (name.into(), value.into()));
    let own = profile
        .environment
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    inherited.chain(provided).chain(own).collect()
}

fn count(threads: Threads) -> u32 {
    match threads {
        Threads::Auto => usable_cpus().get(),
        Threads::Count(count) => count,
    }
}

/// A prompt as the program reads it: it strips exactly one newline from the end.
fn on_stdin(prompt: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(prompt.len() + 1);
    bytes.extend_from_slice(prompt.as_bytes());
    bytes.push(b'\n');
    bytes
}

/// A random seed. std seeds every hasher from the system's source of randomness.
fn draw_seed() -> u32 {
    // Not u32::MAX: to llama.cpp that means "draw one yourself".
    (RandomState::new().build_hasher().finish() >> 33) as u32
}
