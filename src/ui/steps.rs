//! Shows what a build does: a bar on a terminal, an occasional line elsewhere.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::vendor::Event;

/// Without a terminal: the shortest time between two lines of progress, and the least progress
/// that is worth a line. Both must hold, which gives at most 20 lines for a step.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
const PLAIN_PERCENT: u64 = 5;

/// How often the spinner of a step without figures moves.
const TICK: Duration = Duration::from_millis(120);

const SPINNER: &str = "{spinner} {prefix} {elapsed}";
const BYTES: &str = "{spinner} {prefix} [{bar:28}] {bytes}/{total_bytes} {eta}";
const STEPS: &str = "{spinner} {prefix} [{bar:28}] {pos}/{len} {wide_msg}";

/// Shows [`Event`]s. Give `&|event| steps.show(event)` as the report.
#[derive(Debug)]
pub struct Steps {
    face: Mutex<Face>,
}

#[derive(Debug)]
enum Face {
    Bar(Bar),
    Plain(Plain),
}

impl Steps {
    /// On standard error: a bar if that is a terminal, else lines.
    #[must_use]
    pub fn on_stderr() -> Self {
        if io::stderr().is_terminal() {
            Self::with(Face::Bar(Bar::default()))
        } else {
            Self::plain(Box::new(io::stderr()))
        }
    }

    /// Lines, wherever `to` leads.
    #[must_use]
    pub fn plain(to: Box<dyn Write + Send>) -> Self {
        Self::with(Face::Plain(Plain {
            to: Output(to),
            step: String::new(),
            told: None,
        }))
    }

    fn with(face: Face) -> Self {
        Self {
            face: Mutex::new(face),
        }
    }

    /// Shows an event. Errors of the output are ignored: a build does not fail because nobody
    /// watches it.
    pub fn show(&self, event: Event) {
        match &mut *self.face() {
            Face::Bar(bar) => bar.show(event),
            Face::Plain(plain) => plain.show(event),
        }
    }

    /// Begins a step of something else than a build; the one before it is done.
    pub fn step(&self, step: String) {
        self.show(Event::Step(step));
    }

    /// Tells how many bytes of the step are done.
    pub fn bytes(&self, done: u64, total: u64) {
        self.show(Event::Unpack { done, total });
    }

    /// Takes the bar away; call before anything else is printed.
    pub fn finish(&self) {
        if let Face::Bar(bar) = &mut *self.face() {
            bar.end_step();
        }
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        self.face.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.finish();
    }
}

/// What both faces make of an event.
enum Shown {
    Step(String),
    Line(String),
    Progress {
        done: u64,
        total: u64,
        style: &'static str,
        what: String,
    },
}

fn shown(event: Event) -> Shown {
    match event {
        Event::Step(step) => Shown::Step(step),
        Event::Note(note) => Shown::Line(note),
        Event::Ready(program) => Shown::Line(format!("{program} is ready")),
        Event::Waiting { pid } => Shown::Step(match pid {
            Some(pid) => format!("waiting for another build (pid {pid})"),
            None => "waiting for another build".to_owned(),
        }),
        Event::Download { done, total, .. } | Event::Unpack { done, total } => Shown::Progress {
            done,
            total,
            style: BYTES,
            what: String::new(),
        },
        Event::Compile { done, total, what } => Shown::Progress {
            done: done.into(),
            total: total.into(),
            style: STEPS,
            what,
        },
    }
}

#[derive(Debug, Default)]
struct Bar {
    bar: Option<ProgressBar>,
    style: &'static str,
}

impl Bar {
    fn show(&mut self, event: Event) {
        match shown(event) {
            Shown::Step(step) => {
                self.end_step();
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                bar.set_prefix(step);
                bar.enable_steady_tick(TICK);
                self.bar = Some(bar);
                self.set_style(SPINNER);
            }
            Shown::Line(line) => match &self.bar {
                Some(bar) => bar.println(line),
                None => drop(writeln!(io::stderr(), "{line}")),
            },
            Shown::Progress {
                done,
                total,
                style,
                what,
            } => {
                self.set_style(style);
                if let Some(bar) = &self.bar {
                    bar.set_length(total);
                    bar.set_position(done);
                    bar.set_message(what);
                }
            }
        }
    }

    fn set_style(&mut self, template: &'static str) {
        let Some(bar) = &self.bar else { return };
        if self.style != template {
            self.style = template;
            // The templates are constants, and a test parses them.
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style.progress_chars("=> "));
            }
        }
    }

    /// Leaves one line of the step behind.
    fn end_step(&mut self) {
        self.style = "";
        if let Some(bar) = self.bar.take() {
            let line = format!("{} ({} s)", bar.prefix(), bar.elapsed().as_secs());
            bar.finish_and_clear();
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
}

struct Output(Box<dyn Write + Send>);

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Output")
    }
}

#[derive(Debug)]
struct Plain {
    to: Output,
    step: String,
    /// When progress of this step was last told, and at which percentage.
    told: Option<(Instant, u64)>,
}

impl Plain {
    fn show(&mut self, event: Event) {
        match shown(event) {
            Shown::Step(step) => {
                self.line(&step);
                self.step = step;
                self.told = Some((Instant::now(), 0));
            }
            Shown::Line(line) => self.line(&line),
            Shown::Progress { done, total, .. } => {
                let percent = done * 100 / total.max(1);
                let (at, before) = self.told.unwrap_or((Instant::now(), 0));
                // A step may count anew (make does for each target); then so do we.
                let moved = percent < before || percent >= before + PLAIN_PERCENT;
                if at.elapsed() >= PLAIN_EVERY && moved {
                    self.told = Some((Instant::now(), percent));
                    let line = format!("{}: {percent} %", self.step);
                    self.line(&line);
                }
            }
        }
    }

    fn line(&mut self, text: &str) {
        let _ = writeln!(self.to.0, "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn compile(done: u32) -> Event {
        Event::Compile {
            done,
            total: 200,
            what: "a.o".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lines_are_occasional() {
        let paper = Paper::default();
        let steps = Steps::plain(Box::new(paper.clone()));
        steps.show(Event::Step("compiling llama-server".to_owned()));
        for done in 0..=200 {
            steps.show(compile(done));
            tokio::time::advance(Duration::from_secs(2)).await;
        }
        steps.show(Event::Ready("llama-server".to_owned()));
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.first(), Some(&"compiling llama-server"));
        assert_eq!(lines.last(), Some(&"llama-server is ready"));
        assert!((10..=22).contains(&lines.len()), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_quick_step_tells_no_progress() {
        let paper = Paper::default();
        let steps = Steps::plain(Box::new(paper.clone()));
        steps.show(Event::Step("compiling".to_owned()));
        (0..=200).for_each(|done| steps.show(compile(done)));
        assert_eq!(paper.0.lock().unwrap().as_slice(), b"compiling\n");
    }

    #[test]
    fn the_templates_are_valid() {
        for template in [SPINNER, BYTES, STEPS] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
