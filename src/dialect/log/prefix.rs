//! What may stand before a message: colours, a port in brackets, a timestamp, a level.
//!
//! ```text
//! 0.02.348.805 I common_perf_print: …            minutes.seconds.ms.µs, level   (today)
//! [42027] 2.24.418.070 I slot print_timing: …    port of a child of the router
//! I common_perf_print: …                         level without a timestamp
//! INFO [           print_timings] …              server, early 2024
//! ```

use std::borrow::Cow;
use std::time::Duration;

use super::Severity;

/// A line without what stands before its message.
#[derive(Debug, PartialEq)]
pub(super) struct Stripped<'a> {
    pub(super) severity: Option<Severity>,
    pub(super) at: Option<Duration>,
    pub(super) message: Cow<'a, str>,
}

pub(super) fn strip(line: &str) -> Stripped<'_> {
    let line = without_colours(line.trim_end_matches(['\n', '\r']));
    match line {
        Cow::Borrowed(line) => strip_plain(line),
        Cow::Owned(line) => {
            let Stripped {
                severity,
                at,
                message,
            } = strip_plain(&line);
            let message = Cow::Owned(message.into_owned());
            Stripped {
                severity,
                at,
                message,
            }
        }
    }
}

fn strip_plain(line: &str) -> Stripped<'_> {
    let mut rest = line;
    while let Some(after) = port(rest) {
        rest = after;
    }
    let mut at = None;
    if let Some((time, after)) = timestamp(rest) {
        at = Some(time);
        rest = after;
    }
    let (severity, rest) = level(rest, at.is_some());
    Stripped {
        severity,
        at,
        message: Cow::Borrowed(rest),
    }
}

/// Removes ANSI colour codes, `ESC [ … letter`.
fn without_colours(line: &str) -> Cow<'_, str> {
    const ESCAPE: char = '\u{1b}';
    if !line.contains(ESCAPE) {
        return Cow::Borrowed(line);
    }
    let mut plain = String::with_capacity(line.len());
    let mut parts = line.split(ESCAPE);
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let code = part.strip_prefix('[').and_then(|code| {
            let end = code.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
            code[end..].strip_prefix(|c: char| c.is_ascii_alphabetic())
        });
        plain.push_str(code.unwrap_or(part));
    }
    Cow::Owned(plain)
}

/// `[42027] `
fn port(line: &str) -> Option<&str> {
    let (digits, rest) = line.strip_prefix('[')?.split_once(']')?;
    let is_port = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_port.then(|| rest.strip_prefix(' ').unwrap_or(rest))
}

/// `0.02.348.805 `: minutes, seconds, milliseconds, microseconds.
fn timestamp(line: &str) -> Option<(Duration, &str)> {
    let (stamp, rest) = line.split_once(' ')?;
    let mut parts = stamp.split('.');
    let mut part = |width: Option<usize>| -> Option<u64> {
        let text = parts.next()?;
        let fits = width.is_none_or(|width| text.len() == width);
        let digits = fits && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let minutes = part(None)?;
    let (seconds, millis, micros) = (part(Some(2))?, part(Some(3))?, part(Some(3))?);
    if parts.next().is_some() {
        return None;
    }
    let whole = minutes.checked_mul(60)?.checked_add(seconds)?;
    let time = Duration::from_secs(whole) + Duration::from_micros(millis * 1000 + micros);
    Some((time, rest))
}

/// The level, as a letter or a word. Without a timestamp before it, a single letter is taken for
/// a level only if what follows looks like a message of llama.cpp.
fn level(line: &str, has_timestamp: bool) -> (Option<Severity>, &str) {
    if let Some((letter, rest)) = line.split_at_checked(2)
        && letter.ends_with(' ')
        && let Some(severity) = Severity::from_letter(letter.as_bytes()[0])
        && (has_timestamp || looks_like_message(rest))
    {
        return (Some(severity), rest);
    }
    // `INFO [           print_timings] prompt eval time …`
    if let Some((word, rest)) = line.split_once(" [")
        && let Some(severity) = Severity::from_word(word.trim())
        && let Some((_, message)) = rest.split_once("] ")
    {
        return (Some(severity), message);
    }
    (None, line)
}

/// Whether a text starts like `common_perf_print: …` or `slot print_timing: …`.
fn looks_like_message(text: &str) -> bool {
    let Some((head, _)) = text.split_once(':') else {
        return false;
    };
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | ' ');
    let part_of_the_program = ["slot ", "srv ", "cmn ", "sampler "]
        .iter()
        .any(|part| head.starts_with(part));
    head.chars().all(word) && (head.contains('_') || part_of_the_program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &str) -> (Option<Severity>, Option<u64>, String) {
        let stripped = strip(line);
        let micros = stripped.at.map(|at| u64::try_from(at.as_micros()).unwrap());
        (stripped.severity, micros, stripped.message.into_owned())
    }

    #[test]
    fn all_prefixes() {
        let info = Some(Severity::Info);
        let timed = "0.02.348.805 I common_perf_print: x";
        assert_eq!(
            message(timed),
            (info, Some(2_348_805), "common_perf_print: x".into())
        );
        let child = "[42027] 2.24.418.070 I slot print_timing: x\n";
        assert_eq!(
            message(child),
            (info, Some(144_418_070), "slot print_timing: x".into())
        );
        let bare = "E srv    load_model: x";
        assert_eq!(
            message(bare),
            (Some(Severity::Error), None, "srv    load_model: x".into())
        );
        let word = "WARN [           print_timings] x";
        assert_eq!(message(word), (Some(Severity::Warning), None, "x".into()));
        let coloured = "\u{1b}[34m0.00.141.981\u{1b}[0m \u{1b}[32mI \u{1b}[0msampler seed: 7";
        assert_eq!(
            message(coloured),
            (info, Some(141_981), "sampler seed: 7".into())
        );
    }

    #[test]
    fn what_only_resembles_a_prefix_stays() {
        for line in [
            "I believe: the meaning",
            "[end] x",
            "1.2.3 x",
            "0.00.00.000 x",
            "[] x",
            "\u{1b}[",
        ] {
            let kept = if line.starts_with('\u{1b}') {
                "["
            } else {
                line
            };
            assert_eq!(message(line), (None, None, kept.into()), "{line}");
        }
    }
}
