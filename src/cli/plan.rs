//! The words of `orchestrate plan`.

use std::path::PathBuf;

use clap::Args;

use super::overrides::OverrideArgs;
use crate::plan::Request;

/// See what a model would take here, and how fast it could be, before it is run
///
/// Memory for several contexts, how the KV cache grows by its type, the speed that the memory's
/// bandwidth allows, the time that follows from it, and whether the profile's limits hold. The
/// bandwidth is measured once, for about a second, and kept.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  orchestrate plan
  orchestrate plan coder --context 16384 --timeout 30s
  orchestrate plan ~/models/qwen2.5-coder-7b-q4_k_m.gguf
  orchestrate plan coder --set kv_type_k=q8_0 --set kv_type_v=q8_0
  orchestrate plan coder --json | jq '.contexts[] | {context, fits}'")]
pub(super) struct PlanArgs {
    /// A profile, or the file of a model; without it, the default profile
    #[arg(value_name = "PROFILE | FILE")]
    target: Option<String>,

    #[command(flatten)]
    overrides: OverrideArgs,

    /// Measure the memory's bandwidth again
    #[arg(long)]
    measure: bool,

    /// Ask the llama.cpp programs in this directory for their build [env: ORCHESTRATE_LLAMA_DIR]
    #[arg(long, value_name = "DIR")]
    llama_dir: Option<PathBuf>,

    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

impl From<PlanArgs> for Request {
    fn from(args: PlanArgs) -> Self {
        Self {
            target: args.target,
            overrides: args.overrides.overrides(),
            llama_dir: super::vendor::llama_dir(args.llama_dir),
            measure: args.measure,
            json: args.json,
        }
    }
}
