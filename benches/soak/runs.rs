//! Many runs in one supervising process: what each of them holds has to be given back.
//!
//! The process uses the library as `orchestrate run` does up to the last event, run after run, as a server
//! of many requests would.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use orchestrate::engine::{Interruption, Session, SessionEvent};
use orchestrate::exit::Exit;
use orchestrate::profile::Override;
use orchestrate::run::{Format, PromptSource, RunRequest, prepared};
use orchestrate::store::Paths;
use orchestrate::ui::Console;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep};

use super::Failure;
use super::common::World;
use super::footprint::{Footprint, MOST_GROWTH_PER_RUN, NOISE, UNTIL_STEADY};

/// How long a run that nobody waits for any more may take to be gone: as long as a run that is ended by
/// SIGKILL, on a busy machine.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
/// How often it is looked whether all are gone.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The ways in which runs end, in turn: whatever one of them leaves is left hundreds of times.
const COURSES: [Course; 5] = [
    Course {
        profile: "whole",
        script: "ready;repeat 32 token;times 32;close",
        wish: Wish::None,
        exit: Exit::Done,
    },
    Course {
        profile: "with-child",
        script: "orphan;ready;repeat 8 token;times 8;close",
        wish: Wish::None,
        exit: Exit::Done,
    },
    Course {
        profile: "interrupted",
        script: "ready;write token;hang",
        wish: Wish::End,
        exit: Exit::Interrupted,
    },
    Course {
        profile: "dropped",
        script: "ready;write token;hang",
        wish: Wish::Drop,
        exit: Exit::Done,
    },
    Course {
        profile: "crashed",
        script: "ready;write token;kill",
        wish: Wish::None,
        exit: Exit::Crashed,
    },
];

/// One way.
struct Course {
    profile: &'static str,
    /// See `tests/fake/llama.rs`.
    script: &'static str,
    wish: Wish,
    exit: Exit,
}

/// What is wished at the first text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    None,
    /// The end, politely.
    End,
    /// Nothing more of it, as when a client has gone.
    Drop,
}

/// How many runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// In all.
    pub(crate) runs: u32,
    /// Side by side.
    pub(crate) at_once: u32,
    /// Runs from one line of the table to the next; a multiple of `at_once`.
    pub(crate) look_every: u32,
}

/// A world with the profiles of all courses.
pub(crate) fn world() -> World {
    let world = World::with_server();
    for Course {
        profile, script, ..
    } in &COURSES
    {
        world.profile(
            profile,
            &format!("extends = \"plain\"\n[environment]\nFAKE_SCRIPT = \"{script}\"\n"),
        );
    }
    world
}

/// Runs a plan in this process, whose environment is that of such a world, and prints what it holds as it
/// goes on; whether all bounds are kept.
pub(crate) fn supervise(backend: &str, plan: Plan) -> Result<bool, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let supervisor = Rc::new(Supervisor::new(backend)?);
    LocalSet::new().block_on(&runtime, supervisor.hold(plan))
}

struct Supervisor {
    backend: String,
    paths: Paths,
    llama_dir: Option<PathBuf>,
    sockets: PathBuf,
}

impl Supervisor {
    fn new(backend: &str) -> Result<Self, Failure> {
        let directory = |name| std::env::var_os(name).map(PathBuf::from);
        Ok(Self {
            backend: backend.to_owned(),
            paths: Paths::discover()?,
            llama_dir: directory("ORCHESTRATE_LLAMA_DIR"),
            sockets: directory("ORCHESTRATE_RUNTIME_DIR").ok_or("no directory for sockets")?,
        })
    }

    async fn hold(self: Rc<Self>, plan: Plan) -> Result<bool, Failure> {
        let Plan { runs, at_once, .. } = plan;
        println!("\nllama-{}: {runs} runs, {at_once} at once", self.backend);
        println!("{}", Footprint::COLUMNS);
        // The first run of a process sets up what stays: the answer of the program what it can do, the
        // unpacked model, tokio's own descriptors for the exits of helpers.
        Rc::clone(&self).wave(0, 1).await?;
        let first = self.settled(0, None).await?;
        println!("{first}");
        let (mut steady, mut last, mut kept) = (first, first, true);
        while last.runs < runs {
            for wave in 0..plan.look_every / at_once {
                let from = last.runs + wave * at_once;
                Rc::clone(&self).wave(from, at_once).await?;
            }
            last = self
                .settled(last.runs + plan.look_every, Some(&first))
                .await?;
            let is_back = last.is_back_to(&first);
            println!("{last}{}", if is_back { "" } else { "   NOT GIVEN BACK" });
            kept &= is_back;
            if steady.runs < UNTIL_STEADY.min(runs / 2) {
                steady = last;
            }
        }
        Ok(kept & grew_little(&steady, &last))
    }

    /// Waits until all is as it was, or long enough; then looks.
    async fn settled(&self, runs: u32, before: Option<&Footprint>) -> Result<Footprint, Failure> {
        let give_up = Instant::now() + SETTLED_WITHIN;
        loop {
            let now = Footprint::now(runs, &self.sockets, &self.paths.jobs())?;
            if before.is_none_or(|before| now.is_back_to(before)) || Instant::now() > give_up {
                return Ok(now);
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// So many runs side by side, to their ends.
    async fn wave(self: Rc<Self>, from: u32, count: u32) -> Result<(), Failure> {
        let mut runs = JoinSet::new();
        for number in from..from + count {
            let course = &COURSES[number as usize % COURSES.len()];
            let this = Rc::clone(&self);
            runs.spawn_local(async move {
                let ended = this.run(course).await;
                ended.map_err(|error| format!("run {number}, {}: {error}", course.profile))
            });
        }
        while let Some(ended) = runs.join_next().await {
            ended??;
        }
        Ok(())
    }

    async fn run(&self, course: &Course) -> Result<(), Failure> {
        let request = RunRequest {
            profile: course.profile.to_owned(),
            prompt: PromptSource::Argument("hi".to_owned()),
            overrides: vec![Override::new("--set", "backend", &self.backend)],
            variables: std::collections::BTreeMap::new(),
            llama_dir: self.llama_dir.clone(),
            format: Format::Text,
            verbose: false,
            log_file: None,
            force: false,
            accepted: Instant::now(),
        };
        let prepared = prepared(&request, &self.paths, Console::detect(true)).await?;
        let mut session = Session::start(prepared)?;
        let mut wish = course.wish;
        while let Some(event) = session.next().await {
            match event {
                SessionEvent::Text(_) => match std::mem::replace(&mut wish, Wish::None) {
                    Wish::None => {}
                    Wish::End => session.interrupt(Interruption::Interrupt),
                    Wish::Drop => return Ok(()),
                },
                SessionEvent::Finished(outcome) if outcome.end.exit() != course.exit => {
                    return Err(format!("ended with {:?}", outcome.end).into());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether the memory stays what it is once it is steady; says so.
fn grew_little(steady: &Footprint, last: &Footprint) -> bool {
    let runs = f64::from(last.runs - steady.runs);
    let growth = last.growth_since(steady);
    let kept = growth <= NOISE + MOST_GROWTH_PER_RUN * runs;
    println!(
        "memory from run {} on: {:+.0} bytes per run, limit {MOST_GROWTH_PER_RUN} and {:.0} KiB in all: {}",
        steady.runs,
        growth / runs,
        NOISE / 1024.0,
        if kept { "kept" } else { "BROKEN" }
    );
    kept
}
