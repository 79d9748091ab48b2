//! Templates of older tools (`{prompt}`, as Python's `str.format` has it) as ours (`{{prompt}}`).

use std::collections::BTreeSet;

use crate::profile::PromptTemplate;

/// The variable that stands for the request.
const PROMPT: &str = "prompt";

/// The pairs that begin and end a part of a minijinja template.
const PARTS: [(&str, &str); 3] = [("{{", "}}"), ("{%", "%}"), ("{#", "#}")];

/// A template that can be used, and the names whose braces were doubled.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Converted {
    pub(super) template: String,
    pub(super) doubled: Vec<String>,
}

/// Makes a template of ours of one. What is one already stays as it is.
///
/// # Errors
/// When the result is no template, or has no place for the request.
pub(super) fn convert(text: &str) -> Result<Converted, String> {
    if used(text).is_ok_and(|names| names.contains(PROMPT)) {
        return Ok(Converted {
            template: text.to_owned(),
            doubled: Vec::new(),
        });
    }
    let converted = double_braces(text);
    let names = used(&converted.template)?;
    if !names.contains(PROMPT) {
        return Err(
            "the template has no {prompt}, so the request would reach the model nowhere; \
                    put {{prompt}} into prompt.template where the request belongs"
                .to_owned(),
        );
    }
    Ok(converted)
}

/// The names that a template asks for.
///
/// # Errors
/// When it is no template.
pub(super) fn used(template: &str) -> Result<BTreeSet<String>, String> {
    let template = PromptTemplate {
        template: template.to_owned(),
        ..PromptTemplate::default()
    };
    template.used().map_err(|error| error.to_string())
}

/// Doubles the braces around names. Other braces, such as those of code, stay, and so does what is
/// between double braces already.
fn double_braces(text: &str) -> Converted {
    let (mut template, mut doubled) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        template.push_str(before);
        let part = PARTS.iter().find(|(begin, _)| from.starts_with(begin));
        let length = if let Some((begin, end)) = part {
            let inside = &from[begin.len()..];
            let length = inside
                .find(end)
                .map_or(from.len(), |at| begin.len() + at + end.len());
            template.push_str(&from[..length]);
            length
        } else if let Some(name) = name(from).filter(|name| {
            // A shell's or JavaScript's own, but for the one name that can only be meant for us.
            !before.ends_with('$') || *name == PROMPT
        }) {
            if template.ends_with('$') {
                template.pop();
            }
            template.push_str(&format!("{{{{{name}}}}}"));
            if !doubled.iter().any(|known| known == name) {
                doubled.push(name.to_owned());
            }
            name.len() + 2
        } else {
            template.push('{');
            1
        };
        rest = &from[length..];
    }
    template.push_str(rest);
    Converted { template, doubled }
}

/// The name in `{name}` at the beginning of a text.
fn name(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('{')?.split_once('}')?;
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    (name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit()))
        .then_some(name)
}

#[cfg(test)]
mod tests {
    use super::convert;
    use proptest::prelude::*;

    #[test]
    fn names_in_single_braces_become_variables() {
        for (older, ours) in [
            ("{prompt}", "{{prompt}}"),
            (
                "Write {language} code for: {prompt}\n\nCode:",
                "Write {{language}} code for: {{prompt}}\n\nCode:",
            ),
            ("${prompt} in ${HOME}", "{{prompt}} in ${HOME}"),
            (
                "int main() { return 0; } {} {0} {prompt}",
                "int main() { return 0; } {} {0} {{prompt}}",
            ),
            ("{{ language }} {prompt}", "{{ language }} {{prompt}}"),
            ("{{prompt}} {x}", "{{prompt}} {x}"),
            (
                "{% if a %}{{prompt}}{% endif %}",
                "{% if a %}{{prompt}}{% endif %}",
            ),
        ] {
            assert_eq!(convert(older).unwrap().template, ours, "{older}");
        }
        assert_eq!(convert("{a}{prompt}{a}").unwrap().doubled, ["a", "prompt"]);
    }

    #[test]
    fn what_has_no_place_for_the_request_is_told() {
        for older in [
            "",
            "Code:",
            "{question}",
            "{}",
            "{% for m in messages %}{{m}}{% endfor %}",
        ] {
            let error = convert(older).unwrap_err();
            assert!(error.contains("no {prompt}"), "{error}");
        }
        assert!(convert("{% {prompt}").unwrap_err().contains("line 1"));
    }

    proptest! {
        #[test]
        fn never_panics(text in "([{}%#$é]|[a-z]|prompt|\\PC){0,20}") {
            let _ = convert(&text);
        }
    }
}
