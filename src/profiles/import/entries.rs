//! The members of a JSON object as keys with values.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use toml::Value;

use super::report::{Report, member};
use super::surroundings::Surroundings;
use super::value::{Adapted, adapt};
use super::words::{Meant, Unit};
use crate::profile::Keys;

/// Objects that only group what is in them, besides the tables of a profile.
const GROUPS: &[&str] = &[
    "options",
    "params",
    "parameters",
    "settings",
    "generation",
    "inference",
    "defaults",
];

/// One member of the older file.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    /// Its place, such as `models.coder.n_ctx`.
    pub(super) path: String,
    /// Its name.
    pub(super) word: &'a str,
    pub(super) value: &'a Json,
}

/// One key of a new file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// Its dotted path.
    pub(super) key: String,
    pub(super) value: Value,
    /// The place that it is from.
    pub(super) from: String,
    /// What is worth knowing about it.
    pub(super) notes: Vec<String>,
}

/// The members of an object, those of groups included.
pub(super) fn fields<'a>(of: &str, object: &'a Map<String, Json>) -> Vec<Field<'a>> {
    let mut found = Vec::new();
    for (word, value) in object {
        let path = member(of, word);
        // A table such as `environment` takes any names: it is one field.
        let groups = GROUPS.contains(&word.as_str())
            || (Keys::Profile.is_section(word) && Keys::Profile.named(word).is_none());
        match value {
            Json::Object(inner) if groups => found.extend(fields(&path, inner)),
            value => found.push(Field { path, word, value }),
        }
    }
    found
}

/// What the fields say, key by key. Where several speak of one key the best name counts.
pub(super) fn entries(
    keys: Keys,
    fields: Vec<(Field<'_>, Meant)>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Vec<Entry> {
    let mut claims: BTreeMap<&str, Vec<(Field<'_>, Meant)>> = BTreeMap::new();
    for (field, meant) in fields {
        if !field.value.is_null() {
            claims.entry(meant.key).or_default().push((field, meant));
        }
    }
    let mut found = Vec::new();
    for (key, mut claims) in claims {
        claims.sort_by_key(|(_, meant)| meant.rank);
        if let Some(section) = key.strip_suffix('*') {
            for (field, _) in claims {
                free_table(keys, section, &field, around, &mut found, report);
            }
            continue;
        }
        if key == "load_mode" {
            found.extend(load_mode(&mut claims, report));
        }
        let mut taken: Option<Entry> = None;
        for (field, meant) in claims {
            let entry = entry(keys, key, meant.unit, &field, around);
            match (entry, &taken) {
                (Err(reason), _) => report.leave_out(&field.path, reason),
                (Ok(entry), None) => taken = Some(entry),
                (Ok(entry), Some(taken)) if entry.value != taken.value => {
                    report.leave_out(&field.path, format!("{} says otherwise", taken.from));
                }
                (Ok(_), Some(_)) => {}
            }
        }
        match taken {
            Some(entry) if !found.iter().any(|other: &Entry| other.key == key) => found.push(entry),
            _ => {}
        }
    }
    found
}

fn entry(
    keys: Keys,
    key: &str,
    unit: Unit,
    field: &Field<'_>,
    around: &Surroundings<'_>,
) -> Result<Entry, String> {
    let Adapted { value, notes } = adapt(keys, key, unit, field.value, around)?;
    Ok(Entry {
        key: key.to_owned(),
        value,
        from: field.path.clone(),
        notes,
    })
}

/// The members of an object whose names are free, such as environment variables.
fn free_table(
    keys: Keys,
    section: &str,
    field: &Field<'_>,
    around: &Surroundings<'_>,
    found: &mut Vec<Entry>,
    report: &mut Report,
) {
    let Some(object) = field.value.as_object() else {
        report.leave_out(&field.path, "must be an object with names and texts");
        return;
    };
    for (word, value) in object {
        let key = format!("{section}{word}");
        let path = member(&field.path, word);
        let inner = Field { path, word, value };
        if found.iter().any(|other| other.key == key) {
            report.leave_out(&inner.path, format!("there is another \"{key}\""));
            continue;
        }
        match entry(keys, &key, Unit::Unsaid, &inner, around) {
            Ok(entry) => found.push(entry),
            Err(reason) => report.leave_out(&inner.path, reason),
        }
    }
}

/// Takes the yes-or-no words for how weights come into memory (`mmap`, `mlock`, …) out of the
/// fields, and makes one mode of them.
fn load_mode(claims: &mut Vec<(Field<'_>, Meant)>, report: &mut Report) -> Option<Entry> {
    let (mut mapped, mut locked) = (None, None);
    let modes = claims.len();
    claims.retain(|(field, meant)| {
        if meant.rank == 0 {
            return true;
        }
        let Some(flag) = field.value.as_bool() else {
            report.leave_out(&field.path, "must be true or false");
            return false;
        };
        let from = field.path.clone();
        if field.word.contains("mlock") {
            locked.get_or_insert((flag, from));
        } else {
            let flag = flag != field.word.starts_with("no");
            mapped.get_or_insert((flag, from));
        }
        false
    });
    let entry = |mode: &str, from: String, note: Option<String>| Entry {
        key: "load_mode".to_owned(),
        value: mode.into(),
        from,
        notes: note.into_iter().collect(),
    };
    if claims.len() == modes || !claims.is_empty() {
        // The mode itself is said; the flags, if any, only repeat it.
        for (_, from) in mapped.into_iter().chain(locked) {
            report.leave_out(&from, "load_mode is said as well, and counts");
        }
        return None;
    }
    match (mapped, locked) {
        (mapped, Some((true, from))) => {
            let both = matches!(mapped, Some((true, _)));
            let note = "mapped and locked at once is no mode: the weights are read and locked";
            Some(entry("mlock", from, both.then(|| note.to_owned())))
        }
        (Some((mapped, from)), _) => Some(entry(if mapped { "mmap" } else { "read" }, from, None)),
        (None, _) => None,
    }
}
