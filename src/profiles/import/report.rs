//! What an import has to say: what was left out, and what is worth knowing about the rest.

use std::fmt;

use serde::Serialize;

/// One thing to say about one place of the older file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Remark {
    /// The place, such as `models.coder.priority`.
    pub(super) path: String,
    /// What there is to say, in one line.
    pub(super) text: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.text)
    }
}

/// Everything there is to say, in the order in which it was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Report {
    /// What could not be carried over.
    pub(super) left_out: Vec<Remark>,
    /// What was carried over, and is worth a word.
    pub(super) notes: Vec<Remark>,
}

impl Report {
    pub(super) fn leave_out(&mut self, path: &str, text: impl Into<String>) {
        add(&mut self.left_out, path, text.into());
    }

    pub(super) fn note(&mut self, path: &str, text: impl Into<String>) {
        add(&mut self.notes, path, text.into());
    }
}

/// Once is enough: a value that holds for all models is met in each. And what a message repeats of
/// the file must neither break the line nor speak to the terminal.
fn add(remarks: &mut Vec<Remark>, path: &str, text: String) {
    let path = path.to_owned();
    let text = text
        .chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_debug());
            let as_it_is = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(as_it_is)
        })
        .collect();
    let remark = Remark { path, text };
    if !remarks.contains(&remark) {
        remarks.push(remark);
    }
}

/// The path of a member: `models.coder`, or with quotes where its name is no plain word.
pub(super) fn member(of: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("{name:?}")
    };
    if of.is_empty() {
        name
    } else {
        format!("{of}.{name}")
    }
}
