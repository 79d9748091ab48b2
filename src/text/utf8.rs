//! Bytes in, whole characters out.

/// Decodes UTF-8 that arrives token by token, exactly as llama-server does it for its streams.
///
/// A piece that ends inside of a character waits, all of it, until that has as many bytes as its first
/// one announces; where they never come, as when a token limit cuts the character in two, nothing is
/// shown of the piece. Bytes that can never become a character are replaced by U+FFFD, exactly as
/// [`String::from_utf8_lossy`] would replace them.
///
/// Holding back the unfinished character alone would show a little more of a text that is cut off there.
/// But llama-server keeps the whole piece to itself, and never sends it; with the same rule here, every
/// program's text is the same.
#[derive(Debug, Default, Clone)]
pub struct Utf8Stream {
    /// What waits: pieces the last of which ends inside of a character.
    held: Vec<u8>,
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
        self.held.extend_from_slice(bytes);
        if ends_inside_a_character(&self.held) {
            return String::new();
        }
        let text = String::from_utf8_lossy(&self.held).into_owned();
        self.held.clear();
        text
    }
}

/// Whether one of the last bytes announces more bytes than follow it, whatever these are: as
/// `validate_utf8` of llama-server asks.
fn ends_inside_a_character(bytes: &[u8]) -> bool {
    let last = bytes.iter().rev().zip(1..=3);
    last.into_iter().any(|(byte, length)| match byte {
        0xc0..=0xdf => length < 2,
        0xe0..=0xef => length < 3,
        0xf0..=0xf7 => length < 4,
        _ => false,
    })
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
        assert_eq!(stream.push(b"a"), "a");
        assert_eq!(stream.push(b"b\xf0\x9f"), "");
        assert_eq!(stream.push(b"\x98"), "");
        assert_eq!(stream.push(b"\x80c"), "b😀c");
    }

    #[test]
    fn a_piece_with_an_unfinished_end_is_left_out() {
        assert_eq!(decode(&[b"a", b"b\xe2", b"\x82"]), "a");
        assert_eq!(decode(&[b"a", b"\xf0", b"bc"]), "a");
        assert_eq!(decode(&[b"a", b"\xf0", b"bcd"]), "a\u{fffd}bcd");
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
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            // Three bytes that announce nothing make every character before them whole, or a wrong one.
            let pieces: Vec<&[u8]> = pieces.into_iter().chain([&b"end"[..]]).collect();
            let whole = pieces.concat();
            prop_assert_eq!(decode(&pieces), String::from_utf8_lossy(&whole));
        }
    }
}
