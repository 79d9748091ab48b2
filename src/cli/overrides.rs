//! Flags that change keys of a profile for one run, for every command that resolves one.

use clap::Args;

use crate::profile::{NotAnAssignment, Override};

/// Named at each flag: a heading for the whole group would go on over the flags that follow it.
const HEADING: &str = "Profile values, for this run";

/// Keys of the profile, changed for one run. Values are checked with the profile, which knows their
/// ranges, so that a wrong one is told the same way wherever it was written.
#[derive(Debug, Clone, Default, Args)]
pub struct OverrideArgs {
    /// A built-in model ("demo"), the path of a GGUF file, or hf:OWNER/REPO:QUANT
    #[arg(help_heading = HEADING, short, long, value_name = "MODEL")]
    pub model: Option<String>,

    /// Most tokens to generate
    #[arg(help_heading = HEADING, short = 'n', long, value_name = "N", allow_negative_numbers = true)]
    pub max_tokens: Option<String>,

    /// Time for the complete answer, such as 120s, 2m, auto or none
    #[arg(help_heading = HEADING, long, value_name = "TIME", allow_negative_numbers = true)]
    pub timeout: Option<String>,

    /// Seed of the sampler: a number, or random
    #[arg(help_heading = HEADING, long, value_name = "SEED", allow_negative_numbers = true)]
    pub seed: Option<String>,

    /// Temperature, 0 to 5; 0 always takes the likeliest token
    #[arg(help_heading = HEADING, long, value_name = "T", allow_negative_numbers = true)]
    pub temp: Option<String>,

    /// Context size in tokens: prompt and answer together
    #[arg(help_heading = HEADING, short, long, value_name = "N", allow_negative_numbers = true)]
    pub context: Option<String>,

    /// The system turn of a chat (needs prompt.mode = "chat")
    #[arg(help_heading = HEADING, long, value_name = "TEXT", allow_hyphen_values = true)]
    pub system: Option<String>,

    /// Any other key, such as sampling.top_k=40; may be given more than once
    #[arg(help_heading = HEADING, long = "set", value_name = "KEY=VALUE", value_parser = parse)]
    pub set: Vec<Override>,
}

fn parse(text: &str) -> Result<Override, NotAnAssignment> {
    text.parse()
}

impl OverrideArgs {
    /// What the flags say, in the order in which it is applied: `--set` has the last word.
    #[must_use]
    pub fn overrides(&self) -> Vec<Override> {
        let flags = [
            ("--model", "model", &self.model),
            ("--max-tokens", "max_tokens", &self.max_tokens),
            ("--timeout", "limits.timeout", &self.timeout),
            ("--seed", "seed", &self.seed),
            ("--temp", "sampling.temperature", &self.temp),
            ("--context", "context", &self.context),
            ("--system", "prompt.system", &self.system),
        ];
        flags
            .into_iter()
            .filter_map(|(flag, key, value)| Some(Override::new(flag, key, value.as_deref()?)))
            .chain(self.set.iter().cloned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::OverrideArgs;
    use clap::{CommandFactory, Parser};

    /// Generates.
    #[derive(Parser)]
    struct Run {
        /// The profile.
        profile: String,
        #[command(flatten)]
        overrides: OverrideArgs,
        /// Afterwards.
        #[arg(long)]
        last: bool,
    }

    #[test]
    fn the_group_leaves_the_command_its_own_help() {
        let help = Run::command().render_help().to_string();
        assert!(help.starts_with("Generates\n"), "{help}");
        let (before, group) = help.split_once("Profile values, for this run:").unwrap();
        assert!(group.contains("--set <KEY=VALUE>"), "{help}");
        assert!(before.contains("--last"), "{help}");
    }
}
