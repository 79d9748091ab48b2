//! Histories of a generation, generated and told: no process, no clock.

use std::time::Duration;

use proptest::prelude::*;

use super::{Action, Ended, Generation, Input, Phase, Program, Terms};
use crate::dialect::{StreamEvent, Style};
use crate::engine::outcome::{End, Interruption, Outcome};
use crate::supervise::{ExitReport, Status, Usage};
use crate::units::duration::LONGEST;
use crate::watchdog::{self, Budget, BudgetKind, Overrun, Windows};

const MAX_TOKENS: u32 = 100;
/// When the process was spawned, on the clock of the histories.
const SPAWNED: Duration = ms(50);

pub(super) const READY: &str =
    "0.00.024.922 I generate: n_ctx = 512, n_batch = 256, n_predict = 64\n";
pub(super) const TIMINGS: &str = "\
common_perf_print: prompt eval time =      60.00 ms /     6 tokens (   10.00 ms per token,   100.00 tokens per second)
common_perf_print:        eval time =      20.00 ms /     2 runs   (   10.00 ms per token,   100.00 tokens per second)
common_perf_print:       total time =     100.00 ms /     8 tokens
";
pub(super) const MARKER: &[u8] = b" [end of text]\n";
pub(super) const CLOSING: &[u8] = b"\n\n";
const INTERRUPTED: [&[u8]; 2] = [b"\n", b"Interrupted by user\n"];

pub(super) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(super) fn terms() -> Terms {
    Terms {
        spawned: SPAWNED,
        program: Program::Completion {
            writes_apart: true,
            style: Style::Logger,
        },
        max_tokens: MAX_TOKENS,
        stop: Vec::new(),
        watch: watch(None, None),
    }
}

/// Fixed limits, or none; a silence of any length is nothing here.
pub(super) fn watch(timeout: Option<Duration>, load: Option<Duration>) -> watchdog::Terms {
    let silence = Some(LONGEST);
    watchdog::Terms {
        spawned: SPAWNED,
        budget: timeout.map_or(Budget::Unlimited, Budget::Fixed),
        load_limit: load,
        max_tokens: u64::from(MAX_TOKENS),
        batch: 256,
        windows: Windows {
            load: silence,
            prefill: silence,
            decode: silence,
            ..Windows::default()
        },
        ..watchdog::Terms::default()
    }
}

pub(super) fn exited(status: Status) -> Input {
    Input::Exited(ExitReport {
        status,
        usage: Usage::default(),
        lifetime: Duration::ZERO,
        ladder: Vec::new(),
        swept: 0,
        quarantined: Vec::new(),
        group_empty: true,
        pipe_leaked: false,
    })
}

pub(super) fn out(bytes: impl AsRef<[u8]>) -> Input {
    Input::Stdout(bytes.as_ref().to_vec())
}

pub(super) fn err(line: &str) -> Input {
    Input::Stderr(line.as_bytes().to_vec())
}

/// What became of a history.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Every action, with the time of the event that led to it.
    pub(super) actions: Vec<(Duration, Action)>,
    /// After each event: its time, and the deadline that was then set.
    pub(super) deadlines: Vec<(Duration, Option<Duration>)>,
    /// The same, of what the user has set.
    pub(super) hard_deadlines: Vec<Option<Duration>>,
}

impl Told {
    pub(super) fn text(&self) -> String {
        let shown = self.actions.iter().filter_map(|(_, action)| match action {
            Action::Show(text) => Some(text.as_str()),
            _ => None,
        });
        shown.collect()
    }

    fn count(&self, wanted: impl Fn(&Action) -> bool) -> usize {
        let actions = self.actions.iter();
        actions.filter(|(_, action)| wanted(action)).count()
    }

    pub(super) fn stops(&self) -> usize {
        self.count(|action| matches!(action, Action::Stop(_)))
    }

    pub(super) fn kills(&self) -> usize {
        self.count(|action| matches!(action, Action::Kill))
    }

    pub(super) fn ended(&self) -> &Ended {
        match self.actions.last() {
            Some((_, Action::Finish(ended))) => ended,
            other => panic!("it ends with {other:?}"),
        }
    }

    pub(super) fn outcome(&self) -> &Outcome {
        &self.ended().outcome
    }
}

/// Tells a history, each event at its time.
pub(super) fn tell(terms: Terms, history: impl IntoIterator<Item = (Duration, Input)>) -> Told {
    let mut generation = Generation::new(terms);
    let mut told = Told::default();
    for (now, input) in history {
        let actions = generation.handle(now, input);
        told.actions
            .extend(actions.into_iter().map(|action| (now, action)));
        told.deadlines.push((now, generation.deadline()));
        told.hard_deadlines.push(generation.hard_deadline());
    }
    told
}

/// Tells a history in which time does not matter.
pub(super) fn tell_at_once(terms: Terms, history: impl IntoIterator<Item = Input>) -> Told {
    tell(terms, history.into_iter().map(|input| (SPAWNED, input)))
}

/// Events that may come while a process runs.
fn events() -> impl Strategy<Value = Vec<(Duration, Input)>> {
    let event = prop_oneof![
        4 => prop_oneof!["[ab\n]{1,3}".prop_map(out), Just(out(MARKER)), Just(out(CLOSING))],
        1 => prop::collection::vec(any::<u8>(), 1..6).prop_map(out),
        2 => prop_oneof![
            Just(err(READY)), Just(err(TIMINGS)), Just(err("half a")), Just(err(" line\n")),
        ],
        1 => prop_oneof![
            Just(Interruption::Interrupt),
            Just(Interruption::HangUp),
            Just(Interruption::Terminate),
        ]
        .prop_map(Input::Interrupt),
        1 => Just(Input::OutputClosed),
        1 => Just(Input::BrokenOff("reset".to_owned())),
        1 => Just(Input::Asked),
        2 => "[ab\n]{0,3}".prop_map(|text| Input::Served(Box::new(StreamEvent {
            content: text,
            ..StreamEvent::default()
        }))),
        2 => Just(Input::Tick),
    ];
    let steps = prop::collection::vec((0_u64..40, event), 0..25);
    steps.prop_map(|steps| {
        let mut now = SPAWNED;
        let timed = steps.into_iter().map(|(step, event)| {
            now += ms(step);
            (now, event)
        });
        timed.collect()
    })
}

/// How a process may leave.
fn exits() -> impl Strategy<Value = Input> {
    prop_oneof![
        prop::sample::select(vec![0, 1, 130, 143]).prop_map(|code| exited(Status::Code(code))),
        prop::sample::select(vec![6, 9, 11]).prop_map(|signal| exited(Status::Signal(signal))),
        Just(Input::Lost("no such child".to_owned())),
    ]
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let limit = || prop::option::of((1_u64..600).prop_map(ms));
    let stop = prop::collection::vec("[ab\n]{1,3}", 0..3);
    let program = prop_oneof![
        2 => (any::<bool>(), any::<bool>()).prop_map(|(writes_apart, logger)| Program::Completion {
            writes_apart,
            style: if logger { Style::Logger } else { Style::Plain },
        }),
        1 => Just(Program::Server { context: 256, counts: true }),
    ];
    (limit(), limit(), stop, program).prop_map(|(timeout, load, stop, program)| Terms {
        watch: watch(timeout, load),
        stop,
        program,
        ..terms()
    })
}

/// Where a stop sequence ends a text: the first that is complete, the longest of several.
pub(super) fn up_to_stop<'t>(text: &'t str, words: &[String]) -> (&'t str, bool) {
    for end in 1..=text.len() {
        let found = words
            .iter()
            .filter(|word| text.as_bytes()[..end].ends_with(word.as_bytes()));
        if let Some(longest) = found.map(String::len).max() {
            return (&text[..end - longest], true);
        }
    }
    (text, false)
}

/// Cuts bytes into writes of these lengths, over and over.
fn cut(bytes: &[u8], lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut writes = Vec::new();
    let mut rest = bytes;
    for &length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (write, after) = rest.split_at(length.min(rest.len()));
        writes.push(write.to_vec());
        rest = after;
    }
    writes
}

proptest! {
    #[test]
    fn it_ends_once_and_last(terms in any_terms(), mut events in events(), exit in exits()) {
        let last = events.last().map_or(SPAWNED, |(now, _)| *now);
        events.push((last, exit));
        let told = tell(terms, events);
        prop_assert_eq!(told.count(|action| matches!(action, Action::Finish(_))), 1);
        // Panics unless it is the last one.
        told.ended();
    }

    #[test]
    fn it_never_asks_for_the_end_twice(terms in any_terms(), events in events()) {
        let told = tell(terms, events);
        prop_assert!(told.stops() <= 1, "{told:?}");
        // Nothing is killed that was not asked to end before.
        let kill = told.actions.iter().position(|(_, action)| *action == Action::Kill);
        let stop = told.actions.iter().position(|(_, action)| matches!(action, Action::Stop(_)));
        prop_assert!(kill.is_none() || stop < kill, "{told:?}");
    }

    #[test]
    fn a_deadline_in_the_past_has_been_acted_on(terms in any_terms(), events in events()) {
        let told = tell(terms, events);
        for (now, deadline) in &told.deadlines {
            prop_assert!(deadline.is_none_or(|deadline| deadline > *now), "{told:?}");
        }
        let stopped_at = told.actions.iter().find(|(_, action)| matches!(action, Action::Stop(_)));
        if let Some((at, _)) = stopped_at {
            let after = told.deadlines.iter().filter(|(now, _)| now > at);
            prop_assert!(after.clone().all(|(_, deadline)| deadline.is_none()), "{told:?}");
        }
    }

    #[test]
    fn a_limit_that_runs_out_stops_once_and_is_the_end(
        events in events(), limit in 1_u64..600, load: bool, exit in exits(),
    ) {
        // Nothing else may end it, and nothing may end the load phase.
        let interferes = |input: &Input| match input {
            Input::Interrupt(_) | Input::OutputClosed | Input::BrokenOff(_) => true,
            Input::Stdout(_) | Input::Stderr(_) | Input::Asked | Input::Served(_) => load,
            _ => false,
        };
        let mut events: Vec<_> =
            events.into_iter().filter(|(_, input)| !interferes(input)).collect();
        let limit = ms(limit);
        let (watch, kind, at) = if load {
            (watch(None, Some(limit)), BudgetKind::Load, SPAWNED + limit)
        } else {
            (watch(Some(limit), None), BudgetKind::Fixed, limit)
        };
        let last = events.last().map_or(SPAWNED, |(now, _)| *now);
        let late = at.max(last);
        events.extend([(late, Input::Tick), (late, Input::Tick), (late, exit)]);
        let told = tell(Terms { watch, ..terms() }, events);
        prop_assert_eq!((told.stops(), told.kills()), (1, 0));
        prop_assert_eq!(&told.outcome().end, &End::Budget(Overrun { kind, limit }));
        let early = told.actions.iter().find(|(now, action)| {
            matches!(action, Action::Stop(_)) && *now < at
        });
        prop_assert_eq!(early, None);
    }

    #[test]
    fn every_interruption_after_the_first_kills(events in events()) {
        let mut events = events;
        events.retain(|(_, input)| !matches!(input, Input::OutputClosed | Input::BrokenOff(_)));
        let interruptions =
            events.iter().filter(|(_, input)| matches!(input, Input::Interrupt(_))).count();
        let told = tell(terms(), events);
        prop_assert_eq!(told.stops(), interruptions.min(1));
        prop_assert_eq!(told.kills(), interruptions.saturating_sub(1));
    }

    #[test]
    fn phases_only_go_forward(terms in any_terms(), events in events()) {
        let told = tell(terms, events);
        let phases: Vec<Phase> = told.actions.iter().filter_map(|(_, action)| match action {
            Action::Enter(phase) => Some(*phase),
            _ => None,
        }).collect();
        prop_assert!(phases.windows(2).all(|pair| pair[0] < pair[1]), "{phases:?}");
        prop_assert!(!phases.contains(&Phase::Load));
    }

    #[test]
    fn every_byte_of_the_model_is_shown_once_and_nothing_after_a_stop_sequence(
        text in "[ab\né😀]{0,12}",
        words in prop::collection::vec("[ab\né]{1,3}", 0..3),
        lengths in prop::collection::vec(1_usize..6, 1..8),
        writes_apart: bool,
        ending in 0..4,
    ) {
        let (program, exit): (Vec<&[u8]>, Input) = match ending {
            0 => (vec![MARKER, CLOSING], exited(Status::Code(0))),
            1 => (vec![CLOSING], exited(Status::Code(0))),
            2 => (INTERRUPTED.to_vec(), exited(Status::Code(130))),
            _ => (vec![], exited(Status::Signal(6))),
        };
        let writes = if writes_apart {
            let mut writes = cut(text.as_bytes(), &lengths);
            writes.extend(program.iter().map(|word| word.to_vec()));
            writes
        } else {
            cut(&[text.as_bytes(), &program.concat()].concat(), &lengths)
        };
        let mut history = vec![err(READY)];
        history.extend(writes.into_iter().map(Input::Stdout));
        history.extend([err(TIMINGS), exit]);
        let program = Program::Completion { writes_apart, style: Style::Logger };
        let terms = Terms { stop: words.clone(), program, ..terms() };
        let told = tell_at_once(terms, history);
        let (expected, stopped) = up_to_stop(&text, &words);
        // The program's own last words can only complete a stop sequence where they cannot be told
        // from the model's: not here.
        prop_assert_eq!(told.text(), expected);
        prop_assert_eq!(matches!(told.outcome().end, End::StopWord(_)), stopped);
    }
}

#[test]
fn a_load_limit_ends_with_the_load() {
    let watch = watch(None, Some(ms(100)));
    let loading = tell(
        Terms { watch, ..terms() },
        [(ms(149), Input::Tick), (ms(150), Input::Tick)],
    );
    assert_eq!(loading.hard_deadlines[0], Some(ms(150)), "from the spawn");
    assert_eq!(loading.stops(), 1);
    let loaded = tell(
        Terms { watch, ..terms() },
        [(ms(149), err(READY)), (ms(99_999), Input::Tick)],
    );
    assert_eq!(loaded.hard_deadlines[0], None);
    assert_eq!(loaded.stops(), 0);
}

#[test]
fn the_nearer_limit_is_the_one_that_is_named() {
    for (timeout, load, kind) in [
        (ms(200), ms(100), BudgetKind::Load),
        (ms(100), ms(200), BudgetKind::Fixed),
    ] {
        let watch = watch(Some(timeout), Some(load));
        let told = tell(
            Terms { watch, ..terms() },
            [
                (ms(9999), Input::Tick),
                (ms(9999), exited(Status::Signal(9))),
            ],
        );
        let limit = timeout.min(load);
        assert_eq!(told.outcome().end, End::Budget(Overrun { kind, limit }));
    }
}

#[test]
fn the_first_cause_stays_the_cause() {
    let ended = |cause: Input| {
        let stop = vec!["#".to_owned()];
        let history = [
            cause,
            Input::OutputClosed,
            Input::Interrupt(Interruption::Terminate),
            exited(Status::Code(0)),
        ];
        let told = tell_at_once(Terms { stop, ..terms() }, history);
        told.outcome().end.clone()
    };
    assert_eq!(ended(out("a#b")), End::StopWord("#".to_owned()));
    assert_eq!(ended(Input::OutputClosed), End::OutputClosed);
    assert_eq!(
        ended(Input::Interrupt(Interruption::Interrupt)),
        End::Interrupted(Interruption::Interrupt)
    );
}
