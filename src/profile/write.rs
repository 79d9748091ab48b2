//! Keys and values as TOML that reads like written by hand.

use std::fmt::Write as _;

use toml::Value;

/// A file's text, and where each value stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The text, with a newline at its end.
    pub text: String,
    /// The line of each value, from 1, in the order in which the values were given.
    pub lines: Vec<usize>,
}

/// Writes values by dotted path below a head of comments. Those without a table must come first,
/// and those of one table together (see [`super::Keys::order`]).
#[must_use]
pub fn write<'a>(head: &str, values: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Written {
    let mut text = head.to_owned();
    let mut lines = Vec::new();
    let mut section = None;
    for (path, value) in values {
        let (table, name) = table_and_name(path);
        if section != Some(table) {
            text.push('\n');
            if !table.is_empty() {
                let _ = writeln!(text, "[{table}]");
            }
            section = Some(table);
        }
        lines.push(text.matches('\n').count() + 1);
        let _ = writeln!(text, "{} = {}", key_text(name), value_text(value));
    }
    Written { text, lines }
}

/// The table a path is in and its name there; names in free tables may have dots themselves.
pub(super) fn table_and_name(path: &str) -> (&str, &str) {
    for free in ["prompt.variables", "environment"] {
        if let Some(name) = path
            .strip_prefix(free)
            .and_then(|rest| rest.strip_prefix('.'))
        {
            return (free, name);
        }
    }
    path.rsplit_once('.').unwrap_or(("", path))
}

/// A key as TOML has it: bare where that is allowed, else a basic string. (A value's own formatting
/// will not do: it may choose a string of several lines, which a key cannot be.)
pub(super) fn key_text(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) {
        return name.to_owned();
    }
    one_line(name)
}

/// Text alone may take several lines; in a list that would tear the list apart.
fn value_text(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), one_line))
                .collect();
            format!("[{}]", items.join(", "))
        }
        value => value.to_string(),
    }
}

/// A basic string.
fn one_line(name: &str) -> String {
    let mut text = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(text, "\\u{:04X}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::write;
    use proptest::prelude::*;
    use toml::Value;

    #[test]
    fn reads_like_written_by_hand() {
        let values: [(&str, Value); 5] = [
            ("context", 4096.into()),
            ("stop", vec!["</s>", "\n\n"].into()),
            ("sampling.temperature", 0.2.into()),
            ("prompt.template", "Code: {{prompt}}\n\nCode:".into()),
            ("environment.A B", "1".into()),
        ];
        let written = write("# a\n", values.iter().map(|(path, value)| (*path, value)));
        assert_eq!(
            written.text,
            "# a\n\ncontext = 4096\nstop = [\"</s>\", \"\\n\\n\"]\n\n[sampling]\ntemperature = 0.2\n\n\
             [prompt]\ntemplate = \"\"\"\nCode: {{prompt}}\n\nCode:\"\"\"\n\n[environment]\n\"A B\" = \"1\"\n"
        );
        assert_eq!(written.lines, [3, 4, 7, 10, 16]);
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in "\\PC*|[\"'\\\\\r\n\t \u{0}-\u{7f}]*", name in "\\PC{1,9}|[\u{1}-\u{7f}]{1,9}") {
            let path = format!("environment.{name}");
            let values = [("grammar".to_owned(), Value::from(text.as_str())),
                ("stop".to_owned(), Value::from(vec![text.as_str()])),
                (path, Value::from(text.as_str()))];
            let written = write("", values.iter().map(|(path, value)| (path.as_str(), value)));
            let table: toml::Table = toml::from_str(&written.text).unwrap();
            prop_assert_eq!(table["grammar"].as_str(), Some(text.as_str()));
            prop_assert_eq!(table["stop"][0].as_str(), Some(text.as_str()));
            prop_assert_eq!(table["environment"][name.as_str()].as_str(), Some(text.as_str()));
        }
    }
}
