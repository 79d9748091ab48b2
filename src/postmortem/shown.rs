//! An incident as programs read it: the types that are printed as JSON.

use std::path::Path;

use serde::Serialize;

use crate::incidents;
use crate::past::when::exact;

/// Name and version of the form. A field that changes its meaning changes it.
const SCHEMA: &str = "orchestrate/incident/v1";

/// An entry of the list.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) id: String,
    /// UTC, as in RFC 3339.
    pub(super) at: String,
    pub(super) profile: String,
    pub(super) verdict: String,
    pub(super) message: String,
    pub(super) exit_code: u8,
}

/// One incident. Times in milliseconds, sizes in bytes; `null` is what could not be seen.
#[derive(Debug, Serialize)]
pub(super) struct Incident<'a> {
    schema: &'static str,
    id: &'a str,
    /// UTC, as in RFC 3339.
    at: String,
    at_ms: u64,
    profile: &'a str,
    model: &'a Path,
    program: &'a Path,
    build: Option<u32>,
    args: &'a [String],
    verdict: &'a str,
    message: &'a str,
    exit_code: u8,
    phase: Option<&'a str>,
    cause: Option<&'a str>,
    silent_ms: Option<u64>,
    window_ms: Option<u64>,
    window_from: Option<&'a str>,
    usable_cpus: u32,
    processes: Vec<Process<'a>>,
    before: Vec<Process<'a>>,
    before_ms: Option<u64>,
    slots: Vec<Slot>,
    slots_age_ms: Option<u64>,
    missing: &'a [String],
    log: &'a [String],
}

#[derive(Debug, Serialize)]
struct Process<'a> {
    pid: u32,
    name: &'a str,
    cpu_ms: u64,
    major_faults: u64,
    read_bytes: Option<u64>,
    written_bytes: Option<u64>,
    rss_bytes: Option<u64>,
    threads: Vec<Thread<'a>>,
}

#[derive(Debug, Serialize)]
struct Thread<'a> {
    tid: u32,
    name: &'a str,
    state: char,
    wait_channel: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Slot {
    id: Option<u64>,
    is_processing: Option<bool>,
    prompt_tokens_processed: Option<u64>,
    decoded: Option<u64>,
    remaining: Option<u64>,
}

impl Entry {
    pub(super) fn new(incident: incidents::Incident) -> Self {
        Self {
            at: exact(incident.at_ms),
            id: incident.id,
            profile: incident.profile,
            verdict: incident.verdict,
            message: incident.message,
            exit_code: incident.exit_code,
        }
    }
}

impl<'a> Incident<'a> {
    pub(super) fn new(stored: &'a incidents::Incident) -> Self {
        Self {
            schema: SCHEMA,
            id: &stored.id,
            at: exact(stored.at_ms),
            at_ms: stored.at_ms,
            profile: &stored.profile,
            model: &stored.model,
            program: &stored.program,
            build: stored.build,
            args: &stored.args,
            verdict: &stored.verdict,
            message: &stored.message,
            exit_code: stored.exit_code,
            phase: stored.phase.as_deref(),
            cause: stored.cause.as_deref(),
            silent_ms: stored.silent_ms,
            window_ms: stored.window_ms,
            window_from: stored.window_from.as_deref(),
            usable_cpus: stored.usable_cpus,
            processes: stored.processes.iter().map(Process::new).collect(),
            before: stored.before.iter().map(Process::new).collect(),
            before_ms: stored.before_ms,
            slots: stored.slots.iter().map(Slot::new).collect(),
            slots_age_ms: stored.slots_age_ms,
            missing: &stored.missing,
            log: &stored.log,
        }
    }
}

impl Slot {
    fn new(stored: &incidents::Slot) -> Self {
        Self {
            id: stored.id,
            is_processing: stored.is_processing,
            prompt_tokens_processed: stored.prompt_tokens_processed,
            decoded: stored.decoded,
            remaining: stored.remaining,
        }
    }
}

impl<'a> Process<'a> {
    fn new(stored: &'a incidents::Process) -> Self {
        let thread = |thread: &'a incidents::Thread| Thread {
            tid: thread.tid,
            name: &thread.name,
            state: thread.state,
            wait_channel: thread.wait_channel.as_deref(),
        };
        Self {
            pid: stored.pid,
            name: &stored.name,
            cpu_ms: stored.cpu_ms,
            major_faults: stored.major_faults,
            read_bytes: stored.read_bytes,
            written_bytes: stored.written_bytes,
            rss_bytes: stored.rss_bytes,
            threads: stored.threads.iter().map(thread).collect(),
        }
    }
}
