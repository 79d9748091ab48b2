//! A run as programs read it: the types that are printed as JSON, and as CSV.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::when;
use crate::history::StoredRun;

/// Name and version of the JSON form. A field that changes its meaning changes it.
pub(super) const SCHEMA: &str = "orchestrate.history/1";

/// One run. `null` is what was not measured.
#[derive(Debug, Serialize)]
pub(super) struct Facts<'a> {
    id: u64,
    started: String,
    started_unix_ms: u64,
    profile: &'a str,
    backend: &'a str,
    verdict: &'a str,
    exit_code: u8,
    incident: Option<&'a str>,
    prompt_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    generated_tokens: Option<u64>,
    load_ms: Option<f64>,
    prefill_ms: Option<f64>,
    prefill_tokens_per_second: Option<f64>,
    ms_per_token: Option<f64>,
    ttft_ms: Option<f64>,
    gap_p50_ms: Option<f64>,
    gap_p95_ms: Option<f64>,
    gap_p99_ms: Option<f64>,
    gap_max_ms: Option<f64>,
    total_ms: Option<f64>,
    peak_rss_bytes: Option<u64>,
    limit_seconds: Option<f64>,
    build: &'a str,
    model_fingerprint: &'a str,
    model_path: &'a str,
    model_name: Option<&'a str>,
    model_architecture: &'a str,
    model_quantization: Option<&'a str>,
    model_file_bytes: u64,
    host_fingerprint: &'a str,
    host_cpu_model: &'a str,
    host_cpus: u32,
    host_cpu_quota: Option<f64>,
    host_memory_bytes: Option<u64>,
    settings_hash: &'a str,
    settings: Value,
}

/// One run with the name of the form.
#[derive(Debug, Serialize)]
struct One<'a> {
    schema: &'static str,
    run: Facts<'a>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(stored: &'a StoredRun) -> Self {
        let run = &stored.run;
        Self {
            id: stored.id,
            started: when::exact(run.started_unix_ms),
            started_unix_ms: run.started_unix_ms,
            profile: &run.profile,
            backend: &run.backend,
            verdict: &run.verdict,
            exit_code: run.exit_code,
            incident: run.incident.as_deref(),
            prompt_tokens: run.prompt_tokens,
            cached_tokens: run.cached_tokens,
            generated_tokens: run.generated_tokens,
            load_ms: run.load_ms,
            prefill_ms: run.prefill_ms,
            prefill_tokens_per_second: run.prefill_tokens_per_second,
            ms_per_token: run.ms_per_token,
            ttft_ms: run.ttft_ms,
            gap_p50_ms: run.gap_p50_ms,
            gap_p95_ms: run.gap_p95_ms,
            gap_p99_ms: run.gap_p99_ms,
            gap_max_ms: run.gap_max_ms,
            total_ms: run.total_ms,
            peak_rss_bytes: run.peak_rss_bytes,
            limit_seconds: run.limit_seconds,
            build: &run.build,
            model_fingerprint: &run.model.fingerprint,
            model_path: &run.model.path,
            model_name: run.model.name.as_deref(),
            model_architecture: &run.model.architecture,
            model_quantization: run.model.quantization.as_deref(),
            model_file_bytes: run.model.file_bytes,
            host_fingerprint: &run.host.fingerprint,
            host_cpu_model: &run.host.cpu_model,
            host_cpus: run.host.cpus,
            host_cpu_quota: run.host.cpu_quota,
            host_memory_bytes: run.host.memory_bytes,
            settings_hash: &run.settings.hash,
            // What somebody has edited is passed on as it is.
            settings: serde_json::from_str(&run.settings.json)
                .unwrap_or_else(|_| Value::String(run.settings.json.clone())),
        }
    }

    /// Names and values in their order. Settings are one value, as JSON text.
    fn cells(&self) -> Vec<(String, String)> {
        // A plain struct of strings and numbers: serialising it cannot fail.
        let Ok(Value::Object(fields)) = serde_json::to_value(self) else {
            return Vec::new();
        };
        let text = |value| match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        let cells = fields.into_iter();
        cells.map(|(name, value)| (name, text(value))).collect()
    }
}

/// Writes one run as one JSON object.
pub(super) fn one(stored: &StoredRun, out: &mut dyn Write) -> io::Result<()> {
    let one = One {
        schema: SCHEMA,
        run: Facts::new(stored),
    };
    let text = serde_json::to_string_pretty(&one)?;
    writeln!(out, "{text}")
}

/// Runs as they are written one after the other, as one JSON object or as a table with a head
/// (RFC 4180).
pub(super) struct Runs<'w> {
    out: &'w mut dyn Write,
    format: super::ExportFormat,
    written: u64,
}

impl<'w> Runs<'w> {
    pub(super) fn begin(format: super::ExportFormat, out: &'w mut dyn Write) -> io::Result<Self> {
        if format == super::ExportFormat::Json {
            write!(out, "{{\"schema\":\"{SCHEMA}\",\"runs\":[")?;
        }
        Ok(Self {
            out,
            format,
            written: 0,
        })
    }

    pub(super) fn write(&mut self, stored: &StoredRun) -> io::Result<()> {
        let facts = Facts::new(stored);
        match self.format {
            super::ExportFormat::Json => {
                let comma = if self.written > 0 { "," } else { "" };
                write!(self.out, "{comma}\n{}", serde_json::to_string(&facts)?)?;
            }
            super::ExportFormat::Csv => {
                let (names, values): (Vec<_>, Vec<_>) = facts.cells().into_iter().unzip();
                if self.written == 0 {
                    self.row(&names)?;
                }
                self.row(&values)?;
            }
        }
        self.written += 1;
        Ok(())
    }

    pub(super) fn end(self) -> io::Result<u64> {
        if self.format == super::ExportFormat::Json {
            let before = if self.written > 0 { "\n" } else { "" };
            writeln!(self.out, "{before}]}}")?;
        }
        self.out.flush()?;
        Ok(self.written)
    }

    fn row(&mut self, cells: &[String]) -> io::Result<()> {
        let cells: Vec<_> = cells.iter().map(|cell| quoted(cell)).collect();
        write!(self.out, "{}\r\n", cells.join(","))
    }
}

/// A cell of a CSV file, in quotation marks where it needs them.
fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
