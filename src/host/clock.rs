//! The clocks: where time comes from, and whether the time of day keeps step.

use std::fs;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::Instant;

use super::unix_ms;

/// Both clocks at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    unix_ms: u64,
    monotonic: Instant,
}

impl Moment {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self {
            unix_ms: unix_ms(),
            monotonic: Instant::now(),
        }
    }

    /// How far the time of day has gone ahead of the clock that only goes forward since then, in
    /// milliseconds; negative where it was set back. An adjusted clock drifts by far less than 1 ms per
    /// second, so that more is a jump.
    #[must_use]
    pub fn jumped_ms(&self) -> i64 {
        let elapsed = u64::try_from(self.monotonic.elapsed().as_millis()).unwrap_or(u64::MAX);
        let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        let day = signed(unix_ms()).saturating_sub(signed(self.unix_ms));
        day.saturating_sub(signed(elapsed))
    }
}

/// What the kernel counts time with, such as `tsc`.
#[must_use]
pub fn source() -> Option<String> {
    let path = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// When a file was last written, in milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn written_unix_ms(path: &Path) -> Option<u64> {
    let written = fs::metadata(path).and_then(|found| found.modified()).ok()?;
    let since: Duration = written.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_is_behind() {
        let ahead = Moment {
            unix_ms: unix_ms() + 60_000,
            monotonic: Instant::now(),
        };
        assert!(ahead.jumped_ms() < -50_000);
    }
}
