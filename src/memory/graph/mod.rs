//! The compute buffer: what llama.cpp computes with, beside weights and cache.
//!
//! It is made for the largest graph that the context can ask for (`graph_reserve` in llama-context.cpp): a
//! whole micro-batch, every token of it an output where the program asks for that, and a full cache. A
//! run computes the same graph with fewer outputs, so that it never writes most of what the logits have.

mod arena;
mod blocks;

use arena::{Graph, Id, Placed, Size};
use blocks::{Block, Mixer};
pub(super) use blocks::{Blocks, Feed};

/// What a graph is computed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Batch {
    /// Tokens that are computed at once.
    pub(super) tokens: u64,
    /// Tokens whose logits are wanted.
    pub(super) outputs: u64,
    /// Cells of the cache that are looked at.
    pub(super) cells: u64,
    /// The same, in layers with a window.
    pub(super) window: u64,
}

/// How it is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Whether attention is computed in one step, without its matrix of scores.
    pub(super) flash: bool,
    /// Whether keys are turned before they are kept, as quantised ones are.
    pub(super) turned_keys: bool,
    /// The same of values.
    pub(super) turned_values: bool,
}

/// What the graph of a model takes that is reserved for one batch and run with another.
pub(super) fn place(blocks: &Blocks, way: Way, reserved: Batch, run: Batch) -> Placed {
    let mut builder = Builder {
        graph: Graph::default(),
        blocks,
        way,
        reserved,
        run,
    };
    builder.build();
    builder.graph.place()
}

/// Numbers are F32 or I32.
const NUMBER: u64 = 4;
/// Indices of cells are I64.
const INDEX: u64 = 8;

struct Builder<'a> {
    graph: Graph,
    blocks: &'a Blocks,
    way: Way,
    reserved: Batch,
    run: Batch,
}

/// What every layer reads.
#[derive(Clone, Copy)]
struct Inputs {
    positions: Id,
    /// Places of keys and of values in the cache, and who sees whom.
    full: [Id; 3],
    window: [Id; 3],
    outputs: Id,
}

/// What queries, keys and values are made from.
struct Projected<'a> {
    attention: &'a blocks::Attention,
    normed: Id,
    /// All three at once, where the model has one matrix for them.
    fused: Option<Id>,
    positions: Id,
}

impl Builder<'_> {
    fn size(&self, bytes: impl Fn(&Batch) -> u64) -> Size {
        Size {
            reserved: bytes(&self.reserved),
            written: bytes(&self.run),
        }
    }

    /// So many numbers for each token.
    fn wide(&self, width: u64) -> Size {
        self.size(|batch| bytes(&[batch.tokens, width, NUMBER]))
    }

    /// So many numbers for each output.
    fn output(&self, width: u64) -> Size {
        self.size(|batch| bytes(&[batch.outputs, width, NUMBER]))
    }

    fn build(&mut self) {
        let mut stream = self.embedding();
        let inputs = self.inputs();
        let last = self.blocks.blocks.len().saturating_sub(1);
        for (index, block) in self.blocks.blocks.iter().enumerate() {
            stream = self.block(block, stream, &inputs, index == last);
        }
        let width = self.blocks.embedding;
        let size = self.output(width);
        let normed = self.norm(stream, size);
        let size = self.output(self.blocks.vocabulary);
        let logits = self.graph.computed(size, &[normed]);
        self.graph.expand(logits);
    }

    /// The first stream, in the three ways that tokens may be given: as tokens, as vectors, as both
    /// (`build_inp_embd`). All of them get their place, and one is computed.
    fn embedding(&mut self) -> Id {
        let width = self.blocks.embedding;
        let unused = |size: Size| Size { written: 0, ..size };
        let (tokens, stream) = (self.wide(1), self.wide(width));
        let indices = self.size(|batch| bytes(&[batch.tokens, INDEX]));
        let tokens = self.graph.input(tokens);
        let vectors = self.graph.input(unused(stream));
        let mixed_tokens = self.graph.input(unused(self.wide(1)));
        let slots = self.graph.input(unused(indices));
        let mixed = self.graph.input(unused(stream));
        let mut first = self.graph.computed(stream, &[tokens]);
        let copied = self.graph.computed(unused(stream), &[mixed]);
        let rows = self.graph.computed(unused(stream), &[mixed_tokens]);
        let both = self.graph.written_into(copied, &[rows, slots]);
        for way in [first, vectors, both] {
            self.graph.expand(way);
        }
        if self.blocks.scales_embedding {
            let scale = self.graph.input(self.wide(1));
            first = self.graph.in_place(stream, &[first, scale], &[first]);
        }
        first
    }

    fn inputs(&mut self) -> Inputs {
        let positions = self.graph.input(self.wide(1));
        let full = self.cache_inputs(|batch| batch.cells);
        let windowed = self.blocks.blocks.iter().any(|block| block.windowed);
        let window = if windowed {
            self.cache_inputs(|batch| batch.window)
        } else {
            full
        };
        Inputs {
            positions,
            full,
            window,
            outputs: self.graph.input(self.output(1)),
        }
    }

    fn cache_inputs(&mut self, cells: impl Fn(&Batch) -> u64) -> [Id; 3] {
        let indices = self.size(|batch| bytes(&[batch.tokens, INDEX]));
        // Without flash attention values are kept the other way round, number by number.
        let values = if self.way.flash {
            1
        } else {
            self.blocks.widest_value()
        };
        let value_indices = self.size(|batch| bytes(&[batch.tokens, INDEX, values]));
        let number = if self.way.flash { 2 } else { NUMBER };
        let mask = self.size(|batch| bytes(&[batch.tokens, cells(batch), number]));
        [indices, value_indices, mask].map(|size| self.graph.input(size))
    }

    fn block(&mut self, block: &Block, stream: Id, inputs: &Inputs, is_last: bool) -> Id {
        let width = self.blocks.embedding;
        let whole = self.wide(width);
        let normed = self.norm(stream, whole);
        let mut mixed = match &block.mixer {
            Mixer::Attention(attention) => self.attention(attention, block, normed, inputs),
            Mixer::State { width } => self.state(*width, normed),
        };
        let mut before = stream;
        let mut size = whole;
        let mut outputs_only = false;
        if is_last {
            size = self.output(width);
            outputs_only = true;
            mixed = self.graph.computed(size, &[mixed, inputs.outputs]);
            before = self.graph.computed(size, &[before, inputs.outputs]);
        }
        if block.norms_after {
            mixed = self.norm(mixed, size);
        }
        let sum = self
            .graph
            .in_place(size, &[mixed, before], &[mixed, before]);
        let normed = self.norm(sum, size);
        let mut fed = match block.feed {
            Feed::Dense { width, gated } => self.dense(normed, width, gated, size, outputs_only),
            Feed::Experts { .. } => self.experts(block.feed, normed, size, outputs_only),
        };
        if block.norms_after {
            fed = self.norm(fed, size);
        }
        self.graph.in_place(size, &[fed, sum], &[fed, sum])
    }

    /// A norm and its weights.
    fn norm(&mut self, of: Id, size: Size) -> Id {
        let normed = self.graph.in_place(size, &[of], &[of]);
        self.graph.in_place(size, &[normed], &[normed])
    }

    fn attention(
        &mut self,
        attention: &blocks::Attention,
        block: &Block,
        normed: Id,
        inputs: &Inputs,
    ) -> Id {
        let Inputs { positions, .. } = *inputs;
        let [key_places, value_places, mask] = if block.windowed {
            inputs.window
        } else {
            inputs.full
        };
        let blocks::Attention {
            heads,
            query,
            key,
            value,
            out,
            ..
        } = *attention;
        let fused = attention.fused.map(|width| {
            let size = self.wide(width);
            self.graph.computed(size, &[normed])
        });
        let source = Projected {
            attention,
            normed,
            fused,
            positions,
        };
        let queries = self.projected(&source, query, self.way.turned_keys, true);
        let keys = self.projected(&source, key, self.way.turned_keys, true);
        let values = self.projected(&source, value, self.way.turned_values, false);
        for id in [queries, values, keys] {
            self.graph.expand(id);
        }
        let keys = self.graph.view(keys);
        let keys = self.graph.stored(&[keys, key_places]);
        self.graph.expand(keys);
        let values = self.graph.view(values);
        let values = self.graph.stored(&[values, value_places]);
        self.graph.expand(values);
        let queries = self.graph.view(queries);
        let mut seen = self.scored(queries, mask, heads, out, block.windowed);
        if self.way.turned_values {
            let size = self.wide(out);
            seen = self.graph.computed(size, &[seen]);
            seen = self.graph.view(seen);
        }
        let size = self.wide(self.blocks.embedding);
        self.graph.computed(size, &[seen])
    }

    /// Queries, keys or values of so many numbers: turned as the cache's type wants them, and rotated by their
    /// positions.
    fn projected(&mut self, source: &Projected<'_>, width: u64, turns: bool, rotated: bool) -> Id {
        let Projected {
            attention,
            normed,
            fused,
            positions,
        } = *source;
        let size = self.wide(width);
        let mut id = match fused {
            Some(fused) => self.graph.view(fused),
            None => self.graph.computed(size, &[normed]),
        };
        if attention.has_bias && fused.is_none() {
            id = self.graph.in_place(size, &[id], &[id]);
        }
        id = self.graph.view(id);
        if rotated && attention.norms_heads {
            id = self.norm(id, size);
        }
        if rotated {
            id = self.graph.in_place(size, &[id, positions], &[id]);
        }
        if turns {
            id = self.graph.view(id);
            id = self.graph.computed(size, &[id]);
            id = self.graph.view(id);
        }
        id
    }

    /// What the queries see of the cache (`build_attn_mha`).
    fn scored(&mut self, queries: Id, mask: Id, heads: u64, out: u64, windowed: bool) -> Id {
        let size = self.wide(out);
        if self.way.flash {
            let seen = self.graph.computed(size, &[queries, mask]);
            return self.graph.view(seen);
        }
        let scores = self.size(|batch| {
            let cells = if windowed { batch.window } else { batch.cells };
            bytes(&[batch.tokens, cells, heads, NUMBER])
        });
        let scored = self.graph.computed(scores, &[queries]);
        let weighted = self.graph.in_place(scores, &[scored, mask], &[scored]);
        let seen = self.graph.computed(size, &[weighted]);
        let turned = self.graph.view(seen);
        self.graph.computed(size, &[turned])
    }

    /// A layer that keeps a state: what goes in, what is convolved, what comes out. A rough picture of
    /// what differs from one architecture to the next.
    fn state(&mut self, width: u64, normed: Id) -> Id {
        let size = self.wide(width);
        let inside = self.graph.computed(size, &[normed]);
        let convolved = self.graph.computed(size, &[inside]);
        let out = self.graph.computed(size, &[convolved, inside]);
        let size = self.wide(self.blocks.embedding);
        self.graph.computed(size, &[out])
    }

    fn rows(&self, width: u64, outputs_only: bool) -> Size {
        if outputs_only {
            self.output(width)
        } else {
            self.wide(width)
        }
    }

    /// `build_ffn`.
    fn dense(&mut self, from: Id, width: u64, gated: bool, size: Size, outputs_only: bool) -> Id {
        let inner = self.rows(width, outputs_only);
        let up = self.graph.computed(inner, &[from]);
        let active = if gated {
            let gate = self.graph.computed(inner, &[from]);
            self.graph.computed(inner, &[gate, up])
        } else {
            self.graph.in_place(inner, &[up], &[up])
        };
        self.graph.computed(size, &[active])
    }

    /// `build_moe_ffn`.
    fn experts(&mut self, feed: Feed, from: Id, size: Size, outputs_only: bool) -> Id {
        let Feed::Experts {
            count,
            used,
            width,
            shared,
        } = feed
        else {
            return from;
        };
        let rows = |builder: &Self, width: u64| builder.rows(width, outputs_only);
        let [all, few, one] = [count, used, 1].map(|width| rows(self, width));
        let logits = self.graph.computed(all, &[from]);
        let odds = self.graph.in_place(all, &[logits], &[logits]);
        let sorted = self.graph.computed(all, &[odds]);
        let chosen = self.graph.view(sorted);
        let odds = self.graph.view(odds);
        let weights = self.graph.computed(few, &[odds, chosen]);
        let flat = self.graph.view(weights);
        let sum = self.graph.computed(one, &[flat]);
        let weights = self.graph.in_place(few, &[flat, sum], &[flat]);
        let weights = self.graph.view(weights);
        self.graph.expand(weights);
        let seen = self.graph.view(from);
        let inner = rows(self, used.saturating_mul(width));
        let up = self.graph.computed(inner, &[seen, chosen]);
        let gate = self.graph.computed(inner, &[seen, chosen]);
        let active = self.graph.computed(inner, &[gate, up]);
        let outer = rows(self, used.saturating_mul(self.blocks.embedding));
        let out = self.graph.computed(outer, &[active, chosen]);
        let out = self.graph.in_place(outer, &[out, weights], &[out]);
        self.graph.expand(out);
        let parts: Vec<Id> = (0..used.min(MOST_USED))
            .map(|_| self.graph.view(out))
            .collect();
        for &part in &parts {
            self.graph.expand(part);
        }
        let mut parts = parts.into_iter();
        let mut sum = parts.next().unwrap_or(out);
        let mut is_own = false;
        for part in parts {
            sum = if is_own {
                self.graph.in_place(size, &[sum, part], &[sum])
            } else {
                self.graph.computed(size, &[sum, part])
            };
            is_own = true;
            self.graph.expand(sum);
        }
        let Some(width) = shared else { return sum };
        let beside = self.dense(from, width, true, size, outputs_only);
        self.graph.in_place(size, &[sum, beside], &[sum, beside])
    }
}

/// More experts than any model uses for a token; a header may claim anything.
const MOST_USED: u64 = 64;

fn bytes(factors: &[u64]) -> u64 {
    factors
        .iter()
        .fold(1, |product: u64, &factor| product.saturating_mul(factor))
}
