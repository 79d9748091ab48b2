//! Which of the cases are meant by a pattern. Pure.

/// Whether a pattern means the case `name` when it is run by `program`. `*` stands for anything; without
/// one it is the name of a case, or a name with its program, to the letter.
#[must_use]
pub(super) fn means(pattern: &str, name: &str, program: Option<&str>) -> bool {
    let full = full(name, program);
    fits(pattern.as_bytes(), full.as_bytes()) || fits(pattern.as_bytes(), name.as_bytes())
}

/// The name of a case when it is run by `program`.
#[must_use]
pub(super) fn full(name: &str, program: Option<&str>) -> String {
    match program {
        Some(program) => format!("{name}/{program}"),
        None => name.to_owned(),
    }
}

/// Whether a text fits a pattern with `*`. Takes at most pattern × text steps, whatever the stars.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    // Where the last star is, and how much of the text it has swallowed.
    let mut star = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(expected) if *expected == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((place, swallowed)) => {
                    at = place + 1;
                    seen = swallowed + 1;
                    star = Some((place, seen));
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_means_a_case_or_one_program_of_it() {
        let server = Some("server");
        for pattern in [
            "stop",
            "stop/server",
            "st*",
            "*/server",
            "*",
            "*op*",
            "stop*",
        ] {
            assert!(means(pattern, "stop", server), "{pattern}");
        }
        for pattern in [
            "",
            "sto",
            "server",
            "stop/",
            "stop/completion",
            "top*",
            "*/ser",
        ] {
            assert!(!means(pattern, "stop", server), "{pattern}");
        }
        assert!(means("own", "own", None));
    }

    proptest! {
        #[test]
        fn a_star_stands_for_anything(parts in prop::collection::vec("[a-c]{0,3}", 1..5), fill in "[a-c/]{0,4}") {
            let text = parts.join(&fill);
            prop_assert!(fits(parts.join("*").as_bytes(), text.as_bytes()));
        }

        #[test]
        fn without_a_star_only_the_same_fits(one in "[ab]{0,4}", other in "[ab]{0,4}") {
            prop_assert_eq!(fits(one.as_bytes(), other.as_bytes()), one == other);
        }
    }
}
