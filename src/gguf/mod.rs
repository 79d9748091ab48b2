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
mod fingerprint;
mod tensor;
#[cfg(test)]
mod tests;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use cursor::Cursor;
pub use error::{FIRST_BYTES, GgufError};
pub use tensor::Tensor;
use types::{ValueType, file_type_name, tensor_type_name};

const MAGIC: &[u8; 4] = b"GGUF";
/// Where the weights start is rounded up to this, unless `general.alignment` says otherwise.
const DEFAULT_ALIGNMENT: u64 = 32;
/// The longest key that the format allows.
const MAX_KEY: u64 = 65_535;
/// The longest text that is kept; a longer one is skipped.
const MAX_TEXT: u64 = 4096;
/// The fewest bytes of a key-value pair: length of the key, type, a value of one byte.
const MIN_PAIR: u64 = 8 + 4 + 1;
/// The fewest bytes of an entry of the tensor table: length of the name, dimensions, type, offset.
const MIN_TENSOR: u64 = 8 + 4 + 4 + 8;
/// The longest list that is kept: more than any model has layers.
const MAX_LIST: u64 = 4096;
/// More entries than any model has: a larger count is damage, not a file that is cut off.
const PLAUSIBLE_ENTRIES: u64 = 1 << 20;

/// What a GGUF file says about its model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GgufHeader {
    /// Version of the format, 2 or 3.
    pub version: u32,
    /// `general.architecture`, such as `qwen2`; empty if missing.
    pub architecture: String,
    /// `general.name`.
    pub name: Option<String>,
    /// How the weights are quantised, such as `Q4_K_M`: by `general.file_type`, else the type of
    /// tensor that takes most bytes.
    pub quantization: Option<String>,
    /// Whether the model brings a chat template.
    pub has_chat_template: bool,
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
}

impl GgufHeader {
    /// Reads a header from the start of a file of this length.
    ///
    /// # Errors
    /// [`GgufError`] if it is no GGUF file, is damaged or cut off, or cannot be read. A file with a
    /// vocabulary and no weights is no error here; see [`require_weights`](Self::require_weights).
    pub fn read<R: Read + Seek>(reader: R, file_len: u64) -> Result<Self, GgufError> {
        if file_len == 0 {
            return Err(GgufError::Empty);
        }
        let mut cursor = Cursor::new(reader, file_len);
        let mut header = Self {
            version: read_version(&mut cursor)?,
            ..Self::default()
        };
        let tensors = count(&mut cursor, MIN_TENSOR, "tensors")?;
        let pairs = count(&mut cursor, MIN_PAIR, "key-value pairs")?;
        let mut keys = BTreeSet::new();
        for _ in 0..pairs {
            let key = header.read_pair(&mut cursor)?;
            if let Some(key) = keys.replace(key) {
                return Err(cursor.corrupt(format!("a second value of the key \"{key}\"")));
            }
        }
        header.read_tensors(&mut cursor, tensors, file_len)?;
        header.resolve();
        Ok(header)
    }

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

    /// Refuses a file without weights.
    ///
    /// # Errors
    /// [`GgufError::NoWeights`].
    pub fn require_weights(&self) -> Result<(), GgufError> {
        if self.has_weights() {
            Ok(())
        } else {
            Err(GgufError::NoWeights)
        }
    }

    /// Reads a pair and returns its key.
    fn read_pair<R: Read + Seek>(&mut self, cursor: &mut Cursor<R>) -> Result<String, GgufError> {
        let key = cursor.string(MAX_KEY, "a key")?;
        match value_type(cursor)? {
            ValueType::Fixed { bytes, integer } => {
                let value = read_fixed(cursor, bytes)?;
                let special = key
                    .strip_prefix("tokenizer.ggml.")
                    .and_then(|rest| rest.strip_suffix("_token_id"));
                if let Some(name) = special {
                    self.special_tokens.insert(name.to_owned(), value);
                } else if integer && !key.starts_with("tokenizer.") {
                    self.numbers.insert(key.clone(), value);
                }
            }
            ValueType::String => self.read_text(cursor, &key)?,
            ValueType::Array => self.read_list(cursor, &key)?,
        }
        Ok(key)
    }

    fn read_text<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        key: &str,
    ) -> Result<(), GgufError> {
        match key {
            "general.architecture" => self.architecture = cursor.string(MAX_TEXT, key)?,
            "general.name" => self.name = Some(cursor.string(MAX_TEXT, key)?),
            "tokenizer.ggml.model" => self.tokenizer = Some(cursor.string(MAX_TEXT, key)?),
            _ if key.starts_with("tokenizer.chat_template") => {
                self.has_chat_template |= cursor.skip_string()? > 0;
            }
            _ if key.starts_with("general.") || key == "tokenizer.ggml.pre" => {
                if let Some(text) = cursor.short_string(MAX_TEXT)? {
                    self.texts.insert(key.to_owned(), text);
                }
            }
            _ => {
                cursor.skip_string()?;
            }
        }
        Ok(())
    }

    fn read_list<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        key: &str,
    ) -> Result<(), GgufError> {
        let kind = value_type(cursor)?;
        let length = cursor.u64()?;
        match kind {
            ValueType::Fixed {
                bytes,
                integer: true,
            } if length <= MAX_LIST && !key.starts_with("tokenizer.") => {
                let values = (0..length).map(|_| read_fixed(cursor, bytes));
                let values = values.collect::<Result<_, _>>()?;
                self.lists.insert(key.to_owned(), values);
            }
            _ => skip_list(cursor, kind, length)?,
        }
        if key == "tokenizer.ggml.tokens" {
            self.vocabulary = Some(length);
        } else if key.starts_with("tokenizer.chat_template") {
            self.has_chat_template = true;
        }
        Ok(())
    }

    /// Reads the tensor table and checks that all data lies inside the file.
    fn read_tensors<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        tensors: u64,
        file_len: u64,
    ) -> Result<(), GgufError> {
        let mut bytes_by_type: BTreeMap<u32, u64> = BTreeMap::new();
        let mut data_len: u64 = 0;
        let mut names = BTreeSet::new();
        for _ in 0..tensors {
            let tensor = Tensor::read(cursor)?;
            if !names.insert(tensor.name.clone()) {
                let what = format!("a second tensor \"{}\"", tensor.name);
                return Err(cursor.corrupt(what));
            }
            data_len = data_len.max(tensor.end());
            self.parameters = self.parameters.saturating_add(tensor.elements);
            self.weight_bytes = self.weight_bytes.saturating_add(tensor.bytes);
            let sum = bytes_by_type.entry(tensor.kind).or_default();
            *sum = sum.saturating_add(tensor.bytes);
            self.table.push(tensor);
        }
        self.tensors = tensors;
        self.quantization = bytes_by_type
            .into_iter()
            .max_by_key(|(_, bytes)| *bytes)
            .and_then(|(kind, _)| tensor_type_name(kind))
            .map(str::to_owned);
        let alignment = self.alignment(cursor)?;
        self.data_offset = cursor.offset().next_multiple_of(alignment);
        let needed = self.data_offset.saturating_add(data_len);
        if tensors > 0 && needed > file_len {
            return Err(GgufError::Truncated {
                needed,
                actual: file_len,
            });
        }
        Ok(())
    }

    fn alignment<R: Read + Seek>(&self, cursor: &Cursor<R>) -> Result<u64, GgufError> {
        let alignment = self.numbers.get("general.alignment").copied();
        let alignment = alignment.unwrap_or(DEFAULT_ALIGNMENT);
        if alignment.is_power_of_two() && alignment <= u64::from(u32::MAX) {
            Ok(alignment)
        } else {
            Err(cursor.corrupt(format!("an alignment of {alignment}")))
        }
    }

    /// What needed all pairs to be read first.
    fn resolve(&mut self) {
        let by_file_type = self
            .numbers
            .get("general.file_type")
            .and_then(|&number| file_type_name(number));
        if let Some(name) = by_file_type {
            self.quantization = Some(name.to_owned());
        }
        self.vocabulary = self.vocabulary.or_else(|| self.number("vocab_size"));
        self.split_count = self.numbers.get("split.count").copied();
    }
}

fn read_version<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<u32, GgufError> {
    let mut first = Vec::new();
    while first.len() < FIRST_BYTES && cursor.remaining() > 0 {
        first.extend(cursor.array::<1>()?);
    }
    let shared = first.len().min(MAGIC.len());
    if first[..shared] != MAGIC[..shared] {
        return Err(GgufError::NotGguf { first });
    }
    let version = first
        .get(4..8)
        .and_then(|bytes| bytes.try_into().ok())
        .map(u32::from_le_bytes);
    match version {
        None => Err(cursor.truncated((FIRST_BYTES - first.len()) as u64)),
        Some(version @ (2 | 3)) => Ok(version),
        // No version has grown so large; with its bytes swapped it is a small one.
        Some(version) if version & 0xffff == 0 && version != 0 => Err(GgufError::BigEndian),
        Some(version) => Err(GgufError::UnsupportedVersion { version }),
    }
}

/// Reads how many entries a table has, each of at least so many bytes.
fn count<R: Read + Seek>(
    cursor: &mut Cursor<R>,
    min_bytes: u64,
    what: &str,
) -> Result<u64, GgufError> {
    let at = cursor.offset();
    let count = cursor.u64()?;
    if count > PLAUSIBLE_ENTRIES {
        return Err(GgufError::Corrupt {
            offset: at,
            what: format!("{count} {what}"),
        });
    }
    let least = count * min_bytes;
    if least > cursor.remaining() {
        return Err(cursor.truncated(least));
    }
    Ok(count)
}

fn value_type<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<ValueType, GgufError> {
    let at = cursor.offset();
    let number = cursor.u32()?;
    ValueType::from_number(number).ok_or_else(|| GgufError::Corrupt {
        offset: at,
        what: format!("a value of the unknown type {number}"),
    })
}

/// A number of 1, 2, 4 or 8 bytes, as if it were an unsigned integer.
fn read_fixed<R: Read + Seek>(cursor: &mut Cursor<R>, bytes: u64) -> Result<u64, GgufError> {
    Ok(match bytes {
        1 => u64::from(cursor.array::<1>()?[0]),
        2 => u64::from(u16::from_le_bytes(cursor.array()?)),
        4 => u64::from(cursor.u32()?),
        _ => cursor.u64()?,
    })
}

fn skip_list<R: Read + Seek>(
    cursor: &mut Cursor<R>,
    kind: ValueType,
    length: u64,
) -> Result<(), GgufError> {
    match kind {
        ValueType::Fixed { bytes, .. } => {
            let bytes = length.checked_mul(bytes);
            cursor
                .skip(bytes.ok_or_else(|| cursor.corrupt(format!("a list of {length} values")))?)?;
        }
        ValueType::String => {
            // Each string takes eight bytes at least, which bounds the loop by the file's size.
            if length > cursor.remaining() / 8 {
                return Err(cursor.truncated(length.saturating_mul(8)));
            }
            for _ in 0..length {
                cursor.skip_string()?;
            }
        }
        ValueType::Array => return Err(cursor.corrupt("a list of lists")),
    }
    Ok(())
}
