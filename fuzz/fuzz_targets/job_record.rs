//! Whatever stands in the record of a job, and whoever runs: nobody is ended whom the record does not
//! name and who does not carry its mark, nor descends from one of those; never we ourselves.
//!
//! Nothing is ended or removed here: what is checked is the decision.
#![no_main]

use libfuzzer_sys::fuzz_target;
use orchestrate::supervise::check_record;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    // The record, and after an empty line the processes: number, start, parent, and a word if it is marked.
    let (record, processes) = text.split_once("\n\n").unwrap_or((&text, ""));
    let processes = processes.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let pid = words.next()?.parse().ok()?;
        let start = words.next()?.parse().ok()?;
        let parent = words.next()?.parse().ok()?;
        Some((pid, start, parent, words.next().is_some()))
    });
    check_record(record, processes);
});
