//! The time of day as the API shows it: UTC, as in `2026-11-26 23:05:26`.

use std::time::SystemTime;

use jiff::{Timestamp, civil::DateTime, tz::Offset};

const FORM: &str = "%Y-%m-%d %H:%M:%S";

/// The date and time, to the second.
pub(super) fn gmt(time: SystemTime) -> String {
    Timestamp::try_from(time).unwrap_or_default().strftime(FORM).to_string()
}

/// The time that is written so.
pub(super) fn of_gmt(text: &str) -> Option<SystemTime> {
    let written = DateTime::strptime(FORM, text).ok()?;
    Offset::UTC.to_timestamp(written).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn seconds_become_dates_and_dates_seconds() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (951_868_800, "2000-03-01 00:00:00"),
            (1_709_164_800, "2024-02-29 00:00:00"),
            (1_767_225_599, "2025-12-31 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ] {
            let time = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(gmt(time), text);
            assert_eq!(of_gmt(text), Some(time));
        }
        for text in
            ["", "yesterday", "2026-02-30 00:00:00", "2026-01-01", "2026-01-01 24:00:00", "2026-01-01 00:00:00x"]
        {
            assert_eq!(of_gmt(text), None, "{text}");
        }
    }
}
