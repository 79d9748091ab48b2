//! The words of `orchestrate run`.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use tokio::time::Instant;

use super::Failure;
use super::overrides::OverrideArgs;
use crate::profile::{TemplateError, parse_variable};
use crate::run::{Format, PromptSource, RunRequest};

const EXAMPLES: &str = "\
Examples:
  orchestrate run coder \"a function that reverses a list\"
  orchestrate run coder --var language=Rust \"binary search\"
  git diff | orchestrate run coder -m ~/models/qwen.gguf -n 256 -
  orchestrate run algorithm -f request.txt --json | jq .timings.ms_per_token";

/// Send one prompt to a model and stream the answer
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunArgs {
    /// The profile: how to run which model (see `orchestrate profiles list`)
    profile: String,

    /// What to ask; `-`, or nothing with a pipe, reads standard input
    prompt: Option<String>,

    /// Read what to ask from a file
    #[arg(short, long, value_name = "FILE", conflicts_with = "prompt")]
    file: Option<PathBuf>,

    /// Give a variable of the profile's template a value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    variables: Vec<String>,

    #[command(flatten)]
    overrides: OverrideArgs,

    /// Use the llama.cpp programs in this directory [env: ORCHESTRATE_LLAMA_DIR]
    #[arg(long, value_name = "DIR")]
    llama_dir: Option<PathBuf>,

    /// Print one JSON object with text, reason for the end and timings
    #[arg(long, conflicts_with = "jsonl", help_heading = "Output")]
    json: bool,

    /// Print one JSON object per event, as it happens
    #[arg(long, help_heading = "Output")]
    jsonl: bool,

    /// Say what is run and how long each part took
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    verbose: bool,

    /// Write what -v says, and llama.cpp's own log, to a file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    log_file: Option<PathBuf>,
}

impl RunArgs {
    pub(super) fn into_request(self, accepted: Instant) -> Result<RunRequest, Failure> {
        let prompt = self.prompt_source()?;
        Ok(RunRequest {
            prompt,
            overrides: self.overrides.overrides(),
            variables: self.variables()?,
            format: match (self.json, self.jsonl) {
                (true, _) => Format::Json,
                (_, true) => Format::JsonLines,
                _ => Format::Text,
            },
            profile: self.profile,
            llama_dir: super::vendor::llama_dir(self.llama_dir),
            verbose: self.verbose,
            log_file: self.log_file,
            accepted,
        })
    }

    fn prompt_source(&self) -> Result<PromptSource, Failure> {
        match (&self.prompt, &self.file) {
            (_, Some(file)) if file.as_os_str() == "-" => Ok(PromptSource::Stdin),
            (_, Some(file)) => Ok(PromptSource::File(file.clone())),
            (Some(text), None) if text == "-" => Ok(PromptSource::Stdin),
            (Some(text), None) => Ok(PromptSource::Argument(text.clone())),
            (None, None) if !std::io::stdin().is_terminal() => Ok(PromptSource::Stdin),
            (None, None) => Err(Failure::Usage(format!(
                "no prompt: say what to ask, as in `orchestrate run {} \"…\"`, name a file with -f, \
                 or pipe it in",
                self.profile
            ))),
        }
    }

    fn variables(&self) -> Result<BTreeMap<String, String>, Failure> {
        self.variables
            .iter()
            .map(|text| parse_variable(text))
            .collect::<Result<_, TemplateError>>()
            .map_err(|error| Failure::Usage(format!("--var: {error}")))
    }
}
