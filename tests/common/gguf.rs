//! Makes small model files, whole ones and such as no tool would write. Knows nothing of the crate: unit
//! tests, integration tests and benches share it by its path.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    reason = "each of those who include it needs another part of it"
)]

const NUMBER: u32 = 4;
const TEXT: u32 = 8;
const LIST: u32 = 9;
const ALIGNMENT: usize = 32;

/// Types of tensors, by their numbers in ggml.
pub const F32: u32 = 0;
pub const F16: u32 = 1;
pub const Q8_0: u32 = 8;
pub const Q4_K: u32 = 12;

/// A file to be.
#[derive(Debug, Clone)]
pub struct Made {
    version: u32,
    big: bool,
    pairs: u64,
    metadata: Vec<u8>,
    tensors: u64,
    table: Vec<u8>,
    data: Vec<u8>,
}

impl Made {
    pub fn new() -> Self {
        Self {
            version: 3,
            big: false,
            pairs: 0,
            metadata: Vec::new(),
            tensors: 0,
            table: Vec::new(),
            data: Vec::new(),
        }
    }

    /// To be called before anything is added.
    pub fn big_endian() -> Self {
        Self {
            big: true,
            ..Self::new()
        }
    }

    pub fn version(mut self, version: u32) -> Self {
        self.version = version;
        self
    }

    pub fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key, TEXT);
        let value = self.string(value);
        self.metadata.extend(value);
        self
    }

    pub fn number(mut self, key: &str, value: u32) -> Self {
        self.key(key, NUMBER);
        let value = self.u32(value);
        self.metadata.extend(value);
        self
    }

    pub fn texts<T: AsRef<str>>(mut self, key: &str, values: &[T]) -> Self {
        self.list(key, TEXT, values.len());
        for value in values {
            let value = self.string(value.as_ref());
            self.metadata.extend(value);
        }
        self
    }

    pub fn numbers(mut self, key: &str, values: &[u32]) -> Self {
        self.list(key, NUMBER, values.len());
        for value in values {
            let value = self.u32(*value);
            self.metadata.extend(value);
        }
        self
    }

    /// A pair whose type and value are these bytes.
    pub fn pair(mut self, key: &str, kind: u32, value: &[u8]) -> Self {
        self.key(key, kind);
        self.metadata.extend(value);
        self
    }

    /// A tensor behind the one before it, aligned.
    pub fn tensor(self, name: &str, shape: &[u64], kind: u32, data: &[u8]) -> Self {
        let offset = self.data.len().next_multiple_of(ALIGNMENT) as u64;
        let mut made = self.entry(name, shape, kind, offset);
        made.data
            .resize(made.data.len().next_multiple_of(ALIGNMENT), 0);
        made.data.extend(data);
        made
    }

    /// An entry of the table, without data.
    pub fn entry(mut self, name: &str, shape: &[u64], kind: u32, offset: u64) -> Self {
        let mut entry = self.string(name);
        entry.extend(self.u32(u32::try_from(shape.len()).expect("few")));
        for length in shape {
            entry.extend(self.u64(*length));
        }
        entry.extend(self.u32(kind));
        entry.extend(self.u64(offset));
        self.tensors += 1;
        self.table.extend(entry);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = b"GGUF".to_vec();
        bytes.extend(self.u32(self.version));
        bytes.extend(self.u64(self.tensors));
        bytes.extend(self.u64(self.pairs));
        bytes.extend(&self.metadata);
        bytes.extend(&self.table);
        if !self.data.is_empty() {
            bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
            bytes.extend(&self.data);
        }
        bytes
    }

    fn list(&mut self, key: &str, kind: u32, length: usize) {
        self.key(key, LIST);
        let kind = self.u32(kind);
        self.metadata.extend(kind);
        let length = self.u64(length as u64);
        self.metadata.extend(length);
    }

    fn key(&mut self, key: &str, kind: u32) {
        let key = self.string(key);
        self.metadata.extend(key);
        let kind = self.u32(kind);
        self.metadata.extend(kind);
        self.pairs += 1;
    }

    fn string(&self, text: &str) -> Vec<u8> {
        let mut bytes = self.u64(text.len() as u64).to_vec();
        bytes.extend(text.as_bytes());
        bytes
    }

    fn u32(&self, number: u32) -> [u8; 4] {
        if self.big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }

    fn u64(&self, number: u64) -> [u8; 8] {
        if self.big {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        }
    }
}

/// A small model with everything that a header has: grouped queries, a vocabulary, a template.
pub fn tiny(start: Made) -> Made {
    start
        .text("general.architecture", "llama")
        .text("general.name", "tiny")
        .number("llama.block_count", 2)
        .number("llama.context_length", 512)
        .number("llama.embedding_length", 32)
        .number("llama.attention.head_count", 4)
        .number("llama.attention.head_count_kv", 2)
        .numbers("llama.feed_forward_length", &[64, 64])
        .text("tokenizer.ggml.model", "gpt2")
        .texts("tokenizer.ggml.tokens", &["<s>", "</s>", "a", "b"])
        .number("tokenizer.ggml.bos_token_id", 0)
        .number("tokenizer.ggml.eos_token_id", 1)
        .text("tokenizer.chat_template", "{{ messages }}")
        .tensor("token_embd.weight", &[32, 4], Q8_0, &[0; 4 * 34])
        .tensor("output_norm.weight", &[32], F32, &[0; 32 * 4])
}
