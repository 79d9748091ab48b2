//! The driver: carries events from the job to the state machine, and its actions back.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::exchange::{Exchange, Message};
use super::generation::{Action, Ended, Generation, Input, Lost, Phase, Program, Terms};
use super::inquiry::Inquiry;
use super::outcome::{End, Evidence, Failure, Interruption, Outcome};
use super::question::Question;
use super::replay::Replay;
use super::request::{Prepared, StartError, Way};
use super::watch;
use crate::dialect::{PromptProgress, Told};
use crate::supervise::{Event, ExitReport, Job, SpawnError, Spec, Vitals};
use crate::watchdog::{self, Expected, Projection, Slow};

/// A run whose last words were lost is repeated as long as all of them together took less: whoever
/// waits for them barely notices. A longer one is rarely hit, as its program takes longer to exit than
/// its log thread to print.
const REPEATABLE: Duration = Duration::from_secs(5);
/// Most repetitions for text, or for the reason of a refusal. Seen with the embedded model: 10 of 100
/// runs are hit on a machine that others use too, and 3 of 4 where sixteen runs share two busy cores. Were
/// the hits independent, 1 in 400 of the latter would be hit 21 times in a row.
const REPETITIONS: u32 = 20;
/// Most repetitions for timings alone: the text is there, and a build may print none at all.
const REPETITIONS_FOR_TIMINGS: u32 = 3;
/// How long each next word of a server that is gone is awaited: what it has sent is here, or nearly.
const REST_PATIENCE: Duration = Duration::from_millis(200);

/// What a caller learns of a running generation.
#[derive(Debug)]
pub enum SessionEvent {
    /// A process was started; again when its run has to be repeated.
    Started {
        /// Its process id, for people to read.
        pid: u32,
    },
    /// A phase began. [`Phase::Load`] is not announced.
    Phase(Phase),
    /// The prompt as the model's own chat template forms it, where the program tells.
    Formed(String),
    /// How many tokens the formed prompt has, where the server counts them; only where nothing else is
    /// asked for.
    Counted(Option<u64>),
    /// The prompt is being read; only a server tells.
    Progress(PromptProgress),
    /// It is slow; nothing is ended because of it.
    Slow(Slow),
    /// The fixed limit will cut it.
    Projection(Projection),
    /// Text of the model, whole characters.
    Text(String),
    /// A line of the program's log, or of ours about it.
    Log(String),
    /// It is over, and nothing of the process is left. Always the last event.
    Finished(Box<Outcome>),
}

/// A running generation. Dropping it kills the process.
#[derive(Debug)]
pub struct Session {
    prepared: Prepared,
    job: Job,
    /// The talk with a server, until its answer is of no interest any more.
    exchange: Option<Exchange>,
    /// The question how far it is, while it is asked.
    inquiry: Option<Inquiry>,
    /// The end of a server whose answer is still being read, and until when.
    gone: Option<(ExitReport, Instant)>,
    generation: Generation,
    /// When the first of its processes was.
    spawned: Instant,
    replay: Replay,
    repetitions: u32,
    evidence: Evidence,
    /// Sources of evidence that are not offered here, and of which that was said.
    not_offered: BTreeSet<&'static str>,
    events: VecDeque<SessionEvent>,
    finished: bool,
}

impl Session {
    /// Starts the process.
    ///
    /// # Errors
    /// [`StartError::Spawn`] when it cannot be started.
    pub fn start(prepared: Prepared) -> Result<Self, StartError> {
        Self::with(prepared, Exchange::generate)
    }

    /// Starts a server that is to form the prompt and no more; it ends with [`End::Formed`].
    pub(super) fn form(prepared: Prepared) -> Result<Self, StartError> {
        Self::with(prepared, |socket, question| {
            Exchange::form(socket, question.prompt)
        })
    }

    fn with(
        prepared: Prepared,
        talk: impl FnOnce(&Path, Question) -> Exchange,
    ) -> Result<Self, StartError> {
        let (job, generation) = spawn(&prepared)?;
        let exchange = match &prepared.way {
            Way::Stdin { .. } => None,
            Way::Http {
                socket, question, ..
            } => Some(talk(socket.socket(), Question::clone(question))),
        };
        Ok(Self {
            exchange,
            inquiry: None,
            gone: None,
            events: VecDeque::from([SessionEvent::Started { pid: job.pid() }]),
            prepared,
            job,
            generation,
            spawned: Instant::now(),
            replay: Replay::default(),
            repetitions: 0,
            evidence: Evidence::default(),
            not_offered: BTreeSet::new(),
            finished: false,
        })
    }

    /// The next event; `None` after the last one. Cancel safe.
    pub async fn next(&mut self) -> Option<SessionEvent> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if self.finished {
                return None;
            }
            let input = if self.gone.is_some() {
                self.rest_of_answer().await
            } else {
                let deadline = self.deadline();
                tokio::select! {
                    event = self.job.next() => self.translate(event),
                    message = next_message(&mut self.exchange) => self.told(message),
                    told = answer(&mut self.inquiry) => self.counted(told),
                    () = until(self.prepared.accepted, deadline) => Input::Tick,
                }
            };
            self.handle(input);
        }
    }

    /// What a server that is gone has still sent, then its end. Cancel safe.
    async fn rest_of_answer(&mut self) -> Input {
        if let (Some(exchange), Some((_, patience))) = (&mut self.exchange, &mut self.gone)
            && let Ok(message) = timeout_at(*patience, exchange.next()).await
            && !matches!(message, Message::Over(_))
        {
            // The next one may not have been read yet: the caller's own time is no silence.
            *patience = Instant::now() + REST_PATIENCE;
            return self.told(message);
        }
        self.exchange = None;
        match self.gone.take() {
            Some((report, _)) => Input::Exited(report),
            None => Input::Tick,
        }
    }

    fn translate(&mut self, event: Option<Event>) -> Input {
        match event {
            Some(Event::Stdout(bytes)) => Input::Stdout(bytes),
            Some(Event::Stderr(bytes)) => Input::Stderr(bytes),
            Some(Event::Exited(report)) if self.exchange.is_some() => {
                self.inquiry = None;
                self.gone = Some((report, Instant::now() + REST_PATIENCE));
                Input::Tick
            }
            Some(Event::Exited(report)) => Input::Exited(report),
            Some(Event::Lost(error)) => Input::Lost(error.to_string()),
            None => Input::Lost("its owner task ended without a report".to_owned()),
        }
    }

    fn told(&mut self, message: Message) -> Input {
        match message {
            Message::Ready => Input::Asked,
            Message::Announced(announced) => Input::Announced(announced),
            Message::Event(event) => Input::Served(event),
            Message::Beside(beside) => Input::Beside(beside),
            Message::Refused(refusal) => Input::Refused(refusal),
            Message::Over(detail) => Input::BrokenOff(
                detail.unwrap_or_else(|| "the stream ended before its last event".to_owned()),
            ),
            Message::Formed(prompt) => {
                self.events.push_back(SessionEvent::Formed(prompt));
                Input::Tick
            }
            Message::Tokens(tokens) => {
                self.events.push_back(SessionEvent::Counted(tokens));
                Input::Formed
            }
        }
    }

    fn counted(&mut self, told: Result<Told, String>) -> Input {
        self.inquiry = None;
        if let Ok(told) = &told
            && !told.slots.is_empty()
        {
            let now = self.prepared.accepted.elapsed();
            self.evidence.slots = Some((now, told.slots.clone()));
        }
        Input::Counted(told)
    }

    /// Asks the server how far it is.
    fn inquire(&mut self) {
        if let Way::Http {
            socket,
            counting: Some(counting),
            ..
        } = &self.prepared.way
        {
            self.inquiry = Some(Inquiry::start(socket.socket(), *counting));
        }
    }

    /// Closes every connection to a server.
    fn hang_up(&mut self) {
        self.exchange = None;
        self.inquiry = None;
    }

    /// Ends the process when a fixed limit runs out, for a caller who cannot take events for a while.
    /// Nothing else is judged meanwhile, for the silence is our own. Never returns; cancel safe.
    pub async fn keep_limits(&mut self) -> Infallible {
        loop {
            let deadline = self.generation.hard_deadline();
            until(self.prepared.accepted, deadline.filter(|_| !self.finished)).await;
            self.handle(Input::Tick);
        }
    }

    /// When time is next of use; for nothing that has ended.
    fn deadline(&self) -> Option<Duration> {
        self.generation.deadline().filter(|_| !self.finished)
    }

    /// Tells what earlier runs say of this one.
    pub fn expect(&mut self, expected: Expected) {
        let known = &mut self.prepared.watch.expected;
        *known = Expected {
            // Of the program, which no run changes.
            computes_on_cpu: known.computes_on_cpu,
            // What was computed stays where nothing was measured.
            ms_per_token: expected.ms_per_token.or(known.ms_per_token),
            gap_p99: expected.gap_p99.or(known.gap_p99),
            ..expected
        };
        self.generation.expect(*known);
    }

    /// Asks for the end: the first time politely, the second time at once.
    pub fn interrupt(&mut self, interruption: Interruption) {
        self.handle(Input::Interrupt(interruption));
    }

    /// Stops the process and us, as Ctrl-Z wants it, until somebody continues us.
    pub fn suspend(&self) {
        self.job.suspend();
    }

    /// Stops the process alone and leaves it so, for whoever looks whether that is noticed.
    pub fn freeze(&self) {
        self.job.freeze();
    }

    /// Nobody reads the text any more: ends the process quietly.
    pub fn output_closed(&mut self) {
        self.handle(Input::OutputClosed);
    }

    fn handle(&mut self, input: Input) {
        if self.finished {
            return;
        }
        let now = self.prepared.accepted.elapsed();
        for action in self.generation.handle(now, input) {
            match action {
                Action::Show(text) => {
                    let fresh = self.replay.fresh(&text);
                    if !fresh.is_empty() {
                        self.events.push_back(SessionEvent::Text(fresh));
                    }
                }
                Action::Log(line) => self.events.push_back(SessionEvent::Log(line)),
                Action::Enter(phase) => self.events.push_back(SessionEvent::Phase(phase)),
                Action::Ask => {
                    if let Some(exchange) = &self.exchange {
                        exchange.listening();
                    }
                }
                Action::Progress(progress) => {
                    self.events.push_back(SessionEvent::Progress(progress));
                }
                Action::Sample => {
                    let vitals = self.job.vitals();
                    let sample = Box::new(watch::sample(&vitals));
                    self.say_what_is_not_offered(&vitals);
                    self.evidence.saw(now, vitals);
                    self.handle(Input::Sample(sample));
                }
                Action::Witness => self.evidence.saw(now, self.job.vitals()),
                Action::Slow(slow) => self.events.push_back(SessionEvent::Slow(slow)),
                Action::Projection(projection) => {
                    self.events.push_back(SessionEvent::Projection(projection));
                }
                Action::Count => self.inquire(),
                Action::Stop(ladder) => {
                    self.hang_up();
                    self.job.stop(ladder);
                }
                Action::Kill => {
                    self.hang_up();
                    self.job.kill();
                }
                Action::Finish(ended) => self.finish(*ended),
            }
        }
    }

    /// Says once of each source of evidence that this platform or container does not offer it.
    fn say_what_is_not_offered(&mut self, vitals: &Vitals) {
        for source in &vitals.missing {
            if self.not_offered.insert(source) {
                self.events.push_back(SessionEvent::Log(format!(
                    "orchestrate: {source} cannot be read here: the watch does without it"
                )));
            }
        }
    }

    /// The process has ended: so has the generation, unless its last words were lost.
    fn finish(&mut self, ended: Ended) {
        let Ended { mut outcome, lost } = ended;
        let repetitions = match lost {
            Lost::Nothing => 0,
            Lost::Timings => REPETITIONS_FOR_TIMINGS,
            Lost::Text | Lost::Reason => REPETITIONS,
        };
        if self.repetitions < repetitions
            && self.spawned.elapsed() < REPEATABLE
            && let Ok((job, generation)) = spawn(&self.prepared)
        {
            self.events.push_back(SessionEvent::Log(format!(
                "orchestrate: the program exited before its log was written (llama.cpp#22142, {lost:?} \
                 lost): the same is run again with seed {}",
                self.prepared.seed
            )));
            self.events
                .push_back(SessionEvent::Started { pid: job.pid() });
            self.job = job;
            self.generation = generation;
            self.evidence = Evidence::default();
            self.replay.begin();
            self.repetitions += 1;
            return;
        }
        let failed = matches!(outcome.end, End::Failed(_));
        // A repetition that ends by itself has all the text, so more must not have been shown.
        let by_itself = matches!(
            outcome.end,
            End::EndOfText | End::StopWord(_) | End::TokenLimit | End::ContextFull
        );
        let differs = self.replay.differs() || (by_itself && self.replay.is_ahead());
        if !failed && (lost == Lost::Text || differs) {
            outcome.end = End::Failed(Failure::OutputLost);
        }
        outcome.repetitions = self.repetitions;
        outcome.evidence = std::mem::take(&mut self.evidence);
        self.finished = true;
        self.events
            .push_back(SessionEvent::Finished(Box::new(outcome)));
    }
}

fn spawn(prepared: &Prepared) -> Result<(Job, Generation), SpawnError> {
    let job = match Job::spawn(prepared.spec.clone()) {
        // A disk that is full costs the record, not the answer.
        Err(SpawnError::Register { .. }) => Job::spawn(Spec {
            register: None,
            ..prepared.spec.clone()
        }),
        spawned => spawned,
    }?;
    let spawned = prepared.accepted.elapsed();
    let generation = Generation::new(Terms {
        spawned,
        program: match prepared.way {
            Way::Stdin { style } => Program::Completion {
                writes_apart: job.keeps_writes_apart(),
                style,
            },
            Way::Http {
                context, counting, ..
            } => Program::Server {
                context,
                counts: counting.is_some(),
            },
        },
        max_tokens: prepared.max_tokens,
        stop: prepared.stop.clone(),
        watch: watchdog::Terms {
            spawned,
            ..prepared.watch
        },
    });
    Ok((job, generation))
}

/// The next message of a talk; never comes without one.
async fn next_message(exchange: &mut Option<Exchange>) -> Message {
    match exchange {
        Some(exchange) => exchange.next().await,
        None => std::future::pending().await,
    }
}

/// The answer to the question how far a server is; never comes without one.
async fn answer(inquiry: &mut Option<Inquiry>) -> Result<Told, String> {
    match inquiry {
        Some(inquiry) => inquiry.answer().await,
        None => std::future::pending().await,
    }
}

/// Waits until `deadline` after `start`; for ever without one, or with one beyond the clock.
async fn until(start: Instant, deadline: Option<Duration>) {
    until_instant(deadline.and_then(|deadline| start.checked_add(deadline))).await;
}

/// Waits until then; for ever without a time.
pub(super) async fn until_instant(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
