//! `orchestrate doctor` on the command line.

use std::path::PathBuf;

use clap::Args;

use crate::doctor::Request;

/// Check this machine, llama.cpp and your configuration
///
/// Says what is in the way and what to do about it: llama.cpp and what builds it, a trial run of the
/// embedded model, CPU, GPU, memory, disks, limits of the system, profiles, sockets, the history and the
/// clock. Nothing is installed, mended or fetched, and there is no access to the network. Takes a second
/// or two. Exits with 8 when there is an error;
/// warnings and notes alone are no failure.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate doctor
  orchestrate doctor --verbose            what every finding rests on
  orchestrate doctor --json | jq '.checks[] | select(.state == \"error\")'
  orchestrate doctor --json | jq '.checks[] | select(.check == \"memory\").facts'")]
pub struct DoctorArgs {
    /// Use the llama.cpp programs in this directory [env: ORCHESTRATE_LLAMA_DIR]
    #[arg(long, value_name = "DIR")]
    pub llama_dir: Option<PathBuf>,
    /// Show what every finding rests on
    #[arg(short, long)]
    verbose: bool,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

impl DoctorArgs {
    /// What is asked.
    #[must_use]
    pub fn request(&self) -> Request {
        Request {
            json: self.json,
            verbose: self.verbose,
        }
    }
}
