//! `incidents` on the command line.

use clap::{Args, Subcommand};

use crate::postmortem::Request;

/// Show what was seen of runs that stalled, looped or crashed
///
/// Before a process is ended for good, it is looked at: its threads and what they wait for, CPU time, bytes
/// read, what a server last told of its slots, its last 200 log lines. The newest 100 records are kept in the state directory; they leave this
/// machine only if you send them.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate incidents                    all, the newest first
  orchestrate incidents show               the newest
  orchestrate incidents show ID --json     every field, to attach to a report")]
pub(super) struct IncidentsArgs {
    #[command(subcommand)]
    command: Option<IncidentsCommand>,
    /// As JSON
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum IncidentsCommand {
    /// List them, the newest first
    List,
    /// Show one of them
    Show {
        /// Its name, as in the summary line of the run [default: the newest]
        id: Option<String>,
    },
}

impl IncidentsArgs {
    /// What is asked.
    #[must_use]
    pub(super) fn request(&self) -> Request {
        match &self.command {
            None | Some(IncidentsCommand::List) => Request::List,
            Some(IncidentsCommand::Show { id }) => Request::Show(id.clone()),
        }
    }
}
