//! Histories of a server: generated and told, no process, no socket, no clock.

use std::time::Duration;

use proptest::prelude::*;

use super::tests::{err, exited, ms, tell, tell_at_once, up_to_stop, watch};
use super::{Action, Input, Phase, Program, Terms};
use crate::dialect::{PromptProgress, Refusal, StreamEvent, Timings};
use crate::engine::outcome::{End, Failure, Interruption};
use crate::supervise::Status;
use crate::watchdog::{BudgetKind, Overrun};

const SPAWNED: Duration = ms(50);
const LISTENING: &str = "0.00.016.834 I srv  llama_server: listening on unix://./s.sock\n";

fn terms() -> Terms {
    Terms {
        spawned: SPAWNED,
        program: Program::Server { context: 256 },
        max_tokens: 100,
        stop: Vec::new(),
        watch: watch(None, None),
    }
}

fn served(event: StreamEvent) -> Input {
    Input::Served(Box::new(event))
}

fn piece(text: &str) -> Input {
    served(StreamEvent {
        content: text.to_owned(),
        ..StreamEvent::default()
    })
}

fn last(stop: &str, truncated: bool) -> Input {
    served(StreamEvent {
        stop: Some(stop.to_owned()),
        truncated,
        ..StreamEvent::default()
    })
}

fn prompt(total: u32, processed: u32) -> Input {
    served(StreamEvent {
        progress: Some(PromptProgress {
            total,
            processed,
            ..PromptProgress::default()
        }),
        ..StreamEvent::default()
    })
}

fn killed() -> Input {
    exited(Status::Code(143))
}

/// Why a history ended that goes on until the server is asked to end.
fn end(history: Vec<Input>) -> End {
    let told = tell_at_once(terms(), history.into_iter().chain([killed()]));
    told.outcome().end.clone()
}

proptest! {
    #[test]
    fn the_text_is_shown_up_to_the_first_stop_sequence(
        pieces in prop::collection::vec("[ab\né😀]{1,3}", 0..8),
        words in prop::collection::vec("[ab\né]{1,3}", 0..3),
    ) {
        let history = [err(LISTENING), Input::Asked]
            .into_iter()
            .chain(pieces.iter().map(|text| piece(text)))
            .chain([last("eos", false), killed()]);
        let told = tell_at_once(Terms { stop: words.clone(), ..terms() }, history);
        let text = pieces.concat();
        let (expected, stopped) = up_to_stop(&text, &words);
        prop_assert_eq!(told.text(), expected);
        prop_assert_eq!(matches!(told.outcome().end, End::StopWord(_)), stopped);
        prop_assert_eq!((told.stops(), told.kills()), (1, 0));
    }

    #[test]
    fn a_limit_that_runs_out_is_the_end(pieces in 0_usize..9, limit in 60_u64..600) {
        let watch = watch(Some(ms(limit)), None);
        let history = [(SPAWNED, Input::Asked)]
            .into_iter()
            .chain((0..pieces).map(|_| (SPAWNED, piece("a"))))
            .chain([(ms(limit), Input::Tick), (ms(limit), killed())]);
        let told = tell(Terms { watch, ..terms() }, history);
        let expected = End::Budget(Overrun { kind: BudgetKind::Fixed, limit: ms(limit) });
        prop_assert_eq!(&told.outcome().end, &expected);
    }
}

#[test]
fn it_is_asked_when_it_listens_and_loaded_when_it_is_asked() {
    let told = tell(
        terms(),
        [
            (ms(100), err(LISTENING)),
            (ms(110), Input::Asked),
            (ms(120), piece("a")),
        ],
    );
    let of = |wanted: &Action| {
        let found = told.actions.iter().find(|(_, action)| action == wanted);
        found.map(|(at, _)| *at)
    };
    assert_eq!(of(&Action::Ask), Some(ms(100)));
    assert_eq!(of(&Action::Enter(Phase::Prefill)), Some(ms(110)));
    assert_eq!(of(&Action::Enter(Phase::Decode)), Some(ms(120)));
}

#[test]
fn the_reasons_for_an_end_are_those_of_llama_completion() {
    assert_eq!(end(vec![piece("a"), last("eos", false)]), End::EndOfText);
    assert_eq!(end(vec![piece("a"), last("limit", false)]), End::TokenLimit);
    assert_eq!(end(vec![piece("a"), last("limit", true)]), End::ContextFull);
    let too_long = |tokens, max| End::Failed(Failure::PromptTooLong { tokens, max });
    let refusal = Refusal::PromptTooLong {
        tokens: 300,
        context: 256,
    };
    assert_eq!(end(vec![Input::Refused(refusal)]), too_long(300, 252));
    // A server would take it, and llama-completion not.
    assert_eq!(end(vec![prompt(253, 0)]), too_long(253, 252));
    assert_eq!(
        end(vec![prompt(252, 0), last("eos", false)]),
        End::EndOfText
    );
}

#[test]
fn a_formed_prompt_is_the_end_where_nothing_else_was_asked_for() {
    assert_eq!(end(vec![Input::Asked, Input::Formed]), End::Formed);
    let told = tell_at_once(terms(), [Input::Asked, Input::Formed, killed()]);
    assert_eq!(
        (told.stops(), told.kills(), told.text()),
        (1, 0, String::new())
    );
}

#[test]
fn a_server_that_ends_unasked_has_crashed_whatever_its_exit_code() {
    for status in [Status::Code(0), Status::Code(1), Status::Signal(9)] {
        let told = tell_at_once(terms(), [Input::Asked, piece("a"), exited(status)]);
        let phase = Phase::Decode;
        let expected = End::Failed(Failure::Crashed { status, phase });
        assert_eq!(told.outcome().end, expected);
    }
    let refusal = "0.0.0 E srv  load_model: failed to load model\n";
    let told = tell_at_once(terms(), [err(refusal), exited(Status::Code(1))]);
    assert!(matches!(
        told.outcome().end,
        End::Failed(Failure::ModelRejected { .. })
    ));
}

#[test]
fn an_answer_that_breaks_off_gives_the_crash_a_moment_to_show() {
    let broken = || Input::BrokenOff("reset".to_owned());
    let crashed = tell(
        terms(),
        [
            (ms(100), Input::Asked),
            (ms(200), broken()),
            (ms(300), exited(Status::Signal(11))),
        ],
    );
    assert!(matches!(
        crashed.outcome().end,
        End::Failed(Failure::Crashed { .. })
    ));
    let living = tell(
        terms(),
        [
            (ms(100), Input::Asked),
            (ms(200), broken()),
            (ms(1200), Input::Tick),
            (ms(1300), killed()),
        ],
    );
    assert_eq!(living.hard_deadlines[1], Some(ms(1200)));
    let detail = "reset".to_owned();
    assert_eq!(
        living.outcome().end,
        End::Failed(Failure::BrokenOff { detail })
    );
}

#[test]
fn nothing_that_a_server_sends_after_the_wish_to_end_counts() {
    let told = tell_at_once(
        terms(),
        [
            Input::Asked,
            piece("a"),
            Input::Interrupt(Interruption::Interrupt),
            piece("b"),
            last("eos", false),
            killed(),
        ],
    );
    assert_eq!(told.text(), "a");
    assert_eq!(
        told.outcome().end,
        End::Interrupted(Interruption::Interrupt)
    );
}

#[test]
fn it_is_measured_by_its_own_timings_and_our_clock() {
    let timings = Timings::from_json(&serde_json::json!({ "prompt_n": 6, "prompt_ms": 60.0 }));
    let event = StreamEvent {
        content: "b".to_owned(),
        timings: Some(timings),
        ..StreamEvent::default()
    };
    let told = tell(
        terms(),
        [
            (ms(150), Input::Asked),
            (ms(160), prompt(6, 6)),
            (ms(250), piece("a")),
            (ms(270), served(event)),
            (ms(300), last("eos", false)),
            (ms(460), killed()),
        ],
    );
    let measured = &told.outcome().measured;
    assert_eq!(measured.load_ms, Some(100.0));
    // From the request, not from the spawn.
    assert_eq!(measured.ttft_ms, Some(100.0));
    assert_eq!(measured.prompt_ms, Some(60.0));
    assert_eq!(measured.tpot_ms, Some(20.0));
    assert_eq!(measured.total_ms, 460.0);
}
