//! Whatever an older configuration holds: nothing panics, nothing is written when that is only tried, and
//! what is written are profiles that resolve.
#![no_main]

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use orchestrate::profile::ProfileError;
use orchestrate::profiles::{Import, Request, execute};
use orchestrate::store::Places;

fuzz_target!(|bytes: &[u8]| {
    let root = std::env::temp_dir().join(format!("orchestrate-fuzz-{}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(root.join("user/profiles")).expect("a directory");
    fs::create_dir_all(root.join("current")).expect("a directory");
    fs::write(root.join("current/older.json"), bytes).expect("written");
    let places = Places {
        user: root.join("user"),
        current: root.join("current"),
        home: None,
    };
    let import = |dry_run| {
        Request::Import(Import {
            from: "older.json".into(),
            force: false,
            dry_run,
            json: false,
        })
    };
    let mut told = Vec::new();
    let tried = execute(&import(true), &places, &mut told);
    assert_eq!(files(&root), 1, "it was only tried");
    let done = execute(&import(false), &places, &mut told);
    assert_eq!(tried.is_ok(), done.is_ok());
    let profiles = places.profiles().expect("profiles");
    for name in profiles.names() {
        match profiles.resolve(name, &[]) {
            Ok(_) => {}
            Err(ProfileError::Missing { .. }) => panic!("{name} is listed"),
            Err(error) => panic!("{error}"),
        }
    }
    let _ = fs::remove_dir_all(&root);
});

/// Files below a directory.
fn files(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).expect("readable");
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}
