//! `orchestrate smoke`: whether a build of llama.cpp does what orchestrate needs of it, in under a minute,
//! for CI.
//!
//! A case is a TOML file: `smoke/*.toml` at the top of the repository, which are in the binary, or those of
//! a directory of the user's. [`parse`] makes a [`Case`] of one, `play` runs it as a supervised
//! generation, [`judge`] holds what was [`Seen`] against what was expected, and `shown` tells it. Parsing,
//! judging and choosing are pure. Cases run one after the other, so that each can be asked what it has left
//! behind; one that fails is in nobody's way. Nothing of it is in the history.

mod arguments;
mod by_hand;
mod case;
mod cases;
mod judge;
mod made;
mod parse;
mod play;
mod remains;
mod report;
mod select;
mod shown;
mod stage;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tokio::time::Instant;

pub use case::{
    Act, Again, Case, Disturbance, During, Expectation, Generate, Model, Profiles, Task,
};
pub use judge::{Seen, ended_as_expected, judge, judge_again};
pub use parse::parse;
pub use report::{Done, Report, Tested};

use crate::dialect::Program;
use crate::exit::Exit;
use crate::host::unix_ms;
use crate::profile::{Problems, ProfileError, nearest};
use crate::store::{ConfigError, Paths, Places};
use crate::supervise::sweep_orphans;
use crate::ui::{Console, Interrupts, while_waiting};
use crate::vendor::LocateError;
use play::play;
use stage::Stage;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    /// The directory of the cases; without it those in the binary.
    pub cases: Option<PathBuf>,
    /// Which of them; without it all.
    pub only: Option<String>,
    /// Only say which there are.
    pub list: bool,
    /// A profile of the user, for the cases that are about one; the others are left out then.
    pub profile: Option<String>,
    /// The least speed that is expected of it, in tokens per second.
    pub least_tokens_per_second: Option<f64>,
    /// Where llama.cpp's programs are, when the user says so.
    pub llama_dir: Option<PathBuf>,
    /// As JSON.
    pub json: bool,
    /// A JUnit file to write.
    pub junit: Option<PathBuf>,
    /// With annotations of GitHub Actions.
    pub github: bool,
}

/// Why nothing could be tested, or told. What is wrong with llama.cpp is a failed case, and no error.
#[derive(Debug, thiserror::Error)]
pub enum SmokeError {
    /// Configuration cannot be read or is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is no such profile, or it is wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Something in the cases is wrong.
    #[error(transparent)]
    Cases(#[from] Problems),
    /// The directory of the cases cannot be read.
    #[error("failed to read the cases in {path}: {source}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// There is no case in it.
    #[error("failed to find a case in {path}: a case is a file that ends in .toml", path = path.display())]
    NoCases {
        /// Which.
        path: PathBuf,
    },
    /// No case is meant.
    #[error("no case is meant by {pattern:?}{}; `orchestrate smoke --list` shows all of them", meant(nearest.as_deref()))]
    NothingMeant {
        /// What was asked for.
        pattern: String,
        /// The case that was probably meant.
        nearest: Option<String>,
    },
    /// No case is about a profile.
    #[error("no case is about a profile: --profile is for cases with model = \"profile\"")]
    NothingForProfile,
    /// There is no llama.cpp to test.
    #[error("failed to {0}")]
    Locate(#[from] LocateError),
    /// The JUnit file cannot be written.
    #[error("failed to write {path}: {source}; name another file with --junit", path = path.display())]
    Junit {
        /// Which.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The report cannot be written.
    #[error("failed to write to standard output: {0}")]
    Output(#[source] io::Error),
    /// The system refused something that always works.
    #[error("failed to listen for signals: {0}")]
    Signals(#[source] io::Error),
}

impl SmokeError {
    /// The exit code that tells it to a script.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::Profile(_)
            | Self::Cases(_)
            | Self::Unreadable { .. }
            | Self::NoCases { .. } => Exit::Configuration,
            Self::NothingMeant { .. } | Self::NothingForProfile | Self::Junit { .. } => Exit::Usage,
            Self::Locate(_) => Exit::LlamaMissing,
            Self::Output(_) | Self::Signals(_) => Exit::Internal,
        }
    }
}

/// One case and the program that is put to it.
struct Planned<'c> {
    case: &'c Case,
    program: Program,
    /// The program's word in its name.
    word: Option<&'static str>,
}

/// Lines of the log that are told of a failure.
const LAST_LINES: usize = 8;

/// Runs the cases and tells what has come of them: the human table as it grows, everything else at the
/// end. The exit code is [`Exit::CheckFailed`] where one failed, or that of the signal that asked for the
/// end. A reader that goes away early, such as `head`, is no error.
///
/// # Errors
/// [`SmokeError`] when nothing can be tested, or its result cannot be written.
pub async fn execute(
    request: &Request,
    paths: &Paths,
    console: Console,
    out: &mut dyn Write,
) -> Result<Exit, SmokeError> {
    let places = Places::discover(paths)?;
    let cases = cases::read(request.cases.as_deref(), &places)?;
    if request.list {
        let meant = cases.iter().filter(|case| is_meant(request, case, None));
        let meant: Vec<_> = meant.collect();
        unless_closed(shown::list(&meant, request.json, out))?;
        return Ok(Exit::Done);
    }
    let mut stage = Stage::new(paths, &places, request.profile.clone())?;
    let about = |case: &&Case| case.needs_profile() == request.profile.is_some();
    let cases: Vec<_> = cases.iter().filter(about).collect();
    if cases.is_empty() {
        return Err(SmokeError::NothingForProfile);
    }
    stage.check(&cases)?;
    let planned = planned(request, &cases, &stage)?;
    let mut interrupts = Interrupts::listen().map_err(SmokeError::Signals)?;
    // A file that cannot be written is told before a minute is spent.
    let mut junit = request.junit.as_deref().map(created).transpose()?;
    let programs: Vec<_> = planned.iter().map(|one| one.program).collect();
    let found = stage.find(&programs, request.llama_dir.as_ref());
    match interrupts.or(found).await {
        Ok(found) => found?,
        Err(interruption) => return Ok(interruption.exit()),
    }
    sweep_orphans(&paths.jobs()).await;

    let (report, interruption) =
        run(request, &planned, &stage, console, &mut interrupts, out).await?;
    let exit = match interruption {
        Some(exit) => exit,
        None if report.failed() > 0 => Exit::CheckFailed,
        None => Exit::Done,
    };
    if let Some((path, file)) = &mut junit {
        let written = shown::junit(&report).and_then(|text| file.write_all(text.as_bytes()));
        written.map_err(|source| SmokeError::Junit {
            path: path.clone(),
            source,
        })?;
    }
    unless_closed(told(request, &report, exit, out))?;
    Ok(exit)
}

/// Whether a case is among those that are asked for.
fn is_meant(request: &Request, case: &Case, program: Option<&str>) -> bool {
    let only = request.only.as_deref();
    only.is_none_or(|pattern| select::means(pattern, &case.name, program))
}

fn planned<'c>(
    request: &Request,
    cases: &[&'c Case],
    stage: &Stage<'_>,
) -> Result<Vec<Planned<'c>>, SmokeError> {
    let all = cases.iter().flat_map(|case| {
        let programs = stage.programs(case).into_iter();
        programs.map(|program| Planned {
            case,
            program,
            word: case.programs.is_some().then_some(word(program)),
        })
    });
    let meant: Vec<_> = all
        .filter(|one| is_meant(request, one.case, one.word))
        .collect();
    match &request.only {
        Some(pattern) if meant.is_empty() => Err(SmokeError::NothingMeant {
            pattern: pattern.clone(),
            nearest: nearest(pattern, cases.iter().map(|case| case.name.as_str()))
                .map(str::to_owned),
        }),
        _ => Ok(meant),
    }
}

fn word(program: Program) -> &'static str {
    match program {
        Program::Server => "server",
        _ => "completion",
    }
}

fn created(path: &Path) -> Result<(PathBuf, File), SmokeError> {
    match File::create(path) {
        Ok(file) => Ok((path.to_owned(), file)),
        Err(source) => Err(SmokeError::Junit {
            path: path.to_owned(),
            source,
        }),
    }
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}

/// Runs all of them, one after the other, until somebody asks for the end.
async fn run(
    request: &Request,
    planned: &[Planned<'_>],
    stage: &Stage<'_>,
    console: Console,
    interrupts: &mut Interrupts,
    out: &mut dyn Write,
) -> Result<(Report, Option<Exit>), SmokeError> {
    let began = Instant::now();
    let mut report = Report {
        programs: stage
            .installs()
            .map(|install| Tested {
                name: install.kind.name(),
                build: install.capabilities.build_name(),
                path: install.program.display().to_string(),
            })
            .collect(),
        began_unix_ms: unix_ms(),
        ..Report::default()
    };
    let names = planned
        .iter()
        .map(|one| select::full(&one.case.name, one.word));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let mut interrupted = None;
    for (at, one) in planned.iter().enumerate() {
        let name = select::full(&one.case.name, one.word);
        let what = format!("{name} ({} of {})", at + 1, planned.len());
        let work = while_waiting(console, &what, tested(request, one, stage));
        match interrupts.or(work).await {
            Ok(done) => {
                if !request.json {
                    unless_closed(shown::row(&done, width, out))?;
                }
                report.done.push(done);
            }
            Err(interruption) => {
                report.not_run = planned.len() - at;
                interrupted = Some(interruption.exit());
                break;
            }
        }
    }
    report.took = began.elapsed();
    Ok((report, interrupted))
}

/// Runs one.
async fn tested(request: &Request, one: &Planned<'_>, stage: &Stage<'_>) -> Done {
    let began = Instant::now();
    let (problems, commands, log) = match &one.case.task {
        Task::Arguments(which) => match stage.install(one.program) {
            Ok(install) => {
                let problems = arguments::check(stage.set(*which), &install.capabilities);
                let program = install.program.to_string_lossy();
                let command = by_hand::line([&*program, "--help"]);
                (problems, vec![command], Vec::new())
            }
            Err(refused) => (vec![refused.error], Vec::new(), Vec::new()),
        },
        Task::Generate(generate) => generated(request, generate, one.program, stage).await,
    };
    Done {
        case: one.case.name.clone(),
        program: one.word,
        about: one.case.about.clone(),
        took: began.elapsed(),
        problems,
        again: again(request, &select::full(&one.case.name, one.word)),
        llama_commands: commands,
        last_lines: log,
    }
}

/// Problems, commands to repeat it, and what the log says of them.
type Outcome = (Vec<String>, Vec<String>, Vec<String>);

async fn generated(
    request: &Request,
    generate: &Generate,
    program: Program,
    stage: &Stage<'_>,
) -> Outcome {
    let mut expect = generate.expect.clone();
    if request.least_tokens_per_second.is_some() {
        expect.tokens_per_second = request.least_tokens_per_second;
    }
    let first = play(stage, generate, program, &[]).await;
    let problems = judge(&expect, &first.seen);
    if !problems.is_empty() {
        return (problems, first.commands, log_of(&expect, first.seen));
    }
    // What is expected of the text is said of the first one.
    let expect = Expectation {
        end: expect.end,
        exit: expect.exit,
        ..Expectation::default()
    };
    for again in &generate.again {
        let next = play(stage, generate, program, &again.settings).await;
        let mut problems = judge(&expect, &next.seen);
        problems.extend(judge_again(again, &first.seen.text, &next.seen.text));
        if !problems.is_empty() {
            let commands = first.commands.into_iter().chain(next.commands);
            return (problems, commands.collect(), log_of(&expect, next.seen));
        }
    }
    (problems, first.commands, Vec::new())
}

/// The last lines of the log, where it may say why a run ended as it did.
fn log_of(expect: &Expectation, seen: Seen) -> Vec<String> {
    if ended_as_expected(expect, &seen) {
        return Vec::new();
    }
    let before = seen.log.len().saturating_sub(LAST_LINES);
    seen.log.into_iter().skip(before).collect()
}

/// The command that runs one case alone.
fn again(request: &Request, name: &str) -> String {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let options = [
        ("--cases", path(&request.cases)),
        ("--llama-dir", path(&request.llama_dir)),
        ("--profile", request.profile.clone()),
        (
            "--least",
            request
                .least_tokens_per_second
                .map(|least| least.to_string()),
        ),
        ("--only", Some(name.to_owned())),
    ];
    let mut words = vec!["orchestrate".to_owned(), "smoke".to_owned()];
    for (option, value) in options {
        if let Some(value) = value {
            words.extend([option.to_owned(), value]);
        }
    }
    by_hand::line(words.iter().map(String::as_str))
}

/// Writes what comes at the end.
fn told(request: &Request, report: &Report, exit: Exit, out: &mut dyn Write) -> io::Result<()> {
    if request.json {
        return shown::json(report, exit.code(), out);
    }
    shown::summary(report, out)?;
    if request.github {
        shown::annotations(report, out)?;
    }
    Ok(())
}

fn unless_closed(written: io::Result<()>) -> Result<(), SmokeError> {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(SmokeError::Output(error)),
        _ => Ok(()),
    }
}
