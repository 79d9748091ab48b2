//! Whether what was seen of a run is what a case expects. Pure.

#[cfg(test)]
mod tests;

use std::time::Duration;

use super::case::{Again, Expectation};
use crate::engine::Measured;
use crate::units::duration;

/// What was seen of one run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// Why it ended: the word of `run --json`, or `refused` where it was not started.
    pub end: &'static str,
    /// The same for people.
    pub end_in_words: String,
    /// The exit code that `orchestrate run` would have had.
    pub exit: u8,
    /// Why it failed, where it did.
    pub error: Option<String>,
    /// The text.
    pub text: String,
    /// In so many pieces.
    pub pieces: usize,
    /// When the first piece came, since the beginning.
    pub first_piece: Option<Duration>,
    /// The program's log.
    pub log: Vec<String>,
    /// What was measured.
    pub measured: Measured,
    /// From what was done to it to the end of the process.
    pub ended_after: Option<Duration>,
    /// What was left behind, each in words.
    pub left: Vec<String>,
}

/// A wrong text is repeated up to so many characters.
const SHOWN: usize = 120;
/// Times may add up to so much more than the whole: the parts are taken by llama.cpp's clock, from other
/// moments than ours, and printed with two digits.
const SLACK_SHARE: f64 = 0.05;
const SLACK_MS: f64 = 10.0;

/// Everything that is not as expected, in words; nothing where all is well. That nothing is left behind is
/// expected of every run.
#[must_use]
pub fn judge(expect: &Expectation, seen: &Seen) -> Vec<String> {
    let mut problems = Vec::new();
    end(expect, seen, &mut problems);
    text(expect, seen, &mut problems);
    said(expect, seen, &mut problems);
    figures(expect, seen, &mut problems);
    problems.extend(seen.left.iter().map(|left| format!("left behind: {left}")));
    problems
}

/// Whether it ended as expected; where it did not, its log may say why.
#[must_use]
pub fn ended_as_expected(expect: &Expectation, seen: &Seen) -> bool {
    is_expected_end(expect, seen) && seen.exit == expect.exit
}

fn is_expected_end(expect: &Expectation, seen: &Seen) -> bool {
    expect.end.is_empty() || expect.end.iter().any(|end| end == seen.end)
}

/// Whether a further run's text is what it has to be.
#[must_use]
pub fn judge_again(again: &Again, first: &str, text: &str) -> Option<String> {
    match (again.same_text, first == text) {
        (true, false) => Some(format!(
            "the text was to be the same again; first {}, then {}",
            shown(first),
            shown(text)
        )),
        (false, true) => Some(format!(
            "the text was to be another; both are {}",
            shown(text)
        )),
        _ => None,
    }
}

fn end(expect: &Expectation, seen: &Seen, problems: &mut Vec<String>) {
    if !is_expected_end(expect, seen) {
        problems.push(format!(
            "the end was to be {}, and is {} ({})",
            expect.end.join(" or "),
            seen.end,
            seen.end_in_words
        ));
    }
    if seen.exit != expect.exit {
        problems.push(format!(
            "the exit code was to be {}, and is {} ({})",
            expect.exit, seen.exit, seen.end_in_words
        ));
    }
    if !ended_as_expected(expect, seen) {
        problems.extend(seen.error.clone());
    }
}

fn text(expect: &Expectation, seen: &Seen, problems: &mut Vec<String>) {
    if expect.text.as_ref().is_some_and(|text| *text != seen.text) {
        problems.push(format!(
            "the text was to be {}, and is {}",
            shown(expect.text.as_deref().unwrap_or_default()),
            shown(&seen.text)
        ));
    }
    if let Some(pattern) = &expect.text_matches
        && !pattern.is_match(&seen.text)
    {
        problems.push(format!(
            "the text was to match {pattern}, and is {}",
            shown(&seen.text)
        ));
    }
    if expect.non_empty && seen.text.trim().is_empty() {
        problems.push("there is no text".to_owned());
    }
    if expect.streams {
        streams(seen, problems);
    }
}

fn streams(seen: &Seen, problems: &mut Vec<String>) {
    if seen.pieces < 2 {
        problems.push(format!(
            "the text was to come in pieces, and came in {}",
            seen.pieces
        ));
    }
    let ended = seen.measured.decided_ms;
    if seen.first_piece.is_some_and(|first| ms(first) >= ended) {
        problems.push("no piece of the text came before the end".to_owned());
    }
}

fn said(expect: &Expectation, seen: &Seen, problems: &mut Vec<String>) {
    if let Some(words) = &expect.error_contains {
        match &seen.error {
            Some(error) if error.contains(words) => {}
            Some(error) => {
                problems.push(format!("the error was to say {words:?}, and is: {error}"))
            }
            None => problems.push(format!("there was to be an error that says {words:?}")),
        }
    }
    if let Some(words) = &expect.stderr_contains
        && !seen.log.iter().any(|line| line.contains(words))
    {
        problems.push(format!("no line of llama.cpp's log says {words:?}"));
    }
}

fn figures(expect: &Expectation, seen: &Seen, problems: &mut Vec<String>) {
    let generated = seen.measured.generated_tokens;
    if expect.tokens.is_some() && generated != expect.tokens {
        problems.push(format!(
            "there were to be {} tokens, and there are {}",
            expect.tokens.unwrap_or_default(),
            generated.map_or_else(|| "none".to_owned(), |tokens| tokens.to_string())
        ));
    }
    if expect.timings_add_up {
        timings(&seen.measured, problems);
    }
    if let Some(least) = expect.tokens_per_second {
        speed(least, seen.measured.ms_per_token, problems);
    }
    if let Some(within) = expect.within {
        let within_told = duration::exact(within);
        match seen.ended_after {
            Some(after) if after <= within => {}
            Some(after) => problems.push(format!(
                "it was to end within {within_told}, and took {}",
                duration::short(after)
            )),
            None => problems.push("it ended before anything was done to it".to_owned()),
        }
    }
}

fn speed(least: f64, ms_per_token: Option<f64>, problems: &mut Vec<String>) {
    let speed = ms_per_token.filter(|ms| *ms > 0.0).map(|ms| 1000.0 / ms);
    match speed {
        Some(speed) if speed >= least => {}
        Some(speed) => problems.push(format!(
            "it was to write at least {least} tokens/s, and wrote {speed:.2}"
        )),
        None => problems.push(format!(
            "it was to write at least {least} tokens/s, and its speed could not be measured"
        )),
    }
}

/// Every time is told, none is negative or endless, and the parts are no longer than the whole.
fn timings(measured: &Measured, problems: &mut Vec<String>) {
    let parts = [
        ("load_ms", measured.load_ms),
        ("ttft_ms", measured.ttft_ms),
        ("prompt_ms", measured.prompt_ms),
        ("ms_per_token", measured.ms_per_token),
    ];
    for (name, value) in parts {
        match value {
            None => problems.push(format!("{name} is missing")),
            Some(value) if value.is_finite() && value >= 0.0 => {}
            Some(value) => problems.push(format!("{name} is {value}")),
        }
    }
    for (name, count) in [
        ("prompt_tokens", measured.prompt_tokens),
        ("generated_tokens", measured.generated_tokens),
    ] {
        if count.is_none_or(|count| count == 0) {
            problems.push(format!("{name} is missing"));
        }
    }
    let (Some(load), Some(prompt), Some(each), Some(tokens)) = (
        measured.load_ms,
        measured.prompt_ms,
        measured.ms_per_token,
        measured.generated_tokens,
    ) else {
        return;
    };
    // The first token comes out of the prompt's evaluation.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let decode = each * tokens.saturating_sub(1) as f64;
    let (sum, whole) = (load + prompt + decode, measured.total_ms);
    if sum > whole * (1.0 + SLACK_SHARE) + SLACK_MS {
        problems.push(format!(
            "the times do not add up: load {load:.1} + prompt {prompt:.1} + generation {decode:.1} = \
             {sum:.1} ms, and all of it took {whole:.1} ms"
        ));
    }
    if let Some(first) = measured.ttft_ms
        && first > whole + SLACK_MS
    {
        problems.push(format!(
            "the times do not add up: first text after {first:.1} ms, and all of it took {whole:.1} ms"
        ));
    }
}

/// A text as a message repeats it: in quotes, on one line.
fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    format!("{start:?}")
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
