//! What a night of benchmarks measures, in which order, and what comes of it.
//!
//! Pure: a [`Suite`] is read from the text of a TOML file, a [`Night`] says which trial comes next and is
//! told what came of it, and [`judge()`] makes findings of all the trials. Time comes in as a value, every
//! random draw from a seed.
//!
//! # How a night goes
//!
//! Each [`Case`] is measured in two arms: the *candidate*, which is what a profile is today, and the
//! *base*, which it is held against: an anchor that was frozen once, or a second arm that the suite names.
//! First both arms of all cases are warmed up, so that their pages are in memory. Then come *rounds*: in
//! each one, every case is measured once in both arms, one right after the other and in random order
//! ([`crate::stats`] says why), and one case, another in each round, is measured in the base alone, twice.
//! The latter is the A/A comparison: what differs there is the noise of this night, and no smaller
//! difference counts.
//!
//! The order is drawn from the seed before anything is measured, and no result changes it: whoever ends a
//! night early has fewer rounds, not other ones, and whoever resumes it needs the seed and the numbers of
//! the trials that are done. Only what fails again and again is left out from then on.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `read` | a suite's file |
//! | `night` | which trial comes next |
//! | `judge` | what the trials say |
//! | `since` | since when a case is slower |
//! | `prompts` | texts to measure with |

mod judge;
mod night;
mod prompts;
mod read;
mod since;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub use judge::{CaseFinding, Dropped, Judgement, Sample, Verdict, judge, least_pairs};
pub use night::{Arm, Night, Role, Step, Stop, Told, Trial};
pub use prompts::synthetic;
pub use read::read;
pub use since::{Past, since};

use crate::profile::Override;

/// The suites in the binary: names, and the texts of their files.
pub const BUILT_IN: [(&str, &str); 2] = [
    ("nightly", include_str!("../../suites/nightly.toml")),
    ("quick", include_str!("../../suites/quick.toml")),
];

/// What is to be measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// Its name: that of its file, without `.toml`.
    pub name: String,
    /// What it is for, in a line.
    pub about: String,
    /// How many times each case is measured in both arms.
    pub pairs: u32,
    /// How many trials of each arm of each case go before, and count for nothing.
    pub warm_up: u32,
    /// When the night is to be over, from its start.
    pub time_limit: Duration,
    /// What is held against the candidate; `None` is the anchor.
    pub against: Option<Against>,
    /// The cases, at least one.
    pub cases: Vec<CaseSpec>,
}

/// A second arm: what is not said is as in the candidate.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Against {
    /// A directory with other programs of llama.cpp.
    pub llama_dir: Option<PathBuf>,
    /// Another profile.
    pub profile: Option<String>,
    /// Keys of the profile that are changed.
    pub settings: Vec<Override>,
}

/// A case as a suite has it: for several profiles, or for those that the command names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseSpec {
    /// Its name where the suite gives one.
    pub name: Option<String>,
    /// Of which profiles; empty leaves that to the command.
    pub profiles: Vec<String>,
    /// How much is read and written.
    pub shape: Shape,
    /// Whether the model is loaded before.
    pub start: Start,
    /// A file with a prompt on each line to measure with, in place of synthetic text.
    pub prompts: Option<PathBuf>,
    /// How long one trial may take.
    pub trial_limit: Duration,
}

/// How much a trial reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Tokens of the prompt, about: synthetic text is made to fit.
    pub prompt_tokens: u32,
    /// Tokens that are generated; with 0 the time of the prompt is what counts.
    pub generated_tokens: u32,
    /// Tokens that are in the context before the prompt.
    pub depth: u32,
    /// Answers that are generated at once.
    pub parallel: u32,
}

/// Whether the model is loaded before a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Start {
    /// A new process, as `orchestrate run` starts it.
    Cold,
    /// A server that has answered before.
    Warm,
}

/// One case of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The profile's name.
    pub profile: String,
    /// What is measured.
    pub spec: CaseSpec,
}

/// What a case is judged by; in milliseconds, less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The time per token of the prompt.
    Prefill,
    /// The time per generated token.
    Decode,
    /// The time per generated token, of all answers together.
    Throughput,
}

/// Tokens of the prompt where a case does not say: enough to begin a text with.
pub const PROMPT_TOKENS: u32 = 16;

impl Shape {
    /// What it is judged by.
    #[must_use]
    pub fn measure(self) -> Measure {
        if self.generated_tokens == 0 {
            Measure::Prefill
        } else if self.parallel > 1 {
            Measure::Throughput
        } else {
            Measure::Decode
        }
    }
}

impl fmt::Display for Shape {
    /// In the words of llama-bench: `pp512`, `tg128`, `pp512+tg128`, `tg64@d2048`, `tg64x4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            prompt_tokens,
            generated_tokens,
            depth,
            parallel,
        } = self;
        match (*prompt_tokens, *generated_tokens) {
            (prompt, 0) => write!(f, "pp{prompt}")?,
            (PROMPT_TOKENS, generated) => write!(f, "tg{generated}")?,
            (prompt, generated) => write!(f, "pp{prompt}+tg{generated}")?,
        }
        if *depth > 0 {
            write!(f, "@d{depth}")?;
        }
        if *parallel > 1 {
            write!(f, "x{parallel}")?;
        }
        Ok(())
    }
}

impl Measure {
    /// What the figure is.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prefill => "prefill_ms_per_token",
            Self::Decode => "ms_per_token",
            Self::Throughput => "total_ms_per_token",
        }
    }
}

impl Start {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Warm => "warm",
        }
    }
}

impl Case {
    /// What people call it, such as `coder/tg128` or `coder/tg128-warm`; no other case of a suite is called so.
    #[must_use]
    pub fn name(&self) -> String {
        let warm = match self.spec.start {
            Start::Cold => "",
            Start::Warm => "-warm",
        };
        match &self.spec.name {
            Some(name) => format!("{}/{name}", self.profile),
            None => format!("{}/{}{warm}", self.profile, self.spec.shape),
        }
    }
}

impl Suite {
    /// The cases one by one, each profile's together. `default` are the profiles of those cases that name
    /// none, `instead` those of all cases where it is not empty.
    #[must_use]
    pub fn cases(&self, instead: &[String], default: &str) -> Vec<Case> {
        let default = [default.to_owned()];
        let mut cases: Vec<Case> = Vec::new();
        for spec in &self.cases {
            let profiles = match (instead, spec.profiles.as_slice()) {
                ([], []) => default.as_slice(),
                ([], own) => own,
                (instead, _) => instead,
            };
            for profile in profiles {
                let case = Case {
                    profile: profile.clone(),
                    spec: spec.clone(),
                };
                if cases.iter().all(|other| other.name() != case.name()) {
                    cases.push(case);
                }
            }
        }
        let first = |case: &Case| {
            let mut profiles = cases.iter().map(|other| &other.profile);
            profiles.position(|profile| *profile == case.profile)
        };
        let order: Vec<_> = cases.iter().map(first).collect();
        let mut together: Vec<_> = order.into_iter().zip(cases).collect();
        together.sort_by_key(|(first, _)| *first);
        together.into_iter().map(|(_, case)| case).collect()
    }
}
