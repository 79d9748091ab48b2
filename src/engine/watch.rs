//! What the [`watchdog`] is told of a profile and of a process.

use std::time::Duration;

use crate::host::usable_cpus;
use crate::profile::{Limits, Profile, Watch};
use crate::supervise::Vitals;
use crate::supervise::proc_text::State;
use crate::units::Limit;
use crate::units::duration::LONGEST;
use crate::watchdog::{Blocked, Budget, Expected, GroupState, Sample, Terms, Windows};

/// How a generation of this profile is judged, where the program tells of the prompt only after `silent`
/// tokens of it. When its process is spawned is not known yet.
pub(super) fn terms(profile: &Profile, expected: Expected, silent: u32) -> Terms {
    let Limits { load, .. } = profile.limits;
    Terms {
        spawned: Duration::ZERO,
        budget: budget(&profile.limits),
        load_limit: load.fixed(),
        // Neither program tells before it has read the prompt.
        prompt_tokens: None,
        max_tokens: u64::from(profile.max_tokens),
        batch: silent,
        expected: Expected {
            computes_on_cpu: profile.gpu_layers == 0,
            ..expected
        },
        windows: windows(&profile.watch),
        loop_guard: profile.watch.loops,
    }
}

fn budget(limits: &Limits) -> Budget {
    match limits.timeout {
        Limit::Auto => Budget::Auto {
            floor: limits.floor,
        },
        Limit::Fixed(limit) => Budget::Fixed(limit),
        Limit::None => Budget::Unlimited,
    }
}

fn windows(watch: &Watch) -> Windows {
    let window = |limit| match limit {
        Limit::Auto => None,
        Limit::Fixed(time) => Some(time),
        Limit::None => Some(LONGEST),
    };
    Windows {
        load: window(watch.load),
        prefill: window(watch.prefill),
        decode: window(watch.decode),
        ..Windows::default()
    }
}

/// What the processes of a job are doing, in the watchdog's words.
pub(super) fn sample(vitals: &Vitals) -> Sample {
    if vitals.processes.is_empty() {
        // An empty look is no proof of an end, which its owner tells.
        return Sample::default();
    }
    let totals = vitals.totals();
    let running = vitals.threads().filter(|one| one.state == State::Running);
    Sample {
        cpu: Some(totals.cpu),
        read_chars: totals.io.map(|io| io.read_by_calls),
        read_bytes: totals.io.map(|io| io.read_bytes),
        written_bytes: totals.io.map(|io| io.written_by_calls),
        major_faults: Some(totals.major_faults),
        throttled: vitals.throttling.map(|throttling| throttling.times),
        running_threads: u32::try_from(running.count()).ok(),
        allowed_cpus: Some(usable_cpus().get()),
        state: state(vitals),
        blocked: Some(if vitals.waits_for_input() {
            Blocked::ReadingInput
        } else if vitals.waits_for_a_reader() {
            Blocked::WritingPipe
        } else {
            Blocked::Unknown
        }),
    }
}

/// The state of the liveliest thread; `None` where none can be seen, which proves nothing.
fn state(vitals: &Vitals) -> Option<GroupState> {
    let ranked = |state| match state {
        State::Running => Some((0, GroupState::Running)),
        State::Uninterruptible => Some((1, GroupState::Uninterruptible)),
        State::Sleeping | State::Other(_) => Some((2, GroupState::Sleeping)),
        State::Stopped | State::Traced => Some((3, GroupState::Stopped)),
        State::Zombie | State::Dead => None,
    };
    let states = vitals.threads().filter_map(|thread| ranked(thread.state));
    let liveliest = states.min_by_key(|(rank, _)| *rank);
    liveliest.map(|(_, state)| state)
}
