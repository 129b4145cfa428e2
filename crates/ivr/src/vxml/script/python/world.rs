//! The time and the chance that an expression is told.

use jiff::{Timestamp, civil, tz::TimeZone};

use super::Failure;

/// What is there beside names.
#[derive(Debug)]
pub(super) struct World {
    milliseconds: i64,
    zone: TimeZone,
    seed: u64,
}

impl World {
    pub(super) fn new(seed: u32, zone: TimeZone) -> Self {
        // A seed of nothing would stay so.
        Self { milliseconds: 0, zone, seed: u64::from(seed) | 1 << 32 }
    }

    pub(super) fn tell(&mut self, milliseconds: i64) {
        self.milliseconds = milliseconds;
    }

    fn moment(&self) -> Result<Timestamp, Failure> {
        Timestamp::from_millisecond(self.milliseconds).map_err(|error| Failure::new(error.to_string()))
    }

    /// The date and time where the client lives.
    pub(super) fn now(&self) -> Result<civil::DateTime, Failure> {
        Ok(self.zone.to_datetime(self.moment()?))
    }

    pub(super) fn utc(&self) -> Result<civil::DateTime, Failure> {
        Ok(TimeZone::UTC.to_datetime(self.moment()?))
    }

    /// Seconds since 1970 of a date and time where the client lives.
    pub(super) fn timestamp(&self, at: civil::DateTime) -> Result<f64, Failure> {
        let moment = self.zone.to_timestamp(at).map_err(|error| Failure::new(error.to_string()))?;
        #[allow(clippy::cast_precision_loss)]
        Ok(moment.as_microsecond() as f64 / 1e6)
    }

    /// The next number (xorshift64*).
    fn next(&mut self) -> u64 {
        self.seed ^= self.seed >> 12;
        self.seed ^= self.seed << 25;
        self.seed ^= self.seed >> 27;
        self.seed.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number from 0, below 1.
    pub(super) fn chance(&mut self) -> f64 {
        // Fifty-three bits are exact.
        #[allow(clippy::cast_precision_loss)]
        let number = (self.next() >> 11) as f64;
        number / (1_u64 << 53) as f64
    }

    /// A number below this one; 0 where there is none.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or_default()
    }
}
