//! What `supervise` promises, held against real processes.

mod family;
mod register;
mod vitals;

use std::ffi::OsString;
use std::time::Duration;

use orchestrate::supervise::{
    Event, ExitReport, Job, Ladder, Rung, SpawnError, Spec, Status, StopSignal,
};
use tokio::time::timeout;

/// Nothing here takes longer; whatever does is hung.
const CANARY: Duration = Duration::from_secs(20);

fn spec(script: &str) -> Spec {
    Spec {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())],
        stdin: Vec::new(),
        register: None,
    }
}

fn start(script: &str) -> Job {
    Job::spawn(spec(script)).expect("sh starts")
}

/// Takes events until standard output has shown `text`.
async fn wait_for(job: &mut Job, text: &str) {
    let mut seen = String::new();
    while !seen.contains(text) {
        match timeout(CANARY, job.next()).await.expect("output in time") {
            Some(Event::Stdout(bytes)) => seen.push_str(&String::from_utf8_lossy(&bytes)),
            Some(Event::Stderr(_)) => {}
            other => panic!("ended before it said {text:?}: {other:?}"),
        }
    }
}

/// Everything until the end: (standard output by writes, bytes of standard error, report).
async fn finish(job: &mut Job) -> (Vec<Vec<u8>>, Vec<u8>, ExitReport) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        match timeout(CANARY, job.next()).await.expect("ends in time") {
            Some(Event::Stdout(bytes)) => stdout.push(bytes),
            Some(Event::Stderr(bytes)) => stderr.extend(bytes),
            Some(Event::Exited(report)) => {
                assert!(job.next().await.is_none(), "the exit is the last event");
                return (stdout, stderr, report);
            }
            other => panic!("no report: {other:?}"),
        }
    }
}

fn polite(patience: Duration) -> Ladder {
    Ladder::new([
        Rung {
            signal: StopSignal::Interrupt,
            patience,
        },
        Rung {
            signal: StopSignal::Terminate,
            patience,
        },
    ])
}

fn is_alive(pid: &str) -> bool {
    // A zombie whose new parent has not looked yet is not alive.
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.contains(") Z") && !stat.contains(") X"))
}

/// Waits until something has come to pass that no event tells of.
#[cfg(target_os = "linux")]
async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(timeout(CANARY, waiting).await.is_ok(), "never: {what}");
}

/// Whether there is an entry in the table of processes: not even a zombie is left without one.
#[cfg(target_os = "linux")]
fn is_listed(pid: &str) -> bool {
    std::path::Path::new("/proc").join(pid).exists()
}

#[tokio::test]
async fn carries_both_outputs_the_input_and_the_exit_code() {
    let mut job = Job::spawn(Spec {
        stdin: b"from stdin".to_vec(),
        ..spec("cat; echo oops >&2; exit 7")
    })
    .expect("sh starts");
    let (stdout, stderr, report) = finish(&mut job).await;
    assert_eq!(stdout.concat(), b"from stdin");
    assert_eq!(stderr, b"oops\n");
    assert_eq!(report.status, Status::Code(7));
    assert!(report.ladder.is_empty() && report.group_empty && !report.pipe_leaked);
    assert!(report.swept == 0 && report.quarantined.is_empty());
    assert!(report.usage.peak_rss_bytes > 100 * 1024, "{report:?}");
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn keeps_the_writes_of_standard_output_apart() {
    let mut job = start("printf one; printf two; printf ' [end of text]\\n'");
    assert!(job.keeps_writes_apart());
    let (stdout, _, _) = finish(&mut job).await;
    assert_eq!(stdout, [&b"one"[..], b"two", b" [end of text]\n"]);
}

#[tokio::test]
async fn what_waits_in_the_pipe_is_carried_without_another_write() {
    let dir = tempfile::tempdir().expect("a directory");
    let written = dir.path().join("written");
    let mut job = start(&format!(
        "printf a; printf b; : > '{}'; exec sleep 1000",
        written.display()
    ));
    // Without an await: the owner task sees both writes at once.
    while !written.exists() {
        std::thread::yield_now();
    }
    wait_for(&mut job, "a").await;
    wait_for(&mut job, "b").await;
}

#[tokio::test]
async fn one_write_that_is_larger_than_the_pipe_is_carried_whole() {
    let mut job = start("dd if=/dev/zero bs=1000000 count=1 2>/dev/null");
    let (stdout, _, report) = finish(&mut job).await;
    assert_eq!(stdout.concat().len(), 1_000_000);
    assert_eq!(report.status, Status::Code(0));
}

#[tokio::test]
async fn passes_on_no_environment_but_the_given_one() {
    let (stdout, _, _) = finish(&mut start("env | cut -d= -f1 | sort | tr '\\n' ' '")).await;
    let names = String::from_utf8(stdout.concat()).expect("text");
    // What sh itself sets may be there; HOME, which every test runner has, must not.
    assert!(names.contains("PATH") && !names.contains("HOME"), "{names}");
}

#[tokio::test]
async fn climbs_to_sigkill_when_the_polite_signals_are_ignored() {
    let mut job = start("trap '' INT TERM; echo ready; while :; do sleep 0.05; done");
    wait_for(&mut job, "ready").await;
    job.stop(polite(Duration::from_millis(150)));
    let (_, _, report) = finish(&mut job).await;
    let signals: Vec<_> = report.ladder.iter().map(|step| step.signal).collect();
    assert_eq!(
        signals,
        [
            StopSignal::Interrupt,
            StopSignal::Terminate,
            StopSignal::Kill
        ]
    );
    assert_eq!(report.status, Status::Signal(libc::SIGKILL));
}

#[tokio::test]
async fn takes_no_further_rung_when_the_first_one_works() {
    let mut job = start("trap 'echo bye; exit 130' INT; echo ready; while :; do sleep 0.02; done");
    wait_for(&mut job, "ready").await;
    job.stop(polite(Duration::from_secs(10)));
    job.stop(Ladder::kill());
    let (stdout, _, report) = finish(&mut job).await;
    assert_eq!(
        stdout.concat(),
        b"bye\n",
        "output flows while the ladder is climbed"
    );
    assert_eq!(report.status, Status::Code(130));
    assert_eq!(report.ladder.len(), 1);
}

#[tokio::test]
async fn kill_does_not_wait_for_the_ladder() {
    let mut job = start("trap '' INT TERM; echo ready; while :; do sleep 0.05; done");
    wait_for(&mut job, "ready").await;
    job.stop(polite(Duration::from_secs(3600)));
    job.kill();
    let (_, _, report) = finish(&mut job).await;
    assert_eq!(report.status, Status::Signal(libc::SIGKILL));
}

#[tokio::test]
async fn continues_a_stopped_child_so_that_it_can_leave() {
    let mut job =
        start("trap 'exit 3' TERM; echo ready; kill -STOP $$; while :; do sleep 0.02; done");
    wait_for(&mut job, "ready").await;
    job.stop(Ladder::new([Rung {
        signal: StopSignal::Terminate,
        patience: Duration::from_secs(10),
    }]));
    let (_, _, report) = finish(&mut job).await;
    assert_eq!(report.status, Status::Code(3));
}

#[tokio::test]
async fn sweeps_the_group_even_after_a_polite_exit() {
    let mut job = start("sleep 1000 & echo $!; exit 0");
    let (stdout, _, report) = finish(&mut job).await;
    let pid = String::from_utf8(stdout.concat()).expect("a number");
    assert_eq!(report.status, Status::Code(0));
    assert!(report.group_empty && !report.pipe_leaked);
    assert!(!is_alive(pid.trim()), "the grandchild is gone");
    if cfg!(target_os = "linux") {
        assert_eq!(report.swept, 1);
    }
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn does_not_wait_for_a_pipe_that_a_stranger_holds() {
    let mut job = start("echo ready; exec sleep 1000");
    wait_for(&mut job, "ready").await;
    // We are the stranger.
    let path = format!("/proc/{}/fd/1", job.pid());
    let pipe = std::fs::OpenOptions::new().write(true).open(path);
    let pipe = pipe.expect("its end of the pipe");
    job.kill();
    let (_, _, report) = finish(&mut job).await;
    assert!(report.pipe_leaked && report.group_empty, "{report:?}");
    drop(pipe);
}

#[tokio::test]
async fn a_flood_on_standard_error_is_carried_in_bounded_memory() {
    let mut job = start("head -c 100000000 /dev/zero >&2");
    let mut bytes = 0;
    loop {
        match timeout(CANARY, job.next()).await.expect("flows") {
            Some(Event::Stderr(chunk)) => {
                assert!(chunk.len() <= 64 * 1024);
                bytes += chunk.len();
            }
            Some(Event::Exited(report)) => {
                assert_eq!(report.status, Status::Code(0));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(bytes, 100_000_000);
}

#[tokio::test]
async fn ends_a_child_that_nobody_listens_to() {
    let mut job = start("echo $$; while :; do echo flood flood flood; done");
    let first = match job.next().await {
        Some(Event::Stdout(bytes)) => String::from_utf8(bytes).expect("text"),
        other => panic!("{other:?}"),
    };
    let pid = first.lines().next().expect("a line").to_owned();
    drop(job);
    let gone = async {
        while is_alive(&pid) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(CANARY, gone).await.expect("killed and reaped");
}

#[tokio::test]
async fn names_the_program_that_cannot_be_started() {
    let error = Job::spawn(Spec {
        program: "/nowhere/llama".into(),
        args: Vec::<OsString>::new(),
        environment: Vec::new(),
        stdin: Vec::new(),
        register: None,
    })
    .expect_err("there is none");
    assert!(matches!(error, SpawnError::Exec { .. }));
    assert!(
        error.to_string().starts_with("start /nowhere/llama: "),
        "{error}"
    );
}
