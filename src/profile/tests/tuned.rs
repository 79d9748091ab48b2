//! Tuned settings: where they hold, and what wins over them.

use super::*;
use crate::profile::{Ground, OnGround, TUNED_KEYS, is_tuned, tuned_text};

fn ground() -> Ground {
    Ground {
        host: "h1".to_owned(),
        build: "b11434".to_owned(),
        model: "m1".to_owned(),
    }
}

fn tuned(values: &[(&str, toml::Value)]) -> String {
    let values: Vec<_> = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    tuned_text("# found\n", &ground(), &[("gain", 0.1.into())], &values)
}

fn with(text: &str, more: impl IntoIterator<Item = Source>) -> ProfileSet {
    let source = source("coder", Level::User, text);
    let origin = "~/profiles/coder.tuned.toml".to_owned();
    set(more).with_tuned(vec![Source { origin, ..source }])
}

fn on(set: &ProfileSet, name: &str, overrides: &[&str], ground: &Ground) -> OnGround {
    let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
    set.resolve_on(name, &overrides, ground)
        .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn what_is_written_holds_again_and_says_where_it_comes_from() {
    let text = tuned(&[
        ("threads", 3.into()),
        ("extra_args", vec!["--no-repack"].into()),
    ]);
    let set = with(&text, []);
    let found = on(&set, "coder", &[], &ground());
    assert!(found.is_tuned && found.hint.is_none(), "{found:?}");
    assert_eq!(found.resolved.profile.threads, Threads::Count(3));
    assert_eq!(found.resolved.profile.extra_args, ["--no-repack"]);
    let place = &found.resolved.origins["threads"];
    assert!(is_tuned(place), "{place}");
    assert!(!is_tuned(&found.resolved.origins["batch"]));
    // Without a ground nothing is known to hold, and another profile is none of its business.
    assert_eq!(resolved(&set, "coder").profile.threads, Threads::Auto);
    assert!(!on(&set, "algorithm", &[], &ground()).is_tuned);
}

#[test]
fn what_the_user_says_wins() {
    let text = tuned(&[("threads", 3.into()), ("batch", 512.into())]);
    let set = with(&text, [source("coder", Level::User, "threads = 2")]);
    let profile = on(&set, "coder", &[], &ground()).resolved.profile;
    assert_eq!((profile.threads, profile.batch), (Threads::Count(2), 512));
    let found = on(&set, "coder", &["batch=64"], &ground());
    assert_eq!(found.resolved.profile.batch, 64);
    assert!(found.resolved.own.contains("batch") && found.resolved.own.contains("threads"));
    assert!(!found.resolved.own.contains("context"));
    // Who copies a shipped profile copies "auto" with it, and has chosen nothing.
    let set = with(&text, [source("coder", Level::User, "threads = \"auto\"")]);
    let profile = on(&set, "coder", &[], &ground()).resolved.profile;
    assert_eq!(profile.threads, Threads::Count(3));
    let profile = on(&set, "coder", &["threads=auto"], &ground())
        .resolved
        .profile;
    assert_eq!(profile.threads, Threads::Auto);
}

#[test]
fn elsewhere_they_are_ignored_with_a_hint() {
    let set = with(&tuned(&[("threads", 3.into())]), []);
    let other = |change: fn(&mut Ground)| {
        let mut ground = ground();
        change(&mut ground);
        let found = on(&set, "coder", &[], &ground);
        assert_eq!(found.resolved.profile.threads, Threads::Auto);
        found.hint.expect("a hint")
    };
    let hint = other(|ground| ground.host = "h2".to_owned());
    assert_eq!(
        hint,
        "~/profiles/coder.tuned.toml is ignored: it was made on another machine, or with other limits \
         on this one; `orchestrate tune coder` makes it anew, and with --remove removes it"
    );
    let hint = other(|ground| ground.build = "b12000".to_owned());
    assert!(
        hint.contains("another build of llama.cpp (b11434, not b12000)"),
        "{hint}"
    );
    assert!(other(|ground| ground.model = "m2".to_owned()).contains("another model"));
}

#[test]
fn what_is_wrong_with_them_is_in_nobodys_way() {
    let good = tuned(&[("threads", 3.into())]);
    for (text, why) in [
        (
            good.replace("version = 1", "version = 2"),
            "version 2 of its format",
        ),
        ("threads = 3".to_owned(), "does not say the version"),
        ("=".to_owned(), "line 1: "),
        (
            good.replace("threads = 3", "threads = \"many\""),
            "\"threads\"",
        ),
        (
            good.replace("threads = 3", "max_tokens = 3"),
            "no key that can be tuned",
        ),
        (
            good.replace("threads = 3", "micro_batch = 512"),
            "micro_batch",
        ),
    ] {
        let found = on(&with(&text, []), "coder", &[], &ground());
        assert!(!found.is_tuned);
        let hint = found.hint.expect("a hint");
        assert!(hint.contains(why), "{hint}");
    }
}

#[test]
fn every_key_that_can_be_tuned_is_one_and_is_taken_over() {
    let (mut to, from) = (resolved(&set([]), "coder").profile, {
        let overrides = [
            "batch=99",
            "micro_batch=33",
            "threads=5",
            "batch_threads=6",
            "kv_type_k=q8_0",
            "kv_type_v=q8_0",
            "flash_attention=on",
            "load_mode=read",
            "extra_args=[\"--no-repack\"]",
        ];
        let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
        assert_eq!(overrides.len(), TUNED_KEYS.len());
        set([]).resolve("coder", &overrides).unwrap().profile
    });
    assert_ne!(to, from);
    to.take_tuned(&from);
    assert_eq!(to, from);
}

proptest! {
    #[test]
    fn any_text_is_tuned_settings_or_ignored(text in "\\PC{0,80}|(\\[tuned\\]\nversion = 1\n|host = \"h1\"\n|[a-z]+ = [0-9]\n){0,9}") {
        let set = with(&text, []);
        prop_assert!(set.resolve_on("coder", &[], &ground()).is_ok());
    }
}
