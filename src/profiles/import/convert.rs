//! The older file as new ones: JSON in, drafts of files and a report out. Nothing is read or written.

use serde_json::Value as Json;

use super::entries::{Entry, Field, entries, fields};
use super::names::{Names, assign};
use super::report::{Report, member};
use super::settle::{Settled, settle_config, settle_profile};
use super::surroundings::Surroundings;
use super::template;
use super::words::{Meant, meant, unknown};
use crate::profile::{Keys, ProfileSet};

/// What a new file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// A profile of this name.
    Profile(String),
    /// `orchestrate.toml`.
    Config,
}

/// A file to be written, which would work.
#[derive(Debug)]
pub(super) struct NewFile {
    pub(super) what: What,
    pub(super) settled: Settled,
}

/// All that comes of an older file.
#[derive(Debug, Default)]
pub(super) struct Conversion {
    /// Profiles first.
    pub(super) files: Vec<NewFile>,
    pub(super) report: Report,
}

/// A model of the older file.
#[derive(Debug)]
struct Model<'a> {
    path: String,
    name: &'a str,
    fields: Vec<Field<'a>>,
}

/// A profile on its way.
#[derive(Debug)]
pub(super) struct Draft {
    /// The model's place in the older file.
    pub(super) path: String,
    /// The profile's name.
    pub(super) name: String,
    pub(super) entries: Vec<Entry>,
}

/// Keys of one profile, which say nothing where they are said for all.
const PERSONAL: &[&str] = &["description", "extends", "model"];

/// Converts the older file. The set holds the profiles that there are already.
pub(super) fn convert(json: &Json, set: &ProfileSet, around: &Surroundings<'_>) -> Conversion {
    let mut report = Report::default();
    let models = models(json, &mut report);
    let (config, defaults) = general(json, around, &mut report);
    let given: Vec<_> = models
        .iter()
        .map(|model| (model.path.as_str(), model.name))
        .collect();
    let assigned = assign(&given, &mut report);
    let named: Vec<(Model<'_>, String)> = models
        .into_iter()
        .zip(assigned)
        .filter_map(|(model, name)| Some((model, name?)))
        .collect();
    let names: Names = named
        .iter()
        .map(|(model, name)| (model.name.to_owned(), name.clone()))
        .collect();
    let drafts = named
        .into_iter()
        .map(|(model, name)| draft(model, name, &defaults, &names, around, &mut report))
        .collect();
    let mut files = profiles(drafts, set, around, &mut report);
    let config = with_default_profile(config, &names, &files, &mut report);
    files.extend(
        settle_config(config, around, &mut report).map(|settled| NewFile {
            what: What::Config,
            settled,
        }),
    );
    for file in &files {
        for entry in &file.settled.entries {
            for note in &entry.notes {
                report.note(&entry.from, note.as_str());
            }
        }
    }
    Conversion { files, report }
}

fn models<'a>(json: &'a Json, report: &mut Report) -> Vec<Model<'a>> {
    const PATH: &str = "path";
    let model = |path: String, name: &'a str, value: &'a Json, report: &mut Report| {
        let fields = match value {
            Json::Object(object) => fields(&path, object),
            Json::String(_) => vec![Field {
                path: path.clone(),
                word: PATH,
                value,
            }],
            _ => {
                report.leave_out(&path, "must be an object with a \"path\"");
                return None;
            }
        };
        Some(Model { path, name, fields })
    };
    match json.get("models") {
        None => Vec::new(),
        Some(Json::Object(object)) => object
            .iter()
            .filter_map(|(name, value)| model(member("models", name), name, value, report))
            .collect(),
        Some(Json::Array(items)) => items
            .iter()
            .enumerate()
            .filter_map(|(index, value)| {
                let path = format!("models[{index}]");
                let Some(name) = value.get("name").and_then(Json::as_str) else {
                    report.leave_out(&path, "must be an object with a \"name\" and a \"path\"");
                    return None;
                };
                model(path, name, value, report)
            })
            .collect(),
        Some(_) => {
            report.leave_out("models", "must be an object of models, or a list of them");
            Vec::new()
        }
    }
}

/// What is said beside the models: for `orchestrate.toml`, and for every profile.
fn general(
    json: &Json,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> (Vec<Entry>, Vec<Entry>) {
    let (mut config, mut defaults) = (Vec::new(), Vec::new());
    for field in json
        .as_object()
        .map_or_else(Vec::new, |root| fields("", root))
    {
        if field.path == "models" {
            continue;
        }
        if let Some(meant) = meant(Keys::Config, field.word) {
            config.push((field, meant));
        } else if let Some(meant) = meant(Keys::Profile, field.word) {
            if PERSONAL.contains(&meant.key) {
                report.leave_out(&field.path, "is for one profile; say it in a model");
            } else {
                defaults.push((field, meant));
            }
        } else {
            let reason = unknown(&[Keys::Config, Keys::Profile], field.word);
            report.leave_out(&field.path, reason);
        }
    }
    (
        entries(Keys::Config, config, around, report),
        entries(Keys::Profile, defaults, around, report),
    )
}

fn draft(
    model: Model<'_>,
    name: String,
    defaults: &[Entry],
    names: &Names,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Draft {
    let Model {
        path,
        name: older,
        fields,
    } = model;
    let mut claims: Vec<(Field<'_>, Meant)> = Vec::new();
    for field in fields {
        if let Some(meant) = meant(Keys::Profile, field.word) {
            claims.push((field, meant));
        } else if field.word != "name" || field.value.as_str() != Some(older) {
            report.leave_out(&field.path, unknown(&[Keys::Profile], field.word));
        }
    }
    let mut entries = entries(Keys::Profile, claims, around, report);
    for entry in &mut entries {
        if entry.key == "extends"
            && let Some(new) = entry.value.as_str().and_then(|older| names.get(older))
        {
            entry.value = new.as_str().into();
        }
    }
    for default in defaults {
        if !entries.iter().any(|entry| entry.key == default.key) {
            entries.push(default.clone());
        }
    }
    note_variables(&mut entries);
    Draft {
        path,
        name,
        entries,
    }
}

/// A variable without a value stops a run: better said now than then.
fn note_variables(entries: &mut [Entry]) {
    let known: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    let Some(entry) = entries
        .iter_mut()
        .find(|entry| entry.key == "prompt.template")
    else {
        return;
    };
    let used = template::used(entry.value.as_str().unwrap_or_default()).unwrap_or_default();
    for name in used {
        if name != "prompt" && !known.contains(&format!("prompt.variables.{name}")) {
            entry.notes.push(format!(
                "the template needs a value for {name}: with --var {name}=…, or for good under \
                 [prompt.variables]"
            ));
        }
    }
}

/// Settles the drafts, each after the one that it extends.
fn profiles(
    mut waiting: Vec<Draft>,
    set: &ProfileSet,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Vec<NewFile> {
    let mut set = set.clone();
    let mut files = Vec::new();
    while !waiting.is_empty() {
        let names: Vec<String> = waiting.iter().map(|draft| draft.name.clone()).collect();
        let waits = |draft: &Draft| {
            draft
                .extends()
                .is_some_and(|parent| parent != draft.name && names.iter().any(|n| n == parent))
        };
        let (mut ready, later): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|draft| !waits(draft));
        waiting = later;
        if ready.is_empty() {
            // A circle: `extends` is refused, and left out.
            ready = std::mem::take(&mut waiting);
        }
        for draft in ready {
            let name = draft.name.clone();
            if let Some((settled, next)) = settle_profile(draft, &set, around, report) {
                set = next;
                let what = What::Profile(name);
                files.push(NewFile { what, settled });
            }
        }
    }
    files
}

impl Draft {
    /// The profile that it names as its parent.
    fn extends(&self) -> Option<&str> {
        let entry = self.entries.iter().find(|entry| entry.key == "extends")?;
        entry.value.as_str()
    }
}

/// The default model as the profile that it became.
fn with_default_profile(
    mut config: Vec<Entry>,
    names: &Names,
    files: &[NewFile],
    report: &mut Report,
) -> Vec<Entry> {
    config.retain_mut(|entry| {
        if entry.key != "default_profile" {
            return true;
        }
        let older = entry.value.as_str().unwrap_or_default().to_owned();
        let new = names.get(&older).filter(|new| {
            files
                .iter()
                .any(|file| file.what == What::Profile((*new).clone()))
        });
        match new {
            Some(new) => entry.value = new.as_str().into(),
            None => report.leave_out(
                &entry.from,
                format!("there is no model {older:?} among those that became profiles"),
            ),
        }
        new.is_some()
    });
    config
}
