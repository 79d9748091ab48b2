//! The keys of one table, each taken as what it has to be.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::profile::{Place, Problem, nearest};

/// The text of a file and its name.
pub(super) struct Text<'a> {
    origin: Arc<str>,
    text: &'a str,
}

impl<'a> Text<'a> {
    pub(super) fn new(origin: &str, text: &'a str) -> Self {
        Self {
            origin: origin.into(),
            text,
        }
    }

    pub(super) fn place(&self, offset: usize) -> Place {
        Place::within(&self.origin, self.text, offset)
    }

    /// A value as it is written.
    pub(super) fn slice(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }
}

/// A table that is being read; what is wrong in it is kept for the end.
pub(super) struct Fields<'a> {
    source: &'a Text<'a>,
    table: &'a DeTable<'a>,
    /// What stands before each key in messages.
    section: &'static str,
    /// Where it begins.
    at: usize,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    /// Begins with a look for keys that it cannot have.
    pub(super) fn new(
        source: &'a Text<'a>,
        table: &'a DeTable<'a>,
        section: &'static str,
        known: &[&'static str],
        at: usize,
    ) -> Self {
        let mut fields = Self {
            source,
            table,
            section,
            at,
            problems: Vec::new(),
        };
        for (key, _) in table.iter() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let place = source.place(key.span().start);
                let what = format!("unknown key \"{}\"", fields.path(name));
                let meant = nearest(name, known.iter().copied());
                fields
                    .problems
                    .push(Problem::new(place, what).with_nearest(meant));
            }
        }
        fields
    }

    /// What was wrong.
    pub(super) fn finish(self) -> Vec<Problem> {
        self.problems
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn is_text(&self, key: &str, expected: &str) -> bool {
        self.value(key)
            .is_some_and(|value| value.get_ref().as_str() == Some(expected))
    }

    /// Says what is wrong with a key; a fragment that follows its name.
    pub(super) fn complain(&mut self, key: &str, what: &str) {
        let at = self
            .table
            .iter()
            .find(|(name, _)| name.get_ref() == key)
            .map_or(self.at, |(name, _)| name.span().start);
        let what = format!("\"{}\" {what}", self.path(key));
        self.problems
            .push(Problem::new(self.source.place(at), what));
    }

    /// Says what is wrong with the table as a whole.
    pub(super) fn complain_of_all(&mut self, what: &str) {
        let place = self.source.place(self.at);
        self.problems.push(Problem::new(place, what));
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.take(key, "text", |value| value.as_str().map(str::to_owned))
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        self.take(key, "true or false", DeValue::as_bool)
            .unwrap_or(false)
    }

    pub(super) fn whole(&mut self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        let expected = format!("a whole number from {least} to {most}");
        self.take(key, &expected, |value| {
            whole(value).filter(|number| (least..=most).contains(number))
        })
    }

    pub(super) fn positive(&mut self, key: &'static str) -> Option<f64> {
        self.take(key, "a number above 0", |value| {
            number(value).filter(|number| number.is_finite() && *number > 0.0)
        })
    }

    /// One of some words.
    pub(super) fn word(
        &mut self,
        key: &'static str,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let value = self.value(key)?;
        self.known(key, value, words)
    }

    /// One of some words, or a list of them.
    pub(super) fn words(&mut self, key: &'static str, words: &[&'static str]) -> Vec<String> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let values = match value.get_ref() {
            DeValue::Array(items) => items.iter().collect(),
            _ => vec![value],
        };
        let known = values
            .into_iter()
            .filter_map(|value| self.known(key, value, words));
        known.map(str::to_owned).collect()
    }

    fn known(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        words: &[&'static str],
    ) -> Option<&'static str> {
        let given = value.get_ref().as_str();
        let found = words.iter().find(|word| Some(**word) == given);
        if found.is_none() {
            let place = self.source.place(value.span().start);
            let listed: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
            let what = format!(
                "\"{}\" must be one of {}, not {}",
                self.path(key),
                listed.join(", "),
                self.source.slice(value.span())
            );
            let meant = given.and_then(|given| nearest(given, words.iter().copied()));
            self.problems
                .push(Problem::new(place, what).with_nearest(meant));
        }
        found.copied()
    }

    /// A table in it, read by a function of its own.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'a Text<'a>, &'a DeTable<'a>, usize) -> (T, Vec<Problem>),
    ) -> Option<T> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            let path = self.path(key);
            self.complain(
                key,
                &format!("is a table: write [{path}] and its keys below it"),
            );
            return None;
        };
        let (found, problems) = read(self.source, table, value.span().start);
        self.problems.extend(problems);
        Some(found)
    }

    /// A list of tables in it.
    pub(super) fn tables<T>(
        &mut self,
        key: &'static str,
        known: &[&'static str],
        read: impl Fn(&mut Fields<'a>) -> T,
    ) -> Vec<T> {
        let items = match self.value(key).map(Spanned::get_ref) {
            None => return Vec::new(),
            Some(DeValue::Array(items)) => items,
            Some(_) => {
                let path = self.path(key);
                self.complain(key, &format!("is a list of tables: write [[{path}]]"));
                return Vec::new();
            }
        };
        let mut found = Vec::new();
        for item in items.iter() {
            let DeValue::Table(table) = item.get_ref() else {
                self.complain(key, "holds something that is no table");
                continue;
            };
            let mut fields = Fields::new(self.source, table, key, known, item.span().start);
            found.push(read(&mut fields));
            self.problems.extend(fields.finish());
        }
        found
    }

    fn take<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&DeValue<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?;
        let found = read(value.get_ref());
        if found.is_none() {
            let given = self.source.slice(value.span());
            self.complain(key, &format!("must be {expected}, not {given}"));
        }
        found
    }

    fn value(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    fn path(&self, key: &str) -> String {
        match self.section {
            "" => key.to_owned(),
            section => format!("{section}.{key}"),
        }
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
    let DeValue::Integer(number) = value else {
        return None;
    };
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds and speeds are far below 2^53"
)]
fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        other => whole(other).map(|number| number as f64),
    }
}
