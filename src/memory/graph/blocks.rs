//! The layers of a model, as its table of tensors shows them.
//!
//! By tensors and not by architecture: what llama.cpp computes follows from what a layer has, and most
//! architectures put the same parts together. What is left out, because it takes little or is rare: the
//! parts of multi-head latent attention one by one, and layers that run attention and feed-forward beside
//! each other.

use std::collections::BTreeMap;

use crate::gguf::GgufHeader;
use crate::memory::ContextShape;

/// A model as its graph sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::memory) struct Blocks {
    /// Width of the stream between the layers.
    pub(super) embedding: u64,
    /// Logits of one token.
    pub(super) vocabulary: u64,
    /// Whether embeddings are multiplied before they are used.
    pub(super) scales_embedding: bool,
    pub(super) blocks: Vec<Block>,
}

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) mixer: Mixer,
    pub(super) feed: Feed,
    pub(super) windowed: bool,
    /// Whether what attention and feed-forward bring is normed before it is added.
    pub(super) norms_after: bool,
}

/// What lets tokens see each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mixer {
    Attention(Attention),
    /// A state, with so many numbers of each token on their way into it.
    State {
        width: u64,
    },
}

/// Attention: numbers of each token as query, key and value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attention {
    pub(super) heads: u64,
    pub(super) query: u64,
    pub(super) key: u64,
    pub(super) value: u64,
    /// Numbers that come out of it.
    pub(super) out: u64,
    /// The width of all three, where one matrix makes them.
    pub(super) fused: Option<u64>,
    pub(super) has_bias: bool,
    pub(super) norms_heads: bool,
}

/// The feed-forward part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::memory) enum Feed {
    /// One for all tokens.
    Dense {
        /// Its inner width.
        width: u64,
        /// Whether it has a gate beside it.
        gated: bool,
    },
    /// Some of many, chosen for each token.
    Experts {
        /// How many there are.
        count: u64,
        /// How many a token uses.
        used: u64,
        /// Their inner width.
        width: u64,
        /// The inner width of what all tokens share, if there is such a part.
        shared: Option<u64>,
    },
}

impl Blocks {
    /// Reads them from a header; `None` where it does not tell.
    pub(in crate::memory) fn of(header: &GgufHeader, context: &ContextShape) -> Option<Self> {
        let embedding = header.embedding_length()?;
        let tensors = Tensors::of(header);
        let wide = |name: &str| tensors.rows(name);
        let vocabulary = wide("output.weight")
            .or_else(|| wide("token_embd.weight"))
            .or(header.vocabulary)?;
        let count = usize::try_from(header.block_count()?).ok()?;
        let guessing = header.number("nextn_predict_layers").unwrap_or(0);
        let count = count.saturating_sub(usize::try_from(guessing).ok()?);
        let heads = header.numbers_by_layer("attention.head_count", count);
        let blocks = (0..count.min(MOST_LAYERS)).map(|index| {
            let heads = heads.as_ref().map_or(1, |heads| heads[index]);
            block(header, context, &tensors, index, heads)
        });
        Some(Self {
            embedding,
            vocabulary,
            scales_embedding: header.architecture.starts_with("gemma"),
            blocks: blocks.collect(),
        })
    }

    /// Numbers that the widest layer keeps of a token as its value.
    pub(super) fn widest_value(&self) -> u64 {
        let values = self.blocks.iter().map(|block| match &block.mixer {
            Mixer::Attention(attention) => attention.value,
            Mixer::State { .. } => 0,
        });
        values.max().unwrap_or(0)
    }

    /// The largest number of numbers of one token that a matrix is multiplied with.
    pub(in crate::memory) fn widest(&self) -> u64 {
        let widths = self.blocks.iter().map(|block| match block.feed {
            Feed::Dense { width, .. } => width,
            Feed::Experts { used, width, .. } => used.saturating_mul(width.max(self.embedding)),
        });
        widths.max().unwrap_or(0).max(self.embedding)
    }
}

/// More layers than any model has; a header may claim anything.
const MOST_LAYERS: usize = 1024;

/// The tensors of a header by their names.
struct Tensors<'a>(BTreeMap<&'a str, &'a [u64]>);

impl<'a> Tensors<'a> {
    fn of(header: &'a GgufHeader) -> Self {
        let tensors = header.table.iter();
        Self(
            tensors
                .map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice()))
                .collect(),
        )
    }

    /// How many numbers a matrix makes of those it is given.
    fn rows(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.get(1).copied()
    }

    /// How many numbers a matrix is given.
    fn columns(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.first().copied()
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

fn block(
    header: &GgufHeader,
    context: &ContextShape,
    tensors: &Tensors<'_>,
    index: usize,
    heads: u64,
) -> Block {
    let name = |part: &str| format!("blk.{index}.{part}");
    let kept = context.layers.get(index);
    let (key, value) = kept.map_or((0, 0), |layer| (layer.key_width, layer.value_width));
    let rows = |part: &str| tensors.rows(&name(part));
    let inside = rows("ssm_in.weight").or_else(|| rows("time_mix_key.weight"));
    let has_query = ["attn_q.weight", "attn_qkv.weight", "attn_q_b.weight"];
    let has_query = has_query.iter().any(|part| tensors.has(&name(part)));
    let recurrent = kept.is_some_and(|layer| layer.state > 0) && key == 0;
    let mixer = if recurrent || (!has_query && inside.is_some()) {
        let inside = inside.or_else(|| rows("attn_qkv.weight"));
        Mixer::State {
            width: inside.unwrap_or(0),
        }
    } else {
        let out = tensors.columns(&name("attn_output.weight"));
        let fused = rows("attn_qkv.weight");
        let query = rows("attn_q.weight").or_else(|| rows("attn_q_b.weight"));
        let query = query.or_else(|| Some(fused?.saturating_sub(key.saturating_add(value))));
        let query = query.or(out).unwrap_or(0);
        Mixer::Attention(Attention {
            heads,
            query,
            key,
            value,
            out: out.unwrap_or(query),
            fused,
            has_bias: tensors.has(&name("attn_q.bias")),
            norms_heads: tensors.has(&name("attn_q_norm.weight")),
        })
    };
    Block {
        mixer,
        feed: feed(header, tensors, index),
        windowed: kept.is_some_and(|layer| layer.windowed),
        norms_after: tensors.has(&name("post_attention_norm.weight"))
            && tensors.has(&name("post_ffw_norm.weight")),
    }
}

fn feed(header: &GgufHeader, tensors: &Tensors<'_>, index: usize) -> Feed {
    let name = |part: &str| format!("blk.{index}.{part}");
    let rows = |part: &str| tensors.rows(&name(part));
    let columns = |part: &str| tensors.columns(&name(part));
    if let Some(width) = columns("ffn_down_exps.weight") {
        let number = |key: &str| header.number(key).unwrap_or(1).max(1);
        return Feed::Experts {
            count: number("expert_count"),
            used: number("expert_used_count"),
            width,
            shared: columns("ffn_down_shexp.weight"),
        };
    }
    let width = columns("ffn_down.weight").unwrap_or(0);
    // Some keep gate and up in one matrix.
    let both = rows("ffn_up.weight") == width.checked_mul(2);
    Feed::Dense {
        width,
        gated: both || tensors.has(&name("ffn_gate.weight")),
    }
}

#[cfg(test)]
impl Blocks {
    /// Makes a model of sizes that none has.
    pub(in crate::memory) fn stretch(&mut self, layers: u32, width: u64, heads: u64, query: u64) {
        self.embedding = width;
        let mut block = self.blocks[0].clone();
        if let Mixer::Attention(attention) = &mut block.mixer {
            (attention.heads, attention.query, attention.out) = (heads, query, query);
        }
        self.blocks = vec![block; layers as usize];
    }
}
