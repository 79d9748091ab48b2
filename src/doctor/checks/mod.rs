//! The checks: each a pure function from the facts to a finding.

mod cpu;
mod data;
mod disk;
mod llama;
mod memory;
mod system;

use super::facts::Facts;
use super::finding::{Checked, Finding, Report};

/// A check: its name for programs, its name for people, itself.
type Check = (&'static str, &'static str, fn(&Facts) -> Finding);

/// All of them. What others rest on comes first, as the first error is what is to be mended first.
const CHECKS: [Check; 24] = [
    ("compiler", "compiler", llama::compiler),
    ("cmake", "cmake", llama::cmake),
    ("open_files", "open files", system::open_files),
    ("llama_cpp", "llama.cpp", llama::found),
    ("trial_run", "trial run", llama::trial),
    ("cpu_features", "CPU features", cpu::features),
    ("gpu", "GPU", llama::gpu),
    ("profiles", "profiles", data::profiles),
    ("directories", "directories", disk::directories),
    ("disk_space", "disk space", disk::space),
    ("disk_speed", "model's disk", disk::speed),
    ("memory", "memory", memory::memory),
    ("swap", "swap", memory::swap),
    ("locked_memory", "locked memory", memory::locked),
    ("huge_pages", "huge pages", memory::huge_pages),
    ("threads", "threads", cpu::threads),
    ("cgroup", "cgroup", system::cgroup),
    ("numa", "NUMA", cpu::numa),
    ("governor", "governor", cpu::governor),
    ("proc", "/proc", system::proc),
    ("systemd", "systemd", system::systemd),
    ("sockets", "sockets", data::sockets),
    ("history", "history", data::history),
    ("clock", "clock", data::clock),
];

/// Judges the facts.
#[must_use]
pub fn judge(facts: &Facts) -> Report {
    let checks = CHECKS.iter().map(|&(check, title, look)| Checked {
        check,
        title,
        finding: look(facts),
    });
    Report {
        checks: checks.collect(),
    }
}

/// `1 profile`, `2 profiles`.
fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// The first of several texts, and how many more there are.
fn first_of(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}
