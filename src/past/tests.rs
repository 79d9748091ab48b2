use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::history::{HostFacts, ModelFacts, RunRecord, Settings, verdict};

const NOW: u64 = 1_795_000_000_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

const POLICY: HistoryPolicy = HistoryPolicy {
    enabled: true,
    keep_days: 90,
    keep_rows: 100_000,
};

struct World {
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self { directory }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("history.db")
    }

    fn holds(&self, runs: &[RunRecord]) {
        let mut history = History::open(&self.path()).expect("opened");
        for run in runs {
            history.record(run).expect("written");
        }
    }

    fn ask(&self, request: &Request) -> Result<String, PastError> {
        let mut out = Vec::new();
        let path = self.path();
        let surroundings = Surroundings {
            path: &path,
            policy: POLICY,
            now_unix_ms: NOW,
            console: Console {
                stderr_is_terminal: false,
                stdout_is_terminal: false,
                stdin_is_terminal: false,
                quiet: true,
            },
        };
        execute(request, surroundings, &mut out)?;
        Ok(String::from_utf8(out).expect("text"))
    }

    fn answer(&self, request: &Request) -> String {
        let answer = self.ask(request);
        answer.unwrap_or_else(|error| panic!("{error}"))
    }
}

fn run(profile: &str, days_ago: u64) -> RunRecord {
    RunRecord {
        started_unix_ms: NOW - days_ago * DAY_MS,
        profile: profile.to_owned(),
        backend: "completion".to_owned(),
        host: HostFacts {
            fingerprint: "00000000000000aa".to_owned(),
            cpu_model: "AMD EPYC".to_owned(),
            cpus: 2,
            cpu_quota: None,
            memory_bytes: None,
        },
        model: ModelFacts {
            fingerprint: "00000000000000bb".to_owned(),
            path: "/models/a, or \"b\".gguf".to_owned(),
            name: None,
            architecture: "qwen2".to_owned(),
            quantization: None,
            file_bytes: 1_100_000_000,
        },
        build: "b11434".to_owned(),
        settings: Settings {
            hash: "00000000000000cc".to_owned(),
            json: r#"{"threads":2}"#.to_owned(),
        },
        prompt_tokens: Some(34),
        cached_tokens: None,
        generated_tokens: Some(112),
        load_ms: Some(1300.0),
        prefill_ms: Some(408.0),
        prefill_tokens_per_second: Some(83.3),
        ms_per_token: Some(207.4),
        ttft_ms: None,
        gap_p50_ms: None,
        gap_p95_ms: None,
        gap_p99_ms: None,
        gap_max_ms: None,
        total_ms: Some(23_200.0),
        peak_rss_bytes: None,
        verdict: verdict::DONE.to_owned(),
        exit_code: 0,
        limit_seconds: Some(120.0),
        incident: None,
    }
}

fn list(profile: Option<&str>, since: Option<&str>) -> Request {
    Request::List {
        selection: Selection {
            profile: profile.map(str::to_owned),
            since: since.map(str::to_owned),
        },
        limit: 20,
        json: false,
    }
}

fn export(format: ExportFormat, output: Option<PathBuf>) -> Request {
    Request::Export {
        selection: Selection::default(),
        format,
        output,
    }
}

/// The numbers in the first column below the head.
fn ids(table: &str) -> Vec<&str> {
    let rows = table.lines().skip(1);
    rows.filter_map(|row| row.split_whitespace().next())
        .collect()
}

#[test]
fn an_empty_history_is_no_mistake() {
    let world = World::new();
    assert!(world.answer(&list(None, None)).starts_with("no runs yet"));
    let json = world.answer(&export(ExportFormat::Json, None));
    assert_eq!(json, "{\"schema\":\"orchestrate.history/1\",\"runs\":[]}\n");
    assert_eq!(world.answer(&export(ExportFormat::Csv, None)), "");
    assert!(!world.path().exists());
    world.holds(&[run("coder", 0)]);
    let narrowed = world.answer(&list(Some("other"), None));
    assert!(narrowed.starts_with("no run like that"), "{narrowed}");
}

#[test]
fn the_table_is_narrowed_by_profile_and_time() {
    let world = World::new();
    world.holds(&[run("a", 30), run("b", 8), run("a", 6), run("b", 0)]);
    assert_eq!(ids(&world.answer(&list(None, None))), ["4", "3", "2", "1"]);
    assert_eq!(ids(&world.answer(&list(Some("a"), None))), ["3", "1"]);
    assert_eq!(ids(&world.answer(&list(None, Some("7d")))), ["4", "3"]);
    // NOW is 2026-11-18; the second run is of the 10th.
    let since = world.answer(&list(None, Some("2026-11-10")));
    assert_eq!(ids(&since), ["4", "3", "2"]);
    let error = world.ask(&list(None, Some("soon"))).expect_err("no time");
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.to_string().contains("such as 7d"), "{error}");
}

#[test]
fn the_table_fits_80_columns_whatever_is_in_it() {
    let world = World::new();
    let mut wide = run(&"long-name-".repeat(10), 0);
    wide.generated_tokens = Some(10_000_000);
    wide.ms_per_token = Some(1_234_567.0);
    wide.total_ms = Some(5_400_000.0 * 30.0);
    wide.verdict = verdict::INTERRUPTED.to_owned();
    world.holds(&[wide, run("coder", 1)]);
    let table = world.answer(&list(None, None));
    for line in table.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    assert!(table.contains("long-"), "{table}");
}

#[test]
fn a_run_is_shown_with_units_and_without_zeros_for_what_is_unknown() {
    let world = World::new();
    world.holds(&[run("coder", 0)]);
    let show = |id, json| Request::Show { id, json };
    let text = world.answer(&show(1, false));
    for line in [
        "started        2026-11-18T11:06:40.000Z",
        "load           1300.0 ms",
        "prefill speed  83.30 tokens/s",
        "decode speed   207 ms/token",
        "first text     not measured",
        "time limit     2m",
        "peak memory    not measured",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&world.answer(&show(1, true))).expect("JSON");
    assert_eq!(json["run"]["ms_per_token"], 207.4);
    assert_eq!(json["run"]["ttft_ms"], serde_json::Value::Null);
    assert_eq!(json["run"]["settings"]["threads"], 2);
    let error = world.ask(&show(9, false)).expect_err("no such run");
    assert_eq!(error.exit(), Exit::Usage);
    assert!(error.to_string().starts_with("no run 9"), "{error}");
}

#[test]
fn an_export_has_every_run_in_every_form() {
    let world = World::new();
    let many: Vec<_> = (0..PAGE + 2).map(|_| run("coder", 0)).collect();
    world.holds(&many);
    let json: serde_json::Value =
        serde_json::from_str(&world.answer(&export(ExportFormat::Json, None))).expect("JSON");
    assert_eq!(json["runs"].as_array().expect("a list").len(), many.len());

    let file = world.directory.path().join("runs.csv");
    let said = world.answer(&export(ExportFormat::Csv, Some(file.clone())));
    assert_eq!(said, "");
    let csv = std::fs::read_to_string(file).expect("written");
    let mut rows = csv.split("\r\n");
    let head = rows.next().expect("a head");
    assert!(
        head.starts_with("id,started,started_unix_ms,profile"),
        "{head}"
    );
    let first = rows.next().expect("a run");
    assert!(
        first.starts_with("1002,2026-11-18T11:06:40.000Z,"),
        "{first}"
    );
    assert!(first.contains(r#","/models/a, or ""b"".gguf","#), "{first}");
    assert!(first.ends_with(r#","{""threads"":2}""#), "{first}");

    let nowhere = PathBuf::from("/no/such/directory/runs.csv");
    let error = world.ask(&export(ExportFormat::Csv, Some(nowhere)));
    assert_eq!(error.expect_err("nowhere").exit(), Exit::Usage);
}

#[test]
fn pruning_removes_what_is_asked_and_otherwise_what_is_configured() {
    let world = World::new();
    world.holds(&[run("a", 100), run("a", 50), run("a", 40), run("a", 0)]);
    let prune = |older_than: Option<&str>, keep| Request::Prune {
        older_than: older_than.map(str::to_owned),
        keep,
        json: true,
    };
    let answer = |removed, kept| {
        format!("{{\"schema\":\"orchestrate.history/1\",\"removed\":{removed},\"kept\":{kept}}}\n")
    };
    assert_eq!(world.answer(&prune(None, None)), answer(1, 3));
    assert_eq!(world.answer(&prune(Some("45d"), None)), answer(1, 2));
    assert_eq!(world.answer(&prune(None, Some(1))), answer(1, 1));
    let error = world.ask(&prune(Some("90"), None)).expect_err("no unit");
    assert_eq!(error.exit(), Exit::Usage);
}
