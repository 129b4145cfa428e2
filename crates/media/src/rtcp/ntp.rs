//! Time as RTCP writes it.
//!
//! Shape: [`NtpClock`] turns instants into [`NtpTime`]; its owner tells what time of day it is, or it counts from when it was made.
//! Units: seconds since 1900 in 32 bits, and as many bits of fraction.
//! Sources: RFC 3550 sections 4 and 6.4.1 (elapsed time in place of the time of day).

use std::time::{Duration, Instant};

/// Seconds from 1900 to 1970: 70 years, 17 of them leap years.
const UNIX_EPOCH: u64 = 2_208_988_800;

/// An instant in NTP format, whose seconds wrap in 2036.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// The middle 32 bits: 16 of seconds, 16 of fraction.
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// A duration in 65536ths of a second; 18 hours at most.
pub(crate) fn short(duration: Duration) -> u32 {
    u32::try_from(fraction_bits(duration) >> 16).unwrap_or(u32::MAX)
}

/// What a number of 65536ths of a second lasts.
pub(crate) fn duration_of_short(short: u32) -> Duration {
    Duration::from_nanos((u64::from(short) * 1_000_000_000) >> 16)
}

/// A duration with 32 bits of fraction; it wraps after 136 years.
fn fraction_bits(duration: Duration) -> u64 {
    (duration.as_secs() << 32) | ((u64::from(duration.subsec_nanos()) << 32) / 1_000_000_000)
}

/// Which NTP time an instant has.
#[derive(Copy, Clone, Debug)]
pub struct NtpClock {
    at: Instant,
    ntp: u64,
}

impl NtpClock {
    /// A clock that knows no time of day, and counts from `start`.
    pub fn since(start: Instant) -> Self {
        Self { at: start, ntp: 0 }
    }

    /// A clock at whose instant `at` so much time has passed since 1970.
    pub fn wall(at: Instant, since_unix_epoch: Duration) -> Self {
        let since_1900 = since_unix_epoch.saturating_add(Duration::from_secs(UNIX_EPOCH));
        Self { at, ntp: fraction_bits(since_1900) }
    }

    /// The time at `now`.
    pub fn at(&self, now: Instant) -> NtpTime {
        let ntp = match now.checked_duration_since(self.at) {
            Some(passed) => self.ntp.wrapping_add(fraction_bits(passed)),
            None => self.ntp.wrapping_sub(fraction_bits(self.at.saturating_duration_since(now))),
        };
        NtpTime(ntp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_start;

    #[test]
    fn the_time_of_day_counts_from_1900() {
        let start = test_start();
        // RFC 5905 figure 4: the first of January 1970 is 2,208,988,800 s.
        let clock = NtpClock::wall(start, Duration::from_millis(1_500));
        assert_eq!(clock.at(start), NtpTime((2_208_988_801 << 32) | (1 << 31)));
        assert_eq!(clock.at(start + Duration::from_millis(250)), NtpTime((2_208_988_801 << 32) | (3 << 30)));
        assert_eq!(clock.at(start).middle(), ((2_208_988_801u64 << 16) as u32) | 0x8000);
        let before = NtpClock::wall(start + Duration::from_secs(1), Duration::from_secs(1)).at(start);
        assert_eq!(before, NtpTime(2_208_988_800 << 32));
    }

    #[test]
    fn short_durations_keep_a_65536th_of_a_second() {
        assert_eq!(short(Duration::from_millis(5_250)), 0x5_4000);
        assert_eq!(duration_of_short(0x5_4000), Duration::from_millis(5_250));
        assert_eq!(short(Duration::MAX), u32::MAX);
        assert!(duration_of_short(u32::MAX) < Duration::from_secs(65_536));
    }
}
