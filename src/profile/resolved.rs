//! The resolved profile: what the engine runs, with an answer to every question.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::hub::HubModel;
use crate::units::Limit;

/// A profile in which every question has an answer: what the engine runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The name it is asked for by, such as `coder`.
    pub name: String,
    /// One line for people: what this profile is for.
    pub description: String,
    /// What requests it suits, for the router; `None` takes no part in `run auto`.
    pub route: Option<String>,
    /// Which model.
    pub model: ModelRef,
    /// Which of llama.cpp's programs does the work.
    pub backend: Backend,
    /// Context size in tokens, as asked for; the engine lowers it to what the model was trained for.
    pub context: u32,
    /// Logical batch size in tokens (`-b`).
    pub batch: u32,
    /// Physical batch size in tokens (`-ub`), at most `batch`.
    pub micro_batch: u32,
    /// Threads for generation (`-t`).
    pub threads: Threads,
    /// Threads for prompt evaluation (`-tb`).
    pub batch_threads: Threads,
    /// Layers on a GPU (`-ngl`).
    pub gpu_layers: u32,
    /// Type of the K half of the KV cache (`-ctk`).
    pub kv_type_k: KvType,
    /// Type of the V half of the KV cache (`-ctv`).
    pub kv_type_v: KvType,
    /// Flash attention (`-fa`).
    pub flash_attention: FlashAttention,
    /// How the weights come into memory (`--load-mode`, `--no-mmap`, `--mlock`).
    pub load_mode: LoadMode,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// Seed of the sampler; `None` lets llama.cpp draw one.
    pub seed: Option<u32>,
    /// Go on past the model's own end of text (for speed measurements).
    pub ignore_eos: bool,
    /// What the output must follow, if anything.
    pub constraint: Option<Constraint>,
    /// Most tokens to generate, at least 1.
    pub max_tokens: u32,
    /// Texts that end the generation; never shown. No empty one.
    pub stop: Vec<String>,
    /// How a request becomes a prompt.
    pub prompt: PromptTemplate,
    /// Time limits.
    pub limits: Limits,
    /// What is taken for a stall.
    pub watch: Watch,
    /// Environment variables for the child, on top of what is passed on.
    pub environment: BTreeMap<String, String>,
    /// Further arguments for the child, as they are.
    pub extra_args: Vec<String>,
}

/// A model as a profile names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelRef {
    /// A model that orchestrate brings along, such as `demo`.
    BuiltIn(String),
    /// A GGUF file; a leading `~` is already replaced by whoever reads the files.
    File(PathBuf),
    /// A model on the Hugging Face hub, of which there may be a copy in its cache.
    Hub(HubModel),
}

impl std::fmt::Display for ModelRef {
    /// As a profile would name it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::BuiltIn(name) => f.write_str(name),
            Self::File(path) => path.display().fmt(f),
            Self::Hub(model) => model.fmt(f),
        }
    }
}

/// Which of llama.cpp's programs does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// The one that suits the request (`llama-completion` for a single run).
    Auto,
    /// `llama-completion`, a new process for each run, prompt over stdin.
    Completion,
    /// `llama-server` over HTTP.
    Server,
}

/// A number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threads {
    /// What the process may really use: affinity mask and cgroup quota.
    Auto,
    /// Exactly so many, at least 1.
    Count(u32),
}

/// Types that llama.cpp offers for the KV cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are llama.cpp's own type names")]
pub enum KvType {
    F32,
    F16,
    Bf16,
    Q8_0,
    Q5_1,
    Q5_0,
    Q4_1,
    Q4_0,
    Iq4Nl,
}

/// Flash attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashAttention {
    /// llama.cpp decides.
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

/// How the weights come into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoadMode {
    /// llama.cpp decides (memory-mapped where possible).
    Auto,
    /// Mapped from the file.
    Mmap,
    /// Read into memory of the process.
    Read,
    /// Read and locked into RAM.
    Mlock,
}

/// How the next token is chosen. `None` leaves llama.cpp's own default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sampling {
    /// `--temp`, 0 to 5; 0 always takes the likeliest token.
    pub temperature: Option<f64>,
    /// `--top-k`; 0 is off.
    pub top_k: Option<u32>,
    /// `--top-p`, 0 to 1.
    pub top_p: Option<f64>,
    /// `--min-p`, 0 to 1.
    pub min_p: Option<f64>,
    /// `--repeat-penalty`, above 0; 1 is off.
    pub repeat_penalty: Option<f64>,
    /// `--repeat-last-n` in tokens; 0 is off, -1 the whole context.
    pub repeat_last_n: Option<i32>,
    /// `--presence-penalty`; 0 is off.
    pub presence_penalty: Option<f64>,
    /// `--frequency-penalty`; 0 is off.
    pub frequency_penalty: Option<f64>,
}

/// What the output must follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constraint {
    /// A grammar in llama.cpp's GBNF.
    Grammar(String),
    /// A JSON schema, as JSON text.
    JsonSchema(String),
}

/// How a request becomes a prompt: a minijinja template, its variables' defaults, and what becomes of
/// the filled template.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PromptTemplate {
    /// Whether the model's own chat template is put around it.
    pub mode: PromptMode,
    /// The system turn, in chat mode.
    pub system: Option<String>,
    /// The template; `{{prompt}}` is the request.
    pub template: String,
    /// Values of the other variables, such as `language`.
    pub variables: BTreeMap<String, String>,
}

/// What becomes of a filled template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PromptMode {
    /// It is the prompt.
    #[default]
    Raw,
    /// It is the user's turn of a chat, which llama.cpp forms by the template in the model's file.
    Chat,
}

/// What a model is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// Exactly this text.
    Raw(String),
    /// Turns of a chat, formed by the model's own template.
    Chat {
        /// The system turn, if there is one.
        system: Option<String>,
        /// The user's turn.
        user: String,
    },
}

impl Prompt {
    /// The text without a form around it: the whole prompt, or the user's turn.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Raw(text) | Self::Chat { user: text, .. } => text,
        }
    }
}

/// Time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// From the command to the complete result.
    pub timeout: Limit,
    /// The least that an automatic timeout allows.
    pub floor: Duration,
    /// From the spawn to the model being loaded.
    pub load: Limit,
}

impl Limits {
    /// The timeout for what has no speed to be judged by: the floor of an automatic one.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        match self.timeout {
            Limit::Auto => Some(self.floor),
            Limit::Fixed(time) => Some(time),
            Limit::None => None,
        }
    }
}

/// How long nothing may advance, phase by phase, before that is a stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// While the model is loaded.
    pub load: Limit,
    /// While the prompt is read.
    pub prefill: Limit,
    /// Between tokens.
    pub decode: Limit,
    /// Whether an answer that repeats itself without end is ended.
    pub loops: bool,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            load: Limit::Auto,
            prefill: Limit::Auto,
            decode: Limit::Auto,
            loops: true,
        }
    }
}

impl Profile {
    /// Lowers the context to what the model was trained for, and returns the note to show when that
    /// changed something. Beyond the trained context a model writes nonsense, and llama.cpp's
    /// programs differ: its server caps the context by itself, `llama-completion` runs on.
    pub fn cap_context(&mut self, trained: u32) -> Option<String> {
        if trained == 0 || self.context <= trained {
            return None;
        }
        let asked = std::mem::replace(&mut self.context, trained);
        Some(format!(
            "context lowered from {asked} to {trained} tokens: the model was trained for no more"
        ))
    }
}

/// A type whose values have names in a profile.
pub trait Named: Copy + PartialEq + 'static {
    /// Every value with the word for it.
    const NAMES: &'static [(&'static str, Self)];

    /// The word for it.
    fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, value)| *value == self)
            .map_or("", |(name, _)| name)
    }

    /// The value of a word.
    fn from_name(name: &str) -> Option<Self> {
        let (_, value) = Self::NAMES.iter().find(|(known, _)| *known == name)?;
        Some(*value)
    }
}

impl Named for Backend {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("completion", Self::Completion),
        ("server", Self::Server),
    ];
}

impl Named for PromptMode {
    const NAMES: &'static [(&'static str, Self)] = &[("raw", Self::Raw), ("chat", Self::Chat)];
}

impl Named for KvType {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("f32", Self::F32),
        ("f16", Self::F16),
        ("bf16", Self::Bf16),
        ("q8_0", Self::Q8_0),
        ("q5_1", Self::Q5_1),
        ("q5_0", Self::Q5_0),
        ("q4_1", Self::Q4_1),
        ("q4_0", Self::Q4_0),
        ("iq4_nl", Self::Iq4Nl),
    ];
}

impl KvType {
    /// Whether it is smaller than 16 bits.
    #[must_use]
    pub const fn is_quantized(self) -> bool {
        !matches!(self, Self::F32 | Self::F16 | Self::Bf16)
    }
}

impl Named for FlashAttention {
    const NAMES: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("on", Self::On), ("off", Self::Off)];
}

impl Named for LoadMode {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("mmap", Self::Mmap),
        ("read", Self::Read),
        ("mlock", Self::Mlock),
    ];
}
