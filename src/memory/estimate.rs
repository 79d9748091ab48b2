//! The whole: every term of a model's memory, with one setup.

use super::context::{CacheType, ContextShape};
use super::graph::{self, Batch, Blocks, Way};
use super::weights::{CpuFeatures, Weights};
use crate::gguf::GgufHeader;
use crate::profile::{FlashAttention, LoadMode, Profile};

#[cfg(test)]
mod tests;

/// Contexts are rounded up to this (`GGML_PAD(n_ctx, 256)` in llama-context.cpp).
const CONTEXT_STEP: u32 = 256;
/// Bytes of a logit.
const LOGIT: u64 = 4;

/// A program as it takes memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `llama-completion`, which makes room for the logits of every token of a micro-batch.
    Completion,
    /// `llama-server`, which makes room for those of one token per sequence.
    Server,
}

/// What the memory of a process depends on, beside its model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Which program.
    pub program: Program,
    /// Context in tokens.
    pub context: u32,
    /// Tokens that are handed over at once.
    pub batch: u32,
    /// Tokens that are computed at once.
    pub micro_batch: u32,
    /// Type of the keys.
    pub keys: CacheType,
    /// Type of the values.
    pub values: CacheType,
    /// Whether attention is computed in one step.
    pub flash: bool,
    /// Whether the weights are mapped from the file.
    pub mapped: bool,
    /// For which CPU weights are laid out anew; `None` where they are not.
    pub repacks_for: Option<CpuFeatures>,
    /// Threads that compute.
    pub threads: u32,
}

/// What asks llama.cpp to leave weights as they are.
const NO_REPACK: [&str; 2] = ["--no-repack", "-nr"];

impl Setup {
    /// The setup of a profile, for a CPU with these features, with so many threads.
    #[must_use]
    pub fn of(profile: &Profile, program: Program, features: CpuFeatures, threads: u32) -> Self {
        let extra = &profile.extra_args;
        let leaves = extra.iter().any(|arg| NO_REPACK.contains(&arg.as_str()));
        Self {
            program,
            context: profile.context,
            batch: profile.batch,
            micro_batch: profile.micro_batch,
            keys: profile.kv_type_k.into(),
            values: profile.kv_type_v.into(),
            // A CPU always can, so that `auto` comes out as this.
            flash: profile.flash_attention != FlashAttention::Off,
            mapped: matches!(profile.load_mode, LoadMode::Auto | LoadMode::Mmap),
            repacks_for: (!leaves).then_some(features),
            threads,
        }
    }
}

/// What a process takes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryEstimate {
    /// Weights as the file has them: mapped from it, or read.
    pub weights: u64,
    /// Weights that are laid out anew for this CPU (`CPU_REPACK`).
    pub repacked: u64,
    /// The context: keys and values, and states.
    pub context: u64,
    /// What is computed with.
    pub compute: u64,
    /// The logits of the tokens that are chosen from.
    pub output: u64,
    /// What of `compute` a run never writes, so that it takes no memory.
    pub untouched: u64,
    /// What llama.cpp does not report: the program, its vocabulary, space for products of matrices.
    pub overhead: u64,
}

impl MemoryEstimate {
    /// The sum of what llama.cpp reports as its buffers.
    #[must_use]
    pub fn reported(&self) -> u64 {
        let terms = [
            self.weights,
            self.repacked,
            self.context,
            self.compute,
            self.output,
        ];
        terms.into_iter().fold(0, u64::saturating_add)
    }

    /// What the process takes at its peak, mapped weights included: what is reported, without what is
    /// never written, and with what is not reported.
    #[must_use]
    pub fn peak(&self) -> u64 {
        let touched = self.reported().saturating_sub(self.untouched);
        touched.saturating_add(self.overhead)
    }

    /// Whether it fits into so many bytes.
    #[must_use]
    pub fn fits(&self, budget: u64) -> bool {
        self.peak() <= budget
    }
}

/// A model as its memory needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryModel {
    context: ContextShape,
    blocks: Blocks,
    weights: Weights,
    vocabulary: u64,
    /// Bytes before the first weight.
    metadata: u64,
}

impl MemoryModel {
    /// Reads it from a header; `None` where that does not tell, as of an architecture without layers.
    #[must_use]
    pub fn of(header: &GgufHeader) -> Option<Self> {
        let context = ContextShape::of(header)?;
        let blocks = Blocks::of(header, &context)?;
        Some(Self {
            blocks,
            context,
            weights: Weights::of(header),
            vocabulary: header.vocabulary.unwrap_or(0),
            metadata: header.data_offset,
        })
    }

    /// Its context.
    #[must_use]
    pub fn context(&self) -> &ContextShape {
        &self.context
    }

    /// Every term with this setup.
    #[must_use]
    pub fn estimate(&self, setup: &Setup) -> MemoryEstimate {
        let Setup {
            keys,
            values,
            program,
            ..
        } = *setup;
        let batch = u64::from(setup.micro_batch.min(setup.batch).max(1));
        let cells = self.context.cells(u64::from(setup.context), batch);
        let held = self.weights.held(setup.repacks_for, setup.mapped);
        let turns =
            |kind: CacheType| !matches!(kind, CacheType::F32 | CacheType::F16 | CacheType::Bf16);
        let way = Way {
            flash: setup.flash,
            turned_keys: turns(keys),
            turned_values: turns(values),
        };
        let run = Batch {
            tokens: batch.min(cells.full),
            outputs: 1,
            cells: cells.full,
            window: cells.window,
        };
        let reserved = Batch {
            outputs: match program {
                Program::Completion => run.tokens,
                Program::Server => 1,
            },
            ..run
        };
        let compute = graph::place(&self.blocks, way, reserved, run);
        MemoryEstimate {
            weights: held.plain,
            repacked: held.repacked,
            context: self
                .context
                .bytes(u64::from(setup.context), keys, values, batch),
            compute: compute.reserved,
            output: self.vocabulary.saturating_mul(LOGIT),
            untouched: compute.reserved.saturating_sub(compute.touched),
            overhead: self.overhead(setup),
        }
    }

    /// The largest context, in steps of 256 tokens and at most `most`, that fits into so many bytes with
    /// this setup; `None` where not even the smallest does.
    #[must_use]
    pub fn largest_context(&self, setup: &Setup, budget: u64, most: u32) -> Option<u32> {
        let fits = |steps: u32| {
            let context = steps.saturating_mul(CONTEXT_STEP);
            self.estimate(&Setup { context, ..*setup }).fits(budget)
        };
        if !fits(1) {
            return None;
        }
        // `low` fits, `high` does not.
        let (mut low, mut high) = (1, (most / CONTEXT_STEP).max(1) + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if fits(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(low * CONTEXT_STEP)
    }

    /// What nobody reports.
    fn overhead(&self, setup: &Setup) -> u64 {
        let program = match setup.program {
            Program::Completion => COMPLETION,
            Program::Server => SERVER,
        };
        let batch = u64::from(setup.micro_batch.min(setup.batch));
        let products = batch
            .saturating_mul(self.blocks.widest())
            .saturating_mul(PRODUCT_NUMERATOR)
            / PRODUCT_DENOMINATOR;
        program
            .saturating_add(self.vocabulary.saturating_mul(PER_TOKEN))
            .saturating_add(self.metadata.saturating_mul(PER_METADATA_BYTE))
            .saturating_add(products)
            .saturating_add(PER_THREAD.saturating_mul(u64::from(setup.threads)))
            .saturating_add(self.checkpoints(setup, batch))
    }

    /// Copies that a server keeps of what cannot be wound back: windows, and states.
    fn checkpoints(&self, setup: &Setup, batch: u64) -> u64 {
        if setup.program == Program::Completion {
            return 0;
        }
        let mut passing = self.context.clone();
        passing
            .layers
            .retain(|layer| layer.windowed || layer.state > 0);
        let count = u64::from(setup.context) / CHECKPOINT_EVERY + CHECKPOINTS_AT_END;
        let one = passing.bytes(u64::from(setup.context), setup.keys, setup.values, batch);
        one.saturating_mul(count.min(MOST_CHECKPOINTS))
    }
}

/// The program itself, with what it allocates before it knows its model. Measured, as the next three: by
/// `make plan-check`, with vocabularies of 512 to 262 144 tokens.
const COMPLETION: u64 = 11 << 20;
/// The same of the server, with its threads for HTTP and its chat templates.
const SERVER: u64 = 16 << 20;
/// Bytes of a token of the vocabulary: its text, thrice, and the tables that find it.
const PER_TOKEN: u64 = 222;
/// Bytes that a byte of the file's metadata becomes: it is kept as it is read, and the merges of which
/// tokens are made, most of it, once more in a tree.
const PER_METADATA_BYTE: u64 = 3;
/// A server copies what cannot be wound back every so many tokens of a prompt (`checkpoint_min_step`),
const CHECKPOINT_EVERY: u64 = 8192;
/// and near the end of it,
const CHECKPOINTS_AT_END: u64 = 2;
/// and forgets the oldest copy when there are more (`n_ctx_checkpoints`).
const MOST_CHECKPOINTS: u64 = 32;
/// A thread's stack as far as it is used, and its tiles.
const PER_THREAD: u64 = 512 << 10;
/// What is multiplied with a quantised matrix is quantised before, mostly to blocks of 32 in 34 bytes.
const PRODUCT_NUMERATOR: u64 = 34;
const PRODUCT_DENOMINATOR: u64 = 32;
