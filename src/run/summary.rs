//! The line that says what happened, and the longer account of `-v`.

use std::time::Duration;

use crate::engine::{Measured, Outcome};
use crate::units::{MsPerToken, duration};

/// `112 tokens · 207 ms/token (4.82 tok/s) · prompt 34 tokens at 12 ms · load 1.3 s · total 23.2 s ·
/// stopped: end of text`; what is not known is left out.
pub(super) fn line(outcome: &Outcome) -> String {
    let measured = &outcome.measured;
    let mut parts = Vec::new();
    if let Some(tokens) = measured.generated_tokens {
        parts.push(count(tokens));
    }
    // Our own clock serves where the program was killed before it could tell.
    let speed = measured.ms_per_token.or(measured.tpot_ms);
    if let Some(speed) = speed.and_then(MsPerToken::new) {
        parts.push(format!("{speed} ({})", rate(speed.tokens_per_second())));
    }
    if let Some(prompt) = prompt(measured) {
        parts.push(prompt);
    }
    if let Some(load) = measured.load_ms {
        parts.push(format!("load {}", time(load)));
    }
    if outcome.repetitions > 0 {
        let times = outcome.repetitions + 1;
        parts.push(format!("run {times} times (llama.cpp#22142)"));
    }
    parts.push(format!("total {}", time(measured.total_ms)));
    parts.push(format!("stopped: {}", outcome.end));
    parts.join(" · ")
}

fn prompt(measured: &Measured) -> Option<String> {
    let tokens = measured.prompt_tokens?;
    let mut text = format!("prompt {}", count(tokens));
    let speed = measured
        .prompt_ms
        .and_then(|ms| MsPerToken::from_total(ms, tokens));
    if let Some(speed) = speed {
        text.push_str(" at ");
        text.push_str(&time(speed.get()));
    }
    Some(text)
}

fn count(tokens: u64) -> String {
    match tokens {
        1 => "1 token".to_owned(),
        _ => format!("{tokens} tokens"),
    }
}

/// Tokens per second with three digits.
fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 100.0 => format!("{rate:.0} tok/s"),
        rate if rate >= 10.0 => format!("{rate:.1} tok/s"),
        rate => format!("{rate:.2} tok/s"),
    }
}

/// Milliseconds as a time for people.
pub(super) fn time(ms: f64) -> String {
    // A program may print any figure.
    let time = Duration::try_from_secs_f64(ms.max(0.0) / 1000.0);
    duration::short(time.unwrap_or(Duration::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::End;
    use crate::watchdog::{BudgetKind, Overrun};

    fn outcome(end: End, measured: Measured) -> Outcome {
        Outcome {
            end,
            measured,
            exit: None,
            repetitions: 0,
            places: Vec::new(),
            last_lines: Vec::new(),
            evidence: crate::engine::Evidence::default(),
        }
    }

    #[test]
    fn says_everything_that_is_known() {
        let measured = Measured {
            load_ms: Some(1300.0),
            prompt_ms: Some(408.0),
            prompt_tokens: Some(34),
            generated_tokens: Some(112),
            ms_per_token: Some(207.4),
            total_ms: 23_200.0,
            ..Measured::default()
        };
        assert_eq!(
            line(&outcome(End::EndOfText, measured)),
            "112 tokens · 207 ms/token (4.82 tok/s) · prompt 34 tokens at 12 ms · load 1.3 s · \
             total 23.2 s · stopped: end of text"
        );
    }

    #[test]
    fn a_repetition_is_said() {
        let mut twice = outcome(End::EndOfText, Measured::default());
        twice.repetitions = 1;
        assert_eq!(
            line(&twice),
            "run 2 times (llama.cpp#22142) · total 0 ms · stopped: end of text"
        );
    }

    #[test]
    fn leaves_out_what_is_not_known() {
        let measured = Measured {
            total_ms: 5.0,
            ..Measured::default()
        };
        let end = End::Budget(Overrun {
            kind: BudgetKind::Fixed,
            limit: Duration::from_secs(120),
        });
        assert_eq!(
            line(&outcome(end, measured)),
            "total 5 ms · stopped: time limit of 2m"
        );
    }

    #[test]
    fn a_stop_sequence_of_newlines_can_be_read() {
        assert_eq!(
            End::StopWord("\n\n\n".to_owned()).to_string(),
            r#"stop sequence "\n\n\n""#
        );
    }
}
