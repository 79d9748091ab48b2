//! What holds for every child.

use std::time::Duration;

use proptest::prelude::*;

use super::sim::{Look, Sim, secs};
use crate::units::MsPerToken;
use crate::watchdog::{
    Budget, BudgetKind, Counters, Event, Expected, Known, Phase, SPIN_WINDOWS, Sign, Source, Terms,
    Verdict, Watchdog, decode_window,
};

const BATCH: u32 = 32;

fn terms() -> Terms {
    Terms {
        max_tokens: 1_000_000,
        batch: BATCH,
        ..Terms::default()
    }
}

/// With a budget that follows from what is expected.
fn automatic(expected: Expected) -> Terms {
    Terms {
        max_tokens: 1000,
        budget: Budget::Auto { floor: secs(120.0) },
        expected,
        ..terms()
    }
}

/// How an honest child may look.
fn honest() -> impl Strategy<Value = Look> {
    prop_oneof![
        Just(Look::Busy),
        Just(Look::Asleep),
        Just(Look::Throttled(0.05)),
        (0.05f64..8.0).prop_map(Look::Duty),
        Just(Look::Paging),
        Just(Look::Blank),
        Just(Look::Unseen),
    ]
}

/// How a child looks that hangs and may be called so after one window.
fn hung() -> impl Strategy<Value = Look> {
    prop_oneof![
        Just(Look::Asleep),
        Just(Look::Stopped),
        Just(Look::Blank),
        Just(Look::Unseen),
    ]
}

/// Brings a child with a prompt of 320 tokens to a phase, and somewhat into it.
fn bring_to(sim: &mut Sim, phase: Phase, tokens: u32, gap: Duration) {
    sim.tell(Event::PromptGiven);
    for step in [
        Phase::Load,
        Phase::Prefill,
        Phase::Decode,
        Phase::Drain,
        Phase::Exit,
    ] {
        if step > phase {
            break;
        }
        sim.wait(secs(0.3));
        sim.tell(Event::Entered(step));
        if step == Phase::Prefill {
            sim.wait(secs(0.3));
            sim.tell(Event::PromptProgress {
                processed: 32,
                total: 320,
            });
        }
        if step == Phase::Decode {
            sim.tokens(tokens, gap);
        }
    }
}

fn any_phase() -> impl Strategy<Value = Phase> {
    prop::sample::select(vec![
        Phase::Spawn,
        Phase::Load,
        Phase::Prefill,
        Phase::Decode,
        Phase::Drain,
        Phase::Exit,
    ])
}

/// Something that is no progress.
fn noise(kind: u8, number: u64) -> Event<'static> {
    match kind % 9 {
        0 => Event::Alive(Sign::Health),
        1 => Event::Alive(Sign::Ping),
        2 => Event::Alive(Sign::Answered),
        3 => Event::Alive(Sign::RequestTotals),
        4 => Event::PromptProgress {
            processed: number % 33,
            total: 320,
        },
        5 => Event::Counters(Counters {
            prompt_tokens: Some(number % 33),
            ..Counters::default()
        }),
        6 => Event::Text {
            tokens: 0,
            piece: b"",
        },
        7 => Event::LogLine(
            ["slot 0: 17 %", "slot 1: 18.5 %", "slot 22: 9 %"][(number % 3) as usize],
        ),
        _ => Event::Entered(Phase::Spawn),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn honest_generation_is_never_stalled(
        look in honest(),
        gap in prop_oneof![0.001f64..1.0, 1.0f64..55.0],
        jitter in prop::collection::vec(0.5f64..=1.0, 40),
    ) {
        let mut sim = Sim::new(terms(), look);
        bring_to(&mut sim, Phase::Prefill, 0, Duration::ZERO);
        for part in jitter {
            sim.tokens(1, secs(gap * part));
        }
        prop_assert_eq!(sim.verdict(), None);
    }

    #[test]
    fn what_memory_allows_makes_nothing_stricter(
        look in honest(),
        least in 0.01f64..100_000.0,
        gap in 0.001f64..55.0,
        tokens in 1u32..40,
    ) {
        let known = |source| Expected {
            ms_per_token: MsPerToken::new(least).map(|speed| Known::new(speed, source)),
            gap_p99: Some(Known::new(secs(least / 1000.0), source)),
            ..Expected::default()
        };
        let expected = known(Source::Prior);
        prop_assert!(
            decode_window(expected.gap_p99).length >= decode_window(None).length
        );
        let unknown = Sim::new(automatic(Expected::default()), look);
        let mut sim = Sim::new(automatic(expected), look);
        prop_assert!(sim.dog.fixed_end() == unknown.dog.fixed_end());
        bring_to(&mut sim, Phase::Prefill, 0, Duration::ZERO);
        for _ in 0..tokens {
            sim.tokens(1, secs(gap));
        }
        prop_assert_eq!(sim.verdict(), None);
    }

    #[test]
    fn honest_prefill_is_never_stalled(look in honest(), rate in 0.27f64..100.0) {
        let mut sim = Sim::new(terms(), look);
        sim.tell(Event::Entered(Phase::Prefill));
        for step in 1..=10u64 {
            sim.wait(secs(f64::from(BATCH) / rate));
            sim.tell(Event::PromptProgress { processed: step * u64::from(BATCH), total: 320 });
        }
        sim.wait(secs((1.0 / rate).max(0.1)));
        sim.token();
        prop_assert_eq!(sim.verdict(), None);
    }

    #[test]
    fn silence_ends_within_the_window_and_a_second(
        phase in any_phase(),
        before in honest(),
        after in hung(),
        tokens in 1u32..60,
        gap in 0.001f64..5.0,
        wait in 0.0f64..1.0,
    ) {
        // What slowed it is remembered for a while, so only a child that was not slowed hangs at once.
        prop_assume!(!matches!(before, Look::Duty(_)));
        let mut sim = Sim::new(terms(), before);
        bring_to(&mut sim, phase, tokens, secs(gap));
        let window = sim.dog.window().length;
        sim.look(after);
        // A sample that is late by a moment changes nothing.
        sim.wait(secs(wait).min(window / 2));
        let waited = secs(wait).min(window / 2);
        let (time, verdict) = sim.wait_for_verdict(window * 20);
        prop_assert!(matches!(verdict, Verdict::Stalled(_)), "{:?}", verdict);
        prop_assert!(time + waited <= window + secs(1.0), "{:?} of {:?}", time + waited, window);
    }

    #[test]
    fn a_spin_ends_within_four_windows(
        phase in any_phase(),
        tokens in 1u32..60,
        gap in 0.001f64..5.0,
    ) {
        let mut sim = Sim::new(terms(), Look::Busy);
        bring_to(&mut sim, phase, tokens, secs(gap));
        let window = sim.dog.window().length;
        let (time, verdict) = sim.wait_for_verdict(window * 20);
        prop_assert!(matches!(verdict, Verdict::Stalled(_)), "{:?}", verdict);
        prop_assert!(time > window && time <= window * SPIN_WINDOWS, "{:?}", time);
    }

    #[test]
    fn what_slows_extends_but_not_for_ever(
        phase in any_phase(),
        look in prop::sample::select(vec![Look::Throttled(0.05), Look::Paging, Look::Duty(2.0)]),
    ) {
        prop_assume!(phase > Phase::Load);
        let mut sim = Sim::new(terms(), look);
        bring_to(&mut sim, phase, 20, secs(0.1));
        let window = sim.dog.window().length;
        let (time, verdict) = sim.wait_for_verdict(window * 20);
        prop_assert!(matches!(verdict, Verdict::Stalled(_)), "{:?}", verdict);
        prop_assert!(time > window * 15 && time <= window * 16, "{:?}", time);
    }

    #[test]
    fn noise_extends_nothing(
        phase in any_phase(),
        look in prop_oneof![hung(), Just(Look::Busy)],
        noises in prop::collection::vec((any::<u8>(), any::<u64>(), 0.02f64..3.0), 1..200),
    ) {
        let mut sim = Sim::new(terms(), look);
        bring_to(&mut sim, phase, 20, secs(0.1));
        if phase <= Phase::Load {
            sim.tell(noise(7, 0));
            sim.tell(noise(7, 1));
        }
        let window = sim.dog.window();
        let from = sim.now;
        for (kind, number, time) in noises.into_iter().cycle().take(100_000) {
            if sim.verdict().is_some() {
                break;
            }
            sim.wait(secs(time));
            let event = noise(kind, number);
            // Before the prompt is read its progress is one, and begins a phase.
            let begins = matches!(event, Event::PromptProgress { .. }) && phase < Phase::Prefill;
            if !begins {
                sim.tell(event);
                prop_assert!(sim.dog.window() == window);
            }
        }
        let (at, verdict) = sim.verdict().expect("a verdict");
        prop_assert!(matches!(verdict, Verdict::Stalled(_)), "{:?}", verdict);
        let most = match look {
            Look::Busy => window.length * SPIN_WINDOWS,
            _ => window.length + secs(1.0),
        };
        prop_assert!(at.saturating_sub(from) <= most, "{:?}", at - from);
    }

    #[test]
    fn a_budget_is_no_stall_and_a_stall_no_budget(
        limit in 1.0f64..60.0,
        hangs_after in 0u32..200,
        look in hung(),
        auto in any::<bool>(),
    ) {
        let budget = if auto {
            Budget::Auto { floor: secs(limit) }
        } else {
            Budget::Fixed(secs(limit))
        };
        let terms = Terms { budget, max_tokens: 1, ..terms() };
        let mut sim = Sim::new(terms, Look::Busy);
        bring_to(&mut sim, Phase::Decode, 20 + hangs_after, secs(0.2));
        let last = sim.now;
        sim.look(look);
        let window = sim.dog.window().length;
        sim.wait(secs(200.0));
        let (at, verdict) = sim.verdict().expect("a verdict");
        match verdict {
            Verdict::OverBudget(overrun) => {
                let kind = if auto { BudgetKind::Auto } else { BudgetKind::Fixed };
                prop_assert_eq!(overrun.kind, kind);
                prop_assert!(at >= overrun.limit && at <= overrun.limit + secs(1.0));
                prop_assert!(overrun.limit <= last + window, "silent for longer than its window");
            }
            Verdict::Stalled(stall) => {
                prop_assert!(at <= last + window + secs(1.0));
                prop_assert_eq!(stall.window.length, window);
                prop_assert!(auto || last + window < secs(limit), "its time was over before");
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn our_own_gaps_do_not_count(
        missed in prop::collection::vec((0.5f64..2.0, 3.5f64..4000.0), 1..8),
        look in honest(),
    ) {
        let budget = Budget::Auto { floor: secs(120.0) };
        let mut sim = Sim::new(Terms { budget, max_tokens: 20, ..terms() }, look);
        bring_to(&mut sim, Phase::Decode, 20, secs(0.1));
        let mut all = Duration::ZERO;
        for (silence, gap) in missed {
            sim.wait(secs(silence * 0.5));
            sim.miss(secs(gap));
            all += secs(gap);
            sim.tell(Event::Tick);
            sim.wait(secs(silence * 0.5));
            sim.token();
        }
        prop_assert_eq!(sim.verdict(), None);
        prop_assert!(sim.dog.missed() <= all && sim.dog.missed() + secs(8.0) >= all);
        // And a child that hangs afterwards is still told.
        sim.look(Look::Asleep);
        sim.wait(secs(2.0));
        sim.miss(secs(60.0));
        let window = sim.dog.window().length;
        let (time, verdict) = sim.wait_for_verdict(window * 20);
        prop_assert!(matches!(verdict, Verdict::Stalled(_)), "{:?}", verdict);
        prop_assert!(time <= window + secs(2.0), "{:?}", time);
    }

    #[test]
    fn nothing_panics_and_nothing_follows_the_end(
        events in prop::collection::vec((any::<u8>(), any::<u64>(), any::<u64>()), 0..100),
    ) {
        let mut dog = Watchdog::new(Terms::default());
        let mut ended = false;
        for (kind, number, time) in events {
            let event = match kind % 12 {
                9 => Event::Text { tokens: u32::try_from(number >> 32).expect("32 bits"), piece: b"\xC3" },
                10 => Event::PromptProgress { processed: number, total: time },
                11 => Event::Entered(Phase::Exit),
                _ => noise(kind, number),
            };
            let findings = dog.handle(Duration::from_nanos(time), event);
            prop_assert!(!ended || findings.is_empty());
            ended |= dog.deadline().is_none();
        }
    }
}
