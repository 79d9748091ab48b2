//! How a model is made to choose among names, and how sure it was.
//!
//! A grammar admits the names only. The probabilities that a server tells beside its tokens are those
//! before the grammar: what they give to tokens that begin no name says nothing about the choice, so a
//! name's share is counted among the names alone.

use serde_json::Value;

/// How many of the likeliest tokens are asked for at each place: with a dozen names, their beginnings are
/// among them unless the model would rather say something else altogether.
pub const PROBABILITIES: u32 = 50;

/// A grammar (GBNF) whose only texts are these names, each with or without one space before it: a prompt
/// that ends in a colon is followed by one, a turn of a chat is not.
#[must_use]
pub fn grammar<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(quoted).collect();
    format!("root ::= \" \"? ({})\n", names.join(" | "))
}

/// A literal of GBNF.
fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => text.push_str(&format!("\\x{:02X}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// One place of an answer: the token that was chosen, and the likeliest ones with their probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The text of the chosen token.
    pub chosen: String,
    /// Text and probability, 0 to 1.
    pub likeliest: Vec<(String, f64)>,
}

impl Place {
    /// The places in one event of a stream that was asked with `n_probs`. Before December 2024 the fields
    /// had other names (`content`, `probs`, `tok_str`, `prob`), and probabilities were not logarithms.
    #[must_use]
    pub fn of_event(data: &Value) -> Vec<Self> {
        let places = data
            .get("completion_probabilities")
            .and_then(Value::as_array);
        places
            .into_iter()
            .flatten()
            .filter_map(Self::read)
            .collect()
    }

    fn read(place: &Value) -> Option<Self> {
        let text = |value: &Value, keys: [&str; 2]| {
            let found = keys.iter().find_map(|key| value.get(key)?.as_str());
            found.map(str::to_owned)
        };
        let likeliest = ["top_logprobs", "top_probs", "probs"]
            .iter()
            .find_map(|key| place.get(key)?.as_array())?;
        Some(Self {
            chosen: text(place, ["token", "content"])?,
            likeliest: likeliest
                .iter()
                .filter_map(|token| {
                    let probability = match token.get("logprob").and_then(Value::as_f64) {
                        Some(logarithm) => logarithm.exp(),
                        None => token.get("prob")?.as_f64()?,
                    };
                    // What is none is nothing to reckon with; 1 may be a hair more by rounding.
                    let is_one = probability.is_finite() && probability >= 0.0;
                    let text = text(token, ["token", "tok_str"])?;
                    is_one.then_some((text, probability.min(1.0)))
                })
                .collect(),
        })
    }
}

/// The share of probability of the name that was chosen, among all names: at each place, of all tokens with
/// which one of the names goes on, the probability of those with which the chosen one does (there may be
/// several, as " a" and " alg"), multiplied over the places. `None` where no place is known, or the
/// likeliest tokens say nothing of the names.
#[must_use]
pub fn share(places: &[Place], names: &[&str]) -> Option<f64> {
    let chosen: String = places.iter().map(|place| place.chosen.as_str()).collect();
    let name = names.iter().find(|name| **name == chosen.trim())?;
    let (mut said, mut share) = (String::new(), 1.0);
    // The end of the text has no text, and stands in no name.
    for place in places.iter().filter(|place| !place.chosen.is_empty()) {
        let (mut this, mut all) = (0.0, 0.0);
        for (token, probability) in &place.likeliest {
            let text = format!("{said}{token}");
            if token.is_empty() || !names.iter().any(|name| begins(name, &text)) {
                continue;
            }
            all += probability;
            if begins(name, &text) {
                this += probability;
            }
        }
        if this <= 0.0 {
            return None;
        }
        share *= this / all;
        said.push_str(&place.chosen);
    }
    Some(share)
}

/// Whether a name, with or without its space, begins with this text.
fn begins(name: &str, text: &str) -> bool {
    name.starts_with(text) || format!(" {name}").starts_with(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn place(chosen: &str, likeliest: &[(&str, f64)]) -> Place {
        let owned = |(text, p): &(&str, f64)| ((*text).to_owned(), *p);
        Place {
            chosen: chosen.to_owned(),
            likeliest: likeliest.iter().map(owned).collect(),
        }
    }

    const NAMES: [&str; 3] = ["coder", "code-review", "algorithm"];

    #[test]
    fn a_grammar_admits_the_names() {
        assert_eq!(
            grammar(["coder", "a\"b\\"]),
            "root ::= \" \"? (\"coder\" | \"a\\\"b\\\\\")\n"
        );
    }

    #[test]
    fn a_share_is_counted_among_the_names() {
        // Half of the probability goes to a word that is no name's beginning; two tokens begin the
        // chosen name.
        let first = place(
            " al",
            &[("The", 0.5), (" al", 0.3), (" code", 0.1), ("alg", 0.1)],
        );
        let second = place("gorithm", &[("gorithm", 0.9), ("so", 0.1)]);
        let share = share(&[first, second, place("", &[])], &NAMES).expect("a share");
        assert!((share - 0.8).abs() < 1e-9, "{share}");
    }

    #[test]
    fn names_that_begin_alike_are_told_apart_where_they_part() {
        let first = place("code", &[("code", 0.8), ("alg", 0.2)]);
        let second = place("r", &[("r", 0.75), ("-", 0.25)]);
        let share = share(&[first, second], &NAMES).expect("a share");
        assert!((share - 0.6).abs() < 1e-9, "{share}");
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        assert_eq!(share(&[], &NAMES), None);
        assert_eq!(share(&[place("coder", &[("alg", 1.0)])], &NAMES), None);
        assert_eq!(share(&[place("writer", &[("writer", 1.0)])], &NAMES), None);
    }

    #[test]
    fn events_of_all_ages() {
        let today = json!({"completion_probabilities": [{"id": 3, "token": "a", "logprob": -0.1,
            "top_logprobs": [{"id": 3, "token": "a", "logprob": 0.0}]}]});
        let old = json!({"completion_probabilities": [{"content": "a",
            "probs": [{"tok_str": "a", "prob": 1.0}]}]});
        let expected = vec![place("a", &[("a", 1.0)])];
        assert_eq!(Place::of_event(&today), expected);
        assert_eq!(Place::of_event(&old), expected);
        assert_eq!(Place::of_event(&json!({})), vec![]);
    }

    #[test]
    fn what_is_no_probability_is_left_out() {
        let event = json!({"completion_probabilities": [{"token": "a", "top_logprobs": [
            {"token": "a", "logprob": 1e-9}, {"token": "b", "logprob": 1e9},
            {"token": "c", "prob": -0.5}]}]});
        assert_eq!(Place::of_event(&event), vec![place("a", &[("a", 1.0)])]);
    }

    proptest! {
        /// However a name falls into tokens, and whatever else was likely.
        #[test]
        fn a_share_is_a_share(
            name in prop::sample::select(NAMES.to_vec()),
            cuts in prop::collection::vec(1usize..5, 1..12),
            others in prop::collection::vec(("(c|co|coder| al|algorithm|r|x|)", 0.0..1.0f64), 0..5),
        ) {
            let (mut places, mut rest) = (Vec::new(), name);
            for cut in cuts.into_iter().cycle() {
                let (token, after) = rest.split_at(cut.min(rest.len()));
                let mut likeliest = others.clone();
                likeliest.retain(|(text, _)| text != token);
                likeliest.push((token.to_owned(), 0.5));
                places.push(Place { chosen: token.to_owned(), likeliest });
                rest = after;
                if rest.is_empty() {
                    break;
                }
            }
            let share = share(&places, &NAMES);
            prop_assert!(share.is_some_and(|share| share > 0.0 && share <= 1.0), "{share:?}");
        }
    }
}
