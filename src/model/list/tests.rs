use std::fs;
use std::path::Path;

use super::*;
use crate::gguf::made::{F32, Made, tiny};
use crate::store::{Found, ShelfKind};

const QUIET: Console = Console {
    stderr_is_terminal: false,
    stdout_is_terminal: false,
    stdin_is_terminal: false,
    quiet: true,
};

fn found(directory: &Path, names: &[&str]) -> Vec<Found> {
    let found = |name: &&str| Found {
        kind: ShelfKind::LlamaCpp,
        name: name.trim_end_matches(".gguf").to_owned(),
        path: directory.join(name),
    };
    names.iter().map(found).collect()
}

fn part(number: u32) -> Vec<u8> {
    let made = Made::new()
        .text("general.architecture", "llama")
        .number("split.no", number)
        .number("split.count", 3);
    made.tensor(&format!("t{number}"), &[8], F32, &[0; 32])
        .bytes()
}

#[test]
fn each_model_is_listed_once() {
    let root = tempfile::tempdir().expect("a directory");
    let at = |name: &str| root.path().join(name);
    fs::write(at("a.gguf"), tiny(Made::new()).bytes()).expect("written");
    std::os::unix::fs::symlink("a.gguf", at("b.gguf")).expect("linked");
    fs::hard_link(at("a.gguf"), at("c.gguf")).expect("linked");
    for number in 0..3 {
        fs::write(
            at(&format!("s-0000{}-of-00003.gguf", number + 1)),
            part(number),
        )
        .expect("written");
    }
    let all = [
        "a.gguf",
        "b.gguf",
        "c.gguf",
        "s-00001-of-00003.gguf",
        "s-00002-of-00003.gguf",
        "s-00003-of-00003.gguf",
    ];
    let models = gather::models(found(root.path(), &all), QUIET);
    let [one, split] = &models[..] else {
        panic!("{models:?}");
    };
    assert_eq!(
        (one.name.as_str(), &one.also_at[..]),
        ("a", &[at("b.gguf"), at("c.gguf")][..])
    );
    assert_eq!((one.parameters, one.kind), (Some(160), Some("model")));
    assert_eq!(
        (split.name.as_str(), split.parts, split.parameters),
        ("s", 3, Some(24))
    );
    let sizes: u64 = (0..3).map(|number| part(number).len() as u64).sum();
    assert_eq!((split.file_bytes, &split.problem), (sizes, &None));
}

#[test]
fn what_is_wrong_with_a_model_is_told_beside_it() {
    let root = tempfile::tempdir().expect("a directory");
    let at = |name: &str| root.path().join(name);
    let whole = tiny(Made::new()).bytes();
    fs::write(at("cut.gguf"), &whole[..100]).expect("written");
    fs::write(at("s-00002-of-00003.gguf"), part(1)).expect("written");
    fs::write(at("empty.gguf"), "").expect("written");
    let names = [
        "cut.gguf",
        "s-00002-of-00003.gguf",
        "empty.gguf",
        "gone.gguf",
    ];
    let models = gather::models(found(root.path(), &names), QUIET);
    let told: Vec<&str> = models
        .iter()
        .filter_map(|one| one.problem.as_deref())
        .collect();
    let [cut, missing, empty, gone] = &told[..] else {
        panic!("{told:?}");
    };
    assert!(
        cut.starts_with("the file is cut off: it has 100 bytes"),
        "{cut}"
    );
    assert_eq!(*missing, "s-00001-of-00003.gguf and 1 more is missing");
    assert_eq!(
        (*empty, *gone),
        ("the file is empty", "there is no such file")
    );
}

#[test]
fn thousands_of_models_are_no_trouble() {
    let root = tempfile::tempdir().expect("a directory");
    let bytes = tiny(Made::new()).bytes();
    let names: Vec<String> = (0..2000).map(|number| format!("{number}.gguf")).collect();
    for name in &names {
        fs::write(root.path().join(name), &bytes).expect("written");
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let models = gather::models(found(root.path(), &names), QUIET);
    assert_eq!(models.len(), 2000);
    // In their order, whichever thread has read them.
    assert!(
        models
            .iter()
            .zip(&names)
            .all(|(model, name)| model.path.ends_with(name))
    );
}
