//! Which type each tensor gets in a quantisation.
//!
//! Follows `llama_tensor_get_type` in `src/llama-quant.cpp` of b11434, without an importance matrix, so
//! that a file has the size of the real one. `make synth-check` holds it against `llama-quantize`.

use super::kind::Kind;
use super::shape::{Architecture, Shape};

/// A quantisation, as `llama-quantize` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of llama-quantize")]
pub enum Quantization {
    F32,
    F16,
    Bf16,
    Q8_0,
    Q6K,
    Q5KM,
    Q5KS,
    Q5_0,
    Q4KM,
    Q4KS,
    Q4_0,
    Iq4Nl,
    Q3KL,
    Q3KM,
    Q3KS,
}

use Quantization as Q;

impl Quantization {
    /// All of them, the widest first: name, number of `general.file_type` (`llama_ftype` in `llama.h`)
    /// and the type of most tensors.
    const TABLE: [(Self, &'static str, u32, Kind); 15] = [
        (Q::F32, "F32", 0, Kind::F32),
        (Q::F16, "F16", 1, Kind::F16),
        (Q::Bf16, "BF16", 32, Kind::Bf16),
        (Q::Q8_0, "Q8_0", 7, Kind::Q8_0),
        (Q::Q6K, "Q6_K", 18, Kind::Q6K),
        (Q::Q5KM, "Q5_K_M", 17, Kind::Q5K),
        (Q::Q5KS, "Q5_K_S", 16, Kind::Q5K),
        (Q::Q5_0, "Q5_0", 8, Kind::Q5_0),
        (Q::Q4KM, "Q4_K_M", 15, Kind::Q4K),
        (Q::Q4KS, "Q4_K_S", 14, Kind::Q4K),
        (Q::Q4_0, "Q4_0", 2, Kind::Q4_0),
        (Q::Iq4Nl, "IQ4_NL", 25, Kind::Iq4Nl),
        (Q::Q3KL, "Q3_K_L", 13, Kind::Q3K),
        (Q::Q3KM, "Q3_K_M", 12, Kind::Q3K),
        (Q::Q3KS, "Q3_K_S", 11, Kind::Q3K),
    ];

    /// Their names, the widest first.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::TABLE.iter().map(|row| row.1)
    }

    /// The one of a name, in any case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let row = Self::TABLE.iter();
        row.clone()
            .find(|row| row.1.eq_ignore_ascii_case(name))
            .map(|row| row.0)
    }

    fn row(self) -> &'static (Self, &'static str, u32, Kind) {
        let row = Self::TABLE.iter().find(|row| row.0 == self);
        row.unwrap_or(&Self::TABLE[0])
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Its number in `general.file_type`.
    #[must_use]
    pub fn file_type(self) -> u32 {
        self.row().2
    }
}

/// Names and lengths of tensors, in the order of the layers; answers with the type of each.
pub(super) fn kinds(
    shape: &Shape,
    quantization: Quantization,
    tensors: &[(String, Vec<u64>)],
) -> Vec<Kind> {
    let attention_v = tensors.iter().filter(|(name, _)| is_attention_v(name));
    let mut state = State {
        shape,
        quantization,
        is_tied: !tensors.iter().any(|(name, _)| name == "output.weight"),
        attention_v: 0,
        attention_vs: attention_v.count() as u64,
    };
    let kinds = tensors
        .iter()
        .map(|(name, lengths)| state.kind(name, lengths));
    kinds.collect()
}

/// Tensors that stay 32 bits wide: `tensor_allows_quantization`, and what the converter of Hugging Face's
/// models leaves so.
fn stays_wide(name: &str, lengths: &[u64]) -> bool {
    const WIDE: [&str; 4] = [
        "_norm.weight",
        "ffn_gate_inp.weight",
        "ssm_conv1d",
        "shortconv.conv",
    ];
    lengths.len() < 2 || !name.ends_with("weight") || WIDE.iter().any(|part| name.contains(part))
}

fn is_attention_v(name: &str) -> bool {
    ["attn_v.weight", "attn_qkv.weight", "attn_kv_b.weight"]
        .iter()
        .any(|part| name.contains(part))
}

/// `use_more_bits`: the first and last eighth of the layers, and every third between them.
fn is_sensitive(layer: u64, layers: u64) -> bool {
    layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2
}

struct State<'a> {
    shape: &'a Shape,
    quantization: Quantization,
    /// Whether the embeddings are also the output matrix.
    is_tied: bool,
    /// How many attention values have been seen, and how many there are.
    attention_v: u64,
    attention_vs: u64,
}

impl State<'_> {
    fn kind(&mut self, name: &str, lengths: &[u64]) -> Kind {
        if stays_wide(name, lengths) {
            return Kind::F32;
        }
        let most = self.quantization.row().3;
        if !most.is_quantized() {
            return most;
        }
        let row = lengths.first().copied().unwrap_or(0);
        fitting(self.wanted(most, name, row), row)
    }

    fn wanted(&mut self, most: Kind, name: &str, row: u64) -> Kind {
        if name == "output.weight" || (self.is_tied && name == "token_embd.weight") {
            return if most == Kind::Q8_0 || !row.is_multiple_of(most.block()) {
                Kind::Q8_0
            } else {
                Kind::Q6K
            };
        }
        let eight_experts = self.shape.experts.is_some_and(|experts| experts.count == 8);
        if name == "token_embd.weight" {
            most
        } else if is_attention_v(name) {
            let kind = self.attention_value(most);
            self.attention_v += 1;
            if eight_experts { Kind::Q8_0 } else { kind }
        } else if name.contains("attn_k.weight") && eight_experts {
            Kind::Q8_0
        } else if name.contains("ffn_down") {
            self.down(most, layer_of(name))
        } else if name.contains("attn_output.weight") {
            match self.quantization {
                Q::Q3KM | Q::Q3KS | Q::Iq4Nl | Q::Q4KS | Q::Q4KM if eight_experts => Kind::Q5K,
                Q::Q3KM if !eight_experts => Kind::Q4K,
                Q::Q3KL if !eight_experts => Kind::Q5K,
                _ => most,
            }
        } else {
            most
        }
    }

    fn attention_value(&self, most: Kind) -> Kind {
        let seen = self.attention_v;
        let kind = match self.quantization {
            Q::Q3KM => [Kind::Q4K, Kind::Q5K][usize::from(seen < 2)],
            Q::Q3KL => Kind::Q5K,
            Q::Iq4Nl if self.shape.heads_per_kv() >= 4 => Kind::Q5K,
            Q::Q4KM | Q::Q5KM if is_sensitive(seen, self.attention_vs) => Kind::Q6K,
            Q::Q4KS if seen < 4 => Kind::Q5K,
            _ => most,
        };
        // "In the 70B model we have 8 heads sharing the same attn_v weights."
        let is_70b = self.shape.layers == 80
            && match self.shape.architecture {
                Architecture::Llama => self.shape.heads != self.shape.kv_heads,
                Architecture::Qwen2 => true,
                _ => false,
            };
        match kind {
            Kind::Q3K | Kind::Q4K if is_70b => Kind::Q5K,
            kind => kind,
        }
    }

    fn down(&self, most: Kind, layer: u64) -> Kind {
        let layers = self.shape.layers;
        match self.quantization {
            Q::Q3KM => [Kind::Q4K, Kind::Q5K][usize::from(layer < layers / 16)],
            Q::Q3KL => Kind::Q5K,
            Q::Q4KM | Q::Q5KM if is_sensitive(layer, layers) => Kind::Q6K,
            Q::Q4KS | Q::Iq4Nl if layer < layers / 8 => Kind::Q5K,
            _ => most,
        }
    }
}

fn layer_of(name: &str) -> u64 {
    let number = name
        .strip_prefix("blk.")
        .and_then(|rest| rest.split('.').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// `tensor_type_fallback`: a type whose blocks fit into rows of this length.
fn fitting(kind: Kind, row: u64) -> Kind {
    if row.is_multiple_of(kind.block()) {
        return kind;
    }
    let smaller = match kind {
        Kind::Q3K => Kind::Q4_0,
        Kind::Q4K => Kind::Q5_0,
        Kind::Q5K => Kind::Q5_1,
        Kind::Q6K => Kind::Q8_0,
        kind => kind,
    };
    if row.is_multiple_of(smaller.block()) {
        smaller
    } else {
        Kind::F16
    }
}
