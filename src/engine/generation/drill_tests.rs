//! Histories of several questions to one server: no process, no socket, no clock.

use std::time::Duration;

use super::served_tests::terms;
use super::tests::{exited, ms};
use super::{Action, Generation, Input, Program, Terms};
use crate::dialect::{PromptProgress, Refusal, SlotState, StreamEvent, Timings, Told};
use crate::engine::drill::{Announced, Asked, Beside, CompanionTold, Together};
use crate::engine::outcome::{End, Failure, Outcome};
use crate::supervise::Status;
use crate::watchdog::{self, Budget, Windows};

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Judged by the windows that there are where nobody sets any.
fn judged() -> Terms {
    Terms {
        program: Program::Server {
            context: 4096,
            counts: false,
        },
        watch: watchdog::Terms {
            windows: Windows::default(),
            ..terms().watch
        },
        ..terms()
    }
}

fn announced(asked: Asked, prompts: &[usize]) -> Input {
    Input::Announced(Announced {
        asked,
        max_tokens: 100,
        prompt_bytes: prompts.to_vec(),
    })
}

fn event(text: &str, generated: u32) -> StreamEvent {
    let timings = serde_json::json!({ "predicted_n": generated });
    StreamEvent {
        content: text.to_owned(),
        timings: Some(Timings::from_json(&timings)),
        ..StreamEvent::default()
    }
}

fn read(total: u32, processed: u32) -> StreamEvent {
    StreamEvent {
        progress: Some(PromptProgress {
            total,
            processed,
            ..PromptProgress::default()
        }),
        ..StreamEvent::default()
    }
}

fn last() -> StreamEvent {
    StreamEvent {
        stop: Some("limit".to_owned()),
        ..StreamEvent::default()
    }
}

fn served(event: StreamEvent) -> Input {
    Input::Served(Box::new(event))
}

fn beside(stream: u32, event: StreamEvent) -> Input {
    Input::Beside(Beside {
        stream,
        told: CompanionTold::Event(Box::new(event)),
    })
}

/// A generation on paper, in time that costs nothing.
struct Play {
    generation: Generation,
    now: Duration,
    actions: Vec<Action>,
}

impl Play {
    /// It has loaded in its first 100 ms.
    fn new(terms: Terms) -> Self {
        let mut play = Self {
            generation: Generation::new(terms),
            now: ms(150),
            actions: Vec::new(),
        };
        play.tell(Input::Asked);
        play
    }

    fn tell(&mut self, input: Input) {
        for action in self.generation.handle(self.now, input) {
            if action == Action::Sample {
                // Nothing can be seen of its processes: silence is all that there is to judge.
                self.tell(Input::Sample(Box::default()));
            }
            self.actions.push(action);
        }
    }

    /// Time passes, with ticks when they are asked for.
    fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.generation.deadline().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.tell(Input::Tick);
        }
        self.now = until;
    }

    fn is_being_ended(&self) -> bool {
        self.actions
            .iter()
            .any(|action| matches!(action, Action::Stop(_)))
    }

    fn text(&self) -> String {
        let shown = self.actions.iter().filter_map(|action| match action {
            Action::Show(text) => Some(text.as_str()),
            _ => None,
        });
        shown.collect()
    }

    fn outcome(mut self) -> Outcome {
        self.tell(exited(Status::Code(143)));
        match self.actions.pop() {
            Some(Action::Finish(ended)) => ended.outcome,
            other => panic!("it ends with {other:?}"),
        }
    }
}

#[test]
fn a_warm_up_counts_for_nothing() {
    let mut play = Play::new(judged());
    play.tell(announced(Asked::WarmUp(1), &[4]));
    play.wait(ms(50));
    play.tell(served(read(4, 4)));
    play.tell(served(event("warm", 40)));
    play.wait(ms(10));
    play.tell(served(last()));
    assert!(!play.is_being_ended() && play.text().is_empty());
    play.tell(announced(Asked::Measured, &[4]));
    play.wait(ms(30));
    play.tell(served(event("a", 1)));
    play.wait(ms(20));
    play.tell(served(event("b", 2)));
    play.tell(served(last()));
    assert!(play.is_being_ended());
    assert_eq!(play.text(), "ab");
    let measured = play.outcome().measured;
    assert_eq!(measured.load_ms, Some(100.0));
    assert_eq!(measured.ttft_ms, Some(30.0));
    assert_eq!(measured.generated_tokens, Some(2));
    assert_eq!(measured.gaps_ms, [20.0]);
    assert_eq!(measured.together, None);
}

#[test]
fn what_was_told_of_a_warm_up_is_never_told_of_the_measured_answer() {
    let mut play = Play::new(judged());
    play.tell(announced(Asked::WarmUp(1), &[4]));
    play.tell(served(event("warm", 40)));
    let log = "slot print_timing: id  0 | task 0 |        eval time =      76.84 ms /     4 tokens \
               (   25.61 ms per token,    39.04 tokens per second)\n";
    play.tell(Input::Stderr(log.as_bytes().to_vec()));
    play.tell(served(last()));
    play.tell(announced(Asked::Measured, &[4]));
    let measured = play.outcome().measured;
    assert_eq!(
        (measured.generated_tokens, measured.ms_per_token),
        (None, None)
    );
}

#[test]
fn all_streams_are_waited_for_and_summed_up() {
    let mut play = Play::new(judged());
    play.tell(announced(Asked::Measured, &[4, 4, 4]));
    play.wait(ms(100));
    play.tell(served(event("a", 1)));
    play.tell(beside(2, event("x", 1)));
    play.tell(beside(3, event("y", 1)));
    play.tell(served(last()));
    play.tell(served(event("not mine", 9)));
    play.wait(ms(60));
    play.tell(beside(3, event("y", 5)));
    play.tell(beside(3, last()));
    assert!(!play.is_being_ended());
    play.wait(ms(40));
    play.tell(beside(2, event("x", 3)));
    play.tell(beside(2, last()));
    assert!(play.is_being_ended());
    assert_eq!(play.text(), "a");
    let outcome = play.outcome();
    assert_eq!(outcome.end, End::TokenLimit);
    assert_eq!(
        outcome.measured.together,
        Some(Together {
            streams: 3,
            generated_tokens: 9,
            ms: 200.0
        })
    );
    assert_eq!(outcome.measured.generated_tokens, Some(1));
}

#[test]
fn a_stop_sequence_ends_the_measured_answer_alone() {
    let mut play = Play::new(Terms {
        stop: vec!["#".to_owned()],
        ..judged()
    });
    play.tell(announced(Asked::Measured, &[4, 4]));
    play.tell(served(event("a#", 1)));
    play.tell(served(event("b", 2)));
    assert!(!play.is_being_ended());
    play.tell(beside(2, event("#", 1)));
    play.tell(beside(2, last()));
    assert!(play.is_being_ended());
    assert_eq!(play.text(), "a");
    assert_eq!(play.outcome().end, End::StopWord("#".to_owned()));
}

#[test]
fn a_question_that_fails_is_named() {
    let failed = |asked: Asked, input: Input, wait: u64| {
        let mut play = Play::new(judged());
        let prompts: &[usize] = if asked == Asked::Measured {
            &[4, 4]
        } else {
            &[4]
        };
        play.tell(announced(asked, prompts));
        play.tell(input);
        play.wait(ms(wait));
        assert!(play.is_being_ended());
        play.outcome().end
    };
    let named = |asked, failure| {
        End::Failed(Failure::InDrill {
            asked,
            failure: Box::new(failure),
        })
    };
    let detail = || "no".to_owned();
    let refused = Failure::RequestRefused { detail: detail() };
    let broken = Failure::BrokenOff { detail: detail() };
    let warm = Asked::WarmUp(2);
    let refusal = Input::Refused(Refusal::Other(detail()));
    assert_eq!(failed(warm, refusal, 0), named(warm, refused.clone()));
    let error = served(StreamEvent {
        error: Some(detail()),
        ..StreamEvent::default()
    });
    assert_eq!(
        failed(Asked::Depth(1), error, 0),
        named(Asked::Depth(1), broken.clone())
    );
    let companion = |told| Input::Beside(Beside { stream: 2, told });
    let refusal = companion(CompanionTold::Refused(Refusal::Other(detail())));
    let two = Asked::Beside(2);
    assert_eq!(failed(Asked::Measured, refusal, 0), named(two, refused));
    // One that broke off gives a crash the time to show.
    let off = companion(CompanionTold::BrokenOff(detail()));
    assert_eq!(failed(Asked::Measured, off, 1000), named(two, broken));
    let too_long = beside(2, read(5000, 0));
    let failure = Failure::PromptTooLong {
        tokens: 5000,
        max: 4092,
    };
    assert_eq!(failed(Asked::Measured, too_long, 0), named(two, failure));
}

#[test]
fn a_crash_that_broke_a_stream_off_is_a_crash() {
    let mut play = Play::new(judged());
    play.tell(announced(Asked::Measured, &[4, 4]));
    play.tell(Input::Beside(Beside {
        stream: 2,
        told: CompanionTold::BrokenOff("reset".to_owned()),
    }));
    play.tell(exited(Status::Signal(11)));
    let Some(Action::Finish(ended)) = play.actions.pop() else {
        panic!("it ends");
    };
    let crashed = matches!(ended.outcome.end, End::Failed(Failure::Crashed { .. }));
    assert!(crashed, "{:?}", ended.outcome.end);
}

#[test]
fn whoever_hangs_in_a_rehearsal_is_ended_in_each_of_its_phases() {
    for tokens in [0, 1, 30] {
        let mut play = Play::new(judged());
        play.tell(announced(Asked::WarmUp(1), &[4]));
        play.tell(served(event("w", 100)));
        play.tell(served(last()));
        play.tell(announced(Asked::WarmUp(2), &[4]));
        for token in 1..=tokens {
            play.wait(ms(100));
            play.tell(served(event("w", token)));
        }
        play.wait(secs(25));
        assert_eq!(play.is_being_ended(), tokens == 30, "{tokens}");
        play.wait(secs(3600));
        let phase = match tokens {
            0 => watchdog::Phase::Prefill,
            _ => watchdog::Phase::Decode,
        };
        match play.outcome().end {
            End::Stalled(stall) => assert_eq!(stall.phase, phase, "{tokens}"),
            other => panic!("{tokens}: {other:?}"),
        }
    }
}

#[test]
fn a_slow_rehearsal_is_not_ended_and_its_counters_begin_anew() {
    let mut play = Play::new(judged());
    for number in 1..=3 {
        play.tell(announced(Asked::WarmUp(number), &[1024]));
        // 2 tokens/s of the prompt, then 0.2 tokens/s.
        for batch in 0..=4 {
            play.tell(served(read(1024, batch * 256)));
            play.wait(secs(128));
        }
        for token in 1..=20 {
            play.wait(secs(5));
            play.tell(served(event("w", token)));
        }
        play.tell(served(last()));
        assert!(!play.is_being_ended(), "{number}");
    }
}

#[test]
fn a_companion_that_hangs_alone_is_noticed() {
    for reads in [true, false] {
        let mut play = Play::new(judged());
        play.tell(announced(Asked::Measured, &[4, 4]));
        if !reads {
            play.tell(beside(2, event("x", 1)));
        }
        for token in 1..=20 {
            play.wait(ms(100));
            play.tell(served(event("a", token)));
        }
        play.tell(served(last()));
        play.wait(secs(5));
        assert!(!play.is_being_ended());
        // Four windows: of processes that nobody can see a spin is the most that may be thought.
        play.wait(secs(4 * 40));
        assert!(play.is_being_ended(), "{reads}");
        assert!(matches!(play.outcome().end, End::Stalled(_)));
    }
}

#[test]
fn a_companion_that_is_slow_alone_is_not_ended() {
    let mut play = Play::new(judged());
    play.tell(announced(Asked::Measured, &[4, 1024]));
    // The measured answer comes quickly, and teaches short gaps.
    for token in 1..=20 {
        play.wait(ms(100));
        play.tell(served(event("a", token)));
    }
    play.tell(served(last()));
    for batch in 0..=4 {
        play.tell(beside(2, read(1024, batch * 256)));
        play.wait(secs(128));
    }
    for token in 1..=20 {
        play.wait(secs(5));
        play.tell(beside(2, event("x", token)));
    }
    assert!(!play.is_being_ended());
    play.tell(beside(2, last()));
    assert_eq!(play.outcome().end, End::TokenLimit);
}

#[test]
fn tokens_of_companions_are_progress_and_teach_no_speed() {
    let mut play = Play::new(judged());
    play.tell(announced(Asked::Measured, &[4, 4]));
    for token in 1..=20 {
        play.wait(ms(100));
        play.tell(served(event("a", token)));
        play.tell(beside(2, event("x", token)));
    }
    for token in 21..=60 {
        play.wait(secs(5));
        play.tell(beside(2, event("x", token)));
    }
    assert!(!play.is_being_ended());
    // The same number again and again is none.
    for _ in 0..10 {
        play.wait(secs(5));
        play.tell(beside(2, event("", 60)));
    }
    assert!(play.is_being_ended());
}

#[test]
fn what_slots_tell_is_summed_up_though_one_has_done_its_work() {
    let slot = |id, decoded| SlotState {
        id: Some(id),
        decoded,
        ..SlotState::default()
    };
    let mut play = Play::new(judged());
    play.tell(announced(Asked::Measured, &[4, 4]));
    play.tell(served(event("a", 1)));
    play.tell(beside(2, event("x", 1)));
    let mut told = |slots: [SlotState; 2]| {
        play.generation.counters(&Told {
            slots: slots.to_vec(),
            decode_calls: None,
        })
    };
    assert_eq!(
        told([slot(0, Some(90)), slot(1, Some(10))]).decoded,
        Some(100)
    );
    // The first is idle now.
    assert_eq!(told([slot(0, None), slot(1, Some(11))]).decoded, Some(101));
}

#[test]
fn each_question_has_an_automatic_budget_of_its_own_and_a_fixed_one_is_for_all() {
    let play = |budget| {
        let mut terms = judged();
        terms.watch.budget = budget;
        let mut play = Play::new(terms);
        for number in 1..=100 {
            play.tell(announced(Asked::WarmUp(number), &[4]));
            for token in 1..=20 {
                play.wait(ms(500));
                play.tell(served(event("w", token)));
            }
            play.tell(served(last()));
        }
        play
    };
    let floor = secs(60);
    assert!(!play(Budget::Auto { floor }).is_being_ended());
    let fixed = play(Budget::Fixed(secs(600)));
    assert!(matches!(fixed.outcome().end, End::Budget(_)));
}
