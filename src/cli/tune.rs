//! `orchestrate tune`

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::time::Instant;

use super::overrides::OverrideArgs;
use super::{Failure, vendor};
use crate::exit::Exit;
use crate::store::{Paths, Places};
use crate::tune::{Objective, TuneRequest, remove};
use crate::ui::Console;
use crate::units::duration;

/// Find the settings with which a profile is fastest here
///
/// Threads, batch sizes, flash attention, the type of the KV cache and more are tried one after the other,
/// each measurement a process of its own. What seems best is held against llama.cpp's defaults, and against
/// what is used today, in ten randomised pairs of fresh runs. Only what is better by more than the noise of
/// this machine is written, as NAME.tuned.toml beside your profiles; `orchestrate run` then uses it on this
/// machine, with this build of llama.cpp and this model. Settings that change the answers are refused. Your
/// own keys are never touched, and win. Ctrl-C keeps the best that was confirmed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  orchestrate tune coder --dry-run            what would be tried
  orchestrate tune coder
  orchestrate tune coder --objective prefill --depth 2048 --budget 30m
  orchestrate tune coder --prompts requests.txt --json > tuned.json
  orchestrate tune coder --remove             back to how it was")]
pub(super) struct TuneArgs {
    /// The profile (see `orchestrate profiles list`)
    profile: String,

    /// What to make fast: latency (of a short answer, with loading), throughput (generation), prefill
    /// (reading the prompt), or balanced (the latter two)
    #[arg(long, value_enum, default_value_t = Aim::Balanced, value_name = "WHAT", hide_possible_values = true)]
    objective: Aim,

    /// Time for all of it
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    budget: Duration,

    /// Tokens of the prompt to measure with; by default up to 512, as the budget allows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "prompts")]
    depth: Option<u32>,

    /// Measure with prompts of your own, one on each line; then speculation is tried too
    #[arg(long, value_name = "FILE")]
    prompts: Option<PathBuf>,

    /// Say what would be tried, and start nothing
    #[arg(long)]
    dry_run: bool,

    /// Remove what was found for this profile
    #[arg(long, conflicts_with_all = ["dry_run", "prompts", "depth"])]
    remove: bool,

    /// As JSON, for programs
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    overrides: OverrideArgs,

    /// Use the llama.cpp programs in this directory [env: ORCHESTRATE_LLAMA_DIR]
    #[arg(long, value_name = "DIR")]
    llama_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Aim {
    Latency,
    Throughput,
    Prefill,
    Balanced,
}

fn time(text: &str) -> Result<Duration, String> {
    match duration::parse(text) {
        Ok(time) if time.is_zero() => Err("no time is no budget; write one such as 10m".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}

impl TuneArgs {
    /// Tunes, or removes what was tuned.
    pub(super) async fn execute(
        self,
        paths: &Paths,
        console: Console,
        accepted: Instant,
        out: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        if self.remove {
            let places = Places::discover(paths)?;
            remove(&self.profile, &places, self.json, out)?;
            return Ok(Exit::Done);
        }
        let request = TuneRequest {
            overrides: self.overrides.overrides(),
            profile: self.profile,
            llama_dir: vendor::llama_dir(self.llama_dir),
            objective: match self.objective {
                Aim::Latency => Objective::Latency,
                Aim::Throughput => Objective::Throughput,
                Aim::Prefill => Objective::Prefill,
                Aim::Balanced => Objective::Balanced,
            },
            budget: self.budget,
            depth: self.depth,
            prompts: self.prompts,
            json: self.json,
            dry_run: self.dry_run,
            accepted,
        };
        Ok(crate::tune::tune(&request, paths, console, out).await?)
    }
}
