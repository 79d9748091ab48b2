//! When a silent server is asked, on paper.

use super::served_tests::{piece_of, terms};
use super::tests::{err, ms};
use super::{Action, Generation, Input, Program, Terms};
use crate::dialect::{SlotState, Told};
use crate::watchdog::Windows;

fn told(decoded: u64) -> Input {
    Input::Counted(Ok(Told {
        slots: vec![SlotState {
            decoded: Some(decoded),
            ..SlotState::default()
        }],
        decode_calls: None,
    }))
}

/// A server that has generated so many tokens by second 1.
fn generating(tokens: u32, terms: Terms) -> Generation {
    let mut generation = Generation::new(terms);
    generation.handle(ms(100), Input::Asked);
    generation.handle(ms(1000), piece_of("x", tokens));
    generation
}

/// Goes on until then with nothing but ticks and these answers; when it asked.
fn asks(
    generation: &mut Generation,
    until: u64,
    answer: impl Fn(u64) -> Option<Input>,
) -> Vec<u64> {
    let mut asked = Vec::new();
    while let Some(at) = generation.deadline().filter(|at| *at <= ms(until)) {
        let now = u64::try_from(at.as_millis()).expect("soon");
        for action in generation.handle(at, Input::Tick) {
            match action {
                Action::Count => {
                    asked.push(now);
                    if let Some(answer) = answer(now) {
                        generation.handle(at, answer);
                    }
                }
                Action::Stop(_) => return asked,
                _ => {}
            }
        }
    }
    asked
}

#[test]
fn a_server_is_asked_after_five_seconds_of_silence_and_every_five() {
    let mut generation = generating(1, terms());
    assert_eq!(
        asks(&mut generation, 19_000, |_| Some(told(1))),
        [6000, 11_000, 16_000]
    );
    generation.handle(ms(19_000), err("I slot update\n"));
    assert_eq!(
        asks(&mut generation, 29_500, |_| Some(told(1))),
        [24_000, 29_000],
        "a line of the log is a word"
    );
}

#[test]
fn whoever_does_not_answer_is_asked_less_often_and_once_said_to() {
    let mut generation = generating(1, terms());
    let silent = |_| Some(Input::Counted(Err("no answer".to_owned())));
    assert_eq!(
        asks(&mut generation, 80_000, silent),
        [6000, 16_000, 36_000, 76_000]
    );
    let mut generation = generating(1, terms());
    assert_eq!(
        asks(&mut generation, 80_000, |_| None),
        [6000],
        "one at a time"
    );
    let failed = || Input::Counted(Err("no answer".to_owned()));
    let said = |actions: Vec<Action>| {
        let lines = actions.into_iter();
        let lines = lines.filter(|action| matches!(action, Action::Log(_)));
        lines.count()
    };
    assert_eq!(said(generation.handle(ms(80_000), failed())), 1);
    assert_eq!(said(generation.handle(ms(80_001), failed())), 0);
}

#[test]
fn only_a_ready_server_that_counts_is_asked() {
    let mut loading = Generation::new(terms());
    assert_eq!(asks(&mut loading, 60_000, |_| None), [0; 0]);
    let program = Program::Server {
        context: 256,
        counts: false,
    };
    let mut mute = generating(1, Terms { program, ..terms() });
    assert_eq!(asks(&mut mute, 60_000, |_| None), [0; 0]);
}

#[test]
fn only_numbers_that_have_changed_put_off_a_verdict() {
    let watched = || {
        let mut terms = terms();
        terms.watch.windows = Windows {
            decode: Some(ms(10_000)),
            ..Windows::default()
        };
        terms
    };
    // When it is stopped, if it is: the first deadline at which it has none any more.
    let stopped = |count: fn(u64) -> u64| {
        let mut generation = generating(40, watched());
        asks(&mut generation, 100_000, |now| Some(told(count(now))));
        generation.deadline().is_none()
    };
    assert!(stopped(|_| 40), "the stream had told as many");
    assert!(stopped(|_| 39), "and more than that");
    assert!(!stopped(|now| 40 + now / 1000));
    let mut frozen = generating(40, watched());
    let last = asks(&mut frozen, 100_000, |_| Some(told(41)));
    assert_eq!(
        last,
        [6000, 11_000],
        "stopped at 16 s: 41 is one that nobody had heard of, once"
    );
}
