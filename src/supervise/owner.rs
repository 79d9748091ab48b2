//! The owner task: the only place that reads a child's pipes, signals it and reaps it.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::net::unix::pipe;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::child::{Child, ExitNotice};
use super::group::group_is_empty;
use super::job::Event;
use super::ladder::Ladder;
use super::pipes::{Pump, feed};
use super::report::{ExitReport, LadderStep};

/// How long the processes of a swept group may take to disappear. A process that SIGKILL has
/// reached goes within milliseconds, unless it sleeps uninterruptibly.
const SWEEP_PATIENCE: Duration = Duration::from_secs(1);
/// How often the group is looked at meanwhile.
const SWEEP_POLL: Duration = Duration::from_millis(2);
/// How long a pipe may stay silent, once the group is gone, before it is given up as held by a stranger.
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
}

/// The owner of one child.
pub(super) struct Owner {
    descent: Descent,
    exit: ExitNotice,
    requests: mpsc::UnboundedReceiver<Control>,
    stdin: OwnedFd,
    input: Vec<u8>,
    pump: Pump,
}

impl Owner {
    /// An owner of `child`, which reads `input` from the other end of `stdin`.
    pub(super) fn new(
        child: Child,
        requests: mpsc::UnboundedReceiver<Control>,
        (stdin, input): (OwnedFd, Vec<u8>),
        pump: Pump,
    ) -> io::Result<Self> {
        Ok(Self {
            exit: ExitNotice::of(&child)?,
            descent: Descent::new(child),
            requests,
            stdin,
            input,
            pump,
        })
    }

    /// Lives as long as the child, and a moment longer.
    pub(super) async fn run(self) {
        let Self {
            mut descent,
            mut exit,
            mut requests,
            stdin,
            input,
            mut pump,
        } = self;
        let feeding = feed(pipe::Sender::from_owned_fd(stdin), input);
        tokio::pin!(feeding);
        let mut fed = false;
        let mut handle_gone = false;
        let exited = loop {
            tokio::select! {
                request = requests.recv(), if !handle_gone => match request {
                    Some(Control::Stop(ladder)) => descent.begin(ladder),
                    Some(Control::Kill) => descent.kill(),
                    None => {
                        handle_gone = true;
                        descent.kill();
                    }
                },
                () = descent.patience() => descent.step(),
                result = exit.wait() => break result,
                () = &mut feeding, if !fed => fed = true,
                () = pump.carry(), if pump.is_open() => {}
            }
        };
        let last = match exited {
            Ok(()) => collect(descent, &mut pump).await,
            Err(error) => Event::Lost(error),
        };
        pump.close(last).await;
    }
}

/// The way down of one child, as far as it has been climbed.
struct Descent {
    child: Child,
    born: Instant,
    ladder: Option<Ladder>,
    next_at: Option<Instant>,
    taken: Vec<LadderStep>,
    rung: usize,
}

impl Descent {
    fn new(child: Child) -> Self {
        Self {
            child,
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
            None => std::future::pending().await,
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
        self.ladder = None;
        self.begin(Ladder::kill());
    }

    /// Takes the next rung.
    fn step(&mut self) {
        let Some(ladder) = &self.ladder else { return };
        let (signal, patience) = ladder.rung(self.rung);
        self.rung += 1;
        self.next_at = patience.map(|patience| Instant::now() + patience);
        // A stopped process hears nothing but SIGKILL until it is continued.
        self.child.signal(Signal::CONT);
        self.child.signal(signal.raw());
        self.taken.push(LadderStep {
            signal,
            at: self.born.elapsed(),
        });
    }
}

/// The leader has exited: sweep, reap, prove, drain, report.
async fn collect(mut descent: Descent, pump: &mut Pump) -> Event {
    let lifetime = descent.born.elapsed();
    let group = descent.child.group();
    // The leader is a zombie still, so the number is the group's and nobody else's.
    descent.child.signal(Signal::KILL);
    match descent.child.reap() {
        Err(error) => Event::Lost(error),
        Ok((status, usage)) => Event::Exited(ExitReport {
            status,
            usage,
            lifetime,
            ladder: descent.taken,
            group_empty: wait_until_empty(group).await,
            pipe_leaked: !drain(pump).await,
        }),
    }
}

/// Waits until the group has no member; whether that came to pass.
async fn wait_until_empty(group: Pid) -> bool {
    let give_up = Instant::now() + SWEEP_PATIENCE;
    while !group_is_empty(group) {
        if Instant::now() > give_up {
            return false;
        }
        sleep(SWEEP_POLL).await;
    }
    true
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
