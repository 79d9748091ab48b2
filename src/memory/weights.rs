//! The weights: what of them lies in memory as the file has it, what is laid out anew for this CPU, and
//! what is read for every token.

use std::collections::BTreeMap;

use crate::gguf::{GgufHeader, Tensor};

/// What a CPU can do, as far as llama.cpp lays out weights for it (`ggml_repack_get_optimal_repack_type`
/// in `repack.cpp`, b11434). A program that was built for less lays out less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a feature that a CPU has or lacks"
)]
pub struct CpuFeatures {
    /// AVX2 of x86-64.
    pub avx2: bool,
    /// AVX-512F of x86-64.
    pub avx512: bool,
    /// AMX with 8-bit integers, of x86-64.
    pub amx_int8: bool,
    /// Dot products of arm64 (`asimddp`).
    pub dotprod: bool,
}

impl CpuFeatures {
    /// Reads them from the words of `/proc/cpuinfo` (`flags` of x86-64, `Features` of arm64).
    #[must_use]
    pub fn from_words<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut features = Self::default();
        for word in words {
            match word {
                "avx2" => features.avx2 = true,
                "avx512f" => features.avx512 = true,
                "amx_int8" => features.amx_int8 = true,
                "asimddp" => features.dotprod = true,
                _ => {}
            }
        }
        features
    }

    /// Whether a matrix of this type and with so many rows is laid out anew.
    fn lays_out(self, kind: &str, rows: u64, is_expert: bool) -> bool {
        if self.amx_int8 && !is_expert && AMX.contains(&kind) && rows.is_multiple_of(AMX_ROWS) {
            return true;
        }
        let by = |count: u64, can: bool| can && rows.is_multiple_of(count);
        match kind {
            "Q4_0" | "IQ4_NL" | "MXFP4" => by(8, self.avx2) || by(4, self.dotprod),
            "Q4_K" => by(8, self.avx2 || self.dotprod),
            "Q2_K" => by(8, self.avx512),
            "Q5_K" | "Q6_K" => by(8, self.dotprod),
            "Q8_0" | "Q1_0" => by(4, self.dotprod),
            _ => false,
        }
    }
}

/// Types that AMX has its own layout for (`qtype_has_amx_kernels` in `amx/common.h`).
const AMX: [&str; 7] = ["Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS"];
/// Rows that AMX takes together: two tiles of 16.
const AMX_ROWS: u64 = 32;
/// The table from which the rows of a prompt's tokens are read, one each.
const EMBEDDING: &str = "token_embd.weight";
/// The matrix that makes the logits. Without one of its own a model uses the embeddings (a tied one).
const OUTPUT: &str = "output.weight";

/// The weights of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Weights {
    tensors: Vec<Weight>,
    /// The matrix of the embeddings, where the output is made with it, too.
    tied: Option<Matrix>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weight {
    /// Which of the model's files has it.
    part: usize,
    start: u64,
    end: u64,
    /// What something is multiplied with, if it is.
    matrix: Option<Matrix>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Matrix {
    kind: &'static str,
    rows: u64,
    bytes: u64,
    is_expert: bool,
}

/// Where the weights are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// As the file has them.
    pub(super) plain: u64,
    /// Laid out anew.
    pub(super) repacked: u64,
}

impl Weights {
    pub(super) fn of(header: &GgufHeader) -> Self {
        let table = &header.table;
        let has_output = table.iter().any(|tensor| tensor.name == OUTPUT);
        let embedding = table.iter().find(|tensor| tensor.name == EMBEDDING);
        let tensors = table.iter().map(|tensor| Weight {
            part: tensor.part,
            start: tensor.offset,
            end: tensor.end(),
            matrix: matrix(tensor).filter(|_| tensor.name != EMBEDDING),
        });
        Self {
            tensors: tensors.collect(),
            tied: embedding.filter(|_| !has_output).and_then(matrix),
        }
    }

    /// Where they are on a CPU with these features; `None` where nothing is laid out anew. Mapped weights
    /// stay mapped as one stretch of each file, from the first to the last that is used as it is, with those
    /// that were laid out anew in between.
    pub(super) fn held(&self, features: Option<CpuFeatures>, mapped: bool) -> Held {
        let lays_out = |matrix: &Matrix| {
            features.is_some_and(|features| {
                features.lays_out(matrix.kind, matrix.rows, matrix.is_expert)
            })
        };
        let (mut plain, mut repacked) = (0_u64, 0_u64);
        let mut stretches: BTreeMap<usize, (u64, u64)> = BTreeMap::new();
        for tensor in &self.tensors {
            if let Some(matrix) = tensor.matrix.filter(lays_out) {
                repacked = repacked.saturating_add(matrix.bytes);
                continue;
            }
            plain = plain.saturating_add(tensor.end.saturating_sub(tensor.start));
            let stretch = stretches.entry(tensor.part).or_insert((u64::MAX, 0));
            *stretch = (stretch.0.min(tensor.start), stretch.1.max(tensor.end));
        }
        let copied = self.tied.filter(lays_out).map_or(0, |matrix| matrix.bytes);
        Held {
            plain: if mapped {
                let lengths = stretches.values().map(|(start, end)| end - start);
                lengths.fold(0, u64::saturating_add)
            } else {
                plain
            },
            repacked: repacked.saturating_add(copied),
        }
    }
}

/// A tensor that something is multiplied with, if it is one.
fn matrix(tensor: &Tensor) -> Option<Matrix> {
    let is_expert = tensor.shape.len() == 3;
    let is_matrix = tensor.shape.len() == 2 || is_expert;
    if !is_matrix || !tensor.name.ends_with(".weight") {
        return None;
    }
    Some(Matrix {
        kind: tensor.type_name()?,
        rows: *tensor.shape.get(1)?,
        bytes: tensor.bytes,
        is_expert,
    })
}

/// Bytes of weights that are read for every token that is generated: all but the embeddings (of which one
/// row is read, unless the output is made with them), and of the experts the share that a token uses.
#[must_use]
pub fn active_bytes(header: &GgufHeader) -> u64 {
    let has_output = header.table.iter().any(|tensor| tensor.name == OUTPUT);
    let count = header.number("expert_count").filter(|&count| count > 0);
    let used = header.number("expert_used_count");
    let share = count
        .zip(used)
        .map(|(count, used)| (used.min(count), count));
    let guessing = header.number("nextn_predict_layers").unwrap_or(0);
    let layers = header.block_count().map(|all| all.saturating_sub(guessing));
    let read = header.table.iter().map(|tensor| {
        if tensor.name == EMBEDDING {
            return if has_output { 0 } else { tensor.bytes };
        }
        if layer(&tensor.name)
            .zip(layers)
            .is_some_and(|(layer, layers)| layer >= layers)
        {
            return 0;
        }
        match share {
            Some((used, count)) if tensor.name.contains("_exps.") => {
                let bytes = u128::from(tensor.bytes) * u128::from(used) / u128::from(count);
                u64::try_from(bytes).unwrap_or(tensor.bytes)
            }
            _ => tensor.bytes,
        }
    });
    read.fold(0, u64::saturating_add)
}

fn layer(name: &str) -> Option<u64> {
    name.strip_prefix("blk.")?.split('.').next()?.parse().ok()
}
