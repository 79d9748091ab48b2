//! Whatever stands in the place of the history: nothing panics, and it is a history or an error. What
//! cannot be read is set aside, never lost.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use orchestrate::history::{Filter, History, Retention};

fuzz_target!(|bytes: &[u8]| {
    let state = std::env::temp_dir().join(format!("orchestrate-fuzz-{}", std::process::id()));
    let _ = fs::remove_dir_all(&state);
    fs::create_dir_all(&state).expect("a directory");
    let path = state.join("history.db");
    fs::write(&path, bytes).expect("written");
    if let Ok(mut history) = History::open(&path) {
        for stored in history.recent(&Filter::default()).unwrap_or_default() {
            let times = [stored.run.load_ms, stored.run.ms_per_token];
            assert!(
                times
                    .into_iter()
                    .flatten()
                    .all(|ms| ms.is_finite() && ms >= 0.0)
            );
        }
        if let Ok(Some(expected)) = history.expected("host", "model", "b11434", "settings") {
            assert!(expected.runs > 0);
        }
        let _ = history.get(1);
        let _ = history.prune_if_due(Retention::new(90, 100_000), u64::MAX);
        if let Some(aside) = history.set_aside() {
            assert!(aside.is_file());
        }
    }
    let _ = fs::remove_dir_all(&state);
});
