//! Whatever an older configuration holds: nothing panics, nothing is written when that is only tried, and
//! what is written are profiles that resolve.
#![no_main]

use std::fs;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use libfuzzer_sys::fuzz_target;
use orchestrate::profile::ProfileError;
use orchestrate::profiles::{Import, Request, Surroundings, execute};
use orchestrate::store::{Paths, Places};

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
    let paths = Paths::below(&root.join("own"));
    let surroundings = Surroundings {
        places: &places,
        paths: &paths,
        llama_dir: None,
    };
    let tried = answer(&import(true), &surroundings);
    assert_eq!(files(&root), 1, "it was only tried");
    let done = answer(&import(false), &surroundings);
    assert_eq!(tried, done);
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

/// Whether a request could be answered. An import waits for nothing, so that no runtime is needed.
fn answer(request: &Request, surroundings: &Surroundings<'_>) -> bool {
    let mut told = Vec::new();
    let mut answered = pin!(execute(request, surroundings, &mut told));
    match answered
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(answered) => answered.is_ok(),
        Poll::Pending => panic!("an import waits"),
    }
}

/// Files below a directory.
fn files(dir: &Path) -> usize {
    let entries = fs::read_dir(dir).expect("readable");
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}
