//! A vocabulary: that of a file without weights (`ggml-vocab-*.gguf` in llama.cpp's sources), filled up
//! to the wanted size, or one of our own.

use super::metadata::Pairs;

/// The fewest tokens that our own vocabulary can have: all bytes, the merges and the end.
pub const FEWEST_TOKENS: u64 = 512;

/// More than any vocabulary has.
pub const MOST_TOKENS: u64 = 1 << 22;

/// `llama_token_type` in `llama.h`.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const UNUSED: i32 = 5;

/// Merges of our own vocabulary, so that English text has fewer tokens than bytes: the most frequent
/// pairs of letters and beginnings of words. `Ġ` is a blank, as in every byte-level vocabulary.
const MERGES: [(&str, &str); 48] = [
    ("Ġ", "t"),
    ("h", "e"),
    ("Ġ", "a"),
    ("i", "n"),
    ("r", "e"),
    ("o", "n"),
    ("Ġt", "he"),
    ("e", "r"),
    ("Ġ", "s"),
    ("a", "t"),
    ("Ġ", "w"),
    ("Ġ", "o"),
    ("e", "n"),
    ("Ġ", "c"),
    ("i", "t"),
    ("i", "s"),
    ("a", "n"),
    ("o", "r"),
    ("e", "s"),
    ("Ġ", "b"),
    ("e", "d"),
    ("Ġ", "f"),
    ("in", "g"),
    ("Ġ", "p"),
    ("o", "u"),
    ("Ġa", "n"),
    ("a", "l"),
    ("a", "r"),
    ("Ġt", "o"),
    ("Ġ", "m"),
    ("Ġo", "f"),
    ("Ġ", "in"),
    ("Ġ", "d"),
    ("Ġ", "h"),
    ("Ġan", "d"),
    ("i", "c"),
    ("a", "s"),
    ("l", "e"),
    ("Ġt", "h"),
    ("i", "on"),
    ("o", "m"),
    ("l", "l"),
    ("en", "t"),
    ("Ġ", "n"),
    ("Ġ", "l"),
    ("s", "t"),
    ("Ġ", "re"),
    ("Ġ", "Ġ"),
];

/// A tokenizer's part of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokenizer {
    pub(super) pairs: Pairs,
}

impl Tokenizer {
    /// Our own: every byte, some merges, an end of text, and words without a meaning for the rest, so
    /// that random tokens are text that can be seen to arrive.
    #[must_use]
    pub fn own(tokens: u64) -> Self {
        let mut texts: Vec<String> = (0..=255u8).map(|byte| letter(byte).to_string()).collect();
        texts.extend(MERGES.iter().map(|(left, right)| format!("{left}{right}")));
        let end = texts.len();
        texts.push("<|endoftext|>".to_owned());
        texts.extend((texts.len() as u64..tokens).map(word));
        let mut types = vec![NORMAL; texts.len()];
        types[end] = CONTROL;
        let merges: Vec<String> = MERGES
            .iter()
            .map(|(left, right)| format!("{left} {right}"))
            .collect();
        let mut pairs = Pairs::default();
        pairs.text("tokenizer.ggml.model", "gpt2");
        pairs.text("tokenizer.ggml.pre", "gpt-2");
        pairs.texts("tokenizer.ggml.tokens", &texts);
        pairs.numbers("tokenizer.ggml.token_type", &types);
        pairs.texts("tokenizer.ggml.merges", &merges);
        for name in ["bos", "eos", "padding"] {
            pairs.number(&format!("tokenizer.ggml.{name}_token_id"), end as u64);
        }
        pairs.truth("tokenizer.ggml.add_bos_token", false);
        Self { pairs }
    }

    /// That of a GGUF file, without its chat template, filled up to so many tokens with unused ones.
    /// `None` where the file is no such file, or has more tokens.
    #[must_use]
    pub fn of_file(file: &[u8], tokens: u64) -> Option<Self> {
        let mut reader = Reader(file);
        if reader.take(4)? != b"GGUF" || !matches!(reader.u32()?, 2 | 3) {
            return None;
        }
        reader.u64()?;
        let count = reader.u64()?;
        let mut pairs = Pairs::default();
        for _ in 0..count {
            let key = reader.string()?;
            let kind = reader.u32()?;
            let value = reader.value(kind)?;
            let Ok(key) = std::str::from_utf8(key) else {
                return None;
            };
            if key.starts_with("tokenizer.ggml.") {
                fill_up(&mut pairs, key, kind, value, tokens)?;
            }
        }
        let has_tokens =
            (pairs.bytes.windows(TOKENS.len())).any(|window| window == TOKENS.as_bytes());
        has_tokens.then_some(Self { pairs })
    }
}

const TOKENS: &str = "tokenizer.ggml.tokens";

/// Copies a pair; lists with a value for each token become longer.
fn fill_up(pairs: &mut Pairs, key: &str, kind: u32, value: &[u8], tokens: u64) -> Option<()> {
    let mut reader = Reader(value);
    match key {
        TOKENS => {
            reader.u32()?;
            let present = reader.u64()?;
            let mut texts = Vec::new();
            for _ in 0..present {
                texts.push(reader.string()?.to_vec());
            }
            if present > tokens {
                return None;
            }
            texts.extend((present..tokens).map(|id| format!("<|unused_{id}|>").into_bytes()));
            pairs.texts(key, &texts);
        }
        "tokenizer.ggml.token_type" => {
            let words = reader.words()?;
            let mut types: Vec<i32> = words.iter().map(|word| i32::from_le_bytes(*word)).collect();
            types.resize(usize::try_from(tokens).ok()?, UNUSED);
            pairs.numbers(key, &types);
        }
        "tokenizer.ggml.scores" => {
            /// Never the best piece of a text.
            const LEAST: f32 = -10_000.0;
            let words = reader.words()?;
            let mut scores: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
            scores.resize(usize::try_from(tokens).ok()?, LEAST);
            pairs.reals(key, &scores);
        }
        _ => pairs.copy(key, kind, value),
    }
    Some(())
}

/// The letter that stands for a byte in byte-level vocabularies: `bytes_to_unicode` of GPT-2.
fn letter(byte: u8) -> char {
    let stands_for_itself = |byte: u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    if stands_for_itself(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&byte| !stands_for_itself(byte)).count();
    u32::try_from(256 + before)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('?')
}

/// A word of three syllables or more for each number, no two alike.
pub(super) fn word(number: u64) -> String {
    const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
    const VOWELS: &[u8; 5] = b"aeiou";
    let mut text = String::from("Ġ");
    let mut rest = number;
    let mut syllables = 0;
    while rest > 0 || syllables < 3 {
        let syllable = usize::try_from(rest % 80).unwrap_or(0);
        text.push(char::from(CONSONANTS[syllable % 16]));
        text.push(char::from(VOWELS[syllable / 16]));
        rest /= 80;
        syllables += 1;
    }
    text
}

/// Reads a file that somebody else has written: every answer may be `None`, none is a panic, and nothing
/// is allocated that the file does not hold.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::try_from(bytes).ok()?)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.u64()?;
        self.take(length)
    }

    /// The values of a list of four bytes each.
    fn words(&mut self) -> Option<Vec<[u8; 4]>> {
        self.u32()?;
        let length = self.u64()?;
        let bytes = self.take(length.checked_mul(4)?)?;
        Some(bytes.as_chunks().0.to_vec())
    }

    /// The bytes of a value of a type.
    fn value(&mut self, kind: u32) -> Option<&'a [u8]> {
        let whole = self.0;
        match kind {
            8 => {
                self.string()?;
            }
            9 => {
                let kind = self.u32()?;
                let length = self.u64()?;
                if kind == 8 {
                    for _ in 0..length {
                        self.string()?;
                    }
                } else {
                    self.take(length.checked_mul(width(kind)?)?)?;
                }
            }
            _ => {
                self.take(width(kind)?)?;
            }
        }
        whole.get(..whole.len() - self.0.len())
    }
}

/// Bytes of a value of a type that is neither text nor list.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}
