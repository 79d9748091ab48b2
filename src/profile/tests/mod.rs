//! Files in, profiles out; the messages and the schema have files of their own.

mod messages;
mod schema;
mod tuned;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use proptest::prelude::*;

use super::{
    Bases, Config, Constraint, HistoryPolicy, Level, ModelRef, Override, ProfileError, ProfileSet,
    PromptMode, Resolved, Source, Threads,
};
use crate::units::{Bytes, Limit};

fn source(name: &str, level: Level, text: &str) -> Source {
    let place = match level {
        Level::BuiltIn => "built-in profiles",
        Level::User => "~/.config/orchestrate/profiles",
        Level::Project => "profiles",
    };
    Source {
        name: name.to_owned(),
        origin: format!("{place}/{name}.toml"),
        dir: PathBuf::from(if level == Level::Project {
            "/work/profiles"
        } else {
            "/user/profiles"
        }),
        level,
        text: Ok(text.to_owned()),
    }
}

fn shipped() -> Vec<Source> {
    [
        ("coder", include_str!("../../../profiles/coder.toml")),
        (
            "algorithm",
            include_str!("../../../profiles/algorithm.toml"),
        ),
        ("router", include_str!("../../../profiles/router.toml")),
    ]
    .map(|(name, text)| source(name, Level::BuiltIn, text))
    .to_vec()
}

/// The shipped profiles and these on top.
fn set(more: impl IntoIterator<Item = Source>) -> ProfileSet {
    let bases = Bases {
        home: Some(PathBuf::from("/home/me")),
        current: PathBuf::from("/work"),
    };
    ProfileSet::new(shipped().into_iter().chain(more).collect(), bases)
}

/// A project's profile `x` with this text.
fn project(text: &str) -> ProfileSet {
    set([source("x", Level::Project, text)])
}

fn resolved(set: &ProfileSet, name: &str) -> Resolved {
    set.resolve(name, &[])
        .unwrap_or_else(|error| panic!("{error}"))
}

fn message(set: &ProfileSet, name: &str, overrides: &[&str]) -> String {
    let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
    set.resolve(name, &overrides)
        .map(|_| "no error")
        .unwrap_err()
        .to_string()
}

#[test]
fn shipped_profiles_say_what_they_must() {
    let set = set([]);
    assert_eq!(
        set.names().collect::<Vec<_>>(),
        ["algorithm", "coder", "router"]
    );
    for (name, context, max_tokens, timeout) in [
        ("router", 8192, 64, 120),
        ("coder", 4096, 512, 120),
        ("algorithm", 4096, 1024, 180),
    ] {
        let Resolved { profile, notes, .. } = resolved(&set, name);
        assert_eq!(notes, Vec::<String>::new());
        assert_eq!(
            (profile.context, profile.max_tokens),
            (context, max_tokens),
            "{name}"
        );
        assert_eq!(
            (profile.limits.timeout, profile.limits.floor),
            (Limit::Auto, Duration::from_secs(timeout)),
            "{name}"
        );
        assert_eq!((profile.batch, profile.gpu_layers), (256, 0), "{name}");
        assert_eq!(profile.sampling.temperature, Some(0.0), "{name}");
        assert_eq!(profile.threads, Threads::Auto);
        assert_eq!(profile.model, ModelRef::BuiltIn("demo".to_owned()));
        assert_eq!(profile.prompt.mode, PromptMode::Raw, "{name}");
        assert_eq!(profile.route.is_some(), name != "router", "{name}");
        if name != "router" {
            assert_eq!(
                profile.stop,
                ["</s>", "\n\n\n", "User:", "Human:", "<|im_end|>"]
            );
            let given = BTreeMap::from([("language".to_owned(), "rust".to_owned())]);
            assert_eq!(
                profile.prompt.render("a queue", &given, "").unwrap().text(),
                match name {
                    "coder" => "Write rust code for: a queue\n\nCode:",
                    _ => "Write rust code, with its complexity, for: a queue\n\nCode:",
                }
            );
        }
    }
}

#[test]
fn a_model_may_be_on_the_hub() {
    let set = project("extends = \"coder\"\nmodel = \"hf:o/r:Q8_0\"");
    let model = resolved(&set, "x").profile.model;
    assert!(matches!(&model, ModelRef::Hub(hub) if hub.repository() == "o/r"));
    assert_eq!(model.to_string(), "hf:o/r:Q8_0");
    let set = project("extends = \"coder\"\nmodel = \"hf:o\"");
    let said = message(&set, "x", &[]);
    assert!(said.contains("hf:OWNER/REPO"), "{said}");
}

#[test]
fn shipped_configuration_says_what_it_must() {
    let text = include_str!("../../../orchestrate.toml");
    let config = Config::read(vec![source("orchestrate", Level::BuiltIn, text)], None).unwrap();
    let expected = Config {
        memory_budget: None,
        llama_dir: None,
        default_profile: "coder".to_owned(),
        history: HistoryPolicy {
            enabled: true,
            keep_days: 90,
            keep_rows: 100_000,
        },
    };
    assert_eq!(config, expected);
    assert_eq!(Config::read(Vec::new(), None).unwrap(), expected);
}

#[test]
fn a_misspelt_key_of_the_history_is_told_with_the_right_one() {
    for (text, words) in [
        (
            "[history]\nkeep_day = 7",
            "unknown key \"history.keep_day\"; did you mean \"history.keep_days\"?",
        ),
        ("[histori]\nenabled = false", "did you mean \"history\"?"),
        (
            "[history]\nkeep_days = 0",
            "\"history.keep_days\" must be a whole number from 1 to 36500, not 0",
        ),
        ("[history]\nenabled = 0", "must be true or false"),
    ] {
        let read = Config::read(vec![source("c", Level::User, text)], None);
        let problems = read.expect_err(text).to_string();
        assert!(problems.contains(words), "{text}: {problems}");
    }
}

#[test]
fn nearer_configuration_wins_key_by_key() {
    let user = source(
        "c",
        Level::User,
        "memory_budget = \"2 GB\"\nllama_dir = \"~/llama\"",
    );
    let near = source(
        "c",
        Level::Project,
        "memory_budget = \"3 GiB\"\n[history]\nkeep_days = 7",
    );
    let config = Config::read(vec![near, user], Some("/home/me".as_ref())).unwrap();
    assert_eq!(config.memory_budget, Some(Bytes(3 << 30)));
    assert_eq!(config.budget(Some(1)), Some(Bytes(3 << 30)));
    let left = Config::read(Vec::new(), None).unwrap();
    assert_eq!(left.budget(Some(10 << 30)), Some(Bytes(8 << 30)));
    assert_eq!(left.budget(None), None);
    assert_eq!(config.llama_dir, Some(PathBuf::from("/home/me/llama")));
    assert_eq!(
        (config.history.keep_days, config.history.keep_rows),
        (7, 100_000)
    );
}

#[test]
fn a_file_builds_on_the_farther_one_of_its_name() {
    let set = set([
        source("coder", Level::User, "max_tokens = 100\nseed = 1"),
        source("coder", Level::Project, "seed = 2\n[sampling]\ntop_k = 7"),
    ]);
    let Resolved {
        profile, origins, ..
    } = resolved(&set, "coder");
    assert_eq!(
        (profile.max_tokens, profile.seed, profile.context),
        (100, Some(2), 4096)
    );
    assert_eq!(
        (profile.sampling.top_k, profile.sampling.temperature),
        (Some(7), Some(0.0))
    );
    assert_eq!(origins["seed"].to_string(), "profiles/coder.toml:1:1");
    assert_eq!(
        origins["max_tokens"].to_string(),
        "~/.config/orchestrate/profiles/coder.toml:1:1"
    );
    // algorithm extends coder, and the nearest coder at that.
    assert_eq!(resolved(&set, "algorithm").profile.seed, Some(2));
}

#[test]
fn extends_replaces_the_farther_file_of_the_same_name() {
    let set = set([source(
        "coder",
        Level::Project,
        "extends = \"router\"\nmax_tokens = 10",
    )]);
    let profile = resolved(&set, "coder").profile;
    assert_eq!((profile.context, profile.max_tokens), (8192, 10));
    assert!(profile.stop.is_empty(), "router's, not coder's");
    let own = self::set([source(
        "coder",
        Level::Project,
        "extends = \"coder\"\nseed = 3",
    )]);
    assert_eq!(resolved(&own, "coder").profile.context, 4096);
}

#[test]
fn a_broken_profile_is_in_nobodys_way() {
    let set = set([source("broken", Level::Project, "][")]);
    assert!(set.resolve("coder", &[]).is_ok());
    assert!(matches!(
        set.resolve("broken", &[]),
        Err(ProfileError::Invalid(_))
    ));
}

#[test]
fn paths_are_relative_to_the_file_that_says_them() {
    let model = |text: &str, given: &[Override]| {
        project(text)
            .resolve("x", given)
            .unwrap()
            .profile
            .model
            .to_string()
    };
    assert_eq!(model("model = \"./a.gguf\"", &[]), "/work/profiles/a.gguf");
    assert_eq!(
        model("model = \"../m/a.gguf\"", &[]),
        "/work/profiles/../m/a.gguf"
    );
    assert_eq!(model("model = \"a.gguf\"", &[]), "/work/profiles/a.gguf");
    assert_eq!(model("model = \"/m/a\"", &[]), "/m/a");
    assert_eq!(model("model = \"~/a.gguf\"", &[]), "/home/me/a.gguf");
    let given = [Override::new("--model", "model", "m/a.gguf")];
    assert_eq!(model("model = \"demo\"", &given), "/work/m/a.gguf");
}

#[test]
fn inherited_values_can_be_taken_back() {
    let profile = resolved(
        &project(
            "extends = \"coder\"\nstop = []\nseed = \"random\"\ngrammar = \"\"\n\
             limits.timeout = \"none\"\nsampling.temperature = \"auto\"",
        ),
        "x",
    )
    .profile;
    assert_eq!(
        (profile.seed, profile.limits.timeout, profile.constraint),
        (None, Limit::None, None)
    );
    assert_eq!(
        (profile.sampling.temperature, profile.stop.len()),
        (None, 0)
    );
}

#[test]
fn options_are_read_as_toml_or_else_as_text() {
    let overrides: Vec<Override> = [
        "seed=7",
        "limits.timeout=2m",
        "stop=[\"a\"]",
        "description=12",
        "flash_attention=on",
        "environment.A.B=1",
        "prompt.variables.language=\"go\"",
        "ignore_eos=true",
        "grammar=root ::= \"=\"",
        "sampling.top_p=auto",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    let profile = set([]).resolve("coder", &overrides).unwrap().profile;
    assert_eq!(profile.seed, Some(7));
    assert_eq!(
        profile.limits.timeout.fixed(),
        Some(Duration::from_secs(120))
    );
    assert_eq!(profile.stop, ["a"]);
    assert_eq!(profile.description, "12");
    assert_eq!(profile.environment["A.B"], "1");
    assert_eq!(profile.prompt.variables["language"], "go");
    assert_eq!(
        profile.constraint,
        Some(Constraint::Grammar("root ::= \"=\"".to_owned()))
    );
    assert!(profile.ignore_eos);
}

#[test]
fn the_context_is_capped_at_what_the_model_was_trained_for() {
    let mut profile = resolved(&set([]), "coder").profile;
    assert_eq!(profile.cap_context(4096), None);
    assert_eq!(
        profile.cap_context(0),
        None,
        "an unknown trained context caps nothing"
    );
    assert_eq!(
        profile.cap_context(1024).as_deref(),
        Some("context lowered from 4096 to 1024 tokens: the model was trained for no more")
    );
    assert_eq!(profile.context, 1024);
}

#[test]
fn a_template_without_the_request_is_noted() {
    let notes = resolved(
        &project("model = \"demo\"\n[prompt]\ntemplate = \"hello\""),
        "x",
    )
    .notes;
    assert_eq!(
        notes,
        [
            "profiles/x.toml:3:1: the template has no {{prompt}}, so the request reaches the model nowhere"
        ]
    );
}

#[test]
fn what_is_shown_is_the_same_profile_again() {
    for name in ["coder", "algorithm", "router"] {
        let shown = resolved(&set([]), name);
        let again = set([source(
            name,
            Level::Project,
            &format!("extends = \"\"\n{}", shown.to_toml()),
        )]);
        assert_eq!(
            resolved(&again, name).profile,
            shown.profile,
            "{}",
            shown.to_toml()
        );
    }
    let text = resolved(&set([]), "algorithm").to_toml();
    assert!(
        text.contains("\nmax_tokens = 1024  # built-in profiles/algorithm.toml:10:1\n"),
        "{text}"
    );
    assert!(text.contains("\nmicro_batch = 256  # default\n"), "{text}");
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_whatever_the_values_are(
        description in "[^\0\r\n]{0,12}",
        stop in proptest::collection::vec("[^\0]{1,8}", 0..3),
        value in "[^\0]{0,12}",
        name in "[^\0=]{1,8}",
        temperature in 0.0f64..5.0,
        seconds in 1u64..1_000_000,
    ) {
        let mut shown = resolved(&set([]), "coder");
        shown.profile.name = "x".to_owned();
        shown.profile.description = description;
        shown.profile.stop = stop;
        shown.profile.environment = BTreeMap::from([(name, value.clone())]);
        shown.profile.prompt.variables.insert("v".to_owned(), value.clone());
        shown.profile.extra_args = vec![value];
        shown.profile.sampling.temperature = Some(temperature);
        shown.profile.limits.load = Limit::Fixed(Duration::from_secs(seconds));
        let set = project(&shown.to_toml());
        let again = set.resolve("x", &[]);
        prop_assert_eq!(again.map(|again| again.profile), Ok(shown.profile));
    }

    #[test]
    fn reading_never_panics_and_always_points_into_the_file(text in "[a-z_.=\\[\\]\"'{}#0-9 \né-]{0,60}") {
        if let Err(ProfileError::Invalid(problems)) = project(&text).resolve("x", &[]) {
            for problem in problems.iter() {
                if let Some((line, column)) = problem.place.line_column() {
                    let line = text.split('\n').nth(line - 1);
                    prop_assert!(line.is_some_and(|line| column <= line.chars().count() + 1));
                }
            }
        }
    }

    /// Whoever extends whom: the way through the files ends, in a profile or in a message.
    #[test]
    fn every_chain_ends(extends in proptest::collection::vec(proptest::option::of(0usize..3), 9)) {
        let names = ["a", "b", "c"];
        let levels = [Level::BuiltIn, Level::User, Level::Project];
        let sources = extends.iter().enumerate().map(|(index, extends)| {
            let line = extends.map(|other| format!("\nextends = \"{}\"", names[other]));
            let text = format!("model = \"demo\"{}", line.unwrap_or_default());
            source(names[index % 3], levels[index / 3], &text)
        });
        let set = set(sources);
        for name in names {
            if let Err(error) = set.resolve(name, &[]) {
                let told = error.to_string();
                prop_assert!(told.contains("circle") || told.contains("extends itself"), "{}", told);
            }
        }
    }

    #[test]
    fn any_option_is_taken_or_refused(text in ".{0,30}") {
        if let Ok(given) = text.parse::<Override>() {
            let _ = set([]).resolve("coder", &[given]);
        }
    }
}
