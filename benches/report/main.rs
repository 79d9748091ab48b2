//! What a year of nights takes: 365 of them with 20 cases each, every trial of them in the history, and each
//! case changed twice, which takes the longest to find. Exits with 1 where the database or the time for a report
//! is above what is promised.
#![expect(
    clippy::disallowed_types,
    reason = "this measures with the real clock, and has nothing to wait for"
)]

#[path = "../../tests/common/nights.rs"]
mod nights;

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use nights::{HERE, LAST_NIGHT, Nights};
use orchestrate::history::History;
use orchestrate::report::{ReportRequest, Surroundings, report};
use orchestrate::ui::Console;

/// Most time for a report, in seconds.
const MOST_SECONDS: f64 = 2.0;
/// Most bytes of the database.
const MOST_BYTES: u64 = 100_000_000;
const ROUNDS: usize = 5;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("history.db");
    let began = Instant::now();
    let year = Nights {
        with_trials: 365,
        restless: true,
        ..Nights::new(365, 20)
    };
    let mut history = History::open(&path)?;
    year.fill(&mut history)?;
    history.close();
    let database = fs::metadata(&path)?.len();
    println!(
        "365 nights of 20 cases, written in {:.1} s",
        began.elapsed().as_secs_f64()
    );
    let mut best = f64::INFINITY;
    let mut page = Vec::new();
    for _ in 0..ROUNDS {
        page.clear();
        let began = Instant::now();
        let request = ReportRequest {
            since: None,
            suite: None,
            host: None,
            output: None,
            json: false,
            accepted: tokio::time::Instant::now(),
        };
        let surroundings = Surroundings {
            history: &path,
            host: HERE.to_owned(),
            now_unix_ms: LAST_NIGHT,
            console: Console {
                stderr_is_terminal: false,
                stdout_is_terminal: false,
                stdin_is_terminal: false,
                quiet: true,
            },
        };
        report(&request, &surroundings, &mut page)?;
        best = best.min(began.elapsed().as_secs_f64());
    }
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    println!(
        "database     {:>8.1} MB   limit {:.0} MB",
        megabytes(database),
        megabytes(MOST_BYTES)
    );
    println!("page         {:>8.1} MB", megabytes(page.len() as u64));
    println!("report       {best:>8.2} s    limit {MOST_SECONDS} s, best of {ROUNDS}");
    let is_kept = best <= MOST_SECONDS && database <= MOST_BYTES;
    println!("promise {}", if is_kept { "kept" } else { "BROKEN" });
    Ok(ExitCode::from(u8::from(!is_kept)))
}
