//! A profile in the words of one build.

use std::collections::BTreeMap;
use std::path::Path;

use orchestrate::dialect::server::{Placement, place};
use orchestrate::dialect::{
    ArgsError, Argv, Capabilities, Counting, GenerationArgs, Program, completion_args,
    completion_request, server_args,
};
use orchestrate::profile::{
    Backend, Constraint, FlashAttention, KvType, Limits, LoadMode, ModelRef, Profile, Prompt,
    PromptTemplate, Sampling, Threads, Watch,
};

use super::{probed, read};

/// A profile that leaves everything to llama.cpp.
fn profile() -> Profile {
    Profile {
        name: "test".to_owned(),
        description: String::new(),
        model: ModelRef::File("m.gguf".into()),
        backend: Backend::Auto,
        route: None,
        context: 4096,
        batch: 2048,
        micro_batch: 512,
        threads: Threads::Auto,
        batch_threads: Threads::Auto,
        gpu_layers: 0,
        kv_type_k: KvType::F16,
        kv_type_v: KvType::F16,
        flash_attention: FlashAttention::Auto,
        load_mode: LoadMode::Auto,
        sampling: Sampling::default(),
        seed: None,
        ignore_eos: false,
        constraint: None,
        max_tokens: 64,
        stop: vec!["END".to_owned()],
        prompt: PromptTemplate {
            template: "{{prompt}}".to_owned(),
            ..PromptTemplate::default()
        },
        limits: Limits::default(),
        watch: Watch::default(),
        environment: BTreeMap::new(),
        extra_args: Vec::new(),
    }
}

fn args(profile: &Profile, capabilities: &Capabilities) -> Result<Argv, ArgsError> {
    let request = GenerationArgs {
        profile,
        model: Path::new("m.gguf"),
        context: 2048,
        slots: 1,
        threads: 2,
        batch_threads: 4,
    };
    completion_args(&request, &Prompt::Raw("Hello".to_owned()), capabilities)
}

fn joined(argv: &Argv) -> String {
    let args: Vec<_> = argv.args.iter().map(|arg| arg.to_str().unwrap()).collect();
    args.join(" ")
}

#[test]
fn arguments_for_todays_build() {
    let build = probed(Program::Completion, "b11434");
    let mut profile = profile();
    let plain = args(&profile, &build).unwrap();
    assert_eq!(
        joined(&plain),
        "-m m.gguf -f /dev/stdin --no-escape --simple-io --perf --no-display-prompt -no-cnv \
         -n 64 -c 2048 -b 2048 -ub 512 -t 2 -tb 4 -fit off --no-context-shift -ngl 0 -ctk f16 \
         -ctv f16 -fa auto"
    );
    assert!(plain.notes.is_empty() && !plain.echoes_prompt);

    profile.load_mode = LoadMode::Mlock;
    profile.kv_type_k = KvType::Q8_0;
    profile.flash_attention = FlashAttention::On;
    profile.seed = Some(7);
    profile.ignore_eos = true;
    profile.sampling.temperature = Some(0.2);
    profile.sampling.top_k = Some(20);
    profile.sampling.repeat_last_n = Some(-1);
    profile.constraint = Some(Constraint::Grammar("root ::= \"a\"".to_owned()));
    profile.extra_args = vec!["--numa".to_owned(), "isolate".to_owned()];
    assert!(joined(&args(&profile, &build).unwrap()).ends_with(
        "-ctk q8_0 -ctv f16 -fa on --load-mode mlock --temp 0.2 --top-k 20 --repeat-last-n -1 \
         -s 7 --ignore-eos --grammar root ::= \"a\" --numa isolate"
    ));
}

#[test]
fn arguments_for_builds_of_2024() {
    let mut profile = profile();
    profile.sampling.min_p = Some(0.05);
    let main = probed(Program::Main, "2024-05");
    let argv = args(&profile, &main).unwrap();
    assert_eq!(
        joined(&argv),
        "-m m.gguf -f /dev/stdin --simple-io --no-display-prompt -n 64 -c 2048 -b 2048 -ub 512 \
         -t 2 -tb 4 -ctk f16 -ctv f16 --min-p 0.05"
    );
    assert_eq!(argv.notes.len(), 3, "{:?}", argv.notes);

    profile.load_mode = LoadMode::Mlock;
    profile.flash_attention = FlashAttention::On;
    let cli = probed(Program::Cli, "2024-07");
    let argv = joined(&args(&profile, &cli).unwrap());
    assert!(argv.contains("--no-escape") && argv.contains("-ngl 0"));
    assert!(argv.contains(" -fa --no-mmap --mlock "), "{argv}");
}

#[test]
fn what_a_build_cannot_do_is_an_error_that_names_both() {
    let mut profile = profile();
    profile.gpu_layers = 8;
    let main = probed(Program::Main, "2024-05");
    assert_eq!(
        args(&profile, &main).unwrap_err().to_string(),
        "profile key \"gpu_layers\" needs --n-gpu-layers, which main (build unknown) does not know"
    );
    profile.gpu_layers = 0;
    profile.constraint = Some(Constraint::JsonSchema("{}".to_owned()));
    let error = args(&profile, &main).unwrap_err().to_string();
    assert!(error.starts_with("profile key \"json_schema\" needs --json-schema, which main"));

    let help = read("help", "llama-completion-b11434.help.txt").replace(", iq4_nl", "");
    let version = read("help", "llama-completion-b11434.version.txt");
    let build = Capabilities::parse(Program::Completion, &version, &help);
    profile.constraint = None;
    profile.kv_type_v = KvType::Iq4Nl;
    assert_eq!(
        args(&profile, &build).unwrap_err().to_string(),
        "profile key \"kv_type_v\" needs -ctv iq4_nl, but llama-completion b11434 takes only \
         f32, f16, bf16, q8_0, q4_0, q4_1, q5_0, q5_1 there"
    );
    profile.kv_type_v = KvType::F16;
    profile.constraint = Some(Constraint::Grammar("x".repeat(200_000)));
    assert!(matches!(
        args(&profile, &build),
        Err(ArgsError::TooLong { .. })
    ));
    profile.constraint = None;
    profile.extra_args = vec!["--loda-mode".to_owned()];
    assert_eq!(
        args(&profile, &build).unwrap_err().to_string(),
        "profile key \"extra_args\": llama-completion b11434 does not know --loda-mode; did you mean --load-mode?"
    );
    let server = probed(Program::Server, "b11434");
    assert!(matches!(
        args(&profile, &server),
        Err(ArgsError::CannotGenerate { .. })
    ));
}

/// A server as its help has it, where each of these lines is one option.
fn server(options: &[&str]) -> Capabilities {
    let help: String = options
        .iter()
        .map(|line| format!("{line}  does it\n"))
        .collect();
    let version = "version: 9000 (abc)\nbuilt with GNU for Linux\n";
    Capabilities::parse(Program::Server, version, &help)
}

#[test]
fn a_server_is_asked_where_its_build_and_the_profile_offer_an_answer() {
    let without = Profile {
        extra_args: vec!["--no-slots".to_owned()],
        ..profile()
    };
    for (options, offered, turned_off) in [
        (
            &["--slots, --no-slots", "--metrics"][..],
            Some(Counting::Slots),
            Some(Counting::Metrics),
        ),
        (
            &["--no-slots", "--metrics"],
            Some(Counting::Slots),
            Some(Counting::Metrics),
        ),
        (
            &["--metrics"],
            Some(Counting::Metrics),
            Some(Counting::Metrics),
        ),
        (&["--slots"], Some(Counting::Slots), None),
        (&["--jinja"], None, None),
    ] {
        let build = server(options);
        assert_eq!(Counting::of(&profile(), &build), offered, "{options:?}");
        assert_eq!(Counting::of(&without, &build), turned_off, "{options:?}");
    }
}

#[test]
fn a_server_is_started_with_what_it_is_asked_for_later() {
    let build = probed(Program::Server, "b11434");
    let with = |extra: &[&str]| {
        let profile = Profile {
            extra_args: extra.iter().map(|arg| (*arg).to_owned()).collect(),
            ..profile()
        };
        let request = GenerationArgs {
            profile: &profile,
            model: Path::new("m.gguf"),
            context: 2048,
            slots: 1,
            threads: 2,
            batch_threads: 4,
        };
        let argv = server_args(&request, Path::new("/s.sock"), &build).expect("known");
        let has = |flag: &str| argv.args.iter().any(|arg| arg == flag);
        (has("--slots"), has("--metrics"))
    };
    assert_eq!(with(&[]), (true, false));
    assert_eq!(with(&["--no-slots"]), (false, true));
}

#[test]
fn pings_are_turned_off_where_the_build_knows_how() {
    let interval = |build: &Capabilities| {
        let body = completion_request(&profile(), "hi", 0, build);
        body.get("sse_ping_interval").cloned()
    };
    assert_eq!(
        interval(&server(&["--sse-ping-interval N"])),
        Some((-1).into())
    );
    assert_eq!(interval(&server(&["--slots"])), None);
}

#[test]
fn each_of_several_slots_has_the_context_that_one_has() {
    let profile = profile();
    let given = |build: &Capabilities, slots: u32, context: u32| {
        let request = GenerationArgs {
            profile: &profile,
            model: Path::new("m.gguf"),
            context,
            slots,
            threads: 2,
            batch_threads: 4,
        };
        let argv = server_args(&request, Path::new("/s.sock"), build).expect("known");
        let words: Vec<_> = argv.args.iter().map(|arg| arg.to_string_lossy()).collect();
        let after = |flag: &str| {
            let at = words.iter().position(|word| word == flag)?;
            words.get(at + 1).map(ToString::to_string)
        };
        let unified = words
            .iter()
            .any(|word| word == "-kvu" || word == "--kv-unified");
        let numbers = ["-np", "-c", "--threads-http"].map(|flag| after(flag).unwrap_or_default());
        (numbers.join(" "), unified)
    };
    let new = probed(Program::Server, "b11434");
    assert_eq!(given(&new, 1, 300), ("1 300 8".to_owned(), false));
    assert_eq!(given(&new, 4, 300), ("4 2048 8".to_owned(), false));
    assert_eq!(given(&new, 16, 512), ("16 8192 20".to_owned(), false));
    // It makes four slots of one, unless they share a cache; of two it makes two.
    let old = probed(Program::Server, "b7347");
    assert_eq!(given(&old, 1, 512), ("1 512 8".to_owned(), true));
    assert_eq!(given(&old, 2, 512), ("2 1024 8".to_owned(), false));
}

#[test]
fn a_request_is_put_into_its_slot_and_may_find_what_was_read_there() {
    let mut body = completion_request(&profile(), "hi", 0, &server(&[]));
    assert_eq!(body["cache_prompt"], false);
    let as_it_was = body.clone();
    place(&mut body, Placement::default());
    assert_eq!(body, as_it_was);
    place(
        &mut body,
        Placement {
            slot: Some(3),
            cached: true,
        },
    );
    assert_eq!(body["id_slot"], 3);
    assert_eq!(body["cache_prompt"], true);
}
