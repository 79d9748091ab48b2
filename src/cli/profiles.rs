//! `orchestrate profiles …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::overrides::OverrideArgs;
use crate::profiles::{Import, NewProfile, Request};

/// See, check and make profiles
///
/// A profile says what to run a model with. Profiles are looked for in the binary, in your
/// configuration directory and in ./profiles; the nearest wins, key by key. A file may inherit from
/// another profile with `extends = "coder"`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  orchestrate profiles list
  orchestrate profiles show coder --set sampling.top_k=40
  orchestrate profiles new mine --model ~/models/coder.gguf
  orchestrate profiles import config.json --dry-run
  orchestrate profiles check")]
pub struct ProfilesArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// List all profiles
    List {
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Show a profile with all its values, and where each comes from
    ///
    /// The output is itself a profile, with everything inherited and every default filled in.
    Show {
        /// Name of the profile
        #[arg(value_name = "NAME")]
        name: String,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        overrides: OverrideArgs,
    },
    /// Check profiles, and orchestrate.toml, for mistakes
    ///
    /// Every mistake is told with its file, line and column. Exits with 3 when there is any; a
    /// model file that is missing is only a warning, and so is a time limit that cannot hold by what the
    /// history of runs knows of this machine, model, build and settings.
    Check {
        /// Names of profiles; all, and orchestrate.toml, when none is given
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Print the JSON schema of a profile, for editors
    #[command(after_help = "Example:
  orchestrate profiles schema > profiles/profile.schema.json
  # and as the first line of a profile: #:schema ./profile.schema.json")]
    Schema,
    /// Make a profile for a model
    ///
    /// It is written to ./profiles where there is such a directory, else to your configuration
    /// directory.
    #[command(after_help = "Examples:
  orchestrate profiles new mine --model ~/models/coder.gguf
  orchestrate profiles new long --model models/big.gguf --extends algorithm")]
    New {
        /// Name of the profile: a-z, 0-9, _ and -
        #[arg(value_name = "NAME")]
        name: String,
        /// A GGUF file, or a built-in model ("demo")
        #[arg(short, long, value_name = "FILE")]
        model: String,
        /// The profile to inherit everything else from
        #[arg(long, value_name = "NAME", default_value = "coder")]
        extends: String,
        /// Replace a profile that is there
        #[arg(long)]
        force: bool,
    },
    /// Make profiles of an older launcher's JSON file
    ///
    /// Each model of the file becomes a profile, and what holds for all of them an
    /// orchestrate.toml. They are written to ./profiles and ./orchestrate.toml where there is a
    /// directory ./profiles, else to your configuration directory: all of them, or none if one is
    /// there already. What could not be carried over is told, each on a line with its place in the
    /// file, and is no failure. Keys go by their names here or in llama.cpp (context_size, n_ctx); relative paths
    /// are relative to the file.
    #[command(after_help = "Examples:
  orchestrate profiles import config.json --dry-run
  orchestrate profiles import config.json
  ssh host cat config.json | orchestrate profiles import -

A file such as this becomes coder.toml and orchestrate.toml:
  {
    \"memory_budget_mb\": 8000,
    \"models\": {
      \"coder\": {
        \"path\": \"models/coder.gguf\",
        \"context_size\": 4096,
        \"max_tokens\": 256
      }
    }
  }")]
    Import {
        /// The JSON file; `-` reads standard input
        #[arg(value_name = "FILE")]
        from: PathBuf,
        /// Replace files that are there
        #[arg(long)]
        force: bool,
        /// Write nothing, and show what would be written
        #[arg(long)]
        dry_run: bool,
        /// As JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

impl From<ProfilesArgs> for Request {
    fn from(args: ProfilesArgs) -> Self {
        match args.command {
            Command::List { json } => Self::List { json },
            Command::Show {
                name,
                json,
                overrides,
            } => Self::Show {
                name,
                overrides: overrides.overrides(),
                json,
            },
            Command::Check { names } => Self::Check { names },
            Command::Schema => Self::Schema,
            Command::New {
                name,
                model,
                extends,
                force,
            } => Self::New(NewProfile {
                name,
                model,
                extends,
                force,
            }),
            Command::Import {
                from,
                force,
                dry_run,
                json,
            } => Self::Import(Import {
                from,
                force,
                dry_run,
                json,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ProfilesArgs;
    use crate::profile::Override;
    use crate::profiles::{Import, NewProfile, Request};
    use clap::{CommandFactory, Parser};

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        args: ProfilesArgs,
    }

    fn request(line: &str) -> Request {
        let words = std::iter::once("profiles").chain(line.split(' '));
        Alone::try_parse_from(words)
            .unwrap_or_else(|error| panic!("{error}"))
            .args
            .into()
    }

    #[test]
    fn the_command_line_is_sound() {
        Alone::command().debug_assert();
    }

    #[test]
    fn flags_come_before_set_and_negative_numbers_reach_the_profile() {
        let asked = request(
            "show coder --set seed=2 -m a.gguf -n 5 --timeout 2m --seed -1 --temp -0.5 -c 64",
        );
        let overrides = vec![
            Override::new("--model", "model", "a.gguf"),
            Override::new("--max-tokens", "max_tokens", "5"),
            Override::new("--timeout", "limits.timeout", "2m"),
            Override::new("--seed", "seed", "-1"),
            Override::new("--temp", "sampling.temperature", "-0.5"),
            Override::new("--context", "context", "64"),
            Override::new("--set", "seed", "2"),
        ];
        assert_eq!(
            asked,
            Request::Show {
                name: "coder".to_owned(),
                overrides,
                json: false
            }
        );
    }

    #[test]
    fn every_subcommand_becomes_its_request() {
        assert_eq!(request("list --json"), Request::List { json: true });
        assert_eq!(request("schema"), Request::Schema);
        assert_eq!(
            request("check a b"),
            Request::Check {
                names: vec!["a".to_owned(), "b".to_owned()]
            }
        );
        let new = NewProfile {
            name: "a".to_owned(),
            model: "m.gguf".to_owned(),
            extends: "coder".to_owned(),
            force: true,
        };
        assert_eq!(request("new a --model m.gguf --force"), Request::New(new));
        let import = Import {
            from: "-".into(),
            force: true,
            dry_run: true,
            json: true,
        };
        assert_eq!(
            request("import - --force --dry-run --json"),
            Request::Import(import)
        );
    }
}
