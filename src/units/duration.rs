//! Times as people write and read them.
//!
//! Two texts per time: [`exact`] for files, which [`parse`] reads back to the nanosecond, and
//! [`short`] for a line that somebody glances at.

use std::time::Duration;

/// Why a text or number is no time.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum DurationError {
    /// Below zero.
    #[error("a time cannot be negative, as {0} is")]
    Negative(String),
    /// Zero, where only a positive time or none at all makes sense.
    #[error("a limit of 0 would end everything at once; use \"none\" for no limit")]
    Zero,
    /// Above [`LONGEST`].
    #[error("{0} is longer than a year; use \"none\" for no limit")]
    TooLong(String),
    /// No number with a unit.
    #[error("{text} is no time ({reason}); write it as \"120s\", \"2m\" or \"1h 30m\"")]
    Invalid {
        /// What was written.
        text: String,
        /// What was wrong with it.
        reason: String,
    },
}

/// The longest time that can be asked for. Adding it to a clock never overflows, and whoever wants
/// more means no limit.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Reads a time: numbers with units (`120s`, `2m`, `1h 30m`, `250ms`); a number alone is seconds.
///
/// # Errors
/// When it is negative, longer than [`LONGEST`], or no time at all.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if text.starts_with('-') {
        return Err(DurationError::Negative(text.to_owned()));
    }
    if text.starts_with(|c: char| c.is_ascii_digit())
        && let Ok(seconds) = text.parse::<f64>()
    {
        return from_seconds(seconds).map_err(|_| DurationError::TooLong(text.to_owned()));
    }
    let time = humantime::parse_duration(text).map_err(|error| DurationError::Invalid {
        text: format!("\"{text}\""),
        reason: error.to_string(),
    })?;
    bounded(time)
}

/// A number of seconds as a time, as a bare number in a TOML file means it.
///
/// # Errors
/// When it is negative, longer than [`LONGEST`], or not a number.
pub fn from_seconds(seconds: f64) -> Result<Duration, DurationError> {
    if seconds < 0.0 {
        return Err(DurationError::Negative(seconds.to_string()));
    }
    if seconds.is_nan() {
        return Err(DurationError::Invalid {
            text: seconds.to_string(),
            reason: "not a number".to_owned(),
        });
    }
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| DurationError::TooLong(format!("{seconds} s")))
        .and_then(bounded)
}

fn bounded(time: Duration) -> Result<Duration, DurationError> {
    if time > LONGEST {
        return Err(DurationError::TooLong(exact(time)));
    }
    Ok(time)
}

/// The text that [`parse`] reads back as exactly this time, such as `2m` or `1h 30m`.
#[must_use]
pub fn exact(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

/// The text for a glance: `43 ms`, `1.3 s`, `23.2 s`, `2 min 5 s`, `1 h 30 min`.
#[must_use]
pub fn short(time: Duration) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    let seconds = time.as_secs_f64();
    // Each bound is where rounding would reach the next unit: 59.96 s is "1 min", not "60.0 s".
    if seconds < 0.9995 {
        let ms = seconds * 1000.0;
        let decimals = usize::from(ms > 0.0 && ms < 0.95);
        return format!("{ms:.decimals$} ms");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = time.as_secs() + u64::from(time.subsec_millis() >= 500);
    let (large, large_unit, small, small_unit) = if whole < HOUR {
        (whole / MINUTE, "min", whole % MINUTE, "s")
    } else if whole < DAY {
        (whole / HOUR, "h", whole % HOUR / MINUTE, "min")
    } else {
        (whole / DAY, "d", whole % DAY / HOUR, "h")
    };
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, LONGEST, exact, from_seconds, parse, short};
    use proptest::prelude::*;

    #[test]
    fn reads_what_people_write() {
        for (text, ms) in [
            ("120s", 120_000),
            ("2m", 120_000),
            ("1h 30m", 5_400_000),
            ("250ms", 250),
            ("120", 120_000),
            ("1.5", 1500),
            (" 1.5 s ", 1500),
            ("0", 0),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, message) in [
            ("-5s", "a time cannot be negative, as -5s is"),
            (
                "9 years",
                "9years is longer than a year; use \"none\" for no limit",
            ),
            ("1e300", "1e300 is longer than a year"),
            (
                "soon",
                "\"soon\" is no time (expected number at 0); write it as \"120s\", \"2m\" or \"1h 30m\"",
            ),
            (
                "",
                "\"\" is no time (value was empty); write it as \"120s\", \"2m\" or \"1h 30m\"",
            ),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{text}: {error}");
        }
        assert!(from_seconds(-1.0).is_err());
        assert!(from_seconds(f64::NAN).is_err());
    }

    #[test]
    fn shows_it_for_a_glance() {
        for (ms, text) in [
            (0.0, "0 ms"),
            (0.4, "0.4 ms"),
            (43.2, "43 ms"),
            (999.4, "999 ms"),
            (999.6, "1.0 s"),
            (1300.0, "1.3 s"),
            (23_240.0, "23.2 s"),
            (59_960.0, "1 min"),
            (125_000.0, "2 min 5 s"),
            (180_000.0, "3 min"),
            (5_400_000.0, "1 h 30 min"),
            (90_000_000.0, "1 d 1 h"),
        ] {
            let time = Duration::from_secs_f64(ms / 1000.0);
            assert_eq!(short(time), text, "{ms} ms");
        }
    }

    proptest! {
        #[test]
        fn exact_text_reads_back_as_the_same_time(
            seconds in 0..LONGEST.as_secs(),
            nanos in 0u32..1_000_000_000,
        ) {
            let time = Duration::new(seconds, nanos);
            prop_assert_eq!(parse(&exact(time)), Ok(time));
        }

        #[test]
        fn never_panics(text in ".{0,24}", seconds: f64) {
            let _ = parse(&text);
            let _ = from_seconds(seconds);
        }

        #[test]
        fn no_unit_reaches_the_next_one(ms in 0u64..24 * 60 * 60 * 1000) {
            let text = short(Duration::from_millis(ms));
            prop_assert!(!text.starts_with("60") && !text.starts_with("1000"), "{}", text);
            prop_assert!(!text.contains(" 60 "), "{}", text);
        }
    }
}
