//! What is told of a job's processes, held against processes that do one thing each.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use orchestrate::supervise::Vitals;
use orchestrate::supervise::proc_text::State;

use super::{finish, start, until, wait_for};

/// Whether this system tells a thing; says so if it does not.
fn is_told(vitals: &Vitals, name: &str) -> bool {
    let told = !vitals.missing.contains(&name);
    if !told {
        println!("skipped: this system does not offer {name}");
    }
    told
}

#[tokio::test]
async fn a_wait_for_standard_input_is_seen() {
    let dir = tempfile::tempdir().expect("a directory");
    let fifo = dir.path().join("fifo");
    let script = format!("mkfifo '{0}'; exec <> '{0}'; exec cat", fifo.display());
    let job = start(&script);
    until("cat waits", || job.vitals().waits_for_input()).await;
    let vitals = job.vitals();
    assert_eq!(vitals.processes[0].name, "cat");
    assert_eq!(vitals.processes[0].state, State::Sleeping);
    assert!(!vitals.waits_for_a_reader());
}

#[tokio::test]
async fn a_wait_for_a_reader_is_seen() {
    let dir = tempfile::tempdir().expect("a directory");
    let fifo = dir.path().join("fifo");
    let script = format!(
        "mkfifo '{0}'; exec 1<> '{0}'; exec dd if=/dev/zero bs=1000",
        fifo.display()
    );
    let job = start(&script);
    if is_told(&job.vitals(), "/proc/PID/wchan") {
        until("dd waits", || job.vitals().waits_for_a_reader()).await;
        let io = job.vitals().totals().io.expect("told");
        assert!(io.written_by_calls > 0, "{io:?}");
    }
}

#[tokio::test]
async fn a_stopped_process_and_a_busy_one_are_told_apart() {
    let job = start("sh -c 'kill -STOP $$' & while :; do :; done");
    let is_seen = |vitals: &Vitals| {
        let stopped = vitals
            .processes
            .iter()
            .any(|one| one.state == State::Stopped);
        stopped && vitals.totals().cpu >= Duration::from_millis(50)
    };
    until("both are seen", || is_seen(&job.vitals())).await;
    let vitals = job.vitals();
    assert!(vitals.processes.len() >= 2);
    assert_eq!(vitals.processes[0].pid, job.pid(), "the leader comes first");
    assert!(vitals.processes.iter().all(|one| one.in_group));
    assert!(vitals.totals().rss_bytes > 100 * 1024);
}

#[tokio::test]
async fn each_process_is_told_once_however_often_it_is_looked_at() {
    let job = start("sleep 1000 & exec sleep 1000");
    until("both are there", || job.vitals().processes.len() == 2).await;
    for _ in 0..3 {
        let vitals = job.vitals();
        let pids: Vec<_> = vitals.processes.iter().map(|one| one.pid).collect();
        assert_eq!(pids.len(), 2, "{pids:?}");
        assert_ne!(pids[0], pids[1]);
    }
}

#[tokio::test]
async fn whoever_left_the_group_is_there_and_after_the_end_nobody() {
    let mut job = start("setsid sleep 1000 & echo ready; wait");
    wait_for(&mut job, "ready").await;
    let probe = job.probe();
    let has_left = |vitals: &Vitals| vitals.processes.iter().any(|one| !one.in_group);
    until("it leaves", || has_left(&probe.vitals())).await;
    job.kill();
    let _ = finish(&mut job).await;
    assert_eq!(probe.vitals(), Vitals::default());
}

/// A group of cgroup v1 that may use 5 % of one CPU.
struct Quota(PathBuf);

impl Quota {
    fn new() -> Option<Self> {
        let dir = Path::new("/sys/fs/cgroup/cpu");
        let dir = dir.join(format!("quota-{}", std::process::id()));
        match fs::create_dir(&dir).and_then(|()| fs::write(dir.join("cpu.cfs_quota_us"), "5000")) {
            Ok(()) => Some(Self(dir)),
            Err(error) => {
                println!("skipped: no CPU quota of cgroup v1 can be set here: {error}");
                None
            }
        }
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[tokio::test]
async fn a_cpu_quota_shows_as_throttling() {
    let Some(quota) = Quota::new() else {
        return;
    };
    let mut job = start("while :; do :; done");
    let before = job.vitals().throttling;
    fs::write(quota.0.join("cgroup.procs"), job.pid().to_string()).expect("moved");
    let times = |vitals: Vitals| vitals.throttling.map_or(0, |throttling| throttling.times);
    let first = times(job.vitals());
    until("it is throttled", || times(job.vitals()) > first).await;
    assert_ne!(job.vitals().throttling, before);
    job.kill();
    let _ = finish(&mut job).await;
}
