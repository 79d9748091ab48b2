//! What can be wrong with a profile, and where.

use std::fmt;
use std::sync::Arc;

use crate::exit::Exit;

/// Where a value was written: a file with line and column, or an option of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    origin: Arc<str>,
    position: Position,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// Both from 1; columns count characters.
    At { line: usize, column: usize },
    /// A whole file.
    File,
    /// An option of the command line.
    Option,
}

impl Place {
    /// A whole file.
    pub(crate) fn file(origin: impl Into<Arc<str>>) -> Self {
        Self {
            origin: origin.into(),
            position: Position::File,
        }
    }

    /// An option such as `--set`.
    pub(super) fn option(name: &str) -> Self {
        Self {
            origin: name.into(),
            position: Position::Option,
        }
    }

    /// The place `offset` bytes into the file's text.
    pub(crate) fn within(origin: &Arc<str>, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            origin: Arc::clone(origin),
            position: Position::At {
                line: before.matches('\n').count() + 1,
                column: before[line_start..].chars().count() + 1,
            },
        }
    }

    /// The file as people know it, or the option.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Line and column, both from 1; `None` for a whole file or an option.
    #[must_use]
    pub fn line_column(&self) -> Option<(usize, usize)> {
        match self.position {
            Position::At { line, column } => Some((line, column)),
            Position::File | Position::Option => None,
        }
    }

    /// Whether it is the command line rather than a file.
    #[must_use]
    pub fn is_option(&self) -> bool {
        self.position == Position::Option
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        match self.line_column() {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

/// One thing that is wrong, with its place and, for a misspelt word, the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, as a fragment that names the key and the value.
    pub what: String,
    /// The nearest word that would be right.
    pub nearest: Option<String>,
}

impl Problem {
    pub(crate) fn new(place: Place, what: impl Into<String>) -> Self {
        Self {
            place,
            what: what.into(),
            nearest: None,
        }
    }

    pub(crate) fn with_nearest(mut self, nearest: Option<&str>) -> Self {
        self.nearest = nearest.map(str::to_owned);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean \"{nearest}\"?"),
            None => Ok(()),
        }
    }
}

/// Everything that is wrong, in the order of the files and their lines; at least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `Err` with the problems unless there are none.
    pub(crate) fn none_of(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(Self(problems))
    }

    /// The problems, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    /// One problem per line, as compilers do it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Why a profile could not be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// There is no profile of this name.
    #[error("{}", missing(name, nearest.as_deref(), known))]
    Missing {
        /// The name that was asked for.
        name: String,
        /// The known name that is nearest to it.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// Something in its files or in the overrides is wrong.
    #[error(transparent)]
    Invalid(#[from] Problems),
}

impl ProfileError {
    /// The exit code that tells a script: a wrong option is a usage error, the rest configuration.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Invalid(problems) if problems.iter().all(|problem| problem.place.is_option()) => {
                Exit::Usage
            }
            Self::Invalid(_) | Self::Missing { .. } => Exit::Configuration,
        }
    }
}

fn missing(name: &str, nearest: Option<&str>, known: &[String]) -> String {
    let known = known.join(", ");
    match nearest {
        Some(nearest) => {
            format!("no profile \"{name}\"; did you mean \"{nearest}\"? (there are: {known})")
        }
        None => format!("no profile \"{name}\"; there are: {known}"),
    }
}

/// The word nearest to `word`, if one is near enough to have been meant.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

/// How alike two words must be (Jaro-Winkler, 0 to 1) for one to be suggested for the other: lets
/// `contxt` through to `context` (0.96) and keeps `colour` from `coder` (0.76).
const NEAR: f64 = 0.8;
