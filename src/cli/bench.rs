//! `orchestrate bench` on the command line.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use tokio::time::Instant;

use super::vendor;
use crate::bench::{BenchRequest, Form};
use crate::profile::{NotAnAssignment, Override};
use crate::suite::Against;

/// Find out whether something became slower, by how much, and since when
///
/// Each case of a suite is measured in randomised pairs: what a profile is today, and what it is held
/// against, one right after the other, each in a process of its own. That is an anchor, frozen on the first
/// night in the state directory (programs, settings, model), or what an --against option names. The base is
/// held against itself too: no smaller difference counts than the noise of this night. Exits with 8 where
/// something became slower.
///
/// Every trial is kept as it comes. Ctrl-C ends a night early; --resume goes on with it.
#[derive(Debug, Clone, Args)]
#[command(
    group = ArgGroup::new("form").args(["json", "csv", "markdown"]),
    after_help = "Examples:
  orchestrate bench                             a look that takes a few minutes
  orchestrate bench nightly --resume            a night, or the rest of one
  orchestrate bench --profile coder --dry-run   what would be measured
  orchestrate bench --against-build ~/llama.cpp/build/bin
  orchestrate bench --against-set threads=4 --pairs 12
  orchestrate bench my-suite.toml --junit bench.xml --markdown > bench.md
  orchestrate bench --json | jq '.cases[].sentence'"
)]
pub(super) struct BenchArgs {
    /// A built-in suite (quick, nightly), or the file of another
    #[arg(default_value = "quick")]
    suite: String,

    /// Measure this profile, whatever the suite says; may be given more than once
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,

    /// Pairs of each case, in place of the suite's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pairs: Option<u32>,

    /// Seed of every random draw; the same seed measures in the same order
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..1 << 53))]
    seed: Option<u64>,

    /// Compare with the llama.cpp programs in this directory
    #[arg(long, value_name = "DIR")]
    against_build: Option<PathBuf>,

    /// Compare with another profile
    #[arg(long, value_name = "NAME")]
    against_profile: Option<String>,

    /// Compare with other settings; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", value_parser = assignment)]
    against_set: Vec<Override>,

    /// Make what is measured today the anchor of later nights
    #[arg(long, conflicts_with_all = ["against_build", "against_profile", "against_set", "resume"])]
    freeze_anchor: bool,

    /// Go on with the last night, if it was not done
    #[arg(long, conflicts_with = "seed")]
    resume: bool,

    /// Say what would be measured, and start nothing
    #[arg(long)]
    dry_run: bool,

    /// Use the llama.cpp programs in this directory [env: ORCHESTRATE_LLAMA_DIR]
    #[arg(long, value_name = "DIR")]
    llama_dir: Option<PathBuf>,

    /// Also write a JUnit file, as Jenkins, GitLab and others read it
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// As JSON, with every trial
    #[arg(long)]
    json: bool,

    /// As CSV, a line for each trial
    #[arg(long)]
    csv: bool,

    /// As a table for a pull request's comment
    #[arg(long)]
    markdown: bool,
}

fn assignment(text: &str) -> Result<Override, NotAnAssignment> {
    text.parse()
}

impl BenchArgs {
    pub(super) fn request(self, accepted: Instant) -> BenchRequest {
        let against = Against {
            llama_dir: self.against_build,
            profile: self.against_profile,
            settings: self.against_set,
        };
        BenchRequest {
            suite: self.suite,
            profiles: self.profile,
            pairs: self.pairs,
            seed: self.seed,
            against: (against != Against::default()).then_some(against),
            llama_dir: vendor::llama_dir(self.llama_dir),
            resume: self.resume,
            freeze_anchor: self.freeze_anchor,
            dry_run: self.dry_run,
            form: match (self.json, self.csv, self.markdown) {
                (true, ..) => Form::Json,
                (_, true, _) => Form::Csv,
                (.., true) => Form::Markdown,
                _ => Form::Table,
            },
            junit: self.junit,
            accepted,
        }
    }
}
