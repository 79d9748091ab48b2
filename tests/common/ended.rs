//! A command that has ended, and what must be true of it.

use std::fmt::{self, Write as _};
use std::process::ExitStatus;

use serde_json::Value;

/// What is known of a command that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// Its standard output, which is text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("UTF-8")
    }

    /// It must have left with this code.
    #[track_caller]
    pub(crate) fn left_with(self, code: i32) -> Self {
        self.left_with_in(code, &"")
    }

    /// As [`Ended::left_with`]; `case` says which of several it was.
    #[track_caller]
    pub(crate) fn left_with_in(self, code: i32, case: &dyn fmt::Debug) -> Self {
        let account = format_args!("{case:?} {}", self.account()).to_string();
        assert_eq!(self.status.code(), Some(code), "{account}");
        self
    }

    /// Its standard output must be this.
    #[track_caller]
    pub(crate) fn showed(self, text: &str) -> Self {
        assert_eq!(self.text(), text, "{}", self.account());
        self
    }

    /// Its standard output must have these words.
    #[track_caller]
    pub(crate) fn said_on_stdout(self, words: &str) -> Self {
        assert!(self.text().contains(words), "{words:?}: {}", self.account());
        self
    }

    /// The one JSON value on its standard output, on however many lines.
    #[track_caller]
    pub(crate) fn json_pretty(&self) -> Value {
        let value = serde_json::from_slice(&self.stdout);
        value.unwrap_or_else(|error| panic!("{error}: {}", self.account()))
    }

    /// Its standard error must have these words on one line.
    #[track_caller]
    pub(crate) fn said(self, words: &[&str]) -> Self {
        let line = |line: &str| words.iter().all(|word| line.contains(word));
        assert!(
            self.stderr.lines().any(line),
            "{words:?}: {}",
            self.account()
        );
        self
    }

    /// The one JSON object on its standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let objects = self.json_lines();
        assert_eq!(objects.len(), 1, "{}", self.account());
        objects.into_iter().next().expect("one")
    }

    /// Its standard output, each line of which is a JSON object.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        assert!(self.stdout.ends_with(b"\n"), "{}", self.account());
        let object = |line: &str| match serde_json::from_str(line) {
            Ok(value @ Value::Object(_)) => value,
            other => panic!("{line}: {other:?}"),
        };
        self.text().lines().map(object).collect()
    }

    fn account(&self) -> String {
        let mut account = format!("{}\n", self.status);
        for (name, bytes) in [
            ("standard output", self.stdout.as_slice()),
            ("standard error", self.stderr.as_bytes()),
        ] {
            // Writing to a String cannot fail.
            let _ = writeln!(account, "--- {name}\n{}", String::from_utf8_lossy(bytes));
        }
        account
    }
}
