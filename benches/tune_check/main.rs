//! What `orchestrate tune` finds, against all settings of a small grid: threads 1 to 4, two micro-batches,
//! flash attention on and off, on a synthetic model of 0.6 billion weights. Exits with 1 when what it finds
//! is less than 95 % as fast as the best of the grid, or slower than llama.cpp's defaults.
//!
//! The grid is measured in rounds, each in random order. What comes out best there is held against the
//! defaults and against what `tune` has found in fresh rounds of all three, paired, so that whatever else
//! the machine does falls out of it. That is done on all CPUs, where llama.cpp's defaults are good, and on one
//! of them, as in a container with an affinity mask, where they are not: llama.cpp counts cores. Settings
//! whose text differs from the defaults' are none that `tune`
//! may choose: weights that are random have many ties, which another order of additions decides otherwise.
#![expect(
    clippy::disallowed_types,
    reason = "this measures with the real clock, and has nothing to wait for but other processes"
)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, fs};

use fastrand::Rng;
use orchestrate::host::{physical_cores, usable_cpus};
use orchestrate::stats::{Comparison, Finding, Pair, compare, median, smallest_effect};
#[cfg(target_os = "linux")]
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::Value;

/// The shape of the model: small enough for many runs, large enough that memory is what is waited for.
const LIKE: &str = "qwen3-0.6b";
/// Words of the prompt, and tokens that are generated.
const WORDS: usize = 96;
const TOKENS: u32 = 32;
/// How often each setting of the grid is measured.
const GRID_ROUNDS: usize = 2;
/// Fresh rounds for the verdict.
const ROUNDS: usize = 8;
/// The share of the best speed that has to be reached.
const LEAST_SHARE: f64 = 0.95;
/// Micro-batches of the grids.
const MICRO_BATCHES: [u32; 2] = [64, 512];

/// A part of the machine, and what is tried there.
struct Scene {
    name: &'static str,
    /// CPUs that may be used; `None` leaves them all.
    cpus: Option<usize>,
    threads: &'static [u32],
    flash: &'static [&'static str],
    /// What `tune` has.
    budget: &'static str,
    depth: &'static str,
}

const SCENES: [Scene; 2] = [
    Scene {
        name: "all CPUs",
        cpus: None,
        threads: &[1, 2, 3, 4],
        flash: &["on", "off"],
        budget: "4m",
        depth: "256",
    },
    Scene {
        name: "one CPU",
        cpus: Some(1),
        threads: &[1, 2],
        flash: &["on"],
        budget: "6m",
        depth: "64",
    },
];

type Failed = Box<dyn Error>;

/// A world of its own with one profile, but for the cache, where llama.cpp is.
struct World {
    root: tempfile::TempDir,
    prompt: PathBuf,
}

/// Keys of the profile for one run; none for the profile as it is, with what was tuned.
type Keys = Vec<String>;

struct Measured {
    /// Geometric mean of the times per token of the prompt and of the answer, as `--objective balanced`.
    cost: f64,
    text: String,
}

impl World {
    fn new(model: &Path) -> Result<Self, Failed> {
        let root = tempfile::TempDir::new()?;
        let profiles = root.path().join("config/profiles");
        fs::create_dir_all(&profiles)?;
        let profile = format!(
            "model = '{}'\ncontext = 1024\nmax_tokens = {TOKENS}\nignore_eos = true\nseed = 1\n\
             [sampling]\ntemperature = 0\n[limits]\ntimeout = \"none\"\n[watch]\nloops = false\n",
            model.display()
        );
        fs::write(profiles.join("check.toml"), profile)?;
        let prompt = root.path().join("prompt.txt");
        let words = [
            "river", "stones", "bridge", "weather", "music", "summer", "quickly",
        ];
        let words: Vec<&str> = (0..WORDS).map(|at| words[(at * 3 + at / 7) % 7]).collect();
        fs::write(&prompt, words.join(" "))?;
        Ok(Self { root, prompt })
    }

    /// `orchestrate …`, and the JSON that it prints.
    fn ask(&self, args: &[&str]) -> Result<Value, Failed> {
        let output = Command::new(env!("CARGO_BIN_EXE_orchestrate"))
            .args(args)
            .current_dir(self.root.path())
            .env("ORCHESTRATE_CONFIG_DIR", self.root.path().join("config"))
            .env("ORCHESTRATE_STATE_DIR", self.root.path().join("state"))
            .output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("orchestrate {}: {said}", args.join(" ")).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn run(&self, keys: &Keys) -> Result<Measured, Failed> {
        let prompt = self.prompt.to_string_lossy();
        let mut args = vec!["--quiet", "run", "check", "--json", "-f", &prompt];
        args.extend(keys.iter().flat_map(|key| ["--set", key.as_str()]));
        let answer = self.ask(&args)?;
        let figure = |name: &str| {
            let figure = answer["timings"][name].as_f64();
            figure.ok_or_else(|| format!("no {name} in {answer}"))
        };
        let per_prompt_token = figure("prompt_ms")? / figure("prompt_tokens")?;
        Ok(Measured {
            cost: (per_prompt_token * figure("ms_per_token")?).sqrt(),
            text: answer["text"].as_str().unwrap_or_default().to_owned(),
        })
    }
}

/// llama.cpp's own values.
fn defaults() -> Keys {
    let cores = physical_cores().unwrap_or_else(usable_cpus);
    setting(cores.get(), 2048, 512, "auto")
}

fn setting(threads: u32, batch: u32, micro: u32, flash: &str) -> Keys {
    vec![
        format!("threads={threads}"),
        format!("batch_threads={threads}"),
        format!("batch={batch}"),
        format!("micro_batch={micro}"),
        format!("flash_attention={flash}"),
    ]
}

fn grid(scene: &Scene) -> Vec<Keys> {
    let mut settings = Vec::new();
    for &threads in scene.threads {
        for micro in MICRO_BATCHES {
            let flash = scene.flash.iter();
            settings.extend(flash.map(|flash| setting(threads, 2048, micro, flash)));
        }
    }
    settings
}

/// Leaves this process, and so its children, so many of its CPUs; gives them back at the end.
#[cfg(target_os = "linux")]
struct Narrowed(CpuSet);
#[cfg(not(target_os = "linux"))]
struct Narrowed;

#[cfg(not(target_os = "linux"))]
impl Narrowed {
    fn to(_cpus: usize) -> Result<Self, Failed> {
        Ok(Self)
    }
}

#[cfg(target_os = "linux")]
impl Narrowed {
    fn to(cpus: usize) -> Result<Self, Failed> {
        let all = sched_getaffinity(None)?;
        let mut some = CpuSet::new();
        let allowed = (0..CpuSet::MAX_CPU).filter(|&cpu| all.is_set(cpu));
        allowed.take(cpus).for_each(|cpu| some.set(cpu));
        sched_setaffinity(None, &some)?;
        Ok(Self(all))
    }
}

#[cfg(target_os = "linux")]
impl Drop for Narrowed {
    fn drop(&mut self) {
        // It was allowed before.
        let _ = sched_setaffinity(None, &self.0);
    }
}

/// Measures the grid, prints it, and returns the best setting that answers as the defaults do.
fn best_of_grid(world: &World, scene: &Scene, random: &mut Rng) -> Result<Keys, Failed> {
    let wanted = world.run(&defaults())?.text;
    let mut rows: Vec<(Keys, Vec<f64>, bool)> = grid(scene)
        .into_iter()
        .map(|keys| (keys, Vec::new(), true))
        .collect();
    for _ in 0..GRID_ROUNDS {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        random.shuffle(&mut order);
        for at in order {
            let measured = world.run(&rows[at].0)?;
            rows[at].1.push(measured.cost);
            rows[at].2 &= measured.text == wanted;
        }
    }
    let cost = |row: &(Keys, Vec<f64>, bool)| median(&row.1).unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    println!("{:>8}  {:<14}  setting of the grid", "ms/token", "text");
    for row in &rows {
        let same = if row.2 { "the same" } else { "another" };
        println!("{:>8.2}  {same:<14}  {}", cost(row), row.0.join(" "));
    }
    let best = rows.into_iter().find(|row| row.2);
    Ok(best
        .ok_or("no setting of the grid answers as the defaults do")?
        .0)
}

/// In fresh rounds: the second against the first, and the third against the first and the second.
fn compared(
    world: &World,
    arms: [&Keys; 3],
    random: &mut Rng,
) -> Result<(Comparison, Comparison), Failed> {
    let mut costs: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        // The defaults twice: what differs between them is noise.
        let mut order = [0, 1, 2, 3];
        random.shuffle(&mut order);
        for at in order {
            costs[at].push(world.run(arms[at % 3])?.cost);
        }
    }
    let against = |base: usize, candidate: usize, least: f64| {
        let pairs = costs[base].iter().zip(&costs[candidate]);
        let pairs: Vec<Pair> = pairs
            .map(|(&base, &candidate)| Pair { base, candidate })
            .collect();
        compare(&pairs, least, 1).ok_or("nothing to compare")
    };
    let least = smallest_effect(Some(&against(0, 3, 0.0)?));
    println!("less than {:.1} % is no difference here", least * 100.0);
    Ok((against(0, 2, least)?, against(1, 2, least)?))
}

fn tell(what: &str, found: &Comparison) {
    println!(
        "tuned takes {:.3} of the time of {what} ({:.3} to {:.3}, {} pairs): {:?}",
        found.ratio, found.interval.low, found.interval.high, found.pairs, found.finding
    );
}

fn check() -> Result<bool, Failed> {
    let model = model()?;
    let mut kept = true;
    let filter = env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let wanted = |scene: &&Scene| filter.as_ref().is_none_or(|part| scene.name.contains(part));
    for scene in SCENES.iter().filter(wanted) {
        println!("== {}", scene.name);
        if scene.cpus.is_some() && !cfg!(target_os = "linux") {
            println!("left out: only Linux lets a process give up CPUs");
            continue;
        }
        let narrowed = scene.cpus.map(Narrowed::to).transpose()?;
        kept &= played(scene, &model)?;
        drop(narrowed);
    }
    Ok(kept)
}

/// Whether both bounds are kept in a scene.
fn played(scene: &Scene, model: &Path) -> Result<bool, Failed> {
    let began = Instant::now();
    let world = World::new(model)?;
    let mut random = Rng::with_seed(1);
    let best = best_of_grid(&world, scene, &mut random)?;
    println!("grid measured in {:.0} s", began.elapsed().as_secs_f64());
    let tuned = world.ask(&[
        "--quiet",
        "tune",
        "check",
        "--budget",
        scene.budget,
        "--depth",
        scene.depth,
        "--json",
    ])?;
    for row in tuned["tried"].as_array().into_iter().flatten() {
        println!(
            "{:<16} {:<14} {:>6.3}  {} {}",
            row["dimension"].as_str().unwrap_or_default(),
            row["option"].as_str().unwrap_or_default(),
            row["ratio_to_default"].as_f64().unwrap_or(f64::NAN),
            row["verdict"].as_str().unwrap_or_default(),
            row["reason"].as_str().unwrap_or_default()
        );
    }
    println!("confirmation: {}", tuned["confirmation"]);
    println!("not confirmed: {}", tuned["not_confirmed"]);
    println!("tuned in {} s: {}", tuned["took_seconds"], tuned["tuned"]);
    let arms = [&defaults(), &best, &Keys::new()];
    let (to_default, to_best) = compared(&world, arms, &mut random)?;
    tell("llama.cpp's defaults", &to_default);
    tell(
        &format!("the best of the grid ({})", best.join(" ")),
        &to_best,
    );
    println!("all of it took {:.0} s", began.elapsed().as_secs_f64());
    let near = 1.0 / to_best.ratio >= LEAST_SHARE;
    let not_worse = to_default.finding != Finding::Worse;
    println!(
        "{} % of the best of the grid or more: {near}; not worse than the defaults: {not_worse}",
        LEAST_SHARE * 100.0
    );
    Ok(near && not_worse)
}

/// The model: the one that is named, or one that is made and kept.
fn model() -> Result<PathBuf, Failed> {
    if let Some(model) = env::var_os("TUNE_CHECK_MODEL") {
        return Ok(model.into());
    }
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("models");
    fs::create_dir_all(&dir)?;
    let model = dir.join(format!("{LIKE}-q4_k_m.gguf"));
    if !model.exists() {
        let status = Command::new(env!("CARGO_BIN_EXE_orchestrate"))
            .args(["model", "synth", "--like", LIKE, "--quant", "q4_k_m", "-o"])
            .arg(&model)
            .status()?;
        if !status.success() {
            return Err("failed to make the model".into());
        }
    }
    Ok(model)
}

fn main() -> ExitCode {
    // cargo test runs it with other flags, and wants nothing of it.
    if !env::args().any(|arg| arg == "--bench") {
        return ExitCode::SUCCESS;
    }
    match check() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
