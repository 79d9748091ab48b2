//! The table of verdicts, line by line, and the stories behind the rules.

use std::time::Duration;

use super::sim::{Look, Sim, secs};
use crate::units::MsPerToken;
use crate::watchdog::{
    Blocked, Budget, Cause, Counters, Event, Expected, Finding, GroupState, Known, Phase,
    SLOW_WINDOWS, Sample, Source, Terms, Verdict, Watchdog, Why,
};

pub(super) fn terms() -> Terms {
    Terms {
        max_tokens: 256,
        batch: 256,
        loop_guard: true,
        ..Terms::default()
    }
}

/// A child that has generated 100 tokens at 25 tokens/s.
pub(super) fn generating(terms: Terms) -> Sim {
    let mut sim = Sim::new(
        Terms {
            loop_guard: false,
            ..terms
        },
        Look::Busy,
    );
    sim.tell(Event::PromptGiven);
    sim.tell(Event::Entered(Phase::Prefill));
    sim.tokens(100, secs(0.04));
    sim
}

fn cause(verdict: Verdict) -> Cause {
    match verdict {
        Verdict::Stalled(stall) => stall.cause,
        other => panic!("{other:?}"),
    }
}

fn whys(sim: &Sim) -> Vec<Why> {
    let slow = |(_, finding): &(Duration, Finding)| match finding {
        Finding::Slow(slow) => Some(slow.why),
        _ => None,
    };
    sim.said.iter().filter_map(slow).collect()
}

#[test]
fn each_look_has_its_verdict() {
    for (look, expected, from, to) in [
        (Look::Asleep, Cause::Hung, 10.0, 11.0),
        (Look::Stopped, Cause::Stopped, 10.0, 11.0),
        (Look::Blank, Cause::Unobserved, 10.0, 11.0),
        (Look::Unseen, Cause::Unobserved, 10.0, 11.0),
        (
            Look::In(Blocked::WritingPipe),
            Cause::Backpressure,
            10.0,
            11.0,
        ),
        (Look::In(Blocked::Unknown), Cause::Hung, 10.0, 11.0),
        (Look::BesideThrottled, Cause::Hung, 10.0, 11.0),
        (Look::Busy, Cause::Spin, 39.0, 40.0),
        (Look::Device, Cause::Uninterruptible, 39.0, 40.0),
        (
            Look::Throttled(0.05),
            Cause::TooSlow(Why::Throttled),
            159.0,
            160.0,
        ),
        (Look::Paging, Cause::TooSlow(Why::Paging), 159.0, 160.0),
        (
            Look::Duty(2.0),
            Cause::TooSlow(Why::StopAndGo),
            159.0,
            160.0,
        ),
    ] {
        let mut sim = generating(terms());
        sim.look(look);
        let (time, verdict) = sim.wait_for_verdict(secs(1000.0));
        assert_eq!(cause(verdict), expected, "{look:?}");
        assert!(time >= secs(from) && time <= secs(to), "{look:?}: {time:?}");
        let Verdict::Stalled(stall) = verdict else {
            unreachable!()
        };
        assert_eq!(
            (stall.phase, stall.window.source),
            (Phase::Decode, Source::ThisRun)
        );
    }
}

#[test]
fn slow_is_said_long_before_dead_and_every_ten_seconds_while_it_lasts() {
    for (look, why, latest) in [
        (Look::Throttled(0.05), Why::Throttled, 4.0),
        (Look::Paging, Why::Paging, 4.0),
        (Look::Duty(0.7), Why::StopAndGo, 4.0),
        (Look::Busy, Why::Unknown, 6.0),
    ] {
        let mut sim = generating(terms());
        sim.look(look);
        sim.wait(secs(latest));
        assert_eq!(whys(&sim), [why], "{look:?}");
        let first = sim.said.last().expect("it was said").0;
        sim.wait(secs(25.0) + first - sim.now);
        assert_eq!(whys(&sim), [why; 3], "{look:?}");
        let times: Vec<_> = sim.said.iter().map(|(at, _)| *at).collect();
        assert!(
            times.is_sorted_by(|one, next| *next >= *one + secs(10.0)),
            "{times:?}"
        );
        assert_eq!(sim.verdict(), None);
        sim.tokens(1000, secs(0.04));
        assert!(whys(&sim).len() <= 4, "what advances is not slow: {look:?}");
    }
}

#[test]
fn a_run_that_is_merely_long_is_not_slow() {
    let known = |ms| Known::new(MsPerToken::new(ms).expect("a speed"), Source::History);
    let sim = |usual| {
        let expected = Expected {
            ms_per_token: Some(known(usual)),
            ..Expected::default()
        };
        let mut sim = Sim::new(
            Terms {
                expected,
                loop_guard: false,
                ..terms()
            },
            Look::Throttled(0.05),
        );
        sim.tell(Event::Entered(Phase::Prefill));
        sim.tokens(100, secs(0.8));
        sim
    };
    assert_eq!(whys(&sim(800.0)), []);
    assert_eq!(whys(&sim(300.0)), []);
    let slow = sim(40.0);
    assert!((6..=8).contains(&whys(&slow).len()), "{:?}", slow.said);
    let Some((_, Finding::Slow(last))) = slow.said.last() else {
        panic!("{:?}", slow.said)
    };
    assert_eq!(
        (last.why, last.usual, last.phase),
        (Why::Throttled, Some(known(40.0).value), Phase::Decode)
    );
    let speed = last.speed.expect("measured");
    assert_eq!(speed.source, Source::ThisRun);
    // 256 tokens at 800 ms.
    let expected = last.expected.expect("known");
    assert!(
        expected > secs(204.0) && expected < secs(206.0),
        "{expected:?}"
    );
}

#[test]
fn a_slow_load_is_said_with_what_it_took_before() {
    let expected = Expected {
        load: Some(Known::new(secs(2.0), Source::History)),
        ..Expected::default()
    };
    let mut sim = Sim::new(
        Terms {
            expected,
            ..terms()
        },
        Look::Device,
    );
    sim.tell(Event::Entered(Phase::Load));
    sim.wait(secs(8.0));
    let Some((_, Finding::Slow(slow))) = sim.said.last() else {
        panic!("{:?}", sim.said)
    };
    assert_eq!(
        (slow.why, slow.expected, slow.speed),
        (Why::Paging, Some(secs(2.0)), None)
    );
    assert!(slow.lasts >= secs(5.0) && slow.lasts <= secs(7.0));
}

#[test]
fn who_was_slowed_and_then_computes_has_not_been_spinning() {
    for look in [Look::Throttled(0.05), Look::Paging] {
        let mut sim = generating(terms());
        sim.look(look);
        sim.wait(secs(60.0));
        sim.look(Look::Busy);
        sim.wait(secs(35.0));
        assert_eq!(sim.verdict(), None, "{look:?}");
        // Four windows of ten seconds, and as long as the last trace is warm.
        let (_, verdict) = sim.wait_for_verdict(secs(15.0));
        assert_eq!(cause(verdict), Cause::Spin, "{look:?}");
    }
}

#[test]
fn nothing_is_extended_beyond_sixteen_windows_whatever_the_budget() {
    let mut sim = generating(Terms {
        budget: Budget::Fixed(secs(185.0)),
        ..terms()
    });
    sim.look(Look::Throttled(0.05));
    sim.wait(secs(140.0));
    sim.look(Look::Busy);
    let (_, verdict) = sim.wait_for_verdict(secs(25.0));
    assert_eq!(cause(verdict), Cause::Spin);
    let Verdict::Stalled(stall) = verdict else {
        unreachable!()
    };
    assert_eq!(stall.patience, stall.window.length * SLOW_WINDOWS);
}

#[test]
fn who_waits_for_input_that_was_given_is_ended_at_once() {
    let mut sim = Sim::new(terms(), Look::In(Blocked::ReadingInput));
    sim.tell(Event::Entered(Phase::Load));
    sim.wait(secs(9.0));
    assert_eq!(sim.verdict(), None, "the prompt was not given");
    sim.tell(Event::PromptGiven);
    let (time, verdict) = sim.wait_for_verdict(secs(3.0));
    assert_eq!(verdict, Verdict::WaitingForInput { phase: Phase::Load });
    assert!(time <= secs(2.0));
}

#[test]
fn what_was_seen_before_a_gap_of_ours_is_compared_with_nothing() {
    let mut sim = Sim::new(terms(), Look::In(Blocked::ReadingInput));
    sim.tell(Event::PromptGiven);
    sim.miss(secs(60.0));
    sim.tell(Event::Tick);
    assert_eq!(sim.verdict(), None);
    sim.wait(secs(1.5));
    assert!(sim.verdict().is_some());
}

#[test]
fn only_counters_that_rise_are_progress() {
    let calls = |number| Counters {
        decode_calls: Some(number),
        ..Counters::default()
    };
    let decoded = |number| Counters {
        decoded: Some(number),
        ..Counters::default()
    };
    let mut sim = generating(terms());
    for (counters, progress) in [
        (calls(900), false),
        (calls(900), false),
        (calls(901), true),
        (calls(900), false),
        (calls(901), false),
        // 100 have come as text.
        (decoded(0), false),
        (decoded(100), false),
        (decoded(103), true),
        (decoded(103), false),
        (decoded(102), false),
        (decoded(104), true),
    ] {
        sim.wait(secs(1.0));
        sim.tell(Event::Counters(counters));
        assert_eq!(sim.dog.silent_for().is_zero(), progress, "{counters:?}");
    }
}

#[test]
fn what_others_come_by_is_progress_and_teaches_no_speed() {
    let mut sim = generating(terms());
    let known = (sim.dog.speed(), sim.dog.window());
    for _ in 0..50 {
        sim.wait(secs(9.0));
        sim.tell(Event::Beside);
        assert!(sim.dog.silent_for().is_zero());
    }
    assert_eq!((sim.dog.speed(), sim.dog.window()), known);
    // Nobody answers before the model is loaded.
    let mut loading = Sim::new(terms(), Look::Busy);
    loading.wait(secs(1.0));
    loading.tell(Event::Beside);
    assert!(!loading.dog.silent_for().is_zero());
}

#[test]
fn whoever_is_asked_again_begins_with_its_prompt_and_nothing_counted() {
    let spawned = secs(100.0);
    let dog = Watchdog::asked(Terms { spawned, ..terms() });
    assert_eq!(dog.phase(), Phase::Prefill);
    assert_eq!(dog.speed(), None);
    assert_eq!(dog.deadline(), Some(spawned));
}

#[test]
fn what_is_shared_takes_at_most_as_long_as_one_after_the_other() {
    let expected = Expected {
        gap_p99: Some(Known::new(secs(0.2), Source::History)),
        ms_per_token: MsPerToken::new(100.0).map(|ms| Known::new(ms, Source::History)),
        ..Expected::default()
    };
    let shared = expected.shared_by(4);
    assert_eq!(shared.gap_p99.map(|gap| gap.value), Some(secs(0.8)));
    assert_eq!(shared.ms_per_token.map(|ms| ms.value.get()), Some(400.0));
    assert_eq!(
        (expected.shared_by(1), expected.shared_by(0)),
        (expected, expected)
    );
}

#[test]
fn counted_tokens_of_the_prompt_are_progress_and_teach_no_speed() {
    let read = |number| {
        Event::Counters(Counters {
            prompt_tokens: Some(number),
            ..Counters::default()
        })
    };
    let mut sim = Sim::new(terms(), Look::Busy);
    sim.tell(Event::PromptProgress {
        processed: 0,
        total: 2048,
    });
    let window = sim.dog.window();
    for (number, progress) in [(256, false), (256, false), (512, true), (512, false)] {
        sim.wait(secs(5.0));
        sim.tell(read(number));
        assert_eq!(sim.dog.silent_for().is_zero(), progress, "{number}");
    }
    assert_eq!(
        sim.dog.window(),
        window,
        "a batch that is begun is not done"
    );
    sim.tell(Event::PromptProgress {
        processed: 1024,
        total: 2048,
    });
    sim.wait(secs(5.0));
    sim.tell(read(768));
    assert!(!sim.dog.silent_for().is_zero(), "the stream knew more");
}

#[test]
fn back_pressure_is_said_before_it_is_a_stall() {
    let mut sim = generating(terms());
    sim.look(Look::In(Blocked::WritingPipe));
    sim.wait(secs(3.0));
    assert_eq!(
        sim.said.last().map(|(_, finding)| *finding),
        Some(Finding::Backpressure)
    );
    sim.wait(secs(5.0));
    let said = sim
        .said
        .iter()
        .filter(|(_, finding)| *finding == Finding::Backpressure);
    assert_eq!(said.count(), 1);
}

#[test]
fn a_zombie_is_collected() {
    let mut sim = generating(terms());
    let state = Some(GroupState::Gone);
    sim.tell(Event::Sample(Sample {
        state,
        ..Sample::default()
    }));
    assert_eq!(
        sim.verdict().map(|(_, verdict)| verdict),
        Some(Verdict::Gone)
    );
}

#[test]
fn an_idle_child_that_was_busy_is_told_within_eleven_seconds_whatever_its_window() {
    let big = Terms {
        batch: 2048,
        ..terms()
    };
    let mut sim = Sim::new(big, Look::Busy);
    sim.tell(Event::Entered(Phase::Prefill));
    sim.wait(secs(20.0));
    assert!(sim.dog.window().length > secs(7200.0));
    sim.look(Look::Asleep);
    let (time, verdict) = sim.wait_for_verdict(secs(100.0));
    assert_eq!(cause(verdict), Cause::Idle);
    assert!(time >= secs(10.0) && time <= secs(11.5), "{time:?}");

    // The same from its first second on, where history says that it computes on the CPU.
    let expected = Expected {
        computes_on_cpu: true,
        ..Expected::default()
    };
    let mut sim = Sim::new(Terms { expected, ..big }, Look::Asleep);
    sim.tell(Event::Entered(Phase::Prefill));
    let (time, verdict) = sim.wait_for_verdict(secs(100.0));
    assert_eq!(cause(verdict), Cause::Idle);
    assert!(time <= secs(11.0), "{time:?}");
}

#[test]
fn a_child_that_sleeps_at_work_has_its_whole_window() {
    // The fault kit's own: a batch of 32 at 2 tokens/s, asleep, then 0.2 tokens/s, asleep.
    let mut sim = Sim::new(
        Terms {
            batch: 32,
            ..terms()
        },
        Look::Asleep,
    );
    sim.tell(Event::Entered(Phase::Prefill));
    for processed in [32, 64, 96, 128] {
        sim.wait(secs(16.0));
        sim.tell(Event::PromptProgress {
            processed,
            total: 128,
        });
    }
    sim.tokens(60, secs(5.0));
    assert_eq!(sim.verdict(), None);
    // And one gap that is three times as long as all others.
    sim.wait(secs(15.0));
    sim.token();
    assert_eq!(sim.verdict(), None);
    let (time, verdict) = sim.wait_for_verdict(secs(1000.0));
    assert_eq!(cause(verdict), Cause::Hung);
    assert!(time > secs(100.0), "{time:?}");
}

#[test]
fn a_child_that_was_idle_and_went_on_is_not_told_by_its_idleness() {
    let mut sim = Sim::new(terms(), Look::Busy);
    sim.tell(Event::Entered(Phase::Prefill));
    sim.wait(secs(20.0));
    sim.look(Look::Asleep);
    sim.wait(secs(8.0));
    sim.look(Look::Busy);
    sim.wait(secs(20.0));
    sim.look(Look::Asleep);
    sim.wait(secs(60.0));
    assert_eq!(sim.verdict(), None);
}

#[test]
fn a_load_lives_as_long_as_it_reads_or_says_something_new() {
    let mut sim = Sim::new(terms(), Look::Paging);
    sim.tell(Event::Entered(Phase::Load));
    sim.wait(secs(3600.0));
    assert_eq!(sim.verdict(), None, "it reads");
    let mut sim = Sim::new(terms(), Look::Asleep);
    sim.tell(Event::Entered(Phase::Load));
    for line in ["loading tensors", "warming up", "listening on port", "done"] {
        sim.wait(secs(25.0));
        sim.tell(Event::LogLine(line));
    }
    assert_eq!(sim.verdict(), None, "it says something new");
    for _ in 0..40 {
        sim.wait(secs(1.0));
        sim.tell(Event::LogLine("done"));
    }
    assert_eq!(
        sim.verdict().map(|(_, verdict)| cause(verdict)),
        Some(Cause::Hung)
    );
}

#[test]
fn after_ctrl_z_a_minute_and_fg_nothing_is_stalled() {
    let mut sim = generating(Terms {
        budget: Budget::Auto { floor: secs(30.0) },
        ..terms()
    });
    sim.wait(secs(5.0));
    sim.look(Look::Stopped);
    sim.miss(secs(60.0));
    sim.tell(Event::Tick);
    sim.look(Look::Busy);
    sim.wait(secs(4.0));
    sim.tokens(100, secs(0.04));
    assert_eq!(sim.verdict(), None);
    assert!(sim.dog.missed() >= secs(58.0));
    assert_eq!(
        sim.dog.window().length,
        secs(10.0),
        "the minute is no gap between tokens"
    );
}

#[test]
fn a_loop_is_ended_and_a_table_of_zeros_is_not() {
    let mut sim = Sim::new(terms(), Look::Busy);
    sim.tokens(511, secs(0.01));
    assert_eq!(sim.verdict(), None);
    sim.token();
    let verdict = sim.verdict().map(|(_, verdict)| verdict);
    assert_eq!(verdict, Some(Verdict::Looping { period: 1 }));

    let mut off = Sim::new(
        Terms {
            loop_guard: false,
            ..terms()
        },
        Look::Busy,
    );
    off.tokens(2000, secs(0.01));
    assert_eq!(off.verdict(), None);
}

#[test]
fn a_flood_of_lines_does_not_hold_up_a_verdict() {
    // A caller that is so busy with lines that its timer never comes first.
    let mut sim = generating(terms());
    sim.look(Look::Unseen);
    let from = sim.now;
    while sim.verdict().is_none() {
        sim.now += secs(0.01);
        sim.tell(Event::LogLine("srv update_slots: all slots are idle"));
        assert!(sim.now - from <= secs(11.0));
    }
}
