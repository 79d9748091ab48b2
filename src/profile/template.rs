//! From a request to a prompt.
//!
//! The template belongs to the profile and is interpreted (minijinja); the request and the values
//! of variables belong to the user and never are: they are values that the template inserts, so
//! `{{ 7 * 7 }}` in a request reaches the model as it was written.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::error::nearest;
use super::resolved::{Prompt, PromptMode, PromptTemplate};

/// The variable that stands for the request.
const PROMPT: &str = "prompt";
/// The variable that stands for the profiles that take part in `run auto`.
pub(super) const ROUTES: &str = "routes";

/// Why a request cannot be a prompt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// Nothing, or nothing but blanks.
    #[error("the prompt is empty: give it as an argument, with -f FILE, or over stdin")]
    Empty,
    /// A NUL, which no text has, and which would end the prompt early on its way.
    #[error("the prompt contains a NUL byte at byte {0}: is it a binary file?")]
    Nul(usize),
    /// Not UTF-8.
    #[error("the prompt is not valid UTF-8 at byte {0}: convert it first, for example with iconv")]
    NotUtf8(usize),
}

/// Why a template does not make a prompt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The request cannot be a prompt.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The template is not one.
    #[error("line {line} of the template: {reason}")]
    Syntax {
        /// Line in the template, from 1.
        line: usize,
        /// What minijinja says.
        reason: String,
    },
    /// Variables without a value.
    #[error("the template needs {}: give {}", names(missing), options(missing))]
    Missing {
        /// Their names.
        missing: Vec<String>,
    },
    /// A value for a variable that the template does not have.
    #[error("{}", unknown(name, nearest.as_deref(), known))]
    Unknown {
        /// The name that was given.
        name: String,
        /// The variable that was probably meant.
        nearest: Option<String>,
        /// The variables that there are.
        known: Vec<String>,
    },
    /// `prompt` as a variable.
    #[error("\"{PROMPT}\" is the request itself: give it as the prompt, not with --var")]
    Reserved,
    /// `routes` as a variable.
    #[error(
        "\"{ROUTES}\" is the list of profiles that have a \"route\": write it there, not with --var"
    )]
    ReservedRoutes,
    /// The text after `--var` is no assignment.
    #[error("\"{0}\" gives no variable; write NAME=VALUE, such as language=rust")]
    NotAnAssignment(String),
}

fn names(missing: &[String]) -> String {
    let names: Vec<_> = missing.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(" and ")
}

fn options(missing: &[String]) -> String {
    let options: Vec<_> = missing
        .iter()
        .map(|name| format!("--var {name}=…"))
        .collect();
    options.join(" ")
}

fn unknown(name: &str, nearest: Option<&str>, known: &[String]) -> String {
    let end = match (nearest, known) {
        (Some(nearest), _) => format!("did you mean \"{nearest}\"?"),
        (None, []) => "it has none".to_owned(),
        (None, known) => format!("it has {}", names(known)),
    };
    format!("the template has no variable \"{name}\"; {end}")
}

/// Takes the bytes of a request as a prompt.
///
/// # Errors
/// When they are not UTF-8, contain a NUL, or say nothing.
pub fn check_prompt(bytes: Vec<u8>) -> Result<String, PromptError> {
    let text = String::from_utf8(bytes)
        .map_err(|error| PromptError::NotUtf8(error.utf8_error().valid_up_to()))?;
    check_text(&text)?;
    Ok(text)
}

fn check_text(text: &str) -> Result<(), PromptError> {
    if let Some(at) = text.find('\0') {
        return Err(PromptError::Nul(at));
    }
    if text.trim().is_empty() {
        return Err(PromptError::Empty);
    }
    Ok(())
}

/// Reads `NAME=VALUE`, as `--var` takes it; the value is taken as it is.
///
/// # Errors
/// When there is no name or no `=`.
pub fn parse_variable(text: &str) -> Result<(String, String), TemplateError> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.to_owned()))
        }
        _ => Err(TemplateError::NotAnAssignment(text.to_owned())),
    }
}

impl PromptTemplate {
    /// The names that the template asks for, `prompt` among them.
    ///
    /// # Errors
    /// [`TemplateError::Syntax`] when it is no template.
    pub fn used(&self) -> Result<BTreeSet<String>, TemplateError> {
        let environment = environment();
        let template = environment
            .template_from_str(&self.template)
            .map_err(|error| syntax(&error))?;
        Ok(template.undeclared_variables(false).into_iter().collect())
    }

    /// Whether the template lists the profiles that have a route.
    #[must_use]
    pub fn lists_routes(&self) -> bool {
        self.used().is_ok_and(|used| used.contains(ROUTES))
    }

    /// Makes the prompt for a request. `given` are the variables of this run, on top of the
    /// profile's defaults; `routes` is what `{{routes}}` stands for.
    ///
    /// # Errors
    /// When the request cannot be a prompt, a variable has no value, or one is given that the
    /// template does not have.
    pub fn render(
        &self,
        prompt: &str,
        given: &BTreeMap<String, String>,
        routes: &str,
    ) -> Result<Prompt, TemplateError> {
        let text = self.fill(prompt, given, routes)?;
        Ok(match self.mode {
            PromptMode::Raw => Prompt::Raw(text),
            PromptMode::Chat => Prompt::Chat {
                system: self.system.clone(),
                user: text,
            },
        })
    }

    fn fill(
        &self,
        prompt: &str,
        given: &BTreeMap<String, String>,
        routes: &str,
    ) -> Result<String, TemplateError> {
        check_text(prompt)?;
        let environment = environment();
        let template = environment
            .template_from_str(&self.template)
            .map_err(|error| syntax(&error))?;
        let used: BTreeSet<_> = template.undeclared_variables(false).into_iter().collect();
        self.check_given(given, &used)?;
        let mut values: BTreeMap<String, Value> = BTreeMap::new();
        for (name, value) in self.variables.iter().chain(given) {
            values.insert(name.clone(), Value::from(value.as_str()));
        }
        values.insert(PROMPT.to_owned(), Value::from(prompt));
        values.insert(ROUTES.to_owned(), Value::from(routes));
        let missing: Vec<_> = used
            .into_iter()
            .filter(|name| !values.contains_key(name.as_str()))
            .collect();
        if !missing.is_empty() {
            return Err(TemplateError::Missing { missing });
        }
        let rendered = template.render(values).map_err(|error| syntax(&error))?;
        check_text(&rendered)?;
        Ok(rendered)
    }

    /// A misspelt variable must not silently leave the default in place.
    fn check_given(
        &self,
        given: &BTreeMap<String, String>,
        used: &BTreeSet<String>,
    ) -> Result<(), TemplateError> {
        for name in given.keys() {
            if name == PROMPT {
                return Err(TemplateError::Reserved);
            }
            if name == ROUTES {
                return Err(TemplateError::ReservedRoutes);
            }
            if used.contains(name) || self.variables.contains_key(name) {
                continue;
            }
            let known: Vec<_> = used
                .iter()
                .filter(|name| *name != PROMPT && *name != ROUTES)
                .cloned()
                .collect();
            return Err(TemplateError::Unknown {
                name: name.clone(),
                nearest: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
                known,
            });
        }
        Ok(())
    }
}

/// Nothing is escaped (a prompt is no HTML), nothing is trimmed (a last newline may matter to the
/// model), and nothing undefined becomes an empty text.
fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment
}

fn syntax(error: &minijinja::Error) -> TemplateError {
    TemplateError::Syntax {
        line: error.line().unwrap_or(1),
        reason: error
            .detail()
            .map_or_else(|| error.kind().to_string(), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::{PromptError, TemplateError, check_prompt, parse_variable};
    use crate::profile::PromptTemplate;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn template(text: &str) -> PromptTemplate {
        PromptTemplate {
            template: text.to_owned(),
            variables: BTreeMap::from([("language".to_owned(), "python".to_owned())]),
            ..PromptTemplate::default()
        }
    }

    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    const CODE: &str = "Write {{language}} code for: {{prompt}}\n\nCode:";

    #[test]
    fn inserts_defaults_and_given_values() {
        assert_eq!(
            template(CODE).fill("a stack", &given(&[]), "").unwrap(),
            "Write python code for: a stack\n\nCode:"
        );
        assert_eq!(
            template(CODE)
                .fill("a stack", &given(&[("language", "rust")]), "")
                .unwrap(),
            "Write rust code for: a stack\n\nCode:"
        );
    }

    #[test]
    fn keeps_newlines_as_written() {
        let text = "{{prompt}}\n\nCode:\n";
        assert_eq!(
            template(text).fill("x\n", &given(&[]), "").unwrap(),
            "x\n\n\nCode:\n"
        );
    }

    #[test]
    fn names_what_is_missing_and_what_was_meant() {
        for (text, variables, message) in [
            (
                "{{a}} {{b}} {{prompt}}",
                given(&[]),
                "the template needs \"a\" and \"b\": give --var a=… --var b=…",
            ),
            (
                CODE,
                given(&[("langage", "rust")]),
                "the template has no variable \"langage\"; did you mean \"language\"?",
            ),
            (
                CODE,
                given(&[("x", "1")]),
                "the template has no variable \"x\"; it has \"language\"",
            ),
            (
                CODE,
                given(&[("routes", "1")]),
                "\"routes\" is the list of profiles that have a \"route\": write it there, not with --var",
            ),
            (
                CODE,
                given(&[("prompt", "1")]),
                "\"prompt\" is the request itself: give it as the prompt, not with --var",
            ),
            (
                "one\n{{ prompt",
                given(&[]),
                "line 2 of the template: unexpected end of input, expected end of variable block",
            ),
        ] {
            let error = template(text).fill("p", &variables, "").unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn refuses_what_is_no_prompt() {
        assert_eq!(check_prompt(b" \n".to_vec()), Err(PromptError::Empty));
        assert_eq!(check_prompt(b"ab\0c".to_vec()), Err(PromptError::Nul(2)));
        assert_eq!(
            check_prompt(b"ab\xffc".to_vec()),
            Err(PromptError::NotUtf8(2))
        );
        assert_eq!(
            template(CODE).fill("", &given(&[]), ""),
            Err(TemplateError::Prompt(PromptError::Empty))
        );
    }

    #[test]
    fn a_variable_is_an_assignment() {
        let pair = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(parse_variable("language=rust"), pair("language", "rust"));
        assert_eq!(parse_variable("a=b=c"), pair("a", "b=c"));
        assert_eq!(parse_variable("a="), pair("a", ""));
        assert!(parse_variable("language").is_err());
        assert!(parse_variable("=rust").is_err());
    }

    proptest! {
        #[test]
        fn nothing_in_a_request_is_interpreted(
            prompt in "[^\0]{0,20}(\\{\\{ 7 \\* 7 \\}\\}|\\{% raw %\\}|\\{#|&<>\"|\\\\n)[^\0]{0,20}",
            value in "[^\0]{0,10}\\{\\{prompt\\}\\}",
        ) {
            let rendered = template(CODE).fill(&prompt, &given(&[("language", &value)]), "").unwrap();
            prop_assert_eq!(rendered, format!("Write {value} code for: {prompt}\n\nCode:"));
        }

        #[test]
        fn never_panics(text in ".{0,40}", prompt in ".{0,10}") {
            let _ = template(&text).fill(&prompt, &given(&[]), "");
        }
    }
}
