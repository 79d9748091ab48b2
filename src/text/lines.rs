//! Bytes in, whole lines out, in bounded memory.

/// Longest line that is kept, in bytes; the rest of a longer one is dropped. llama.cpp's longest
/// lines are grammars and chat templates, a few KiB.
const LONGEST_LINE: usize = 16 * 1024;

/// Splits a stream of bytes into lines, without their line ends.
#[derive(Debug, Default)]
pub struct LineSplitter {
    line: Vec<u8>,
}

impl LineSplitter {
    /// Takes bytes and gives every line that they complete. Invalid UTF-8 becomes U+FFFD.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut pieces = bytes.split(|&byte| byte == b'\n');
        let unfinished = pieces.next_back().unwrap_or_default();
        let mut lines = Vec::new();
        for piece in pieces {
            self.extend(piece);
            lines.push(self.take());
        }
        self.extend(unfinished);
        lines
    }

    /// The last line, where the stream ended without a line end.
    pub fn finish(&mut self) -> Option<String> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self) -> String {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(&line);
        String::from_utf8_lossy(line).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_without_end_is_cut_and_costs_no_more_memory() {
        let mut splitter = LineSplitter::default();
        for _ in 0..1000 {
            assert!(splitter.push(&[b'x'; 10_000]).is_empty());
        }
        assert!(splitter.line.capacity() <= 2 * LONGEST_LINE);
        assert_eq!(splitter.push(b"y\nz").len(), 1);
        assert_eq!(splitter.finish().as_deref(), Some("z"));
    }

    proptest! {
        #[test]
        fn the_splitting_of_the_stream_does_not_matter(
            text in "([a-zé\r]{0,5}\n?){0,8}", cut in 0usize..40
        ) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let mut splitter = LineSplitter::default();
            let mut lines = splitter.push(&bytes[..cut]);
            lines.extend(splitter.push(&bytes[cut..]));
            lines.extend(splitter.finish());
            let mut whole = LineSplitter::default();
            let mut expected = whole.push(bytes);
            expected.extend(whole.finish());
            prop_assert_eq!(&lines, &expected);
            let count = text.split('\n').count() - usize::from(text.ends_with('\n') || text.is_empty());
            prop_assert_eq!(lines.len(), count);
        }
    }
}
