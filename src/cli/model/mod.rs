//! `orchestrate model …`: one file for each subcommand, with its words and its way to the face.

mod inspect;
mod list;
mod pull;
mod synth;
mod verify;

use clap::{Args, Subcommand};

use super::failure::Failure;
use crate::exit::Exit;
use crate::store::Paths;
use crate::ui::Console;

/// Look at model files, and make or fetch some
#[derive(Debug, Clone, Args)]
pub(super) struct ModelArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    Inspect(inspect::InspectArgs),
    List(list::ListArgs),
    Verify(verify::VerifyArgs),
    Pull(pull::PullArgs),
    Synth(Box<synth::SynthArgs>),
}

pub(super) async fn run(args: ModelArgs, paths: &Paths, console: Console) -> Result<Exit, Failure> {
    match args.command {
        Command::Inspect(args) => inspect::run(&args, paths),
        Command::List(args) => list::run(&args, paths, console),
        Command::Verify(args) => verify::run(&args, paths, console),
        Command::Pull(args) => pull::run(args, console).await,
        Command::Synth(args) => synth::run(*args, paths, console).await,
    }
}
