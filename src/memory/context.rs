//! What the context of a model takes: keys and values of all tokens, and the state of layers that keep
//! no tokens.

use super::windows;
use crate::gguf::GgufHeader;
use crate::profile::KvType;

/// Sizes of a context are rounded up to this (`GGML_PAD(n_ctx, 256)` in llama-context.cpp).
const CELLS: u64 = 256;
/// Bytes of a number of a recurrent state, which is kept in F32.
const STATE_BYTES: u64 = 4;

/// In which type keys and values are kept (`--cache-type-k`, `--cache-type-v`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheType {
    /// Full precision.
    F32,
    /// The default.
    F16,
    /// As precise as F16 is large.
    Bf16,
    /// Half of F16, and hardly worse.
    Q8_0,
    /// 3/8 of F16.
    Q5_1,
    /// 11/32 of F16.
    Q5_0,
    /// 5/16 of F16.
    Q4_1,
    /// 9/32 of F16.
    Q4_0,
    /// As large as Q4_0, on a scale that is not linear.
    Iq4Nl,
}

impl CacheType {
    /// Bytes of so many numbers, which blocks of 32 make up.
    #[must_use]
    pub fn bytes(self, numbers: u64) -> u64 {
        let block = match self {
            Self::F32 => 128,
            Self::F16 | Self::Bf16 => 64,
            Self::Q8_0 => 34,
            Self::Q5_1 => 24,
            Self::Q5_0 => 22,
            Self::Q4_1 => 20,
            Self::Q4_0 | Self::Iq4Nl => 18,
        };
        numbers.saturating_mul(block) / 32
    }
}

impl From<KvType> for CacheType {
    fn from(kind: KvType) -> Self {
        match kind {
            KvType::F32 => Self::F32,
            KvType::F16 => Self::F16,
            KvType::Bf16 => Self::Bf16,
            KvType::Q8_0 => Self::Q8_0,
            KvType::Q5_1 => Self::Q5_1,
            KvType::Q5_0 => Self::Q5_0,
            KvType::Q4_1 => Self::Q4_1,
            KvType::Q4_0 => Self::Q4_0,
            KvType::Iq4Nl => Self::Iq4Nl,
        }
    }
}

/// One layer, as the context sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Numbers that are kept of each token as its key; 0 where no tokens are kept.
    pub key_width: u64,
    /// Numbers that are kept of each token as its value; 0 also where values are made of the keys
    /// (multi-head latent attention).
    pub value_width: u64,
    /// Whether it looks at the window only.
    pub windowed: bool,
    /// Numbers of its state, which is the same for any number of tokens.
    pub state: u64,
}

/// A model as its context sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextShape {
    /// Its layers, the first one first.
    pub layers: Vec<Layer>,
    /// The window of those that have one, in tokens.
    pub window: Option<u64>,
}

impl ContextShape {
    /// Reads the shape from a header. `None` where the header does not tell, as of an architecture
    /// without layers.
    #[must_use]
    pub fn of(header: &GgufHeader) -> Option<Self> {
        let blocks = header.block_count()?;
        let count = usize::try_from(blocks)
            .ok()
            .filter(|&count| count <= MOST_LAYERS)?;
        let embedding = header.embedding_length()?;
        let none = || vec![0; count];
        let heads = header
            .numbers_by_layer("attention.head_count", count)
            .unwrap_or_else(none);
        // Without a number of its own every head has its key (`n_head_kv_arr = n_head_arr`).
        let key_heads = header.numbers_by_layer("attention.head_count_kv", count);
        let key_heads = key_heads.unwrap_or_else(|| heads.clone());
        let first = heads.first().copied().filter(|&heads| heads > 0);
        let even = first.map_or(0, |heads| embedding / heads);
        let width = |key: &str, otherwise| header.number(key).unwrap_or(otherwise);
        let full = [
            width("attention.key_length", even),
            width("attention.value_length", even),
        ];
        let narrow = [
            width("attention.key_length_swa", full[0]),
            width("attention.value_length_swa", full[1]),
        ];
        // Keys of latent attention hold what values are made of (`is_mla`).
        let latent = header.number("attention.key_length_mla").is_some();
        let (window, windowed) = windowed(header, count);
        let state = state(header, embedding, first.unwrap_or(0));
        let recurrent = recurrent(header, &key_heads, count);
        let layer = |index: usize| {
            let keeps_tokens = !recurrent[index] || header.architecture == "falcon-h1";
            let heads = if keeps_tokens { key_heads[index] } else { 0 };
            let [key, value] = if windowed[index] { narrow } else { full };
            Layer {
                key_width: heads.saturating_mul(key),
                value_width: if latent {
                    0
                } else {
                    heads.saturating_mul(value)
                },
                windowed: windowed[index],
                state: if recurrent[index] { state } else { 0 },
            }
        };
        let own = with_own_context(header, blocks);
        let own = usize::try_from(own).unwrap_or(count);
        Some(Self {
            layers: (0..count.min(own)).map(layer).collect(),
            window,
        })
    }

    /// What llama.cpp keeps of a context of so many tokens, in bytes, with keys and values in these
    /// types, for one sequence, where prompts are read in micro-batches of so many tokens.
    #[must_use]
    pub fn bytes(&self, tokens: u64, keys: CacheType, values: CacheType, micro_batch: u64) -> u64 {
        let Cells { full, window } = self.cells(tokens, micro_batch);
        let layers = self.layers.iter().map(|layer| {
            let cells = if layer.windowed { window } else { full };
            let kept = keys
                .bytes(layer.key_width)
                .saturating_add(values.bytes(layer.value_width));
            let state = layer.state.saturating_mul(STATE_BYTES);
            kept.saturating_mul(cells).saturating_add(state)
        });
        layers.fold(0, u64::saturating_add)
    }
}

/// Cells of a cache, each for one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cells {
    /// In layers that see everything.
    pub(super) full: u64,
    /// In layers with a window.
    pub(super) window: u64,
}

impl ContextShape {
    /// The cells for so many tokens that are read in micro-batches of so many.
    pub(super) fn cells(&self, tokens: u64, micro_batch: u64) -> Cells {
        let padded = |cells: u64| cells.checked_next_multiple_of(CELLS).unwrap_or(u64::MAX);
        let full = padded(tokens.max(1));
        // `size_swa` in llama-kv-cache-iswa.cpp.
        let window = self.window.map_or(full, |window| {
            padded(full.min(window.saturating_add(micro_batch)))
        });
        Cells { full, window }
    }

    /// Bytes of the cache that are read for one token more after so many, and of the state: what of a
    /// window there is, and everything in the other layers.
    #[must_use]
    pub fn read_bytes(&self, tokens: u64, keys: CacheType, values: CacheType) -> u64 {
        let layers = self.layers.iter().map(|layer| {
            let seen = match self.window {
                Some(window) if layer.windowed => tokens.min(window),
                _ => tokens,
            };
            let kept = keys
                .bytes(layer.key_width)
                .saturating_add(values.bytes(layer.value_width));
            let state = layer.state.saturating_mul(STATE_BYTES);
            kept.saturating_mul(seen).saturating_add(state)
        });
        layers.fold(0, u64::saturating_add)
    }
}

/// More layers than any model has; a header may claim anything.
const MOST_LAYERS: usize = 4096;

/// How many layers, from the first, keep a context of their own.
fn with_own_context(header: &GgufHeader, blocks: u64) -> u64 {
    // Layers that guess further tokens are not used in an ordinary context (`n_layer()`).
    let guessing = header.number("nextn_predict_layers").unwrap_or(0);
    // The last ones may use that of earlier ones (`n_layer_kv_from_start`).
    let shared = header.number("attention.shared_kv_layers").unwrap_or(0);
    let own = blocks.saturating_sub(guessing).saturating_sub(shared);
    match header.architecture.as_str() {
        "gemma3n" => own.min(20),
        _ => own,
    }
}

/// The window, and which layers have it.
fn windowed(header: &GgufHeader, layers: usize) -> (Option<u64>, Vec<bool>) {
    let everything = (None, vec![false; layers]);
    let Some(pattern) = windows::pattern(&header.architecture) else {
        return everything;
    };
    // Of this family only the 32B has windows.
    if header.architecture == "exaone4" && layers != 64 {
        return everything;
    }
    let Some(window) = pattern.window(header.number("attention.sliding_window")) else {
        return everything;
    };
    let key = "attention.sliding_window_pattern";
    let windowed = match header.number(key) {
        // A single number is another period.
        Some(period) => windows::Pattern { period, ..pattern },
        None => match header.numbers_by_layer(key, layers) {
            Some(flags) => {
                return (Some(window), flags.iter().map(|&flag| flag != 0).collect());
            }
            None => pattern,
        },
    };
    let layers = (0_u64..).take(layers);
    (
        Some(window),
        layers.map(|layer| windowed.windowed(layer)).collect(),
    )
}

/// Which layers keep a state instead of tokens.
fn recurrent(header: &GgufHeader, key_heads: &[u64], layers: usize) -> Vec<bool> {
    let of = |is: &dyn Fn(usize) -> bool| (0..layers).map(is).collect();
    if let Some(flags) = header.numbers_by_layer("attention.recurrent_layers", layers) {
        return flags.iter().map(|&flag| flag != 0).collect();
    }
    match header.architecture.as_str() {
        "mamba" | "mamba2" | "rwkv6" | "rwkv6qwen2" | "rwkv7" | "arwkv7" | "falcon-h1" => {
            vec![true; layers]
        }
        "qwen3next" | "qwen35" | "qwen35moe" => {
            let interval = header.number("full_attention_interval");
            let interval = interval.and_then(|interval| usize::try_from(interval).ok());
            let interval = interval.filter(|&interval| interval > 0).unwrap_or(4);
            of(&|layer| !(layer + 1).is_multiple_of(interval))
        }
        "jamba" | "lfm2" | "lfm2moe" | "granitehybrid" | "plamo2" | "kimi-linear" => {
            of(&|layer| key_heads[layer] == 0)
        }
        "nemotron_h" | "nemotron_h_moe" => {
            let wide = header.numbers_by_layer("feed_forward_length", layers);
            of(&|layer| key_heads[layer] == 0 && wide.as_ref().is_none_or(|wide| wide[layer] == 0))
        }
        _ => vec![false; layers],
    }
}

/// Numbers of the state of a recurrent layer: `n_embd_r() + n_embd_s()` in llama-hparams.cpp.
fn state(header: &GgufHeader, embedding: u64, heads: u64) -> u64 {
    let number = |key: &str| header.number(key).unwrap_or(0);
    let head = number("wkv.head_size");
    if head > 0 {
        let shifts = header.number("token_shift_count").unwrap_or(2);
        return embedding.saturating_mul(shifts.saturating_add(head));
    }
    let cached = number("shortconv.l_cache");
    if cached > 0 {
        return embedding.saturating_mul(cached - 1);
    }
    let convolution = number("ssm.conv_kernel");
    let delta = number("kda.head_dim");
    if delta > 0 {
        let before = if convolution > 0 { convolution - 1 } else { 3 };
        let inner = heads.saturating_mul(delta);
        return inner.saturating_mul(before.saturating_mul(3).saturating_add(delta));
    }
    let (inner, width) = (number("ssm.inner_size"), number("ssm.state_size"));
    let groups = number("ssm.group_count")
        .saturating_mul(2)
        .saturating_mul(width);
    let convolved = convolution
        .saturating_sub(1)
        .saturating_mul(inner.saturating_add(groups));
    convolved.saturating_add(width.saturating_mul(inner))
}
