//! `model list` on the command line.

use std::io;

use clap::Args;

use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::model::list::{Form, list};
use crate::store::{Paths, Places};
use crate::ui::Console;

/// List the models that are on this machine already
///
/// Looks into orchestrate's own cache, beside the models of your profiles, and where llama.cpp, Hugging
/// Face's hub, Ollama and LM Studio keep theirs (LLAMA_CACHE, HF_HUB_CACHE, HF_HOME and OLLAMA_MODELS are
/// honoured). Only headers are read. A file with several links is listed once.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate model list
  orchestrate model list --paths
  orchestrate model list --json | jq -r '.models[] | select(.problem) | .path'")]
pub(super) struct ListArgs {
    /// Paths instead of names, however long
    #[arg(long, conflicts_with = "json")]
    paths: bool,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ListArgs, paths: &Paths, console: Console) -> Result<Exit, Failure> {
    let form = match (args.json, args.paths) {
        (true, _) => Form::Json,
        (false, true) => Form::Paths,
        (false, false) => Form::Table,
    };
    let places = Places::discover(paths)?;
    list(form, &places, paths, console, &mut io::stdout().lock())?;
    Ok(Exit::Done)
}
