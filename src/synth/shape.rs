//! The shapes of known models, from their published `config.json`.

/// An architecture, by the tensors that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of llama.cpp")]
pub enum Architecture {
    Llama,
    Qwen2,
    Qwen3,
    Qwen3Moe,
    Olmoe,
    GraniteMoe,
    Gemma2,
    Gemma3,
    Phi3,
    Deepseek2,
    Lfm2,
    Mamba,
}

impl Architecture {
    /// Its name in `general.architecture`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
            Self::Qwen3 => "qwen3",
            Self::Qwen3Moe => "qwen3moe",
            Self::Olmoe => "olmoe",
            Self::GraniteMoe => "granitemoe",
            Self::Gemma2 => "gemma2",
            Self::Gemma3 => "gemma3",
            Self::Phi3 => "phi3",
            Self::Deepseek2 => "deepseek2",
            Self::Lfm2 => "lfm2",
            Self::Mamba => "mamba",
        }
    }
}

/// Experts in place of one feed-forward network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Experts {
    /// How many there are.
    pub count: u64,
    /// How many a token is sent to.
    pub used: u64,
    /// Width of each.
    pub ffn: u64,
    /// How many more every token is sent to.
    pub shared: u64,
    /// Layers at the beginning that have none.
    pub dense_layers: u64,
}

/// Everything that decides which tensors a model has, and how llama.cpp runs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Its name on the command line.
    pub name: &'static str,
    /// Its tensors.
    pub architecture: Architecture,
    /// Number of layers.
    pub layers: u64,
    /// Width of the model.
    pub embd: u64,
    /// Heads of attention; 0 where there is none.
    pub heads: u64,
    /// Heads of keys and values.
    pub kv_heads: u64,
    /// Width of a head.
    pub head: u64,
    /// Width of the feed-forward network; 0 where there is none.
    pub ffn: u64,
    /// Tokens in the vocabulary.
    pub vocab: u64,
    /// Tokens of context that the model was trained for.
    pub context: u64,
    /// Base of the rotary frequencies.
    pub rope_base: f32,
    /// What is added to a variance before its root is taken.
    pub epsilon: f32,
    /// Whether the embeddings are the output matrix too.
    pub is_tied: bool,
    /// Its experts.
    pub experts: Option<Experts>,
    /// Tokens that a layer with a sliding window sees; 0 where there is no such layer.
    pub window: u64,
    /// The tokenizer in llama.cpp's sources that has most in common with the model's.
    pub tokenizer: &'static str,
}

/// What most of them have.
const BASE: Shape = Shape {
    name: "",
    architecture: Architecture::Llama,
    layers: 0,
    embd: 0,
    heads: 0,
    kv_heads: 0,
    head: 128,
    ffn: 0,
    vocab: 0,
    context: 32_768,
    rope_base: 1e6,
    epsilon: 1e-6,
    is_tied: true,
    experts: None,
    window: 0,
    tokenizer: "qwen2",
};

const fn qwen25(name: &'static str, sizes: [u64; 5]) -> Shape {
    let [layers, embd, heads, kv_heads, ffn] = sizes;
    Shape {
        name,
        architecture: Architecture::Qwen2,
        layers,
        embd,
        heads,
        kv_heads,
        head: embd / heads,
        ffn,
        vocab: 151_936,
        ..BASE
    }
}

const fn qwen3(name: &'static str, sizes: [u64; 5]) -> Shape {
    Shape {
        architecture: Architecture::Qwen3,
        head: 128,
        context: 40_960,
        ..qwen25(name, sizes)
    }
}

const fn llama3(name: &'static str, sizes: [u64; 5]) -> Shape {
    Shape {
        architecture: Architecture::Llama,
        vocab: 128_256,
        context: 131_072,
        rope_base: 5e5,
        epsilon: 1e-5,
        tokenizer: "llama-bpe",
        ..qwen25(name, sizes)
    }
}

const fn smollm2(name: &'static str, sizes: [u64; 5], rope_base: f32) -> Shape {
    Shape {
        vocab: 49_152,
        context: 8192,
        rope_base,
        tokenizer: "starcoder",
        ..llama3(name, sizes)
    }
}

const fn gemma3(name: &'static str, sizes: [u64; 5], window: u64, context: u64) -> Shape {
    Shape {
        architecture: Architecture::Gemma3,
        head: 256,
        vocab: 262_144,
        context,
        window,
        tokenizer: "gemma-4",
        ..qwen25(name, sizes)
    }
}

const fn lfm2(name: &'static str, sizes: [u64; 5]) -> Shape {
    Shape {
        architecture: Architecture::Lfm2,
        vocab: 65_536,
        context: 128_000,
        epsilon: 1e-5,
        tokenizer: "falcon",
        ..qwen25(name, sizes)
    }
}

const fn mamba(name: &'static str, layers: u64, embd: u64) -> Shape {
    Shape {
        name,
        architecture: Architecture::Mamba,
        layers,
        embd,
        head: 0,
        vocab: 50_280,
        context: 1_048_576,
        epsilon: 1e-5,
        tokenizer: "gpt-2",
        ..BASE
    }
}

/// Sizes are layers, width, heads, heads of keys and values, width of the feed-forward network.
const KNOWN: [Shape; 29] = [
    qwen25("qwen2.5-0.5b", [24, 896, 14, 2, 4864]),
    qwen25("qwen2.5-1.5b", [28, 1536, 12, 2, 8960]),
    qwen25("qwen2.5-3b", [36, 2048, 16, 2, 11_008]),
    Shape {
        vocab: 152_064,
        is_tied: false,
        ..qwen25("qwen2.5-7b", [28, 3584, 28, 4, 18_944])
    },
    qwen3("qwen3-0.6b", [28, 1024, 16, 8, 3072]),
    qwen3("qwen3-1.7b", [28, 2048, 16, 8, 6144]),
    qwen3("qwen3-4b", [36, 2560, 32, 8, 9728]),
    Shape {
        is_tied: false,
        ..qwen3("qwen3-8b", [36, 4096, 32, 8, 12_288])
    },
    Shape {
        architecture: Architecture::Qwen3Moe,
        is_tied: false,
        experts: Some(Experts {
            count: 128,
            used: 8,
            ffn: 768,
            shared: 0,
            dense_layers: 0,
        }),
        ..qwen3("qwen3-30b-a3b", [48, 2048, 32, 4, 6144])
    },
    llama3("llama-3.2-1b", [16, 2048, 32, 8, 8192]),
    llama3("llama-3.2-3b", [28, 3072, 24, 8, 8192]),
    Shape {
        is_tied: false,
        ..llama3("llama-3.1-8b", [32, 4096, 32, 8, 14_336])
    },
    Shape {
        vocab: 32_000,
        context: 2048,
        rope_base: 1e4,
        is_tied: false,
        tokenizer: "llama-spm",
        ..llama3("tinyllama-1.1b", [22, 2048, 32, 4, 5632])
    },
    Shape {
        vocab: 32_768,
        context: 32_768,
        rope_base: 1e6,
        is_tied: false,
        tokenizer: "llama-spm",
        ..llama3("mistral-7b-v0.3", [32, 4096, 32, 8, 14_336])
    },
    smollm2("smollm2-135m", [30, 576, 9, 3, 1536], 1e5),
    smollm2("smollm2-360m", [32, 960, 15, 5, 2560], 1e5),
    smollm2("smollm2-1.7b", [24, 2048, 32, 32, 8192], 1.3e5),
    gemma3("gemma-3-1b", [26, 1152, 4, 1, 6912], 512, 32_768),
    gemma3("gemma-3-4b", [34, 2560, 8, 4, 10_240], 1024, 131_072),
    Shape {
        architecture: Architecture::Gemma2,
        vocab: 256_000,
        rope_base: 1e4,
        tokenizer: "command-r",
        ..gemma3("gemma-2-2b", [26, 2304, 8, 4, 9216], 4096, 8192)
    },
    Shape {
        architecture: Architecture::Phi3,
        vocab: 32_064,
        context: 4096,
        rope_base: 1e4,
        epsilon: 1e-5,
        is_tied: false,
        tokenizer: "phi-3",
        ..qwen25("phi-3-mini-4k", [32, 3072, 32, 32, 8192])
    },
    Shape {
        architecture: Architecture::Olmoe,
        vocab: 50_304,
        context: 4096,
        rope_base: 1e4,
        epsilon: 1e-5,
        is_tied: false,
        experts: Some(Experts {
            count: 64,
            used: 8,
            ffn: 1024,
            shared: 0,
            dense_layers: 0,
        }),
        tokenizer: "gpt-2",
        ..qwen25("olmoe-1b-7b", [16, 2048, 16, 16, 1024])
    },
    Shape {
        architecture: Architecture::GraniteMoe,
        vocab: 49_155,
        context: 4096,
        rope_base: 1e4,
        experts: Some(Experts {
            count: 32,
            used: 8,
            ffn: 512,
            shared: 0,
            dense_layers: 0,
        }),
        tokenizer: "starcoder",
        ..qwen25("granite-3.0-1b-a400m", [24, 1024, 16, 8, 512])
    },
    Shape {
        architecture: Architecture::Deepseek2,
        vocab: 102_400,
        context: 163_840,
        rope_base: 1e4,
        is_tied: false,
        experts: Some(Experts {
            count: 64,
            used: 6,
            ffn: 1408,
            shared: 2,
            dense_layers: 1,
        }),
        tokenizer: "deepseek-llm",
        ..qwen25("deepseek-v2-lite", [27, 2048, 16, 16, 10_944])
    },
    lfm2("lfm2-350m", [16, 1024, 16, 8, 4608]),
    lfm2("lfm2-700m", [16, 1536, 24, 8, 6912]),
    lfm2("lfm2-1.2b", [16, 2048, 32, 8, 8192]),
    mamba("mamba-130m", 24, 768),
    mamba("mamba-1.4b", 48, 2048),
];

/// Words in names that do not change a shape.
const VARIANTS: [&str; 5] = ["-coder", "-instruct", "-chat", "-base", "-it"];

/// Deepseek-V2-Lite's latent attention: width of the latent vector, of the part of a key without and
/// with rotation, and of a value.
pub(super) const LATENT: u64 = 512;
pub(super) const UNROTATED: u64 = 128;
pub(super) const ROTATED: u64 = 64;
pub(super) const LATENT_VALUE: u64 = 128;

/// Layers of LFM2 with attention; the others have a short convolution over so many tokens.
pub(super) const LFM2_ATTENTION: [u64; 6] = [2, 5, 8, 10, 12, 14];
pub(super) const LFM2_CONVOLUTION: u64 = 3;

/// Mamba: width of the state, tokens of the convolution, widening, and share of the rank of time steps.
pub(super) const MAMBA_STATE: u64 = 16;
pub(super) const MAMBA_CONVOLUTION: u64 = 4;
pub(super) const MAMBA_WIDENING: u64 = 2;
pub(super) const MAMBA_RANK: u64 = 16;

impl Shape {
    /// All that are built in.
    #[must_use]
    pub fn known() -> &'static [Self] {
        &KNOWN
    }

    /// The built-in one of a name, which may be that of a variant of equal shape, such as
    /// `qwen2.5-coder-1.5b` or `Llama-3.2-1B-Instruct`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        let plain = VARIANTS
            .iter()
            .fold(name.to_lowercase(), |name, part| name.replace(part, ""));
        KNOWN.iter().find(|shape| shape.name == plain)
    }

    /// The first built-in one of an architecture: what is not given on the command line is taken from it.
    #[must_use]
    pub fn of(architecture: &str) -> Option<&'static Self> {
        KNOWN
            .iter()
            .find(|shape| shape.architecture.name() == architecture)
    }

    /// The architectures that there are, each once.
    #[must_use]
    pub fn architectures() -> Vec<&'static str> {
        let mut names: Vec<_> = KNOWN
            .iter()
            .map(|shape| shape.architecture.name())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// How many heads share one of keys and values, in the first layer; 0 where that has none.
    pub(super) fn heads_per_kv(&self) -> u64 {
        match self.architecture {
            Architecture::Mamba | Architecture::Lfm2 => 0,
            // One latent vector for all heads.
            Architecture::Deepseek2 => self.heads,
            _ => self.heads / self.kv_heads.max(1),
        }
    }
}
