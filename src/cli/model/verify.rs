//! `model verify` on the command line.

use std::io;

use clap::Args;

use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::model::verify::{Options, verify};
use crate::store::{Paths, Places};
use crate::ui::Console;

/// Check that a model file is whole and sound
///
/// Every tensor must lie inside the file, behind the one before it, and aligned. With --deep every weight is
/// read: a NaN or an infinity makes all answers nonsense. Exits with 5 where something is wrong.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate model verify ~/models/qwen2.5-coder-1.5b-q4_k_m.gguf
  orchestrate model verify coder --deep
  orchestrate model verify coder --deep --json | jq .problems")]
pub(super) struct VerifyArgs {
    /// A GGUF file, or a profile whose model is meant
    #[arg(value_name = "FILE|PROFILE")]
    model: String,
    /// Look at every weight, too; of quantised ones at the scales of each block
    #[arg(long)]
    deep: bool,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &VerifyArgs, paths: &Paths, console: Console) -> Result<Exit, Failure> {
    let places = Places::discover(paths)?;
    let options = Options {
        deep: args.deep,
        json: args.json,
    };
    let out = &mut io::stdout().lock();
    verify(&args.model, options, &places, paths, console, out)?;
    Ok(Exit::Done)
}
