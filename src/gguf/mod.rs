//! Reads the header of a GGUF file: what model it is, and whether the file is whole.
//!
//! The header is a magic number, a version, key-value pairs (the vocabulary among them, which can
//! be megabytes) and a table of tensors; the weights follow. [`GgufHeader::read`] keeps what
//! orchestrate needs, skips the rest without allocating for it, and checks that every tensor lies
//! inside the file. It trusts no number in the file: counts and lengths are held against the
//! file's own size, and whatever does not fit is a [`GgufError`] with its place.
//!
//! The format: `docs/gguf.md` in the ggml repository.

mod cursor;
mod error;
mod experts;
mod fingerprint;
mod finite;
#[cfg(test)]
#[path = "../../tests/common/gguf.rs"]
pub(crate) mod made;
mod order;
mod read;
mod split;
mod tensor;
#[cfg(test)]
mod tests;
mod types;
mod vocabulary;

use std::collections::BTreeMap;

pub use error::{FIRST_BYTES, GgufError};
pub use finite::{Finite, NotFinite, finite};
pub use order::ByteOrder;
pub use split::PartName;
pub use tensor::Tensor;
#[cfg(test)]
pub(crate) use types::tensor_bytes;

/// What a GGUF file says about its model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GgufHeader {
    /// Version of the format, 2 or 3.
    pub version: u32,
    /// In which order the bytes of its numbers come.
    pub byte_order: ByteOrder,
    /// `general.architecture`, such as `qwen2`; empty if missing.
    pub architecture: String,
    /// `general.name`.
    pub name: Option<String>,
    /// How the weights are quantised, such as `Q4_K_M`: by `general.file_type`, else the type of
    /// tensor that takes most bytes.
    pub quantization: Option<String>,
    /// Whether the model brings a chat template.
    pub has_chat_template: bool,
    /// Bytes of the chat template that is used unless another is named.
    pub chat_template_bytes: Option<u64>,
    /// `tokenizer.ggml.model`, such as `gpt2`.
    pub tokenizer: Option<String>,
    /// Tokens in the vocabulary.
    pub vocabulary: Option<u64>,
    /// Number of files the model is split into; the weights below are those of this file.
    pub split_count: Option<u64>,
    /// Number of tensors.
    pub tensors: u64,
    /// Number of weights.
    pub parameters: u64,
    /// Bytes that the tensors take.
    pub weight_bytes: u64,
    /// Where the weights start.
    pub data_offset: u64,
    /// The table of tensors, in the order of the file.
    pub table: Vec<Tensor>,
    /// Whole numbers in the metadata, by their key.
    numbers: BTreeMap<String, u64>,
    /// Lists of whole numbers or truth values, by their key; one per layer, mostly.
    lists: BTreeMap<String, Vec<u64>>,
    /// Short texts besides those above, by their key.
    texts: BTreeMap<String, String>,
    /// Numbers of tokens with a meaning, such as `eos`.
    special_tokens: BTreeMap<String, u64>,
    /// Where in the file the first token of the vocabulary is.
    tokens_at: Option<u64>,
}

impl GgufHeader {
    /// Most tokens of context that the model was trained for.
    #[must_use]
    pub fn context_length(&self) -> Option<u64> {
        self.number("context_length")
    }

    /// Number of layers.
    #[must_use]
    pub fn block_count(&self) -> Option<u64> {
        self.number("block_count")
    }

    /// Width of the model.
    #[must_use]
    pub fn embedding_length(&self) -> Option<u64> {
        self.number("embedding_length")
    }

    /// A whole number that the architecture defines, such as `attention.head_count_kv`. A list
    /// (one number per layer) is `None`.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        let key = format!("{}.{key}", self.architecture);
        self.numbers.get(&key).copied()
    }

    /// As [`number`](Self::number), for each of so many layers: a single number holds for all of them.
    /// `None` where there is none, or a list of another length.
    #[must_use]
    pub fn numbers_by_layer(&self, key: &str, layers: usize) -> Option<Vec<u64>> {
        let full = format!("{}.{key}", self.architecture);
        match self.lists.get(&full) {
            Some(list) => (list.len() == layers).then(|| list.clone()),
            None => Some(vec![self.number(key)?; layers]),
        }
    }

    /// A short text of the metadata by its full key, such as `general.size_label`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// Tokens with a meaning, by their name: `bos`, `eos`, `padding`, `fim_pre` and the like.
    #[must_use]
    pub fn special_tokens(&self) -> &BTreeMap<String, u64> {
        &self.special_tokens
    }

    /// Whether the file has weights, not only a vocabulary.
    #[must_use]
    pub fn has_weights(&self) -> bool {
        self.tensors > 0
    }

    /// Refuses what llama.cpp cannot load on this machine: a file without weights (the first of several
    /// parts may be one), one in the other byte order, and a part that is not the first.
    ///
    /// # Errors
    /// [`GgufError::NoWeights`], [`GgufError::ForeignByteOrder`] or [`GgufError::NotTheFirstPart`].
    pub fn require_loadable(&self) -> Result<(), GgufError> {
        if self.byte_order != ByteOrder::NATIVE {
            return Err(GgufError::ForeignByteOrder {
                order: self.byte_order,
            });
        }
        let (part, parts) = (self.part(), self.parts());
        if parts > 1 && part != 1 {
            return Err(GgufError::NotTheFirstPart { part, parts });
        }
        if self.has_weights() || parts > 1 {
            Ok(())
        } else {
            Err(GgufError::NoWeights)
        }
    }
}
