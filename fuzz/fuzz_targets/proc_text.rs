//! Whatever `/proc` says: nothing panics, names are in the text that names them, and a folder of a cgroup
//! is never one that nobody mounted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orchestrate::supervise::proc_text::{
    Io, Stat, Syscall, Throttling, cpu_cgroups, numbers, resident_and_peak, wait_channel,
};

fuzz_target!(|input: (&str, &str)| {
    let (text, other) = input;
    if let Some(stat) = Stat::parse(text) {
        assert!(text.contains(&format!("({})", stat.name)));
        let _ = stat.has_ended();
    }
    if let Some(syscall) = Syscall::parse(text) {
        let _ = syscall.is_on_stdin(0);
    }
    if let (Some(one), Some(two)) = (Throttling::parse(text), Throttling::parse(other)) {
        assert!(one.plus(two).times >= one.times);
    }
    if let Some(name) = wait_channel(text) {
        assert!(text.contains(name));
    }
    let _ = (
        Io::parse(text),
        resident_and_peak(text),
        numbers(text).count(),
    );
    if !other.contains(" - cgroup") {
        assert!(cpu_cgroups(text, other).is_empty());
    }
    let _ = cpu_cgroups(other, text);
});
