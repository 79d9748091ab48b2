//! What the real programs print, as captured or quoted in `tests/data`, read by the dialect.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod arguments;

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use orchestrate::dialect::{
    Boundaries, Capabilities, Fact, HowItEnded, JsonLine, LogEvent, OutputFilter, Program,
    Severity, Stage, StreamEvent, Style, TimingLine, Timings,
};

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder)
}

fn read(folder: &str, name: &str) -> String {
    fs::read_to_string(data(folder).join(name)).unwrap_or_default()
}

fn probed(program: Program, build: &str) -> Capabilities {
    let stem = format!("{program}-{build}");
    let version = read("help", &format!("{stem}.version.txt"));
    let help = read("help", &format!("{stem}.help.txt"));
    assert!(!help.is_empty(), "no help of {stem}");
    Capabilities::parse(program, &version, &help)
}

#[test]
fn the_help_of_b11434_is_understood() {
    let found = probed(Program::Completion, "b11434");
    assert!(found.is_llama_cpp() && found.can_generate() && found.has_new_logger());
    assert_eq!(found.build_name(), "llama-completion b11434");
    for flag in [
        "-m",
        "-f",
        "-no-cnv",
        "--no-escape",
        "--simple-io",
        "--perf",
        "-tb",
        "-fit",
        "--log-jsonl",
    ] {
        assert!(found.supports(flag), "{flag}");
    }
    assert!(!found.supports("--no-mmap") && !found.supports("--logit-bias EOS-inf"));
    assert!(found.allows("--load-mode", "mmap+mlock") && !found.allows("--load-mode", "fast"));
    assert!(found.allows("-ctk", "iq4_nl") && !found.allows("-ctk", "q6_k"));
    assert!(found.allows("-fa", "auto") && !found.allows("-fa", "1"));
    assert_eq!(found.option("--ignore-eos").map(|o| o.values()), Some(0));
    assert_eq!(
        found
            .option("--control-vector-layer-range")
            .map(|o| o.values()),
        Some(2)
    );
}

#[test]
fn every_program_of_b11434_is_recognised() {
    for program in [
        Program::Completion,
        Program::Server,
        Program::Bench,
        Program::Quantize,
        Program::Tokenize,
        Program::RpcServer,
    ] {
        let found = probed(program, "b11434");
        assert!(found.is_llama_cpp(), "{program}");
        assert!(found.options.len() >= 5, "{program}");
        assert_eq!(found.can_generate(), program == Program::Completion);
    }
}

/// Every log, with its name.
fn logs() -> Vec<(String, String)> {
    let mut logs: Vec<_> = fs::read_dir(data("logs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".log"))
        .map(|name| {
            let bytes = fs::read(data("logs").join(&name)).unwrap();
            (name, String::from_utf8_lossy(&bytes).into_owned())
        })
        .collect();
    logs.sort();
    assert!(logs.len() > 30, "the logs are gone");
    logs
}

fn log(name: &str) -> String {
    read("logs", name)
}

fn events(name: &str) -> Vec<LogEvent> {
    let text = log(name);
    assert!(!text.is_empty(), "{name} is missing");
    text.lines().map(LogEvent::parse).collect()
}

fn timings(name: &str) -> Timings {
    let mut timings = Timings::default();
    for event in events(name) {
        timings.take_event(&event);
    }
    timings
}

fn stdout_of(name: &str) -> Vec<u8> {
    fs::read(data("logs").join(name)).unwrap()
}

/// What a line says about itself: the number before ` ms per token`, read without the dialect.
fn printed_ms_per_token(line: &str) -> Option<f64> {
    let (before, _) = line.split_once(" ms per token")?;
    let number = before.rsplit(['(', ' ']).next()?;
    number.replace(',', ".").parse().ok()
}

#[test]
fn our_ms_per_token_is_the_programs_own() {
    let mut checked = 0;
    for (name, text) in logs() {
        for line in text.lines() {
            let Some(printed) = printed_ms_per_token(line).filter(|ms| *ms > 0.0) else {
                continue;
            };
            let Fact::Timing(timing) = LogEvent::parse(line).fact else {
                panic!("{name}: not read as timings: {line}");
            };
            let mut timings = Timings::default();
            timings.take(&timing);
            let ours = match timing.stage {
                Stage::Eval => timings.ms_per_token(),
                Stage::Prompt => timings.prompt_ms_per_token(),
                _ => timing.ms.zip(timing.count).map(|(ms, n)| ms / f64::from(n)),
            };
            let ours = ours.unwrap_or_else(|| panic!("{name}: nothing read: {line}"));
            // Both numbers are rounded to two decimals.
            assert!((ours - printed).abs() <= 0.011, "{name}: {ours} for {line}");
            checked += 1;
        }
    }
    assert!(checked >= 40, "only {checked} lines");
}

#[test]
fn nothing_unmeasured_is_reported() {
    for (name, text) in logs() {
        for line in text.lines() {
            if let Some(TimingLine {
                ms,
                ms_per_token,
                tokens_per_second,
                ..
            }) = TimingLine::parse(line)
            {
                for value in [ms, ms_per_token, tokens_per_second].into_iter().flatten() {
                    assert!(value.is_finite() && value > 0.0, "{name}: {line}");
                }
            }
        }
    }
}

#[test]
fn a_whole_run_is_followed() {
    let facts: Vec<_> = events("b11434-completion-limit.stderr.log")
        .into_iter()
        .map(|event| event.fact)
        .filter(|fact| !matches!(fact, Fact::Other | Fact::Timing(_)))
        .collect();
    assert_eq!(
        facts,
        [
            Fact::LoadStarted,
            Fact::LoadEnded,
            Fact::LoadEnded,
            Fact::Seed(7),
            Fact::Generating {
                context: 256,
                batch: 2048,
                limit: Some(16)
            },
        ]
    );
    let timings = timings("b11434-completion-limit.stderr.log");
    assert_eq!(timings.generated_tokens(), Some(16));
    assert_eq!(
        (timings.prompt_tokens, timings.eval_runs),
        (Some(7), Some(15))
    );
    assert!(
        timings.load_ms.is_some() && timings.total_ms.is_some() && timings.sampling_ms.is_some()
    );
}

#[test]
fn prefixes_and_colours_change_nothing() {
    for name in ["no-prefix", "colors", "verbose"] {
        let timings = timings(&format!("b11434-completion-{name}.stderr.log"));
        assert_eq!(timings.generated_tokens(), Some(6), "{name}");
    }
}

#[test]
fn jsonl_gives_the_same_timings() {
    let text = log("b11434-completion-jsonl.stdout.log");
    let mut timings = Timings::default();
    let (mut pieces, mut memory) = (Vec::new(), 0);
    for line in text.lines() {
        match JsonLine::parse(line) {
            JsonLine::Log(event) => timings.take_event(&event),
            JsonLine::Text(piece) => pieces.push(piece),
            JsonLine::MemoryBreakdown(rows) => memory += rows.len(),
            other => panic!("{other:?}: {line}"),
        }
    }
    assert_eq!(timings.generated_tokens(), Some(6));
    assert_eq!(pieces.len(), 7, "six tokens and the closing newlines");
    assert_eq!(memory, 1);
}

#[test]
fn a_prompt_of_one_token() {
    let timings = timings("b11434-completion-one-token-prompt.stderr.log");
    assert_eq!((timings.prompt_ms, timings.prompt_tokens), (None, None));
    assert_eq!(timings.generated_tokens(), Some(6));
}

#[test]
fn each_failure_is_named() {
    for (name, expected) in [
        ("truncated-header", Fact::ModelFile),
        ("truncated-data", Fact::ModelFile),
        ("not-gguf", Fact::ModelFile),
        ("empty-model", Fact::ModelFile),
        ("missing-model", Fact::ModelFile),
        ("vocab-only", Fact::LoadFailed),
        (
            "prompt-too-long",
            Fact::PromptTooLong {
                tokens: 4001,
                max: 252,
            },
        ),
        ("empty-input", Fact::PromptEmpty),
        ("unknown-flag", Fact::InvalidArgument),
    ] {
        let events = events(&format!("b11434-completion-{name}.stderr.log"));
        let first = events.iter().find(|event| event.is_fatal());
        let first = first.unwrap_or_else(|| panic!("{name}: no failure seen"));
        assert_eq!(first.fact, expected, "{name}");
        assert_eq!(first.severity, Some(Severity::Error), "{name}");
    }
    for name in [
        "limit",
        "eos",
        "context-full",
        "beyond-trained",
        "sigint",
        "verbose",
        "no-perf",
    ] {
        let events = events(&format!("b11434-completion-{name}.stderr.log"));
        assert!(!events.iter().any(LogEvent::is_fatal), "{name}");
    }
}

#[test]
fn a_full_context_and_one_beyond_the_trained_are_seen() {
    let full = events("b11434-completion-context-full.stderr.log");
    assert!(full.iter().any(|event| event.fact == Fact::ContextFull));
    let beyond = Fact::AboveTrainedContext {
        trained: 512,
        context: 1024,
    };
    let seen = events("b11434-completion-beyond-trained.stderr.log");
    assert_eq!(seen.iter().filter(|event| event.fact == beyond).count(), 2);
}

#[test]
fn the_programs_last_words_are_dropped() {
    let end = |name: &str, code, max_tokens, context_full| {
        let mut filter = OutputFilter::new(Style::Logger, Boundaries::Unknown);
        let mut text = filter.push(&stdout_of(&format!("b11434-completion-{name}.stdout.log")));
        let tail = filter.finish(&HowItEnded {
            code: Some(code),
            tokens_generated: timings(&format!("b11434-completion-{name}.stderr.log"))
                .generated_tokens(),
            max_tokens,
            context_full,
        });
        text.extend_from_slice(&tail.text);
        (text, tail)
    };
    let (text, tail) = end("eos", 0, 64, false);
    assert_eq!(text, b"return a + b");
    assert!(tail.end_of_text && tail.closed);
    let (text, tail) = end("limit", 0, 16, false);
    assert!(!text.ends_with(b"\n\n") && !tail.end_of_text && tail.closed);
    let (text, _) = end("sigint", 130, 4000, false);
    assert!(!text.ends_with(b"Interrupted by user\n") && !text.ends_with(b"\n"));
    // The log thread was cut off when the program exited, with 0.
    let (_, tail) = end("cut-off", 0, 16, false);
    assert!(!tail.closed);
}

#[test]
fn timings_of_all_years() {
    for (name, generated, runs) in [
        ("2023-05-main", 32, 31),
        ("2023-07-main", 512, 510),
        ("2023-09-main", 400, 399),
        ("2024-12-cli", 128, 127),
        ("2025-03-server", 200, 200),
        ("2025-05-cli", 179, 178),
        ("2025-05-server", 275, 275),
        ("2025-11-completion", 512, 511),
        ("2026-router-child", 192, 192),
        ("2026-server", 2000, 2000),
    ] {
        let timings = timings(&format!("{name}.stderr.log"));
        assert_eq!(timings.generated_tokens(), Some(generated), "{name}");
        assert_eq!(timings.eval_runs, Some(runs), "{name}");
    }
    let drafted = timings("2025-03-server.stderr.log");
    assert_eq!(
        (drafted.draft_accepted, drafted.draft_tokens),
        (Some(70), Some(304))
    );
}

#[test]
fn the_help_of_2024_is_understood() {
    for (program, build) in [(Program::Main, "2024-05"), (Program::Cli, "2024-07")] {
        let found = probed(program, build);
        assert!(found.is_llama_cpp() && found.can_generate(), "{program}");
        assert!(!found.has_new_logger(), "{program}");
        let flash = found.option("-fa").unwrap();
        assert_eq!(flash.values(), 0);
        assert!(found.supports("--no-mmap") && !found.supports("--load-mode"));
    }
    let main = probed(Program::Main, "2024-05");
    assert_eq!(main.option("--lora-scaled").unwrap().values(), 2);
    assert_eq!(
        main.option("--seed").unwrap().value.as_deref(),
        Some("SEED")
    );
}

#[test]
fn a_server_is_followed() {
    let events = events("b11434-server.stderr.log");
    let listening = Fact::Listening("unix://./s.sock".to_owned());
    assert!(events.iter().any(|event| event.fact == listening));
    let released = events.iter().filter(|e| {
        matches!(
            e.fact,
            Fact::Released {
                truncated: false,
                ..
            }
        )
    });
    assert_eq!(released.count(), 3);
    assert!(!events.iter().any(LogEvent::is_fatal));
}

#[test]
fn a_servers_stream_is_read() {
    let text = log("b11434-server-completion.sse.log");
    let stream: Vec<StreamEvent> = text
        .lines()
        .filter_map(|line| match JsonLine::parse(line) {
            JsonLine::Stream(event) => Some(*event),
            _ => None,
        })
        .collect();
    assert_eq!(stream.first().unwrap().progress.unwrap().total, 8);
    let last = stream.last().unwrap();
    assert_eq!(
        (last.stop.as_deref(), last.generated),
        (Some("limit"), Some(6))
    );
    let timings = last.timings.unwrap();
    assert_eq!(
        (timings.eval_runs, timings.prompt_tokens),
        (Some(5), Some(8))
    );
    // The same request in the server's own log.
    let logged = log("b11434-server.stderr.log");
    let line = logged
        .lines()
        .find(|line| line.contains("| task 0 |        eval time"))
        .unwrap();
    let printed = printed_ms_per_token(line).unwrap();
    assert!((timings.ms_per_token().unwrap() - printed).abs() < 0.006);
    let chat = log("b11434-server-chat.sse.log");
    assert!(
        chat.lines()
            .any(|line| JsonLine::parse(line) == JsonLine::Done)
    );
}

proptest! {
    /// Pieces of real lines in any order, with anything in between.
    #[test]
    fn no_line_is_too_strange(
        pieces in prop::collection::vec(prop_oneof![
            "[ -~]{0,12}",
            "\\PC{0,4}",
            prop::sample::select(&[
                "common_perf_print: ", "eval time =", "prompt eval time =", " ms / ", " runs   (",
                " tokens (", " ms per token,", " tokens per second)", "inf", "nan", "-1", "0", "12,5",
                "99999999999999999999", "slot print_timing: id  ", " | task ", " | ", "n_gen =",
                "prompt is too long (", "max ", "[42027] ", "0.02.348.805 I ", "\u{1b}[34m", "{",
                "{\"msg\":\"", "\"}", "data: ", "{\"timings\":{\"predicted_n\":1e99}}", "listening on ",
                "> n_ctx_train (", " buffer size =", "MiB", "draft acceptance = ( ", "version: ",
                "built with ", "-x, --xyz N ", "allowed values: ", "- a: ",
            ]).prop_map(str::to_owned),
        ], 0..12),
    ) {
        let line = pieces.concat();
        let event = LogEvent::parse(&line);
        let mut timings = Timings::default();
        timings.take_event(&event);
        if let Fact::Timing(timing) = &event.fact {
            for value in [timing.ms, timing.ms_per_token, timing.tokens_per_second] {
                prop_assert!(value.is_none_or(|value| value.is_finite() && value > 0.0));
            }
        }
        prop_assert!(timings.ms_per_token().is_none_or(|ms| ms.is_finite() && ms > 0.0));
        let _ = JsonLine::parse(&line);
        let _ = Capabilities::parse(Program::Completion, &line, &line);
    }

    /// What the program would print is read back, with a point or a comma.
    #[test]
    fn every_timing_line_is_read_back(
        hundredths in 1_u64..1_000_000_000,
        runs in 1_u32..100_000,
        comma: bool,
    ) {
        let ms = f64::from(u32::try_from(hundredths).unwrap()) / 100.0;
        let per_token = ms / f64::from(runs);
        let rate = 1000.0 / per_token;
        let mut line = format!(
            "common_perf_print:        eval time = {ms:10.2} ms / {runs:5} runs   ({per_token:8.2} ms per token, {rate:8.2} tokens per second)"
        );
        if comma {
            line = line.replace('.', ",");
        }
        let Fact::Timing(timing) = LogEvent::parse(&line).fact else {
            panic!("not read: {line}");
        };
        prop_assert_eq!((timing.ms, timing.count, timing.divisor()), (Some(ms), Some(runs), Some(runs)));
    }
}
