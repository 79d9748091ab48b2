//! The table of tensors.

use std::io::{Read, Seek};

use super::GgufError;
use super::cursor::Cursor;
use super::types::{block_bytes, block_elements, tensor_bytes, tensor_type_name};

/// Longer than any tensor's name: ggml itself stops at 64.
const MAX_NAME: u64 = 1024;
/// More dimensions than ggml has.
const MAX_DIMENSIONS: u32 = 4;
/// ggml counts with a sign.
const MOST_ELEMENTS: u64 = i64::MAX.unsigned_abs();

/// One tensor, as the table has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensor {
    /// Its name, such as `blk.0.attn_q.weight`.
    pub name: String,
    /// The number of its type.
    pub kind: u32,
    /// Its lengths, the one that is contiguous first; at most four.
    pub shape: Vec<u64>,
    /// How many numbers it holds.
    pub elements: u64,
    /// How many bytes it takes; 0 of a type that is newer than this program.
    pub bytes: u64,
    /// Where it begins, counted from the start of the weights of its file.
    pub offset: u64,
    /// Which of the model's files it is in, from 0.
    pub part: usize,
}

impl Tensor {
    /// The name of its type, such as `Q4_K`; `None` of one that is newer than this program.
    #[must_use]
    pub fn type_name(&self) -> Option<&'static str> {
        tensor_type_name(self.kind)
    }

    /// Bytes and weights of one block of its type (of plain numbers: of one number); `None` of a type
    /// that is newer than this program.
    #[must_use]
    pub fn block(&self) -> Option<(u64, u64)> {
        Some((block_bytes(self.kind)?, block_elements(self.kind)?))
    }

    /// Where it ends, counted from the start of the weights.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes)
    }

    pub(super) fn read<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<Self, GgufError> {
        let name = cursor.string(MAX_NAME, "a tensor's name")?;
        let dimensions = cursor.u32()?;
        if dimensions > MAX_DIMENSIONS {
            return Err(cursor.corrupt(format!("{dimensions} dimensions of the tensor \"{name}\"")));
        }
        let mut shape = Vec::new();
        let mut elements: u64 = 1;
        for _ in 0..dimensions {
            let length = cursor.u64()?;
            let product = elements.checked_mul(length);
            let is_possible = |product: &u64| length <= MOST_ELEMENTS && *product <= MOST_ELEMENTS;
            elements = product.filter(is_possible).ok_or_else(|| {
                cursor.corrupt(format!("too large a shape of the tensor \"{name}\""))
            })?;
            shape.push(length);
        }
        let kind = cursor.u32()?;
        let offset = cursor.u64()?;
        let row = shape.first().copied().unwrap_or(1);
        if let Some(block) = block_elements(kind).filter(|&block| !row.is_multiple_of(block)) {
            return Err(cursor.corrupt(format!(
                "rows of {row} weights of the tensor \"{name}\", whose type has blocks of {block}"
            )));
        }
        // A type that is newer than this program takes an unknown number of bytes; then only the
        // start is checked.
        let bytes = match tensor_type_name(kind) {
            None => Some(0),
            Some(_) => tensor_bytes(kind, elements),
        };
        match bytes.filter(|bytes| offset.checked_add(*bytes).is_some()) {
            Some(bytes) => Ok(Self {
                name,
                kind,
                shape,
                elements,
                bytes,
                offset,
                part: 0,
            }),
            None => Err(cursor.corrupt(format!(
                "too large a shape or offset of the tensor \"{name}\""
            ))),
        }
    }
}
