//! How long things took, in llama.cpp's own numbers.
//!
//! # What the numbers count
//! `llama-completion` prints *runs* for the generation: evaluations of a single token. The first
//! token comes out of the evaluation of the prompt, so runs = generated − 1. `llama-server` prints
//! *tokens*, all that were generated; until 2026 it divided the time by that number, and since
//! then by the one less that the time really covers. Which of the two is seen from the ms per
//! token on the same line, and [`Timings::eval_runs`] is what the time was divided by.
//!
//! A batch of one token is booked as generation. A prompt of a single token therefore has no time
//! of its own (printed as `0.00 ms / 1 tokens`), and one more run than generated − 1.
//!
//! Zero, `inf` and `nan` are printed where nothing was measured; here they are absent.

use super::log::scan::{after, first_number, measured, real};
use super::log::{Fact, LogEvent, Slot};

/// What a line of timings is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Start of the program until the first evaluation.
    Load,
    /// Choosing tokens, generated ones only (until September 2024).
    Sample,
    /// Choosing tokens, the prompt's counted too.
    Sampling,
    /// Evaluation of the prompt.
    Prompt,
    /// Generation.
    Eval,
    /// All of it.
    Total,
    /// What no other line explains.
    Unaccounted,
}

/// A line of timings. What is zero or not finite is absent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimingLine {
    /// What it is about.
    pub stage: Stage,
    /// Which request of a server.
    pub slot: Option<Slot>,
    /// The time in milliseconds.
    pub ms: Option<f64>,
    /// How many tokens or runs.
    pub count: Option<u32>,
    /// Whether the line counts runs.
    pub counts_runs: bool,
    /// Milliseconds per token, as printed (two decimals).
    pub ms_per_token: Option<f64>,
    /// Tokens per second, as printed (two decimals).
    pub tokens_per_second: Option<f64>,
}

impl TimingLine {
    /// Reads a message such as `common_perf_print: eval time = 344.08 ms / 15 runs ( 22.94 ms per
    /// token, 43.59 tokens per second)`; `None` if it is no line of timings.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        let (head, rest) = message.split_once(" time")?;
        let rest = rest.trim_start().strip_prefix('=')?;
        let stage = Stage::from_head(head)?;
        let (ms, rest) = first_number(rest)?;
        let rest = rest.trim_start().strip_prefix("ms")?;
        let mut line = Self {
            stage,
            slot: super::log::slot(message),
            ms: real(ms).and_then(measured),
            count: None,
            counts_runs: false,
            ms_per_token: None,
            tokens_per_second: None,
        };
        let Some((count, rest)) = after(rest, "/").and_then(first_number) else {
            return Some(line);
        };
        let unit = rest.trim_start();
        line.counts_runs = unit.starts_with("runs");
        if line.counts_runs || unit.starts_with("tokens") {
            line.count = count.parse().ok().filter(|&count| count > 0);
        }
        let Some(brackets) = after(unit, "(") else {
            return Some(line);
        };
        if let Some((number, unit)) = first_number(brackets)
            && unit.trim_start().starts_with("ms per")
        {
            line.ms_per_token = real(number).and_then(measured);
        }
        line.tokens_per_second = brackets
            .split_once("per token,")
            .and_then(|(_, rate)| first_number(rate))
            .and_then(|(number, _)| real(number))
            .and_then(measured);
        Some(line)
    }

    /// What the time was divided by for the ms per token: the count, or (a server since 2026)
    /// one less.
    #[must_use]
    pub fn divisor(&self) -> Option<u32> {
        let (ms, count) = (self.ms?, self.count?);
        Some(divisor(ms, count, self.ms_per_token, PRINTED_ROUNDING))
    }
}

/// Two printed decimals: half a unit of the last, and a little for numbers rounded before.
const PRINTED_ROUNDING: f64 = 0.0051;

/// Which of `count` and `count − 1` the time was divided by, given the quotient.
fn divisor(ms: f64, count: u32, quotient: Option<f64>, rounding: f64) -> u32 {
    let Some(quotient) = quotient else {
        return count;
    };
    let error = |by: u32| (ms / f64::from(by) - quotient).abs();
    let one_less = count.saturating_sub(1).max(1);
    // The time itself is rounded too, which matters where few tokens share it.
    let tolerance = rounding + rounding / f64::from(one_less);
    if error(count) > tolerance && error(one_less) <= tolerance {
        one_less
    } else {
        count
    }
}

impl Stage {
    fn from_head(head: &str) -> Option<Self> {
        let head = head.trim_end();
        // `samplers time` is the part of `sampling time` that the library spent; it has the count.
        let stages = [
            ("prompt eval", Self::Prompt),
            ("eval", Self::Eval),
            ("load", Self::Load),
            ("sampling", Self::Sampling),
            ("samplers", Self::Sampling),
            ("sample", Self::Sample),
            ("total", Self::Total),
            ("unaccounted", Self::Unaccounted),
        ];
        stages
            .into_iter()
            .find(|(name, _)| head.ends_with(name))
            .map(|(_, stage)| stage)
    }
}

/// Everything that was measured about one generation.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Timings {
    /// Start of the program until the first evaluation, in ms.
    pub load_ms: Option<f64>,
    /// Evaluation of the prompt, in ms.
    pub prompt_ms: Option<f64>,
    /// Tokens of the prompt that were evaluated (not those taken from a cache).
    pub prompt_tokens: Option<u32>,
    /// Tokens of the prompt that were taken from a cache.
    pub cached_tokens: Option<u32>,
    /// Generation, in ms.
    pub eval_ms: Option<f64>,
    /// What llama.cpp divides [`eval_ms`](Self::eval_ms) by: evaluations of one token, one less
    /// than the tokens generated.
    pub eval_runs: Option<u32>,
    /// Choosing tokens, in ms.
    pub sampling_ms: Option<f64>,
    /// First evaluation until the end, in ms; for a server prompt and generation.
    pub total_ms: Option<f64>,
    /// Tokens that a draft model proposed.
    pub draft_tokens: Option<u32>,
    /// Those of them that were right.
    pub draft_accepted: Option<u32>,
    /// Tokens generated, where the program says so itself.
    generated: Option<u32>,
    /// Whether the prompt's evaluation was booked as generation.
    prompt_in_eval: bool,
}

impl Timings {
    /// Takes what an event of the log adds.
    pub fn take_event(&mut self, event: &LogEvent) {
        match &event.fact {
            Fact::Timing(line) => self.take(line),
            Fact::Draft {
                accepted,
                generated,
            } => {
                self.draft_accepted = Some(*accepted);
                self.draft_tokens = Some(*generated);
            }
            _ => {}
        }
    }

    /// Takes a line of timings. A later line about the same thing replaces an earlier one.
    pub fn take(&mut self, line: &TimingLine) {
        match line.stage {
            Stage::Load => self.load_ms = line.ms,
            Stage::Sample => {
                self.sampling_ms = line.ms;
                self.generated = line.count;
            }
            Stage::Sampling => {
                // `sampling time` comes before its part `samplers time`.
                if line.count.is_none() || self.sampling_ms.is_none() {
                    self.sampling_ms = line.ms;
                }
            }
            Stage::Prompt => {
                // Without a time the count is made up: the program prints at least 1.
                self.prompt_in_eval = line.ms.is_none() && line.count == Some(1);
                self.prompt_ms = line.ms;
                self.prompt_tokens = line.count.filter(|&n| line.ms.is_some() || n > 1);
            }
            Stage::Eval => {
                self.eval_ms = line.ms;
                self.eval_runs = line.divisor();
                if !line.counts_runs {
                    self.generated = line.count;
                }
            }
            Stage::Total => self.total_ms = line.ms,
            Stage::Unaccounted => {}
        }
    }

    /// Reads the `timings` object of `llama-server`.
    #[must_use]
    pub fn from_json(object: &serde_json::Value) -> Self {
        let ms = |key: &str| object.get(key)?.as_f64().and_then(measured);
        let tokens = |key: &str| {
            let count = object.get(key)?.as_u64()?;
            u32::try_from(count).ok()
        };
        let positive = |key: &str| tokens(key).filter(|&count| count > 0);
        // Before the first token some builds send whatever was in memory for a time; the rate that
        // they compute from it is seldom a number (`null`).
        let computed = |key: &str| !object.get(key).is_some_and(serde_json::Value::is_null);
        let generated = positive("predicted_n");
        let prompt_ms = ms("prompt_ms").filter(|_| computed("prompt_per_second"));
        // The first token comes out of the prompt's evaluation: alone, it took no time of its own, and the
        // server says a microsecond, so as not to divide by zero.
        let eval_ms = ms("predicted_ms").filter(|_| generated.is_some_and(|count| count > 1));
        let eval_runs = eval_ms.zip(generated).map(|(eval_ms, count)| {
            let quotient = ms("predicted_per_token_ms");
            // Full precision here; the tolerance only has to tell two neighbours apart.
            divisor(eval_ms, count, quotient, 1e-6 * eval_ms)
        });
        Self {
            prompt_ms,
            prompt_tokens: positive("prompt_n"),
            cached_tokens: tokens("cache_n"),
            eval_ms,
            eval_runs,
            total_ms: match (prompt_ms, eval_ms) {
                (None, None) => None,
                (prompt, eval) => Some(prompt.unwrap_or(0.0) + eval.unwrap_or(0.0)),
            },
            draft_tokens: positive("draft_n"),
            draft_accepted: tokens("draft_n_accepted"),
            generated,
            ..Self::default()
        }
    }

    /// Milliseconds per generated token, as llama.cpp computes it.
    #[must_use]
    pub fn ms_per_token(&self) -> Option<f64> {
        per_token(self.eval_ms, self.eval_runs)
    }

    /// Tokens generated per second: the inverse.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        self.ms_per_token().map(|ms| 1000.0 / ms)
    }

    /// Milliseconds per token of the prompt.
    #[must_use]
    pub fn prompt_ms_per_token(&self) -> Option<f64> {
        per_token(self.prompt_ms, self.prompt_tokens)
    }

    /// Tokens generated, the model's end of text included. Exact, except that it is one too many
    /// if the prompt filled whole batches and left a last one of a single token.
    #[must_use]
    pub fn generated_tokens(&self) -> Option<u32> {
        let by_runs = || {
            let runs = self.eval_runs?;
            Some(if self.prompt_in_eval {
                runs
            } else {
                runs.saturating_add(1)
            })
        };
        self.generated.or_else(by_runs)
    }

    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn per_token(ms: Option<f64>, tokens: Option<u32>) -> Option<f64> {
    ms.zip(tokens)
        .and_then(|(ms, tokens)| measured(ms / f64::from(tokens)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> TimingLine {
        TimingLine::parse(text).unwrap()
    }

    #[test]
    fn a_line_of_each_year() {
        for (text, ms, count, per_token) in [
            (
                "common_perf_print:        eval time =     344.08 ms /    15 runs   (   22.94 ms per token,    43.59 tokens per second)",
                344.08,
                15,
                22.94,
            ),
            (
                "llama_perf_context_print:        eval time =  124973.60 ms /   127 runs   (  984.04 ms per token,     1.02 tokens per second)",
                124_973.60,
                127,
                984.04,
            ),
            (
                "llama_print_timings:        eval time = 115222.19 ms /   510 runs   (  225.93 ms per token,     4.43 tokens per second)",
                115_222.19,
                510,
                225.93,
            ),
            (
                "llama_print_timings:        eval time =  3655.15 ms /    31 runs   (  117.91 ms per token)",
                3655.15,
                31,
                117.91,
            ),
            (
                "llama_print_timings:        eval time =  3655,15 ms /    31 runs   (  117,91 ms per token,    8,48 tokens per second)",
                3655.15,
                31,
                117.91,
            ),
            (
                "generation eval time =    3655.15 ms /    31 runs   (  117.91 ms per token,     8.48 tokens per second)",
                3655.15,
                31,
                117.91,
            ),
        ] {
            let line = line(text);
            assert_eq!(line.stage, Stage::Eval, "{text}");
            assert!(line.counts_runs);
            assert_eq!(
                (line.ms, line.count, line.ms_per_token),
                (Some(ms), Some(count), Some(per_token))
            );
            assert_eq!(line.divisor(), Some(count));
        }
    }

    #[test]
    fn a_server_divides_by_one_less() {
        let new = line(
            "slot print_timing: id  3 | task 0 |        eval time =      76.84 ms /     4 tokens (   25.61 ms per token,    39.04 tokens per second)",
        );
        assert_eq!(new.slot, Some(Slot { id: 3, task: 0 }));
        assert_eq!((new.count, new.divisor()), (Some(4), Some(3)));
        let old = line(
            "       eval time =   16131.90 ms /   192 tokens (   84.02 ms per token,    11.90 tokens per second)",
        );
        assert_eq!(old.divisor(), Some(192));
    }

    #[test]
    fn what_was_not_measured_is_absent() {
        let empty = line(
            "common_perf_print: prompt eval time =       0.00 ms /     1 tokens (    0.00 ms per token,      inf tokens per second)",
        );
        assert_eq!(empty.stage, Stage::Prompt);
        assert_eq!(
            (empty.ms, empty.ms_per_token, empty.tokens_per_second),
            (None, None, None)
        );
        let nan = line(
            "llama_print_timings:        eval time =     0.00 ms /     0 runs   (    -nan ms per token,     -nan tokens per second)",
        );
        assert_eq!(
            (nan.ms, nan.count, nan.ms_per_token, nan.divisor()),
            (None, None, None, None)
        );
    }

    #[test]
    fn other_lines_are_no_timings() {
        for text in [
            "",
            " time =",
            "the time = 5 ms",
            "eval time",
            "eval time = ms",
            "n_gen = 5",
            "common_perf_print:    graphs reused =         14",
        ] {
            assert_eq!(TimingLine::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_prompt_of_one_token_is_booked_as_generation() {
        let mut timings = Timings::default();
        timings.take(&line("prompt eval time =       0.00 ms /     1 tokens (    0.00 ms per token,      inf tokens per second)"));
        timings.take(&line("eval time =    2550.56 ms /     6 runs   (  425.09 ms per token,     2.35 tokens per second)"));
        assert_eq!(timings.generated_tokens(), Some(6));
        assert_eq!((timings.prompt_ms, timings.prompt_tokens), (None, None));
    }

    #[test]
    fn the_servers_object() {
        let object = serde_json::json!({
            "cache_n": 0, "prompt_n": 8, "prompt_ms": 0.747, "predicted_n": 6, "predicted_ms": 1.161,
            "predicted_per_token_ms": 0.232_200_000_000_000_02,
        });
        let timings = Timings::from_json(&object);
        assert_eq!(
            (timings.eval_runs, timings.generated_tokens()),
            (Some(5), Some(6))
        );
        assert!((timings.ms_per_token().unwrap() - 0.2322).abs() < 1e-9);
        assert!(Timings::from_json(&serde_json::json!([1])).is_empty());
        let unwritten = serde_json::json!({
            "prompt_n": 12, "prompt_ms": 5e-300, "prompt_per_second": null, "predicted_n": 0,
            "predicted_ms": 7.5, "predicted_per_token_ms": null,
        });
        let timings = Timings::from_json(&unwritten);
        assert_eq!(
            (timings.prompt_ms, timings.eval_ms, timings.total_ms),
            (None, None, None)
        );
        let first = serde_json::json!({ "predicted_n": 1, "predicted_ms": 0.001, "predicted_per_token_ms": 0.0 });
        let first = Timings::from_json(&first);
        assert_eq!((first.eval_ms, first.eval_runs), (None, None));
        assert_eq!(first.generated_tokens(), Some(1));
    }
}
