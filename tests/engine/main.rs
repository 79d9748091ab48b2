//! What the engine promises to whoever measures with it, held against scripted programs and real ones.

#[path = "../common/mod.rs"]
mod common;

mod drill;
mod llama_bench;
mod real;

use std::path::Path;

use orchestrate::profile::{Override, Profile};
use orchestrate::store::Places;

/// The shipped profile of the embedded model with these changes, whatever the user has made of it.
fn shipped(changes: &[(&str, &str)]) -> Profile {
    // No file is below a device.
    let nowhere = Path::new("/dev/null");
    let places = Places {
        user: nowhere.to_owned(),
        current: nowhere.to_owned(),
        home: None,
    };
    let set = places.profiles().expect("the shipped profiles");
    let changes: Vec<_> = changes
        .iter()
        .map(|(key, value)| Override::new("--set", key, value))
        .collect();
    set.resolve("coder", &changes).expect("it resolves").profile
}
