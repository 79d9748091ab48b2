//! Times as people write them for a history, and read them in it. All of them are UTC: records are
//! compared between machines.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// No time to begin at.
#[derive(Debug, thiserror::Error)]
#[error(
    "--since \"{0}\" is neither a time to look back for, such as 7d or 12h, nor a date such as 2026-11-01"
)]
pub struct NotSince(String);

/// Reads a time to look back for (`7d`, `12h`), or a date (`2026-11-01`, `2026-11-01T18:30`), as
/// milliseconds since 1970-01-01 UTC.
///
/// # Errors
/// [`NotSince`] where it is neither.
pub(crate) fn since(text: &str, now_unix_ms: u64) -> Result<u64, NotSince> {
    read_since(text, now_unix_ms).ok_or_else(|| NotSince(text.to_owned()))
}

fn read_since(text: &str, now_unix_ms: u64) -> Option<u64> {
    if let Some(ms) = age_ms(text) {
        return Some(now_unix_ms.saturating_sub(ms));
    }
    let date: DateTime = text.trim().parse().ok()?;
    let at = TimeZone::UTC.to_timestamp(date).ok()?;
    // Before 1970 nothing ran.
    Some(u64::try_from(at.as_millisecond()).unwrap_or(0))
}

/// Reads a time with its unit in milliseconds. A bare number has none: seconds would be as good a
/// guess as days.
pub(super) fn age_ms(text: &str) -> Option<u64> {
    let age: Duration = humantime::parse_duration(text.trim()).ok()?;
    u64::try_from(age.as_millis()).ok()
}

/// `2026-11-23 16:43`, for a table.
pub(crate) fn minute(unix_ms: u64) -> String {
    formatted(unix_ms, "%Y-%m-%d %H:%M")
}

/// `2026-11-23T16:43:00.123Z`, for programs and for whoever looks closely.
pub(crate) fn exact(unix_ms: u64) -> String {
    formatted(unix_ms, "%Y-%m-%dT%H:%M:%S.%3fZ")
}

/// Nothing for a time that no calendar here has.
fn formatted(unix_ms: u64, format: &str) -> String {
    let at = i64::try_from(unix_ms).ok();
    let at = at.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map(|at| at.strftime(format).to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: u64 = 60 * 60 * 1000;
    const NOW: u64 = 1_795_000_000_123;

    #[test]
    fn reads_an_age_or_a_date() {
        assert_eq!(since("7d", NOW).ok(), Some(NOW - 7 * 24 * HOUR_MS));
        assert_eq!(since(" 12h ", NOW).ok(), Some(NOW - 12 * HOUR_MS));
        assert_eq!(since("900 years", NOW).ok(), Some(0));
        // `date -u -d 2026-11-01 +%s`
        assert_eq!(since("2026-11-01", NOW).ok(), Some(1_793_491_200_000));
        assert_eq!(since("2026-11-01T18:30", NOW).ok(), Some(1_793_557_800_000));
        assert_eq!(since("1969-12-31", NOW).ok(), Some(0));
        for text in ["", "7", "soon", "2026-13-01", "-7d"] {
            assert!(since(text, NOW).is_err(), "{text}");
        }
    }

    #[test]
    fn writes_the_calendar_of_utc() {
        assert_eq!(exact(NOW), "2026-11-18T11:06:40.123Z");
        assert_eq!(minute(NOW), "2026-11-18 11:06");
        assert_eq!(exact(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(exact(u64::MAX), "");
    }
}
