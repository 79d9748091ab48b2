//! Why a model's file cannot be used.

use std::io;

use super::ByteOrder;

/// Why a model's file cannot be used, said before anything is started: llama.cpp itself may end
/// without a word.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The file has no bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The file is something else.
    #[error("it is not a GGUF file: it starts with \"{}\"{}", first.escape_ascii(), guess(first))]
    NotGguf {
        /// Its first bytes, at most [`FIRST_BYTES`].
        first: Vec<u8>,
    },
    /// The file was written for machines with the other byte order.
    #[error(
        "it is a {} GGUF file, and llama.cpp on this machine loads only {} ones; convert it with \
         gguf-convert-endian of the Python package gguf",
        order.name(),
        ByteOrder::NATIVE.name()
    )]
    ForeignByteOrder {
        /// Its byte order.
        order: ByteOrder,
    },
    /// The file is a later part of a model in several.
    #[error("it is part {part} of {parts}; name the first one, and llama.cpp finds the others")]
    NotTheFirstPart {
        /// Which part, from 1.
        part: u64,
        /// How many there are.
        parts: u64,
    },
    /// The file is a part of another model than the first part.
    #[error("it does not belong to the first part: {what}")]
    ForeignPart {
        /// What tells.
        what: String,
    },
    /// The version of the format is none that llama.cpp reads today.
    #[error("its GGUF version is {version}; versions 2 and 3 can be read")]
    UnsupportedVersion {
        /// The version.
        version: u32,
    },
    /// The file ends too early, as after a broken download.
    #[error("the file is cut off: it has {actual} bytes, but needs at least {needed}")]
    Truncated {
        /// Bytes it would have to have, as far as known.
        needed: u64,
        /// Bytes it has.
        actual: u64,
    },
    /// The file contradicts itself.
    #[error("the file is damaged at byte {offset}: {what}")]
    Corrupt {
        /// Where.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// The file has a vocabulary, but no weights.
    #[error("the file holds a vocabulary only, no weights")]
    NoWeights,
    /// The file could not be read.
    #[error("the file could not be read: {0}")]
    Io(#[from] io::Error),
}

/// How many of the first bytes [`GgufError::NotGguf`] keeps.
pub const FIRST_BYTES: usize = 8;

/// What a file is more likely to be, by its first bytes.
fn guess(first: &[u8]) -> &'static str {
    let known: [(&[u8], &str); 6] = [
        (b"version ", " (a Git LFS pointer; run git lfs pull)"),
        (b"<", " (a web page?)"),
        (b"{", " (JSON?)"),
        (b"PK\x03\x04", " (a zip or PyTorch file)"),
        (
            b"tjgg",
            " (the GGML format before August 2023; convert the model again)",
        ),
        (
            b"lmgg",
            " (the GGML format before August 2023; convert the model again)",
        ),
    ];
    known
        .iter()
        .find(|(start, _)| first.starts_with(start))
        .map_or("", |(_, guess)| guess)
}
