//! What a check has found, and the whole report: what is printed, as text or as JSON.

use serde::Serialize;

use crate::units::Bytes;

/// How it stands with what was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing need be done.
    Note,
    /// It works, worse than it could, or not always.
    Warning,
    /// Something does not work.
    Error,
    /// There is nothing to check.
    NotApplicable,
}

impl State {
    /// Every state, in the order in which they are counted.
    pub const ALL: [Self; 5] = [
        Self::Ok,
        Self::Note,
        Self::Warning,
        Self::Error,
        Self::NotApplicable,
    ];

    /// The word for it in the first column.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::NotApplicable => "n/a",
        }
    }
}

/// One figure or word that a finding rests on. Its name carries the unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fact {
    /// Such as `memory_total_bytes`.
    pub name: &'static str,
    /// `None` is none, or none that can be known.
    pub value: Option<Value>,
}

/// The value of a fact.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Whether it is so.
    Flag(bool),
    /// A number of things, bytes among them.
    Count(u64),
    /// A number that may be negative.
    Signed(i64),
    /// A measured figure.
    Real(f64),
    /// Words.
    Text(String),
    /// Several words.
    Texts(Vec<String>),
}

impl Fact {
    /// For people: amounts of bytes with a unit that can be read at a glance.
    #[must_use]
    pub fn shown(&self) -> String {
        let value = match &self.value {
            None => "none known".to_owned(),
            Some(Value::Flag(true)) => "yes".to_owned(),
            Some(Value::Flag(false)) => "no".to_owned(),
            Some(Value::Count(bytes)) if self.name.ends_with("_bytes") => Bytes(*bytes).to_string(),
            Some(Value::Count(count)) => count.to_string(),
            Some(Value::Signed(number)) => number.to_string(),
            Some(Value::Real(figure)) => format!("{figure:.1}"),
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Texts(texts)) if texts.is_empty() => "none".to_owned(),
            Some(Value::Texts(texts)) => texts.join(", "),
        };
        let name = self.name.trim_end_matches("_bytes").replace('_', " ");
        format!("{name}: {value}")
    }
}

/// What one check has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How it stands.
    pub state: State,
    /// What was found, or why there is nothing to check.
    pub text: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// What it rests on.
    pub facts: Vec<Fact>,
}

impl Finding {
    fn new(state: State, text: impl Into<String>) -> Self {
        Self {
            state,
            text: text.into(),
            remedy: None,
            facts: Vec::new(),
        }
    }

    /// All is well.
    #[must_use]
    pub fn ok(text: impl Into<String>) -> Self {
        Self::new(State::Ok, text)
    }

    /// Something worth knowing.
    #[must_use]
    pub fn note(text: impl Into<String>) -> Self {
        Self::new(State::Note, text)
    }

    /// Something that works worse than it could, and what to do about it.
    #[must_use]
    pub fn warning(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(State::Warning, text).remedy(remedy)
    }

    /// Something that does not work, and what to do about it.
    #[must_use]
    pub fn error(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(State::Error, text).remedy(remedy)
    }

    /// Nothing to check, for this reason.
    #[must_use]
    pub fn not_applicable(reason: impl Into<String>) -> Self {
        Self::new(State::NotApplicable, reason)
    }

    /// What cannot be told, as it could not be read. Nothing is guessed in its place.
    #[must_use]
    pub fn unknown(what: &str) -> Self {
        Self::note(format!("unknown: {what}"))
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn remedy(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }

    /// The same, resting on one more fact.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl Into<Option<Value>>) -> Self {
        let value = value.into();
        self.facts.push(Fact { name, value });
        self
    }
}

/// A finding with the name of its check.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The name for programs, such as `llama_cpp`; it stays as it is.
    pub check: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// What was found.
    pub finding: Finding,
}

/// Everything that was found, in the order of the checks: what all else rests on comes first.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What each check has found.
    pub checks: Vec<Checked>,
}

impl Report {
    /// How many findings are of this state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.of(state).count()
    }

    /// What to do first: about the first error, or else about the first warning.
    #[must_use]
    pub fn next_step(&self) -> Option<NextStep<'_>> {
        let mut pressing = self.of(State::Error).chain(self.of(State::Warning));
        pressing.find_map(|checked| {
            Some(NextStep {
                checked,
                remedy: checked.finding.remedy.as_deref()?,
            })
        })
    }

    fn of(&self, state: State) -> impl Iterator<Item = &Checked> {
        let checks = self.checks.iter();
        checks.filter(move |checked| checked.finding.state == state)
    }
}

/// What to do first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NextStep<'a> {
    /// About what.
    pub checked: &'a Checked,
    /// The remedy.
    pub remedy: &'a str,
}

/// Shorthands for the values of facts.
pub(super) mod value {
    use super::Value;

    pub(crate) fn text(text: impl ToString) -> Value {
        Value::Text(text.to_string())
    }

    pub(crate) fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> Value {
        Value::Texts(texts.into_iter().map(|text| text.to_string()).collect())
    }

    pub(crate) fn count(count: impl TryInto<u64>) -> Value {
        Value::Count(count.try_into().unwrap_or(u64::MAX))
    }
}
