//! The builds of llama.cpp that orchestrate is held against, oldest to newest: what each says about
//! itself, which flags it knows, what a run of it prints, and how its server answers. The texts are
//! in `tests/data`; `scripts/compat/capture.py` writes those of one more build.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use orchestrate::dialect::{
    ArgsError, Argv, Boundaries, Capabilities, Fact, GenerationArgs, HowItEnded, JsonLine,
    LogEvent, OLDEST_SUPPORTED_BUILD, OutputFilter, Program, StreamEvent, Style, Tail, Timings,
    completion_args, server_args,
};
use orchestrate::profile::{Bases, Level, Override, Profile, ProfileSet, Prompt, Source};

/// A build whose texts are kept.
struct Build {
    number: u32,
    /// What its program for one prompt is called.
    generator: Program,
    /// The rest of its `--version`.
    version: Option<&'static str>,
    commit: Option<&'static str>,
}

const BUILDS: [Build; 6] = [
    // October and December 2025, before the program got its name of today.
    Build {
        number: 6845,
        generator: Program::Cli,
        version: None,
        commit: Some("ae3a413"),
    },
    Build {
        number: 7347,
        generator: Program::Cli,
        version: None,
        commit: None,
    },
    // January, May, July and October 2026.
    Build {
        number: 7836,
        generator: Program::Completion,
        version: None,
        commit: Some("41d3836"),
    },
    Build {
        number: 9093,
        generator: Program::Completion,
        version: None,
        commit: None,
    },
    Build {
        number: 10204,
        generator: Program::Completion,
        version: None,
        commit: None,
    },
    Build {
        number: 11434,
        generator: Program::Completion,
        version: Some("0.6.0-dev"),
        commit: None,
    },
];

const ALL: RangeInclusive<u32> = OLDEST..=NEWEST;
const OLDEST: u32 = BUILDS[0].number;
const NEWEST: u32 = BUILDS[BUILDS.len() - 1].number;

/// The flags that orchestrate passes, or passes where they are known, and which of the builds know them.
const GENERATOR_FLAGS: [(&str, RangeInclusive<u32>); 12] = [
    ("-no-cnv", ALL),
    ("--no-escape", ALL),
    ("--simple-io", ALL),
    ("--no-display-prompt", ALL),
    ("--perf", 7836..=NEWEST),
    ("--no-perf", ALL),
    ("-fit", 7836..=NEWEST),
    ("--no-context-shift", ALL),
    ("--load-mode", 10204..=NEWEST),
    ("--no-mmap", OLDEST..=10204),
    ("--mlock", OLDEST..=10204),
    ("--log-jsonl", NEWEST..=NEWEST),
];

/// The same for the server.
const SERVER_FLAGS: [(&str, RangeInclusive<u32>); 13] = [
    ("--host", ALL),
    ("-np", ALL),
    ("--cache-ram", ALL),
    ("--threads-http", ALL),
    ("--no-webui", ALL),
    ("--no-ui", 10204..=NEWEST),
    ("--jinja", ALL),
    ("--slots", ALL),
    ("--no-slots", ALL),
    ("--sse-ping-interval", 10204..=NEWEST),
    ("--metrics", ALL),
    ("--slot-save-path", ALL),
    ("-fit", 7836..=NEWEST),
];

impl Build {
    fn capabilities(&self, program: Program) -> Capabilities {
        let text = |kind: &str| read("help", &format!("{program}-b{}.{kind}.txt", self.number));
        Capabilities::parse(program, &text("version"), &text("help"))
    }

    /// What a run with this ending left on standard error.
    fn events(&self, ending: &str) -> Vec<LogEvent> {
        let name = format!("b{}-completion-{ending}.stderr.log", self.number);
        read("logs", &name).lines().map(LogEvent::parse).collect()
    }

    fn timings(&self, ending: &str) -> Timings {
        let mut timings = Timings::default();
        for event in self.events(ending) {
            timings.take_event(&event);
        }
        timings
    }

    fn context_is_full(&self, ending: &str) -> bool {
        let events = self.events(ending);
        events.iter().any(|event| event.fact == Fact::ContextFull)
    }

    /// The text of a run, and what is known from its end.
    fn text(&self, ending: &str, code: i32, max_tokens: u32) -> (String, Tail) {
        let name = format!("b{}-completion-{ending}.stdout.log", self.number);
        let style = Style::of(&self.capabilities(self.generator));
        let mut filter = OutputFilter::new(style, Boundaries::Unknown);
        let mut text = filter.push(&fs::read(data("logs").join(name)).unwrap());
        let tail = filter.finish(&HowItEnded {
            code: Some(code),
            tokens_generated: self.timings(ending).generated_tokens(),
            max_tokens,
            context_full: self.context_is_full(ending),
        });
        text.extend_from_slice(&tail.text);
        (String::from_utf8_lossy(&text).into_owned(), tail)
    }

    /// What the server sent for one request.
    fn stream(&self) -> Vec<StreamEvent> {
        let text = read(
            "logs",
            &format!("b{}-server-completion.sse.log", self.number),
        );
        let events = text.lines().filter_map(|line| match JsonLine::parse(line) {
            JsonLine::Stream(event) => Some(*event),
            _ => None,
        });
        events.collect()
    }
}

fn data(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder)
}

fn read(folder: &str, name: &str) -> String {
    fs::read_to_string(data(folder).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_table_has_every_build_whose_help_is_kept() {
    let kept: BTreeSet<u32> = fs::read_dir(data("help"))
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.split_once("-b")?.1.split('.').next()?.parse().ok()
        })
        .collect();
    let listed: BTreeSet<u32> = BUILDS.iter().map(|build| build.number).collect();
    assert_eq!(kept, listed);
    assert_eq!(OLDEST, OLDEST_SUPPORTED_BUILD, "the README names it too");
}

#[test]
fn every_build_says_what_it_is() {
    for build in &BUILDS {
        for program in [build.generator, Program::Server] {
            let found = build.capabilities(program);
            let name = found.build_name();
            assert!(found.is_llama_cpp() && found.has_new_logger(), "{name}");
            assert_eq!(name, format!("{program} b{}", build.number));
            assert_eq!(found.version.as_deref(), build.version, "{name}");
            assert_eq!(found.commit.as_deref(), build.commit, "{name}");
            assert!(found.compiler.is_some(), "{name}");
            assert_eq!(found.can_generate(), program == build.generator, "{name}");
            assert_eq!(found.note_on_age(), None, "{name}");
        }
    }
}

#[test]
fn which_build_knows_which_flag() {
    for build in &BUILDS {
        for (program, flags) in [
            (build.generator, &GENERATOR_FLAGS[..]),
            (Program::Server, &SERVER_FLAGS[..]),
        ] {
            let found = build.capabilities(program);
            for (flag, builds) in flags {
                let expected = builds.contains(&build.number);
                assert_eq!(
                    found.supports(flag),
                    expected,
                    "{}: {flag}",
                    found.build_name()
                );
            }
        }
    }
}

/// A profile that comes with orchestrate, some keys changed.
fn shipped(name: &str, changes: &[&str]) -> Profile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("profiles")
        .join(format!("{name}.toml"));
    let source = Source {
        name: name.to_owned(),
        origin: path.display().to_string(),
        dir: path.parent().unwrap().to_owned(),
        level: Level::BuiltIn,
        text: Ok(fs::read_to_string(path).unwrap()),
    };
    let overrides: Vec<_> = changes
        .iter()
        .map(|change| change.parse::<Override>().unwrap())
        .collect();
    let set = ProfileSet::new(vec![source], Bases::default());
    set.resolve(name, &overrides).unwrap().profile
}

/// Holds arguments against the help of the build that is to take them.
fn assert_known(argv: Result<Argv, ArgsError>, capabilities: &Capabilities) {
    let name = capabilities.build_name();
    let argv = argv.unwrap_or_else(|error| panic!("{error}"));
    assert!(
        argv.notes.is_empty() && !argv.echoes_prompt,
        "{:?}",
        argv.notes
    );
    let mut args = argv.args.iter().map(|arg| arg.to_str().unwrap());
    while let Some(flag) = args.next() {
        let option = capabilities.option(flag);
        let option = option.unwrap_or_else(|| panic!("{name}: {flag}"));
        for _ in 0..option.values() {
            let value = args.next().unwrap();
            assert!(capabilities.allows(flag, value), "{name}: {flag} {value}");
        }
    }
}

#[test]
fn every_build_takes_the_arguments_of_a_shipped_profile() {
    // Whatever can be asked of all of them.
    let changes = [
        "flash_attention=\"off\"",
        "load_mode=\"mlock\"",
        "kv_type_k=\"q8_0\"",
        "sampling.top_k=40",
        "sampling.top_p=0.9",
        "sampling.min_p=0.05",
        "sampling.repeat_penalty=1.1",
        "sampling.repeat_last_n=64",
        "sampling.presence_penalty=0.1",
        "sampling.frequency_penalty=0.1",
        "seed=7",
        "ignore_eos=true",
        "grammar='root ::= \"a\"'",
    ];
    let raw = Prompt::Raw("Hello".to_owned());
    let chat = Prompt::Chat {
        system: Some("Be brief.".to_owned()),
        user: "Hello".to_owned(),
    };
    for build in &BUILDS {
        let generator = build.capabilities(build.generator);
        let server = build.capabilities(Program::Server);
        for changes in [&[][..], &changes] {
            let profile = shipped("coder", changes);
            let request = GenerationArgs {
                profile: &profile,
                model: Path::new("m.gguf"),
                context: 512,
                slots: 1,
                threads: 2,
                batch_threads: 4,
            };
            for prompt in [&raw, &chat] {
                assert_known(completion_args(&request, prompt, &generator), &generator);
            }
            let socket = Path::new("/run/s.sock");
            assert_known(server_args(&request, socket, &server), &server);
        }
    }
}

#[test]
fn a_run_of_every_build_is_followed() {
    for build in &BUILDS {
        for ending in ["eos", "limit", "context-full", "sigint"] {
            let name = format!("b{} {ending}", build.number);
            let events = build.events(ending);
            let at =
                |wanted: fn(&Fact) -> bool| events.iter().position(|event| wanted(&event.fact));
            let load = at(|fact| *fact == Fact::LoadStarted).expect(&name);
            let loaded = at(|fact| *fact == Fact::LoadEnded).expect(&name);
            let generating = at(|fact| matches!(fact, Fact::Generating { .. })).expect(&name);
            assert!(load < loaded && loaded < generating, "{name}");
            assert!(!events.iter().any(LogEvent::is_fatal), "{name}");
            assert_eq!(
                build.context_is_full(ending),
                ending == "context-full",
                "{name}"
            );

            let timings = build.timings(ending);
            let measured = [
                timings.load_ms,
                timings.prompt_ms,
                timings.eval_ms,
                timings.total_ms,
            ];
            assert!(measured.iter().all(Option::is_some), "{name}: {timings:?}");
            assert!(
                timings.prompt_tokens.is_some() && timings.eval_runs.is_some(),
                "{name}"
            );
        }
        assert_eq!(build.timings("limit").generated_tokens(), Some(16));
    }
}

#[test]
fn the_text_of_every_build_is_the_models_alone() {
    for build in &BUILDS {
        let name = format!("b{}", build.number);
        let (text, tail) = build.text("eos", 0, 512);
        assert!(
            tail.end_of_text && tail.closed && !text.contains("end of text"),
            "{name}"
        );
        let (text, tail) = build.text("limit", 0, 16);
        assert!(
            !tail.end_of_text && tail.closed && !text.ends_with("\n\n"),
            "{name}"
        );
        let (_, tail) = build.text("context-full", 0, 400);
        assert!(!tail.end_of_text && tail.closed, "{name}");
        let (text, _) = build.text("sigint", 130, 4000);
        assert!(
            !text.contains("Interrupted") && !text.ends_with('\n'),
            "{name}: {text:?}"
        );
    }
}

#[test]
fn what_goes_wrong_is_named_on_every_build() {
    for build in &BUILDS {
        let fatal = |ending| {
            build
                .events(ending)
                .into_iter()
                .find(LogEvent::is_fatal)
                .map(|event| event.fact)
        };
        let Some(Fact::PromptTooLong { tokens, max: 252 }) = fatal("prompt-too-long") else {
            panic!("b{}: {:?}", build.number, fatal("prompt-too-long"));
        };
        assert!(tokens > 252);
        assert_eq!(
            fatal("missing-model"),
            Some(Fact::ModelFile),
            "b{}",
            build.number
        );
    }
}

#[test]
fn the_server_of_every_build_is_followed() {
    for build in &BUILDS {
        let name = format!("b{}", build.number);
        let log = read("logs", &format!("{name}-server.stderr.log"));
        // What `-np 1` asks for, though not every build heeds it alone.
        assert!(
            log.contains("n_slots = 1,") || log.contains("n_slots = 1\n"),
            "{name}"
        );
        let events: Vec<_> = log.lines().map(LogEvent::parse).collect();
        let at = |wanted: fn(&Fact) -> bool| events.iter().position(|event| wanted(&event.fact));
        let loaded = at(|fact| *fact == Fact::LoadEnded).expect(&name);
        let listening = at(|fact| matches!(fact, Fact::Listening(at) if at.starts_with("unix://")))
            .expect(&name);
        let released = at(|fact| {
            matches!(
                fact,
                Fact::Released {
                    truncated: false,
                    ..
                }
            )
        })
        .expect(&name);
        assert!(loaded < released && listening < released, "{name}");
        assert!(!events.iter().any(LogEvent::is_fatal), "{name}");
        let mut timings = Timings::default();
        for event in &events[..=released] {
            timings.take_event(event);
        }
        assert!(
            timings.prompt_ms.is_some() && timings.eval_ms.is_some(),
            "{name}: {timings:?}"
        );
    }
}

#[test]
fn the_stream_of_every_build_is_read() {
    for build in &BUILDS {
        let name = format!("b{}", build.number);
        let stream = build.stream();
        let (last, before) = stream.split_last().expect(&name);
        let progress: Vec<_> = before.iter().filter_map(|event| event.progress).collect();
        assert!(!progress.is_empty(), "{name}");
        for progress in &progress {
            assert!(
                progress.total > 1 && progress.processed <= progress.total,
                "{name}: {progress:?}"
            );
            assert!(progress.time_ms < 60_000, "{name}: {progress:?}");
        }
        assert_eq!(
            progress.last().map(|p| p.processed),
            progress.last().map(|p| p.total),
            "{name}"
        );
        for timings in stream.iter().filter_map(|event| event.timings) {
            for ms in [timings.prompt_ms, timings.eval_ms].into_iter().flatten() {
                assert!((1e-4..60_000.0).contains(&ms), "{name}: {timings:?}");
            }
        }
        let text: String = stream.iter().map(|event| event.content.as_str()).collect();
        assert!(!text.is_empty(), "{name}");
        assert_eq!(last.stop.as_deref(), Some("limit"), "{name}");
        assert!(!last.truncated && last.error.is_none(), "{name}");
        let timings = last.timings.expect(&name);
        assert_eq!(timings.generated_tokens(), last.generated, "{name}");
        assert_eq!(
            timings.prompt_tokens,
            progress.last().map(|p| p.total),
            "{name}"
        );
        assert!(
            timings.ms_per_token().is_some() && timings.prompt_ms.is_some(),
            "{name}"
        );
    }
}

#[test]
fn a_full_context_is_told_from_a_limit_on_the_server_of_every_build() {
    for build in &BUILDS {
        let name = format!("b{}", build.number);
        let answer = read("logs", &format!("{name}-server-context-full.json.log"));
        let JsonLine::Stream(event) = JsonLine::parse(&answer) else {
            panic!("{name}: {answer}");
        };
        assert_eq!(event.stop.as_deref(), Some("limit"), "{name}");
        assert!(event.truncated, "{name}");
        // A context of 512, and a prompt of 12.
        assert_eq!(event.generated, Some(500), "{name}");
    }
}
