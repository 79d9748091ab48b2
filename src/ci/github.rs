//! Annotations of GitHub Actions: lines of a job's output that become remarks on its page ("workflow
//! commands" in GitHub's documentation, whose escapes these are).

use std::fmt::Write as _;

/// An `::error` line without its newline. Neither text can end the command or begin another one.
#[must_use]
pub fn error(title: &str, message: &str) -> String {
    format!("::error title={}::{}", property(title), data(message))
}

/// What comes after the command: `%` and line breaks are escaped.
fn data(text: &str) -> String {
    escaped(text, &['%', '\r', '\n'])
}

/// The value of a property ends at a comma or a colon, too.
fn property(text: &str) -> String {
    escaped(text, &['%', '\r', '\n', ':', ','])
}

fn escaped(text: &str, special: &[char]) -> String {
    text.chars().fold(String::new(), |mut written, c| {
        if special.contains(&c) {
            // All of them are ASCII. Writing to a String cannot fail.
            let _ = write!(written, "%{:02X}", u32::from(c));
        } else {
            written.push(c);
        }
        written
    })
}
