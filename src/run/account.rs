//! The longer account that `-v` gives and `--log-file` keeps.

use std::fmt::Write;

use super::prepare::Facts;
use super::summary::time;
use crate::dialect::Program;
use crate::engine::{Outcome, Prepared};
use crate::profile::Prompt;
use crate::units::{Bytes, duration};

/// Characters of a prompt or a text that are enough to recognise it.
const PREVIEW: usize = 400;

/// What is about to be done.
pub(super) fn before(facts: &Facts, prepared: &Prepared) -> String {
    let build = match facts.install.capabilities.build {
        Some(build) => format!(" (b{build})"),
        None => String::new(),
    };
    let mut text = String::new();
    let mut row = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<8}{value}");
    };
    row("profile", &facts.profile);
    if let Some(routed) = &facts.routed {
        row("route", &routed.to_string());
    }
    row(
        "model",
        &format!(
            "{} ({}, {}, {})",
            facts.model.path.display(),
            facts.model.header.architecture,
            facts
                .model
                .header
                .quantization
                .as_deref()
                .unwrap_or("unknown"),
            Bytes(facts.model.bytes)
        ),
    );
    row(
        "limits",
        &format!(
            "{} tokens of output, context {}, time {}, load {}",
            facts.max_tokens, facts.context, facts.limits.timeout, facts.limits.load
        ),
    );
    row(
        "program",
        &format!("{}{build}", prepared.program().display()),
    );
    row("argv", &argv(prepared));
    for (name, value) in sent(&facts.prompt, prepared.kind()) {
        row(name, &value);
    }
    text.truncate(text.trim_end().len());
    text
}

/// What the program gets to read.
fn sent(prompt: &Prompt, program: Program) -> Vec<(&'static str, String)> {
    let (system, user) = match prompt {
        Prompt::Raw(text) => return vec![("prompt", preview(text))],
        Prompt::Chat { system, user } => (system, user),
    };
    let system = system.as_deref().map(|system| ("system", preview(system)));
    // A server tells what it has formed; llama-completion does not.
    let form = (program == Program::Completion).then(|| {
        let template =
            "the model's own chat template (`orchestrate prompt` shows what comes of it)";
        ("form", template.to_owned())
    });
    let user = ("user", preview(user));
    system.into_iter().chain([user]).chain(form).collect()
}

/// What a model's own chat template has made of the turns.
pub(super) fn formed(prompt: &str) -> String {
    format!("prompt  {}", preview(prompt))
}

/// What was done, and how long each part took.
pub(super) fn after(facts: &Facts, outcome: &Outcome, output: &str) -> String {
    let measured = &outcome.measured;
    let known = |ms: Option<f64>| ms.map_or_else(|| "unknown".to_owned(), time);
    let decode = measured
        .ms_per_token
        .zip(measured.generated_tokens)
        // The first token comes out of the prompt's evaluation.
        .map(|(ms, tokens)| ms * tokens.saturating_sub(1) as f64);
    let mut text = format!(
        "phases  preparation {} · load {} · prompt {} · generation {}",
        time(facts.took.as_secs_f64() * 1000.0),
        known(measured.load_ms),
        known(measured.prompt_ms),
        known(decode),
    );
    if let Some(first) = measured.ttft_ms {
        let _ = write!(text, " · first text after {}", time(first));
    }
    if let Some(gaps) = measured.gaps {
        let _ = write!(
            text,
            "\ngaps    p50 {} · p95 {} · p99 {} · max {}",
            time(gaps.p50),
            time(gaps.p95),
            time(gaps.p99),
            time(gaps.max)
        );
    }
    if let Some(exit) = &outcome.exit {
        let peak = Bytes(exit.usage.peak_rss_bytes);
        let _ = write!(text, "\nprocess {} · peak memory {peak}", exit.status);
        for step in &exit.ladder {
            let _ = write!(
                text,
                " · {} after {}",
                step.signal.name(),
                duration::short(step.at)
            );
        }
    }
    let _ = write!(text, "\noutput  {}", preview(output));
    text
}

fn argv(prepared: &Prepared) -> String {
    let args: Vec<_> = prepared
        .args()
        .iter()
        .map(|arg| quoted(&arg.to_string_lossy()))
        .collect();
    args.join(" ")
}

/// An argument as a shell takes it.
fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

/// The beginning of a text on one line.
fn preview(text: &str) -> String {
    let mut characters = text.chars();
    let mut preview: String = characters.by_ref().take(PREVIEW).collect();
    // Quotation marks need no escape where none stand around it.
    preview = preview.escape_debug().to_string();
    preview = preview.replace("\\\"", "\"").replace("\\'", "'");
    let rest = characters.count();
    if rest > 0 {
        let _ = write!(preview, " … ({rest} more characters)");
    }
    preview
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_is_one_line_and_short() {
        assert_eq!(preview("a\n\"b\" c's"), "a\\n\"b\" c's");
        let long = preview(&"x".repeat(PREVIEW + 3));
        assert!(long.ends_with(" … (3 more characters)"), "{long}");
    }

    #[test]
    fn arguments_are_quoted_for_a_shell() {
        assert_eq!(quoted("-n"), "-n");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }
}
