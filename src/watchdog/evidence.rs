//! What samples of the processes say.

use std::time::Duration;

use super::event::{Blocked, GroupState, Sample};
use super::verdict::{Cause, Why};

/// A process group below this share of one CPU does nothing: the timers of idle threads need less, and
/// a child with a quota of 5 % more. One clock tick in a second, the unit of `/proc`, is 1 %.
pub(super) const IDLE_SHARE: f64 = 0.02;
/// Samples that are closer than that are not compared: a clock tick would be too much of it.
pub(super) const SHORTEST_SPAN: Duration = Duration::from_millis(500);
/// Fewer faults per second than this slow nobody down: even a disk with moving parts has 100.
const PAGING_FAULTS_PER_SECOND: f64 = 10.0;
/// The same in bytes: a tenth of the slowest disk, and a tenth of a percent of memory.
const PAGING_BYTES_PER_SECOND: f64 = 1e6;
/// How many busy spans in a row of samples, and not one idle one that ended well, prove that this child
/// is busy whenever it is at work. Some seconds of start-up are not enough.
const SPANS_TO_PROVE: u32 = 5;

/// Extended windows: how many windows a silence may last while there is a cause that slows. Windows
/// hold 8 times what is expected, memory is some 100 times faster than a disk, and a quota of 5 % makes
/// slower by 20: 100 / 8, and some.
pub const SLOW_WINDOWS: u32 = 16;
/// The same for what cannot be told from a spin.
pub const SPIN_WINDOWS: u32 = 4;

/// When something was last seen; `None` where it never was.
#[derive(Debug, Clone, Copy, Default)]
struct LastSeen {
    cpu: Option<Duration>,
    throttled: Option<Duration>,
    paging: Option<Duration>,
    moved: Option<Duration>,
    stopped: Option<Duration>,
}

/// What came of a sample.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taken {
    /// It could be compared with an earlier one.
    pub(super) compared: bool,
    /// The group has read, or faulted, more than ever before.
    pub(super) read: bool,
}

/// The samples of one run, and what follows from them.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence {
    baseline: Option<(Duration, Sample)>,
    /// The largest totals so far: those of a group fall when one of it leaves.
    largest: Sample,
    seen: LastSeen,
    /// Since when every span was idle.
    idle_since: Option<Duration>,
    busy_spans: u32,
    /// Whether it was idle and then advanced: its idleness says nothing.
    idles_at_work: bool,
    /// In which call two samples, in one silence, found it.
    blocked_once: Option<Blocked>,
    blocked: Option<Blocked>,
    latest: Option<(Duration, Sample)>,
}

/// What a silent group is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judgement {
    /// What it is called when it does not end.
    pub(super) cause: Cause,
    /// How many windows it may last.
    pub(super) windows: u32,
    /// What it is called until then, where it can be called slow.
    pub(super) why: Option<Why>,
}

impl Judgement {
    const fn dead(cause: Cause) -> Self {
        Self {
            cause,
            windows: 1,
            why: None,
        }
    }

    const fn slow(why: Why, windows: u32) -> Self {
        Self {
            cause: Cause::TooSlow(why),
            windows,
            why: Some(why),
        }
    }
}

impl Evidence {
    /// Another kind of work begins: what was proven of the last kind says nothing of it.
    pub(super) fn new_kind_of_work(&mut self) {
        self.busy_spans = 0;
        self.idles_at_work = false;
        self.idle_since = None;
    }

    /// Nobody watched: what lies before cannot be compared with what follows.
    pub(super) fn forget_baseline(&mut self) {
        self.baseline = None;
        self.idle_since = None;
        self.blocked_once = None;
        self.blocked = None;
    }

    /// It advanced.
    pub(super) fn advanced(&mut self) {
        self.idles_at_work |= self.idle_since.is_some();
        self.idle_since = None;
        self.blocked_once = None;
        self.blocked = None;
    }

    /// When it was last looked at.
    pub(super) fn looked_at(&self) -> Option<Duration> {
        self.baseline.map(|(at, _)| at)
    }

    /// Takes a sample.
    pub(super) fn take(&mut self, at: Duration, sample: Sample) -> Taken {
        self.latest = Some((at, sample));
        if sample.state == Some(GroupState::Stopped) {
            self.seen.stopped = Some(at);
        }
        let Some((since, before)) = self.baseline else {
            self.baseline = Some((at, sample));
            self.blocked_once = sample.blocked;
            let read = raise(&mut self.largest, &sample);
            let compared = false;
            return Taken { compared, read };
        };
        let span = at.saturating_sub(since);
        if span < SHORTEST_SPAN {
            return Taken::default();
        }
        self.baseline = Some((at, sample));
        self.compare(since, at, &before, &sample);
        Taken {
            compared: true,
            read: raise(&mut self.largest, &sample),
        }
    }

    fn compare(&mut self, since: Duration, at: Duration, before: &Sample, after: &Sample) {
        let span = (at.saturating_sub(since)).as_secs_f64();
        let bytes = rise(before.read_bytes, after.read_bytes);
        let faults = rise(before.major_faults, after.major_faults);
        let moved = bytes
            + faults
            + rise(before.read_chars, after.read_chars)
            + rise(before.written_bytes, after.written_bytes);
        let busy = cpu_share(before, after, span).map(|share| share >= IDLE_SHARE);
        if busy == Some(true) {
            self.seen.cpu = Some(at);
        }
        if moved > 0.0 {
            self.seen.moved = Some(at);
        }
        if faults >= PAGING_FAULTS_PER_SECOND * span || bytes >= PAGING_BYTES_PER_SECOND * span {
            self.seen.paging = Some(at);
        }
        // The quota is that of a whole cgroup, where others may be who use it up: who is held back by it
        // has computed, or waits for a CPU.
        let wants_cpu = busy != Some(false) || after.state == Some(GroupState::Running);
        let throttled = wants_cpu && rise(before.throttled, after.throttled) > 0.0;
        if throttled {
            self.seen.throttled = Some(at);
        }
        let idle = busy == Some(false)
            && moved <= 0.0
            && !throttled
            && after.state == Some(GroupState::Sleeping);
        if idle {
            self.idle_since.get_or_insert(since);
        } else {
            self.idles_at_work |= self.idle_since.take().is_some();
            let worked = busy == Some(true) || moved > 0.0;
            self.busy_spans = self.busy_spans.saturating_add(u32::from(worked));
        }
        let call = after.blocked.filter(|_| busy != Some(true));
        let again = call.is_some() && call == self.blocked_once;
        self.blocked = call.filter(|_| again);
        self.blocked_once = call;
    }

    /// What two samples in a row found it blocked in, with nothing done in between.
    pub(super) fn blocked(&self) -> Option<Blocked> {
        self.blocked
    }

    /// Since when it is idle, where that means that it is not at work: it has been busy so far, or is
    /// `known` to be.
    pub(super) fn telling_idle_since(&self, known: bool) -> Option<Duration> {
        let proven = known || self.busy_spans >= SPANS_TO_PROVE;
        self.idle_since.filter(|_| proven && !self.idles_at_work)
    }

    /// What the group is doing, where `recent` is how long ago a trace is not yet cold.
    pub(super) fn judge(&self, now: Duration, recent: Duration) -> Judgement {
        let Some((at, sample)) = self.latest else {
            return Judgement::dead(Cause::Unobserved);
        };
        let fresh =
            |seen: Option<Duration>| seen.is_some_and(|seen| now.saturating_sub(seen) < recent);
        if !fresh(Some(at)) {
            return Judgement::dead(Cause::Unobserved);
        }
        let seen = self.seen;
        let busy = fresh(seen.cpu);
        let state = sample.state;
        if self.blocked == Some(Blocked::WritingPipe) {
            Judgement::dead(Cause::Backpressure)
        } else if fresh(seen.throttled) {
            Judgement::slow(Why::Throttled, SLOW_WINDOWS)
        } else if fresh(seen.paging)
            || state == Some(GroupState::Uninterruptible) && fresh(seen.moved)
        {
            Judgement::slow(Why::Paging, SLOW_WINDOWS)
        } else if busy && fresh(seen.stopped) {
            Judgement::slow(Why::StopAndGo, SLOW_WINDOWS)
        } else if busy {
            let crowded =
                sample.running_threads > sample.allowed_cpus && sample.allowed_cpus.is_some();
            Judgement {
                cause: Cause::Spin,
                windows: SPIN_WINDOWS,
                why: Some(if crowded {
                    Why::Oversubscribed
                } else {
                    Why::Unknown
                }),
            }
        } else {
            Self::judge_without_work(&sample)
        }
    }

    /// What a group is doing that does nothing.
    fn judge_without_work(sample: &Sample) -> Judgement {
        match sample.state {
            Some(GroupState::Stopped) => Judgement::dead(Cause::Stopped),
            Some(GroupState::Uninterruptible) => Judgement {
                cause: Cause::Uninterruptible,
                windows: SPIN_WINDOWS,
                why: Some(Why::Paging),
            },
            // It wants to run and is not let, by whatever else runs on this machine.
            Some(GroupState::Running) if sample.cpu.is_some() => {
                Judgement::slow(Why::Oversubscribed, SLOW_WINDOWS)
            }
            Some(GroupState::Running) => Judgement {
                cause: Cause::Spin,
                windows: SPIN_WINDOWS,
                why: Some(Why::Unknown),
            },
            Some(GroupState::Sleeping) => Judgement::dead(Cause::Hung),
            Some(GroupState::Gone) | None if sample.cpu.is_some() => Judgement::dead(Cause::Hung),
            Some(GroupState::Gone) | None => Judgement::dead(Cause::Unobserved),
        }
    }
}

/// By how much a total rose; 0 where it is unknown.
fn rise(before: Option<u64>, after: Option<u64>) -> f64 {
    match (before, after) {
        (Some(before), Some(after)) => super::window::count(after.saturating_sub(before)),
        _ => 0.0,
    }
}

/// CPU time per time, 1 for one CPU.
fn cpu_share(before: &Sample, after: &Sample, span: f64) -> Option<f64> {
    let used = after.cpu?.saturating_sub(before.cpu?);
    Some(used.as_secs_f64() / span)
}

/// Raises the totals that show a load at work; says whether one of them was known and rose.
fn raise(largest: &mut Sample, sample: &Sample) -> bool {
    let mut rose = false;
    let pairs = [
        (&mut largest.read_chars, sample.read_chars),
        (&mut largest.read_bytes, sample.read_bytes),
        (&mut largest.major_faults, sample.major_faults),
    ];
    for (largest, value) in pairs {
        rose |= largest.is_some() && value > *largest;
        *largest = value.max(*largest);
    }
    rose
}
