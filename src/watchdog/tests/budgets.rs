//! Limits, fixed and computed, and what is said before they cut.

use super::sim::{Look, Sim, secs};
use super::verdicts::{generating, terms};
use crate::units::MsPerToken;
use crate::watchdog::{
    Budget, BudgetKind, Event, Expected, Finding, Known, Phase, Source, Terms, Verdict, Watchdog,
    Windows,
};

#[test]
fn a_fixed_limit_is_wall_time_and_says_so_before_it_cuts() {
    let limit = secs(30.0);
    let mut sim = Sim::new(
        Terms {
            budget: Budget::Fixed(limit),
            loop_guard: false,
            ..terms()
        },
        Look::Busy,
    );
    sim.tell(Event::Entered(Phase::Prefill));
    sim.tokens(40, secs(0.207));
    let said: Vec<_> = sim.said.iter().map(|(_, finding)| *finding).collect();
    let [Finding::Projection(projection)] = said[..] else {
        panic!("{said:?}")
    };
    assert_eq!(projection.speed.value.to_string(), "207 ms/token");
    assert_eq!(projection.speed.source, Source::ThisRun);
    assert_eq!(
        (projection.tokens, projection.needed.as_secs_f64().round()),
        (256, 53.0)
    );
    assert_eq!((projection.cut_after, projection.fitting), (145, 144));
    assert_eq!(
        (projection.limit, projection.suggested),
        (limit, secs(80.0))
    );
    sim.miss(secs(15.0));
    sim.tokens(200, secs(0.207));
    let (at, verdict) = sim.verdict().expect("a verdict");
    let Verdict::OverBudget(overrun) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        (at, overrun.kind, overrun.limit),
        (limit, BudgetKind::Fixed, limit)
    );
}

#[test]
fn history_foresees_before_the_first_token() {
    let slow = MsPerToken::new(207.0).map(|speed| Known::new(speed, Source::History));
    let expected = Expected {
        ms_per_token: slow,
        ..Expected::default()
    };
    let budget = Budget::Fixed(secs(30.0));
    let mut sim = Sim::new(
        Terms {
            budget,
            expected,
            ..terms()
        },
        Look::Busy,
    );
    sim.tell(Event::Entered(Phase::Load));
    assert!(
        matches!(sim.said[..], [(_, Finding::Projection(_))]),
        "{:?}",
        sim.said
    );
    let budget = Budget::Fixed(secs(50.0));
    let mut sim = Sim::new(
        Terms {
            budget,
            expected,
            ..terms()
        },
        Look::Busy,
    );
    sim.tell(Event::Entered(Phase::Load));
    assert_eq!(sim.said, [], "today may be faster by a few percent");
}

#[test]
fn an_automatic_budget_follows_the_run() {
    // 256 tokens at 0.2 tokens/s, where history says 25.
    let fast = MsPerToken::new(40.0).map(|speed| Known::new(speed, Source::History));
    let expected = Expected {
        ms_per_token: fast,
        ..Expected::default()
    };
    let budget = Budget::Auto { floor: secs(10.0) };
    let terms = Terms {
        budget,
        expected,
        loop_guard: false,
        ..terms()
    };
    let mut sim = Sim::new(terms, Look::Busy);
    sim.tell(Event::Entered(Phase::Prefill));
    sim.tokens(256, secs(5.0));
    assert_eq!(sim.verdict(), None);
    // One that does not stop at 256 is cut at three times that.
    sim.tokens(600, secs(5.0));
    let verdict = sim.verdict().map(|(_, verdict)| verdict);
    assert!(
        matches!(verdict, Some(Verdict::OverBudget(overrun)) if overrun.kind == BudgetKind::Auto)
    );
}

#[test]
fn a_limit_at_the_end_of_the_window_is_a_limit() {
    let windows = Windows {
        decode: Some(secs(10.0)),
        ..Windows::default()
    };
    for look in [Look::Asleep, Look::Unseen] {
        for (limit, is_budget) in [(14.0, true), (13.9, true), (14.1, false)] {
            let budget = Budget::Fixed(secs(limit));
            let mut sim = generating(Terms {
                windows,
                budget,
                ..terms()
            });
            assert_eq!(sim.now, secs(4.0));
            sim.look(look);
            let (_, verdict) = sim.wait_for_verdict(secs(20.0));
            let ended_by_budget = matches!(verdict, Verdict::OverBudget(_));
            assert_eq!(ended_by_budget, is_budget, "{look:?}, {limit}: {verdict:?}");
        }
    }
}

#[test]
fn the_load_has_a_limit_of_its_own() {
    let terms = Terms {
        spawned: secs(2.0),
        load_limit: Some(secs(10.0)),
        ..terms()
    };
    let mut sim = Sim::new(terms, Look::Paging);
    sim.now = secs(2.0);
    sim.tell(Event::Entered(Phase::Load));
    let (time, verdict) = sim.wait_for_verdict(secs(20.0));
    let Verdict::OverBudget(overrun) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!((time, overrun.kind), (secs(10.0), BudgetKind::Load));
}

#[test]
fn an_automatic_budget_shrinks_to_what_the_run_shows() {
    // Nothing is known, so 256 tokens may take an hour; after 16 of them, 3 × 256 × 40 ms.
    let budget = Budget::Auto { floor: secs(10.0) };
    let mut sim = generating(Terms { budget, ..terms() });
    sim.tokens(2000, secs(0.04));
    let (at, verdict) = sim.verdict().expect("a verdict");
    assert!(matches!(verdict, Verdict::OverBudget(_)), "{verdict:?}");
    assert!(at > secs(30.0) && at < secs(32.0), "{at:?}");
}

#[test]
fn limits_that_the_user_has_set_have_an_end_of_their_own() {
    let terms = |budget| Terms {
        spawned: secs(1.0),
        budget,
        load_limit: Some(secs(5.0)),
        ..terms()
    };
    let auto = Budget::Auto { floor: secs(2.0) };
    let mut dog = Watchdog::executed(terms(auto));
    assert_eq!(
        (dog.phase(), dog.fixed_end()),
        (Phase::Load, Some(secs(6.0)))
    );
    dog.handle(secs(3.0), Event::Entered(Phase::Prefill));
    assert_eq!(dog.fixed_end(), None, "an automatic one is nobody's word");
    let mut dog = Watchdog::executed(terms(Budget::Fixed(secs(30.0))));
    dog.handle(secs(3.0), Event::Entered(Phase::Prefill));
    assert_eq!(dog.fixed_end(), Some(secs(30.0)));
}
