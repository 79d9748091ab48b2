//! Names of models as names of profiles.

use std::collections::BTreeMap;

use super::report::Report;
use crate::profiles::new::check_name;

/// Words that stand for something else where a profile is named.
const RESERVED: &[&str] = &[crate::profile::AUTO, crate::profile::ROUTER];

/// Long enough for every name that somebody types, and well below what file systems take.
const LONGEST: usize = 64;

/// Which profile each model becomes, by the model's name in the older file.
pub(super) type Names = BTreeMap<String, String>;

/// Gives each model, told by its JSON path and its name, the name of a profile. Names that can stay
/// as they are come first; a model whose new name is taken gets none.
pub(super) fn assign(models: &[(&str, &str)], report: &mut Report) -> Vec<Option<String>> {
    let mut given: Vec<Option<String>> = vec![None; models.len()];
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for stays in [true, false] {
        for ((path, name), given) in models.iter().zip(&mut given) {
            let new = profile_name(name);
            if (new == *name) != stays {
                continue;
            }
            if let Some(other) = taken.get(&new) {
                report.leave_out(
                    path,
                    format!("it would be the profile \"{new}\", as {other} is; rename one of them"),
                );
                continue;
            }
            if !stays {
                report.note(
                    path,
                    format!(
                        "{name:?} cannot be the name of a profile (a-z, 0-9, _ and -): it is \
                         \"{new}\" now"
                    ),
                );
            }
            taken.insert(new.clone(), path);
            *given = Some(new);
        }
    }
    given
}

/// The nearest name that a profile can have.
fn profile_name(name: &str) -> String {
    let mut new = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-' {
            new.push(c);
        } else if !new.ends_with('-') {
            new.push('-');
        }
    }
    // A name that can stay keeps a dash at its end.
    if check_name(name).is_err() {
        new = new.trim_matches('-').to_owned();
    }
    new.truncate(LONGEST);
    if new.is_empty() {
        new.push_str("model");
    }
    if RESERVED.contains(&new.as_str()) {
        new.push_str("-model");
    }
    new
}

#[cfg(test)]
mod tests {
    use super::{assign, profile_name};
    use crate::profiles::import::report::Report;
    use crate::profiles::new::check_name;
    use proptest::prelude::*;

    #[test]
    fn names_become_ones_that_a_profile_can_have() {
        for (name, new) in [
            ("coder", "coder"),
            ("coder-", "coder-"),
            ("Qwen 2.5/Coder", "qwen-2-5-coder"),
            ("", "model"),
            ("../..", "model"),
            ("auto", "auto-model"),
            ("-x", "x"),
            ("Größe", "gr-e"),
        ] {
            assert_eq!(profile_name(name), new, "{name}");
        }
    }

    #[test]
    fn the_second_of_a_name_gets_none_and_the_exact_one_is_never_the_second() {
        let mut report = Report::default();
        let models = [("models.Coder", "Coder"), ("models.coder", "coder")];
        assert_eq!(
            assign(&models, &mut report),
            [None, Some("coder".to_owned())]
        );
        assert_eq!(
            report.left_out[0].to_string(),
            "models.Coder: it would be the profile \"coder\", as models.coder is; rename one of them"
        );
    }

    proptest! {
        #[test]
        fn every_name_can_be_a_profile(name in ".{0,80}") {
            let new = profile_name(&name);
            prop_assert!(check_name(&new).is_ok(), "{}", new);
            prop_assert!(new.len() <= 64 && new != "auto");
        }
    }
}
