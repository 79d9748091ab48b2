//! The parts, each for itself.

use std::time::Duration;

use proptest::prelude::*;

use super::sim::secs;
use crate::units::MsPerToken;
use crate::watchdog::gaps::Gaps;
use crate::watchdog::pace::PromptPace;
use crate::watchdog::repeat::{LONGEST_PERIOD, Repeats, TOKENS_TO_LOOP};
use crate::watchdog::shapes::Shapes;
use crate::watchdog::{
    Known, Phase, Source, Window, Windows, Work, auto_budget, decode_window, load_window,
    prefill_window, project,
};

fn window(seconds: f64, source: Source) -> Window {
    Window {
        length: secs(seconds),
        source,
    }
}

#[test]
fn windows_follow_their_formulas() {
    let gap = |seconds| Some(Known::new(secs(seconds), Source::ThisRun));
    assert_eq!(decode_window(None), window(60.0, Source::Constant));
    assert_eq!(decode_window(gap(0.04)), window(10.0, Source::ThisRun));
    assert_eq!(decode_window(gap(5.0)), window(100.0, Source::ThisRun));

    let rate = |rate| Some(Known::new(rate, Source::History));
    assert_eq!(
        prefill_window(256, 1000, None),
        window(1024.0, Source::Constant)
    );
    assert_eq!(
        prefill_window(32, 1000, None),
        window(128.0, Source::Constant)
    );
    assert_eq!(
        prefill_window(256, 10, None),
        window(40.0, Source::Constant)
    );
    assert_eq!(
        prefill_window(256, 1000, rate(100.0)),
        window(30.0, Source::History)
    );
    assert_eq!(
        prefill_window(2048, u64::MAX, rate(10.0)),
        window(1638.4, Source::History)
    );
    assert_eq!(
        prefill_window(256, 1000, rate(0.0)),
        window(1024.0, Source::Constant)
    );
    assert_eq!(
        prefill_window(256, 1000, rate(f64::NAN)),
        window(1024.0, Source::Constant)
    );

    let load = |seconds| Some(Known::new(secs(seconds), Source::History));
    assert_eq!(load_window(None), window(30.0, Source::Constant));
    assert_eq!(load_window(load(1.0)), window(30.0, Source::History));
    assert_eq!(load_window(load(60.0)), window(480.0, Source::History));

    let fixed = Windows {
        decode: Some(secs(2.0)),
        load: Some(Duration::ZERO),
        ..Windows::default()
    };
    assert_eq!(fixed.fixed(Phase::Decode), Some(window(2.0, Source::Fixed)));
    assert_eq!(fixed.fixed(Phase::Load), Some(window(1.0, Source::Fixed)));
    assert_eq!(fixed.fixed(Phase::Prefill), None);
}

#[test]
fn the_last_reported_batch_may_still_have_to_be_evaluated() {
    let mut pace = PromptPace::default();
    pace.entered(secs(0.0));
    assert_eq!(pace.left(Some(100)), 100);
    assert!(pace.report(secs(16.0), 32, 70));
    assert!(pace.report(secs(32.0), 64, 70));
    assert_eq!(pace.left(None), 38);
    // The last batch is small; the time since the report before may be that of a full one.
    assert!(pace.report(secs(48.0), 70, 70));
    assert_eq!(pace.rate(None), Known::new(2.0, Source::ThisRun));
    assert!(!pace.report(secs(49.0), 70, 70));
}

#[test]
fn a_budget_is_three_times_the_work() {
    let work = Work {
        load: secs(2.0),
        prefill: secs(10.0),
        tokens: 100,
        ms_per_token: 200.0,
    };
    assert_eq!(auto_budget(&work), secs(96.0));
}

#[test]
fn a_projection_counts_what_is_spent() {
    let speed = Known::new(MsPerToken::new(207.0).expect("a speed"), Source::ThisRun);
    let at = |before: f64, limit| {
        project(
            speed,
            256,
            (16, secs(before + 16.0 * 0.207)),
            secs(before),
            secs(limit),
        )
    };
    let late = at(10.0, 30.0).expect("it cuts");
    assert_eq!((late.cut_after, late.fitting), (97, 96));
    assert_eq!(late.suggested, secs(100.0));
    // 10 + 53 s, if the rest is not faster by a tenth.
    assert_eq!(at(10.0, 64.0), None);
    assert_eq!(at(10.0, 60.0), None);
    assert!(at(10.0, 57.0).is_some());
    assert_eq!(at(40.0, 30.0).expect("it cuts").cut_after, 16);
}

#[test]
fn a_line_with_another_number_is_the_same_line() {
    let mut shapes = Shapes::default();
    for (line, new) in [
        ("slot 0: 17 %", true),
        ("slot 12: 99 %", false),
        ("slot 0: idle", true),
        ("progress .....", true),
        ("progress ........", false),
        ("ptr 0x7fa3b1", true),
        ("ptr 0x7ffe0c", false),
        ("größe 1", true),
        ("größe 2", false),
        ("", true),
        ("", false),
    ] {
        assert_eq!(shapes.is_new(line), new, "{line}");
    }
}

#[test]
fn the_memory_of_lines_is_bounded() {
    let mut shapes = Shapes::default();
    let letters = |mut number: u32| {
        let mut word = String::new();
        while number > 0 {
            word.push(char::from(b'a' + (number % 26) as u8));
            number /= 26;
        }
        word
    };
    let new = (1..5000)
        .filter(|number| shapes.is_new(&letters(*number)))
        .count();
    assert_eq!(new, 1024);
}

#[test]
fn pieces_of_several_tokens_count_as_so_many() {
    for tokens in [2, 3, 17, 63, 64] {
        let mut guard = Repeats::default();
        let pieces = (1..1000).find(|_| guard.push(tokens, b"again").is_some());
        assert_eq!(pieces, Some(TOKENS_TO_LOOP.div_ceil(tokens)));
    }
    let mut guard = Repeats::default();
    assert!((0..20).all(|_| guard.push(65, b"long").is_none()));
}

/// Whether the last tokens repeat with a period of at most 64, by looking at them.
fn repeats(tokens: &[u8]) -> Option<usize> {
    let last = tokens.len().checked_sub(TOKENS_TO_LOOP as usize)?;
    let tokens = &tokens[last..];
    (1..=LONGEST_PERIOD).find(|period| tokens[*period..] == tokens[..tokens.len() - period])
}

proptest! {
    #[test]
    fn the_loop_guard_sees_what_one_sees(
        head in prop::collection::vec(0u8..3, 0..100),
        passage in prop::collection::vec(0u8..3, 1..80),
        length in 400usize..700,
        flaw in prop::option::of(0usize..700),
    ) {
        let mut tokens = head;
        tokens.extend(passage.into_iter().cycle().take(length));
        if let Some(token) = flaw.and_then(|at| tokens.get_mut(at)) {
            *token = 9;
        }
        let mut guard = Repeats::default();
        for end in 1..=tokens.len() {
            let seen = guard.push(1, &[tokens[end - 1]]);
            prop_assert_eq!(seen, repeats(&tokens[..end]), "after {} tokens", end);
        }
    }

    #[test]
    fn the_percentile_is_hardly_too_long(gaps in prop::collection::vec(0u64..10_000_000, 1..400)) {
        let mut histogram = Gaps::default();
        for gap in &gaps {
            histogram.push(Duration::from_micros(*gap));
        }
        let mut sorted = gaps;
        sorted.sort_unstable();
        let exact = sorted[(sorted.len() * 99).div_ceil(100) - 1];
        let found = histogram.p99().expect("a gap").as_micros();
        prop_assert!(found >= u128::from(exact), "{} of {}", found, exact);
        prop_assert!(found <= u128::from(exact + exact / 8 + 1), "{} of {}", found, exact);
    }
}
