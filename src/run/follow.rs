//! A started run, followed to its end: text out, wishes in, an account of it all.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

use super::prepare::{Facts, Ready};
use super::report::{Event, Report, json_line, micros, phase_word};
use super::{Format, RunError, account, summary};
use crate::engine::{End, Failure, Interruption, Outcome, Phase, Session, SessionEvent};
use crate::exit::Exit;
use crate::ui::{Console, Interrupts, Live, Output, Room};

/// Log lines that are shown when the process fails.
const SHOWN_LINES: usize = 8;
/// How long a reader has to take what is left when patience is over: one who reads at all needs
/// milliseconds, and whoever asks for the end twice wants it within a second.
const LAST_CHANCE: Duration = Duration::from_millis(500);

/// What has come of a run so far.
struct Follower {
    console: Console,
    format: Format,
    live: Live,
    log: Log,
    text: String,
    phase: Phase,
    pieces: usize,
}

/// Starts the process and follows it to its end.
pub(super) async fn follow(ready: Ready, console: Console) -> Result<Exit, RunError> {
    let Ready {
        prepared,
        facts,
        format,
        verbose,
        log_file,
        accepted,
    } = ready;
    let mut log = Log::open(log_file)?;
    let before = account::before(&facts, &prepared);
    if verbose {
        console.line(&before);
    }
    log.line(&before);

    let mut interrupts = Interrupts::listen().map_err(RunError::Setup)?;
    let mut session = Session::start(prepared)?;
    let output = Output::start().map_err(RunError::Setup)?;
    let mut follower = Follower {
        console,
        format,
        live: Live::new(console, &facts.profile, format == Format::Text),
        log,
        text: String::new(),
        phase: Phase::Load,
        pieces: 0,
    };
    let mut frames = follower.live.period().map(frames);
    if format == Format::JsonLines {
        let started = Event::Started {
            pid: session.pid(),
            at_ms: ms(accepted.elapsed()),
        };
        let _ = output.room().await.write(json_line(&started));
    }

    let mut patience = Patience::Endless;
    let outcome = loop {
        tokio::select! {
            interruption = interrupts.next() => {
                follower.live.clear();
                session.interrupt(interruption);
                patience = patience.after(interruption);
            }
            () = next_frame(&mut frames) => {
                follower.live.draw(follower.phase, accepted.elapsed(), follower.pieces);
            }
            (room, event) = step(&output, &mut session, patience) => {
                let Some(event) = event else {
                    return Err(RunError::Setup(std::io::Error::other("the session ended without an outcome")));
                };
                if let SessionEvent::Finished(outcome) = event {
                    break outcome;
                }
                if let Some(line) = follower.take(event, accepted.elapsed()) {
                    match room {
                        Some(room) => if !room.write(line) {
                            session.output_closed();
                        },
                        None => patience = Patience::Cut,
                    }
                }
            }
        }
    };
    follower.live.clear();
    follower
        .finish(
            output,
            (patience, &mut interrupts),
            &facts,
            &outcome,
            verbose,
        )
        .await
}

/// How long the text waits for its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Patience {
    /// For ever: a pause, as in a pager, loses nothing.
    Endless,
    /// For ever still, though Ctrl-C has asked for the end.
    AskedOnce,
    /// Not any more: from the first piece that finds no room at once, nothing is handed over.
    Over,
    /// Such a piece has come.
    Cut,
}

impl Patience {
    fn after(self, interruption: Interruption) -> Self {
        match (self, interruption) {
            (Self::Endless, Interruption::Interrupt) => Self::AskedOnce,
            (Self::Cut, _) => Self::Cut,
            // The second Ctrl-C; and nobody is there to repeat a SIGTERM or a SIGHUP.
            _ => Self::Over,
        }
    }
}

/// The next event, and the room for what it has to show. Room first: what cannot be shown yet is not
/// taken yet. Limits hold meanwhile. Cancel safe.
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
        Patience::Over => output.room_now(),
        Patience::Cut => None,
    };
    (room, session.next().await)
}

impl Follower {
    /// Takes an event; what it means for standard output.
    fn take(&mut self, event: SessionEvent, at: Duration) -> Option<String> {
        match event {
            SessionEvent::Phase(phase) => {
                self.phase = phase;
                self.json(&Event::Phase {
                    phase: phase_word(phase),
                    at_ms: ms(at),
                })
            }
            SessionEvent::Log(line) => {
                self.log.line(&line);
                None
            }
            SessionEvent::Text(text) => {
                self.pieces += 1;
                let line = match self.format {
                    Format::Text => {
                        if self.console.stdout_is_terminal {
                            self.live.clear();
                        }
                        Some(text.clone())
                    }
                    _ => self.json(&Event::Text {
                        text: &text,
                        at_ms: ms(at),
                    }),
                };
                self.text.push_str(&text);
                line
            }
            SessionEvent::Finished(_) => None,
        }
    }

    fn json(&self, event: &Event<'_>) -> Option<String> {
        (self.format == Format::JsonLines).then(|| json_line(event))
    }

    /// Writes what is left to be written, and says what happened.
    async fn finish(
        mut self,
        output: Output,
        (patience, interrupts): (Patience, &mut Interrupts),
        facts: &Facts,
        outcome: &Outcome,
        verbose: bool,
    ) -> Result<Exit, RunError> {
        let last = match self.format {
            // A prompt of the shell, and the summary, begin on a line of their own.
            Format::Text if !self.text.is_empty() && !self.text.ends_with('\n') => "\n".to_owned(),
            Format::Text => String::new(),
            Format::Json => json_line(&Report::new(facts, &self.text, outcome)),
            Format::JsonLines => json_line(&Event::Finished {
                report: Box::new(Report::new(facts, &self.text, outcome)),
            }),
        };
        let written = async {
            let _ = output.room().await.write(last);
            output.finish().await
        };
        let written = tokio::select! {
            written = written => written,
            // A reader who has stopped reading must not hold us for ever.
            () = out_of(patience, interrupts) => Ok(()),
        };
        self.tell(facts, outcome, verbose);
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(RunError::Output(error))
            }
            _ => {
                self.log.finish()?;
                Ok(outcome.end.exit())
            }
        }
    }

    fn tell(&mut self, facts: &Facts, outcome: &Outcome, verbose: bool) {
        let after = account::after(facts, outcome, &self.text);
        self.log.line(&after);
        let line = summary::line(outcome);
        self.log.line(&line);
        if let Some(exit) = &outcome.exit {
            if !exit.group_empty {
                self.console.error(
                    &"a process of llama.cpp could not be ended, not even by SIGKILL: it sleeps \
                      uninterruptibly or is frozen, and keeps its memory until it wakes",
                );
            }
            if exit.pipe_leaked {
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
        if matches!(outcome.end, End::OutputClosed) {
            return;
        }
        if verbose {
            self.console.line(&after);
        }
        self.console.aside(&line);
    }
}

/// Where `--log-file` goes; nowhere without it.
struct Log {
    path: PathBuf,
    file: Option<BufWriter<File>>,
    error: Option<std::io::Error>,
}

impl Log {
    /// Opens the file first, so that a wrong path costs no generation.
    fn open(path: Option<PathBuf>) -> Result<Self, RunError> {
        let Some(path) = path else {
            return Ok(Self {
                path: PathBuf::new(),
                file: None,
                error: None,
            });
        };
        match File::create(&path) {
            Ok(file) => Ok(Self {
                path,
                file: Some(BufWriter::new(file)),
                error: None,
            }),
            Err(source) => Err(RunError::LogFile { path, source }),
        }
    }

    /// Writes a line. A disk that fills up is told at the end: it must not cost the generation.
    fn line(&mut self, line: &str) {
        if let Some(file) = &mut self.file
            && let Err(error) = writeln!(file, "{line}")
        {
            self.error.get_or_insert(error);
        }
    }

    fn finish(self) -> Result<(), RunError> {
        let flushed = match self.file {
            Some(mut file) => file.flush().err(),
            None => None,
        };
        match self.error.or(flushed) {
            Some(source) => Err(RunError::LogFile {
                path: self.path,
                source,
            }),
            None => Ok(()),
        }
    }
}

/// Waits until the reader need not be awaited any more.
async fn out_of(patience: Patience, interrupts: &mut Interrupts) {
    if matches!(patience, Patience::Endless | Patience::AskedOnce) {
        interrupts.next().await;
    }
    tokio::time::sleep(LAST_CHANCE).await;
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

fn ms(duration: Duration) -> f64 {
    micros(duration.as_secs_f64() * 1000.0)
}
