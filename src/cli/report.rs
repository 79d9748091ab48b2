//! `orchestrate report` on the command line.

use std::path::PathBuf;

use clap::Args;
use tokio::time::Instant;

use crate::report::ReportRequest;

/// Show what the nights of benchmarks say, on one page
///
/// The page needs nothing but itself: no network and no script, on a screen, a telephone or paper. For each
/// suite it shows what the last night found, and for each case how it went over all nights, where that
/// changed, the gaps between tokens, the memory, and the limit of the memory's bandwidth. Only nights of this
/// machine are told: others have another speed.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate report -o report.html
  orchestrate report --suite nightly --since 90d -o quarter.html
  orchestrate report --json | jq '.suites[].cases[] | {case, changes}'")]
pub(super) struct ReportArgs {
    /// Write to this file instead of standard output; one that is there is replaced when the new one is whole
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only nights since then: a time to look back for (90d, 12h), or a date (2026-11-01)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,

    /// Only this suite
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,

    /// The nights of another machine in the history: its fingerprint, or how that begins
    #[arg(long, value_name = "FINGERPRINT")]
    host: Option<String>,

    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

impl ReportArgs {
    pub(super) fn request(self, accepted: Instant) -> ReportRequest {
        ReportRequest {
            since: self.since,
            suite: self.suite,
            host: self.host,
            output: self.output,
            json: self.json,
            accepted,
        }
    }
}
