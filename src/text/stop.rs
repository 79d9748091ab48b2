//! Stop sequences, matched across pieces.
//!
//! # What counts as a match
//! The sequence that is complete first ends the text; of several that are complete at the same
//! character, the longest. That is the only rule which needs no look-ahead, so it stops the model
//! at once, and which gives the same result however the text was cut into pieces. (With `ab` and
//! `abc` as stop sequences, `ab` always wins; what would have come after it is never seen.)
//!
//! # What is held back
//! The longest end of the text that is the beginning of a stop sequence: it may still become one.
//! The matching is Knuth, Morris and Pratt's (1977), one automaton per sequence, so that each
//! byte is looked at once per sequence and nothing that was given out is kept.

/// Watches a text for stop sequences while it streams.
#[derive(Debug, Clone)]
pub struct StopMatcher {
    words: Vec<Word>,
    /// Text that may still turn out to be the beginning of a stop sequence.
    held: String,
    /// Which word ended the text.
    found: Option<usize>,
}

/// What one piece led to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    /// Text that is surely to be shown now.
    pub text: String,
    /// The stop sequence that ended the text with this piece or an earlier one.
    pub stop: Option<String>,
}

impl StopMatcher {
    /// A matcher for these stop sequences; empty ones are ignored.
    #[must_use]
    pub fn new<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Self {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        Self {
            words: words.filter(|w| !w.is_empty()).map(Word::new).collect(),
            held: String::new(),
            found: None,
        }
    }

    /// Takes the next piece. After a stop sequence nothing more is shown.
    #[must_use]
    pub fn push(&mut self, piece: &str) -> Step {
        if self.found.is_some() {
            return self.step(String::new());
        }
        if self.words.is_empty() {
            return self.step(piece.to_owned());
        }
        for (offset, &byte) in piece.as_bytes().iter().enumerate() {
            if let Some(word) = self.advance(byte) {
                // The word ends after this byte; all of it is in what is held and what came.
                let end = self.held.len() + offset + 1;
                let mut text = std::mem::take(&mut self.held);
                text.push_str(piece);
                text.truncate(end - self.words[word].text.len());
                self.found = Some(word);
                return self.step(text);
            }
        }
        let mut text = std::mem::take(&mut self.held);
        text.push_str(piece);
        let candidate = self
            .words
            .iter()
            .map(|word| word.matched)
            .max()
            .unwrap_or(0);
        // Never inside a character: what matched is a beginning of a word, byte for byte, and
        // both end where the piece ends.
        self.held = text.split_off(text.len() - candidate);
        self.step(text)
    }

    /// Ends the text: what was held back is shown after all, unless a stop sequence was found.
    #[must_use]
    pub fn finish(self) -> String {
        self.held
    }

    /// The stop sequence that ended the text.
    #[must_use]
    pub fn stopped_by(&self) -> Option<&str> {
        self.found.map(|word| self.words[word].text.as_str())
    }

    fn step(&self, text: String) -> Step {
        Step {
            text,
            stop: self.stopped_by().map(str::to_owned),
        }
    }

    /// Moves every word on by a byte; the longest of those that are complete now.
    fn advance(&mut self, byte: u8) -> Option<usize> {
        let mut complete: Option<usize> = None;
        for index in 0..self.words.len() {
            let word = &mut self.words[index];
            if word.advance(byte) {
                let length = word.text.len();
                if complete.is_none_or(|best| self.words[best].text.len() < length) {
                    complete = Some(index);
                }
            }
        }
        complete
    }
}

/// One stop sequence and how much of it the end of the text matches.
#[derive(Debug, Clone)]
struct Word {
    text: String,
    /// For each length of a matched beginning: the next shorter beginning that also matches.
    fallback: Vec<usize>,
    matched: usize,
}

impl Word {
    fn new(text: String) -> Self {
        let bytes = text.as_bytes();
        let mut fallback = vec![0; bytes.len() + 1];
        let mut border = 0;
        for length in 2..=bytes.len() {
            while border > 0 && bytes[border] != bytes[length - 1] {
                border = fallback[border];
            }
            if bytes[border] == bytes[length - 1] {
                border += 1;
            }
            fallback[length] = border;
        }
        Self {
            text,
            fallback,
            matched: 0,
        }
    }

    /// Moves on by a byte; whether the word is complete.
    fn advance(&mut self, byte: u8) -> bool {
        let bytes = self.text.as_bytes();
        while self.matched > 0 && bytes[self.matched] != byte {
            self.matched = self.fallback[self.matched];
        }
        if bytes[self.matched] == byte {
            self.matched += 1;
        }
        self.matched == bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Step, StopMatcher};

    fn run(words: &[&str], pieces: &[&str]) -> (String, Option<String>) {
        let mut matcher = StopMatcher::new(words);
        let mut shown = String::new();
        let mut stop = None;
        for piece in pieces {
            let Step { text, stop: found } = matcher.push(piece);
            shown += &text;
            stop = found;
        }
        (shown + &matcher.finish(), stop)
    }

    /// The definition, on the whole text: the first end at which a word is complete, and there
    /// the longest word.
    fn reference(words: &[String], text: &str) -> (String, Option<String>) {
        for (end, _) in text.char_indices().skip(1).chain([(text.len(), ' ')]) {
            let complete = words
                .iter()
                .filter(|word| !word.is_empty() && text[..end].ends_with(word.as_str()));
            if let Some(word) = complete.max_by_key(|word| word.len()) {
                return (text[..end - word.len()].to_owned(), Some(word.clone()));
            }
        }
        (text.to_owned(), None)
    }

    #[test]
    fn a_stop_split_across_pieces_never_shows_its_beginning() {
        let mut matcher = StopMatcher::new(["```\n"]);
        assert_eq!(matcher.push("x = 1\n``").text, "x = 1\n");
        assert_eq!(matcher.push("`").text, "");
        let step = matcher.push("\nand more");
        assert_eq!(
            (step.text.as_str(), step.stop.as_deref()),
            ("", Some("```\n"))
        );
        assert_eq!(matcher.push("never shown").text, "");
        assert_eq!(matcher.finish(), "");
    }

    #[test]
    fn a_beginning_that_goes_on_otherwise_is_shown() {
        assert_eq!(
            run(&["END"], &["E", "N", "X", "EN"]),
            ("ENXEN".to_owned(), None)
        );
    }

    #[test]
    fn a_repeated_beginning_is_followed() {
        let (shown, stop) = run(&["aab"], &["a", "a", "a", "b"]);
        assert_eq!((shown.as_str(), stop.as_deref()), ("a", Some("aab")));
    }

    #[test]
    fn the_first_complete_wins_and_then_the_longest() {
        let first = run(&["abcd", "bc"], &["abcd"]);
        assert_eq!(first, ("a".to_owned(), Some("bc".to_owned())));
        let longest = run(&["bc", "abc"], &["xabc"]);
        assert_eq!(longest, ("x".to_owned(), Some("abc".to_owned())));
    }

    #[test]
    fn empty_words_stop_nothing() {
        assert_eq!(run(&["", ""], &["a", "b"]), ("ab".to_owned(), None));
    }

    proptest! {
        /// A small alphabet, with characters of two and four bytes that share their first bytes,
        /// makes overlaps frequent.
        #[test]
        fn equals_the_reference_under_any_splitting(
            words in prop::collection::vec("[abéè😀😁]{0,4}", 0..4),
            pieces in prop::collection::vec("[abéè😀😁]{0,5}", 0..10),
        ) {
            let words_ref: Vec<_> = words.iter().map(String::as_str).collect();
            let pieces_ref: Vec<_> = pieces.iter().map(String::as_str).collect();
            prop_assert_eq!(run(&words_ref, &pieces_ref), reference(&words, &pieces.concat()));
        }

        /// Nothing is held back that cannot become a stop sequence any more.
        #[test]
        fn holds_back_no_more_than_a_beginning(
            words in prop::collection::vec("[ab]{1,4}", 1..4),
            pieces in prop::collection::vec("[ab]{0,5}", 0..10),
        ) {
            let mut matcher = StopMatcher::new(&words);
            for piece in &pieces {
                if matcher.push(piece).stop.is_some() {
                    break;
                }
                let held = matcher.held.as_str();
                prop_assert!(held.is_empty()
                    || words.iter().any(|w| w.len() > held.len() && w.starts_with(held)));
            }
        }
    }
}
