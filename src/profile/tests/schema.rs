//! The table of keys, the schema and resolving agree with each other.

use super::{resolved, set, shipped, source};
use crate::profile::keys::{Kind, PROFILE};
use crate::profile::{Level, schema};

/// For each key a value that fits and differs from coder's, as TOML, and one that does not fit.
fn samples(kind: Kind, path: &str) -> (String, &'static str) {
    let fits = match (path, kind) {
        ("extends", _) => "\"router\"".to_owned(),
        ("model", _) => "\"/a.gguf\"".to_owned(),
        ("grammar", _) => "\"root ::= [a]\"".to_owned(),
        ("json_schema", _) => "\"{}\"".to_owned(),
        ("prompt.template", _) => "\"{{prompt}}!\"".to_owned(),
        ("context", _) => "5000".to_owned(),
        (_, Kind::Text | Kind::Line) => "\"other\"".to_owned(),
        (_, Kind::Texts { .. }) => "[\"other\"]".to_owned(),
        ("watch.loops", _) => "false".to_owned(),
        (_, Kind::Flag) => "true".to_owned(),
        (_, Kind::Whole { .. }) => "77".to_owned(),
        (_, Kind::Real { .. }) => "0.77".to_owned(),
        (_, Kind::OneOf(words)) => format!("\"{}\"", words().last().unwrap()),
        (_, Kind::Limit | Kind::Time) => "\"77s\"".to_owned(),
        (_, Kind::Bytes { .. }) => "\"77 MB\"".to_owned(),
    };
    let wrong = match kind {
        Kind::Text => "1",
        Kind::Line => "\"a\\nb\"",
        Kind::Texts { .. } => "[1]",
        Kind::Flag => "\"true\"",
        Kind::Whole { .. } | Kind::Real { .. } => "-99",
        Kind::OneOf(_) => "\"other\"",
        Kind::Limit | Kind::Time => "\"soon\"",
        Kind::Bytes { .. } => "\"much\"",
    };
    (fits, wrong)
}

fn json(text: &str) -> serde_json::Value {
    toml::from_str(text).unwrap()
}

/// A key without effect would be a key that resolving forgot.
#[test]
fn every_key_has_an_effect_and_the_schema_agrees_about_its_values() {
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).unwrap()).unwrap();
    let coder = resolved(&set([]), "coder").profile;
    for key in PROFILE {
        let (fits, wrong) = samples(key.kind, key.path);
        let path = key.path.replace('*', "NAME");
        // One key alone may be wrong by what it needs beside it.
        let beside = match key.path {
            "prompt.system" => "\nprompt.mode = \"chat\"",
            _ => "",
        };
        let file = |value: &str| format!("{path} = {value}{beside}");
        let near = |value: &str| set([source("coder", Level::Project, &file(value))]);
        let changed = resolved(&near(&fits), "coder").profile;
        assert_ne!(changed, coder, "{path} = {fits}");
        assert!(validator.is_valid(&json(&file(&fits))), "{path} = {fits}");
        assert!(
            near(wrong).resolve("coder", &[]).is_err(),
            "{path} = {wrong}"
        );
        assert!(!validator.is_valid(&json(&file(wrong))), "{path} = {wrong}");
    }
}

#[test]
fn the_checked_in_schema_is_current() {
    snapbox::assert_data_eq!(
        schema(),
        snapbox::file!["../../../profiles/profile.schema.json"].raw()
    );
}

#[test]
fn the_schema_holds_for_the_shipped_files_and_knows_no_other_keys() {
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema()).unwrap()).unwrap();
    for source in shipped() {
        let errors: Vec<_> = validator
            .iter_errors(&json(source.text.as_ref().unwrap()))
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", source.name);
    }
    for text in ["contxt = 1", "[sampling]\nx = 1", "[environment]\nA = 1"] {
        assert!(!validator.is_valid(&json(text)), "{text}");
    }
}
