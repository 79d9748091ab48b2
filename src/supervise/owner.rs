//! The owner task: the only place that reads a child's pipes, signals it and reaps it.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};

use super::adopted;
use super::child::{Child, ExitNotice};
use super::group::stop_ourselves;
use super::job::Event;
use super::kin::Kin;
use super::ladder::{Ladder, StopSignal};
use super::pipes::{Pump, feed};
use super::register::Registered;
use super::report::{ExitReport, LadderStep, Status, Usage};
use super::sweep::{Sweep, Swept, quarantined};

/// How long the leader may take to end after SIGKILL. A process with 100 GB to give back needs about a
/// second; one that takes longer sleeps uninterruptibly, for nobody knows how long.
const KILL_PATIENCE: Duration = Duration::from_secs(3);
/// How often it is noted who belongs to the job, and orphans are reaped: a few files of `/proc`.
const NOTE_EVERY: Duration = Duration::from_secs(1);
/// How often those in quarantine are looked at.
const QUARANTINE_POLL: Duration = Duration::from_secs(1);
/// How long a pipe may stay silent, once nothing is left, before it is given up as held by a stranger.
const LEAK_PATIENCE: Duration = Duration::from_millis(200);
/// How long such a pipe is read in all, in case the stranger goes on writing.
const LEAK_LIMIT: Duration = Duration::from_secs(1);

/// What the handle asks for.
#[derive(Debug)]
pub(super) enum Control {
    /// Climb this ladder, unless one is being climbed.
    Stop(Ladder),
    /// SIGKILL now.
    Kill,
    /// Stop it, and leave it so.
    Freeze,
    /// Stop it, and us, until somebody continues us; then continue it.
    Suspend,
}

/// What an owner is told of its child.
pub(super) struct Ward {
    pub(super) child: Child,
    pub(super) kin: Arc<Kin>,
    /// The record of it, if one is kept.
    pub(super) registered: Option<Registered>,
    /// Our end of its standard input, and what is written there.
    pub(super) stdin: (OwnedFd, Vec<u8>),
    pub(super) pump: Pump,
}

/// The owner of one child.
pub(super) struct Owner {
    descent: Descent,
    exit: ExitNotice,
    requests: mpsc::UnboundedReceiver<Control>,
    stdin: (OwnedFd, Vec<u8>),
    pump: Pump,
}

impl Owner {
    pub(super) fn new(ward: Ward, requests: mpsc::UnboundedReceiver<Control>) -> io::Result<Self> {
        let Ward {
            child,
            kin,
            registered,
            stdin,
            pump,
        } = ward;
        Ok(Self {
            exit: ExitNotice::of(&child)?,
            descent: Descent::new(child, kin, registered),
            requests,
            stdin,
            pump,
        })
    }

    /// Lives as long as the child, and a moment longer.
    pub(super) async fn run(self) {
        let Self {
            mut descent,
            mut exit,
            mut requests,
            stdin: (stdin, input),
            mut pump,
        } = self;
        let feeding = feed(pipe::Sender::from_owned_fd(stdin), input);
        tokio::pin!(feeding);
        let mut fed = false;
        let mut handle_gone = false;
        let mut notes = interval(NOTE_EVERY);
        notes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once, when there is nobody yet.
        notes.reset();
        let exited = loop {
            tokio::select! {
                request = requests.recv(), if !handle_gone => match request {
                    Some(Control::Stop(ladder)) => descent.begin(ladder),
                    Some(Control::Kill) => descent.kill(),
                    Some(Control::Freeze) => descent.child.signal(Signal::STOP),
                    Some(Control::Suspend) => descent.suspend(),
                    None => {
                        handle_gone = true;
                        descent.kill();
                    }
                },
                () = descent.patience() => if descent.step() == Step::GiveUp {
                    break Ok(false);
                },
                result = exit.wait() => break result.map(|()| true),
                _ = notes.tick() => descent.note(),
                () = &mut feeding, if !fed => fed = true,
                () = pump.carry(), if pump.is_open() => {}
            }
        };
        let ending = async {
            let last = match exited {
                Ok(true) => descent.collect(&mut pump).await,
                Ok(false) => descent.give_up(&mut pump).await,
                Err(error) => Event::Lost(error),
            };
            let is_over = matches!(&last, Event::Exited(report) if report.group_empty);
            // As long as the last of the output has no reader this waits.
            pump.close(last).await;
            is_over
        };
        let is_over = tokio::select! {
            is_over = ending => is_over,
            never = stop_when_asked(&mut requests) => match never {},
        };
        if !is_over {
            descent.outlast(exit).await;
        }
    }
}

/// Follows the wish to stop where there is no child any more that could be stopped.
async fn stop_when_asked(requests: &mut mpsc::UnboundedReceiver<Control>) -> Infallible {
    while let Some(request) = requests.recv().await {
        if matches!(request, Control::Suspend) {
            stop_ourselves();
        }
    }
    pending().await
}

/// What became of a step down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A signal was sent.
    Signalled,
    /// SIGKILL was sent long ago, and the leader has not ended.
    GiveUp,
}

/// The way down of one child, as far as it has been climbed.
struct Descent {
    child: Child,
    kin: Arc<Kin>,
    registered: Option<Registered>,
    born: Instant,
    ladder: Option<Ladder>,
    next_at: Option<Instant>,
    taken: Vec<LadderStep>,
    rung: usize,
}

impl Descent {
    fn new(child: Child, kin: Arc<Kin>, registered: Option<Registered>) -> Self {
        Self {
            child,
            kin,
            registered,
            born: Instant::now(),
            ladder: None,
            next_at: None,
            taken: Vec::new(),
            rung: 0,
        }
    }

    /// Waits until the next step is due; for ever where there is none.
    async fn patience(&self) {
        match self.next_at {
            Some(at) => sleep_until(at).await,
            None => pending().await,
        }
    }

    fn begin(&mut self, ladder: Ladder) {
        if self.ladder.is_none() {
            self.ladder = Some(ladder);
            self.rung = 0;
            self.step();
        }
    }

    fn kill(&mut self) {
        // A second SIGKILL would only put off the end of our patience.
        if self.taken.last().map(|step| step.signal) != Some(StopSignal::Kill) {
            self.ladder = None;
            self.begin(Ladder::kill());
        }
    }

    /// Stops the child, then us; goes on when somebody has continued us, as `fg` does. Patience that is
    /// being had goes on from there.
    fn suspend(&mut self) {
        let before = Instant::now();
        self.child.signal(Signal::STOP);
        stop_ourselves();
        self.child.signal(Signal::CONT);
        self.next_at = self.next_at.map(|at| at + before.elapsed());
    }

    /// Notes who belongs to the job, while the lines of parents are whole.
    fn note(&self) {
        self.kin.members();
        adopted::reap_orphans();
    }

    /// Takes the next rung.
    fn step(&mut self) -> Step {
        let Some(ladder) = &self.ladder else {
            return Step::Signalled;
        };
        if self.taken.last().map(|step| step.signal) == Some(StopSignal::Kill) {
            self.next_at = None;
            // It may have ended while we could not look, stopped by a Ctrl-Z.
            return if self.child.has_exited() {
                Step::Signalled
            } else {
                Step::GiveUp
            };
        }
        let (signal, patience) = ladder.rung(self.rung);
        self.rung += 1;
        self.next_at = Some(Instant::now() + patience.unwrap_or(KILL_PATIENCE));
        // Whoever leaves now takes the way to its children along.
        self.kin.members();
        // A stopped process hears nothing but SIGKILL until it is continued.
        self.child.signal(Signal::CONT);
        self.child.signal(signal.raw());
        self.taken.push(LadderStep {
            signal,
            at: self.born.elapsed(),
        });
        Step::Signalled
    }

    /// The leader has exited: sweep, reap, prove, drain, report.
    async fn collect(&mut self, pump: &mut Pump) -> Event {
        let lifetime = self.born.elapsed();
        let group = self.child.group();
        let (sweep, reaped) = self.sweep_and_reap();
        let swept = sweep.finish(group).await;
        match reaped {
            Err(error) => Event::Lost(error),
            Ok((status, usage)) => {
                let report = self.report(lifetime, status, usage, swept, pump).await;
                Event::Exited(report)
            }
        }
    }

    /// Kills all that is left while the leader is a zombie still, so that the number is the group's and
    /// nobody else's. Then the leader is reaped.
    fn sweep_and_reap(&mut self) -> (Sweep<'_>, io::Result<(Status, Usage)>) {
        // Those that are seen are counted; what they fork meanwhile is of the group still.
        let sweep = Sweep::begin(&self.kin);
        self.child.signal(Signal::KILL);
        self.kin.leader_is_reaped();
        (sweep, self.child.reap())
    }

    /// The leader does not end: everything but it is swept, and it is reported.
    async fn give_up(&mut self, pump: &mut Pump) -> Event {
        let lifetime = self.born.elapsed();
        let leader = self.kin.leader().and_then(|leader| leader.stat());
        let mut swept = Sweep::begin(&self.kin).finish(self.child.group()).await;
        swept.left.splice(0..0, leader.iter().map(quarantined));
        let usage = Usage::default();
        let report = self.report(lifetime, Status::Unended, usage, swept, pump);
        Event::Exited(report.await)
    }

    async fn report(
        &mut self,
        lifetime: Duration,
        status: Status,
        usage: Usage,
        swept: Swept,
        pump: &mut Pump,
    ) -> ExitReport {
        let group_empty = swept.group_empty && swept.left.is_empty();
        let pipe_leaked = !drain(pump).await;
        if group_empty && let Some(registered) = self.registered.take() {
            registered.remove();
        }
        ExitReport {
            status,
            usage,
            lifetime,
            ladder: self.taken.clone(),
            swept: swept.count,
            quarantined: swept.left,
            group_empty,
            pipe_leaked,
        }
    }

    /// Waits, after the report, for what could not be ended: it is reaped when it wakes.
    async fn outlast(mut self, mut exit: ExitNotice) {
        if self.kin.leader().is_some() {
            if exit.wait().await.is_err() {
                return;
            }
            // What it used comes too late for anyone.
            let _ = self.sweep_and_reap();
        }
        while !self.is_gone().await {
            sleep(QUARANTINE_POLL).await;
        }
        if let Some(registered) = self.registered.take() {
            registered.remove();
        }
    }

    async fn is_gone(&self) -> bool {
        let swept = Sweep::begin(&self.kin).finish(self.child.group()).await;
        swept.left.is_empty()
    }
}

/// When the runtime goes before the child, nobody is left to wait: all get SIGKILL, the leader and its
/// group by the end of [`Child`]. The record stays for the next start.
impl Drop for Descent {
    fn drop(&mut self) {
        if self.kin.leader().is_some() {
            Sweep::begin(&self.kin);
        }
    }
}

/// Carries what is left in the pipes; whether both came to their end.
async fn drain(pump: &mut Pump) -> bool {
    let mut silence = Duration::ZERO;
    while pump.is_open() {
        // The consumer's own time does not count as silence of the pipe.
        pump.room().await;
        let before = Instant::now();
        if timeout(LEAK_PATIENCE, pump.carry()).await.is_err() {
            return false;
        }
        silence += before.elapsed();
        if silence > LEAK_LIMIT {
            return false;
        }
    }
    true
}
