//! What can be varied on this machine with this build, and what each option does to a profile.

use std::collections::BTreeSet;

use crate::dialect::Capabilities;
use crate::profile::{FlashAttention, KvType, LoadMode, Named, Profile, Threads};
use crate::search::{Dimension, Place, Setting, Space};

use super::Objective;

/// What llama.cpp does where it is told nothing: `common/common.h` of b11434.
const DEFAULT_BATCH: u32 = 2048;
const DEFAULT_MICRO_BATCH: u32 = 512;
/// Micro-batches that are tried: below 64 the weights are read too often for the tokens they serve, above
/// 1024 the compute buffer grows (`n_ubatch × n_vocab × 4` bytes) and nothing is gained on a CPU.
const MICRO_BATCHES: [u32; 5] = [64, 128, 256, 512, 1024];
/// Shares of the CPUs that are tried as threads, in quarters: decoding is often best at half or three
/// quarters of the cores, as memory is the limit.
const QUARTERS: [u32; 4] = [1, 2, 3, 4];

/// One option: what it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    Threads(u32),
    BatchThreads(u32),
    Batch {
        batch: u32,
        micro: u32,
    },
    Flash(FlashAttention),
    Kv(KvType),
    Load(LoadMode),
    /// Further arguments; none is llama.cpp's own default.
    Args(&'static [&'static str]),
}

impl Choice {
    /// Changes a profile.
    pub(super) fn apply(&self, profile: &mut Profile) {
        match *self {
            Self::Threads(count) => profile.threads = Threads::Count(count),
            Self::BatchThreads(count) => profile.batch_threads = Threads::Count(count),
            Self::Batch { batch, micro } => {
                (profile.batch, profile.micro_batch) = (batch, micro);
            }
            Self::Flash(flash) => profile.flash_attention = flash,
            Self::Kv(kind) => (profile.kv_type_k, profile.kv_type_v) = (kind, kind),
            Self::Load(mode) => profile.load_mode = mode,
            Self::Args(args) => profile
                .extra_args
                .extend(args.iter().map(|arg| (*arg).to_owned())),
        }
    }

    /// As people and the table call it.
    fn label(&self) -> String {
        match self {
            Self::Threads(count) | Self::BatchThreads(count) => count.to_string(),
            Self::Batch { batch, micro } => format!("{micro} of {batch}"),
            Self::Flash(flash) => flash.name().to_owned(),
            Self::Kv(kind) => kind.name().to_owned(),
            Self::Load(mode) => mode.name().to_owned(),
            Self::Args([]) => "default".to_owned(),
            Self::Args(args) => args.join(" "),
        }
    }
}

/// A dimension with what its options do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Knob {
    pub(super) name: &'static str,
    /// The first is llama.cpp's default.
    pub(super) choices: Vec<Choice>,
    /// Which is in use today.
    start: usize,
}

/// What the options are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Givens<'a> {
    /// The profile as it is used today.
    pub(super) profile: &'a Profile,
    /// The keys that the user has set: they are not touched.
    pub(super) own: &'a BTreeSet<String>,
    pub(super) objective: Objective,
    /// CPUs that may really be used.
    pub(super) cpus: u32,
    /// Threads that llama.cpp would take by itself.
    pub(super) default_threads: u32,
    /// Tokens of the prompt that is measured with.
    pub(super) depth: u32,
    pub(super) capabilities: &'a Capabilities,
    /// Whether there is a server, which tells how likely its tokens were.
    pub(super) has_server: bool,
    /// Whether to try speculation: only on prompts of the user.
    pub(super) speculation: bool,
}

/// All that can be varied.
#[derive(Debug, Clone, Default)]
pub(super) struct Knobs {
    pub(super) knobs: Vec<Knob>,
    /// What is not varied though it could be, and why.
    pub(super) fixed: Vec<String>,
}

impl Knobs {
    /// What can be varied, the most important first.
    pub(super) fn new(givens: &Givens<'_>) -> Self {
        let mut knobs = Self {
            knobs: Vec::new(),
            fixed: Vec::new(),
        };
        let Givens {
            profile, objective, ..
        } = givens;
        if objective.decodes() {
            let today = count(profile.threads, givens.cpus);
            let choices = threads(givens, today).map(Choice::Threads).collect();
            knobs.add(
                givens,
                "threads",
                &["threads"],
                choices,
                &Choice::Threads(today),
            );
        }
        if objective.prefills() {
            let today = count(profile.batch_threads, givens.cpus);
            let choices = threads(givens, today).map(Choice::BatchThreads).collect();
            let today = Choice::BatchThreads(today);
            knobs.add(givens, "batch threads", &["batch_threads"], choices, &today);
            let today = Choice::Batch {
                batch: profile.batch,
                micro: profile.micro_batch,
            };
            let keys = ["batch", "micro_batch"];
            knobs.add(givens, "micro-batch", &keys, batches(givens), &today);
        }
        let flash = [
            FlashAttention::Auto,
            FlashAttention::On,
            FlashAttention::Off,
        ];
        let flash = flash.map(Choice::Flash).to_vec();
        let today = Choice::Flash(profile.flash_attention);
        knobs.add(
            givens,
            "flash attention",
            &["flash_attention"],
            flash,
            &today,
        );
        knobs.kv(givens);
        knobs.rest(givens);
        knobs
    }

    fn kv(&mut self, givens: &Givens<'_>) {
        let Profile {
            kv_type_k,
            kv_type_v,
            ..
        } = givens.profile;
        let keys = ["kv_type_k", "kv_type_v"];
        if !givens.has_server {
            self.fixed.push(
                "KV type: there is no llama-server beside the program, which would tell whether the answers \
                 stay the same"
                    .to_owned(),
            );
        } else if kv_type_k == kv_type_v {
            let choices = [KvType::F16, KvType::Q8_0].map(Choice::Kv).to_vec();
            self.add(givens, "KV type", &keys, choices, &Choice::Kv(*kv_type_k));
        }
    }

    fn rest(&mut self, givens: &Givens<'_>) {
        let rest: [(&'static str, &[&'static [&'static str]]); 3] = [
            ("repacking", &[&["--no-repack"]]),
            ("polling", &[&["--poll", "0"], &["--poll", "100"]]),
            ("CPU placement", &[&["--cpu-strict", "1"]]),
        ];
        if givens.speculation {
            self.speculation(givens);
        }
        for (name, options) in rest {
            let known = options
                .iter()
                .filter(|args| givens.capabilities.supports(args[0]));
            let choices = known.map(|args| Choice::Args(args));
            let choices: Vec<_> = std::iter::once(Choice::Args(&[])).chain(choices).collect();
            self.add(givens, name, &["extra_args"], choices, &Choice::Args(&[]));
        }
        if givens.objective == Objective::Latency {
            let modes = [LoadMode::Auto, LoadMode::Mmap, LoadMode::Read];
            let today = Choice::Load(givens.profile.load_mode);
            let modes = modes.map(Choice::Load).to_vec();
            self.add(givens, "loading", &["load_mode"], modes, &today);
        }
    }

    fn speculation(&mut self, givens: &Givens<'_>) {
        const FLAG: &str = "--spec-type";
        if !givens.capabilities.supports(FLAG) {
            let program = givens.capabilities.build_name();
            return self.fixed.push(format!(
                "speculation: {program} has none; a profile with backend = \"server\" may"
            ));
        }
        let kinds: [&'static [&'static str]; 2] = [&[FLAG, "ngram-simple"], &[FLAG, "ngram-map-k"]];
        let known = kinds
            .into_iter()
            .filter(|args| givens.capabilities.allows(FLAG, args[1]));
        let choices = std::iter::once(Choice::Args(&[])).chain(known.map(Choice::Args));
        let today = Choice::Args(&[]);
        self.add(
            givens,
            "speculation",
            &["extra_args"],
            choices.collect(),
            &today,
        );
    }

    /// A knob, unless the user has set one of its keys or there is nothing to choose.
    fn add(
        &mut self,
        givens: &Givens<'_>,
        name: &'static str,
        keys: &[&str],
        mut choices: Vec<Choice>,
        today: &Choice,
    ) {
        if let Some(key) = keys.iter().find(|key| givens.own.contains(**key)) {
            return self.fixed.push(format!("{name}: \"{key}\" is set by you"));
        }
        if !choices.contains(today) {
            choices.push(today.clone());
        }
        let start = choices
            .iter()
            .position(|choice| choice == today)
            .unwrap_or(0);
        if choices.len() > 1 {
            self.knobs.push(Knob {
                name,
                choices,
                start,
            });
        }
    }

    /// The same for the search.
    pub(super) fn space(&self) -> Space {
        let dimensions = self.knobs.iter().map(|knob| Dimension {
            name: knob.name.to_owned(),
            options: knob.choices.iter().map(Choice::label).collect(),
        });
        let is_threads = |knob: &&Knob| {
            matches!(
                knob.choices[0],
                Choice::Threads(_) | Choice::BatchThreads(_)
            )
        };
        Space {
            dimensions: dimensions.collect(),
            conflicts: self.conflicts(),
            default: Setting(vec![0; self.knobs.len()]),
            start: Setting(self.knobs.iter().map(|knob| knob.start).collect()),
            important: self.knobs.iter().take_while(is_threads).count(),
        }
    }

    /// A quantized V half needs flash attention.
    fn conflicts(&self) -> Vec<[Place; 2]> {
        let places = |wanted: fn(&Choice) -> bool| -> Vec<Place> {
            let knobs = self.knobs.iter().enumerate();
            knobs
                .flat_map(|(at, knob)| {
                    let choices = knob.choices.iter().enumerate();
                    choices
                        .filter(move |(_, choice)| wanted(choice))
                        .map(move |(option, _)| (at, option))
                })
                .collect()
        };
        let off = places(|choice| *choice == Choice::Flash(FlashAttention::Off));
        let quantized = places(|choice| matches!(choice, Choice::Kv(kind) if kind.is_quantized()));
        let pairs = off
            .iter()
            .flat_map(|one| quantized.iter().map(|other| [*one, *other]));
        pairs.collect()
    }

    /// A profile with this setting.
    pub(super) fn apply(&self, setting: &Setting, profile: &Profile) -> Profile {
        let mut changed = profile.clone();
        for (knob, option) in self.knobs.iter().zip(&setting.0) {
            if let Some(choice) = knob.choices.get(*option) {
                choice.apply(&mut changed);
            }
        }
        changed
    }

    /// A setting in words: what differs from llama.cpp's defaults.
    pub(super) fn words(&self, setting: &Setting) -> String {
        let knobs = self.knobs.iter().zip(&setting.0);
        let changed = knobs.filter(|(_, option)| **option != 0);
        let words = changed.filter_map(|(knob, option)| {
            let label = knob.choices.get(*option)?.label();
            Some(format!("{} {label}", knob.name))
        });
        let words: Vec<_> = words.collect();
        match words.as_slice() {
            [] => "llama.cpp's defaults".to_owned(),
            words => words.join(", "),
        }
    }
}

fn count(threads: Threads, cpus: u32) -> u32 {
    match threads {
        Threads::Auto => cpus,
        Threads::Count(count) => count,
    }
}

/// Numbers of threads, llama.cpp's own first.
fn threads(givens: &Givens<'_>, today: u32) -> impl Iterator<Item = u32> {
    let shares = QUARTERS.map(|quarters| (givens.cpus * quarters).div_ceil(4).max(1));
    let counts = [1, today].into_iter().chain(shares);
    let mut counts: Vec<u32> = counts
        .filter(|count| *count != givens.default_threads)
        .collect();
    counts.sort_unstable();
    counts.dedup();
    std::iter::once(givens.default_threads).chain(counts)
}

/// Batches, llama.cpp's own first. A micro-batch above the prompt is the same as one of its length.
fn batches(givens: &Givens<'_>) -> Vec<Choice> {
    let default = Choice::Batch {
        batch: DEFAULT_BATCH,
        micro: DEFAULT_MICRO_BATCH,
    };
    let smaller = MICRO_BATCHES
        .into_iter()
        .filter(|micro| *micro <= givens.depth);
    let tried = smaller.map(|micro| Choice::Batch {
        // The profile's own batch, whose size decides how often a prompt shows progress.
        batch: givens.profile.batch.max(micro),
        micro,
    });
    std::iter::once(default).chain(tried).collect()
}
