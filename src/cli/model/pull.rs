//! `model pull` on the command line.

use std::io;

use clap::Args;

use crate::cli::failure::Failure;
use crate::exit::Exit;
use crate::model::pull::{PullRequest, pull};
use crate::ui::Console;

/// Fetch a model from the Hugging Face hub
///
/// It goes into Hugging Face's own cache (HF_HOME), where other tools find it too. What was cut off is
/// gone on with by the next call; a file gets its name when its SHA-256 is the hub's. Profiles and -m
/// take the same name. HF_TOKEN, HF_ENDPOINT, HF_HUB_CACHE and HF_HUB_OFFLINE mean what they mean to
/// Hugging Face's tools.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate model pull hf:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF
  orchestrate model pull hf:Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF:Q8_0
  orchestrate model pull hf:OWNER/REPO:model-q4_k_m.gguf       a file by its name
  orchestrate model pull hf:OWNER/REPO --offline --json | jq -r .path")]
pub(super) struct PullArgs {
    /// The repository, and which quantisation or file of it [default: Q4_K_M]
    #[arg(value_name = "hf:OWNER/REPO[:QUANT]")]
    model: String,
    /// Fetch nothing: only look into the cache [env: HF_HUB_OFFLINE]
    #[arg(long)]
    offline: bool,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: PullArgs, console: Console) -> Result<Exit, Failure> {
    let request = PullRequest {
        model: args.model,
        is_offline: args.offline,
        json: args.json,
    };
    pull(&request, console, &mut io::stdout()).await?;
    Ok(Exit::Done)
}
