//! llama-bench of a build, supervised: what it says of the speed that a session measures too.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use super::outcome::{End, Interruption};
use super::request::environment;
use super::session::until_instant;
use super::watch;
use crate::dialect::{BenchArgs, BenchRow, Program, bench_args, bench_rows, is_bench_progress};
use crate::exit::Exit;
use crate::profile::Profile;
use crate::supervise::{Event, Job, Register, SpawnError, Spec, Status};
use crate::text::LineSplitter;
use crate::vendor::Install;
use crate::watchdog::{self, Budget, Expected, Finding, Watchdog};

/// What is kept of what it prints: a row has 2 kB, and 20 bytes for each repetition.
const LONGEST: usize = 16 << 20;
/// Tokens of a prompt that take as long as one that is generated, where the machine is unknown: the
/// watchdog takes 2 tokens/s for the one and 0.2 for the other as the slowest.
const PROMPT_TOKENS_PER_GENERATED: u32 = 10;

/// What llama-bench is to measure, and how it is watched.
#[derive(Debug, Clone)]
pub struct BenchRequest<'a> {
    /// The program.
    pub install: &'a Install,
    /// What it is started with besides its arguments: the environment.
    pub profile: &'a Profile,
    /// What it measures.
    pub args: BenchArgs<'a>,
    /// How long all of it may take; `None` leaves it to its progress.
    pub limit: Option<Duration>,
    /// The directory in which its job is put on record, for the case that we die before it.
    pub jobs: Option<PathBuf>,
}

/// Why llama-bench has not measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The program is another one.
    #[error(
        "use {program} as llama-bench: it is another program; name a directory that has one with \
         --llama-dir, or build one with `orchestrate build`",
        program = program.display()
    )]
    AnotherProgram {
        /// Which.
        program: PathBuf,
    },
    /// The build lacks an option.
    #[error(
        "measure that with {build}: it does not know {option}; build a newer one with `orchestrate build`"
    )]
    Unsupported {
        /// The build.
        build: String,
        /// The option.
        option: &'static str,
    },
    /// It could not be started.
    #[error("{0}; build it with `orchestrate build`, or name its directory with --llama-dir")]
    Spawn(#[from] SpawnError),
    /// Somebody asked for the end.
    #[error("measure with llama-bench: ended by {}", .0.name())]
    Interrupted(Interruption),
    /// It stalled, or took too long.
    #[error("measure with llama-bench: {0}")]
    Unfinished(End),
    /// It failed.
    #[error("measure with {build}: it ended with {status}{}", said(.detail))]
    Failed {
        /// The build.
        build: String,
        /// How it ended.
        status: Status,
        /// The last line of its log; may be empty.
        detail: String,
    },
    /// It ended well, and printed nothing that could be understood.
    #[error(
        "measure with {build}: it printed no row with samples; build another one with `orchestrate build`"
    )]
    NoRows {
        /// The build.
        build: String,
    },
    /// Its exit is unknown.
    #[error("measure with {build}: it could not be collected")]
    Lost {
        /// The build.
        build: String,
    },
}

fn said(detail: &str) -> String {
    if detail.is_empty() {
        String::new()
    } else {
        format!(": {detail}")
    }
}

impl BenchError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::AnotherProgram { .. }
            | Self::Unsupported { .. }
            | Self::Spawn(_)
            | Self::NoRows { .. } => Exit::LlamaMissing,
            Self::Interrupted(interruption) => interruption.exit(),
            Self::Unfinished(end) => end.exit(),
            Self::Failed { .. } | Self::Lost { .. } => Exit::Crashed,
        }
    }
}

/// Has llama-bench measure, unless `wish` tells of somebody who asks for the end first. It is judged by its
/// progress: a line of its log for each run, and what its processes do. Nothing of it is left when this
/// returns; dropped, it is killed.
///
/// # Errors
/// [`BenchError`].
pub async fn llama_bench(
    request: &BenchRequest<'_>,
    wish: impl Future<Output = Interruption>,
) -> Result<Vec<BenchRow>, BenchError> {
    let mut bench = Bench::start(request)?;
    tokio::pin!(wish);
    // To its end, whatever comes: nothing of it is to be left.
    loop {
        let tick = bench.deadline();
        tokio::select! {
            event = bench.job.next() => match event {
                Some(event) => bench.take(event),
                None => break,
            },
            interruption = &mut wish, if bench.stopped.is_none() => {
                bench.stop(BenchError::Interrupted(interruption));
            }
            () = until_instant(tick) => bench.watch(watchdog::Event::Tick),
        }
    }
    bench.result()
}

/// A llama-bench that runs.
struct Bench {
    build: String,
    job: Job,
    began: Instant,
    watchdog: Watchdog,
    printed: Vec<u8>,
    log: LineSplitter,
    last_line: String,
    status: Option<Status>,
    /// Why it is being ended.
    stopped: Option<BenchError>,
}

impl Bench {
    fn start(request: &BenchRequest<'_>) -> Result<Self, BenchError> {
        let install = request.install;
        if install.kind != Program::Bench {
            return Err(BenchError::AnotherProgram {
                program: install.program.clone(),
            });
        }
        let build = install.capabilities.build_name();
        let args = bench_args(&request.args, &install.capabilities).map_err(|option| {
            BenchError::Unsupported {
                build: build.clone(),
                option,
            }
        })?;
        let job = Job::spawn(Spec {
            program: install.program.clone(),
            args,
            environment: environment(request.profile),
            stdin: Vec::new(),
            register: request.jobs.clone().map(|dir| Register {
                dir,
                leftovers: Vec::new(),
            }),
        })?;
        Ok(Self {
            build,
            job,
            began: Instant::now(),
            watchdog: Watchdog::asked(terms(request)),
            printed: Vec::new(),
            log: LineSplitter::default(),
            last_line: String::new(),
            status: None,
            stopped: None,
        })
    }

    /// When a tick is next of use.
    fn deadline(&self) -> Option<Instant> {
        let at = self
            .watchdog
            .deadline()
            .filter(|_| self.stopped.is_none())?;
        self.began.checked_add(at)
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Stdout(bytes) => {
                if self.printed.len() < LONGEST {
                    self.printed.extend(bytes);
                }
                self.watch(watchdog::Event::Beside);
            }
            Event::Stderr(bytes) => {
                for line in self.log.push(&bytes) {
                    // The same again and again is none.
                    if is_bench_progress(&line) && line != self.last_line {
                        self.watch(watchdog::Event::Beside);
                    }
                    self.last_line = line;
                }
            }
            Event::Exited(report) => self.status = Some(report.status),
            Event::Lost(_) => {}
        }
    }

    fn watch(&mut self, event: watchdog::Event<'_>) {
        if self.stopped.is_some() {
            return;
        }
        for finding in self.watchdog.handle(self.began.elapsed(), event) {
            match finding {
                Finding::Sample => {
                    let sample = watch::sample(&self.job.vitals());
                    self.watch(watchdog::Event::Sample(sample));
                }
                Finding::End(verdict) => {
                    if let Some(end) = End::of(verdict) {
                        self.stop(BenchError::Unfinished(end));
                    }
                }
                Finding::Slow(_) | Finding::Projection(_) | Finding::Backpressure => {}
            }
        }
    }

    /// It has nothing to say that would be worth a polite signal.
    fn stop(&mut self, why: BenchError) {
        self.stopped.get_or_insert(why);
        self.job.kill();
    }

    fn result(self) -> Result<Vec<BenchRow>, BenchError> {
        let build = self.build;
        match (self.stopped, self.status) {
            (Some(stopped), _) => Err(stopped),
            (None, Some(Status::Code(0))) => {
                let rows = bench_rows(&String::from_utf8_lossy(&self.printed));
                if rows.is_empty() {
                    Err(BenchError::NoRows { build })
                } else {
                    Ok(rows)
                }
            }
            (None, Some(status)) => Err(BenchError::Failed {
                build,
                status,
                detail: self.last_line,
            }),
            (None, None) => Err(BenchError::Lost { build }),
        }
    }
}

/// It is judged as one that reads a prompt as long as all that it does between two lines of its log.
fn terms(request: &BenchRequest<'_>) -> watchdog::Terms {
    let BenchArgs {
        prompt_tokens,
        generated_tokens,
        depth,
        repetitions,
        ..
    } = request.args;
    let generated = generated_tokens.saturating_mul(PROMPT_TOKENS_PER_GENERATED);
    let run = depth
        .saturating_add(prompt_tokens)
        .saturating_add(generated);
    let tells = request.install.capabilities.supports("--progress");
    // Without a line for each, all of them and the warm-up are one silence.
    let runs = if tells {
        1
    } else {
        repetitions.saturating_add(1)
    };
    watchdog::Terms {
        budget: request.limit.map_or(Budget::Unlimited, Budget::Fixed),
        batch: run.saturating_mul(runs).max(1),
        expected: Expected {
            computes_on_cpu: request.profile.gpu_layers == 0,
            ..Expected::default()
        },
        ..watchdog::Terms::default()
    }
}
