//! `orchestrate history …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::past::{ExportFormat, Request, Selection};

/// See what past runs have measured
///
/// Every run leaves its figures in a file in your state directory: what ran where, how fast, and how
/// it ended; no prompt and no answer. Without a subcommand the latest runs are listed. All times
/// are UTC.
#[derive(Debug, Clone, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  orchestrate history
  orchestrate history --profile coder --since 7d
  orchestrate history show 12
  orchestrate history export --format csv --output runs.csv
  orchestrate history prune --older-than 30d"
)]
pub struct HistoryArgs {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: ListArgs,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// List the latest runs
    #[command(after_help = "Examples:
  orchestrate history list --limit 100
  orchestrate history list --since 2026-11-01 --json | jq '.runs[].ms_per_token'")]
    List(ListArgs),
    /// Show everything about one run
    #[command(after_help = "Examples:
  orchestrate history show 12
  orchestrate history show 12 --json | jq .run.settings")]
    Show {
        /// The number of the run, as `orchestrate history` lists it
        id: u64,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Export runs for other programs, the latest first
    #[command(after_help = "Examples:
  orchestrate history export --format csv --output runs.csv
  orchestrate history export --format json --profile coder | jq '.runs | length'")]
    Export {
        /// The form: json (one object) or csv (a table with a head)
        #[arg(long, value_enum, hide_possible_values = true)]
        format: Format,
        /// Write to this file instead of standard output; one that is there is replaced
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        selection: SelectionArgs,
    },
    /// Remove old runs
    ///
    /// Without flags, by the keys keep_days and keep_rows of [history] in orchestrate.toml, as it
    /// happens by itself once a day.
    #[command(after_help = "Examples:
  orchestrate history prune
  orchestrate history prune --older-than 30d
  orchestrate history prune --keep 1000")]
    Prune {
        /// Remove runs older than this, such as 90d or 12h
        #[arg(long, value_name = "TIME")]
        older_than: Option<String>,
        /// Keep no more than so many, the latest
        #[arg(long, value_name = "N")]
        keep: Option<u64>,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Clone, Args)]
struct ListArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// At most so many runs
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    limit: u64,
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Args)]
struct SelectionArgs {
    /// Only runs of this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Only runs since then: a time to look back for (7d, 12h), or a date (2026-11-01)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Json,
    Csv,
}

impl From<SelectionArgs> for Selection {
    fn from(args: SelectionArgs) -> Self {
        Self {
            profile: args.profile,
            since: args.since,
        }
    }
}

impl From<ListArgs> for Request {
    fn from(args: ListArgs) -> Self {
        Self::List {
            selection: args.selection.into(),
            limit: args.limit,
            json: args.json,
        }
    }
}

impl From<HistoryArgs> for Request {
    fn from(args: HistoryArgs) -> Self {
        match args.command {
            None => args.list.into(),
            Some(Command::List(list)) => list.into(),
            Some(Command::Show { id, json }) => Self::Show { id, json },
            Some(Command::Export {
                format,
                output,
                selection,
            }) => Self::Export {
                selection: selection.into(),
                format: match format {
                    Format::Json => ExportFormat::Json,
                    Format::Csv => ExportFormat::Csv,
                },
                output,
            },
            Some(Command::Prune {
                older_than,
                keep,
                json,
            }) => Self::Prune {
                older_than,
                keep,
                json,
            },
        }
    }
}
