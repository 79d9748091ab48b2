//! `orchestrate smoke` on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::smoke::Request;

/// Test that llama.cpp does what is needed of it, for CI
///
/// In under a minute, after llama.cpp was built or changed: both programs start, stream, stop where they are
/// told to, honour seed and grammar, report times that add up, refuse what is wrong with the right error, are
/// ended when they hang, and leave nothing behind. Runs the embedded model; with --profile a model of your
/// own. A case that fails stops no other; what is said of it holds the commands to repeat it. Exits with 8
/// where a case failed, with 4 where there is no llama.cpp.
///
/// A case is a TOML file; docs/ci.md describes it, and has a workflow for GitHub and GitLab.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate smoke
  orchestrate smoke --junit smoke.xml --github
  orchestrate smoke --only seed/server          one case, one program
  orchestrate smoke --only '*/server'           all cases of one program
  orchestrate smoke --profile coder --least 5   your own model, at 5 tokens/s
  orchestrate smoke --cases ci/smoke            your own cases
  orchestrate smoke --json | jq '.cases[] | select(.ok | not)'")]
pub struct SmokeArgs {
    /// Run the cases that are meant by this: a name, with /completion or /server for one program; *
    /// stands for anything
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,

    /// Show which cases there are, and run none
    #[arg(long, conflicts_with_all = ["junit", "github"])]
    list: bool,

    /// Run the cases that are about a profile of yours, with its model and settings, and no others
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// The least speed that the profile's model has to reach
    #[arg(long, value_name = "TOKENS_PER_SECOND", requires = "profile", value_parser = speed)]
    least: Option<f64>,

    /// Run the cases in this directory instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,

    /// Use the llama.cpp programs in this directory [env: ORCHESTRATE_LLAMA_DIR]
    #[arg(long, value_name = "DIR")]
    llama_dir: Option<PathBuf>,

    /// Also write a JUnit file, as Jenkins, GitLab and others read it
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Also write an annotation of GitHub Actions for each failure
    #[arg(long, conflicts_with = "json")]
    github: bool,

    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.trim().parse().ok();
    speed
        .filter(|speed: &f64| speed.is_finite() && *speed > 0.0)
        .ok_or_else(|| "it must be a number of tokens per second above 0, such as 2.5".to_owned())
}

impl From<SmokeArgs> for Request {
    fn from(args: SmokeArgs) -> Self {
        Self {
            cases: args.cases,
            only: args.only,
            list: args.list,
            profile: args.profile,
            least_tokens_per_second: args.least,
            llama_dir: super::vendor::llama_dir(args.llama_dir),
            json: args.json,
            junit: args.junit,
            github: args.github,
        }
    }
}
