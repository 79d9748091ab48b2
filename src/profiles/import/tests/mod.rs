//! The conversion alone, without a disk; the command is in `command`.

mod command;
mod properties;

use std::path::PathBuf;

use serde_json::{Value as Json, json};

use super::convert::{Conversion, What, convert};
use super::report::Remark;
use super::surroundings::Surroundings;
use crate::profile::{Bases, Level, Profile, ProfileSet, Source};
use crate::store::Places;

/// Directories that nobody has: only the built-in profiles are found.
fn nowhere() -> Places {
    Places {
        user: "/nowhere/home/.config/orchestrate".into(),
        current: "/nowhere/work".into(),
        home: Some("/nowhere/home".into()),
    }
}

fn around(places: &Places, level: Level) -> Surroundings<'_> {
    let profiles = match level {
        Level::Project => places.project_profiles(),
        Level::User | Level::BuiltIn => places.user_profiles(),
    };
    Surroundings {
        source: "config.json".to_owned(),
        base: "/nowhere/work".into(),
        places,
        level,
        profiles,
        has_schema: false,
    }
}

fn converted(json: &Json) -> Conversion {
    let places = nowhere();
    convert(
        json,
        &places.profiles().unwrap(),
        &around(&places, Level::User),
    )
}

/// One model, named `it`.
fn model(members: Json) -> Conversion {
    let mut members = members;
    let path = members.get("path").cloned();
    members["path"] = path.unwrap_or_else(|| json!("/m.gguf"));
    converted(&json!({ "models": { "it": members } }))
}

/// Every new file as a source, and the set with all of them.
fn with_all(conversion: &Conversion) -> (Vec<Source>, ProfileSet) {
    let places = nowhere();
    let sources: Vec<Source> = conversion
        .files
        .iter()
        .filter_map(|file| match &file.what {
            What::Config => None,
            What::Profile(name) => Some(Source {
                name: name.clone(),
                origin: format!("{name}.toml"),
                dir: places.user_profiles(),
                level: Level::User,
                text: Ok(file.settled.text.clone()),
            }),
        })
        .collect();
    let set = sources
        .iter()
        .cloned()
        .fold(places.profiles().unwrap(), ProfileSet::with);
    (sources, set)
}

fn profile(conversion: &Conversion, name: &str) -> Profile {
    let (_, set) = with_all(conversion);
    set.resolve(name, &[])
        .unwrap_or_else(|error| panic!("{error}"))
        .profile
}

/// The line of a new file that begins with a key.
fn line(conversion: &Conversion, key: &str) -> Option<String> {
    let text = &conversion.files.first()?.settled.text;
    let begin = format!("{key} = ");
    text.lines()
        .find(|line| line.starts_with(&begin))
        .map(str::to_owned)
}

fn texts(remarks: &[Remark]) -> Vec<String> {
    remarks.iter().map(ToString::to_string).collect()
}

#[test]
fn values_come_over_under_their_own_names() {
    for (members, expected) in [
        (json!({"context_size": 2048}), "context = 2048"),
        (json!({"contextSize": 2048.0}), "context = 2048"),
        (json!({"n_ctx": "2048"}), "context = 2048"),
        (json!({"max_tokens": 256}), "max_tokens = 256"),
        (json!({"n_gpu_layers": 0}), "gpu_layers = 0"),
        (json!({"n_gpu_layers": -1}), "gpu_layers = 999"),
        (json!({"n_threads": 0}), "threads = \"auto\""),
        (json!({"seed": -1}), "seed = \"random\""),
        (json!({"temperature": 0.2}), "temperature = 0.2"),
        (json!({"options": {"top_k": 40}}), "top_k = 40"),
        (json!({"sampling": {"top_p": 1}}), "top_p = 1"),
        (json!({"flash_attn": false}), "flash_attention = \"off\""),
        (json!({"cache_type_k": "Q8_0"}), "kv_type_k = \"q8_0\""),
        (
            json!({"mmap": true, "mlock": false}),
            "load_mode = \"mmap\"",
        ),
        (json!({"no_mmap": true}), "load_mode = \"read\""),
        (json!({"use_mlock": true}), "load_mode = \"mlock\""),
        (json!({"stop": "User:"}), "stop = [\"User:\"]"),
        (json!({"stop": ["", "\n\n"]}), "stop = [\"\\n\\n\"]"),
        (
            json!({"extra_args": ["--keep", 4]}),
            "extra_args = [\"--keep\", \"4\"]",
        ),
        (
            json!({"json_schema": {"type": "object"}}),
            "json_schema = '{\"type\":\"object\"}'",
        ),
        (json!({"timeout": 30}), "timeout = \"30s\""),
        (json!({"timeout_ms": 1500}), "timeout = \"1s 500ms\""),
        (json!({"timeout": 0}), "timeout = \"none\""),
        (json!({"limits": {"load": "2m"}}), "load = \"2m\""),
        (json!({"env": {"A.B": 1}}), "\"A.B\" = \"1\""),
        (
            json!({"prompt_template": "{prompt}:"}),
            "template = \"{{prompt}}:\"",
        ),
        (json!({"description": "a\nb"}), "description = \"a b\""),
    ] {
        let conversion = model(members.clone());
        let key = expected.split(" = ").next().unwrap();
        assert_eq!(
            line(&conversion, key).as_deref(),
            Some(expected),
            "{members}"
        );
        assert!(conversion.report.left_out.is_empty(), "{members}");
    }
}

#[test]
fn what_cannot_be_carried_over_is_told_with_its_place() {
    for (members, expected) in [
        (
            json!({"priority": 1}),
            "models.it.priority: there is no such key in a profile",
        ),
        (
            json!({"a b": 1}),
            "models.it.\"a b\": there is no such key in a profile",
        ),
        (
            json!({"temprature": 1}),
            "models.it.temprature: there is no such key in a profile; did you mean \"sampling.temperature\"?",
        ),
        (
            json!({"context_size": 0}),
            "models.it.context_size: \"context\" must be a whole number of at least 8, not 0",
        ),
        (
            json!({"cache_type_k": "q9"}),
            "models.it.cache_type_k: \"kv_type_k\" must be one of \"f32\", \"f16\", \"bf16\", \"q8_0\", \
             \"q5_1\", \"q5_0\", \"q4_1\", \"q4_0\", \"iq4_nl\", not the text \"q9\"",
        ),
        (
            json!({"context_size": 1024, "max_tokens": 4096}),
            "models.it.max_tokens: \"max_tokens\" (4096) is more than \"context\" (1024, models.it.context_size)",
        ),
        (
            json!({"mmap": "yes"}),
            "models.it.mmap: must be true or false",
        ),
        (
            json!({"n_ctx": 512, "context": 1024}),
            "models.it.n_ctx: models.it.context says otherwise",
        ),
        (
            json!({"prompt_template": "Code:"}),
            "models.it.prompt_template: the template has no {prompt}, so the request would reach the \
             model nowhere; put {{prompt}} into prompt.template where the request belongs",
        ),
        (
            json!({"grammar": "x"}),
            "models.it.grammar: \"grammar\" has no rule \"root ::= …\" to start from",
        ),
        (
            json!({"env": {"HF_TOKEN": "x"}}),
            "models.it.env.HF_TOKEN: the environment variable \"HF_TOKEN\" would change what llama.cpp \
             does behind this profile's back; use a key, or extra_args",
        ),
        (
            json!({"parent": "nobody"}),
            "models.it.parent: \"extends\" names \"nobody\", which is no profile",
        ),
        (
            json!({"draft": {"path": "/d.gguf"}}),
            "models.it.draft: there is no such key in a profile",
        ),
    ] {
        let conversion = model(members.clone());
        assert_eq!(texts(&conversion.report.left_out), [expected], "{members}");
        assert_eq!(conversion.files.len(), 1, "{members}");
    }
}

#[test]
fn a_system_prompt_makes_a_chat() {
    let conversion = model(json!({"system_prompt": "You are kind."}));
    assert_eq!(texts(&conversion.report.left_out), [""; 0]);
    assert_eq!(
        line(&conversion, "system").as_deref(),
        Some("system = \"You are kind.\"")
    );
    assert_eq!(
        line(&conversion, "mode").as_deref(),
        Some("mode = \"chat\"")
    );
    let notes = texts(&conversion.report.notes);
    assert!(
        notes
            .iter()
            .any(|note| note.contains("prompt.mode = \"chat\"")),
        "{notes:?}"
    );
}

#[test]
fn notes_warn_of_what_will_surprise() {
    for (members, begin) in [
        (
            json!({"timeout": 30}),
            "models.it.timeout: a fixed limit of 30s also ends answers",
        ),
        (
            json!({"timeout": 30000}),
            "models.it.timeout: taken as seconds, which is 8h 20m;",
        ),
        (
            json!({"context_size": 32768}),
            "models.it.context_size: the memory for 32768 tokens",
        ),
        (
            json!({"prompt_template": "{a}{prompt}"}),
            "models.it.prompt_template: {a}, {prompt} written as {{a}}, {{prompt}}",
        ),
    ] {
        let notes = texts(&model(members).report.notes);
        assert!(notes[0].starts_with(begin), "{notes:?}");
    }
    let quiet = model(json!({"timeout": 120, "context_size": 8192}));
    assert_eq!(texts(&quiet.report.notes), Vec::<String>::new());
}

#[test]
fn what_is_said_once_holds_for_all_and_the_rest_is_orchestrate_toml() {
    let conversion = converted(&json!({
        "memory_budget_mb": 8000,
        "llama_cpp_path": "bin/llama-cli",
        "default_model": "Fast One",
        "timeout_seconds": 200,
        "description": "of the file",
        "owner": "me",
        "models": [
            {"name": "Fast One", "path": "m/a.gguf"},
            {"name": "slow", "path": "~/b.gguf", "timeout": 400},
            {"name": "lost"},
            {"path": "/c.gguf"},
        ],
    }));
    let timeout = |name| {
        profile(&conversion, name)
            .limits
            .timeout
            .fixed()
            .unwrap()
            .as_secs()
    };
    assert_eq!((timeout("fast-one"), timeout("slow")), (200, 400));
    let config = conversion.files.last().unwrap();
    assert_eq!(config.what, What::Config);
    assert!(
        config.settled.text.ends_with(
            "\n\nmemory_budget = \"8000 MB\"\nllama_dir = \"/nowhere/work/bin\"\n\
             default_profile = \"fast-one\"\n"
        ),
        "{}",
        config.settled.text
    );
    assert_eq!(
        texts(&conversion.report.left_out),
        [
            "models[3]: must be an object with a \"name\" and a \"path\"",
            "description: is for one profile; say it in a model",
            "owner: there is no such key in a profile or in orchestrate.toml",
            "models[2]: no model file is said, so there is no profile: add \"path\"",
        ]
    );
    assert!(
        texts(&conversion.report.notes).contains(
            &"memory_budget_mb: taken as \"8000 MB\" (8.0 GB); if powers of 1024 were meant, write \
              \"8000 MiB\" (8.4 GB)"
                .to_owned()
        )
    );
}

#[test]
fn a_path_means_the_same_file_from_its_new_place() {
    let places = nowhere();
    let text = |level, base: &str, path: &str| {
        let mut around = around(&places, level);
        around.base = PathBuf::from(base);
        around.model_text(path)
    };
    for (level, base, path, written) in [
        (Level::Project, "/nowhere/work", "m/a.gguf", "../m/a.gguf"),
        (
            Level::Project,
            "/nowhere/work/old",
            "./a.gguf",
            "../old/a.gguf",
        ),
        (Level::Project, "/other", "a.gguf", "/other/a.gguf"),
        (
            Level::User,
            "/nowhere/work",
            "m/a.gguf",
            "/nowhere/work/m/a.gguf",
        ),
        (Level::User, "/nowhere/home/old", "a.gguf", "~/old/a.gguf"),
        (Level::User, "/other", "~/a.gguf", "~/a.gguf"),
        (Level::User, "/other", "/a.gguf", "/a.gguf"),
        (Level::User, "/other", "demo", "demo"),
    ] {
        assert_eq!(text(level, base, path), written, "{base} {path}");
    }
}

#[test]
fn a_profile_can_extend_another_imported_one_but_not_in_a_circle() {
    let conversion = converted(&json!({"models": {
        "a": {"base": "B b", "max_tokens": 7},
        "B b": {"path": "/b.gguf", "n_ctx": 1024},
        "x": {"base": "y", "path": "/x.gguf"},
        "y": {"base": "x", "path": "/y.gguf"},
    }}));
    let a = profile(&conversion, "a");
    assert_eq!((a.context, a.max_tokens), (1024, 7));
    assert_eq!(
        texts(&conversion.report.left_out),
        ["models.x.base: \"extends\" names \"y\", which is no profile"]
    );
}

#[test]
fn a_profile_in_the_place_of_a_built_in_one_takes_nothing_from_it() {
    let conversion = converted(&json!({"models": {"coder": "/m.gguf"}}));
    assert_eq!(profile(&conversion, "coder").prompt.template, "{{prompt}}");
    assert_eq!(
        texts(&conversion.report.notes),
        [
            "models.coder: takes the place of built-in profiles/coder.toml, and nothing from it \
             (extends = \"\")"
        ]
    );
}
