//! What the documents promise, held against the code.

use std::fs;
use std::path::Path;

use orchestrate::dialect::OLDEST_SUPPORTED_BUILD;
use orchestrate::exit::Exit;

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_readme_publishes_every_exit_code_and_no_other() {
    let readme = document("README.md");
    let section = readme
        .split("## Exit codes")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .expect("a section on exit codes");
    let rows: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---"))
        .skip(1)
        .collect();
    let published: Vec<String> = Exit::ALL
        .iter()
        .map(|(exit, meaning)| format!("| {} | {meaning} |", exit.code()))
        .collect();
    assert_eq!(rows, published);
}

#[test]
fn the_documents_name_the_minimum_rust_that_the_manifest_has() {
    let manifest = document("Cargo.toml");
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .expect("a rust-version")
        .trim_matches('"');
    for name in ["README.md", "scripts/setup.sh"] {
        assert!(
            document(name).contains(&format!("Rust {version}")),
            "{name} does not name Rust {version}"
        );
    }
}

#[test]
fn the_documents_name_the_oldest_supported_build() {
    for name in ["README.md", "CHANGELOG.md"] {
        assert!(
            document(name).contains(&format!("b{OLDEST_SUPPORTED_BUILD}")),
            "{name} does not name b{OLDEST_SUPPORTED_BUILD}"
        );
    }
}

#[test]
fn every_make_target_that_a_document_names_is_one() {
    let makefile = document("Makefile");
    for name in [
        "README.md",
        "CONTRIBUTING.md",
        "scripts/demo-model/README.md",
    ] {
        for word in document(name).split("make ").skip(1) {
            let target: String = word
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect();
            let is_target = makefile.contains(&format!("\n{target}:"));
            // "make" is also a verb; a target stands in code.
            let in_code = document(name).contains(&format!("`make {target}`"));
            assert!(is_target || !in_code, "{name}: make {target}");
        }
    }
}
