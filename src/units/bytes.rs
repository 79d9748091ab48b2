//! Amounts of memory.

use std::fmt;
use std::str::FromStr;

/// An amount of memory or of a file, in bytes.
///
/// `MB` is a million bytes and `MiB` is 2²⁰ of them, as the standards have it (IEC 80000-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(pub u64);

/// Why a text is no amount of memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// It does not start with a number.
    #[error("\"{0}\" is no amount of memory; write a number and a unit, such as \"8000 MB\"")]
    NoNumber(String),
    /// It starts with a minus.
    #[error("an amount of memory cannot be negative, as \"{0}\" is")]
    Negative(String),
    /// The unit is none of the known ones.
    #[error(
        "unknown unit \"{0}\"; use B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024)"
    )]
    UnknownUnit(String),
    /// More than 64 bits can say.
    #[error("\"{0}\" is more than any machine has")]
    TooLarge(String),
}

/// Powers of 1000, largest first.
const DECIMAL: [(&str, u64); 4] = [
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1000),
];

/// Powers of 1024, largest first.
const BINARY: [(&str, u64); 4] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
];

impl Bytes {
    /// The text that [`FromStr`] reads back as exactly this amount, with the largest unit that
    /// divides it: what to write into a file.
    #[must_use]
    pub fn exact(self) -> String {
        DECIMAL
            .iter()
            .chain(&BINARY)
            .filter(|(_, size)| self.0 != 0 && self.0.is_multiple_of(*size))
            .max_by_key(|(_, size)| *size)
            .map_or_else(
                || format!("{} B", self.0),
                |(unit, size)| format!("{} {unit}", self.0 / size),
            )
    }
}

impl fmt::Display for Bytes {
    /// For people: two or three digits and a power of 1000, such as `8.0 GB`, `523 MB`, `12 B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(
            clippy::cast_precision_loss,
            reason = "three digits are shown, an f64 holds fifteen"
        )]
        let bytes = self.0 as f64;
        // Half a unit below the next one already shows as it: 999 600 is "1.0 MB", not "1000 kB".
        let unit = DECIMAL
            .iter()
            .find(|(_, size)| self.0 >= size - size / 2000);
        match unit {
            None => write!(f, "{} B", self.0),
            Some((unit, size)) => {
                #[expect(clippy::cast_precision_loss, reason = "powers of 1000 are exact")]
                let amount = bytes / *size as f64;
                let decimals = usize::from(amount < 99.95);
                write!(f, "{amount:.decimals$} {unit}")
            }
        }
    }
}

impl FromStr for Bytes {
    type Err = BytesError;

    /// Reads a number and a unit; a number alone is bytes. Upper and lower case are the same.
    fn from_str(text: &str) -> Result<Self, BytesError> {
        let trimmed = text.trim();
        if trimmed.starts_with('-') {
            return Err(BytesError::Negative(trimmed.to_owned()));
        }
        let end = trimmed
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
            .unwrap_or(trimmed.len());
        let (number, unit) = trimmed.split_at(end);
        let size = unit_size(unit.trim())?;
        scaled(&number.replace('_', ""), size)
            .ok_or_else(|| BytesError::NoNumber(trimmed.to_owned()))?
            .map(Self)
            .ok_or_else(|| BytesError::TooLarge(trimmed.to_owned()))
    }
}

fn unit_size(unit: &str) -> Result<u64, BytesError> {
    if ["", "b", "byte", "bytes"].contains(&unit.to_ascii_lowercase().as_str()) {
        return Ok(1);
    }
    DECIMAL
        .iter()
        .chain(&BINARY)
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .map(|(_, size)| *size)
        .ok_or_else(|| BytesError::UnknownUnit(unit.to_owned()))
}

/// `number × size` in whole numbers, so that `0.1 GB` is exactly 100 MB. The outer `None` is a text
/// that is no number, the inner one a number that is too large. A part of a byte is dropped.
fn scaled(number: &str, size: u64) -> Option<Option<u64>> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.contains('.') {
        return None;
    }
    // Further digits are below one byte even for a tebibyte.
    let fraction = &fraction[..fraction.len().min(13)];
    let Ok(whole) = whole.parse::<u64>() else {
        return Some(None);
    };
    let digits = u32::try_from(fraction.len()).ok()?;
    let part = if fraction.is_empty() {
        0
    } else {
        fraction.parse::<u128>().ok()? * u128::from(size) / 10u128.pow(digits)
    };
    let total = u128::from(whole) * u128::from(size) + part;
    Some(u64::try_from(total).ok())
}

#[cfg(test)]
mod tests {
    use super::{Bytes, BytesError};
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<u64, BytesError> {
        text.parse::<Bytes>().map(|bytes| bytes.0)
    }

    #[test]
    fn reads_what_people_write() {
        for (text, bytes) in [
            ("8000 MB", 8_000_000_000),
            ("8000MB", 8_000_000_000),
            (" 8 gb ", 8_000_000_000),
            ("3 MiB", 3 << 20),
            ("1.5 KiB", 1536),
            ("0.1 GB", 100_000_000),
            ("4096", 4096),
            ("8_000 MB", 8_000_000_000),
            ("12 bytes", 12),
            ("0", 0),
        ] {
            assert_eq!(parsed(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            (
                "",
                "\"\" is no amount of memory; write a number and a unit, such as \"8000 MB\"",
            ),
            (
                "-1 MB",
                "an amount of memory cannot be negative, as \"-1 MB\" is",
            ),
            (
                "99999999 TB",
                "\"99999999 TB\" is more than any machine has",
            ),
            (
                "1.2.3 MB",
                "\"1.2.3 MB\" is no amount of memory; write a number and a unit, such as \"8000 MB\"",
            ),
            (
                "8 G",
                "unknown unit \"G\"; use B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024)",
            ),
        ] {
            assert_eq!(parsed(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn shows_two_or_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (523_400_000, "523 MB"),
            (999_600, "1.0 MB"),
            (99_960, "100 kB"),
            (8_000_000_000, "8.0 GB"),
            (3 << 40, "3.3 TB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn exact_text_reads_back_as_the_same_amount(bytes: u64) {
            prop_assert_eq!(Bytes(bytes).exact().parse(), Ok(Bytes(bytes)));
        }

        #[test]
        fn round_amounts_keep_a_short_text(count in 1u64..9999, unit in 0usize..8) {
            let size = super::DECIMAL.iter().chain(&super::BINARY).nth(unit).unwrap().1;
            let text = Bytes(count * size).exact();
            prop_assert!(text.len() <= "9999 MiB".len(), "{}", text);
            prop_assert_eq!(text.parse(), Ok(Bytes(count * size)));
        }

        #[test]
        fn shown_text_is_within_one_in_twenty(bytes in 0u64..u64::MAX / 2) {
            let back = parsed(&Bytes(bytes).to_string()).unwrap();
            prop_assert!(back.abs_diff(bytes) <= bytes / 20);
        }

        #[test]
        fn never_panics(text in ".{0,24}") {
            let _ = parsed(&text);
        }
    }
}
