//! The JSON schema of a profile, for editors and other programs.
//!
//! It is made from the table of keys and checked in as `profiles/profile.schema.json`; a test keeps
//! the two the same (`SNAPSHOTS=overwrite cargo test schema` writes the file).

use serde_json::{Map, Value, json};

use super::keys::{Key, Kind, PROFILE};

/// The schema as text, with a newline at its end.
#[must_use]
pub fn schema() -> String {
    let mut root = Map::new();
    for key in PROFILE {
        let path: Vec<&str> = key.path.split('.').collect();
        insert(&mut root, &path, key);
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "orchestrate profile",
        "description": "What to run a model with. Every key may be left out.",
        "type": "object",
        "additionalProperties": false,
        "properties": root,
    });
    // Plain values with text keys always serialize.
    serde_json::to_string_pretty(&schema).unwrap_or_default() + "\n"
}

/// Puts a key into the properties of its table, making the tables on the way.
fn insert(properties: &mut Map<String, Value>, path: &[&str], key: &Key) {
    let [name, below @ ..] = path else { return };
    match below {
        [] => {
            properties.insert((*name).to_owned(), described(key));
        }
        ["*"] => {
            let table = json!({ "type": "object", "additionalProperties": described(key) });
            properties.insert((*name).to_owned(), table);
        }
        _ => {
            let table = properties.entry(*name).or_insert_with(
                || json!({ "type": "object", "additionalProperties": false, "properties": {} }),
            );
            if let Some(Value::Object(inner)) = table.get_mut("properties") {
                insert(inner, below, key);
            }
        }
    }
}

fn described(key: &Key) -> Value {
    let mut value = value(key.kind);
    if let Value::Object(fields) = &mut value {
        fields.insert("description".to_owned(), json!(key.about));
    }
    value
}

fn value(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Line => json!({ "type": "string", "pattern": "^[^\\r\\n]*$" }),
        Kind::Texts { empty } => {
            let least = usize::from(!empty);
            json!({ "type": "array", "items": { "type": "string", "minLength": least } })
        }
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Whole { min, max, word } => or_word(
            json!({ "type": "integer", "minimum": min, "maximum": max }),
            word,
        ),
        Kind::Real { min, max, word } => or_word(
            json!({ "type": "number", "minimum": min, "maximum": max }),
            word,
        ),
        Kind::OneOf(words) => json!({ "enum": words() }),
        Kind::Limit => json!({ "anyOf": [
            { "type": "number", "exclusiveMinimum": 0 },
            { "type": "string", "pattern": "^ *([0-9][0-9a-zA-Zµ. ]*|auto|none) *$" },
        ] }),
        Kind::Time => json!({ "anyOf": [
            { "type": "number", "minimum": 0 },
            { "type": "string", "pattern": "^ *[0-9][0-9a-zA-Zµ. ]* *$" },
        ] }),
        Kind::Bytes { min } => json!({ "anyOf": [
            { "type": "integer", "minimum": min },
            { "type": "string", "pattern": "^ *([0-9][0-9_.]* *[a-zA-Z]*|auto) *$" },
        ] }),
    }
}

fn or_word(number: Value, word: Option<&str>) -> Value {
    match word {
        None => number,
        Some(word) => json!({ "anyOf": [number, { "const": word }] }),
    }
}
