//! The table of recent runs, and everything about one of them.

use std::io::{self, Write};
use std::time::Duration;

use super::when;
use crate::history::StoredRun;
use crate::ui::table;
use crate::units::{Bytes, MsPerToken, duration};

/// What a terminal is wide, at least.
const WIDTH: usize = 80;
/// Blanks between two columns of a table.
const GAP: usize = 2;
/// The fewest characters of a profile's name that tell it from others.
const LEAST_NAME: usize = 6;
/// The column that is shortened where the others need the room.
const PROFILE: usize = 2;

const HEAD: [&str; 7] = [
    "ID",
    "STARTED (UTC)",
    "PROFILE",
    "TOKENS",
    "MS/TOKEN",
    "TOTAL",
    "VERDICT",
];

/// Writes a table of 80 columns, whatever is in it.
pub(super) fn table(runs: &[StoredRun], out: &mut dyn Write) -> io::Result<()> {
    let mut rows = vec![HEAD.map(str::to_owned).to_vec()];
    rows.extend(runs.iter().map(row));
    let widest = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let others: usize = (0..HEAD.len())
        .filter(|&column| column != PROFILE)
        .map(widest)
        .sum();
    let room = WIDTH.saturating_sub(others + GAP * (HEAD.len() - 1));
    for row in &mut rows[1..] {
        row[PROFILE] = shortened(&row[PROFILE], room.max(LEAST_NAME));
    }
    table::write(&rows, &[0, 3, 4, 5], out)
}

fn row(stored: &StoredRun) -> Vec<String> {
    let run = &stored.run;
    let unknown = || "-".to_owned();
    let speed = run.ms_per_token.and_then(MsPerToken::new);
    vec![
        stored.id.to_string(),
        when::minute(run.started_unix_ms),
        run.profile.clone(),
        run.generated_tokens
            .map_or_else(unknown, |tokens| tokens.to_string()),
        speed.map_or_else(unknown, |speed| {
            speed.to_string().trim_end_matches(" ms/token").to_owned()
        }),
        run.total_ms.map_or_else(unknown, time),
        run.verdict.clone(),
    ]
}

fn shortened(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let mut start: String = text.chars().take(room - 1).collect();
    start.push('…');
    start
}

/// Milliseconds as a time for people.
fn time(ms: f64) -> String {
    let time = Duration::try_from_secs_f64(ms / 1000.0);
    duration::short(time.unwrap_or(Duration::MAX))
}

/// Writes everything that is known of a run, each figure with its unit.
pub(super) fn account(stored: &StoredRun, out: &mut dyn Write) -> io::Result<()> {
    let run = &stored.run;
    let unknown = || "not measured".to_owned();
    let tokens = |count: Option<u64>| count.map_or_else(unknown, |count| format!("{count} tokens"));
    let ms = |ms: Option<f64>| ms.map_or_else(unknown, |ms| format!("{ms:.1} ms"));
    let bytes = |bytes: Option<u64>| bytes.map_or_else(unknown, |bytes| Bytes(bytes).to_string());
    let limit = |seconds: f64| Duration::try_from_secs_f64(seconds).map(duration::exact);
    let rows = [
        ("run", stored.id.to_string()),
        ("started", when::exact(run.started_unix_ms)),
        ("profile", run.profile.clone()),
        ("backend", run.backend.clone()),
        ("verdict", run.verdict.clone()),
        ("exit code", run.exit_code.to_string()),
        (
            "incident",
            run.incident.clone().unwrap_or_else(|| "none".to_owned()),
        ),
        ("prompt", tokens(run.prompt_tokens)),
        ("from cache", tokens(run.cached_tokens)),
        ("generated", tokens(run.generated_tokens)),
        ("load", ms(run.load_ms)),
        ("prefill", ms(run.prefill_ms)),
        (
            "prefill speed",
            run.prefill_tokens_per_second
                .map_or_else(unknown, |rate| format!("{rate:.2} tokens/s")),
        ),
        (
            "decode speed",
            run.ms_per_token
                .and_then(MsPerToken::new)
                .map_or_else(unknown, |speed| speed.to_string()),
        ),
        ("first text", ms(run.ttft_ms)),
        ("gaps, p50", ms(run.gap_p50_ms)),
        ("gaps, p95", ms(run.gap_p95_ms)),
        ("gaps, p99", ms(run.gap_p99_ms)),
        ("gaps, longest", ms(run.gap_max_ms)),
        ("total", ms(run.total_ms)),
        ("peak memory", bytes(run.peak_rss_bytes)),
        (
            "time limit",
            run.limit_seconds
                .and_then(|seconds| limit(seconds).ok())
                .unwrap_or_else(|| "none".to_owned()),
        ),
        ("build", run.build.clone()),
        ("model", model(stored)),
        ("model file", run.model.path.clone()),
        ("host", host(stored)),
        (
            "settings",
            format!("{}: {}", run.settings.hash, run.settings.json),
        ),
    ];
    let rows = rows.map(|(name, value)| vec![name.to_owned(), value]);
    table::write(&rows, &[], out)
}

fn model(stored: &StoredRun) -> String {
    let model = &stored.run.model;
    let name = model.name.as_deref().unwrap_or("unnamed");
    let quantization = model.quantization.as_deref().unwrap_or("unknown");
    format!(
        "{}: {name} ({}, {quantization}, {})",
        model.fingerprint,
        model.architecture,
        Bytes(model.file_bytes)
    )
}

fn host(stored: &StoredRun) -> String {
    let host = &stored.run.host;
    let quota = host
        .cpu_quota
        .map(|quota| format!(", quota of {quota:.2} CPUs"));
    let memory = host
        .memory_bytes
        .map(|bytes| format!(", {} of memory", Bytes(bytes)));
    format!(
        "{}: {}, usable CPUs {}{}{}",
        host.fingerprint,
        host.cpu_model,
        host.cpus,
        quota.unwrap_or_default(),
        memory.unwrap_or_default()
    )
}
