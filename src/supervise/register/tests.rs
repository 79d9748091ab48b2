use std::collections::BTreeMap;

use proptest::prelude::*;

use super::decide::{Seen, Sighting, Verdict, verdict};
use super::*;

fn identity(pid: u32, start_ticks: u64) -> Identity {
    Identity { pid, start_ticks }
}

fn record() -> Record {
    Record {
        version: VERSION,
        name: "10-100-1".to_owned(),
        boot: Some("this".to_owned()),
        namespace: Some("pid:[1]".to_owned()),
        supervisor_pid: 10,
        supervisor: Some(identity(10, 100).into()),
        leader: Some(identity(20, 200).into()),
        leftovers: Vec::new(),
    }
}

/// We are process 90, a child of 80.
fn sighting(processes: impl IntoIterator<Item = (u32, u64, u32, bool)>) -> Sighting {
    let around = [(80, 1, 1, false), (90, 2, 80, false), (1, 0, 0, false)];
    let processes: Vec<Seen> = processes
        .into_iter()
        .chain(around)
        .map(|(pid, start, parent, is_marked)| Seen {
            identity: identity(pid, start),
            parent,
            is_marked,
        })
        .collect();
    let supervisor = processes.iter().find(|seen| seen.identity.pid == 10);
    Sighting {
        boot: Some("this".to_owned()),
        namespace: Some("pid:[1]".to_owned()),
        supervisor: supervisor.map(|seen| seen.identity),
        us: 90,
        processes,
    }
}

#[test]
fn a_living_supervisor_keeps_its_job() {
    let seen = sighting([(10, 100, 1, false), (20, 200, 10, true)]);
    assert_eq!(verdict(&record(), &seen), Verdict::Keep);
}

#[test]
fn what_is_left_of_a_dead_supervisor_is_ended() {
    // The leader, a descendant without the mark, a marked one that left, and a stranger.
    let seen = sighting([
        (20, 200, 1, true),
        (21, 210, 20, false),
        (30, 300, 1, true),
        (40, 400, 1, false),
    ]);
    let expected = [identity(20, 200), identity(21, 210), identity(30, 300)];
    assert_eq!(verdict(&record(), &seen), Verdict::End(expected.into()));
}

#[test]
fn the_supervisors_number_in_other_hands_is_no_supervisor() {
    let seen = sighting([(10, 999, 1, false), (20, 200, 1, false)]);
    let expected = vec![identity(20, 200)];
    assert_eq!(verdict(&record(), &seen), Verdict::End(expected));
}

#[test]
fn the_leaders_number_in_other_hands_is_a_stranger() {
    let seen = sighting([(20, 201, 1, false), (21, 300, 20, false)]);
    assert_eq!(verdict(&record(), &seen), Verdict::Clear);
}

#[test]
fn nobody_of_another_boot_is_ended() {
    let mut seen = sighting([(20, 200, 1, true)]);
    seen.boot = Some("next".to_owned());
    assert_eq!(verdict(&record(), &seen), Verdict::Clear);
    seen.boot = None;
    assert_eq!(verdict(&record(), &seen), Verdict::Keep);
}

#[test]
fn another_container_is_not_judged() {
    let mut seen = sighting([(20, 200, 1, true)]);
    seen.namespace = Some("pid:[2]".to_owned());
    assert_eq!(verdict(&record(), &seen), Verdict::Keep);
}

#[test]
fn who_was_started_from_within_the_job_ends_neither_itself_nor_its_parents() {
    let mut seen = sighting([(20, 200, 1, true), (21, 210, 20, true)]);
    seen.us = 21;
    assert_eq!(verdict(&record(), &seen), Verdict::Clear);
}

#[test]
fn a_circle_of_parents_ends_too() {
    let seen = sighting([(50, 1, 51, false), (51, 1, 50, false)]);
    assert_eq!(verdict(&record(), &seen), Verdict::Clear);
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let text = serde_json::to_string(&record()).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record());
    // Version 1, as it was first written.
    let old = r#"{"version":1,"name":"10-100-1","boot":"this","namespace":"pid:[1]",
        "supervisor_pid":10,"supervisor":{"pid":10,"start_ticks":100},
        "leader":{"pid":20,"start_ticks":200},"leftovers":[]}"#;
    assert_eq!(serde_json::from_str::<Record>(old).unwrap(), record());
}

#[tokio::test]
async fn what_is_not_understood_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let files = ["job-a.json", "job-b.json", "other.json"];
    for name in files {
        fs::write(dir.path().join(name), "{\"version\":2}").unwrap();
    }
    let mut found = sweep_orphans(dir.path()).await;
    found.unreadable.sort();
    assert_eq!(
        found.unreadable,
        files[..2]
            .iter()
            .map(|name| dir.path().join(name))
            .collect::<Vec<_>>()
    );
    assert!(files.iter().all(|name| dir.path().join(name).exists()));
    assert_eq!(
        sweep_orphans(&dir.path().join("none")).await,
        Orphans::default()
    );
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_leftovers_of_another_boot_are_removed() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    let left = dir.path().join("run-x");
    fs::create_dir_all(left.join("deep")).unwrap();
    fs::write(&kept, "").unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&kept, &link).unwrap();
    let record = Record {
        boot: Some("another".to_owned()),
        leftovers: vec![left.clone(), link.clone(), dir.path().join("gone")],
        ..record()
    };
    let file = dir.path().join("job-10-100-1.json");
    fs::write(&file, serde_json::to_string(&record).unwrap()).unwrap();
    let found = sweep_orphans(dir.path()).await;
    assert_eq!(found.removed, [left.clone(), link.clone()]);
    assert!(!left.exists() && !link.is_symlink() && kept.exists() && !file.exists());
}

proptest! {
    /// Whatever is running: only those that the record names, by number and start, those that carry
    /// its mark, and their descendants are ended.
    #[test]
    fn no_stranger_is_ever_ended(
        processes in prop::collection::vec((2u32..40, 190u64..210, 0u32..40, prop::bool::weighted(0.1)), 0..30)
    ) {
        let mut unique = BTreeMap::new();
        for process in processes {
            unique.insert(process.0, process);
        }
        let seen = sighting(unique.into_values());
        if let Verdict::End(members) = verdict(&record(), &seen) {
            for member in members {
                prop_assert!(member.pid != seen.us && member.pid != 1);
                prop_assert!(is_accounted_for(member, &seen));
            }
        }
    }
}

/// By a walk of its own: up from the process to somebody of the record.
fn is_accounted_for(member: Identity, seen: &Sighting) -> bool {
    let mut next = Some(member.pid);
    for _ in 0..50 {
        let Some(process) = next.and_then(|pid| {
            seen.processes
                .iter()
                .find(|process| process.identity.pid == pid)
        }) else {
            return false;
        };
        if process.is_marked || process.identity == identity(20, 200) {
            return true;
        }
        next = Some(process.parent);
    }
    false
}
