//! The command line: clap types, turned into the requests of the faces, and what they answer into
//! an exit code.

mod bench;
pub mod doctor;
mod documents;
mod failure;
mod incidents;
mod model;
pub mod overrides;
pub mod past;
mod plan;
pub mod profiles;
mod report;
mod run;
pub mod smoke;
mod tune;
pub mod vendor;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use tokio::time::Instant;

use crate::exit::Exit;
use crate::host::{Host, unix_ms};
use crate::incidents::Incidents;
use crate::past::Surroundings;
use crate::postmortem;
use crate::profiles::{Surroundings as ProfilesSurroundings, execute};
use crate::run::{RunError, RunRequest};
use crate::store::{Paths, Places};
use crate::ui::{self, ColorChoice, Console, Interrupts};
use crate::vendor::{LocateError, LocateRequest};
use failure::Failure;

/// Runs language models with llama.cpp, and says what happened
///
/// Slow is never killed, hung always is, and nothing is left behind.
#[derive(Debug, Parser)]
#[command(
    name = "orchestrate",
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Examples:
  orchestrate run coder \"a function that reverses a list\"
  orchestrate build             llama.cpp itself, once: 9 minutes on two cores
  orchestrate profiles list     what can be run",
    after_long_help = documents::after_long_help()
)]
struct Cli {
    /// Colours: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_possible_values = true,
        help_heading = "Global options"
    )]
    color: ColorChoice,

    /// Say nothing but errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    quiet: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Prompt(run::PromptArgs),
    Plan(plan::PlanArgs),
    Profiles(profiles::ProfilesArgs),
    Incidents(incidents::IncidentsArgs),
    History(past::HistoryArgs),
    Model(model::ModelArgs),
    Doctor(doctor::DoctorArgs),
    Tune(tune::TuneArgs),
    Bench(bench::BenchArgs),
    Report(report::ReportArgs),
    Smoke(smoke::SmokeArgs),
    Build(vendor::BuildArgs),
    Llama(vendor::LlamaArgs),
    Clean(vendor::CleanArgs),
    Completions(documents::CompletionsArgs),
    Man(documents::ManArgs),
}

/// Runs the program on the process's own arguments and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let accepted = Instant::now();
    std::panic::set_hook(Box::new(tell_bug));
    // Unwinding drops what is running, and so ends every child.
    let exit = std::panic::catch_unwind(|| run_with(std::env::args_os(), accepted));
    ExitCode::from(exit.unwrap_or(Exit::Internal).code())
}

/// A panic is a bug of ours: whoever meets it is asked to tell us, and spared the backtrace unless
/// `RUST_BACKTRACE` asks for it.
fn tell_bug(bug: &std::panic::PanicHookInfo<'_>) {
    let backtrace = std::backtrace::Backtrace::capture();
    let _ = writeln!(
        io::stderr(),
        "error: this is a bug in orchestrate {}; please report it with these lines\n{bug}\n{backtrace}",
        env!("CARGO_PKG_VERSION")
    );
}

fn run_with(args: impl IntoIterator<Item = OsString>, accepted: Instant) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors; a closed output is nobody's problem.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            };
        }
    };
    cli.color.apply();
    let console = Console::detect(cli.quiet);
    match dispatch(cli.command, console, accepted) {
        Ok(exit) => exit,
        Err(failure) => {
            if !failure.is_closed_output() {
                console.error(&failure);
            }
            failure.exit()
        }
    }
}

fn dispatch(command: Command, console: Console, accepted: Instant) -> Result<Exit, Failure> {
    match command {
        Command::Completions(args) => return args.print().map_err(Failure::Output),
        Command::Man(args) => return args.print().map_err(Failure::Output),
        _ => {}
    }
    let paths = Paths::discover()?;
    // One thread: it lives as long as the process, and so do the children that it spawns
    // (see `supervise`).
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let result = runtime.block_on(perform(command, &paths, console, accepted));
    // A blocking call that nobody waits for any more (a size being added up) must not hold the exit.
    runtime.shutdown_background();
    result
}

async fn perform(
    command: Command,
    paths: &Paths,
    console: Console,
    accepted: Instant,
) -> Result<Exit, Failure> {
    match command {
        Command::Run(args) => run(args, paths, console, accepted).await,
        Command::Prompt(args) => prompt(args, paths, console, accepted).await,
        Command::Profiles(args) => {
            let places = Places::discover(paths)?;
            let surroundings = ProfilesSurroundings {
                places: &places,
                paths,
                llama_dir: vendor::llama_dir(None),
            };
            execute(&args.into(), &surroundings, &mut io::stdout().lock()).await?;
            Ok(Exit::Done)
        }
        Command::Plan(args) => {
            let out = &mut io::stdout().lock();
            crate::plan::execute(&args.into(), paths, console, out).await?;
            Ok(Exit::Done)
        }
        Command::Incidents(args) => {
            let incidents = Incidents::new(paths.incidents());
            let out = &mut io::stdout().lock();
            postmortem::execute(&args.request(), &incidents, args.json, out)?;
            Ok(Exit::Done)
        }
        Command::History(args) => history(args, paths, console),
        Command::Model(args) => model::run(args, paths, console).await,
        Command::Doctor(args) => doctor(&args, paths, console).await,
        Command::Tune(args) => {
            let out = &mut io::stdout().lock();
            args.execute(paths, console, accepted, out).await
        }
        Command::Bench(args) => {
            let out = &mut ui::stdout();
            Ok(crate::bench::bench(&args.request(accepted), paths, console, out).await?)
        }
        Command::Report(args) => {
            let surroundings = crate::report::Surroundings {
                history: &paths.history(),
                host: Host::detect().fingerprint(),
                now_unix_ms: unix_ms(),
                console,
            };
            let out = &mut io::stdout().lock();
            crate::report::report(&args.request(accepted), &surroundings, out)?;
            Ok(Exit::Done)
        }
        Command::Smoke(args) => {
            let out = &mut ui::stdout();
            Ok(crate::smoke::execute(&args.into(), paths, console, out).await?)
        }
        Command::Build(args) => build(args, paths, console).await,
        Command::Llama(args) => {
            let config = Places::discover(paths)?.config()?;
            let request = args.request(paths, config.llama_dir);
            llama(&request, args.json).await
        }
        Command::Clean(args) => {
            vendor::run_clean(&args, paths, console)?;
            Ok(Exit::Done)
        }
        Command::Completions(_) | Command::Man(_) => Ok(Exit::Done),
    }
}

async fn run(
    args: run::RunArgs,
    paths: &Paths,
    console: Console,
    accepted: Instant,
) -> Result<Exit, Failure> {
    let request = args.into_request(accepted)?;
    let format = request.format;
    let result = run_or_build(request, paths, console).await;
    if let Err(Failure::Run(error)) = &result
        && let Some(report) = crate::run::not_started(format, error)
    {
        // The error itself is told on standard error, whatever becomes of this.
        let _ = io::stdout().write_all(report.as_bytes());
    }
    result
}

async fn prompt(
    args: run::PromptArgs,
    paths: &Paths,
    console: Console,
    accepted: Instant,
) -> Result<Exit, Failure> {
    let json = args.is_json();
    let request = args.into_request(accepted)?;
    let shown = crate::prompt::show(request, paths, console).await?;
    run::print(&shown, json, console).map_err(Failure::Output)?;
    Ok(Exit::Done)
}

/// Runs it; where there is no llama.cpp, offers to build it first.
async fn run_or_build(
    request: RunRequest,
    paths: &Paths,
    console: Console,
) -> Result<Exit, Failure> {
    match crate::run::run(request.clone(), paths, console).await {
        Err(RunError::Locate(missing @ LocateError::Nowhere { .. })) if console.can_ask() => {
            console.error(&format_args!("failed to {missing}"));
            if !console.confirm(&"Build llama.cpp now? It takes about 9 minutes on two cores.") {
                return Ok(Exit::LlamaMissing);
            }
            build(vendor::BuildArgs::default(), paths, console).await?;
            let request = RunRequest {
                accepted: Instant::now(),
                ..request
            };
            Ok(crate::run::run(request, paths, console).await?)
        }
        result => Ok(result?),
    }
}

fn history(args: past::HistoryArgs, paths: &Paths, console: Console) -> Result<Exit, Failure> {
    let surroundings = Surroundings {
        path: &paths.history(),
        policy: Places::discover(paths)?.config()?.history,
        now_unix_ms: unix_ms(),
        console,
    };
    crate::past::execute(&args.into(), surroundings, &mut io::stdout().lock())?;
    Ok(Exit::Done)
}

async fn doctor(
    args: &doctor::DoctorArgs,
    paths: &Paths,
    console: Console,
) -> Result<Exit, Failure> {
    let surroundings = crate::doctor::Surroundings {
        paths,
        places: Places::discover(paths),
        llama_dir: vendor::llama_dir(args.llama_dir.clone()),
        console,
    };
    let mut interrupts = Interrupts::listen().map_err(Failure::Signals)?;
    match interrupts.or(crate::doctor::examine(&surroundings)).await {
        Ok(report) => Ok(crate::doctor::tell(
            &report,
            args.request(),
            &mut ui::stdout(),
        )?),
        Err(interruption) => Ok(interruption.exit()),
    }
}

async fn llama(request: &LocateRequest, json: bool) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::listen().map_err(Failure::Signals)?;
    match interrupts.or(vendor::run_llama(request, json)).await {
        Ok(printed) => printed.map(|()| Exit::Done).map_err(Failure::Output),
        Err(interruption) => Ok(interruption.exit()),
    }
}

async fn build(args: vendor::BuildArgs, paths: &Paths, console: Console) -> Result<Exit, Failure> {
    let request = args.request(paths).map_err(Failure::NoCurrentDirectory)?;
    vendor::run_build(&request, console).await?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
