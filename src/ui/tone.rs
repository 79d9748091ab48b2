//! Colours within what goes to standard output.

use std::fmt;
use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};

/// How something is meant. Displays as the sequence that turns its colour on, and as `{:#}` as the one that
/// turns it off; [`stdout`] drops both where no colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// In passing.
    Quiet,
    /// To be looked at.
    Caution,
    /// To be mended.
    Bad,
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Quiet => Style::new().dimmed(),
            Self::Caution => AnsiColor::Yellow.on_default().bold(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
        };
        style.fmt(f)
    }
}

/// Standard output, on which tones show where colours are wanted, and only there.
#[must_use]
pub fn stdout() -> impl Write {
    anstream::AutoStream::auto(io::stdout().lock())
}

#[cfg(test)]
mod tests {
    use super::Tone;

    #[test]
    fn a_tone_is_turned_on_and_off() {
        let text = format!("{0}error{0:#}", Tone::Bad);
        assert!(
            text.starts_with('\u{1b}') && text.ends_with("\u{1b}[0m"),
            "{text:?}"
        );
    }
}
