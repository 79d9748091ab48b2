//! Holding a new file against the rules for all files: what they refuse is left out and told.

use std::path::PathBuf;

use super::convert::Draft;
use super::entries::Entry;
use super::report::Report;
use super::surroundings::Surroundings;
use crate::profile::{
    Config, Keys, Level, ModelRef, Problem, ProfileError, ProfileSet, Source, Written, write,
};

/// Keys that belong together.
const SYSTEM: &str = "prompt.system";
const MODE: &str = "prompt.mode";

/// A file that would work.
#[derive(Debug)]
pub(super) struct Settled {
    /// Its text.
    pub(super) text: String,
    /// Its keys, in the order of the text.
    pub(super) entries: Vec<Entry>,
    /// A file or directory that it names and where it is named, to be looked for.
    pub(super) needs: Option<(String, PathBuf)>,
}

/// Settles a profile; also returns the set with it. `None` when nothing that works is left.
pub(super) fn settle_profile(
    draft: Draft,
    set: &ProfileSet,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<(Settled, ProfileSet)> {
    let Draft {
        path,
        name,
        mut entries,
    } = draft;
    loop {
        if !complete(&mut entries, &path, &name, set, around.level) {
            report.leave_out(
                &path,
                "no model file is said, so there is no profile: add \"path\"",
            );
            return None;
        }
        let written = write(&profile_head(&path, &name, around), pairs(&entries));
        let file = around.profiles.join(format!("{name}.toml"));
        let source = Source {
            name: name.clone(),
            origin: around.places.shown(&file),
            dir: around.profiles.clone(),
            level: around.level,
            text: Ok(written.text.clone()),
        };
        let origin = source.origin.clone();
        let next = set.clone().with(source);
        match next.resolve(&name, &[]) {
            Ok(resolved) => {
                for note in resolved.notes {
                    report.note(&path, in_terms_of(&note, &origin, &written, &entries));
                }
                let from = entries.iter().find(|entry| entry.key == "model");
                let needs = match (from, resolved.profile.model) {
                    (Some(entry), ModelRef::File(file)) => Some((entry.from.clone(), file)),
                    _ => None,
                };
                let settled = Settled {
                    text: written.text,
                    entries,
                    needs,
                };
                return Some((settled, next));
            }
            Err(ProfileError::Invalid(problems)) => {
                let problems: Vec<_> = problems.iter().cloned().collect();
                if !leave_out(&problems, &origin, &written, &mut entries, report) {
                    for problem in &problems {
                        report.leave_out(&path, problem.what.as_str());
                    }
                    return None;
                }
            }
            Err(missing) => {
                report.leave_out(&path, missing.to_string());
                return None;
            }
        }
    }
}

/// Adds what a profile of these entries needs besides them; whether it can be a profile at all.
fn complete(
    entries: &mut Vec<Entry>,
    path: &str,
    name: &str,
    set: &ProfileSet,
    level: Level,
) -> bool {
    let has = |entries: &[Entry], key: &str| entries.iter().any(|entry| entry.key == key);
    if !has(entries, "model") && !has(entries, "extends") {
        return false;
    }
    if !has(entries, "extends") {
        entries.extend(alone(path, name, set, level));
    }
    if !has(entries, MODE) {
        let chat = entries.iter().find(|entry| entry.key == SYSTEM).map(chat);
        entries.extend(chat);
    }
    entries.sort_by_key(|entry| Keys::Profile.order(&entry.key));
    true
}

/// Settles `orchestrate.toml`; `None` when there is nothing to say in it.
pub(super) fn settle_config(
    mut entries: Vec<Entry>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Settled> {
    entries.sort_by_key(|entry| Keys::Config.order(&entry.key));
    while !entries.is_empty() {
        let head = format!(
            "# Imported from {}. What is not said here is as in the orchestrate.toml that comes with\n\
             # orchestrate.\n",
            around.source
        );
        let written = write(&head, pairs(&entries));
        let dir = around.config_dir();
        let source = Source {
            name: "orchestrate.toml".to_owned(),
            origin: around.places.shown(&dir.join("orchestrate.toml")),
            dir: dir.to_owned(),
            level: around.level,
            text: Ok(written.text.clone()),
        };
        let origin = source.origin.clone();
        match Config::read(vec![source], around.places.home.as_deref()) {
            Ok(config) => {
                let from = entries.iter().find(|entry| entry.key == "llama_dir");
                let needs = from.map(|entry| entry.from.clone()).zip(config.llama_dir);
                return Some(Settled {
                    text: written.text,
                    entries,
                    needs,
                });
            }
            Err(problems) => {
                let problems: Vec<_> = problems.iter().cloned().collect();
                if !leave_out(&problems, &origin, &written, &mut entries, report) {
                    return None;
                }
            }
        }
    }
    None
}

/// An older file said all that there was to say. So a profile in the place of another one of its
/// name takes nothing from that.
fn alone(path: &str, name: &str, set: &ProfileSet, level: Level) -> Option<Entry> {
    let farther = set.sources(name).find(|source| source.level < level)?;
    Some(Entry {
        key: "extends".to_owned(),
        value: "".into(),
        from: path.to_owned(),
        notes: vec![format!(
            "takes the place of {}, and nothing from it (extends = \"\")",
            farther.origin
        )],
    })
}

/// A system turn stands in a chat only.
fn chat(system: &Entry) -> Entry {
    Entry {
        key: MODE.to_owned(),
        value: "chat".into(),
        from: system.from.clone(),
        notes: vec![format!(
            "needs {MODE} = \"chat\": the template becomes the user's turn of the model's own chat template"
        )],
    }
}

fn profile_head(path: &str, name: &str, around: &Surroundings<'_>) -> String {
    let schema = if around.has_schema {
        "#:schema ./profile.schema.json\n"
    } else {
        ""
    };
    format!(
        "{schema}# Imported from {}, {path}. All values, and where they come from:\n\
         # orchestrate profiles show {name}\n",
        around.source
    )
}

fn pairs(entries: &[Entry]) -> impl Iterator<Item = (&str, &toml::Value)> {
    entries
        .iter()
        .map(|entry| (entry.key.as_str(), &entry.value))
}

/// Takes the entries out that the problems are about, and says why; `false` when there are none.
fn leave_out(
    problems: &[Problem],
    origin: &str,
    written: &Written,
    entries: &mut Vec<Entry>,
    report: &mut Report,
) -> bool {
    let mut wrong: Vec<(usize, String)> = Vec::new();
    for problem in problems {
        let ours = problem.place.origin() == origin;
        let at = match problem.place.line_column() {
            Some((line, _)) if ours => written.lines.iter().position(|at| *at == line),
            _ if ours => None,
            // Something is wrong in the profile that it extends.
            _ => entries.iter().position(|entry| {
                entry.key == "extends" && entry.value.as_str().is_some_and(|name| !name.is_empty())
            }),
        };
        let Some(at) = at else { continue };
        if !wrong.iter().any(|(other, _)| *other == at) {
            let what = if ours {
                problem.what.clone()
            } else {
                problem.to_string()
            };
            wrong.push((at, in_terms_of(&what, origin, written, entries)));
        }
    }
    wrong.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let found = !wrong.is_empty();
    for (at, what) in wrong {
        report.leave_out(&entries.remove(at).from, what);
    }
    found
}

/// A message about the new file, which is not there, as one about the older file.
fn in_terms_of(text: &str, origin: &str, written: &Written, entries: &[Entry]) -> String {
    let mut text = text.to_owned();
    for (line, entry) in written.lines.iter().zip(entries) {
        text = text.replace(&format!("{origin}:{line}:1"), &entry.from);
    }
    text
}
