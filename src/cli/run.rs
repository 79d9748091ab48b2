//! The words of `orchestrate run`, and of `orchestrate prompt`, which shows what a run would send.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use tokio::time::Instant;

use super::Failure;
use super::overrides::OverrideArgs;
use crate::profile::{TemplateError, parse_variable};
use crate::prompt::{PromptRequest, Shown};
use crate::run::{Format, PromptSource, RunRequest};
use crate::ui::Console;

const RUN_EXAMPLES: &str = "\
Examples:
  orchestrate run coder \"a function that reverses a list\"
  orchestrate run auto \"dijkstra's algorithm\"
  orchestrate run coder --var language=Rust \"binary search\"
  git diff | orchestrate run coder -m ~/models/qwen.gguf -n 256 -
  orchestrate run algorithm -f request.txt --json | jq .timings.ms_per_token";

const PROMPT_EXAMPLES: &str = "\
Examples:
  orchestrate prompt coder \"binary search\"
  orchestrate prompt coder \"binary search\" -m ~/models/qwen.gguf --set prompt.mode=chat
  orchestrate prompt router \"quick sort\" --json | jq .tokens";

/// Which profile, and what it is asked.
#[derive(Debug, Args)]
struct AskArgs {
    /// The profile: how to run which model (see `orchestrate profiles list`), or `auto`
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
}

/// Send one prompt to a model and stream the answer
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub(super) struct RunArgs {
    #[command(flatten)]
    ask: AskArgs,

    /// Print one JSON object with text, reason for the end and timings
    #[arg(long, conflicts_with = "jsonl", help_heading = "Output")]
    json: bool,

    /// Print one JSON object per event, as it happens
    #[arg(long, help_heading = "Output")]
    jsonl: bool,

    /// Say what is run and how long each part took
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    verbose: bool,

    /// Run it even if it needs more memory than memory_budget allows
    #[arg(long)]
    force: bool,

    /// Write what -v says, and llama.cpp's own log, to a file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    log_file: Option<PathBuf>,
}

/// Show the prompt that a run would send, and count its tokens
#[derive(Debug, Args)]
#[command(after_help = PROMPT_EXAMPLES)]
pub(super) struct PromptArgs {
    #[command(flatten)]
    ask: AskArgs,

    /// Print one JSON object with the text and the number of tokens
    #[arg(long, help_heading = "Output")]
    json: bool,
}

impl RunArgs {
    pub(super) fn into_request(self, accepted: Instant) -> Result<RunRequest, Failure> {
        let prompt = self.ask.prompt_source("run")?;
        Ok(RunRequest {
            prompt,
            overrides: self.ask.overrides.overrides(),
            variables: self.ask.variables()?,
            format: match (self.json, self.jsonl) {
                (true, _) => Format::Json,
                (_, true) => Format::JsonLines,
                _ => Format::Text,
            },
            profile: self.ask.profile,
            llama_dir: super::vendor::llama_dir(self.ask.llama_dir),
            verbose: self.verbose,
            log_file: self.log_file,
            force: self.force,
            accepted,
        })
    }
}

impl PromptArgs {
    pub(super) fn into_request(self, accepted: Instant) -> Result<PromptRequest, Failure> {
        let prompt = self.ask.prompt_source("prompt")?;
        Ok(PromptRequest {
            prompt,
            overrides: self.ask.overrides.overrides(),
            variables: self.ask.variables()?,
            profile: self.ask.profile,
            llama_dir: super::vendor::llama_dir(self.ask.llama_dir),
            accepted,
        })
    }

    pub(super) fn is_json(&self) -> bool {
        self.json
    }
}

/// Prints a prompt as the model reads it, and what there is to say about it on standard error.
pub(super) fn print(shown: &Shown, json: bool, console: Console) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    if json {
        // A plain struct of strings and numbers: serialising it cannot fail.
        let line = serde_json::to_string(shown).unwrap_or_default();
        return writeln!(stdout, "{line}");
    }
    stdout.write_all(shown.prompt.as_bytes())?;
    // On a terminal what follows begins on a line of its own. Elsewhere the text stays as it is.
    if console.stdout_is_terminal && !shown.prompt.ends_with('\n') {
        writeln!(stdout)?;
    }
    stdout.flush()?;
    console.aside(&match shown.tokens {
        Some(tokens) => format!(
            "{} prompt · {tokens} tokens of a context of {}",
            shown.mode, shown.context
        ),
        None => format!("{} prompt", shown.mode),
    });
    Ok(())
}

impl AskArgs {
    fn prompt_source(&self, command: &str) -> Result<PromptSource, Failure> {
        match (&self.prompt, &self.file) {
            (_, Some(file)) if file.as_os_str() == "-" => Ok(PromptSource::Stdin),
            (_, Some(file)) => Ok(PromptSource::File(file.clone())),
            (Some(text), None) if text == "-" => Ok(PromptSource::Stdin),
            (Some(text), None) => Ok(PromptSource::Argument(text.clone())),
            (None, None) if !std::io::stdin().is_terminal() => Ok(PromptSource::Stdin),
            (None, None) => Err(Failure::Usage(format!(
                "no prompt: say what to ask, as in `orchestrate {command} {} \"…\"`, name a file with \
                 -f, or pipe it in",
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
