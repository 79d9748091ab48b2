//! Whether `orchestrate plan` tells the truth of memory: every term against what llama.cpp reports, and
//! the peak against that of the process, on models that `orchestrate model synth` makes. Exits with 1 when
//! a bound is broken.
//!
//! All of it is asked of the product itself: `plan --json` estimates, `run --json` runs it under our own
//! supervision, which takes the peak from `wait4`, and its log has llama.cpp's lines.

mod cases;

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use cases::{CASES, Case};
use clap::Parser;
use serde_json::Value;

type Failure = Box<dyn Error>;

/// A term may be off by this share of what is reported,
const TERM_SHARE: f64 = 0.05;
/// or by so many MiB, as two decimals are all that is reported of a small one.
const TERM_MIB: f64 = 0.25;
/// The peak may be this far below what is measured, and this far above.
const PEAK: (f64, f64) = (0.98, 1.25);
const MIB: f64 = 1024.0 * 1024.0;
/// Words of the prompt: more tokens than any micro-batch here.
const WORDS: usize = 700;
/// Tokens that the simplest tokenizer makes of one, with its space.
const MOST_TOKENS: usize = 3;
/// Tokens for the answer, and for what a profile puts around a prompt.
const SPARE: usize = 60;

/// Estimates against measurements
#[derive(Debug, Parser)]
struct Options {
    /// The program whose `model synth` makes the models, if not the one that is tested
    #[arg(long, value_name = "PROGRAM")]
    synth: Option<PathBuf>,
    /// Only cases whose name holds this
    filter: Option<String>,
    /// cargo says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// A term: estimated and reported, in MiB.
struct Term {
    name: &'static str,
    estimated: f64,
    reported: f64,
}

impl Term {
    fn holds(&self) -> bool {
        let off = (self.estimated - self.reported).abs();
        off <= TERM_MIB.max(TERM_SHARE * self.reported)
    }
}

fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    let ours = PathBuf::from(env!("CARGO_BIN_EXE_orchestrate"));
    let synth = options.synth.unwrap_or_else(|| ours.clone());
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plan-check");
    fs::create_dir_all(directory.join("config"))?;
    println!(
        "{:<28} {:<10} {:>9} {:>9} {:>6}",
        "CASE", "TERM", "ESTIMATE", "MEASURED", "RATIO"
    );
    let mut kept = true;
    let wanted = |case: &&Case| {
        let filter = options.filter.as_deref();
        filter.is_none_or(|filter| case.name.contains(filter))
    };
    for case in CASES.iter().filter(wanted) {
        let model = model(case, &synth, &directory)?;
        kept &= check(case, &ours, &model, &directory)?;
    }
    println!("\n{}", if kept { "all bounds kept" } else { "BROKEN" });
    Ok(if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The model of a case, made once.
fn model(case: &Case, synth: &Path, directory: &Path) -> Result<PathBuf, Failure> {
    let name = format!("{}-{}-{}.gguf", case.like, case.layers, case.quant);
    let path = directory.join(name);
    if path.is_file() {
        return Ok(path);
    }
    let half = path.with_extension("half");
    let layers = case.layers.to_string();
    let made = Command::new(synth)
        .args(["model", "synth", "--like", case.like, "--layers", &layers])
        .args(["--quant", case.quant, "--force", "-o"])
        .arg(&half)
        .output()?;
    if !made.status.success() {
        return Err(format!(
            "model synth failed for {}: {}",
            case.name,
            String::from_utf8_lossy(&made.stderr)
        )
        .into());
    }
    fs::rename(&half, &path)?;
    Ok(path)
}

/// Runs a case and prints its lines; whether its bounds are kept.
fn check(case: &Case, ours: &Path, model: &Path, directory: &Path) -> Result<bool, Failure> {
    let settings = settings(case, model);
    let plan = answer(command(ours, directory, "plan").args(&settings))?;
    let own = plan["contexts"].as_array().and_then(|rows| {
        let mut rows = rows.iter();
        rows.find(|row| row["is_own"] == true).cloned()
    });
    let memory = own.ok_or("a plan without the profile's own context")?["memory"].clone();
    let log = directory.join("log.txt");
    let words = WORDS.min((case.context as usize - SPARE) / MOST_TOKENS);
    let prompt = vec!["word"; words].join(" ");
    let run = answer(
        command(ours, directory, "run")
            .args(&settings)
            .args(["-n", "4", "--set", "ignore_eos=true", "--force"])
            .args(["--set", "extra_args=[\"-lv\",\"4\"]", "--log-file"])
            .arg(&log)
            .arg(&prompt),
    )?;
    let peak = run["timings"]["peak_rss_bytes"]
        .as_f64()
        .ok_or("a run without a peak")?;
    let reported = Reported::read(&fs::read_to_string(&log)?);
    let mib = |name: &str| memory[name].as_f64().unwrap_or(0.0) / MIB;
    let mut kept = true;
    for (name, key, reported) in [
        ("weights", "weights_bytes", reported.weights),
        ("repacked", "repacked_bytes", reported.repacked),
        ("kv", "kv_bytes", reported.context),
        ("compute", "compute_bytes", reported.compute),
        ("output", "output_bytes", reported.output),
    ] {
        let term = Term {
            name,
            estimated: mib(key),
            reported,
        };
        kept &= term.holds();
        print(case, &term, term.holds());
    }
    let total = Term {
        name: "peak",
        estimated: mib("peak_bytes"),
        reported: peak / MIB,
    };
    let ratio = total.estimated / total.reported;
    let holds = (PEAK.0..=PEAK.1).contains(&ratio);
    print(case, &total, holds);
    println!(
        "{:<28} reported, less {:.1} MiB never written, plus {:.1} MiB not reported",
        "",
        mib("untouched_bytes"),
        mib("overhead_bytes")
    );
    Ok(kept && holds)
}

fn print(case: &Case, term: &Term, holds: bool) {
    let ratio = if term.reported > 0.0 {
        format!("{:.3}", term.estimated / term.reported)
    } else {
        "-".to_owned()
    };
    let broken = if holds { "" } else { "  BROKEN" };
    println!(
        "{:<28} {:<10} {:>9.2} {:>9.2} {ratio:>6}{broken}",
        case.name, term.name, term.estimated, term.reported
    );
}

/// The profile of a case, as flags.
fn settings(case: &Case, model: &Path) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["coder", "--json", "-c"].map(OsString::from).to_vec();
    words.push(case.context.to_string().into());
    words.push("-m".into());
    words.push(model.into());
    for (key, value) in [
        ("batch", case.batch.to_string()),
        ("micro_batch", case.batch.to_string()),
        ("backend", case.backend.to_owned()),
        ("kv_type_k", case.cache.to_owned()),
        ("kv_type_v", case.cache.to_owned()),
        ("flash_attention", case.flash.to_owned()),
    ] {
        words.push("--set".into());
        words.push(format!("{key}={value}").into());
    }
    words
}

/// A command with directories of its own.
fn command(ours: &Path, directory: &Path, name: &str) -> Command {
    let mut command = Command::new(ours);
    command
        .arg(name)
        .current_dir(directory)
        .env("ORCHESTRATE_STATE_DIR", directory.join("state"))
        .env("ORCHESTRATE_CONFIG_DIR", directory.join("config"));
    command
}

fn answer(command: &mut Command) -> Result<Value, Failure> {
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} failed:\n{said}").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// What llama.cpp reports as its buffers, in MiB.
#[derive(Debug, Default)]
struct Reported {
    weights: f64,
    repacked: f64,
    context: f64,
    compute: f64,
    output: f64,
}

impl Reported {
    /// Reads lines such as `load_tensors:   CPU_Mapped model buffer size =   350.97 MiB`. A window makes
    /// two caches, each with its line.
    fn read(log: &str) -> Self {
        let mut reported = Self::default();
        for line in log.lines() {
            let Some((before, after)) = line.split_once(" buffer size =") else {
                continue;
            };
            let size = after.trim().trim_end_matches(" MiB").parse().unwrap_or(0.0);
            let words: Vec<&str> = before.split_whitespace().rev().take(2).collect();
            let sum = match words[..] {
                ["model", name] if name.contains("REPACK") => &mut reported.repacked,
                ["model", _] => &mut reported.weights,
                ["KV" | "RS", _] => &mut reported.context,
                ["compute", _] => &mut reported.compute,
                ["output", _] => &mut reported.output,
                _ => continue,
            };
            *sum += size;
        }
        reported
    }
}
