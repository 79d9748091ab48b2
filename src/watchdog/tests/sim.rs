//! A caller and a child on paper.

use std::time::Duration;

use crate::watchdog::{Blocked, Event, Finding, GroupState, Sample, Terms, Verdict, Watchdog};

pub(super) fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// What a child looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Look {
    /// One CPU is busy.
    Busy,
    /// It sleeps, and uses nothing.
    Asleep,
    /// It gets this share of a CPU and is throttled at all times.
    Throttled(f64),
    /// It sleeps, in a cgroup where somebody else uses up the quota.
    BesideThrottled,
    /// It is stopped, and continued for a twentieth of each period of so many seconds.
    Duty(f64),
    /// It is stopped for good.
    Stopped,
    /// It reads from a disk.
    Paging,
    /// It waits for a dead device.
    Device,
    /// It is blocked in a call.
    In(Blocked),
    /// A platform that tells nothing.
    Blank,
    /// Nobody answers.
    Unseen,
}

impl Look {
    /// The child at a time; `None` where nobody answers.
    fn sample(self, at: Duration) -> Option<Sample> {
        let t = at.as_secs_f64();
        let (cpu, state) = match self {
            Self::Busy => (t, GroupState::Running),
            Self::Throttled(share) => (t * share, GroupState::Running),
            Self::Duty(period) => {
                let on = (t % period) < period / 20.0;
                let state = if on {
                    GroupState::Running
                } else {
                    GroupState::Stopped
                };
                let part = (t % period).min(period / 20.0);
                ((t / period).floor() * period / 20.0 + part, state)
            }
            Self::Asleep | Self::BesideThrottled | Self::In(_) => (0.0, GroupState::Sleeping),
            Self::Stopped => (0.0, GroupState::Stopped),
            Self::Paging => (t * 0.01, GroupState::Uninterruptible),
            Self::Device => (0.0, GroupState::Uninterruptible),
            Self::Blank => return Some(Sample::default()),
            Self::Unseen => return None,
        };
        let moving = if self == Self::Paging {
            at.as_secs()
        } else {
            0
        };
        let throttled = matches!(self, Self::Throttled(_) | Self::BesideThrottled);
        Some(Sample {
            cpu: Some(secs(cpu)),
            read_chars: Some(0),
            read_bytes: Some(moving * 20_000_000),
            written_bytes: Some(0),
            major_faults: Some(moving * 100),
            throttled: Some(if throttled { at.as_secs() * 10 } else { 0 }),
            running_threads: Some(1),
            allowed_cpus: Some(2),
            state: Some(state),
            blocked: match self {
                Self::In(call) => Some(call),
                _ => None,
            },
        })
    }
}

/// A caller that does what [`Watchdog`] asks for, when it asks for it.
pub(super) struct Sim {
    pub(super) dog: Watchdog,
    pub(super) now: Duration,
    /// What the child looks like from when on, oldest first.
    pub(super) looks: Vec<(Duration, Look)>,
    /// What was said, and when, but for requests for samples.
    pub(super) said: Vec<(Duration, Finding)>,
}

impl Sim {
    pub(super) fn new(terms: Terms, look: Look) -> Self {
        Self {
            dog: Watchdog::new(terms),
            now: Duration::ZERO,
            looks: vec![(Duration::ZERO, look)],
            said: Vec::new(),
        }
    }

    pub(super) fn look(&mut self, look: Look) {
        self.looks.push((self.now, look));
    }

    /// Totals go on from where the last look left them.
    fn sample(&self) -> Option<Sample> {
        let mut cpu = Duration::ZERO;
        let ends = self.looks.iter().skip(1).map(|(from, _)| *from);
        for ((from, look), to) in self.looks.iter().zip(ends.chain([self.now])) {
            let used = |at| {
                look.sample(at)
                    .and_then(|sample| sample.cpu)
                    .unwrap_or_default()
            };
            cpu += used(to).saturating_sub(used(*from));
        }
        let (_, look) = self.looks.last().expect("a look");
        look.sample(self.now).map(|sample| Sample {
            cpu: sample.cpu.map(|_| cpu),
            ..sample
        })
    }

    /// An event now. Afterwards the next call is asked for, later and soon.
    pub(super) fn tell(&mut self, event: Event<'_>) {
        for finding in self.dog.handle(self.now, event) {
            if finding == Finding::Sample {
                if let Some(sample) = self.sample() {
                    self.tell(Event::Sample(sample));
                }
            } else {
                self.said.push((self.now, finding));
            }
        }
        if let Some(at) = self.dog.deadline() {
            assert!(
                at > self.now && at <= self.now + secs(1.0),
                "{at:?} at {:?}",
                self.now
            );
        }
    }

    /// Time passes, with ticks where they are asked for, up to the verdict.
    pub(super) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.dog.deadline().filter(|at| *at <= until) {
            self.now = at;
            self.tell(Event::Tick);
        }
        self.now = until;
    }

    /// Time passes in which nobody watches.
    pub(super) fn miss(&mut self, time: Duration) {
        self.now += time;
    }

    pub(super) fn token(&mut self) {
        self.tell(Event::Text {
            tokens: 1,
            piece: b"x",
        });
    }

    /// So many tokens, each after such a gap.
    pub(super) fn tokens(&mut self, count: u32, gap: Duration) {
        for _ in 0..count {
            self.wait(gap);
            self.token();
        }
    }

    pub(super) fn verdict(&self) -> Option<(Duration, Verdict)> {
        self.said.iter().find_map(|(at, finding)| match finding {
            Finding::End(verdict) => Some((*at, *verdict)),
            _ => None,
        })
    }

    /// Waits for the verdict; says how long it took.
    #[track_caller]
    pub(super) fn wait_for_verdict(&mut self, most: Duration) -> (Duration, Verdict) {
        let from = self.now;
        self.wait(most);
        let (at, verdict) = self.verdict().expect("a verdict");
        (at.saturating_sub(from), verdict)
    }
}
