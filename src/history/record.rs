//! What is kept of one run, and how it comes into the file.

use rusqlite::{Connection, Transaction, TransactionBehavior, named_params};

use super::{History, HistoryError, Settings};
use crate::host::Host;
use crate::store::ModelFile;

/// The words for how a run ended. They are stored: none may change its meaning.
pub mod verdict {
    /// The generation came to its own end: the model's, a stop sequence, or a number of tokens.
    pub const DONE: &str = "done";
    /// The user, or the system, asked for the end.
    pub const INTERRUPTED: &str = "interrupted";
    /// Whoever read the output had enough.
    pub const CLOSED: &str = "closed";
    /// A time limit ran out.
    pub const BUDGET: &str = "budget";
    /// Nothing advanced any more.
    pub const STALLED: &str = "stalled";
    /// The output repeated itself without end.
    pub const LOOPING: &str = "looping";
    /// llama.cpp did not take what it was given.
    pub const REFUSED: &str = "refused";
    /// llama.cpp failed.
    pub const CRASHED: &str = "crashed";
}

/// A run that is over. `None` is what was not measured; it is stored as NULL, never as 0.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRecord {
    /// When the command was accepted, in milliseconds since 1970-01-01 UTC.
    pub started_unix_ms: u64,
    /// The profile's name.
    pub profile: String,
    /// `completion` or `server`.
    pub backend: String,
    /// On which machine.
    pub host: HostFacts,
    /// With which model.
    pub model: ModelFacts,
    /// With which build of llama.cpp, such as `b11434`.
    pub build: String,
    /// With which settings.
    pub settings: Settings,
    /// Tokens that were evaluated for the prompt.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the prompt that came from a cache.
    pub cached_tokens: Option<u64>,
    /// Tokens that were generated.
    pub generated_tokens: Option<u64>,
    /// From the start of the program to the loaded model, in milliseconds.
    pub load_ms: Option<f64>,
    /// Evaluation of the prompt, in milliseconds.
    pub prefill_ms: Option<f64>,
    /// Speed of that, in tokens per second.
    pub prefill_tokens_per_second: Option<f64>,
    /// Speed of the generation, in milliseconds per token.
    pub ms_per_token: Option<f64>,
    /// From the handing over of the prompt to the first text, in milliseconds.
    pub ttft_ms: Option<f64>,
    /// Half of the gaps between pieces of text were at most so long, in milliseconds.
    pub gap_p50_ms: Option<f64>,
    /// 95 of 100 were.
    pub gap_p95_ms: Option<f64>,
    /// 99 of 100 were.
    pub gap_p99_ms: Option<f64>,
    /// The longest of them, in milliseconds.
    pub gap_max_ms: Option<f64>,
    /// From the command to the complete result, in milliseconds.
    pub total_ms: Option<f64>,
    /// Largest resident set of the process, in bytes.
    pub peak_rss_bytes: Option<u64>,
    /// How it ended: a word of [`verdict`], or one that a newer version knows.
    pub verdict: String,
    /// The exit code of the command.
    pub exit_code: u8,
    /// The time limit for the whole run in seconds, if it was fixed.
    pub limit_seconds: Option<f64>,
    /// The incident that was recorded of it, if one was.
    pub incident: Option<String>,
}

/// A machine: its fingerprint, and what a person can read of it.
#[derive(Debug, Clone, PartialEq)]
pub struct HostFacts {
    /// See [`Host::fingerprint`].
    pub fingerprint: String,
    /// The processor's name.
    pub cpu_model: String,
    /// CPUs that could be used.
    pub cpus: u32,
    /// The cgroup's quota in CPUs, if there was one.
    pub cpu_quota: Option<f64>,
    /// Memory of the machine in bytes, where known.
    pub memory_bytes: Option<u64>,
}

impl From<&Host> for HostFacts {
    fn from(host: &Host) -> Self {
        Self {
            fingerprint: host.fingerprint(),
            cpu_model: host.cpu_model.clone(),
            cpus: host.cpus,
            cpu_quota: host.cpu_quota,
            memory_bytes: host.memory_bytes,
        }
    }
}

/// A model: its fingerprint, and what a person can read of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFacts {
    /// See [`fingerprint`](crate::gguf::GgufHeader::fingerprint).
    pub fingerprint: String,
    /// Where its file was when it ran last.
    pub path: String,
    /// What the file calls it.
    pub name: Option<String>,
    /// Its architecture, such as `qwen2`.
    pub architecture: String,
    /// How its weights are quantised, where known.
    pub quantization: Option<String>,
    /// Size of the file in bytes.
    pub file_bytes: u64,
}

impl From<&ModelFile> for ModelFacts {
    fn from(model: &ModelFile) -> Self {
        let header = &model.header;
        Self {
            fingerprint: header.fingerprint(model.bytes),
            path: model.path.display().to_string(),
            name: header.name.clone(),
            architecture: header.architecture.clone(),
            quantization: header.quantization.clone(),
            file_bytes: model.bytes,
        }
    }
}

impl History {
    /// Adds a run; returns its number, which no other one will ever have.
    ///
    /// # Errors
    /// [`HistoryError`]; then nothing of it is kept.
    pub fn record(&mut self, run: &RunRecord) -> Result<u64, HistoryError> {
        let id = self.with(|connection| add(connection, run))?;
        Ok(u64::try_from(id).unwrap_or_default())
    }
}

fn add(connection: &mut Connection, run: &RunRecord) -> rusqlite::Result<i64> {
    // Immediate: a transaction that begins by reading cannot wait for another writer.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    add_what_it_refers_to(&transaction, run)?;
    add_run(&transaction, run)?;
    let id = transaction.last_insert_rowid();
    transaction.commit()?;
    Ok(id)
}

fn add_what_it_refers_to(transaction: &Transaction<'_>, run: &RunRecord) -> rusqlite::Result<()> {
    add_host(transaction, &run.host)?;
    add_model(transaction, &run.model)?;
    add_settings(transaction, &run.settings)
}

pub(super) fn add_host(transaction: &Transaction<'_>, host: &HostFacts) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO hosts VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        (
            &host.fingerprint,
            &host.cpu_model,
            host.cpus,
            finite(host.cpu_quota),
            whole(host.memory_bytes),
        ),
    )?;
    Ok(())
}

pub(super) fn add_model(transaction: &Transaction<'_>, model: &ModelFacts) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO models VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET path = excluded.path WHERE path <> excluded.path",
        (
            &model.fingerprint,
            &model.path,
            &model.name,
            &model.architecture,
            &model.quantization,
            whole(Some(model.file_bytes)),
        ),
    )?;
    Ok(())
}

pub(super) fn add_settings(
    transaction: &Transaction<'_>,
    settings: &Settings,
) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO settings VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        (&settings.hash, &settings.json),
    )?;
    Ok(())
}

fn add_run(transaction: &Transaction<'_>, run: &RunRecord) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO runs (
             started_unix_ms, profile, backend, host_fingerprint, model_fingerprint, build,
             settings_hash, prompt_tokens, cached_tokens, generated_tokens, load_ms, prefill_ms,
             prefill_tokens_per_second, ms_per_token, ttft_ms, gap_p50_ms, gap_p95_ms, gap_p99_ms,
             gap_max_ms, total_ms, peak_rss_bytes, verdict, exit_code, limit_seconds, incident
         ) VALUES (
             :started_unix_ms, :profile, :backend, :host, :model, :build,
             :settings, :prompt_tokens, :cached_tokens, :generated_tokens, :load_ms, :prefill_ms,
             :prefill_tokens_per_second, :ms_per_token, :ttft_ms, :gap_p50_ms, :gap_p95_ms, :gap_p99_ms,
             :gap_max_ms, :total_ms, :peak_rss_bytes, :verdict, :exit_code, :limit_seconds, :incident
         )",
        named_params! {
            ":started_unix_ms": whole(Some(run.started_unix_ms)),
            ":profile": run.profile,
            ":backend": run.backend,
            ":host": run.host.fingerprint,
            ":model": run.model.fingerprint,
            ":build": run.build,
            ":settings": run.settings.hash,
            ":prompt_tokens": whole(run.prompt_tokens),
            ":cached_tokens": whole(run.cached_tokens),
            ":generated_tokens": whole(run.generated_tokens),
            ":load_ms": finite(run.load_ms),
            ":prefill_ms": finite(run.prefill_ms),
            ":prefill_tokens_per_second": finite(run.prefill_tokens_per_second),
            ":ms_per_token": finite(run.ms_per_token),
            ":ttft_ms": finite(run.ttft_ms),
            ":gap_p50_ms": finite(run.gap_p50_ms),
            ":gap_p95_ms": finite(run.gap_p95_ms),
            ":gap_p99_ms": finite(run.gap_p99_ms),
            ":gap_max_ms": finite(run.gap_max_ms),
            ":total_ms": finite(run.total_ms),
            ":peak_rss_bytes": whole(run.peak_rss_bytes),
            ":verdict": run.verdict,
            ":exit_code": run.exit_code,
            ":limit_seconds": finite(run.limit_seconds),
            ":incident": run.incident,
        },
    )?;
    Ok(())
}

/// SQLite's whole numbers have a sign; no count of tokens or bytes comes near the limit.
pub(super) fn whole(number: Option<u64>) -> Option<i64> {
    number.map(|number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// A quotient of nothing by nothing was not measured.
pub(super) fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}
