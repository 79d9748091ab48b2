//! Checking one value against what its key takes.

use std::time::Duration;

use toml::Value;

use super::error::nearest;
use super::keys::{Kind, MAX};
use crate::units::duration::{self, DurationError};
use crate::units::{Bytes, Limit};

/// How much of a wrong value a message repeats.
const SHOWN: usize = 40;

/// Why a value does not fit: the fragment after the key, and the nearest word if one was misspelt.
pub(super) struct Misfit {
    pub what: String,
    pub nearest: Option<String>,
}

impl Kind {
    /// Checks a value; the message names the key.
    pub(super) fn check(self, key: &str, value: &Value) -> Result<(), Misfit> {
        let fits = match (self, value) {
            (Self::Text, Value::String(text)) => return no_nul(key, text),
            (Self::Line, Value::String(text)) if !text.contains(['\n', '\r']) => {
                return no_nul(key, text);
            }
            (Self::Texts { empty }, Value::Array(items)) => return texts(key, items, empty),
            (Self::Flag, Value::Boolean(_)) => true,
            (Self::Whole { min, max, .. }, Value::Integer(number)) => (min..=max).contains(number),
            (Self::Real { min, max, .. }, value) if number(value).is_some() => {
                number(value).is_some_and(|number| (min..=max).contains(&number))
            }
            (Self::Whole { word, .. } | Self::Real { word, .. }, Value::String(text)) => {
                word == Some(text)
            }
            (Self::OneOf(words), Value::String(text)) => words().contains(&text.as_str()),
            (Self::Limit, Value::String(_) | Value::Integer(_) | Value::Float(_)) => {
                return limit(value)
                    .map(drop)
                    .map_err(|error| misfit(format!("\"{key}\": {error}")));
            }
            (Self::Time, Value::String(_) | Value::Integer(_) | Value::Float(_)) => {
                return time(value)
                    .map(drop)
                    .map_err(|error| misfit(format!("\"{key}\": {error}")));
            }
            (Self::Bytes { .. }, Value::String(text)) if text.trim() == AUTO => true,
            (Self::Bytes { min }, Value::String(_) | Value::Integer(_)) => {
                return enough(key, value, min);
            }
            _ => false,
        };
        if fits {
            return Ok(());
        }
        let words = match self {
            Self::OneOf(words) => words(),
            _ => Vec::new(),
        };
        Err(Misfit {
            what: format!(
                "\"{key}\" must be {}, not {}",
                self.expected(),
                shown(value)
            ),
            nearest: value
                .as_str()
                .and_then(|text| nearest(text, words))
                .map(str::to_owned),
        })
    }

    /// What it takes, to follow "must be".
    fn expected(self) -> String {
        let or =
            |word: Option<&str>| word.map_or_else(String::new, |word| format!(" or \"{word}\""));
        match self {
            Self::Text => "text".to_owned(),
            Self::Line => "one line of text".to_owned(),
            Self::Texts { .. } => "a list of texts such as [\"a\", \"b\"]".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Whole {
                min,
                max: MAX,
                word,
            } => {
                format!("a whole number of at least {min}{}", or(word))
            }
            Self::Whole { min, max, word } => {
                format!("a whole number from {min} to {max}{}", or(word))
            }
            Self::Real { min, max, word } => format!("a number from {min} to {max}{}", or(word)),
            Self::OneOf(words) => {
                let words: Vec<_> = words().iter().map(|word| format!("\"{word}\"")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::Limit => {
                "a time such as \"120s\", a number of seconds, \"auto\" or \"none\"".to_owned()
            }
            Self::Time => "a time such as \"120s\", or a number of seconds".to_owned(),
            Self::Bytes { .. } => "an amount of memory such as \"8000 MB\", or \"auto\"".to_owned(),
        }
    }
}

fn misfit(what: String) -> Misfit {
    Misfit {
        what,
        nearest: None,
    }
}

/// Neither an argument nor an environment variable can carry a NUL, and a prompt must not.
fn no_nul(key: &str, text: &str) -> Result<(), Misfit> {
    if text.contains('\0') {
        return Err(misfit(format!("\"{key}\" contains a NUL character")));
    }
    Ok(())
}

fn texts(key: &str, items: &[Value], empty: bool) -> Result<(), Misfit> {
    for (index, item) in items.iter().enumerate() {
        let count = index + 1;
        match item {
            Value::String(text) if text.is_empty() && !empty => {
                return Err(misfit(format!("item {count} of \"{key}\" is empty")));
            }
            Value::String(text) => no_nul(key, text)?,
            other => {
                return Err(misfit(format!(
                    "item {count} of \"{key}\" must be text, not {}",
                    shown(other)
                )));
            }
        }
    }
    Ok(())
}

/// The word for an amount that follows from the machine.
const AUTO: &str = "auto";

fn enough(key: &str, value: &Value, min: u64) -> Result<(), Misfit> {
    let amount = bytes(value).map_err(|error| misfit(format!("\"{key}\": {error}")))?;
    if amount.0 < min {
        return Err(misfit(format!(
            "\"{key}\" must be at least {}, not {}: give it a unit, such as \"8000 MB\"",
            Bytes(min).exact(),
            amount.exact()
        )));
    }
    Ok(())
}

/// A number, whole or not.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "the ranges that follow are small"
        )]
        Value::Integer(number) => Some(*number as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    }
}

/// A time limit: text, or a number of seconds.
pub(super) fn limit(value: &Value) -> Result<Limit, DurationError> {
    match number(value) {
        Some(seconds) => Limit::from_seconds(seconds),
        None => Limit::parse(value.as_str().unwrap_or_default()),
    }
}

/// A time: text, or a number of seconds.
pub(crate) fn time(value: &Value) -> Result<Duration, DurationError> {
    match number(value) {
        Some(seconds) => duration::from_seconds(seconds),
        None => duration::parse(value.as_str().unwrap_or_default()),
    }
}

/// An amount of memory: text, or a number of bytes.
pub(super) fn bytes(value: &Value) -> Result<Bytes, crate::units::BytesError> {
    match value {
        Value::Integer(number) => number.to_string().parse(),
        other => other.as_str().unwrap_or_default().parse(),
    }
}

/// A value as a message repeats it.
fn shown(value: &Value) -> String {
    match value {
        Value::Table(_) => "a table".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::String(text) => {
            let mut start: String = text.chars().take(SHOWN).collect();
            if start.len() < text.len() {
                start.push('…');
            }
            format!("the text {start:?}")
        }
        other => other.to_string(),
    }
}
