//! What supervision costs: `orchestrate run` against the bare program with the same arguments, input
//! and environment, on the embedded model, for each backend. Exits with 1 when the README's promise is
//! not kept.
//!
//! Each round runs three things in random order: the bare program, the bare program once more, and
//! orchestrate. The differences within a round are paired, so that whatever else the machine does
//! meanwhile falls out of them; the one between the two bare runs (A/A) tells how much is left. No
//! round is dropped.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this measures with the real clock, and has nothing to wait for but other processes"
)]

mod arm;
mod completion;
mod server;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use arm::Arm;
use completion::Completion;
use fastrand::Rng;
use orchestrate::stats::{interval_of_median, median};
use server::Server;

/// Most memory of the supervisor, in MiB (promised in the README).
const MOST_MEMORY_MIB: f64 = 20.0;

/// Rounds beforehand that are not counted: they bring files into the page cache.
const WARM_UP: usize = 3;
/// Runs in which the memory is watched, apart from the timed ones, which that would disturb.
const WATCHED_RUNS: usize = 5;

/// What supervision costs
#[derive(Debug, Parser)]
struct Options {
    /// Pairs to compare
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u16).range(7..))]
    pairs: u16,
    /// Seed of the order and of the resampling [default: drawn]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Most tokens to generate
    #[arg(long, value_name = "N", default_value_t = 128)]
    tokens: u32,
    /// Threads of llama.cpp; one is the steadiest, as no thread waits for another
    #[arg(long, value_name = "N", default_value_t = 1)]
    threads: u32,
    /// Which backend
    #[arg(long, value_enum, default_value_t = Backends::Both)]
    backend: Backends,
    /// Show every round
    #[arg(long)]
    verbose: bool,
    /// cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Backends {
    Completion,
    Server,
    Both,
}

type Failure = Box<dyn Error>;

/// A round's times, in milliseconds.
struct Measured {
    bare: f64,
    again: f64,
    supervised: f64,
}

/// The runs of one backend.
trait Series {
    const NAME: &'static str;
    const MOST_ADDED_MS: f64;
    /// What is known of one run.
    type Run;

    /// How orchestrate is run.
    fn supervised(&self) -> &Arm;
    /// Runs the bare program.
    fn run_bare(&self) -> Result<Self::Run, Failure>;
    /// Runs orchestrate.
    fn run_supervised(&self) -> Result<Self::Run, Failure>;
    /// Takes a round's runs: bare, bare again, supervised. They must have done the same work, or no
    /// difference would mean anything.
    fn keep(&mut self, runs: [Self::Run; 3]) -> Result<Measured, Failure>;
    /// What was kept so far does not count.
    fn warmed_up(&mut self) {}
    /// Prints what else is to be said; whether the limits in it are kept.
    fn remarks(&self) -> bool {
        true
    }

    /// Runs the three in random order.
    fn round(&mut self, random: &mut Rng) -> Result<Measured, Failure> {
        let mut order = [0, 1, 2];
        random.shuffle(&mut order);
        let mut runs = [None, None, None];
        for which in order {
            runs[which] = Some(match which {
                2 => self.run_supervised()?,
                _ => self.run_bare()?,
            });
        }
        let [Some(bare), Some(again), Some(supervised)] = runs else {
            unreachable!("each of the three was run");
        };
        self.keep([bare, again, supervised])
    }
}

fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut random = Rng::with_seed(seed);
    println!(
        "overhead: {} pairs after {WARM_UP} for warm-up, seed {seed}, {} tokens at most, {} thread(s)",
        options.pairs, options.tokens, options.threads
    );
    let mut within = true;
    if options.backend != Backends::Server {
        within &= measure(Completion::new(&options)?, &options, &mut random)?;
    }
    if options.backend != Backends::Completion {
        within &= measure(Server::new(&options)?, &options, &mut random)?;
    }
    Ok(if within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs a series and prints its figures; whether they are within the limits.
fn measure<S: Series>(mut series: S, options: &Options, random: &mut Rng) -> Result<bool, Failure> {
    for _ in 0..WARM_UP {
        series.round(random)?;
    }
    series.warmed_up();
    let mut rounds = Vec::new();
    for number in 1..=options.pairs {
        let round = series.round(random)?;
        if options.verbose {
            println!(
                "{number:>5}  bare {:>8.2} ms  again {:>8.2} ms  orchestrate {:>8.2} ms",
                round.bare, round.again, round.supervised
            );
        }
        rounds.push(round);
    }
    let peaks = (0..WATCHED_RUNS).map(|_| series.supervised().peak_memory());
    let peak = peaks.collect::<Result<Vec<_>, _>>()?.into_iter().max();
    let within = report::<S>(&rounds, peak.unwrap_or_default(), random);
    Ok(series.remarks() && within)
}

fn report<S: Series>(rounds: &[Measured], peak_bytes: u64, random: &mut Rng) -> bool {
    let mut row = |name: &str, value: fn(&Measured) -> f64, limit: &str| {
        let values: Vec<f64> = rounds.iter().map(value).collect();
        let (Some(middle), Some(interval)) =
            (median(&values), interval_of_median(&values, random.u64(..)))
        else {
            unreachable!("there are rounds, and all of them were timed");
        };
        let (low, high) = (interval.low, interval.high);
        println!("{name:<32}{middle:>8.2} ms   {low:>8.2} .. {high:<8.2}   {limit}");
        middle
    };
    println!(
        "\n{:<32}{:>11}   {:^20}",
        S::NAME,
        "median",
        "95 % interval"
    );
    row("bare program", |round| round.bare, "");
    row("orchestrate run", |round| round.supervised, "");
    row("noise: bare - bare", |round| round.again - round.bare, "");
    let limit = S::MOST_ADDED_MS;
    let added = row(
        "added: orchestrate - bare",
        |round| round.supervised - round.bare,
        &format!("limit {limit} ms"),
    );
    let peak = peak_bytes as f64 / f64::from(1 << 20);
    println!(
        "{:<32}{peak:>8.2} MiB{:>26} {MOST_MEMORY_MIB} MiB",
        format!("peak memory of {WATCHED_RUNS} runs"),
        "limit"
    );
    let within = added <= limit && peak <= MOST_MEMORY_MIB;
    let verdict = if within { "kept" } else { "BROKEN" };
    println!(
        "promise {verdict}: at most {limit} ms added at the median, and {MOST_MEMORY_MIB} MiB of memory"
    );
    within
}
