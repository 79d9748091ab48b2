//! Which tensors a shape has. Source: `load_arch_tensors` in `src/models/*.cpp` of b11434.

use super::shape::{
    Architecture as A, Experts, LATENT, LATENT_VALUE, LFM2_ATTENTION, LFM2_CONVOLUTION,
    MAMBA_CONVOLUTION, MAMBA_RANK, MAMBA_STATE, MAMBA_WIDENING, ROTATED, Shape, UNROTATED,
};

/// The tensors of a shape, in the order of the layers: names and lengths.
pub(super) fn tensors(shape: &Shape) -> Vec<(String, Vec<u64>)> {
    let mut table = Table {
        shape,
        prefix: String::new(),
        tensors: Vec::new(),
    };
    table.add("token_embd.weight", &[shape.embd, shape.vocab]);
    if shape.architecture == A::Llama && shape.tokenizer == "llama-bpe" {
        // How Llama 3.1 stretches its context.
        table.add("rope_freqs.weight", &[shape.head / 2]);
    }
    for layer in 0..shape.layers {
        table.prefix = format!("blk.{layer}.");
        table.layer(layer);
    }
    table.prefix.clear();
    let norm = match shape.architecture {
        // "fix for wrong tensor name", as llama-arch.cpp says.
        A::Lfm2 => "token_embd_norm.weight",
        _ => "output_norm.weight",
    };
    table.add(norm, &[shape.embd]);
    if !shape.is_tied {
        table.add("output.weight", &[shape.embd, shape.vocab]);
    }
    table.tensors
}

struct Table<'a> {
    shape: &'a Shape,
    prefix: String,
    tensors: Vec<(String, Vec<u64>)>,
}

impl Table<'_> {
    fn add(&mut self, name: &str, lengths: &[u64]) {
        let name = format!("{}{name}", self.prefix);
        self.tensors.push((name, lengths.to_vec()));
    }

    fn layer(&mut self, layer: u64) {
        let shape = self.shape;
        let embd = shape.embd;
        self.add("attn_norm.weight", &[embd]);
        match shape.architecture {
            A::Mamba => return self.mamba(),
            A::Deepseek2 => self.latent_attention(),
            A::Lfm2 if !LFM2_ATTENTION.contains(&layer) => self.short_convolution(),
            _ => self.attention(),
        }
        let is_gemma = matches!(shape.architecture, A::Gemma2 | A::Gemma3);
        if is_gemma {
            self.add("post_attention_norm.weight", &[embd]);
        }
        self.add("ffn_norm.weight", &[embd]);
        match shape.experts {
            Some(experts) if layer >= experts.dense_layers => self.experts(experts),
            _ => self.feed_forward(),
        }
        if is_gemma {
            self.add("post_ffw_norm.weight", &[embd]);
        }
    }

    fn attention(&mut self) {
        let shape = self.shape;
        let (embd, head) = (shape.embd, shape.head);
        let (q, kv) = (head * shape.heads, head * shape.kv_heads);
        if shape.architecture == A::Phi3 {
            self.add("attn_qkv.weight", &[embd, q + 2 * kv]);
        } else {
            self.add("attn_q.weight", &[embd, q]);
            self.add("attn_k.weight", &[embd, kv]);
            self.add("attn_v.weight", &[embd, kv]);
        }
        self.add("attn_output.weight", &[q, embd]);
        match shape.architecture {
            A::Qwen2 => {
                self.add("attn_q.bias", &[q]);
                self.add("attn_k.bias", &[kv]);
                self.add("attn_v.bias", &[kv]);
            }
            A::Qwen3 | A::Qwen3Moe | A::Gemma3 | A::Lfm2 => {
                self.add("attn_q_norm.weight", &[head]);
                self.add("attn_k_norm.weight", &[head]);
            }
            A::Olmoe => {
                self.add("attn_q_norm.weight", &[embd]);
                self.add("attn_k_norm.weight", &[embd]);
            }
            _ => {}
        }
    }

    fn latent_attention(&mut self) {
        let (embd, heads) = (self.shape.embd, self.shape.heads);
        self.add("attn_q.weight", &[embd, heads * (UNROTATED + ROTATED)]);
        self.add("attn_kv_a_mqa.weight", &[embd, LATENT + ROTATED]);
        self.add("attn_kv_a_norm.weight", &[LATENT]);
        self.add("attn_k_b.weight", &[UNROTATED, LATENT, heads]);
        self.add("attn_v_b.weight", &[LATENT, LATENT_VALUE, heads]);
        self.add("attn_output.weight", &[heads * LATENT_VALUE, embd]);
    }

    fn short_convolution(&mut self) {
        let embd = self.shape.embd;
        self.add("shortconv.conv.weight", &[LFM2_CONVOLUTION, embd]);
        self.add("shortconv.in_proj.weight", &[embd, 3 * embd]);
        self.add("shortconv.out_proj.weight", &[embd, embd]);
    }

    fn feed_forward(&mut self) {
        let (embd, ffn) = (self.shape.embd, self.shape.ffn);
        if self.shape.architecture == A::Phi3 {
            self.add("ffn_up.weight", &[embd, 2 * ffn]);
        } else {
            self.add("ffn_gate.weight", &[embd, ffn]);
            self.add("ffn_up.weight", &[embd, ffn]);
        }
        self.add("ffn_down.weight", &[ffn, embd]);
    }

    fn experts(&mut self, experts: Experts) {
        let embd = self.shape.embd;
        let Experts {
            count, ffn, shared, ..
        } = experts;
        self.add("ffn_gate_inp.weight", &[embd, count]);
        self.add("ffn_gate_exps.weight", &[embd, ffn, count]);
        self.add("ffn_up_exps.weight", &[embd, ffn, count]);
        self.add("ffn_down_exps.weight", &[ffn, embd, count]);
        if shared > 0 {
            self.add("ffn_gate_shexp.weight", &[embd, shared * ffn]);
            self.add("ffn_up_shexp.weight", &[embd, shared * ffn]);
            self.add("ffn_down_shexp.weight", &[shared * ffn, embd]);
        }
    }

    fn mamba(&mut self) {
        let embd = self.shape.embd;
        let inner = MAMBA_WIDENING * embd;
        let rank = embd / MAMBA_RANK;
        self.add("ssm_in.weight", &[embd, 2 * inner]);
        self.add("ssm_conv1d.weight", &[MAMBA_CONVOLUTION, inner]);
        self.add("ssm_conv1d.bias", &[inner]);
        self.add("ssm_x.weight", &[inner, rank + 2 * MAMBA_STATE]);
        self.add("ssm_dt.weight", &[rank, inner]);
        self.add("ssm_dt.bias", &[inner]);
        self.add("ssm_a", &[MAMBA_STATE, inner]);
        self.add("ssm_d", &[inner]);
        self.add("ssm_out.weight", &[inner, embd]);
    }
}
