//! The cases in the binary.

use super::cases::EMBEDDED;
use super::{Task, parse};

#[test]
fn every_case_of_the_repository_is_in_the_binary_and_can_be_read() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("smoke");
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            path.file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    let mut embedded = EMBEDDED.map(|(name, _)| name.to_owned());
    embedded.sort();
    assert_eq!(names, embedded);
    for (name, text) in EMBEDDED {
        let case = parse(name, name, text).unwrap_or_else(|error| panic!("{error}"));
        // With its name and its program it stays on a line of 80 columns.
        assert!(case.about.len() <= 64 && case.name.len() <= 16, "{case:?}");
        assert!(matches!(case.task, Task::Generate(_)) || name == "arguments");
    }
}

#[test]
fn the_document_tells_of_every_key() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let document = std::fs::read_to_string(path).expect("a document");
    for key in super::parse::KEYS.iter().chain(&super::parse::EXPECT_KEYS) {
        assert!(document.contains(&format!("\n| `{key}` | ")), "{key}");
    }
}
