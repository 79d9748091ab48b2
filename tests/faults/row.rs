//! A line of the table: what is done to a run of the fault kit, and what is promised of it.

use crate::case::{Backend, Phase};
use crate::expected::Expected;

/// A fault, on one backend or on both.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) phase: Phase,
    /// What goes wrong, in words that are a file's name: `never-ready`.
    pub(crate) fault: &'static str,
    /// What the program does (`FAKE_SCRIPT`).
    pub(crate) script: &'static str,
    /// Further arguments of `orchestrate run`.
    pub(crate) args: &'static [&'static str],
    /// The only backend that has this fault, and why.
    pub(crate) only: Option<(Backend, &'static str)>,
    /// Why it takes long; ignored unless asked for.
    pub(crate) slow: Option<&'static str>,
    pub(crate) expected: Expected,
}

/// What most lines have in common: both backends, windows of a second.
pub(crate) const USUAL: Row = Row {
    phase: Phase::Decode,
    fault: "",
    script: "",
    args: &[],
    only: None,
    slow: None,
    expected: Expected::done(crate::expected::Text::Any),
};
