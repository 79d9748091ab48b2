//! Log lines that were not seen before.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};

/// How many shapes of lines are remembered. A load that tells everything logs some 300 lines of 200
/// shapes; when the memory is full, no line is new any more, so that chatter ends in a verdict.
const MOST_SHAPES: usize = 1024;
/// How much of a line counts, in bytes: its beginning says what it is about.
const MOST_BYTES: usize = 512;

/// A memory of lines.
///
/// A line is known by its shape: each word with a digit in it is one blank, and a run of the same sign
/// is one sign. So `slot 0: 17 %` is `slot 0: 18 %`, and one more dot of a progress bar is nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes {
    known: HashSet<u64>,
}

impl Shapes {
    /// Whether no line of this shape was seen before.
    pub(super) fn is_new(&mut self, line: &str) -> bool {
        let shape = shape_of(line);
        if self.known.len() >= MOST_SHAPES {
            return false;
        }
        self.known.insert(shape)
    }
}

fn shape_of(line: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut end = line.len().min(MOST_BYTES);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let mut rest = &line[..end];
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric();
        let same = |c: char| {
            if is_word(first) {
                is_word(c)
            } else {
                c == first
            }
        };
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        if !is_word(first) {
            hasher.write_u32(first.into());
        } else if part.contains(char::is_numeric) {
            hasher.write_u8(b'#');
        } else {
            hasher.write(part.as_bytes());
        }
    }
    hasher.finish()
}
