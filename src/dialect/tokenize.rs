//! How `llama-tokenize` is asked to count, and what it answers.

use std::ffi::OsString;
use std::path::Path;

use super::Capabilities;

/// The arguments that make it print the tokens of its standard input as a list; `None` for a build that
/// cannot.
#[must_use]
pub fn tokenize_args(capabilities: &Capabilities, model: &Path) -> Option<Vec<OsString>> {
    if !capabilities.supports("--stdin") || !capabilities.supports("--ids") {
        return None;
    }
    let mut args: Vec<OsString> = vec!["-m".into(), model.into(), "--stdin".into(), "--ids".into()];
    // Else `\n` in a prompt would be counted as a newline.
    if capabilities.supports("--no-escape") {
        args.push("--no-escape".into());
    }
    Some(args)
}

/// The length of the list `[1, 2, 3]` in what it printed.
#[must_use]
pub fn listed_tokens(printed: &str) -> Option<u64> {
    let line = printed.lines().find(|line| line.starts_with('['))?;
    let ids: Vec<u64> = serde_json::from_str(line).ok()?;
    Some(ids.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::listed_tokens;

    #[test]
    fn the_list_is_counted() {
        assert_eq!(listed_tokens("[1, 22, 3]\n"), Some(3));
        assert_eq!(listed_tokens("warning\n[]\n"), Some(0));
        assert_eq!(listed_tokens("1 2 3"), None);
    }
}
