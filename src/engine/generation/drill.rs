//! Several questions to one server: those before the measured one, and those beside it.
//!
//! Each question is watched anew, with nothing counted. Of several at once each is progress of the
//! process; the speed and the gaps are the measured one's alone. As long as one of them reads its prompt,
//! the process is judged as one that reads, for a batch of it silences all.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Action, Generation, Phase, Program};
use crate::dialect::{PromptProgress, StreamEvent, Told};
use crate::engine::drill::{Announced, Asked, Beside, CompanionTold, Together};
use crate::engine::outcome::{End, Failure};
use crate::engine::reading::ms;
use crate::engine::served::Served;
use crate::watchdog::{self, Budget, Counters, Event, Watchdog};

/// What is asked, and how far it is.
#[derive(Debug, Default)]
pub(super) struct Drilling {
    /// The question that is being answered, once there is one.
    asked: Option<Asked>,
    /// The one that spoiled it, where that is another one.
    spoiled: Option<Asked>,
    /// When the measured question was written.
    measured_at: Option<Duration>,
    /// Those that are asked at once, the measured one first; empty where it is the only question of all.
    streams: Vec<Stream>,
    /// Why the measured answer ended, while others go on.
    end: Option<End>,
    /// When all of them had ended.
    all_over_at: Option<Duration>,
    /// The most that each slot has told of: prompt tokens, generated ones. An idle one tells nothing.
    slots: BTreeMap<u64, [Option<u64>; 2]>,
}

/// One answer of several.
#[derive(Debug, Default, Clone, Copy)]
struct Stream {
    /// Tokens of the prompt; until that is told, the most that it can have.
    prompt: u64,
    processed: u64,
    generated: u64,
    /// Whether it generates, or did.
    begun: bool,
    over: bool,
}

impl Drilling {
    /// When the measured question was written.
    pub(super) fn measured_at(&self) -> Option<Duration> {
        self.measured_at
    }

    /// How many answers are given at once.
    fn at_once(&self) -> u32 {
        u32::try_from(self.streams.len()).map_or(u32::MAX, |streams| streams.max(1))
    }

    fn is_rehearsing(&self) -> bool {
        matches!(self.asked, Some(Asked::WarmUp(_) | Asked::Depth(_)))
    }

    /// Whether one of several still reads its prompt.
    fn is_reading(&self) -> bool {
        self.streams.iter().any(|stream| !stream.begun)
    }

    fn began(&mut self, stream: usize) {
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.begun = true;
        }
    }

    /// What all streams came to, where they came to their ends; the measured one has generated so much.
    pub(super) fn together(&self, generated: Option<u64>) -> Option<Together> {
        let took = self.all_over_at?.saturating_sub(self.measured_at?);
        let beside = self.streams.get(1..).filter(|beside| !beside.is_empty())?;
        let others: u64 = beside.iter().map(|stream| stream.generated).sum();
        Some(Together {
            streams: self.at_once(),
            generated_tokens: others.saturating_add(generated?),
            ms: ms(took),
        })
    }

    /// A failure, with the name of the question that it is about.
    pub(super) fn named(&self, failure: Failure) -> Failure {
        let asked = self.spoiled.or(self.asked).unwrap_or(Asked::Measured);
        match failure {
            // Its end says more than what became of one stream.
            Failure::Crashed { .. } if self.spoiled.is_some() => failure,
            failure => failure.of(asked),
        }
    }

    /// The counters of all slots together, which never fall: one that has done its work tells no more.
    fn sum(&mut self, told: &Told) -> [Option<u64>; 2] {
        if self.streams.len() < 2 {
            return [told.prompt_tokens(), told.decoded()];
        }
        for slot in &told.slots {
            let known = self.slots.entry(slot.id.unwrap_or(0)).or_default();
            known[0] = known[0].max(slot.prompt_tokens_processed);
            known[1] = known[1].max(slot.decoded);
        }
        [0, 1].map(|which| {
            let known = self.slots.values().filter_map(|slot| slot[which]);
            known.reduce(u64::saturating_add)
        })
    }
}

impl Generation {
    /// A question is being written. Where it is not the only one, it is watched anew.
    pub(super) fn take_announced(
        &mut self,
        now: Duration,
        announced: Announced,
        actions: &mut Vec<Action>,
    ) {
        if self.cause.is_some() {
            return;
        }
        let Announced {
            asked,
            max_tokens,
            prompt_bytes,
        } = announced;
        let is_only = self.drill.asked.is_none() && asked == Asked::Measured;
        let is_measured = asked == Asked::Measured;
        self.drill.asked = Some(asked);
        self.drill.measured_at = is_measured.then_some(now);
        if is_only && prompt_bytes.len() < 2 {
            return;
        }
        self.drill.slots.clear();
        self.drill.streams = prompt_bytes
            .iter()
            .map(|bytes| Stream {
                // And one that begins each of them.
                prompt: *bytes as u64 + 1,
                ..Stream::default()
            })
            .collect();
        // Nothing that was told of another answer, by its events or in the log, is told of this one.
        self.served = Served {
            timings: Some(crate::dialect::Timings::default()),
            ..Served::default()
        };
        self.watchdog = Watchdog::asked(self.terms_for(now, max_tokens));
        self.enter(Phase::Prefill, actions);
        actions.push(Action::Log(match prompt_bytes.len() {
            0 | 1 => format!("orchestrate: asked: {asked}"),
            streams => format!("orchestrate: asked: {streams} streams at once"),
        }));
    }

    /// How a question is judged that is asked now.
    fn terms_for(&self, now: Duration, max_tokens: u32) -> watchdog::Terms {
        let terms = self.terms.watch;
        let longest: u64 = self.drill.streams.iter().map(|stream| stream.prompt).sum();
        watchdog::Terms {
            // No batch is longer than all prompts.
            batch: u32::try_from(longest).map_or(terms.batch, |longest| longest.min(terms.batch)),
            spawned: now,
            budget: match terms.budget {
                Budget::Auto { floor } => Budget::Auto {
                    floor: floor.saturating_add(now),
                },
                budget => budget,
            },
            max_tokens: u64::from(max_tokens),
            expected: terms.expected.shared_by(self.drill.at_once()),
            ..terms
        }
    }

    /// What earlier runs say of this one.
    pub(in crate::engine) fn expect(&mut self, expected: watchdog::Expected) {
        self.terms.watch.expected = expected;
        let streams = self.drill.at_once();
        self.watchdog.expect(expected.shared_by(streams));
    }

    /// Takes an event of an answer that counts for nothing; whether it is one.
    pub(super) fn rehearses(
        &mut self,
        now: Duration,
        event: &StreamEvent,
        actions: &mut Vec<Action>,
    ) -> bool {
        if !self.drill.is_rehearsing() {
            return false;
        }
        if let Some(detail) = event.error.clone() {
            self.stop(End::Failed(Failure::BrokenOff { detail }), actions);
            return true;
        }
        if let Some(progress) = event.progress {
            self.watch_prompt(now, 0, progress, actions);
        }
        if let Some(generated) = generated(event) {
            let counters = Counters {
                decoded: Some(generated),
                ..Counters::default()
            };
            self.watch(now, Event::Counters(counters), actions);
        }
        if !event.content.is_empty() {
            self.watch_text(now, event.content.as_bytes(), actions);
        }
        true
    }

    /// Whether the measured answer has ended, while others go on.
    pub(super) fn is_waiting_for_others(&self) -> bool {
        self.drill.end.is_some()
    }

    /// How far a stream is with its prompt; ends it all where that is too long. Says whether it goes on.
    pub(super) fn watch_prompt(
        &mut self,
        now: Duration,
        stream: usize,
        progress: PromptProgress,
        actions: &mut Vec<Action>,
    ) -> bool {
        if let Some(failure) = self.prompt_too_long(progress) {
            self.stop(End::Failed(failure), actions);
            return false;
        }
        let (total, processed) = (progress.total.into(), progress.processed.into());
        let mut event = Event::PromptProgress { processed, total };
        if let Some(this) = self.drill.streams.get_mut(stream) {
            let has_advanced = processed > this.processed;
            this.prompt = total;
            this.processed = this.processed.max(processed);
            let streams = self.drill.streams.iter();
            let sum = |of: fn(&Stream) -> u64| streams.clone().map(of).sum();
            event = Event::PromptProgress {
                processed: sum(|stream| stream.processed),
                total: sum(|stream| stream.prompt),
            };
            // While the others generate, it is told as something new of another one.
            if has_advanced && self.watchdog.phase() > watchdog::Phase::Prefill {
                event = Event::Beside;
            }
        }
        self.watch(now, event, actions);
        true
    }

    /// A piece of the text that is watched.
    pub(super) fn watch_text(&mut self, now: Duration, piece: &[u8], actions: &mut Vec<Action>) {
        self.drill.began(0);
        let event = if self.drill.is_reading() {
            Event::Beside
        } else {
            Event::Text { tokens: 1, piece }
        };
        self.watch(now, event, actions);
    }

    /// What came of a question beside the measured one. What comes after the wish to end is nobody's.
    pub(super) fn take_beside(&mut self, now: Duration, beside: Beside, actions: &mut Vec<Action>) {
        let place = usize::try_from(beside.stream).unwrap_or(0).wrapping_sub(1);
        if self.cause.is_some() || self.drill.streams.get(place).is_none_or(|it| it.over) {
            return;
        }
        let was_broken = self.served.broken_off.is_some();
        match beside.told {
            CompanionTold::Event(event) => self.take_companion(now, place, &event, actions),
            CompanionTold::Refused(refusal) => {
                self.stop(End::Failed(Served::refused(refusal)), actions);
            }
            CompanionTold::BrokenOff(detail) => {
                self.served.broken_off.get_or_insert((now, detail));
            }
        }
        let is_broken = self.served.broken_off.is_some() && !was_broken;
        if is_broken || matches!(self.cause, Some(End::Failed(_))) {
            self.drill.spoiled = Some(Asked::Beside(beside.stream));
        }
    }

    fn take_companion(
        &mut self,
        now: Duration,
        place: usize,
        event: &StreamEvent,
        actions: &mut Vec<Action>,
    ) {
        if let Some(detail) = event.error.clone() {
            return self.stop(End::Failed(Failure::BrokenOff { detail }), actions);
        }
        if let Some(progress) = event.progress
            && !self.watch_prompt(now, place, progress, actions)
        {
            return;
        }
        let stream = &mut self.drill.streams[place];
        let is_text = !event.content.is_empty();
        let counted = stream.generated.saturating_add(u64::from(is_text));
        let generated = generated(event).unwrap_or(counted).max(stream.generated);
        let is_new = is_text || generated > stream.generated;
        stream.generated = generated;
        stream.over |= event.stop.is_some();
        stream.begun |= is_new || stream.over;
        if is_new || stream.over {
            self.watch(now, Event::Beside, actions);
        }
        self.end_if_all_are_over(now, actions);
    }

    /// The measured answer is over: so is all, unless others go on.
    pub(super) fn end_answer(&mut self, now: Duration, end: End, actions: &mut Vec<Action>) {
        if matches!(end, End::Failed(_)) {
            return self.stop(end, actions);
        }
        if let Some(measured) = self.drill.streams.first_mut() {
            measured.begun = true;
            measured.over = true;
        }
        self.drill.end.get_or_insert(end);
        self.end_if_all_are_over(now, actions);
    }

    fn end_if_all_are_over(&mut self, now: Duration, actions: &mut Vec<Action>) {
        if self.drill.streams.iter().any(|stream| !stream.over) {
            if !self.drill.is_reading() {
                let decode = Event::Entered(watchdog::Phase::Decode);
                self.watch(now, decode, actions);
            }
        } else if let Some(end) = self.drill.end.clone() {
            self.drill.all_over_at.get_or_insert(now);
            self.stop(end, actions);
        }
    }

    /// The counters of a server's answer to how far it is.
    pub(super) fn counters(&mut self, told: &Told) -> Counters {
        let [prompt_tokens, decoded] = self.drill.sum(told);
        Counters {
            prompt_tokens,
            decoded,
            decode_calls: told.decode_calls,
        }
    }

    /// What it was doing when it ended unasked: a rehearsal's phases are not told elsewhere.
    pub(super) fn last_phase(&self) -> Phase {
        if self.watchdog.phase() >= watchdog::Phase::Decode {
            self.phase.max(Phase::Decode)
        } else {
            self.phase
        }
    }

    /// When the prompt was handed over that is measured: to a server when it was asked, to
    /// llama-completion when it was started.
    pub(super) fn handed_over(&self) -> Duration {
        let spawned = self.terms.spawned;
        match self.terms.program {
            Program::Completion { .. } => spawned,
            Program::Server { .. } => {
                let asked = self.drill.measured_at().or(self.loaded);
                asked.unwrap_or(spawned)
            }
        }
    }
}

/// Tokens of an answer so far, where it is told.
fn generated(event: &StreamEvent) -> Option<u64> {
    let timed = event.timings.and_then(|timings| timings.generated_tokens());
    timed.or(event.generated).map(u64::from)
}
