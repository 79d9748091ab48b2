//! Bytes in, whole characters out.

use std::str;

/// Decodes UTF-8 that arrives in pieces.
///
/// The end of a piece that is the beginning of a character waits for the rest of it; where that never
/// comes, as when a token limit cuts the character in two, nothing is shown of it. Bytes that can never
/// become a character are replaced by U+FFFD, exactly as [`String::from_utf8_lossy`] would replace them
/// in the whole text.
#[derive(Debug, Default, Clone)]
pub struct Utf8Stream {
    /// The beginning of a character, at most three bytes.
    unfinished: Vec<u8>,
}

impl Utf8Stream {
    /// A stream that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and returns the characters that are whole now.
    #[must_use]
    pub fn push(&mut self, bytes: &[u8]) -> String {
        if self.unfinished.is_empty() {
            return self.decode(bytes);
        }
        let mut joined = std::mem::take(&mut self.unfinished);
        joined.extend_from_slice(bytes);
        self.decode(&joined)
    }

    fn decode(&mut self, bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if invalid.is_empty() {
                continue;
            }
            let at_the_end = chunks.peek().is_none();
            let unfinished = at_the_end
                && str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
            if unfinished {
                self.unfinished = invalid.to_vec();
            } else {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Utf8Stream;

    fn decode(pieces: &[&[u8]]) -> String {
        let mut stream = Utf8Stream::new();
        pieces.iter().map(|piece| stream.push(piece)).collect()
    }

    #[test]
    fn a_character_split_across_pieces_arrives_whole() {
        let mut stream = Utf8Stream::new();
        assert_eq!(stream.push(b"a\xf0\x9f"), "a");
        assert_eq!(stream.push(b"\x98"), "");
        assert_eq!(stream.push(b"\x80b"), "😀b");
    }

    #[test]
    fn an_unfinished_end_is_left_out() {
        assert_eq!(decode(&[b"a\xe2", b"\x82"]), "a");
    }

    proptest! {
        /// Lead and continuation bytes are frequent, so that characters break in every way.
        #[test]
        fn equals_the_lossy_whole_under_any_splitting(
            pieces in prop::collection::vec(
                prop::collection::vec(
                    prop_oneof![any::<u8>(), 0x80_u8..=0xbf, 0xc0_u8..=0xff, Just(b'a')], 0..6),
                0..12),
        ) {
            let whole = pieces.concat();
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let unfinished = whole
                .utf8_chunks()
                .last()
                .map(|chunk| chunk.invalid())
                .filter(|end| str::from_utf8(end).is_err_and(|error| error.error_len().is_none()));
            let shown = &whole[..whole.len() - unfinished.map_or(0, <[u8]>::len)];
            prop_assert_eq!(decode(&pieces), String::from_utf8_lossy(shown));
        }
    }
}
