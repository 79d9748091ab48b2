//! One JSON value as the value of a key: units said, words translated, ranges checked.

use serde_json::Value as Json;
use toml::Value;

use super::surroundings::Surroundings;
use super::template;
use super::words::Unit;
use crate::profile::Keys;
use crate::units::{Bytes, Limit, duration};

/// A value that fits its key, and what is worth knowing about it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Adapted {
    pub(super) value: Value,
    pub(super) notes: Vec<String>,
}

/// The layers that people write for "all of them": more than any model has.
const ALL_LAYERS: i64 = 999;

/// Makes a JSON value one that fits a key; `null` says nothing and must not come here.
///
/// # Errors
/// Why it does not fit, as a fragment that names the key.
pub(super) fn adapt(
    keys: Keys,
    key: &str,
    unit: Unit,
    json: &Json,
    around: &Surroundings<'_>,
) -> Result<Adapted, String> {
    let mut notes = Vec::new();
    let minus_one = json.as_i64() == Some(-1);
    let value = match (key, json) {
        ("prompt.template", Json::String(text)) => template(text, &mut notes)?,
        ("model", Json::String(text)) => around.model_text(text).into(),
        ("llama_dir", Json::String(text)) => around.llama_dir_text(text, &mut notes)?.into(),
        ("description", Json::String(text)) => text.replace(['\n', '\r'], " ").into(),
        ("json_schema", Json::Object(_)) => json.to_string().into(),
        ("stop" | "extra_args", Json::String(text)) if fits_one_item(key, text) => {
            vec![text.as_str()].into()
        }
        ("extra_args", Json::Array(items)) => {
            Value::Array(items.iter().map(text_of_number).collect())
        }
        ("stop", Json::Array(items)) => stop(items, &mut notes),
        ("flash_attention", Json::Bool(on)) => (if *on { "on" } else { "off" }).into(),
        ("gpu_layers", _) if minus_one => {
            notes.push(format!(
                "-1 meant all layers: {ALL_LAYERS} is more than any model has"
            ));
            ALL_LAYERS.into()
        }
        ("seed", _) if minus_one => "random".into(),
        ("threads" | "batch_threads", _) if json.as_i64().is_some_and(|count| count <= 0) => {
            "auto".into()
        }
        ("memory_budget", _) => memory(json, unit, &mut notes),
        (key, _) if key.starts_with("limits.") => limit(key, json, unit, &mut notes)?,
        (key, Json::Number(_) | Json::Bool(_)) if is_free(key) => json.to_string().into(),
        _ => plain(json),
    };
    let value = fitting(keys, key, value)?;
    if key == "context" {
        notes.extend(value.as_integer().and_then(context_note));
    }
    Ok(Adapted { value, notes })
}

/// Whether a key is one of a table with any names.
pub(super) fn is_free(key: &str) -> bool {
    key.starts_with("environment.") || key.starts_with("prompt.variables.")
}

/// A text in place of a list is its one item; several arguments in one text are not taken apart.
fn fits_one_item(key: &str, text: &str) -> bool {
    key == "stop" || !text.contains(char::is_whitespace)
}

/// An empty text ends nothing, or everything at once.
fn stop(items: &[Json], notes: &mut Vec<String>) -> Value {
    let empty = |item: &&Json| item.as_str().is_some_and(str::is_empty);
    if items.iter().any(|item| empty(&item)) {
        notes.push("the empty text among them is left out".to_owned());
    }
    Value::Array(
        items
            .iter()
            .filter(|item| !empty(item))
            .map(plain)
            .collect(),
    )
}

fn text_of_number(item: &Json) -> Value {
    match item {
        Json::Number(number) => number.to_string().into(),
        other => plain(other),
    }
}

/// The same value in TOML; what no key takes as a value becomes an empty table.
fn plain(json: &Json) -> Value {
    match json {
        Json::String(text) => text.as_str().into(),
        Json::Bool(flag) => (*flag).into(),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.into(),
            (None, Some(real)) => real.into(),
            (None, None) => number.to_string().into(),
        },
        Json::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Json::Object(_) | Json::Null => toml::Table::new().into(),
    }
}

/// The value, or another way to write the same that fits where it does not: numbers in quotes,
/// whole numbers with a fraction of 0, words in capitals.
fn fitting(keys: Keys, key: &str, value: Value) -> Result<Value, String> {
    let Err(reason) = keys.check(key, &value) else {
        return Ok(value);
    };
    let others = match &value {
        Value::String(text) => vec![
            text.trim().parse::<i64>().ok().map(Value::from),
            text.trim().parse::<f64>().ok().map(Value::from),
            Some(text.to_lowercase().into()),
        ],
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is compared with the number that it came from"
        )]
        Value::Float(real) => {
            let whole = *real as i64;
            #[expect(clippy::cast_precision_loss, reason = "likewise")]
            let same = whole as f64 == *real;
            vec![same.then(|| whole.into())]
        }
        _ => Vec::new(),
    };
    others
        .into_iter()
        .flatten()
        .find(|other| keys.check(key, other).is_ok())
        .ok_or(reason)
}

fn template(text: &str, notes: &mut Vec<String>) -> Result<Value, String> {
    let converted = template::convert(text)?;
    if !converted.doubled.is_empty() {
        let list = |braces: fn(&String) -> String| {
            let names: Vec<_> = converted.doubled.iter().map(braces).collect();
            names.join(", ")
        };
        notes.push(format!(
            "{} written as {}",
            list(|name| format!("{{{name}}}")),
            list(|name| format!("{{{{{name}}}}}"))
        ));
    }
    Ok(converted.template.into())
}

/// Above this context its memory is worth a word, in tokens.
const LARGE_CONTEXT: i64 = 8192;

fn context_note(tokens: i64) -> Option<String> {
    (tokens > LARGE_CONTEXT).then(|| {
        format!(
            "the memory for {tokens} tokens is taken when llama.cpp starts, used or not, and a run \
             lowers the context to what the model was trained for; 4096 is enough for short answers"
        )
    })
}

/// A number and its unit, as text; what is wrong with it is told by the key's own check.
fn memory(json: &Json, unit: Unit, notes: &mut Vec<String>) -> Value {
    let number = match json {
        Json::Number(number) => number
            .as_f64()
            .map_or_else(|| number.to_string(), |number| number.to_string()),
        Json::String(text) if text.trim().parse::<f64>().is_ok() => text.trim().to_owned(),
        other => return plain(other),
    };
    let Unit::Memory(unit) = unit else {
        return plain(json);
    };
    let text = format!("{number} {unit}");
    // The power of 1024 that older tools may have meant.
    let binary = format!("{number} {}iB", unit[..1].to_uppercase());
    if let (Ok(taken), Ok(meant)) = (text.parse::<Bytes>(), binary.parse::<Bytes>())
        && ["kB", "MB", "GB"].contains(&unit)
        && taken != meant
    {
        notes.push(format!(
            "taken as \"{text}\" ({taken}); if powers of 1024 were meant, write \"{binary}\" ({meant})"
        ));
    }
    text.into()
}

/// Below this, in seconds, a fixed limit ends answers of a model that is only slow: the profiles
/// that orchestrate brings along have no shorter one.
const SHORT: u64 = 120;

/// From this on, in seconds, a number without a unit was perhaps one of milliseconds.
const LONG: u64 = 3600;

fn limit(key: &str, json: &Json, unit: Unit, notes: &mut Vec<String>) -> Result<Value, String> {
    let (number, scale) = (
        number(json),
        match unit {
            Unit::Seconds(scale) => scale,
            Unit::Unsaid | Unit::Memory(_) => 1.0,
        },
    );
    let limit = match (number, json) {
        (Some(number), _) if number == 0.0 || number == -1.0 => {
            notes.push(format!("{number} is taken as no limit"));
            Limit::None
        }
        (Some(number), _) => {
            Limit::from_seconds(number * scale).map_err(|error| named(key, &error))?
        }
        (None, Json::String(text)) => Limit::parse(text).map_err(|error| named(key, &error))?,
        (None, other) => return Ok(plain(other)),
    };
    let text = limit.to_string();
    if let Some(time) = limit.fixed() {
        if key == "limits.timeout" && time.as_secs() < SHORT {
            notes.push(format!(
                "a fixed limit of {text} also ends answers that are only slow; if it does, set \
                 limits.timeout to \"auto\""
            ));
        }
        if number.is_some() && unit == Unit::Unsaid && time.as_secs() >= LONG {
            notes.push(format!(
                "taken as seconds, which is {text}; if milliseconds were meant, correct {key}"
            ));
        }
    }
    Ok(text.into())
}

fn named(key: &str, error: &duration::DurationError) -> String {
    format!("\"{key}\": {error}")
}

fn number(json: &Json) -> Option<f64> {
    match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}
