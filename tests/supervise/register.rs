//! What a supervisor leaves behind that is killed outright is swept by the next start.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;

use orchestrate::supervise::{Event, Job, Orphans, Register, Spec, sweep_orphans};

use super::{finish, is_alive, spec, until};

/// Says to `a_supervisor_to_be_killed` where to work.
const DIR: &str = "SUPERVISOR_TO_BE_KILLED";

fn kept_in(dir: &Path, script: &str) -> Spec {
    Spec {
        register: Some(Register {
            dir: dir.to_owned(),
            leftovers: vec![dir.join("socket")],
        }),
        ..spec(script)
    }
}

fn records(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a directory").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("job-")).collect()
}

#[tokio::test]
async fn a_job_is_on_record_until_nothing_of_it_is_left() {
    let dir = tempfile::tempdir().expect("a directory");
    let script = format!("ls '{}'", dir.path().display());
    let mut job = Job::spawn(kept_in(dir.path(), &script)).expect("sh starts");
    let (stdout, _, report) = finish(&mut job).await;
    let listed = String::from_utf8(stdout.concat()).expect("text");
    assert!(listed.contains("job-"), "before the program runs: {listed}");
    assert!(report.group_empty);
    assert_eq!(records(dir.path()), [] as [String; 0]);

    let nowhere = kept_in(&dir.path().join("none"), "true");
    let error = Job::spawn(nowhere).expect_err("there is no directory");
    assert!(
        error.to_string().starts_with("keep /bin/sh on record in "),
        "{error}"
    );
    let not_there = Spec {
        program: "/nowhere/llama".into(),
        ..kept_in(dir.path(), "")
    };
    assert!(Job::spawn(not_there).is_err());
    assert_eq!(records(dir.path()), [] as [String; 0]);
}

#[tokio::test]
async fn a_living_job_is_left_alone() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("socket")).expect("a directory");
    let mut job = Job::spawn(kept_in(dir.path(), "exec sleep 1000")).expect("sh starts");
    assert_eq!(sweep_orphans(dir.path()).await, Orphans::default());
    assert!(is_alive(&job.pid().to_string()) && dir.path().join("socket").exists());
    assert_eq!(records(dir.path()).len(), 1);
    job.kill();
    let _ = finish(&mut job).await;
}

#[tokio::test]
async fn what_a_killed_supervisor_leaves_is_swept() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("socket")).expect("a directory");
    let mut stranger = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .expect("sleep");
    let us = std::env::current_exe().expect("this program");
    let mut supervisor = std::process::Command::new(us)
        .args([
            "--ignored",
            "--exact",
            "register::a_supervisor_to_be_killed",
        ])
        .env(DIR, dir.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a supervisor");
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    until("it has started a job", || read("pids").ends_with('\n')).await;
    let pids = read("pids");
    let (leader, orphan) = pids.trim().split_once(' ').expect("two numbers");
    supervisor.kill().expect("it is there");
    supervisor.wait().expect("it ends");
    until("its child dies with it", || !is_alive(leader)).await;
    assert!(is_alive(orphan), "the kernel ends the direct child only");

    let swept = sweep_orphans(dir.path()).await;
    assert_eq!(swept.ended, 1, "{swept:?}");
    assert_eq!(swept.removed, [dir.path().join("socket")]);
    assert!(swept.quarantined.is_empty());
    assert!(!is_alive(orphan) && !dir.path().join("socket").exists());
    assert_eq!(records(dir.path()), [] as [String; 0]);
    assert!(is_alive(&stranger.id().to_string()));
    stranger.kill().expect("it is there");
    stranger.wait().expect("it ends");
}

/// Not a test: the supervisor of the test above, as a program of its own.
#[tokio::test]
#[ignore = "the supervisor of another test"]
async fn a_supervisor_to_be_killed() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let dir = Path::new(&dir);
    let script = "setsid sleep 1000 & echo $!; wait";
    let mut job = Job::spawn(kept_in(dir, script)).expect("sh starts");
    while let Some(event) = job.next().await {
        if let Event::Stdout(number) = event {
            let number = String::from_utf8(number).expect("a number");
            let text = format!("{} {number}", job.pid());
            fs::write(dir.join("pids"), text).expect("written");
        }
    }
}
