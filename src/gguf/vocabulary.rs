//! The texts of single tokens, read when somebody asks: a vocabulary of megabytes is not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use super::cursor::Cursor;
use super::read::MAX_TEXT;
use super::{GgufError, GgufHeader};

impl GgufHeader {
    /// The texts of these tokens, read from the file that this header comes from. A token is left out
    /// whose text is not in the file, or is longer than any token's.
    ///
    /// # Errors
    /// [`GgufError`] when the file cannot be read, or is not the same any more.
    pub fn token_texts<R: Read + Seek>(
        &self,
        reader: R,
        file_len: u64,
        tokens: &BTreeSet<u64>,
    ) -> Result<BTreeMap<u64, String>, GgufError> {
        let mut texts = BTreeMap::new();
        let Some(start) = self.tokens_at else {
            return Ok(texts);
        };
        let mut cursor = Cursor::new(reader, file_len);
        cursor.set_order(self.byte_order);
        cursor.skip(start)?;
        let mut next = 0;
        for &token in tokens.range(..self.vocabulary.unwrap_or(0)) {
            for _ in next..token {
                cursor.skip_string()?;
            }
            next = token + 1;
            if let Some(text) = cursor.short_string(MAX_TEXT)? {
                texts.insert(token, text);
            }
        }
        Ok(texts)
    }
}
