//! The clock of the generator.
//!
//! Units: nanoseconds since 1970, the clock of the kernel's receive stamps.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An instant, in nanoseconds since 1970.
pub type Nanos = u64;

/// The tick of the generator and of the floor.
pub const TICK: Nanos = 1_000_000;

/// The time that one packet covers.
pub const FRAME: Nanos = 20 * TICK;

/// Now.
pub fn now() -> Nanos {
    nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A duration in nanoseconds; what does not fit is the longest that does.
pub fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
