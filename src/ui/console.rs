//! The terminal, or what stands in its place: where things are said, and in which colours.

use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Makes it hold for everything that is said from here on.
    pub fn apply(self) {
        match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

/// Where things are said that are not the result: standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Console {
    /// Whether somebody looks at standard error as it comes.
    pub stderr_is_terminal: bool,
    /// Whether somebody looks at standard output as it comes.
    pub stdout_is_terminal: bool,
    /// Whether somebody can answer a question.
    pub stdin_is_terminal: bool,
    /// Say nothing but errors.
    pub quiet: bool,
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

impl Console {
    /// Looks at the three standard streams.
    #[must_use]
    pub fn detect(quiet: bool) -> Self {
        Self {
            stderr_is_terminal: io::stderr().is_terminal(),
            stdout_is_terminal: io::stdout().is_terminal(),
            stdin_is_terminal: io::stdin().is_terminal(),
            quiet,
        }
    }

    /// Says an error. A closed standard error is nobody's problem.
    pub fn error(&self, error: &dyn Display) {
        say(format_args!("{ERROR}error:{ERROR:#} {error}"));
    }

    /// Says what went wrong and did no harm to what was asked for.
    pub fn warning(&self, warning: &dyn Display) {
        if !self.quiet {
            say(format_args!("{WARNING}warning:{WARNING:#} {warning}"));
        }
    }

    /// Says something worth knowing, such as a value that was lowered.
    pub fn note(&self, note: &dyn Display) {
        if !self.quiet {
            say(format_args!("{DIM}note:{DIM:#} {note}"));
        }
    }

    /// Says something in passing, such as the summary after a text.
    pub fn aside(&self, line: &dyn Display) {
        if !self.quiet {
            say(format_args!("{DIM}{line}{DIM:#}"));
        }
    }

    /// Says a line as it is.
    pub fn line(&self, line: &dyn Display) {
        if !self.quiet {
            say(format_args!("{line}"));
        }
    }

    /// Whether there is anybody to answer a question.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.stdin_is_terminal && self.stderr_is_terminal
    }

    /// Asks a question; whether the answer was yes. Without anyone to answer it is no.
    #[must_use]
    pub fn confirm(&self, question: &dyn Display) -> bool {
        if !self.can_ask() {
            return false;
        }
        let mut stderr = anstream::stderr();
        let mut answer = String::new();
        let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        asked.is_ok()
            && io::stdin().read_line(&mut answer).is_ok()
            && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
    }
}

/// Writes a line in one piece: what others write to the same place cannot get into it, and standard
/// error, which has no buffer, costs one call.
fn say(line: fmt::Arguments<'_>) {
    let choice = AutoStream::choice(&io::stderr());
    let mut written = AutoStream::new(Vec::new(), choice);
    // Writing to a Vec cannot fail.
    let _ = writeln!(written, "{line}");
    let _ = io::stderr().write_all(&written.into_inner());
}
