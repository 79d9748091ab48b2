use std::time::Duration;

use proptest::prelude::*;
use regex::Regex;

use super::{Seen, judge, judge_again};
use crate::engine::Measured;
use crate::smoke::{Again, Expectation};

/// A run of eight tokens in which all is well.
fn well() -> Seen {
    Seen {
        end: "limit",
        end_in_words: "token limit".to_owned(),
        text: "one two".to_owned(),
        pieces: 2,
        first_piece: Some(Duration::from_millis(20)),
        measured: Measured {
            load_ms: Some(10.0),
            ttft_ms: Some(20.0),
            prompt_ms: Some(5.0),
            prompt_tokens: Some(3),
            generated_tokens: Some(8),
            ms_per_token: Some(2.0),
            decided_ms: 40.0,
            total_ms: 45.0,
            ..Measured::default()
        },
        ..Seen::default()
    }
}

/// What is asked of it in one go.
fn all() -> Expectation {
    Expectation {
        end: vec!["limit".to_owned()],
        text: Some("one two".to_owned()),
        text_matches: Some(Regex::new("^one").expect("a pattern")),
        non_empty: true,
        tokens: Some(8),
        streams: true,
        timings_add_up: true,
        tokens_per_second: Some(499.0),
        ..Expectation::default()
    }
}

#[test]
fn what_is_well_has_no_problem() {
    assert_eq!(judge(&all(), &well()), Vec::<String>::new());
}

/// Each change of what was seen is noticed, and by one sentence alone.
#[test]
fn whatever_is_not_well_is_told() {
    type Change = fn(&mut Seen);
    let cases: [(&str, Change); 13] = [
        ("the end was to be limit, and is eos", |seen| {
            seen.end = "eos"
        }),
        ("the exit code was to be 0, and is 7", |seen| seen.exit = 7),
        ("the text was to be \"one two\", and is \"one\"", |seen| {
            seen.text = "one".to_owned();
        }),
        ("there were to be 8 tokens, and there are none", |seen| {
            seen.measured.generated_tokens = None;
        }),
        ("came in 1", |seen| seen.pieces = 1),
        ("no piece of the text came before the end", |seen| {
            seen.first_piece = Some(Duration::from_millis(40));
        }),
        ("load_ms is missing", |seen| seen.measured.load_ms = None),
        ("prompt_ms is NaN", |seen| {
            seen.measured.prompt_ms = Some(f64::NAN)
        }),
        ("prompt_tokens is missing", |seen| {
            seen.measured.prompt_tokens = Some(0)
        }),
        ("the times do not add up: load 10.0", |seen| {
            seen.measured.load_ms = Some(10.0);
            seen.measured.prompt_ms = Some(50.0);
        }),
        ("first text after 90.0 ms", |seen| {
            seen.measured.ttft_ms = Some(90.0)
        }),
        ("wrote 333.33", |seen| {
            seen.measured.ms_per_token = Some(3.0)
        }),
        ("left behind: a socket", |seen| {
            seen.left = vec!["a socket".to_owned()]
        }),
    ];
    for (words, change) in cases {
        let mut seen = well();
        change(&mut seen);
        let problems = judge(&all(), &seen);
        assert!(
            problems.iter().any(|one| one.contains(words)),
            "{words}: {problems:?}"
        );
    }
}

#[test]
fn a_failure_tells_its_reason_unless_it_was_expected() {
    let seen = Seen {
        end: "crashed",
        exit: 5,
        error: Some("llama.cpp cannot use this model: x".to_owned()),
        log: vec!["a line".to_owned()],
        ended_after: Some(Duration::from_secs(2)),
        ..well()
    };
    let problems = judge(&all(), &seen);
    assert!(
        problems.iter().any(|one| one.contains("cannot use")),
        "{problems:?}"
    );
    let expected = Expectation {
        end: vec!["crashed".to_owned()],
        exit: 5,
        error_contains: Some("cannot use".to_owned()),
        stderr_contains: Some("line".to_owned()),
        within: Some(Duration::from_secs(2)),
        ..Expectation::default()
    };
    assert_eq!(judge(&expected, &seen), Vec::<String>::new());
    let silent = Seen {
        error: None,
        log: Vec::new(),
        ended_after: None,
        ..seen
    };
    assert_eq!(judge(&expected, &silent).len(), 3);
}

#[test]
fn a_second_text_is_held_against_the_first() {
    let again = |same_text| Again {
        settings: Vec::new(),
        same_text,
    };
    assert_eq!(judge_again(&again(true), "a", "a"), None);
    assert_eq!(judge_again(&again(false), "a", "b"), None);
    assert!(judge_again(&again(true), "a", "b").is_some_and(|told| told.contains("\"b\"")));
    assert!(judge_again(&again(false), "a", "a").is_some());
}

proptest! {
    /// Whatever a program reports, it is judged without a panic, and nothing that is not asked for counts.
    #[test]
    fn any_run_can_be_judged(
        text in any::<String>(),
        figures in prop::collection::vec(prop::option::of(any::<f64>()), 4),
        tokens in prop::option::of(any::<u64>()),
        total_ms in any::<f64>(),
    ) {
        let seen = Seen {
            text,
            measured: Measured {
                load_ms: figures[0],
                ttft_ms: figures[1],
                prompt_ms: figures[2],
                ms_per_token: figures[3],
                generated_tokens: tokens,
                total_ms,
                ..Measured::default()
            },
            ..well()
        };
        let _ = judge(&all(), &seen);
        prop_assert_eq!(judge(&Expectation::default(), &seen), Vec::<String>::new());
    }

    /// Parts that are longer than the whole are always noticed, and shorter ones never are.
    #[test]
    fn parts_are_held_against_the_whole(load in 0.0..1e4, prompt in 0.0..1e4, each in 0.0..1e3, tokens in 2_u64..100) {
        #[expect(clippy::cast_precision_loss, reason = "below 100")]
        let sum = load + prompt + each * (tokens - 1) as f64;
        let seen = |total_ms| Seen {
            measured: Measured {
                load_ms: Some(load),
                prompt_ms: Some(prompt),
                ms_per_token: Some(each),
                generated_tokens: Some(tokens),
                ttft_ms: Some(0.0),
                prompt_tokens: Some(1),
                total_ms,
                ..Measured::default()
            },
            ..well()
        };
        let expect = Expectation { timings_add_up: true, ..Expectation::default() };
        prop_assert!(judge(&expect, &seen(sum)).is_empty());
        let short = (sum - 11.0) / 1.06;
        prop_assert!(short < 0.0 || !judge(&expect, &seen(short)).is_empty());
    }
}
