use proptest::prelude::*;

use super::*;

// Captured on Linux 6.18, x86-64: a `cat` that waits for its input.
const STAT: &str = "29405 (cat) S 29364 29361 23792 0 -1 4194304 76 0 3 4 7 5 20 1 20 0 1 0 2343831 \
    3133440 394 18446744073709551615 94815563419648 94815563439529 140733331239696 0 0 0 0 0 0 1 0 0 \
    17 1 0 0 0 0 0 94815563455536 94815563457152 94816630804480 140733331245377 140733331245381 \
    140733331245381 140733331247083 0\n";
const IO: &str = "rchar: 6976\nwchar: 12\nsyscr: 10\nsyscw: 0\nread_bytes: 4096\nwrite_bytes: 8192\n\
    cancelled_write_bytes: 0\n";
const STATUS: &str = "Name:\tcat\nUmask:\t0022\nState:\tS (sleeping)\nVmPeak:\t    3060 kB\n\
    VmHWM:\t    1752 kB\nVmRSS:\t    1750 kB\nRssAnon:\t     116 kB\n";
const SYSCALL: &str = "0 0x0 0x7fbc46470000 0x20000 0x7fbc46503b60 0xffffffff 0x0 0x7fff08377068 \
    0x7fbc465ec2ad\n";

// Captured on a hybrid system: cgroup v1, and v2 beside it without controllers.
const HYBRID: &str =
    "9:name=systemd:/\n4:memory:/process_api/b92e\n2:cpuacct:/\n1:cpu:/job\n0::/\n";
const HYBRID_MOUNTS: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

#[test]
fn a_stat_line_is_read() {
    let stat = Stat::parse(STAT).expect("understood");
    let expected = Stat {
        pid: 29405,
        name: "cat".to_owned(),
        state: State::Sleeping,
        parent: 29364,
        group: 29361,
        session: 23792,
        major_faults: 3,
        reaped_major_faults: 4,
        cpu: Duration::from_millis(120),
        reaped_cpu: Duration::from_millis(210),
        threads: 1,
        start_ticks: 2_343_831,
    };
    assert_eq!(stat, expected);
    assert!(!stat.has_ended());
}

#[test]
fn a_zombie_has_ended_unless_other_threads_live_on() {
    let line = |threads| format!("7 (a) Z 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 {threads} 0 99 0");
    assert!(Stat::parse(&line(1)).unwrap().has_ended());
    assert!(!Stat::parse(&line(8)).unwrap().has_ended());
}

#[test]
fn what_is_cut_off_is_not_understood() {
    assert_eq!(Stat::parse(&STAT[..60]), None);
    assert_eq!(Stat::parse(""), None);
    assert_eq!(Io::parse("rchar: 1\n"), None);
    assert_eq!(Syscall::parse("0\n"), None);
    assert_eq!(Throttling::parse("nr_throttled 3\n"), None);
}

#[test]
fn bytes_and_memory_are_read() {
    let io = Io {
        read_by_calls: 6976,
        written_by_calls: 12,
        read_bytes: 4096,
        write_bytes: 8192,
    };
    assert_eq!(Io::parse(IO), Some(io));
    let memory = (Some(1750 * 1024), Some(1752 * 1024));
    assert_eq!(resident_and_peak(STATUS), memory);
    // A zombie has no memory lines.
    assert_eq!(resident_and_peak("Name:\tcat\n"), (None, None));
}

#[test]
fn a_read_of_standard_input_is_known_on_each_architecture() {
    let x86 = Syscall::parse(SYSCALL).unwrap();
    assert!(x86.is_on_stdin(0) && !x86.is_on_stdin(63));
    let arm = Syscall::parse("63 0x0 0xffff 0x20000 0x0 0x0 0x0 0xffffd 0xffff1").unwrap();
    assert!(arm.is_on_stdin(63) && !arm.is_on_stdin(0));
    let other = Syscall::parse("0 0x3 0x0 0x0 0x0 0x0 0x0 0x0 0x0").unwrap();
    assert!(!other.is_on_stdin(0));
    assert_eq!(Syscall::parse("running\n"), Some(Syscall::Running));
    let fault = Syscall::parse("-1 0x7fff08377068 0x7fbc465ec2ad");
    assert_eq!(fault, Some(Syscall::Outside));
}

#[test]
fn wait_channels_are_known_by_the_names_of_each_kernel() {
    assert_eq!(wait_channel("anon_pipe_read"), Some("anon_pipe_read"));
    assert_eq!(wait_channel("0"), None);
    assert_eq!(wait_channel(""), None);
    for name in ["anon_pipe_read", "pipe_read"] {
        assert!(waits_to_read_a_pipe(name) && !waits_to_write_a_pipe(name));
    }
    for name in ["anon_pipe_write", "pipe_write"] {
        assert!(waits_to_write_a_pipe(name) && !waits_to_read_a_pipe(name));
    }
}

#[test]
fn throttling_is_read_from_both_versions() {
    let v1 = "nr_periods 9\nnr_throttled 3\nthrottled_time 2000000\nnr_bursts 0\nburst_time 0\n";
    let v2 = "usage_usec 37502802271\nuser_usec 1\nsystem_usec 2\nnr_periods 9\nnr_throttled 3\n\
              throttled_usec 2000\nnr_bursts 0\nburst_usec 0\n";
    let expected = Throttling {
        times: 3,
        total: Duration::from_millis(2),
    };
    assert_eq!(Throttling::parse(v1), Some(expected));
    assert_eq!(Throttling::parse(v2), Some(expected));
    // The root of cgroup v2 has no quota, and so no such lines.
    assert_eq!(Throttling::parse("usage_usec 1\nuser_usec 1\n"), None);
}

#[test]
fn every_cgroup_on_the_way_up_is_found() {
    let found = cpu_cgroups(HYBRID, HYBRID_MOUNTS);
    let expected = [
        "/sys/fs/cgroup/cpu/job",
        "/sys/fs/cgroup/cpu",
        "/sys/fs/cgroup/unified",
    ];
    assert_eq!(found, expected.map(PathBuf::from));
}

#[test]
fn a_container_sees_only_its_part_of_the_tree() {
    let mounts = "30 23 0:26 /docker/ab /sys/fs/cgroup ro,nosuid shared:4 - cgroup2 cgroup rw\n";
    let found = cpu_cgroups("0::/docker/ab/x\n", mounts);
    let expected = ["/sys/fs/cgroup/x", "/sys/fs/cgroup"].map(PathBuf::from);
    assert_eq!(found, expected);
    assert_eq!(cpu_cgroups("0::/elsewhere\n", mounts), [] as [PathBuf; 0]);
    let above = "30 23 0:26 / /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
    assert_eq!(cpu_cgroups("0::/../x\n", above), [] as [PathBuf; 0]);
}

#[test]
fn joint_controllers_and_escaped_paths_are_understood() {
    let mounts = "32 31 0:29 / /my\\040cgroups/cpu rw - cgroup cgroup rw,cpu,cpuacct\n";
    let found = cpu_cgroups("4:cpu,cpuacct:/a\n", mounts);
    let expected = ["/my cgroups/cpu/a", "/my cgroups/cpu"].map(PathBuf::from);
    assert_eq!(found, expected);
    assert_eq!(unescaped("a\\"), "a\\");
    assert_eq!(unescaped("a\\04é"), "a\\04é");
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in "[\\PC\n\\\\]{0,200}", other in "[-a-z0-9 /:,.\\\\\n]{0,200}") {
        for text in [&text, &other] {
            let _ = (Stat::parse(text), Io::parse(text), resident_and_peak(text));
            let _ = (Syscall::parse(text), wait_channel(text), Throttling::parse(text));
            let _ = (numbers(text).count(), cpu_cgroups(text, &other), cpu_cgroups(&other, text));
        }
    }

    #[test]
    fn a_name_cannot_be_taken_for_fields(name in "[\\PC() \n]{0,15}", parent: u32, start: u64) {
        let line = format!("5 ({name}) D {parent} 6 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} 0 0");
        let stat = Stat::parse(&line).expect("understood");
        prop_assert_eq!(stat.name, name);
        prop_assert_eq!((stat.parent, stat.start_ticks), (parent, start));
        prop_assert_eq!(stat.state, State::Uninterruptible);
    }

    #[test]
    fn a_folder_is_never_outside_of_its_mount(cgroup in "0::/[a./]{0,12}", root in "/[a/]{0,4}") {
        let mounts = format!("1 2 0:1 {root} /mnt rw - cgroup2 cgroup rw\n");
        for folder in cpu_cgroups(&cgroup, &mounts) {
            prop_assert!(folder.starts_with("/mnt"));
            prop_assert!(!folder.iter().any(|part| part == ".."));
        }
    }

    #[test]
    fn any_letter_survives(letter in any::<char>()) {
        let known = State::from_letter(letter).letter();
        prop_assert!(known == letter || letter == 'x');
    }
}
