//! A limit on time as a profile says it: worked out, fixed, or none.

use std::fmt;
use std::time::Duration;

use super::duration::{self, DurationError};

/// The word for a limit that is worked out.
const AUTO: &str = "auto";
/// The word for a limit that is not there.
const NONE: &str = "none";

/// A limit on time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limit {
    /// Worked out from what is known of the machine, the model and this very run.
    #[default]
    Auto,
    /// This long, whatever is known.
    Fixed(Duration),
    /// No limit.
    None,
}

impl Limit {
    /// Reads a limit: a time above zero, `auto` or `none`.
    ///
    /// # Errors
    /// As [`duration::parse`], and when it is zero.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case(AUTO) {
            return Ok(Self::Auto);
        }
        if text.eq_ignore_ascii_case(NONE) {
            return Ok(Self::None);
        }
        Self::fixed_to(duration::parse(text)?)
    }

    /// A number of seconds as a limit.
    ///
    /// # Errors
    /// As [`duration::from_seconds`], and when it is zero.
    pub fn from_seconds(seconds: f64) -> Result<Self, DurationError> {
        Self::fixed_to(duration::from_seconds(seconds)?)
    }

    fn fixed_to(time: Duration) -> Result<Self, DurationError> {
        if time.is_zero() {
            return Err(DurationError::Zero);
        }
        Ok(Self::Fixed(time))
    }

    /// The time, where it is fixed.
    #[must_use]
    pub fn fixed(self) -> Option<Duration> {
        match self {
            Self::Fixed(time) => Some(time),
            Self::Auto | Self::None => None,
        }
    }

    /// The text for a glance.
    #[must_use]
    pub fn short(self) -> String {
        self.fixed()
            .map_or_else(|| self.to_string(), duration::short)
    }
}

/// The text that [`Limit::parse`] reads back as the same limit.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str(AUTO),
            Self::Fixed(time) => f.write_str(&duration::exact(*time)),
            Self::None => f.write_str(NONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Limit;
    use proptest::prelude::*;
    use std::time::Duration;

    #[test]
    fn reads_what_people_write() {
        let fixed = |seconds| Ok(Limit::Fixed(Duration::from_secs(seconds)));
        assert_eq!(Limit::parse("none"), Ok(Limit::None));
        assert_eq!(Limit::parse(" Auto "), Ok(Limit::Auto));
        assert_eq!(Limit::parse("3m"), fixed(180));
        assert_eq!(Limit::from_seconds(30.0), fixed(30));
    }

    #[test]
    fn a_limit_of_nothing_is_refused() {
        let message = "a limit of 0 would end everything at once; use \"none\" for no limit";
        for refused in [Limit::parse("0s"), Limit::from_seconds(0.0)] {
            assert_eq!(refused.unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn text_reads_back_as_the_same_limit(seconds in 0u64..1_000_000, nanos in 1u32..1_000_000_000) {
            for limit in [Limit::Auto, Limit::None, Limit::Fixed(Duration::new(seconds, nanos))] {
                prop_assert_eq!(Limit::parse(&limit.to_string()), Ok(limit));
            }
        }

        #[test]
        fn never_panics(text in ".{0,24}", seconds: f64) {
            let _ = Limit::parse(&text);
            let _ = Limit::from_seconds(seconds);
        }
    }
}
