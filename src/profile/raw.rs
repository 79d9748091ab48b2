//! What one file says, key by key, each value with the place where it stands.
//!
//! Tables are flattened into dotted paths (`sampling.temperature`), which makes inheriting one
//! profile from another, overriding a key for one run and telling where a value comes from the same
//! simple thing: a map laid over a map.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

use super::error::{Place, Problem};
use super::keys::{Found, Key, find};

/// One value and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    /// The value, which fits its key.
    pub value: Value,
    /// Where it was written.
    pub place: Place,
    /// What relative paths in it are relative to.
    pub dir: Arc<Path>,
    /// How near the layer is that says it; 0 is the farthest.
    pub layer: usize,
}

/// Values by dotted path.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Settings(BTreeMap<String, Set>);

impl Settings {
    /// The value of a key, if one is set.
    pub(crate) fn get(&self, path: &str) -> Option<&Set> {
        self.0.get(path)
    }

    /// Sets a value.
    pub(super) fn insert(&mut self, path: String, set: Set) {
        self.0.insert(path, set);
    }

    /// Forgets a value.
    pub(super) fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// All but these.
    pub(super) fn without(mut self, paths: &BTreeSet<String>) -> Self {
        self.0.retain(|path, _| !paths.contains(path));
        self
    }

    /// Lays a nearer layer over this one.
    pub(super) fn lay(&mut self, nearer: Self, layer: usize) {
        self.0.extend(
            nearer
                .0
                .into_iter()
                .map(|(path, set)| (path, Set { layer, ..set })),
        );
    }

    /// All values below a section, by their names in it.
    pub(super) fn below<'a>(
        &'a self,
        section: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Set)> {
        self.iter().filter_map(move |(path, set)| {
            Some((path.strip_prefix(section)?.strip_prefix('.')?, set))
        })
    }

    /// All values by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Set)> {
        self.0.iter().map(|(path, set)| (path.as_str(), set))
    }
}

/// The text of a file and what is needed to speak about it.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub origin: Arc<str>,
    pub text: &'a str,
    pub dir: Arc<Path>,
    pub keys: &'static [Key],
}

/// Reads one table of a file as if it were all of it; what else is in the file is somebody else's.
pub(super) fn read_below(document: &Document<'_>, section: &str) -> (Settings, Vec<Problem>) {
    let mut reading = Reading {
        document,
        settings: Settings::default(),
        problems: Vec::new(),
    };
    let (table, _) = DeTable::parse_recoverable(document.text);
    let inner = table.get_ref().get(section).map(Spanned::get_ref);
    if let Some(DeValue::Table(inner)) = inner {
        reading.table(inner, "");
    }
    (reading.settings, reading.problems)
}

/// Reads one table of a file, but for the entries that somebody else reads: what fits, and everything
/// that is wrong.
pub(crate) fn read_table(
    document: &Document<'_>,
    table: &DeTable<'_>,
    but: &[&str],
) -> (Settings, Vec<Problem>) {
    let mut reading = Reading {
        document,
        settings: Settings::default(),
        problems: Vec::new(),
    };
    for (key, value) in table.iter() {
        let name: &str = key.get_ref();
        if !but.contains(&name) {
            reading.entry(name.to_owned(), key.span().start, value);
        }
    }
    (reading.settings, reading.problems)
}

/// Reads a file. What fits is in the settings even when something else does not, so that all
/// problems of all files can be told at once.
pub(super) fn read(document: &Document<'_>) -> (Settings, Vec<Problem>) {
    let mut reading = Reading {
        document,
        settings: Settings::default(),
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(document.text);
    if errors.is_empty() {
        reading.table(table.get_ref(), "");
    } else {
        // What a parser guesses after a syntax error is no base for further complaints.
        reading.problems.extend(errors.iter().map(|error| {
            let at = error.span().map_or(0, |span| span.start);
            Problem::new(document.place(at), error.message())
        }));
    }
    reading
        .problems
        .sort_by_key(|problem| problem.place.line_column());
    (reading.settings, reading.problems)
}

impl Document<'_> {
    pub(crate) fn place(&self, offset: usize) -> Place {
        Place::within(&self.origin, self.text, offset)
    }
}

struct Reading<'a> {
    document: &'a Document<'a>,
    settings: Settings,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    fn table(&mut self, table: &DeTable<'_>, section: &str) {
        for (key, value) in table.iter() {
            let name: &str = key.get_ref();
            let path = if section.is_empty() {
                name.to_owned()
            } else {
                format!("{section}.{name}")
            };
            self.entry(path, key.span().start, value);
        }
    }

    fn entry(&mut self, path: String, at: usize, value: &Spanned<DeValue<'_>>) {
        let place = self.document.place(at);
        match (find(self.document.keys, &path), value.get_ref()) {
            (Found::Section, DeValue::Table(table)) => self.table(table, &path),
            (Found::Section, _) => self.problems.push(Problem::new(
                place,
                format!("\"{path}\" is a table: write [{path}] and its keys below it"),
            )),
            (Found::Unknown(nearest), _) => self
                .problems
                .push(Problem::new(place, format!("unknown key \"{path}\"")).with_nearest(nearest)),
            (Found::Key(key), value) => match owned(value) {
                None => self.problems.push(Problem::new(
                    place,
                    format!("\"{path}\" is a number that does not fit into 64 bits"),
                )),
                Some(value) => match key.kind.check(&path, &value) {
                    Ok(()) => {
                        let dir = Arc::clone(&self.document.dir);
                        self.settings.insert(
                            path,
                            Set {
                                value,
                                place,
                                dir,
                                layer: 0,
                            },
                        );
                    }
                    Err(misfit) => self.problems.push(
                        Problem::new(place, misfit.what).with_nearest(misfit.nearest.as_deref()),
                    ),
                },
            },
        }
    }
}

/// The value without its places; `None` when a number in it is too large.
fn owned(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Integer(number) => {
            Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()?)
        }
        DeValue::Float(number) => Value::Float(number.as_str().parse().ok()?),
        DeValue::Boolean(flag) => Value::Boolean(*flag),
        DeValue::Datetime(time) => Value::Datetime(*time),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| owned(item.get_ref()))
                .collect::<Option<_>>()?,
        ),
        // No key takes a table as its value; what is in it does not matter to the message.
        DeValue::Table(_) => Value::Table(toml::Table::new()),
    })
}
