use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::gguf::made::Made;
use crate::gguf::tensor_bytes;

const MIB: f64 = 1024.0 * 1024.0;
const F32: u32 = 0;
const Q8_0: u32 = 8;
const Q4_K: u32 = 12;
const Q6_K: u32 = 14;

/// A model with the usual tensors, in one type or another.
#[derive(Debug, Clone)]
struct Model {
    architecture: &'static str,
    vocabulary: u64,
    layers: u32,
    embedding: u32,
    feed: u64,
    heads: u32,
    key_heads: u32,
    head: u32,
    kind: u32,
    /// Of embeddings, output and every other matrix that mixed quantisations spare.
    finer: u32,
    tied: bool,
    /// How many experts there are and are used, and their width.
    experts: Option<(u32, u32, u64)>,
    norms_heads: bool,
}

/// The shape of Qwen2.5 0.5B in Q8_0.
const GROUPED: Model = Model {
    architecture: "qwen2",
    vocabulary: 151_936,
    layers: 24,
    embedding: 896,
    feed: 4864,
    heads: 14,
    key_heads: 2,
    head: 64,
    kind: Q8_0,
    finer: Q8_0,
    tied: true,
    experts: None,
    norms_heads: false,
};

const DENSE: Model = Model {
    architecture: "llama",
    vocabulary: 32_000,
    layers: 8,
    embedding: 2048,
    feed: 5632,
    heads: 16,
    key_heads: 16,
    head: 128,
    kind: Q4_K,
    finer: Q6_K,
    tied: false,
    experts: None,
    norms_heads: false,
};

const EXPERTS: Model = Model {
    architecture: "qwen3moe",
    vocabulary: 151_936,
    layers: 8,
    embedding: 1024,
    feed: 3072,
    heads: 16,
    key_heads: 4,
    head: 128,
    kind: Q4_K,
    finer: Q6_K,
    tied: false,
    experts: Some((32, 8, 768)),
    norms_heads: true,
};

impl Model {
    fn header(&self) -> GgufHeader {
        let mut numbers = vec![
            ("block_count", self.layers),
            ("embedding_length", self.embedding),
            ("attention.head_count", self.heads),
            ("attention.head_count_kv", self.key_heads),
            ("attention.key_length", self.head),
            ("attention.value_length", self.head),
            ("vocab_size", u32::try_from(self.vocabulary).expect("small")),
        ];
        if let Some((count, used, _)) = self.experts {
            numbers.extend([("expert_count", count), ("expert_used_count", used)]);
        }
        let mut made = Made::new().text("general.architecture", self.architecture);
        for (key, number) in numbers {
            made = made.number(&format!("{}.{key}", self.architecture), number);
        }
        let mut offset = 0_u64;
        for (name, shape, kind) in self.tensors() {
            made = made.entry(&name, &shape, kind, offset);
            let elements: u64 = shape.iter().product();
            offset += tensor_bytes(kind, elements)
                .expect("a known type")
                .next_multiple_of(32);
        }
        GgufHeader::read(Cursor::new(made.bytes()), u64::MAX / 4).expect("a header")
    }

    fn tensors(&self) -> Vec<(String, Vec<u64>, u32)> {
        let (width, head) = (u64::from(self.embedding), u64::from(self.head));
        let query = u64::from(self.heads) * head;
        let key = u64::from(self.key_heads) * head;
        let mut tensors = vec![
            (
                "token_embd.weight".to_owned(),
                vec![width, self.vocabulary],
                self.finer,
            ),
            ("output_norm.weight".to_owned(), vec![width], F32),
        ];
        if !self.tied {
            let shape = vec![width, self.vocabulary];
            tensors.push(("output.weight".to_owned(), shape, self.finer));
        }
        for layer in 0..self.layers {
            let finer = if layer % 2 == 1 {
                self.finer
            } else {
                self.kind
            };
            let mut tensor = |name: &str, shape: &[u64], kind| {
                tensors.push((format!("blk.{layer}.{name}.weight"), shape.to_vec(), kind));
            };
            tensor("attn_q", &[width, query], self.kind);
            tensor("attn_k", &[width, key], self.kind);
            tensor("attn_v", &[width, key], finer);
            tensor("attn_output", &[query, width], self.kind);
            if self.norms_heads {
                tensor("attn_q_norm", &[head], F32);
            }
            let Some((count, _, inner)) = self.experts else {
                tensor("ffn_gate", &[width, self.feed], self.kind);
                tensor("ffn_up", &[width, self.feed], self.kind);
                tensor("ffn_down", &[self.feed, width], finer);
                continue;
            };
            let count = u64::from(count);
            tensor("ffn_gate_inp", &[width, count], F32);
            tensor("ffn_gate_exps", &[width, inner, count], self.kind);
            tensor("ffn_up_exps", &[width, inner, count], self.kind);
            tensor("ffn_down_exps", &[inner, width, count], finer);
        }
        tensors
    }

    fn estimate(&self, setup: &Setup) -> MemoryEstimate {
        let model = MemoryModel::of(&self.header()).expect("a model");
        model.estimate(setup)
    }
}

const SETUP: Setup = Setup {
    program: Program::Completion,
    context: 4096,
    batch: 256,
    micro_batch: 256,
    keys: CacheType::F16,
    values: CacheType::F16,
    flash: true,
    mapped: true,
    repacks_for: Some(CpuFeatures {
        avx2: true,
        avx512: true,
        amx_int8: false,
        dotprod: false,
    }),
    threads: 2,
};

fn close(bytes: u64, mib: f64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let measured = bytes as f64 / MIB;
    (measured - mib).abs() <= 0.006
}

#[test]
fn the_compute_buffer_is_what_llama_cpp_reports() {
    let larger = Setup {
        context: 2048,
        batch: 512,
        micro_batch: 512,
        ..SETUP
    };
    let halved = Setup {
        batch: 512,
        micro_batch: 128,
        ..SETUP
    };
    let with_scores = Setup {
        context: 8192,
        flash: false,
        ..SETUP
    };
    let served = Setup {
        program: Program::Server,
        ..SETUP
    };
    // All of them seen in the log of b11434.
    for (name, model, setup, mib) in [
        ("dense", &DENSE, SETUP, 45.26),
        ("dense, larger batch", &DENSE, larger, 84.52),
        ("dense, server", &DENSE, served, 28.51),
        ("grouped", &GROUPED, SETUP, 154.76),
        ("grouped, larger batch", &GROUPED, larger, 307.52),
        ("grouped, no flash attention", &GROUPED, with_scores, 161.88),
        ("grouped, server", &GROUPED, served, 20.63),
        ("experts", &EXPERTS, SETUP, 155.38),
        ("experts, larger batch", &EXPERTS, larger, 308.77),
        ("experts, server", &EXPERTS, served, 25.01),
    ] {
        let compute = model.estimate(&setup).compute;
        assert!(
            close(compute, mib),
            "{name}: {compute} bytes, not {mib} MiB"
        );
    }
    let halved = EXPERTS.estimate(&halved).compute;
    assert!(halved < EXPERTS.estimate(&SETUP).compute * 6 / 10);
}

#[test]
fn a_real_shape_computes_in_more_with_more_of_anything() {
    for model in [&DENSE, &GROUPED, &EXPERTS] {
        for flash in [true, false] {
            let compute = |context, batch| {
                let setup = Setup {
                    context,
                    batch,
                    micro_batch: batch,
                    flash,
                    ..SETUP
                };
                model.estimate(&setup).compute
            };
            for (context, batch) in [(2048, 64), (4096, 256), (16_384, 512)] {
                let before = compute(context, batch);
                assert!(compute(2 * context, batch) >= before);
                assert!(compute(context, 2 * batch) > before);
            }
        }
    }
}

#[test]
fn weights_are_laid_out_anew_where_the_cpu_gains_by_it() {
    let dense = DENSE.estimate(&SETUP);
    assert!(close(dense.repacked, 186.75), "{}", dense.repacked);
    assert_eq!(
        GROUPED.estimate(&SETUP).repacked,
        0,
        "no such layout of Q8_0"
    );
    let arm = Setup {
        repacks_for: Some(CpuFeatures {
            dotprod: true,
            ..CpuFeatures::default()
        }),
        ..SETUP
    };
    let grouped = GROUPED.estimate(&arm);
    let table = &GROUPED.header().table;
    let matrices = table.iter().filter(|tensor| tensor.shape.len() == 2);
    let matrices: u64 = matrices.map(|tensor| tensor.bytes).sum();
    assert_eq!(grouped.repacked, matrices, "with a copy of the tied output");
    let left = Setup {
        repacks_for: None,
        ..SETUP
    };
    assert_eq!(DENSE.estimate(&left).repacked, 0);
    let read = Setup {
        mapped: false,
        ..SETUP
    };
    let read = DENSE.estimate(&read);
    assert_eq!(read.weights + read.repacked, DENSE.header().weight_bytes);
}

#[test]
fn a_run_does_not_write_the_logits_of_its_prompt() {
    let estimate = GROUPED.estimate(&SETUP);
    let logits = (256 - 1) * 151_936 * 4;
    // But for what of its place others use.
    assert!(estimate.untouched > logits * 8 / 10, "{estimate:?}");
    assert_eq!(
        estimate.peak(),
        estimate.reported() - estimate.untouched + estimate.overhead
    );
}

#[test]
fn experts_that_are_not_used_are_not_read() {
    use crate::memory::active_bytes;
    let header = EXPERTS.header();
    let sum = |part: &str| -> u64 {
        let table = header.table.iter();
        let named = table.filter(|tensor| tensor.name.contains(part));
        named.map(|tensor| tensor.bytes).sum()
    };
    let shared = header.weight_bytes - sum("_exps.") - sum("token_embd");
    assert_eq!(active_bytes(&header), shared + sum("_exps.") / 4);
    let tied = GROUPED.header();
    assert_eq!(active_bytes(&tied), tied.weight_bytes, "the output is read");
}

#[test]
fn the_largest_context_that_fits_fits_and_the_next_does_not() {
    let model = MemoryModel::of(&GROUPED.header()).expect("a model");
    let at = |context| model.estimate(&Setup { context, ..SETUP });
    let budget = at(8192).peak() + 1;
    let largest = model.largest_context(&SETUP, budget, 32_768);
    assert_eq!(largest, Some(8192));
    assert!(at(8192).fits(budget) && !at(8448).fits(budget));
    assert_eq!(
        model.largest_context(&SETUP, u64::MAX, 32_768),
        Some(32_768)
    );
    assert_eq!(model.largest_context(&SETUP, 1000, 32_768), None);
}

#[test]
fn a_model_in_two_files_takes_as_much_as_in_one() {
    let whole = EXPERTS.header();
    let mut split = whole.clone();
    let half = split.table.len() / 2;
    let start = split.table[half].offset;
    for tensor in &mut split.table[half..] {
        tensor.part = 1;
        tensor.offset -= start;
    }
    let peak = |header: &GgufHeader| {
        let model = MemoryModel::of(header).expect("known");
        let mapped = Setup {
            mapped: true,
            repacks_for: None,
            ..SETUP
        };
        model.estimate(&mapped).peak()
    };
    // But for the padding in between.
    assert!(peak(&whole).abs_diff(peak(&split)) < 32);
}

fn models() -> impl Strategy<Value = Model> {
    let experts = proptest::option::of((1..64_u32, 1..8_u32, 1..16_u64));
    let sizes = (1..6_u32, 1..20_u32, 1..40_u64, 1..300_u64);
    let heads = (0..4_u32, 0..3_u32, any::<bool>());
    (sizes, heads, experts, any::<bool>()).prop_map(
        |((layers, width, feed, vocabulary), (heads, groups, tied), experts, norms_heads)| Model {
            vocabulary: vocabulary * 256,
            layers,
            embedding: width * 256,
            feed: feed * 256,
            // Rows are whole blocks.
            heads: 4 << heads << groups,
            key_heads: 4 << heads,
            head: 64,
            tied,
            experts: experts.map(|(count, used, width)| (count, used.min(count), width * 256)),
            norms_heads,
            ..DENSE
        },
    )
}

fn setups() -> impl Strategy<Value = Setup> {
    let sizes = (256..40_000_u32, 1..9_u32, 1..9_u32);
    (sizes, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |((context, batch, micro_batch), flash, mapped, served)| Setup {
            program: if served {
                Program::Server
            } else {
                Program::Completion
            },
            context,
            batch: batch * 64,
            micro_batch: micro_batch * 64,
            flash,
            mapped,
            ..SETUP
        },
    )
}

/// As much, or a little less: the best fit for something larger may leave fewer holes.
fn no_less(after: u64, before: u64) -> bool {
    after >= before / 5 * 4
}

proptest! {
    #[test]
    fn more_of_anything_takes_no_less(model in models(), setup in setups(), more in 1..4000_u32) {
        let before = model.estimate(&setup);
        let longer = Setup { context: setup.context + more, ..setup };
        let after = model.estimate(&longer);
        prop_assert!(after.context >= before.context);
        prop_assert!(no_less(after.peak(), before.peak()));
        let more = more.min(512);
        let batch = Setup {
            batch: setup.batch + more,
            micro_batch: setup.micro_batch + more,
            ..setup
        };
        let after = model.estimate(&batch);
        prop_assert!(no_less(after.peak(), before.peak()));
        let wider = Model { feed: model.feed + 256, vocabulary: model.vocabulary + 256, ..model.clone() };
        let after = wider.estimate(&setup);
        prop_assert!(no_less(after.reported(), before.reported()));
        let precise = Setup { keys: CacheType::F32, ..setup };
        prop_assert!(model.estimate(&precise).context > before.context);
    }

    #[test]
    fn the_sums_are_the_terms(model in models(), setup in setups()) {
        let estimate = model.estimate(&setup);
        prop_assert!(estimate.untouched <= estimate.compute);
        prop_assert!(estimate.compute > 0 && estimate.context > 0);
        prop_assert!(estimate.weights + estimate.repacked >= model.header().weight_bytes / 2);
        prop_assert!(estimate.peak() + estimate.untouched >= estimate.reported());
    }

    #[test]
    fn no_size_is_too_strange(
        layers in 0..2000_u32, embedding: u32, heads: u32, head: u32, context: u32, batch: u32
    ) {
        let model = Model {
            layers: 1,
            ..GROUPED
        };
        let header = model.header();
        let context_shape = ContextShape::of(&header).expect("a shape");
        let mut blocks = Blocks::of(&header, &context_shape).expect("blocks");
        blocks.stretch(layers, u64::from(embedding), u64::from(heads) << 32, u64::from(head) << 32);
        let mut model = MemoryModel::of(&header).expect("a model");
        model.blocks = blocks;
        let setup = Setup { context, batch, micro_batch: batch, ..SETUP };
        let _ = model.estimate(&setup).peak();
    }
}
