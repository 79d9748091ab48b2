//! How `llama-bench` is asked to measure, and what it answers.
//!
//! Its columns change between builds: they are read by name, and none has to be there. Of what it
//! calculates only the single samples are taken: its `stddev_ns` overflows above about 2 s (llama.cpp#22300).

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Map, Value};

use super::Capabilities;
use super::argv::kv_type_name;
use crate::profile::{FlashAttention, KvType};

/// What it is to measure. It has one number of threads for reading and generating.
#[derive(Debug, Clone, Copy)]
pub struct BenchArgs<'a> {
    /// The model's file.
    pub model: &'a Path,
    /// Tokens of the prompt that are timed; 0 for none.
    pub prompt_tokens: u32,
    /// Tokens that are generated, and timed apart from the prompt; 0 for none.
    pub generated_tokens: u32,
    /// Tokens that are in the context before.
    pub depth: u32,
    /// How often, after a run to warm up.
    pub repetitions: u32,
    /// Threads.
    pub threads: u32,
    /// Tokens of a batch.
    pub batch: u32,
    /// Tokens of a micro-batch.
    pub micro_batch: u32,
    /// The type of the cached keys.
    pub kv_type_k: KvType,
    /// The type of the cached values.
    pub kv_type_v: KvType,
    /// Whether flash attention is used.
    pub flash_attention: FlashAttention,
}

/// The arguments, without the program's name. An option that the build lacks is left out where what is asked
/// for is what it does anyway.
///
/// # Errors
/// The option without which this build cannot measure that.
pub fn bench_args(
    args: &BenchArgs<'_>,
    capabilities: &Capabilities,
) -> Result<Vec<OsString>, &'static str> {
    let mut line: Vec<OsString> = vec!["-m".into(), args.model.into()];
    // The option, its value, and the value that goes without saying.
    let numbers = [
        ("--n-prompt", args.prompt_tokens, None),
        ("--n-gen", args.generated_tokens, None),
        ("--n-depth", args.depth, Some(0)),
        ("--repetitions", args.repetitions, None),
        ("--threads", args.threads, None),
        ("--batch-size", args.batch, None),
        ("--ubatch-size", args.micro_batch, None),
    ];
    for (option, value, usual) in numbers {
        if capabilities.supports(option) {
            line.extend([option.into(), value.to_string().into()]);
        } else if usual != Some(value) {
            return Err(option);
        }
    }
    let types = [
        ("--cache-type-k", args.kv_type_k),
        ("--cache-type-v", args.kv_type_v),
    ];
    for (option, kind) in types {
        if capabilities.supports(option) {
            line.extend([option.into(), kv_type_name(kind).into()]);
        } else if kind != KvType::F16 {
            return Err(option);
        }
    }
    flash_attention(args.flash_attention, capabilities, &mut line)?;
    // A line on standard error for each run, by which it can be judged.
    if capabilities.supports("--progress") {
        line.push("--progress".into());
    }
    line.extend(["--output".into(), "json".into()]);
    Ok(line)
}

/// Since October 2025 the option takes words, before it took 0 and 1; and 0 was what it did by itself.
fn flash_attention(
    wanted: FlashAttention,
    capabilities: &Capabilities,
    line: &mut Vec<OsString>,
) -> Result<(), &'static str> {
    const OPTION: &str = "--flash-attn";
    let (word, number) = match wanted {
        FlashAttention::Auto => return Ok(()),
        FlashAttention::On => ("on", "1"),
        FlashAttention::Off => ("off", "0"),
    };
    let value = if capabilities.allows(OPTION, word) {
        word
    } else if capabilities.supports(OPTION) {
        number
    } else if wanted == FlashAttention::Off {
        return Ok(());
    } else {
        return Err(OPTION);
    };
    line.extend([OPTION.into(), value.into()]);
    Ok(())
}

/// Whether a line of its log is one of those that `--progress` asks for: a run begins.
#[must_use]
pub fn is_bench_progress(line: &str) -> bool {
    line.trim_start().starts_with("llama-bench: benchmark ")
}

/// One thing that it measured.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BenchRow {
    /// Tokens of the prompt that were timed.
    pub prompt_tokens: u32,
    /// Tokens that were generated.
    pub generated_tokens: u32,
    /// Tokens that were in the context before.
    pub depth: u32,
    /// The build, such as 11434, where it is told.
    pub build: Option<u32>,
    /// Where it computed, such as `CPU`, where it is told.
    pub backends: Option<String>,
    /// Milliseconds per token, one for each repetition: of the prompt where nothing was generated.
    pub ms_per_token: Vec<f64>,
}

/// The rows in what it printed, as far as they can be understood; what has no sample is none.
#[must_use]
pub fn bench_rows(printed: &str) -> Vec<BenchRow> {
    // Whatever stands before the list is a library's.
    let lists = printed.match_indices('[').map(|(at, _)| &printed[at..]);
    let first = lists.into_iter().find_map(|text| {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Vec<Value>>();
        values.next()?.ok()
    });
    let rows = first.unwrap_or_default();
    let rows = rows.iter().filter_map(Value::as_object);
    rows.filter_map(row).collect()
}

fn row(columns: &Map<String, Value>) -> Option<BenchRow> {
    let count = |name: &str| {
        let number = columns.get(name)?.as_u64()?;
        u32::try_from(number).ok()
    };
    let prompt_tokens = count("n_prompt").unwrap_or(0);
    let generated_tokens = count("n_gen").unwrap_or(0);
    // With both of them one sample holds both, and is the time of no token of either.
    let tokens = match (prompt_tokens, generated_tokens) {
        (0, 0) => return None,
        (tokens, 0) | (0, tokens) => f64::from(tokens),
        _ => return None,
    };
    let samples = columns.get("samples_ns")?.as_array()?.iter();
    let samples = samples.filter_map(Value::as_f64).filter(|ns| *ns > 0.0);
    let ms_per_token: Vec<f64> = samples.map(|ns| ns / 1e6 / tokens).collect();
    (!ms_per_token.is_empty()).then(|| BenchRow {
        prompt_tokens,
        generated_tokens,
        depth: count("n_depth").unwrap_or(0),
        build: count("build_number"),
        backends: columns
            .get("backends")
            .and_then(Value::as_str)
            .map(str::to_owned),
        ms_per_token,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialect::Program;

    /// What b11434 prints for `-p 32 -n 16 -r 2 -o json`, without the columns that nobody reads.
    const PRINTED: &str = r#"[
      {
        "build_number": 11434,
        "backends": "CPU",
        "n_prompt": 32,
        "n_gen": 0,
        "n_depth": 0,
        "stddev_ns": 1668553,
        "samples_ns": [ 7526609, 5166924 ],
        "samples_ts": [ 4251.58, 6193.24 ]
      },
      {
        "build_number": 11434,
        "backends": "CPU",
        "n_prompt": 0,
        "n_gen": 16,
        "n_depth": 2048,
        "samples_ns": [ 3200000 ]
      }
    ]"#;

    #[test]
    fn each_row_has_its_times_per_token() {
        let rows = bench_rows(PRINTED);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].prompt_tokens, rows[0].build), (32, Some(11434)));
        assert_eq!(rows[0].ms_per_token.len(), 2);
        assert!((rows[0].ms_per_token[0] - 7.526_609 / 32.0).abs() < 1e-9);
        assert_eq!((rows[1].generated_tokens, rows[1].depth), (16, 2048));
        assert!((rows[1].ms_per_token[0] - 0.2).abs() < 1e-9);
        assert_eq!(rows[1].backends.as_deref(), Some("CPU"));
    }

    #[test]
    fn what_comes_before_the_list_is_skipped() {
        let noisy = format!("[info] loading\n{PRINTED}\n");
        assert_eq!(bench_rows(&noisy), bench_rows(PRINTED));
        assert_eq!(bench_rows("[]"), []);
        assert_eq!(bench_rows(&PRINTED[..PRINTED.len() - 1]), []);
    }

    fn capabilities() -> Capabilities {
        let help = include_str!("../../tests/data/help/llama-bench-b11434.help.txt");
        let version = include_str!("../../tests/data/help/llama-bench-b11434.version.txt");
        Capabilities::parse(Program::Bench, version, help)
    }

    fn args() -> BenchArgs<'static> {
        BenchArgs {
            model: Path::new("m.gguf"),
            prompt_tokens: 512,
            generated_tokens: 0,
            depth: 0,
            repetitions: 3,
            threads: 2,
            batch: 2048,
            micro_batch: 512,
            kv_type_k: KvType::F16,
            kv_type_v: KvType::Q8_0,
            flash_attention: FlashAttention::On,
        }
    }

    #[test]
    fn all_of_it_is_said_in_the_words_of_the_build() {
        let line = bench_args(&args(), &capabilities()).expect("known");
        let line: Vec<_> = line.iter().map(|arg| arg.to_string_lossy()).collect();
        assert_eq!(
            line.join(" "),
            "-m m.gguf --n-prompt 512 --n-gen 0 --n-depth 0 --repetitions 3 --threads 2 --batch-size 2048 \
             --ubatch-size 512 --cache-type-k f16 --cache-type-v q8_0 --flash-attn on --progress --output json"
        );
    }

    #[test]
    fn what_a_build_lacks_is_named_unless_it_goes_without_saying() {
        let help = "options:\n  -p, --n-prompt <n>\n  -n, --n-gen <n>\n  -r, --repetitions <n>\n  \
                    -t, --threads <n>\n  -b, --batch-size <n>\n  -ub, --ubatch-size <n>\n";
        let old = Capabilities::parse(Program::Bench, "", help);
        assert_eq!(bench_args(&args(), &old), Err("--cache-type-v"));
        let plain = BenchArgs {
            kv_type_v: KvType::F16,
            flash_attention: FlashAttention::Off,
            ..args()
        };
        assert!(bench_args(&plain, &old).is_ok());
        let deep = BenchArgs { depth: 64, ..plain };
        assert_eq!(bench_args(&deep, &old), Err("--n-depth"));
    }

    #[test]
    fn a_run_that_begins_is_told_from_other_lines() {
        // b11434, word for word.
        assert!(is_bench_progress(
            "llama-bench: benchmark 1/2: prompt run 1/5"
        ));
        assert!(!is_bench_progress("load_backend: loaded CPU backend"));
        assert!(!is_bench_progress(""));
    }

    proptest! {
        #[test]
        fn whatever_it_prints_is_read_as_far_as_it_goes(printed in ".{0,200}", cut in 0..PRINTED.len()) {
            let _ = bench_rows(&printed);
            let _ = bench_rows(PRINTED.get(..cut).unwrap_or_default());
            for row in bench_rows(&format!("{printed}{PRINTED}")) {
                prop_assert!(row.ms_per_token.iter().all(|ms| *ms > 0.0 && ms.is_finite()));
            }
        }
    }
}
