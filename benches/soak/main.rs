//! Endurance: whether a supervising process holds, after a thousand runs one after the other and a thousand
//! runs of which fifty go on at once, what it held before; and what it costs to watch one long run. Exits
//! with 1 when a bound is broken.
//!
//! The llama.cpp is the fault kit's (`tests/fake/`), so that nothing but the supervisor is at work.
#![expect(
    clippy::disallowed_types,
    reason = "this measures with the real clock, and has nothing to wait for but other processes"
)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod footprint;
mod runs;
mod watching;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use runs::Plan;

type Failure = Box<dyn Error>;

/// Runs from one line of the table to the next.
const LOOK_EVERY: u32 = 100;
/// As many side by side as a small server of many users may have.
const AT_ONCE: u32 = 50;

/// Endurance of the supervisor
#[derive(Debug, Parser)]
struct Options {
    /// Runs of each series, rounded up to hundreds; 0 leaves them out
    #[arg(long, value_name = "N", default_value_t = 1000)]
    runs: u32,
    /// Seconds of the generation that is watched; 0 leaves it out
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    watched: u32,
    /// Be the supervising process of one series
    #[arg(long, hide = true, value_enum)]
    supervise: Option<Backend>,
    /// Its runs side by side
    #[arg(long, hide = true, default_value_t = 1)]
    at_once: u32,
    /// cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    Completion,
    Server,
}

impl Backend {
    const ALL: [Self; 2] = [Self::Completion, Self::Server];

    fn word(self) -> &'static str {
        match self {
            Self::Completion => "completion",
            Self::Server => "server",
        }
    }
}

fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    let runs = options.runs.next_multiple_of(LOOK_EVERY);
    let kept = if let Some(backend) = options.supervise {
        let plan = Plan {
            runs,
            at_once: options.at_once,
            look_every: LOOK_EVERY,
        };
        runs::supervise(backend.word(), plan)?
    } else {
        println!("soak: {runs} runs of each series");
        let mut kept = true;
        let series_of = |backend| [1, AT_ONCE].map(|at_once| (backend, at_once));
        let all = Backend::ALL.into_iter().flat_map(series_of);
        for (backend, at_once) in all.filter(|_| runs > 0) {
            kept &= series(backend, runs, at_once)?;
        }
        if options.watched > 0 {
            kept &= watching::measure(options.watched)?;
        }
        println!("\n{}", if kept { "all bounds kept" } else { "BROKEN" });
        kept
    };
    Ok(if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A series in a process and a world of its own; whether its bounds are kept.
fn series(backend: Backend, runs: u32, at_once: u32) -> Result<bool, Failure> {
    let world = runs::world();
    let args = [
        "--supervise".to_owned(),
        backend.word().to_owned(),
        format!("--runs={runs}"),
        format!("--at-once={at_once}"),
    ];
    let status = world
        .program(std::env::current_exe()?, args)
        .command()
        .stdout(std::process::Stdio::inherit())
        .stderr(std::process::Stdio::inherit())
        .status()?;
    let left = world.processes();
    if !left.is_empty() {
        println!("processes left: {left:?}");
    }
    Ok(status.success() && left.is_empty())
}
