//! Whatever a file says: nothing panics, and what is written can be read.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

/// Words that mean something here, and values of every kind.
fn any_json() -> impl Strategy<Value = Json> {
    let word = prop_oneof![
        proptest::sample::select(vec![
            "path",
            "context_size",
            "n_ctx",
            "max_tokens",
            "batch",
            "n_ubatch",
            "n_threads",
            "mmap",
            "mlock",
            "load_mode",
            "stop",
            "extra_args",
            "prompt_template",
            "system_prompt",
            "timeout",
            "timeout_ms",
            "env",
            "vars",
            "prompt",
            "sampling",
            "options",
            "extends",
            "grammar",
            "json_schema",
            "cache_type_v",
            "flash_attn",
            "seed",
            "temperature",
            "memory_budget_mb",
            "memory",
            "llama_cpp_path",
            "default_model",
            "coder",
            "a",
            "name",
            "models",
            "description",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,6}",
        "[\u{0}-\u{7f}]{0,4}",
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        (-2..4096i64).prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        proptest::sample::select(vec![
            "a.gguf",
            "~/a.gguf",
            "~x",
            "demo",
            "{prompt}",
            "{{",
            "{a}{prompt}{% x",
            "none",
            "a",
            "b",
            "coder",
            "q8_0",
            "root ::= [a]",
            "{}",
            "off",
        ])
        .prop_map(Json::from),
        "\\PC{0,8}".prop_map(Json::from),
        "[\u{0}-\u{7f}]{0,8}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            proptest::collection::btree_map(word.clone(), inner, 0..8)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_in_what_comes_out_works(
        general in any_json(),
        models in proptest::collection::vec(("[abB .]{0,2}|coder|auto", any_json()), 0..4),
    ) {
        let mut json = general;
        if let Json::Object(root) = &mut json {
            let models = models.into_iter().map(|(name, mut model)| {
                if let Json::Object(members) = &mut model {
                    members.entry("path").or_insert_with(|| "m.gguf".into());
                }
                (name, model)
            });
            root.insert("models".to_owned(), Json::Object(models.collect()));
        }
        let conversion = converted(&json);
        let (sources, set) = with_all(&conversion);
        let mut names: Vec<_> = sources.iter().map(|source| source.name.as_str()).collect();
        for name in &names {
            let resolved = set.resolve(name, &[]);
            prop_assert!(resolved.is_ok(), "{:?}\n{:#?}", resolved, sources);
        }
        names.sort_unstable();
        names.dedup();
        prop_assert_eq!(names.len(), sources.len());
        for file in conversion.files.iter().filter(|file| file.what == What::Config) {
            let source = Source {
                name: "orchestrate.toml".to_owned(),
                origin: "orchestrate.toml".to_owned(),
                dir: "/nowhere".into(),
                level: Level::User,
                text: Ok(file.settled.text.clone()),
            };
            let home = Bases::default().home;
            let read = crate::profile::Config::read(vec![source], home.as_deref());
            let needs_home = file.settled.text.contains("llama_dir = \"~");
            prop_assert!(read.is_ok() || needs_home, "{:?}", read);
        }
        for remark in conversion.report.left_out.iter().chain(&conversion.report.notes) {
            prop_assert!(!remark.to_string().contains(['\n', '\r']), "{}", remark);
        }
    }
}
