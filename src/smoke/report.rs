//! What has come of the cases: plain data.

use std::time::Duration;

use super::select;

/// One case, run by one program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The case.
    pub case: String,
    /// `completion` or `server`; `None` where a profile of the user chose it.
    pub program: Option<&'static str>,
    /// What must be true.
    pub about: String,
    /// How long it took.
    pub took: Duration,
    /// What is not as it should be; nothing where all is well.
    pub problems: Vec<String>,
    /// The command that does it again.
    pub again: String,
    /// The same without orchestrate.
    pub llama_commands: Vec<String>,
    /// The last lines of llama.cpp's log, of what failed.
    pub last_lines: Vec<String>,
}

impl Done {
    /// Its name, with that of the program.
    #[must_use]
    pub fn name(&self) -> String {
        select::full(&self.case, self.program)
    }

    /// Whether all is well.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.problems.is_empty()
    }

    /// All that helps with a failure, as lines.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        let mut lines = vec![format!("what must be true: {}", self.about)];
        lines.extend(self.problems.iter().map(|problem| format!("- {problem}")));
        if !self.last_lines.is_empty() {
            lines.push("the last lines of llama.cpp's log:".to_owned());
            lines.extend(self.last_lines.iter().map(|line| format!("  {line}")));
        }
        lines.push("again:".to_owned());
        lines.push(format!("  {}", self.again));
        if !self.llama_commands.is_empty() {
            lines.push("without orchestrate:".to_owned());
            let commands = self.llama_commands.iter();
            lines.extend(commands.map(|command| format!("  {command}")));
        }
        lines
    }
}

/// A program that was put to the cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Its name, such as `llama-server`.
    pub name: &'static str,
    /// The same with its build, such as `llama-server b11434`.
    pub build: String,
    /// Where it is.
    pub path: String,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The programs that were put to them.
    pub programs: Vec<Tested>,
    /// What was done, in order.
    pub done: Vec<Done>,
    /// What was not come to, as somebody asked for the end before.
    pub not_run: usize,
    /// How long all of it took.
    pub took: Duration,
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub began_unix_ms: u64,
}

impl Report {
    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.done.iter().filter(|done| !done.is_ok()).count()
    }
}
