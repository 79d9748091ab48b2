mod damage;
mod health;
mod nights;
mod steps;

use std::fs;
use std::path::PathBuf;
use std::thread;

use rusqlite::Connection;
use tempfile::TempDir;

use super::expected::median;
use super::*;

const HOST: &str = "00000000000000aa";
const MODEL: &str = "00000000000000bb";
const BUILD: &str = "b11434";
const SETTINGS: &str = "00000000000000cc";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

struct Home {
    directory: TempDir,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("state/history.db")
    }

    fn open(&self) -> History {
        History::open(&self.path()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A run is recorded, and all is in one file.
    fn record(&self) {
        let mut history = self.open();
        history.record(&run()).expect("written");
        history.close();
    }

    /// Puts these bytes in the place of the file.
    fn holds(&self, bytes: &[u8]) {
        create_private(self.path().parent().expect("a directory")).expect("created");
        fs::write(self.path(), bytes).expect("written");
    }

    /// A database that somebody else has made.
    fn database(&self, sql: &str) {
        self.holds(b"");
        let connection = Connection::open(self.path()).expect("opened");
        connection.execute_batch(sql).expect("valid SQL");
    }

    fn files(&self) -> Vec<String> {
        let state = self.path();
        let entries = fs::read_dir(state.parent().expect("a directory")).expect("readable");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// A run of which everything was measured.
fn run() -> RunRecord {
    RunRecord {
        started_unix_ms: 1_795_000_000_000,
        profile: "coder".to_owned(),
        backend: "completion".to_owned(),
        host: HostFacts {
            fingerprint: HOST.to_owned(),
            cpu_model: "AMD EPYC".to_owned(),
            cpus: 2,
            cpu_quota: Some(1.5),
            memory_bytes: Some(8 << 30),
        },
        model: ModelFacts {
            fingerprint: MODEL.to_owned(),
            path: "/models/a.gguf".to_owned(),
            name: Some("A".to_owned()),
            architecture: "qwen2".to_owned(),
            quantization: Some("Q4_K_M".to_owned()),
            file_bytes: 1_100_000_000,
        },
        build: BUILD.to_owned(),
        settings: Settings {
            hash: SETTINGS.to_owned(),
            json: r#"{"threads":2}"#.to_owned(),
        },
        prompt_tokens: Some(34),
        cached_tokens: Some(0),
        generated_tokens: Some(112),
        load_ms: Some(1300.0),
        prefill_ms: Some(408.0),
        prefill_tokens_per_second: Some(83.3),
        ms_per_token: Some(207.4),
        ttft_ms: Some(410.5),
        gap_p50_ms: Some(200.0),
        gap_p95_ms: Some(250.0),
        gap_p99_ms: Some(300.0),
        gap_max_ms: Some(301.5),
        total_ms: Some(23_200.0),
        peak_rss_bytes: Some(1_500_000_000),
        verdict: verdict::DONE.to_owned(),
        exit_code: 0,
        limit_seconds: Some(120.0),
        incident: None,
    }
}

/// A run of which nothing was measured.
fn unmeasured() -> RunRecord {
    RunRecord {
        prompt_tokens: None,
        cached_tokens: None,
        generated_tokens: None,
        load_ms: None,
        prefill_ms: None,
        prefill_tokens_per_second: None,
        ms_per_token: None,
        ttft_ms: None,
        gap_p50_ms: None,
        gap_p95_ms: None,
        gap_p99_ms: None,
        gap_max_ms: None,
        total_ms: None,
        peak_rss_bytes: None,
        limit_seconds: None,
        verdict: verdict::CRASHED.to_owned(),
        exit_code: 7,
        incident: Some("2026-11-23-1".to_owned()),
        ..run()
    }
}

fn expected(history: &mut History) -> Option<Expected> {
    history
        .expected(HOST, MODEL, BUILD, SETTINGS)
        .expect("readable")
}

#[test]
fn what_was_recorded_comes_back() {
    let home = Home::new();
    let mut history = home.open();
    assert_eq!(history.record(&run()).expect("written"), 1);
    assert_eq!(history.record(&unmeasured()).expect("written"), 2);
    // Not by the same connection alone.
    drop(history);
    let mut history = home.open();
    let run = |id, run| StoredRun { id, run };
    let all = history.recent(&Filter::default()).expect("readable");
    assert_eq!(all, [run(2, unmeasured()), run(1, self::run())]);
    let first = history.get(1).expect("readable");
    assert_eq!(first, Some(run(1, self::run())));
    assert_eq!(history.get(3).expect("readable"), None);
    assert_eq!(history.count().expect("readable"), 2);
    assert_eq!(history.set_aside(), None);
}

#[test]
fn what_was_not_measured_is_null_and_so_is_what_is_no_number() {
    let home = Home::new();
    let mut history = home.open();
    let strange = RunRecord {
        load_ms: Some(f64::NAN),
        ms_per_token: Some(f64::INFINITY),
        ..unmeasured()
    };
    history.record(&strange).expect("written");
    let nulls: i64 = history
        .connection
        .query_row(
            "SELECT (load_ms IS NULL) + (ms_per_token IS NULL) + (prompt_tokens IS NULL) FROM runs",
            [],
            |row| row.get(0),
        )
        .expect("readable");
    assert_eq!(nulls, 3);
}

#[test]
fn a_filter_narrows_by_profile_start_number_and_page() {
    let home = Home::new();
    let mut history = home.open();
    for (profile, started_unix_ms) in [("a", 10), ("b", 20), ("a", 30), ("a", 40)] {
        let profile = profile.to_owned();
        let run = RunRecord {
            profile,
            started_unix_ms,
            ..run()
        };
        history.record(&run).expect("written");
    }
    let mut ids = |filter: Filter| -> Vec<u64> {
        let found = history.recent(&filter).expect("readable");
        found.iter().map(|stored| stored.id).collect()
    };
    let of_a = Filter {
        profile: Some("a".to_owned()),
        ..Filter::default()
    };
    assert_eq!(ids(of_a.clone()), [4, 3, 1]);
    let since_unix_ms = Some(20);
    assert_eq!(
        ids(Filter {
            since_unix_ms,
            ..of_a.clone()
        }),
        [4, 3]
    );
    let page = Filter {
        before_id: Some(4),
        limit: Some(2),
        ..Filter::default()
    };
    assert_eq!(ids(page), [3, 2]);
    assert_eq!(
        ids(Filter {
            limit: Some(0),
            ..of_a
        }),
        [] as [u64; 0]
    );
}

#[test]
fn expectations_rest_on_runs_that_ended_by_themselves() {
    let home = Home::new();
    let mut history = home.open();
    assert_eq!(expected(&mut history), None);
    let others = [
        unmeasured(),
        RunRecord {
            verdict: verdict::BUDGET.to_owned(),
            ..run()
        },
        RunRecord {
            generated_tokens: Some(15),
            ..run()
        },
        RunRecord {
            build: "b1".to_owned(),
            ..run()
        },
    ];
    for other in &others {
        history.record(other).expect("written");
    }
    assert_eq!(expected(&mut history), None);
    for (load_ms, gap_p99_ms, prompt_tokens) in [
        (Some(1000.0), Some(300.0), 34),
        (Some(3000.0), Some(900.0), 8),
        (None, Some(310.0), 34),
    ] {
        let run = RunRecord {
            load_ms,
            gap_p99_ms,
            prompt_tokens: Some(prompt_tokens),
            ..run()
        };
        history.record(&run).expect("written");
    }
    assert_eq!(
        expected(&mut history),
        Some(Expected {
            runs: 3,
            load_ms: Some(2000.0),
            prefill_tokens_per_second: Some(83.3),
            ms_per_token: Some(207.4),
            gap_p99_ms: Some(900.0),
        })
    );
}

#[test]
fn expectations_follow_the_latest_twenty_runs() {
    let home = Home::new();
    let mut history = home.open();
    for number in 0..25_u32 {
        let speed = if number < 15 { 100.0 } else { 400.0 };
        let run = RunRecord {
            ms_per_token: Some(speed),
            gap_p99_ms: Some(f64::from(1000 - number)),
            ..run()
        };
        history.record(&run).expect("written");
    }
    let expected = expected(&mut history).expect("twenty runs");
    assert_eq!((expected.runs, expected.gap_p99_ms), (20, Some(995.0)));
    // Ten of a hundred, ten of four hundred: between the two in the middle.
    assert_eq!(expected.ms_per_token, Some(250.0));
    assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
    assert_eq!(median(Vec::new()), None);
}

#[test]
fn pruning_keeps_what_is_young_enough_and_not_too_much_of_it() {
    let home = Home::new();
    let mut history = home.open();
    for day in 0..10 {
        let mut run = run();
        run.started_unix_ms = day * DAY_MS;
        run.model.fingerprint = day.to_string();
        history.record(&run).expect("written");
    }
    let now = 10 * DAY_MS;
    let retention = Retention::new(8, 100);
    assert_eq!(
        history.prune_if_due(retention, now).expect("pruned"),
        Some(2)
    );
    assert_eq!(
        history
            .prune_if_due(retention, now + DAY_MS - 1)
            .expect("read"),
        None
    );
    let one_more = history.prune_if_due(retention, now + DAY_MS);
    assert_eq!(one_more.expect("pruned"), Some(1));
    let fewer = history.prune(Retention::new(8, 3), now + DAY_MS);
    assert_eq!(fewer.expect("pruned"), 4);
    let left = history.recent(&Filter::default()).expect("readable");
    let ids: Vec<u64> = left.iter().map(|stored| stored.id).collect();
    assert_eq!(ids, [10, 9, 8]);
    let models: i64 = history
        .connection
        .query_row("SELECT count(*) FROM models", [], |row| row.get(0))
        .expect("readable");
    assert_eq!(models, 3);
    // Numbers of runs that are gone are not given to others.
    assert_eq!(
        history.prune(Retention::new(0, 0), now * 2).expect("all"),
        3
    );
    assert_eq!(history.record(&run()).expect("written"), 11);
}

#[test]
fn two_writers_at_once_lose_nothing() {
    const EACH: u64 = 40;
    let home = Home::new();
    let path = home.path();
    let writers: Vec<_> = (0..2)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || {
                for _ in 0..EACH {
                    // Each run is a process of its own, the first of which makes the file.
                    let mut history = History::open(&path).expect("opened");
                    history.record(&run()).expect("written");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("no panic");
    }
    let mut history = home.open();
    assert_eq!(history.count().expect("readable"), 2 * EACH);
    history.close();
    assert_eq!(home.files(), ["history.db"]);
}

#[test]
fn whoever_leaves_the_log_loses_nothing_and_the_log_does_not_grow_for_ever() {
    let home = Home::new();
    let mut longest = 0;
    for _ in 0..200 {
        let mut history = home.open();
        history.shorten_log().expect("shortened");
        history.record(&run()).expect("written");
        drop(history);
        longest = longest.max(log_bytes(&home.path()));
    }
    assert_eq!(
        home.files(),
        ["history.db", "history.db-shm", "history.db-wal"]
    );
    // A run more than was too long, and a run is no more than a tenth of it.
    assert!(
        (LONG_LOG..LONG_LOG + LONG_LOG / 10).contains(&longest),
        "{longest}"
    );
    let mut history = home.open();
    assert_eq!(history.count().expect("readable"), 200);
    history.close();
    assert_eq!(home.files(), ["history.db"]);
}

#[test]
fn what_was_open_for_long_is_looked_at_again() {
    let home = Home::new();
    let mut old = home.open();
    old.record(&run()).expect("written");
    // Somebody else has begun another one in its place.
    fs::remove_file(home.path()).expect("removed");
    for side in ["-wal", "-shm"] {
        let _ = fs::remove_file(crate::history::damage::with_suffix(&home.path(), side));
    }
    home.record();
    let mut fresh = old.refreshed().expect("opened");
    fresh.record(&run()).expect("written");
    assert_eq!(home.open().count().expect("readable"), 2);
    // A newer version has changed its format: it is neither written nor taken for damaged.
    let newer = Connection::open(home.path()).expect("opened");
    newer.pragma_update(None, "user_version", 99).expect("set");
    let error = fresh.refreshed().expect_err("newer");
    assert!(error.to_string().contains("newer version"), "{error}");
    assert!(
        home.files().iter().all(|name| !name.contains("corrupt")),
        "{:?}",
        home.files()
    );
}

#[test]
fn a_damaged_log_costs_its_own_runs_at_most() {
    let home = Home::new();
    home.record();
    let mut history = home.open();
    history.record(&run()).expect("written");
    drop(history);
    let log = crate::history::damage::with_suffix(&home.path(), "-wal");
    let mut bytes = fs::read(&log).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&log, bytes).expect("written");
    let mut history = home.open();
    let kept = history.count().expect("readable");
    assert!((1..=2).contains(&kept), "{kept}");
    assert!(history.set_aside().is_none());
}
