//! How many requests a client makes in an hour.
//!
//! Shape: a window of an hour that begins with a client's first request, and a count within it, in memory.
//! Time: told; a restart begins anew.
//! Sources: `ringme-ivr.md` 2.1 (rate limiting).
//!
//! The table has an entry a client, and only clients of the store come this far.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::store::ClientId;

const HOUR: Duration = Duration::from_secs(3600);

/// The counts of all clients.
pub(super) struct HourlyRate {
    limit: u64,
    windows: Mutex<HashMap<ClientId, Window>>,
}

struct Window {
    began: Instant,
    used: u64,
}

/// Where a client stands, this request included.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) struct Rate {
    pub(super) limit: u64,
    pub(super) used: u64,
    /// When the count begins anew.
    pub(super) reset_in: Duration,
}

impl Rate {
    pub(super) fn is_exceeded(&self) -> bool {
        self.used > self.limit
    }

    pub(super) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }
}

impl HourlyRate {
    pub(super) fn new(limit: u64) -> Self {
        Self { limit, windows: Mutex::default() }
    }

    /// Counts a request.
    pub(super) fn take(&self, client: ClientId, now: Instant) -> Rate {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry(client).or_insert(Window { began: now, used: 0 });
        if now.duration_since(window.began) >= HOUR {
            *window = Window { began: now, used: 0 };
        }
        window.used = window.used.saturating_add(1);
        let reset_in = HOUR.saturating_sub(now.duration_since(window.began));
        Rate { limit: self.limit, used: window.used, reset_in }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_requests_again_after_an_hour() {
        let rate = HourlyRate::new(2);
        let began = Instant::now();
        let at = |client, seconds| rate.take(ClientId(client), began + Duration::from_secs(seconds));
        assert_eq!(at(1, 0), Rate { limit: 2, used: 1, reset_in: HOUR });
        assert!(!at(1, 10).is_exceeded());
        let third = at(1, 60);
        assert!(third.is_exceeded());
        assert_eq!((third.remaining(), third.reset_in.as_secs()), (0, 3540));
        assert!(!at(2, 60).is_exceeded(), "another client has its own count");
        assert_eq!(at(1, 3600).remaining(), 1);
    }
}
