//! What supervision costs: `orchestrate run` against the bare program with the same arguments, input
//! and environment, on the embedded model. Exits with 1 when the README's promise is not kept.
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

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use orchestrate::profile::Override;
use orchestrate::run::{Format, PromptSource, RunRequest, prepared};
use orchestrate::store::Paths;
use orchestrate::ui::Console;

/// Most that the median run may take longer, in milliseconds (promised in the README).
const MOST_ADDED_MS: f64 = 5.0;
/// Most memory of the supervisor, in MiB (promised in the README).
const MOST_MEMORY_MIB: f64 = 20.0;

const PROFILE: &str = "coder";
const PROMPT: &str = "Create functions for add, subtract, multiply, and divide";

/// Rounds beforehand that are not counted: they bring files into the page cache.
const WARM_UP: usize = 3;
/// Resamples of the bootstrap: percentiles of fewer are visibly unsteady (Efron & Tibshirani 1993).
const RESAMPLES: usize = 2000;
/// Runs in which the memory is watched, apart from the timed ones, which that would disturb.
const WATCHED_RUNS: usize = 5;
/// How often it is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// What orchestrate's summary says when a run was repeated (see `engine::session`).
const REPEATED: &str = " times (llama.cpp#22142)";
/// What the bare program writes last to standard output and to its log, unless it is lost.
const LAST_WRITTEN: &str = "\n\n";
const LAST_LOGGED: &str = " total time =";

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
    /// Show every round
    #[arg(long)]
    verbose: bool,
    /// cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

type Failure = Box<dyn Error>;

fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    let seed = options
        .seed
        .unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let mut random = SplitMix(seed);
    let arms = Arms::new(&options)?;
    println!(
        "overhead: {} pairs after {WARM_UP} for warm-up, seed {seed}, {} tokens at most, {} thread(s)",
        options.pairs, options.tokens, options.threads
    );

    for _ in 0..WARM_UP {
        arms.round(&mut random)?;
    }
    let mut rounds = Vec::new();
    for number in 1..=options.pairs {
        let round = arms.round(&mut random)?;
        if options.verbose {
            println!("{number:>5} {round}");
        }
        rounds.push(round);
    }
    let peaks = (0..WATCHED_RUNS).map(|_| arms.peak_memory());
    let peak = peaks.collect::<Result<Vec<_>, _>>()?.into_iter().max();

    let within = report(&rounds, peak.unwrap_or_default(), &mut random);
    Ok(if within {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Prints the figures; whether they are within the limits.
fn report(rounds: &[Round], peak_bytes: u64, random: &mut SplitMix) -> bool {
    let mut row = |name: &str, value: fn(&Round) -> f64, limit: &str| {
        let values: Vec<f64> = rounds.iter().map(value).collect();
        let middle = median(values.clone());
        let (low, high) = interval(&values, random);
        println!("{name:<32}{middle:>8.2} ms   {low:>8.2} .. {high:<8.2}   {limit}");
        middle
    };
    println!("\n{:<32}{:>11}   {:^20}", "", "median", "95 % interval");
    row("bare program", |round| round.bare.ms, "");
    row("orchestrate run", |round| round.supervised.ms, "");
    row(
        "noise: bare - bare",
        |round| round.again.ms - round.bare.ms,
        "",
    );
    let added = row(
        "added: orchestrate - bare",
        |round| round.supervised.ms - round.bare.ms,
        &format!("limit {MOST_ADDED_MS} ms"),
    );
    let peak = peak_bytes as f64 / f64::from(1 << 20);
    println!(
        "{:<32}{peak:>8.2} MiB{:>26} {MOST_MEMORY_MIB} MiB",
        format!("peak memory of {WATCHED_RUNS} runs"),
        "limit"
    );

    let count = |what: fn(&Round) -> bool| rounds.iter().filter(|round| what(round)).count();
    let repeated = count(|round| round.supervised.cut_short);
    let cut = count(|round| round.bare.cut_short);
    if repeated + cut > 0 {
        println!(
            "\nllama.cpp lost its last lines at the exit (llama.cpp#22142) in some of {} runs:\n\
             {cut} bare ones ended so, {repeated} of orchestrate's were repeated; all are counted",
            rounds.len()
        );
    }

    let within = added <= MOST_ADDED_MS && peak <= MOST_MEMORY_MIB;
    let verdict = if within { "kept" } else { "BROKEN" };
    println!(
        "\npromise {verdict}: at most {MOST_ADDED_MS} ms added at the median, and {MOST_MEMORY_MIB} MiB of memory"
    );
    within
}

/// One run.
#[derive(Debug)]
struct Run {
    /// From before the start until it has exited and everything that it wrote is read.
    ms: f64,
    text: String,
    /// Whether the program lost its last lines: a bare run then ends so, orchestrate repeats it.
    cut_short: bool,
}

/// The three runs that are compared with each other.
#[derive(Debug)]
struct Round {
    bare: Run,
    again: Run,
    supervised: Run,
}

impl std::fmt::Display for Round {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (name, run) in [
            ("bare", &self.bare),
            ("again", &self.again),
            ("orchestrate", &self.supervised),
        ] {
            let mark = if run.cut_short { "!" } else { " " };
            write!(f, "  {name} {:>8.2} ms{mark}", run.ms)?;
        }
        Ok(())
    }
}

/// What is compared.
struct Arms {
    bare: Arm,
    supervised: Arm,
}

/// One of the two ways to do the same work.
struct Arm {
    program: PathBuf,
    args: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    stdin: Vec<u8>,
}

impl Arms {
    fn new(options: &Options) -> Result<Self, Failure> {
        let values = [
            ("seed", "1".to_owned()),
            ("threads", options.threads.to_string()),
            ("batch_threads", options.threads.to_string()),
            ("max_tokens", options.tokens.to_string()),
            // They end orchestrate's run only: the bare program does not know them, and would go on.
            ("stop", "[]".to_owned()),
        ];
        let mut args: Vec<OsString> = ["run", PROFILE, PROMPT].map(OsString::from).into();
        for (key, value) in &values {
            args.extend(["--set".into(), format!("{key}={value}").into()]);
        }
        let supervised = Arm {
            program: env!("CARGO_BIN_EXE_orchestrate").into(),
            args,
            environment: std::env::vars_os().collect(),
            stdin: Vec::new(),
        };

        let request = RunRequest {
            profile: PROFILE.to_owned(),
            prompt: PromptSource::Argument(PROMPT.to_owned()),
            overrides: values
                .iter()
                .map(|(key, value)| Override::new("--set", key, value))
                .collect(),
            variables: std::collections::BTreeMap::new(),
            llama_dir: std::env::var_os("ORCHESTRATE_LLAMA_DIR").map(PathBuf::from),
            format: Format::Text,
            verbose: false,
            log_file: None,
            accepted: tokio::time::Instant::now(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let paths = Paths::discover()?;
        let prepared = runtime.block_on(prepared(&request, &paths, Console::detect(true)))?;
        let spec = prepared.spec().clone();
        let bare = Arm {
            program: spec.program,
            args: spec.args,
            environment: spec.environment,
            stdin: spec.stdin,
        };
        Ok(Self { bare, supervised })
    }

    /// Runs the three in random order.
    fn round(&self, random: &mut SplitMix) -> Result<Round, Failure> {
        let mut order = [0, 1, 2];
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last + 1));
        }
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
        // Otherwise the two did not do the same work, and no difference would mean anything.
        for bare in [&bare, &again] {
            if !bare.cut_short && !bare.text.starts_with(supervised.text.trim_end()) {
                return Err(format!(
                    "the texts differ\n  bare: {:?}\n  orchestrate: {:?}",
                    bare.text, supervised.text
                )
                .into());
            }
        }
        Ok(Round {
            bare,
            again,
            supervised,
        })
    }

    fn run_bare(&self) -> Result<Run, Failure> {
        let (ms, text, log) = self.bare.run()?;
        Ok(Run {
            ms,
            cut_short: !(text.ends_with(LAST_WRITTEN) && log.contains(LAST_LOGGED)),
            text,
        })
    }

    fn run_supervised(&self) -> Result<Run, Failure> {
        let (ms, text, summary) = self.supervised.run()?;
        Ok(Run {
            ms,
            text,
            cut_short: summary.contains(REPEATED),
        })
    }

    /// The peak resident set of the supervisor alone, in bytes, in one run.
    ///
    /// The figure of `wait4` would be wrong here: the kernel hands out the larger of a process's own
    /// peak and that of the children it has reaped (RUSAGE_BOTH), and llama.cpp takes more than its
    /// supervisor. VmHWM (proc(5)) is of the process alone. It is a high-water mark, so looking now
    /// and then misses nothing but what is allocated after the last look.
    fn peak_memory(&self) -> Result<u64, Failure> {
        let mut child = self.supervised.start(Stdio::null(), Stdio::null())?;
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        let ended = loop {
            let marks = fs::read_to_string(&status).unwrap_or_default();
            peak = peak.max(high_water_mark(&marks).unwrap_or(0));
            if let Some(ended) = child.try_wait()? {
                break ended;
            }
            thread::sleep(LOOK_EVERY);
        };
        match (ended.success(), peak) {
            (false, _) => Err(format!("orchestrate ended with {ended}").into()),
            (true, 0) => Err("no VmHWM in /proc: the memory cannot be measured here".into()),
            (true, peak) => Ok(peak),
        }
    }
}

impl Arm {
    fn start(&self, stdout: Stdio, stderr: Stdio) -> std::io::Result<Child> {
        let mut child = Command::new(&self.program)
            .args(&self.args)
            .env_clear()
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()?;
        // Far less than a pipe holds, so that this cannot wait for the child. Taken: it is closed.
        child
            .stdin
            .take()
            .map_or(Ok(()), |mut stdin| stdin.write_all(&self.stdin))?;
        Ok(child)
    }

    /// Runs it to its end: (milliseconds, standard output, standard error).
    fn run(&self) -> Result<(f64, String, String), Failure> {
        let began = Instant::now();
        let output = self
            .start(Stdio::piped(), Stdio::piped())?
            .wait_with_output()?;
        let ms = began.elapsed().as_secs_f64() * 1000.0;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() {
            let program = self.program.display();
            return Err(format!("{program} ended with {}:\n{stderr}", output.status).into());
        }
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok((ms, stdout, stderr))
    }
}

/// VmHWM of `/proc/PID/status`, in bytes; a process that has ended has none any more.
fn high_water_mark(status: &str) -> Option<u64> {
    let mark = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = mark.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// The median: the middle value, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        f64::midpoint(values[middle - 1], values[middle])
    } else {
        values[middle]
    }
}

/// The 95 % percentile bootstrap interval of the median.
fn interval(values: &[f64], random: &mut SplitMix) -> (f64, f64) {
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let resample = values.iter().map(|_| values[random.below(values.len())]);
            median(resample.collect())
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let tail = RESAMPLES / 40;
    (medians[tail], medians[RESAMPLES - 1 - tail])
}

/// SplitMix64 (Steele, Lea & Flood 2014): small, and good enough to shuffle and to resample.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`. The bias of the remainder is below bound / 2⁶⁴.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
