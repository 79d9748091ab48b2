//! Speed of generation and of prompt evaluation.

use std::fmt;

/// Milliseconds per token: the unit in which speeds are compared here, because times add up where
/// rates do not. Always finite and above 0.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct MsPerToken(f64);

const MS_PER_SECOND: f64 = 1000.0;

impl MsPerToken {
    /// A speed of so many milliseconds per token; `None` unless that is finite and above 0.
    #[must_use]
    pub fn new(ms: f64) -> Option<Self> {
        (ms.is_finite() && ms > 0.0).then_some(Self(ms))
    }

    /// The speed at which `tokens` tokens took `ms` milliseconds.
    ///
    /// `None` when nothing was measured: no tokens, or no time (llama.cpp prints `0.00 ms / 1 tokens`
    /// for an evaluation that did not happen).
    #[must_use]
    pub fn from_total(ms: f64, tokens: u64) -> Option<Self> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "token counts are far below 2^53, where an f64 starts to round"
        )]
        let tokens = tokens as f64;
        Self::new(ms / tokens)
    }

    /// Milliseconds per token.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The same speed as a rate.
    #[must_use]
    pub fn tokens_per_second(self) -> f64 {
        MS_PER_SECOND / self.0
    }
}

impl fmt::Display for MsPerToken {
    /// Three digits where they mean something: `207 ms/token`, `22.9 ms/token`, `0.18 ms/token`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = match self.0 {
            ms if ms >= 99.95 => 0,
            ms if ms >= 9.995 => 1,
            ms if ms >= 0.095 => 2,
            _ => 4,
        };
        write!(f, "{:.decimals$} ms/token", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::MsPerToken;
    use proptest::prelude::*;

    #[test]
    fn shows_three_digits() {
        for (ms, text) in [
            (207.4, "207 ms/token"),
            (99.96, "100 ms/token"),
            (22.94, "22.9 ms/token"),
            (9.996, "10.0 ms/token"),
            (2.294, "2.29 ms/token"),
            (0.18, "0.18 ms/token"),
            (0.0042, "0.0042 ms/token"),
        ] {
            assert_eq!(MsPerToken::new(ms).unwrap().to_string(), text);
        }
    }

    #[test]
    fn nothing_measured_is_no_speed() {
        for (ms, tokens) in [
            (0.0, 1),
            (1.0, 0),
            (0.0, 0),
            (-1.0, 3),
            (f64::NAN, 3),
            (f64::INFINITY, 3),
        ] {
            assert_eq!(MsPerToken::from_total(ms, tokens), None, "{ms} / {tokens}");
        }
    }

    proptest! {
        #[test]
        fn time_and_rate_agree(ms in 0.001f64..1e9, tokens in 1u64..1_000_000) {
            let speed = MsPerToken::from_total(ms, tokens).unwrap();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let rate = tokens as f64 * 1000.0 / ms;
            prop_assert!((speed.tokens_per_second() / rate - 1.0).abs() < 1e-9);
            prop_assert!((speed.get() * rate / 1000.0 - 1.0).abs() < 1e-9);
        }
    }
}
