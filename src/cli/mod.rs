//! The command line: clap types, turned into the requests of the faces, and what they answer into
//! an exit code.

mod documents;
mod failure;
pub mod overrides;
pub mod profiles;
mod run;
pub mod vendor;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use tokio::time::Instant;

use crate::exit::Exit;
use crate::profiles::execute;
use crate::run::RunError;
use crate::store::{Paths, Places};
use crate::ui::{ColorChoice, Console};
use crate::vendor::LocateError;
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
  orchestrate build                  llama.cpp itself, once, about 9 minutes on two cores
  orchestrate profiles list          what can be run",
    after_long_help = documents::after_long_help()
)]
struct Cli {
    /// When to use colours; NO_COLOR is honoured
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
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
    Profiles(profiles::ProfilesArgs),
    Build(vendor::BuildArgs),
    Llama(vendor::LlamaArgs),
    Clean(vendor::CleanArgs),
    Completions(documents::CompletionsArgs),
    Man(documents::ManArgs),
}

/// Runs the program on the process's own arguments and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    ExitCode::from(run_with(std::env::args_os(), Instant::now()).code())
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
        Command::Completions(args) => return Ok(args.print()?),
        Command::Man(args) => return Ok(args.print()?),
        _ => {}
    }
    let paths = Paths::discover()?;
    // One thread: it lives as long as the process, and so do the children that it spawns
    // (see `supervise`).
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let result = runtime.block_on(async {
        match command {
            Command::Run(args) => run(args, &paths, console, accepted).await,
            Command::Profiles(args) => {
                let places = Places::discover(&paths)?;
                execute(&args.into(), &places, &mut io::stdout().lock())?;
                Ok(Exit::Done)
            }
            Command::Build(args) => build(args, &paths, console).await,
            Command::Llama(args) => {
                let config = Places::discover(&paths)?.config()?;
                let request = args.request(&paths, config.llama_dir);
                vendor::run_llama(&request, args.json).await?;
                Ok(Exit::Done)
            }
            Command::Clean(args) => {
                vendor::run_clean(&args, &paths, console)?;
                Ok(Exit::Done)
            }
            Command::Completions(_) | Command::Man(_) => Ok(Exit::Done),
        }
    });
    // A read of standard input that nobody waits for any more must not hold the exit.
    runtime.shutdown_background();
    result
}

async fn run(
    args: run::RunArgs,
    paths: &Paths,
    console: Console,
    accepted: Instant,
) -> Result<Exit, Failure> {
    let request = args.into_request(accepted)?;
    let first = crate::run::run(request.clone(), paths, console).await;
    match first {
        Err(RunError::Locate(missing)) if matches!(missing, LocateError::Nowhere { .. }) => {
            console.error(&format_args!("failed to {missing}"));
            if !console.confirm(&"Build llama.cpp now? It takes about 9 minutes on two cores.") {
                return Ok(Exit::LlamaMissing);
            }
            let request = crate::run::RunRequest {
                accepted: Instant::now(),
                ..request
            };
            build(vendor::BuildArgs::default(), paths, console).await?;
            Ok(crate::run::run(request, paths, console).await?)
        }
        result => Ok(result?),
    }
}

async fn build(args: vendor::BuildArgs, paths: &Paths, console: Console) -> Result<Exit, Failure> {
    let request = args.request(paths)?;
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
