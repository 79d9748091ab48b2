//! The key-value pairs of the header.

use super::quantization::Quantization;
use super::shape::{
    Architecture as A, LATENT, LATENT_VALUE, LFM2_ATTENTION, LFM2_CONVOLUTION, MAMBA_CONVOLUTION,
    MAMBA_RANK, MAMBA_STATE, MAMBA_WIDENING, ROTATED, Shape, UNROTATED,
};

/// Numbers of the types of values: `gguf_type` in `gguf.h`.
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const BOOL: u32 = 7;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// What everybody is told who looks into the file.
const DESCRIPTION: &str = "Random weights in the shape of a known model, written by `orchestrate model \
    synth` to measure speed and memory. Whatever it answers is noise.";

/// Key-value pairs, as they stand in the file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Pairs {
    /// How many there are.
    pub(super) count: u64,
    /// Their bytes.
    pub(super) bytes: Vec<u8>,
}

impl Pairs {
    fn key(&mut self, key: &str, kind: u32) {
        self.count += 1;
        put_string(&mut self.bytes, key.as_bytes());
        self.bytes.extend(kind.to_le_bytes());
    }

    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key, STRING);
        put_string(&mut self.bytes, value.as_bytes());
    }

    pub(super) fn number(&mut self, key: &str, value: u64) {
        self.key(key, U32);
        self.bytes
            .extend(u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn real(&mut self, key: &str, value: f32) {
        self.key(key, F32);
        self.bytes.extend(value.to_le_bytes());
    }

    pub(super) fn truth(&mut self, key: &str, value: bool) {
        self.key(key, BOOL);
        self.bytes.push(u8::from(value));
    }

    fn array(&mut self, key: &str, kind: u32, length: usize) {
        self.key(key, ARRAY);
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend((length as u64).to_le_bytes());
    }

    pub(super) fn texts<T: AsRef<[u8]>>(&mut self, key: &str, values: &[T]) {
        self.array(key, STRING, values.len());
        for value in values {
            put_string(&mut self.bytes, value.as_ref());
        }
    }

    pub(super) fn numbers(&mut self, key: &str, values: &[i32]) {
        self.array(key, I32, values.len());
        for value in values {
            self.bytes.extend(value.to_le_bytes());
        }
    }

    pub(super) fn reals(&mut self, key: &str, values: &[f32]) {
        self.array(key, F32, values.len());
        for value in values {
            self.bytes.extend(value.to_le_bytes());
        }
    }

    /// A pair whose value stands in another file.
    pub(super) fn copy(&mut self, key: &str, kind: u32, value: &[u8]) {
        self.key(key, kind);
        self.bytes.extend(value);
    }
}

pub(super) fn put_string(bytes: &mut Vec<u8>, text: &[u8]) {
    bytes.extend((text.len() as u64).to_le_bytes());
    bytes.extend(text);
}

/// All pairs but the tokenizer's.
pub(super) fn pairs(shape: &Shape, quantization: Quantization) -> Pairs {
    let mut pairs = Pairs::default();
    let arch = shape.architecture.name();
    pairs.text("general.architecture", arch);
    pairs.text("general.type", "model");
    // Without hyphens: llama.cpp does special things to the vocabulary of whatever is named phi-3.
    let name = format!("synthetic {} {}", shape.name, quantization.name()).replace('-', " ");
    pairs.text("general.name", &name);
    pairs.text("general.description", DESCRIPTION);
    pairs.number("general.file_type", u64::from(quantization.file_type()));
    // GGML_QNT_VERSION, in ggml.h.
    pairs.number("general.quantization_version", 2);
    let mut keys = Keys { pairs, arch };
    keys.number("block_count", shape.layers);
    keys.number("context_length", shape.context);
    keys.number("embedding_length", shape.embd);
    keys.number("feed_forward_length", shape.ffn);
    keys.number("vocab_size", shape.vocab);
    keys.real("attention.layer_norm_rms_epsilon", shape.epsilon);
    keys.attention(shape);
    keys.experts(shape);
    keys.particular(shape);
    keys.pairs
}

/// Writes keys below the name of the architecture.
struct Keys {
    pairs: Pairs,
    arch: &'static str,
}

impl Keys {
    fn number(&mut self, key: &str, value: u64) {
        self.pairs.number(&format!("{}.{key}", self.arch), value);
    }

    fn real(&mut self, key: &str, value: f32) {
        self.pairs.real(&format!("{}.{key}", self.arch), value);
    }

    fn attention(&mut self, shape: &Shape) {
        self.number("attention.head_count", shape.heads);
        match shape.architecture {
            A::Mamba => return self.number("attention.head_count_kv", 0),
            A::Lfm2 => {
                let heads = |layer| {
                    i32::try_from(shape.kv_heads * u64::from(LFM2_ATTENTION.contains(&layer)))
                };
                let heads: Vec<i32> = (0..shape.layers)
                    .map(|layer| heads(layer).unwrap_or(0))
                    .collect();
                self.pairs
                    .numbers(&format!("{}.attention.head_count_kv", self.arch), &heads);
            }
            A::Deepseek2 => self.number("attention.head_count_kv", 1),
            _ => self.number("attention.head_count_kv", shape.kv_heads),
        }
        self.real("rope.freq_base", shape.rope_base);
        if shape.architecture == A::Deepseek2 {
            // Attention over the latent vector itself, as the converter writes it.
            self.number("attention.key_length", LATENT + ROTATED);
            self.number("attention.value_length", LATENT);
            self.number("attention.key_length_mla", UNROTATED + ROTATED);
            self.number("attention.value_length_mla", LATENT_VALUE);
            self.number("attention.kv_lora_rank", LATENT);
            self.number("rope.dimension_count", ROTATED);
        } else {
            self.number("attention.key_length", shape.head);
            self.number("attention.value_length", shape.head);
            self.number("rope.dimension_count", shape.head);
        }
        if shape.window > 0 {
            self.number("attention.sliding_window", shape.window);
        }
    }

    fn experts(&mut self, shape: &Shape) {
        let Some(experts) = shape.experts else { return };
        self.number("expert_count", experts.count);
        self.number("expert_used_count", experts.used);
        if matches!(shape.architecture, A::Qwen3Moe | A::Deepseek2) {
            self.number("expert_feed_forward_length", experts.ffn);
        }
        if experts.shared > 0 {
            self.number("expert_shared_count", experts.shared);
        }
        if experts.dense_layers > 0 {
            self.number("leading_dense_block_count", experts.dense_layers);
        }
    }

    /// What only one architecture knows; values of the published configurations.
    fn particular(&mut self, shape: &Shape) {
        match shape.architecture {
            A::Gemma2 => {
                self.real("attn_logit_softcapping", 50.0);
                self.real("final_logit_softcapping", 30.0);
            }
            A::GraniteMoe => {
                self.real("embedding_scale", 12.0);
                self.real("residual_scale", 0.22);
                self.real("attention.scale", 0.015_625);
                self.real("logit_scale", 6.0);
            }
            A::Deepseek2 => {
                self.real("expert_weights_scale", 1.0);
                self.pairs
                    .text(&format!("{}.rope.scaling.type", self.arch), "yarn");
                self.real("rope.scaling.factor", 40.0);
                self.number("rope.scaling.original_context_length", 4096);
                self.real("rope.scaling.yarn_log_multiplier", 0.0707);
            }
            A::Lfm2 => self.number("shortconv.l_cache", LFM2_CONVOLUTION),
            A::Mamba => {
                self.number("ssm.conv_kernel", MAMBA_CONVOLUTION);
                self.number("ssm.inner_size", MAMBA_WIDENING * shape.embd);
                self.number("ssm.state_size", MAMBA_STATE);
                self.number("ssm.time_step_rank", shape.embd / MAMBA_RANK);
            }
            _ => {}
        }
    }
}
