use super::*;

fn thread(state: State, channel: Option<&str>) -> ThreadVitals {
    ThreadVitals {
        tid: 7,
        name: "sh".to_owned(),
        state,
        cpu: Duration::ZERO,
        wait_channel: channel.map(str::to_owned),
    }
}

fn process(threads: Vec<ThreadVitals>) -> ProcessVitals {
    ProcessVitals {
        pid: 7,
        start_ticks: 1,
        name: "sh".to_owned(),
        state: State::Sleeping,
        in_group: true,
        cpu: Duration::from_millis(20),
        reaped_cpu: Duration::from_millis(10),
        major_faults: 2,
        reaped_major_faults: 1,
        io: None,
        rss_bytes: Some(4096),
        peak_rss_bytes: None,
        syscall: None,
        threads,
    }
}

#[test]
fn totals_hold_what_reaped_children_used() {
    let mut with_io = process(vec![thread(State::Running, None)]);
    with_io.io = Some(Io {
        read_bytes: 5,
        ..Io::default()
    });
    let dead = process(vec![thread(State::Zombie, None)]);
    let vitals = Vitals {
        processes: vec![with_io, dead],
        ..Vitals::default()
    };
    let totals = vitals.totals();
    assert_eq!(totals.cpu, Duration::from_millis(60));
    assert_eq!(totals.major_faults, 6);
    assert_eq!(totals.rss_bytes, 8192);
    assert_eq!(totals.threads, 1);
    assert_eq!(totals.io.unwrap().read_bytes, 5);
    assert_eq!(Vitals::default().totals().io, None);
}

#[test]
fn an_empty_pipe_is_a_wait_for_input_only_if_all_threads_wait_there() {
    let waiting = thread(State::Sleeping, Some("anon_pipe_read"));
    let busy = thread(State::Running, None);
    assert!(process(vec![waiting.clone()]).waits_for_input());
    assert!(!process(vec![waiting.clone(), busy]).waits_for_input());
    assert!(!process(Vec::new()).waits_for_input());
    let mut elsewhere = process(vec![waiting]);
    elsewhere.syscall = Some(Syscall::Blocked {
        number: 0,
        first_argument: 3,
    });
    assert!(!elsewhere.waits_for_input());
}

#[test]
fn a_stopped_process_waits_for_nobody() {
    let mut stopped = process(vec![thread(State::Sleeping, Some("anon_pipe_read"))]);
    stopped.syscall = Some(Syscall::Blocked {
        number: READ,
        first_argument: 0,
    });
    assert!(stopped.waits_for_input());
    for state in [State::Stopped, State::Traced] {
        stopped.state = state;
        assert!(!stopped.waits_for_input(), "{state:?}");
    }
}

#[test]
fn what_is_missing_is_named_once() {
    let silent = process(vec![thread(State::Sleeping, None)]);
    let named = missing(&[silent.clone(), silent], None);
    let expected = [
        "/proc/PID/io",
        "/proc/PID/syscall",
        "/proc/PID/wchan",
        "cpu.stat of a cgroup",
    ];
    assert_eq!(named, expected);
    // Nobody can tell what a dead process would have told.
    let mut dead = process(vec![thread(State::Zombie, None)]);
    dead.state = State::Zombie;
    assert_eq!(missing(&[dead], None), [] as [&str; 0]);
    assert_eq!(missing(&[], None), [] as [&str; 0]);
}
