//! `model inspect` on the command line.

use std::io;

use clap::Args;

use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::model::inspect::inspect;
use crate::store::{Paths, Places};

/// Show what a model file says of itself
///
/// Only the header is read: what model it is, how its weights are quantised, what each layer keeps of a
/// token, and the memory that takes for several sizes of context. Of a model in several parts, any of
/// them may be named.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate model inspect coder
  orchestrate model inspect ~/models/qwen2.5-coder-1.5b-q4_k_m.gguf
  orchestrate model inspect coder --json | jq .layer_groups")]
pub(super) struct InspectArgs {
    /// A GGUF file, or a profile whose model is meant
    #[arg(value_name = "FILE|PROFILE")]
    model: String,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &InspectArgs, paths: &Paths) -> Result<Exit, Failure> {
    let places = Places::discover(paths)?;
    inspect(
        &args.model,
        args.json,
        &places,
        paths,
        &mut io::stdout().lock(),
    )?;
    Ok(Exit::Done)
}
