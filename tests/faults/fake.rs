//! Does to a run of the fault kit's llama.cpp what a line of the table says.

use std::time::Duration;

use tokio::time::Instant;

use crate::case::{Backend, Case, Found, Name};
use crate::common::World;
use crate::observed::Observed;
use crate::row::Row;

/// The windows of all cases that do not ask for others: the shortest that can be set.
pub(crate) const WINDOW: Duration = Duration::from_secs(1);
const WINDOWS: [&str; 6] = [
    "--set",
    "watch.load=1s",
    "--set",
    "watch.prefill=1s",
    "--set",
    "watch.decode=1s",
];
/// A batch of 32 tokens, so that an honest prompt speaks often.
const BATCH: [&str; 2] = ["--set", "batch=32"];

/// The cases of the table: each line on each backend that it is for.
pub(crate) fn cases(rows: impl IntoIterator<Item = Row>) -> Vec<Case> {
    let both = |row: Row| Backend::BOTH.map(|backend| (row, backend));
    let all = rows.into_iter().flat_map(both);
    let meant = all.filter(|(row, backend)| row.only.is_none_or(|(only, _)| only == *backend));
    meant.map(|(row, backend)| case(row, backend)).collect()
}

fn case(row: Row, backend: Backend) -> Case {
    let name = Name {
        llama: "",
        phase: row.phase,
        fault: row.fault.to_owned(),
        backend,
    };
    let reason = row.only.map(|(only, why)| format!("{only} only: {why}"));
    let slow = row.slow.map(|why| format!("slow: {why}"));
    let notes: Vec<_> = reason.into_iter().chain(slow).collect();
    Case {
        slow: row.slow.is_some(),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        ..Case::new(name, move || try_out(row, backend))
    }
}

async fn try_out(row: Row, backend: Backend) -> Found {
    let world = World::with_server();
    let before = world.listing();
    let first = [backend.profile(), "hi", "--jsonl"];
    let args = first.iter().chain(&BATCH).chain(&WINDOWS).chain(row.args);
    let began = Instant::now();
    let running = world.run(args).script(row.script).start().await;
    let ended = running.end_unlooked().await;
    let mut observed = Observed::of(&ended, began.elapsed());
    observed.processes = world.processes();
    observed.files = &world.listing() - &before;
    let complaints = row.expected.complaints(&observed);
    Found::Tried(Box::new(observed), complaints)
}
