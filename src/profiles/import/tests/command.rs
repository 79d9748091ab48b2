//! The command on real directories.

use std::fs;

use serde_json::{Value as Json, json};

use crate::exit::Exit;
use crate::profiles::import::source::parse;
use crate::profiles::import::{Import, ImportError};
use crate::profiles::tests::{World, world};
use crate::profiles::{ProfilesError, Request};

fn import(from: &str) -> Import {
    Import {
        from: from.into(),
        force: false,
        dry_run: false,
        json: false,
    }
}

fn refused(world: &World, import: Import) -> (String, String, Exit) {
    let (text, result) = world.ask(&Request::Import(import));
    let error = result.unwrap_err();
    (text, error.to_string(), error.exit())
}

const OLDER: &str = r#"{"memory_budget_mb": 4000, "models": {"mine": {"path": "m.gguf"}}}"#;

#[test]
fn the_users_own_directory_is_written_to_where_there_is_no_projects() {
    let world = world(&[("work/old/config.json", OLDER), ("work/old/m.gguf", "")]);
    let told = world.answer(&Request::Import(import("old/config.json")));
    assert!(
        told.starts_with(
            "wrote ROOT/config/profiles/mine.toml: profile mine, 1 key\n\
             wrote ROOT/config/orchestrate.toml: memory_budget\n"
        ),
        "{told}"
    );
    assert!(
        told.ends_with("try it: orchestrate run mine \"…\"\n"),
        "{told}"
    );
    assert!(!told.contains("missing"), "{told}");
    assert!(
        world
            .file("config/profiles/mine.toml")
            .contains("old/m.gguf")
    );
    let budget = world.places.config().unwrap().memory_budget.unwrap();
    assert_eq!(budget.to_string(), "4.0 GB");
}

#[test]
fn one_file_in_the_way_and_nothing_is_written() {
    let world = world(&[
        ("work/config.json", OLDER),
        ("config/orchestrate.toml", "memory_budget = \"1 GB\"\n"),
    ]);
    let (text, message, exit) = refused(&world, import("config.json"));
    let root = world.places.current.parent().unwrap().display().to_string();
    assert_eq!(
        (text.as_str(), message.replace(&root, "ROOT").as_str(), exit),
        (
            "",
            "ROOT/config/orchestrate.toml is there already, so nothing was written; --force replaces it",
            Exit::Usage
        )
    );
    assert!(!world.places.user_profiles().exists());
    let forced = Import {
        force: true,
        json: true,
        ..import("config.json")
    };
    let told: Json = serde_json::from_str(&world.answer(&Request::Import(forced))).unwrap();
    assert_eq!(told["written"], true);
    assert_eq!(told["files"][0]["profile"], "mine");
    assert_eq!(told["files"][0]["keys"]["model"], "models.mine.path");
    assert_eq!(told["files"][1]["existed"], true);
    assert_eq!(told["notes"][0]["path"], "memory_budget_mb");
    assert!(world.file("config/orchestrate.toml").contains("4000 MB"));
    let left: Vec<_> = fs::read_dir(&world.places.user).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn behind_a_link_the_file_itself_is_replaced() {
    let world = world(&[
        ("work/config.json", OLDER),
        ("config/profiles/other.toml", ""),
        ("home/dotfiles/mine.toml", "# older\n"),
    ]);
    let link = world.places.user_profiles().join("mine.toml");
    let file = world
        .places
        .home
        .clone()
        .unwrap()
        .join("dotfiles/mine.toml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let force = Import {
        force: true,
        ..import("config.json")
    };
    world.answer(&Request::Import(force));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&file).unwrap().contains("m.gguf"));
}

#[test]
fn a_dry_run_writes_nothing_and_fails_where_a_run_would() {
    let world = world(&[("work/config.json", OLDER)]);
    let dry = Import {
        dry_run: true,
        ..import("config.json")
    };
    let told = world.answer(&Request::Import(dry.clone()));
    assert!(
        told.contains("\n    memory_budget = \"4000 MB\"\n"),
        "{told}"
    );
    assert_eq!(fs::read_dir(&world.places.user).unwrap().count(), 0);
    world.answer(&Request::Import(import("config.json")));
    let (told, _, exit) = refused(&world, dry);
    assert!(told.starts_with("would replace "), "{told}");
    assert_eq!(exit, Exit::Usage);
}

#[test]
fn what_is_no_older_configuration_is_told() {
    let large = " ".repeat(1 << 21);
    let world = world(&[
        ("work/bad.json", "{\n  \"models\": {,}\n}"),
        ("work/large.json", &large),
        (
            "work/empty.json",
            "{\"models\": {\"a\": {\"n_ctx\": 1}}, \"memory_budget_mb\": 4000}",
        ),
        ("work/list.json", "[]"),
    ]);
    fs::write(world.places.current.join("binary.json"), b"{\xff").unwrap();
    let needs = "no model could become a profile; it needs {\"models\": {\"NAME\": {\"path\": \"FILE.gguf\"}}}";
    for (file, message, exit) in [
        (
            "bad.json",
            "bad.json:2:14: no JSON: key must be a string".to_owned(),
            3,
        ),
        (
            "binary.json",
            "binary.json: not valid UTF-8 at byte 1".to_owned(),
            3,
        ),
        (
            "large.json",
            "failed to read large.json: larger than 1 MiB, which no configuration is".to_owned(),
            2,
        ),
        (
            "empty.json",
            format!("nothing to import from empty.json: {needs}"),
            3,
        ),
        (
            "list.json",
            format!("nothing to import from list.json: {needs}"),
            3,
        ),
        (".", "failed to read .: not a regular file".to_owned(), 2),
    ] {
        let (_, told, code) = refused(&world, import(file));
        assert_eq!((told, code.code()), (message, exit));
    }
    let (_, told, exit) = refused(&world, import("gone.json"));
    assert!(told.starts_with("failed to read gone.json: "), "{told}");
    assert_eq!(exit, Exit::Usage);
    assert_eq!(fs::read_dir(&world.places.user).unwrap().count(), 0);
    let (told, _, _) = refused(&world, import("empty.json"));
    assert!(
        told.contains("left out: models.a: no model file is said"),
        "{told}"
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    assert_eq!(parse(b"\xef\xbb\xbf[]".to_vec(), "x").unwrap(), json!([]));
    let error: ProfilesError = ImportError::Exist(vec!["a".into(), "b".into()]).into();
    assert!(error.to_string().starts_with("a, b are there already"));
}
