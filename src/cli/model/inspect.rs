//! `model inspect` on the command line.

use std::io;

use clap::Args;

use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::model::inspect::inspect;
use crate::store::{Paths, Places};

/// Show what a model file says of itself
#[derive(Debug, Clone, Args)]
pub(super) struct InspectArgs {
    /// A GGUF file, or a profile whose model is meant
    #[arg(value_name = "FILE|PROFILE")]
    model: String,
}

pub(super) fn run(args: &InspectArgs, paths: &Paths) -> Result<Exit, Failure> {
    let places = Places::discover(paths)?;
    inspect(&args.model, &places, paths, &mut io::stdout().lock())?;
    Ok(Exit::Done)
}
