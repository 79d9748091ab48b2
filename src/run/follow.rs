//! A started run, followed to its end: text out, wishes in, an account of it all.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval};

use super::prepare::{Facts, Ready};
use super::recall::Recall;
use super::report::{Event, Report, json_line, micros, phase_word};
use super::{Format, RunError, RunRequest, account, incident, report, summary};
use crate::dialect::PromptProgress;
use crate::engine::{self, End, Failure, Interruption, Outcome, Phase, Session, SessionEvent};
use crate::exit::Exit;
use crate::supervise::stop_ourselves;
use crate::ui::{Console, Interrupts, Live, Output, Room, Step, Suspensions};
use crate::watchdog::Slow;

/// Log lines that are shown when the process fails.
const SHOWN_LINES: usize = 8;
/// How long a reader has to take what is left when patience is over: one who reads at all needs
/// milliseconds, and whoever asks for the end twice wants it within a second.
const LAST_CHANCE: Duration = Duration::from_millis(500);

/// What has come of a run so far.
struct Follower {
    console: Console,
    format: Format,
    verbose: bool,
    accepted: Instant,
    live: Live,
    log: Log,
    text: String,
    phase: Phase,
    /// The program's arguments.
    args: Vec<String>,
    /// How far the prompt is read, where the program tells.
    progress: Option<PromptProgress>,
    /// Whether it was slow by its silence alone, which ends with the next text.
    slow_in_silence: bool,
    pieces: usize,
}

/// A run that is over and told.
pub(super) struct Followed {
    pub(super) facts: Facts,
    pub(super) outcome: Box<Outcome>,
    /// The record of what had to be ended or crashed.
    pub(super) incident: Option<String>,
    /// How the command ends.
    pub(super) exit: Result<Exit, RunError>,
}

/// Starts the process and follows it to its end.
pub(super) async fn follow(
    request: &RunRequest,
    ready: Ready,
    interrupts: &mut Interrupts,
    console: Console,
) -> Result<(Followed, Recall), RunError> {
    let mut follower = Follower::new(request, &ready, console)?;
    let mut suspensions = Suspensions::listen().map_err(RunError::Setup)?;
    let mut session = Session::start(ready.prepared)?;
    let mut recall = Recall::begin(&ready.facts);
    let (output, mut reader) = Output::start().map_err(RunError::Setup)?;
    let mut frames = follower.live.period().map(frames);
    let mut patience = Patience::Endless;
    let outcome = loop {
        tokio::select! {
            interruption = interrupts.next() => {
                follower.live.clear();
                session.interrupt(interruption);
                patience = patience.after(interruption);
            }
            () = suspensions.next() => {
                follower.live.clear();
                session.suspend();
            }
            expected = recall.expected() => session.expect(expected),
            () = reader.gone() => session.output_closed(),
            () = next_frame(&mut frames) => follower.draw(),
            (room, event) = step(&output, &mut session, patience) => match event {
                Some(SessionEvent::Finished(outcome)) => break outcome,
                Some(event) => if let Some(piece) = follower.take(event) {
                    match room {
                        Some(room) => if !room.write(piece) {
                            session.output_closed();
                        },
                        None => patience = patience.cut(),
                    }
                },
                None => return Err(RunError::Setup(io::Error::other("the session ended without an outcome"))),
            }
        }
    };
    follower.live.clear();
    let incident = follower.record(&ready.facts, &outcome);
    let last = follower.last_piece(&ready.facts, &outcome, incident.as_deref());
    let written = tokio::select! {
        written = write_last(output, last, patience, interrupts) => written,
        never = stop_when_asked(&mut suspensions) => match never {},
    };
    follower.tell(&ready.facts, &outcome, incident.as_deref());
    let exit = match written {
        Ok(()) => Ok(outcome.end.exit()),
        Err(Unwritten::Interrupted(interruption)) => {
            console.error(&"interrupted before everything was written to standard output");
            Ok(interruption.exit())
        }
        Err(Unwritten::Failed(error)) => Err(RunError::Output(error)),
    };
    let followed = Followed {
        facts: ready.facts,
        outcome,
        incident,
        exit,
    };
    Ok((followed, recall))
}

/// Follows Ctrl-Z where there is no child any more.
async fn stop_when_asked(suspensions: &mut Suspensions) -> Infallible {
    loop {
        suspensions.next().await;
        stop_ourselves();
    }
}

/// Why the last of the text is not written.
enum Unwritten {
    /// The wish to end came first, and the reader did not read.
    Interrupted(Interruption),
    /// The system refused it.
    Failed(io::Error),
}

/// Waits until everything is written, the reader is gone, or patience is over.
async fn write_last(
    output: Output,
    last: String,
    patience: Patience,
    interrupts: &mut Interrupts,
) -> Result<(), Unwritten> {
    let written = async {
        let _ = output.room().await.write(last);
        output.finish().await
    };
    tokio::select! {
        written = written => match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Unwritten::Failed(error)),
            _ => Ok(()),
        },
        // A reader who has stopped reading must not hold us for ever.
        interruption = out_of(patience, interrupts) => Err(Unwritten::Interrupted(interruption)),
    }
}

/// How long the text waits for its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// For ever: a pause, as in a pager, loses nothing.
    Endless,
    /// For ever still, though Ctrl-C has asked for the end.
    AskedOnce,
    /// Not any more: from the first piece that finds no room at once, nothing is handed over.
    Over(Interruption),
    /// Such a piece has come.
    Cut(Interruption),
}

impl Patience {
    fn after(self, interruption: Interruption) -> Self {
        match (self, interruption) {
            (Self::Endless, Interruption::Interrupt) => Self::AskedOnce,
            (Self::Cut(first), _) => Self::Cut(first),
            // The second Ctrl-C; and nobody is there to repeat a SIGTERM or a SIGHUP.
            _ => Self::Over(interruption),
        }
    }

    /// After a piece has found no room.
    fn cut(self) -> Self {
        match self {
            Self::Over(interruption) => Self::Cut(interruption),
            other => other,
        }
    }
}

/// The next event, and the room for what it has to show. Room first: what cannot be shown yet is not
/// taken yet. Fixed limits hold meanwhile. Cancel safe.
async fn step<'a>(
    output: &'a Output,
    session: &mut Session,
    patience: Patience,
) -> (Option<Room<'a>>, Option<SessionEvent>) {
    let room = match patience {
        Patience::Endless | Patience::AskedOnce => tokio::select! {
            room = output.room() => Some(room),
            never = session.keep_limits() => match never {},
        },
        Patience::Over(_) => output.room_now(),
        Patience::Cut(_) => None,
    };
    (room, session.next().await)
}

impl Follower {
    fn new(request: &RunRequest, ready: &Ready, console: Console) -> Result<Self, RunError> {
        let mut log = Log::open(request.log_file.clone())?;
        let before = account::before(&ready.facts, &ready.prepared);
        if request.verbose {
            console.line(&before);
        }
        if let Some(routed) = &ready.facts.routed {
            for line in &routed.log {
                log.line(&format!("router: {line}"));
            }
        }
        log.line(&before);
        Ok(Self {
            console,
            format: request.format,
            verbose: request.verbose,
            accepted: ready.accepted,
            live: Live::new(
                console,
                &ready.facts.profile,
                request.format != Format::Json,
            ),
            log,
            text: String::new(),
            phase: Phase::Load,
            args: ready.prepared.args_as_text(),
            progress: None,
            slow_in_silence: false,
            pieces: 0,
        })
    }

    fn draw(&mut self) {
        self.live
            .draw(self.step(), self.accepted.elapsed(), self.pieces);
    }

    fn step(&self) -> Step {
        match (self.phase, &self.progress) {
            (Phase::Prefill, Some(progress)) => Step::Prompt {
                done: progress.processed,
                total: progress.total,
            },
            (phase, _) => Step::Phase(phase),
        }
    }

    /// Takes an event; the piece of standard output that it means.
    fn take(&mut self, event: SessionEvent) -> Option<String> {
        let at_ms = micros(self.accepted.elapsed().as_secs_f64() * 1000.0);
        let piece = match event {
            SessionEvent::Started { pid } => self.json(&Event::Started { pid, at_ms }),
            SessionEvent::Phase(phase) => {
                self.phase = phase;
                self.live.not_slow();
                let phase = phase_word(phase);
                self.json(&Event::Phase { phase, at_ms })
            }
            SessionEvent::Log(line) => {
                self.log.line(&line);
                None
            }
            SessionEvent::Formed(prompt) => {
                let line = account::formed(&prompt);
                self.log.line(&line);
                if self.verbose {
                    self.console.line(&line);
                }
                None
            }
            SessionEvent::Progress(progress) => {
                self.progress = Some(progress);
                self.live.not_slow();
                None
            }
            SessionEvent::Slow(slow) => {
                self.say_slow(&slow);
                let slow = report::Slow::new(&slow);
                self.json(&Event::Slow { slow, at_ms })
            }
            SessionEvent::Projection(projection) => {
                self.say(&engine::projection(&projection));
                None
            }
            SessionEvent::Text(text) => {
                self.pieces += 1;
                if self.slow_in_silence {
                    self.live.not_slow();
                }
                self.text.push_str(&text);
                match self.format {
                    Format::Text => Some(text),
                    _ => self.json(&Event::Text { text: &text, at_ms }),
                }
            }
            // Only of a session that generates nothing; and the end is told when all is written.
            SessionEvent::Counted(_) | SessionEvent::Finished(_) => None,
        };
        if piece.is_some() && self.console.stdout_is_terminal {
            self.live.clear();
        }
        piece
    }

    /// That it is slow, in the line that moves or in one of its own.
    fn say_slow(&mut self, slow: &Slow) {
        self.slow_in_silence = slow.usual.is_none();
        let (line, in_short) = (engine::slow(slow), engine::slow_in_short(slow));
        if self
            .live
            .slow(self.step(), self.accepted.elapsed(), in_short)
        {
            self.log.line(&format!("orchestrate: {line}"));
        } else {
            self.say(&line);
        }
    }

    /// A line for people while it runs, and for the log.
    fn say(&mut self, line: &str) {
        self.live.clear();
        let Console {
            stderr_is_terminal,
            stdout_is_terminal,
            ..
        } = self.console;
        // It must not go on where the text has stopped.
        let in_a_line = !self.text.is_empty() && !self.text.ends_with('\n');
        if self.format == Format::Text && stderr_is_terminal && stdout_is_terminal && in_a_line {
            self.console.line(&"");
        }
        self.console.note(&line);
        self.log.line(&format!("orchestrate: {line}"));
    }

    fn json(&self, event: &Event<'_>) -> Option<String> {
        (self.format == Format::JsonLines).then(|| json_line(event))
    }

    /// What standard output gets when everything is known.
    fn last_piece(&self, facts: &Facts, outcome: &Outcome, incident: Option<&str>) -> String {
        match self.format {
            // On a terminal what follows begins on a line of its own. Elsewhere the text stays as it is.
            Format::Text => {
                let on_its_line = self.text.is_empty() || self.text.ends_with('\n');
                let needed = self.console.stdout_is_terminal && !on_its_line;
                (if needed { "\n" } else { "" }).to_owned()
            }
            Format::Json => json_line(&Report::new(facts, &self.text, outcome, incident)),
            Format::JsonLines => json_line(&Event::Finished {
                report: Box::new(Report::new(facts, &self.text, outcome, incident)),
            }),
        }
    }

    /// Records what had to be ended or crashed; its name.
    fn record(&self, facts: &Facts, outcome: &Outcome) -> Option<String> {
        let subject = incident::Subject {
            profile: &facts.profile,
            model: &facts.model.path,
            install: &facts.install,
            args: &self.args,
        };
        let recorded = incident::record(&facts.incidents, subject, outcome);
        recorded.unwrap_or_else(|error| {
            self.console.warning(&format_args!("failed to {error}"));
            None
        })
    }

    /// Says what happened, and ends the log.
    fn tell(mut self, facts: &Facts, outcome: &Outcome, incident: Option<&str>) {
        let after = account::after(facts, outcome, &self.text);
        self.log.line(&after);
        let mut line = summary::line(outcome);
        if let Some(id) = incident {
            line.push_str(" · incident ");
            line.push_str(id);
        }
        self.log.line(&line);
        if let Some(exit) = &outcome.exit {
            if !exit.group_empty {
                self.console.error(
                    &"a process of llama.cpp could not be ended, not even by SIGKILL: it sleeps \
                      uninterruptibly or is frozen, and keeps its memory until it wakes",
                );
            }
            // Who is told of above holds its own.
            if exit.pipe_leaked && exit.group_empty {
                self.console.note(
                    &"a process that llama.cpp has started outside of its group still holds its \
                      output open",
                );
            }
        }
        if let End::Failed(failure) = &outcome.end {
            // What is told exactly needs no witness.
            let shown = match failure {
                Failure::PromptTooLong { .. } => 0,
                _ => SHOWN_LINES,
            };
            let skipped = outcome.last_lines.len().saturating_sub(shown);
            for line in &outcome.last_lines[skipped..] {
                self.console.aside(&format_args!("llama.cpp: {line}"));
            }
            self.console.error(failure);
        }
        if let Some(why) = outcome.end.explained() {
            self.console.error(&why);
        }
        if !matches!(outcome.end, End::OutputClosed) {
            if self.verbose {
                self.console.line(&after);
            }
            self.console.aside(&line);
        }
        if let Some((path, error)) = self.log.error() {
            self.console.error(&format_args!(
                "failed to write the log {}: {error}; it is incomplete",
                path.display()
            ));
        }
    }
}

/// Where `--log-file` goes; nowhere without it.
struct Log {
    path: PathBuf,
    file: Option<File>,
    error: Option<io::Error>,
}

impl Log {
    /// Opens the file first, so that a wrong path costs no generation.
    fn open(path: Option<PathBuf>) -> Result<Self, RunError> {
        let (path, file) = match path {
            None => (PathBuf::new(), None),
            Some(path) => match File::create(&path) {
                Ok(file) => (path, Some(file)),
                Err(source) => return Err(RunError::LogFile { path, source }),
            },
        };
        Ok(Self {
            path,
            file,
            error: None,
        })
    }

    /// Writes a line at once: it is read when something hangs. A disk that fills up is told at the
    /// end; it must not cost the generation.
    fn line(&mut self, line: &str) {
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(format!("{line}\n").as_bytes())
        {
            self.error.get_or_insert(error);
        }
    }

    fn error(&self) -> Option<(&Path, &io::Error)> {
        Some((&self.path, self.error.as_ref()?))
    }
}

/// Waits until the reader need not be awaited any more; whose wish that is.
async fn out_of(patience: Patience, interrupts: &mut Interrupts) -> Interruption {
    let interruption = match patience {
        Patience::Endless | Patience::AskedOnce => interrupts.next().await,
        Patience::Over(interruption) | Patience::Cut(interruption) => interruption,
    };
    tokio::time::sleep(LAST_CHANCE).await;
    interruption
}

fn frames(period: Duration) -> Interval {
    let mut frames = interval(period);
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
    frames
}

async fn next_frame(frames: &mut Option<Interval>) {
    match frames {
        Some(frames) => {
            frames.tick().await;
        }
        None => std::future::pending().await,
    }
}
