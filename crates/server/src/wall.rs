//! The clock on the wall: date and time, as time intervals and ratings want them.
//!
//! Time: the machine's; on virtual time it began at the machine's and goes on with tokio's clock.

use std::time::{Instant, SystemTime};

use crate::call::clock;

/// What time it is.
#[derive(Copy, Clone, Debug)]
pub enum Wall {
    /// The machine's clock, with whatever sets it right.
    Machine,
    /// So late it was at an instant of tokio's clock, and it has gone on with that.
    Virtual(SystemTime, Instant),
}

impl Wall {
    /// A clock of virtual time, which shows the machine's time now.
    pub fn on_virtual_time() -> Self {
        Self::Virtual(SystemTime::now(), clock())
    }

    /// What time it is.
    pub fn now(self) -> SystemTime {
        match self {
            Self::Machine => SystemTime::now(),
            Self::Virtual(then, began) => then + clock().saturating_duration_since(began),
        }
    }
}
