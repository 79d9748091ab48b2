//! Reading a header, front to back, once.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use super::cursor::Cursor;
use super::types::{ValueType, file_type_name, tensor_type_name};
use super::{ByteOrder, FIRST_BYTES, GgufError, GgufHeader, Tensor};

const MAGIC: &[u8; 4] = b"GGUF";
/// Where the weights start is rounded up to this, unless `general.alignment` says otherwise.
const DEFAULT_ALIGNMENT: u64 = 32;
const ALIGNMENT: &str = "general.alignment";
/// The one type that llama.cpp takes for it: a whole number of 32 bits.
const ALIGNMENT_TYPE: ValueType = ValueType::Fixed {
    bytes: 4,
    integer: true,
};
pub(super) const TOKENS: &str = "tokenizer.ggml.tokens";
const CHAT_TEMPLATE: &str = "tokenizer.chat_template";
/// The longest key that the format allows.
const MAX_KEY: u64 = 65_535;
/// The longest text that is kept; a longer one is skipped.
pub(super) const MAX_TEXT: u64 = 4096;
/// The fewest bytes of a key-value pair: length of the key, type, a value of one byte.
const MIN_PAIR: u64 = 8 + 4 + 1;
/// The fewest bytes of an entry of the tensor table: length of the name, dimensions, type, offset.
const MIN_TENSOR: u64 = 8 + 4 + 4 + 8;
/// The longest list that is kept: more than any model has layers.
const MAX_LIST: u64 = 4096;
/// More entries than any model has: a larger count is damage, not a file that is cut off.
const PLAUSIBLE_ENTRIES: u64 = 1 << 20;
/// More texts than any list has; the merges of the largest vocabularies are half a million. A file full of
/// holes may have room for 2^40, and nobody would wait until they are all skipped.
const PLAUSIBLE_TEXTS: u64 = 1 << 22;
/// More than any header takes, for the same reason; the largest are some tens of megabytes.
const PLAUSIBLE_HEADER: u64 = 1 << 28;

impl GgufHeader {
    /// Reads a header from the start of a file of this length.
    ///
    /// # Errors
    /// [`GgufError`] if it is no GGUF file, is damaged or cut off, or cannot be read. A file with a
    /// vocabulary and no weights is no error here, nor is one in the other byte order; see
    /// [`require_loadable`](Self::require_loadable).
    pub fn read<R: Read + Seek>(reader: R, file_len: u64) -> Result<Self, GgufError> {
        if file_len == 0 {
            return Err(GgufError::Empty);
        }
        let mut cursor = Cursor::new(reader, file_len);
        let (version, byte_order) = read_version(&mut cursor)?;
        cursor.set_order(byte_order);
        let mut header = Self {
            version,
            byte_order,
            ..Self::default()
        };
        let tensors = count(&mut cursor, MIN_TENSOR, "tensors")?;
        let pairs = count(&mut cursor, MIN_PAIR, "key-value pairs")?;
        let mut keys = BTreeSet::new();
        for _ in 0..pairs {
            let key = header.read_pair(&mut cursor, &keys)?;
            keys.insert(key);
        }
        header.read_tensors(&mut cursor, tensors, file_len)?;
        header.resolve();
        Ok(header)
    }

    /// Reads a pair whose key is not among these, and returns the key.
    fn read_pair<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        keys: &BTreeSet<String>,
    ) -> Result<String, GgufError> {
        let at = cursor.offset();
        let damage = |what: String| Err(GgufError::Corrupt { offset: at, what });
        if at > PLAUSIBLE_HEADER {
            return damage("a header of more than 256 MiB".to_owned());
        }
        let key = cursor.string(MAX_KEY, "a key")?;
        if key.is_empty() {
            return damage("an empty key".to_owned());
        }
        if keys.contains(&key) {
            return damage(format!("a second value of the key \"{key}\""));
        }
        let kind = value_type(cursor)?;
        if key == ALIGNMENT && kind != ALIGNMENT_TYPE {
            return damage(format!("{ALIGNMENT} is no number of 32 bits"));
        }
        match kind {
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
            _ if key.starts_with(CHAT_TEMPLATE) => {
                let bytes = cursor.skip_string()?;
                self.has_chat_template |= bytes > 0;
                if key == CHAT_TEMPLATE && bytes > 0 {
                    self.chat_template_bytes = Some(bytes);
                }
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
        if key == TOKENS {
            self.vocabulary = Some(length);
            self.tokens_at = (kind == ValueType::String).then(|| cursor.offset());
        } else if key.starts_with(CHAT_TEMPLATE) {
            self.has_chat_template = true;
        }
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
        Ok(())
    }

    /// Reads the tensor table and checks that all data lies inside the file, one tensor behind the other.
    fn read_tensors<R: Read + Seek>(
        &mut self,
        cursor: &mut Cursor<R>,
        tensors: u64,
        file_len: u64,
    ) -> Result<(), GgufError> {
        let alignment = self.checked_alignment(cursor)?;
        let mut bytes_by_type: BTreeMap<u32, u64> = BTreeMap::new();
        let mut places = Places::new(alignment);
        let mut names = BTreeSet::new();
        for _ in 0..tensors {
            let at = cursor.offset();
            let damage = |what| Err(GgufError::Corrupt { offset: at, what });
            let tensor = Tensor::read(cursor)?;
            if !names.insert(tensor.name.clone()) {
                return damage(format!("a second tensor \"{}\"", tensor.name));
            }
            if let Err(what) = places.take(&tensor) {
                return damage(what);
            }
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
        let start = cursor.offset().checked_next_multiple_of(alignment);
        self.data_offset = start.unwrap_or(u64::MAX);
        let needed = self.data_offset.saturating_add(places.end);
        if tensors > 0 && needed > file_len {
            return Err(GgufError::Truncated {
                needed,
                actual: file_len,
            });
        }
        Ok(())
    }

    fn checked_alignment<R: Read + Seek>(&self, cursor: &Cursor<R>) -> Result<u64, GgufError> {
        let alignment = self.alignment();
        if alignment.is_power_of_two() {
            Ok(alignment)
        } else {
            Err(cursor.corrupt(format!(
                "an alignment of {alignment}, which is no power of two"
            )))
        }
    }

    /// The number of bytes that the places of tensors are a multiple of.
    #[must_use]
    pub fn alignment(&self) -> u64 {
        let alignment = self.numbers.get(ALIGNMENT).copied();
        alignment.unwrap_or(DEFAULT_ALIGNMENT)
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

/// Where the next tensor has to begin: llama.cpp takes no gaps and no overlaps
/// (`gguf_init_from_reader` in gguf.cpp).
struct Places {
    alignment: u64,
    /// `None` behind one that takes an unknown number of bytes.
    next: Option<u64>,
    /// Where the last one ends.
    end: u64,
}

impl Places {
    fn new(alignment: u64) -> Self {
        Self {
            alignment,
            next: Some(0),
            end: 0,
        }
    }

    fn take(&mut self, tensor: &Tensor) -> Result<(), String> {
        let Tensor { name, offset, .. } = tensor;
        if let Some(next) = self.next.filter(|next| next != offset) {
            let how = if *offset < next {
                "inside of"
            } else {
                "beyond"
            };
            return Err(format!(
                "the tensor \"{name}\" begins at byte {offset} of the weights, {how} the end of the one \
                 before it, {next}"
            ));
        }
        if !offset.is_multiple_of(self.alignment) {
            return Err(format!(
                "the tensor \"{name}\" begins at byte {offset} of the weights, which is not aligned to {}",
                self.alignment
            ));
        }
        self.end = self.end.max(tensor.end());
        let next = tensor.end().checked_next_multiple_of(self.alignment);
        self.next = match (tensor.type_name(), next) {
            (None, _) => None,
            (Some(_), Some(next)) => Some(next),
            (Some(_), None) => return Err(format!("too large an offset of the tensor \"{name}\"")),
        };
        Ok(())
    }
}

fn read_version<R: Read + Seek>(cursor: &mut Cursor<R>) -> Result<(u32, ByteOrder), GgufError> {
    let mut first = Vec::new();
    while first.len() < FIRST_BYTES && cursor.remaining() > 0 {
        first.extend(cursor.array::<1>()?);
    }
    let shared = first.len().min(MAGIC.len());
    if first[..shared] != MAGIC[..shared] {
        return Err(GgufError::NotGguf { first });
    }
    let version = first.get(4..8).and_then(|bytes| bytes.try_into().ok());
    let Some(version) = version.map(u32::from_le_bytes) else {
        return Err(cursor.truncated((FIRST_BYTES - first.len()) as u64));
    };
    // No version has grown so large; with its bytes swapped it is a small one.
    let (version, order) = if version & 0xffff == 0 && version != 0 {
        (version.swap_bytes(), ByteOrder::Big)
    } else {
        (version, ByteOrder::Little)
    };
    if (2..=3).contains(&version) {
        Ok((version, order))
    } else {
        Err(GgufError::UnsupportedVersion { version })
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
    match bytes {
        1 => Ok(u64::from(cursor.array::<1>()?[0])),
        2 => Ok(u64::from(cursor.u16()?)),
        4 => Ok(u64::from(cursor.u32()?)),
        _ => cursor.u64(),
    }
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
            if length > PLAUSIBLE_TEXTS {
                return Err(cursor.corrupt(format!("a list of {length} texts")));
            }
            for _ in 0..length {
                cursor.skip_string()?;
            }
        }
        ValueType::Array => return Err(cursor.corrupt("a list of lists")),
    }
    Ok(())
}
