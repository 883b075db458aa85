//! The time of day, as MeasurementSets and people write it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The MJD of 1970-01-01.
const UNIX_MJD: f64 = 40_587.0;

const DAY: u64 = 86_400;

/// A moment in UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Utc {
    /// Since 1970-01-01 [ns].
    nanoseconds: u128,
}

impl Utc {
    /// Now.
    pub(crate) fn now() -> Utc {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Utc { nanoseconds: since.as_nanos() }
    }

    /// The moment as a MeasurementSet's TIME [s, MJD].
    pub(crate) fn mjd_seconds(self) -> f64 {
        UNIX_MJD * DAY as f64 + self.nanoseconds as f64 * 1e-9
    }

    /// The moment as `2026-01-25T22:26:05Z`.
    pub(crate) fn iso8601(self) -> String {
        let seconds = (self.nanoseconds / 1_000_000_000) as u64;
        let (year, month, day) = civil(seconds / DAY);
        let (hour, minute, second) = (seconds % DAY / 3600, seconds % 3600 / 60, seconds % 60);
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// An identifier that no other run of this machine has.
    pub(crate) fn run_id(self) -> String {
        format!("{:x}-{:x}", self.nanoseconds, std::process::id())
    }
}

/// A seed that differs from run to run.
pub(crate) fn seed() -> u64 {
    Utc::now().nanoseconds as u64 ^ u64::from(std::process::id()).rotate_left(48)
}

/// Year, month and day of a day count from 1970-01-01 (H. Hinnant, "chrono-compatible low-level date
/// algorithms", civil_from_days).
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let at = |seconds: u128| Utc { nanoseconds: seconds * 1_000_000_000 };
        assert_eq!(at(0).iso8601(), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400).iso8601(), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_769_379_965).iso8601(), "2026-01-25T22:26:05Z");
        assert_eq!(at(DAY.into()).mjd_seconds(), 40_588.0 * 86_400.0);
    }
}
