//! How histories end: what was lost, why it ended, what was measured.

use super::tests::{
    CLOSING, MARKER, READY, TIMINGS, err, exited, ms, out, tell, tell_at_once, terms,
};
use super::{Input, Lost, Phase, Terms};
use crate::engine::outcome::{End, Failure, Interruption};
use crate::supervise::Status;

#[test]
fn what_the_program_failed_to_write_is_noticed() {
    let lost = |history: Vec<Input>| {
        let all = history.into_iter().chain([exited(Status::Code(0))]);
        tell_at_once(terms(), all).ended().lost
    };
    assert_eq!(lost(vec![out("a"), err(TIMINGS)]), Lost::Text);
    assert_eq!(lost(vec![out("a"), out(CLOSING)]), Lost::Timings);
    assert_eq!(
        lost(vec![out("a"), out(CLOSING), err(TIMINGS)]),
        Lost::Nothing
    );
    // Whoever was asked to end owes nothing.
    assert_eq!(
        lost(vec![
            out("a"),
            Input::Interrupt(Interruption::Interrupt),
            out("b")
        ]),
        Lost::Nothing
    );
}

#[test]
fn a_refusal_without_its_reason_is_noticed() {
    let lost = |history: Vec<Input>, status: Status| {
        let all = history.into_iter().chain([exited(status)]);
        tell_at_once(terms(), all).ended().lost
    };
    let too_long = "0.00.030.000 E main: prompt is too long (10000 tokens, max 252)\n";
    assert_eq!(lost(vec![err(READY)], Status::Code(1)), Lost::Reason);
    assert_eq!(
        lost(vec![err(READY), err(too_long)], Status::Code(1)),
        Lost::Nothing
    );
    // These are no refusals, and say nothing in any run.
    assert_eq!(lost(vec![err(READY)], Status::Signal(6)), Lost::Nothing);
    assert_eq!(lost(vec![err(READY)], Status::Code(127)), Lost::Nothing);
    assert_eq!(lost(vec![out("a")], Status::Code(1)), Lost::Nothing);
}

#[test]
fn an_unasked_end_is_told_by_what_was_seen() {
    let end = |history: Vec<Input>, exit: Input| {
        let all = history.into_iter().chain([exit]);
        tell_at_once(terms(), all).outcome().end.clone()
    };
    let done = || exited(Status::Code(0));
    assert_eq!(
        end(
            vec![out("a"), out(MARKER), out(CLOSING), err(TIMINGS)],
            done()
        ),
        End::EndOfText
    );
    assert_eq!(
        end(vec![out("a"), out(CLOSING), err(TIMINGS)], done()),
        End::TokenLimit
    );
    let full = "main: context full and context shift is disabled => stopping\n";
    assert_eq!(
        end(vec![out("a"), err(full), out(CLOSING)], done()),
        End::ContextFull
    );
    for nothing in [vec![], vec![out(CLOSING)], vec![err(READY)]] {
        assert_eq!(end(nothing, done()), End::Failed(Failure::Silent));
    }
    assert_eq!(
        end(vec![err(READY), out("a")], exited(Status::Signal(11))),
        End::Failed(Failure::Crashed {
            status: Status::Signal(11),
            phase: Phase::Decode
        })
    );
    let long = "main: prompt is too long (10000 tokens, max 252)\n";
    assert_eq!(
        end(vec![err(READY), err(long)], exited(Status::Code(1))),
        End::Failed(Failure::PromptTooLong {
            tokens: 10000,
            max: 252
        })
    );
    let model = "llama_model_load: error loading model: missing tensor\n";
    assert!(matches!(
        end(vec![err(model)], exited(Status::Code(1))),
        End::Failed(Failure::ModelRejected { .. })
    ));
    // A signal is a crash, whatever was said about the model.
    assert!(matches!(
        end(vec![err(model)], exited(Status::Signal(6))),
        End::Failed(Failure::Crashed { .. })
    ));
    assert_eq!(
        end(vec![], Input::Lost("reason".to_owned())),
        End::Failed(Failure::Lost {
            detail: "reason".to_owned()
        })
    );
}

#[test]
fn measures_the_models_pieces_and_not_the_programs_own_words() {
    let told = tell(
        terms(),
        [
            (ms(150), err(READY)),
            (ms(250), out("one")),
            (ms(260), out("two")),
            (ms(290), out("three")),
            (ms(990), out(MARKER)),
            (ms(991), out(CLOSING)),
            (ms(991), err(TIMINGS)),
            (ms(1000), exited(Status::Code(0))),
        ],
    );
    let measured = &told.outcome().measured;
    assert_eq!(measured.load_ms, Some(100.0));
    assert_eq!(measured.ttft_ms, Some(200.0));
    assert_eq!(measured.generated_tokens, Some(3));
    assert_eq!(measured.ms_per_token, Some(10.0));
    assert_eq!(measured.tpot_ms, Some(20.0));
    let gaps = measured.gaps.expect("two gaps");
    assert_eq!((gaps.p50, gaps.max), (10.0, 30.0));
    assert_eq!(measured.gaps_ms, [10.0, 30.0]);
    assert_eq!((measured.decided_ms, measured.total_ms), (1000.0, 1000.0));
}

#[test]
fn what_comes_after_a_stop_sequence_is_not_measured() {
    let told = tell(
        Terms {
            stop: vec!["#".to_owned()],
            ..terms()
        },
        [
            (ms(100), out("a")),
            (ms(110), out("b#")),
            (ms(900), out("c")),
            (ms(900), exited(Status::Code(130))),
        ],
    );
    assert_eq!(told.text(), "ab");
    let measured = &told.outcome().measured;
    assert_eq!(measured.gaps.expect("one gap").max, 10.0);
    assert_eq!((measured.decided_ms, measured.total_ms), (110.0, 900.0));
}

#[test]
fn a_last_line_without_a_newline_is_read_too() {
    let cut_off = TIMINGS.trim_end();
    let told = tell_at_once(
        terms(),
        [
            out("a"),
            out(CLOSING),
            err(cut_off),
            exited(Status::Code(0)),
        ],
    );
    assert_eq!(told.ended().lost, Lost::Nothing);
    assert_eq!(told.outcome().measured.ms_per_token, Some(10.0));
}
