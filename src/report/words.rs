//! Figures as the report writes them, in its tables and beside its plots.

use crate::history::{FindingRecord, HostFacts, ModelFacts, RatioRecord};
use crate::past::finding::{Change, percent};
use crate::suite::Verdict;
use crate::units::Bytes;

/// What was not measured.
pub(super) const NOTHING: &str = "-";

/// Milliseconds with three digits that mean something, or nothing.
pub(super) fn ms(ms: Option<f64>) -> String {
    match ms {
        None => NOTHING.to_owned(),
        Some(ms) if ms < 1.0 => format!("{ms:.3}"),
        Some(ms) if ms < 100.0 => format!("{ms:.2}"),
        Some(ms) => format!("{ms:.1}"),
    }
}

/// A change in percent.
pub(super) fn change(ratio: Option<&RatioRecord>) -> String {
    ratio.map_or_else(|| NOTHING.to_owned(), |ratio| signed(ratio.ratio))
}

/// The ends of its interval.
pub(super) fn interval(ratio: Option<&RatioRecord>) -> String {
    let Some(ratio) = ratio else {
        return NOTHING.to_owned();
    };
    let Change { low, high, .. } = Change::from(ratio);
    format!("{:+.1} to {:+.1}", tenths(low), tenths(high))
}

/// A ratio as a change in percent, with its sign.
pub(super) fn signed(ratio: f64) -> String {
    format!("{:+.1} %", tenths(percent(ratio)))
}

/// Rounded to a tenth, of which none is -0.
fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0 + 0.0
}

/// How much of all something is.
#[expect(clippy::cast_precision_loss, reason = "a count of tokens, below 2^53")]
pub(super) fn share(part: u32, all: u64) -> String {
    match part {
        0 => NOTHING.to_owned(),
        part => format!("{:.2} %", f64::from(part) / all as f64 * 100.0),
    }
}

/// Memory in megabytes, or nothing: exact enough to see a leak of a hundredth.
#[expect(clippy::cast_precision_loss, reason = "a size in bytes, below 2^53")]
pub(super) fn memory(bytes: Option<u64>) -> String {
    match bytes.map(|bytes| bytes as f64 / 1e6) {
        None => NOTHING.to_owned(),
        Some(mb) if mb < 100.0 => format!("{mb:.1} MB"),
        Some(mb) => format!("{mb:.0} MB"),
    }
}

/// What a finding is, in a word.
pub(super) fn word(finding: &FindingRecord) -> String {
    if finding.verdict.is_empty() {
        NOTHING.to_owned()
    } else {
        finding.verdict.clone()
    }
}

/// How a finding is to be taken: a class of the style sheet.
pub(super) fn tone(verdict: Option<&Verdict>) -> &'static str {
    match verdict {
        Some(Verdict::Worse | Verdict::Broken(_)) => "slower",
        Some(Verdict::Better) => "faster",
        Some(Verdict::Same) => "same",
        Some(Verdict::Inconclusive(_) | Verdict::Unmeasured(_)) | None => "open",
    }
}

/// `AMD EPYC, 2 usable CPUs, 8.3 GB of memory`
pub(super) fn host(host: &HostFacts) -> String {
    let mut text = host.cpu_model.clone();
    text += &match host.cpus {
        1 => ", 1 usable CPU".to_owned(),
        cpus => format!(", {cpus} usable CPUs"),
    };
    if let Some(quota) = host.cpu_quota {
        text += &format!(", a quota of {quota:.2}");
    }
    if let Some(memory) = host.memory_bytes {
        text += &format!(", {} of memory", Bytes(memory));
    }
    text
}

/// `Coder (qwen2, Q4_K_M, 986 MB)`
pub(super) fn model(model: &ModelFacts) -> String {
    let file = || model.path.rsplit('/').next().unwrap_or_default().to_owned();
    let name = model.name.clone().unwrap_or_else(file);
    let mut facts = vec![model.architecture.clone()];
    facts.extend(model.quantization.clone());
    facts.push(Bytes(model.file_bytes).to_string());
    format!("{name} ({})", facts.join(", "))
}

/// What the figures of a measure are.
pub(super) fn measure(measure: &str) -> &str {
    match measure {
        "prefill_ms_per_token" => "Time per token of the prompt",
        "ms_per_token" => "Time per generated token",
        "total_ms_per_token" => "Time per generated token, of all answers together",
        other => other,
    }
}

/// `1 night`, `2 nights`.
pub(super) fn count(number: usize, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}
