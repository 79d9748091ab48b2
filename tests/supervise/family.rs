//! Nothing that a job has started outlives it, wherever it went; and nobody else is touched.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use orchestrate::supervise::{Job, Status, running_children};
use tokio::time::timeout;

use super::{CANARY, finish, is_alive, is_listed, polite, start, until, wait_for};

/// Takes events until the child has written a number and a newline.
async fn number(job: &mut Job) -> String {
    let mut seen = String::new();
    while !seen.ends_with('\n') {
        match timeout(CANARY, job.next()).await.expect("output in time") {
            Some(orchestrate::supervise::Event::Stdout(bytes)) => {
                seen.push_str(&String::from_utf8_lossy(&bytes));
            }
            other => panic!("no number: {other:?}"),
        }
    }
    seen.trim().to_owned()
}

#[tokio::test]
async fn a_grandchild_that_left_the_group_is_gone_after_the_job() {
    let mut job = start("setsid sleep 1000 & echo $!; exit 0");
    let pid = number(&mut job).await;
    let (_, _, report) = finish(&mut job).await;
    assert_eq!(report.status, Status::Code(0));
    assert!(report.group_empty && !report.pipe_leaked, "{report:?}");
    assert_eq!(report.swept, 1);
    assert!(!is_listed(&pid), "it is ended and reaped");
}

#[tokio::test]
async fn a_daemon_is_gone_after_the_job() {
    // Its parent has ended before, and so did the leader of its session.
    let mut job = start("setsid sh -c 'sleep 1000 & echo $!' & wait; exit 0");
    let pid = number(&mut job).await;
    let (_, _, report) = finish(&mut job).await;
    assert!(report.group_empty && report.swept == 1, "{report:?}");
    assert!(!is_listed(&pid));
}

#[tokio::test]
async fn a_daemon_without_our_environment_is_known_by_its_descent() {
    let mut job = start("setsid env -i /bin/sh -c '/bin/sleep 1000 & echo $!; wait' & wait");
    let pid = number(&mut job).await;
    let seen: Vec<_> = job.vitals().processes;
    assert!(seen.iter().any(|process| process.pid.to_string() == pid));
    job.kill();
    let (_, _, report) = finish(&mut job).await;
    assert!(report.group_empty, "{report:?}");
    assert!(!is_listed(&pid));
}

#[tokio::test]
async fn jobs_do_not_sweep_each_other() {
    let script = "setsid sh -c 'sleep 1000 & echo $!' & wait; exec sleep 1000";
    let mut jobs = [start(script), start(script)];
    let mut pids = Vec::new();
    for job in &mut jobs {
        pids.push(number(job).await);
    }
    let [mut first, mut second] = jobs;
    first.kill();
    let (_, _, report) = finish(&mut first).await;
    assert!(report.group_empty);
    assert!(!is_listed(&pids[0]));
    assert!(is_alive(&pids[1]) && is_alive(&second.pid().to_string()));
    second.kill();
    let (_, _, report) = finish(&mut second).await;
    assert!(report.group_empty);
    assert!(!is_listed(&pids[1]));
}

#[tokio::test]
async fn the_children_of_others_are_neither_ended_nor_reaped() {
    let mut helper = std::process::Command::new("sh");
    let mut helper = helper
        .args(["-c", "exit 5"])
        .process_group(0)
        .spawn()
        .expect("sh");
    let mut sleeper = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .expect("sleep");
    let mut job = start("setsid sleep 1000 & exit 0");
    let (_, _, report) = finish(&mut job).await;
    assert!(report.group_empty);
    assert!(is_alive(&sleeper.id().to_string()));
    assert_eq!(helper.wait().expect("it is there still").code(), Some(5));
    sleeper.kill().expect("it is there still");
    sleeper.wait().expect("and so is its exit");
}

#[tokio::test]
async fn an_orphan_that_ends_while_the_job_lives_leaves_no_zombie() {
    let mut job = start("setsid sh -c 'sleep 0.3 & echo $!' & wait; echo ready; exec sleep 1000");
    let pid = number(&mut job).await;
    let pid = pid.lines().next().expect("a line").to_owned();
    until("it is reaped", || !is_listed(&pid)).await;
    job.kill();
    let _ = finish(&mut job).await;
}

/// A group of cgroup v1 in which a frozen process does not hear even SIGKILL: as one that waits for a
/// broken disk.
struct Freezer(PathBuf);

impl Freezer {
    fn new(name: &str) -> Option<Self> {
        let dir = Path::new("/sys/fs/cgroup/freezer");
        let dir = dir.join(format!("{name}-{}", std::process::id()));
        match fs::create_dir(&dir) {
            Ok(()) => Some(Self(dir)),
            Err(error) => {
                println!("skipped: no cgroup v1 freezer can be made here: {error}");
                None
            }
        }
    }

    fn freeze(&self, pid: &str) {
        fs::write(self.0.join("cgroup.procs"), pid).expect("moved");
        fs::write(self.0.join("freezer.state"), "FROZEN").expect("frozen");
    }

    fn thaw(&self) {
        fs::write(self.0.join("freezer.state"), "THAWED").expect("thawed");
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("freezer.state"), "THAWED");
        let _ = fs::remove_dir(&self.0);
    }
}

#[tokio::test]
async fn a_leader_that_cannot_be_ended_is_reported_and_reaped_later() {
    let Some(freezer) = Freezer::new("leader") else {
        return;
    };
    let mut job = start("echo ready; exec sleep 1000");
    wait_for(&mut job, "ready").await;
    let pid = job.pid().to_string();
    freezer.freeze(&pid);
    job.kill();
    let (_, _, report) = finish(&mut job).await;
    assert_eq!(report.status, Status::Unended);
    assert!(!report.group_empty);
    let left: Vec<_> = report.quarantined.iter().map(|left| left.pid).collect();
    assert_eq!(left, [job.pid()]);
    assert!(is_alive(&pid));
    freezer.thaw();
    until("it is reaped", || !is_listed(&pid)).await;
    assert_eq!(job.vitals().processes, []);
}

#[tokio::test]
async fn a_grandchild_that_cannot_be_ended_is_quarantined() {
    let Some(freezer) = Freezer::new("grandchild") else {
        return;
    };
    let mut job = start("setsid sleep 1000 & echo $!; wait");
    let pid = number(&mut job).await;
    freezer.freeze(&pid);
    job.kill();
    let (_, _, report) = finish(&mut job).await;
    assert_eq!(report.status, Status::Signal(libc::SIGKILL));
    assert!(!report.group_empty && report.swept == 1, "{report:?}");
    assert_eq!(report.quarantined.len(), 1);
    let told = report.quarantined[0].to_string();
    assert_eq!(told, format!("sleep (process {pid}, state D)"));
    freezer.thaw();
    until("it is reaped", || !is_listed(&pid)).await;
}

/// What is asked of a run by the smoke test: that it is noticed when it stands still, and gone afterwards.
#[tokio::test]
async fn a_frozen_child_stands_still_until_a_ladder_ends_it() {
    let mut job = start("echo here; exec sleep 1000");
    wait_for(&mut job, "here").await;
    job.freeze();
    let stat = format!("/proc/{}/stat", job.pid());
    let is_stopped = || fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "));
    until("it is stopped", is_stopped).await;
    assert!(running_children().contains(&job.pid()));
    let pid = job.pid();
    job.stop(polite(CANARY));
    let (_, _, report) = finish(&mut job).await;
    assert_eq!(report.status, Status::Signal(libc::SIGINT));
    assert!(!running_children().contains(&pid));
}
