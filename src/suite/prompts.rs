//! Texts to measure with, none like the other.

use fastrand::Rng;

/// Short, common words: most vocabularies have a token for each of them.
const WORDS: [&str; 48] = [
    "the", "river", "carries", "small", "stones", "under", "a", "wooden", "bridge", "while", "two",
    "old", "friends", "talk", "about", "weather", "music", "and", "how", "quickly", "every",
    "summer", "seems", "to", "house", "with", "red", "door", "near", "open", "field", "where",
    "people", "walk", "in", "early", "morning", "before", "school", "starts", "some", "carry",
    "books", "others", "only", "bread", "water", "home",
];

/// A text of so many words, drawn from a seed: texts of two seeds differ from one of their first words on,
/// so that no cache of prompts can help.
#[must_use]
pub fn synthetic(words: usize, seed: u64) -> String {
    let mut random = Rng::with_seed(seed);
    let words = (0..words).map(|_| WORDS[random.usize(..WORDS.len())]);
    words.collect::<Vec<_>>().join(" ")
}
