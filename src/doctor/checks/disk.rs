//! Disks: room, permissions, speed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::facts::{Directory, Facts, ModelDisk};
use super::super::finding::value::{count, text, texts};
use super::super::finding::{Finding, Value};
use crate::units::{Bytes, duration};

/// Less room than this, in bytes, and a build (0.9 GB), a history or an incident cannot be written.
const TOO_LITTLE: u64 = 1_000_000_000;
/// Less than this, in bytes, is used up by the next model or build.
const LITTLE: u64 = 5_000_000_000;
/// A model that needs longer than this to be read makes every first run after a reboot wait.
const LONG_LOAD: Duration = Duration::from_secs(60);

/// Whether the user's directories can be written.
pub(super) fn directories(facts: &Facts) -> Finding {
    let unwritable: Vec<String> = facts
        .directories
        .iter()
        .filter_map(|dir| {
            let reason = dir.unwritable.as_ref()?;
            Some(format!(
                "{} ({}): {reason}",
                dir.path.display(),
                dir.purpose
            ))
        })
        .collect();
    let finding = if unwritable.is_empty() {
        Finding::ok("cache and state can be written")
    } else {
        Finding::error(
            format!("cannot be written: {}", super::first_of(&unwritable)),
            "change its permissions, or set ORCHESTRATE_CACHE_DIR and ORCHESTRATE_STATE_DIR to \
             directories of your own",
        )
    };
    let told = |dir: &Directory| format!("{} {}", dir.purpose, dir.path.display());
    finding.fact("directories", texts(facts.directories.iter().map(told)))
}

/// Room on the disks.
pub(super) fn space(facts: &Facts) -> Finding {
    let mut devices = BTreeSet::new();
    let known = facts.directories.iter().filter_map(|dir| {
        let space = dir.space.as_ref().ok()?;
        // Nothing is ever written to a read-only one, and a shared one is told once.
        (!space.read_only && devices.insert(space.device)).then_some((dir, space.free_bytes))
    });
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|(_, free)| *free);
    let finding = match known.first() {
        None => Finding::unknown("no file system tells how much room it has"),
        Some((dir, free)) => {
            let found = format!(
                "{} free for {} ({})",
                Bytes(*free),
                dir.path.display(),
                dir.purpose
            );
            let remedy = "`orchestrate clean` removes old builds; ORCHESTRATE_CACHE_DIR and \
                          ORCHESTRATE_STATE_DIR move what is kept to another disk";
            if *free < TOO_LITTLE {
                Finding::error(found, remedy)
            } else if *free < LITTLE {
                Finding::warning(found, remedy)
            } else {
                Finding::ok(found)
            }
        }
    };
    let told = |dir: &Directory| {
        let space = match &dir.space {
            Ok(space) if space.read_only => "read-only".to_owned(),
            Ok(space) => format!("{} free", Bytes(space.free_bytes)),
            Err(reason) => format!("unknown, {reason}"),
        };
        format!("{} {}: {space}", dir.purpose, dir.path.display())
    };
    let least = known.first().map(|(_, free)| count(*free));
    finding
        .fact("least_free_bytes", least)
        .fact("directories", texts(facts.directories.iter().map(told)))
}

/// How fast the default profile's model can be read.
pub(super) fn speed(facts: &Facts) -> Finding {
    let (path, bytes, sample) = match &facts.model_disk {
        ModelDisk::NotRead(reason) => return Finding::not_applicable(reason.clone()),
        ModelDisk::Failed(reason) => return Finding::unknown(reason),
        ModelDisk::Read {
            path,
            bytes,
            sample,
        } => (path, *bytes, sample),
    };
    let Some(rate) = sample.bytes_per_second() else {
        return Finding::unknown("nothing of the model could be read in the time for it");
    };
    let speed = speed_of(rate);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a time for people, of a disk that varies"
    )]
    let load = Duration::try_from_secs_f64(bytes as f64 / rate).unwrap_or(Duration::MAX);
    let cold = format!(
        "{speed}: {} from cold take at least {}",
        Bytes(bytes),
        duration::short(load)
    );
    let finding = if !sample.uncached {
        Finding::note(format!(
            "{speed}, perhaps out of the page cache: says nothing sure about the disk"
        ))
    } else if load > LONG_LOAD {
        Finding::warning(
            cold,
            "move the model to a faster disk, or take a smaller quantisation; once it is in the page \
             cache it loads at the memory's speed",
        )
    } else {
        Finding::ok(cold)
    };
    let seconds = sample.took.as_secs_f64();
    finding
        .fact("model", text(path.display()))
        .fact("model_bytes", count(bytes))
        .fact("sample_bytes", count(sample.bytes))
        .fact("sample_seconds", Value::Real(seconds))
        .fact("page_cache_bypassed", Value::Flag(sample.uncached))
        .fact("bytes_per_second", Value::Real(rate))
}

fn speed_of(bytes_per_second: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a finite, positive figure for people"
    )]
    let bytes = bytes_per_second as u64;
    format!("{}/s", Bytes(bytes))
}
