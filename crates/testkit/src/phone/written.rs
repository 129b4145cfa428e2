//! Requests of our own writing on their way over a network that loses: repeated until they are answered, or given up.
//!
//! Shape: a request and whoever waits for its answer in; what is due out.
//! Time: told. T1 to T2 apart for 64 * T1, as any client transaction over UDP.
//! Sources: RFC 3261 §17.1.1.2, §17.1.2.2.

use std::time::Duration;
use tokio::time::Instant;

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);

/// A request that waits for its final response.
pub(super) struct Written<W> {
    pub(super) branch: String,
    pub(super) waiting: W,
    bytes: Vec<u8>,
    /// When it goes out again; never once an INVITE has been heard of.
    again: Option<Instant>,
    interval: Duration,
    until: Instant,
}

impl<W> Written<W> {
    /// A request that leaves now.
    pub(super) fn new(now: Instant, branch: &str, bytes: Vec<u8>, waiting: W) -> Self {
        let branch = branch.to_owned();
        Self { branch, waiting, bytes, again: Some(now + T1), interval: T1, until: now + T1 * 64 }
    }

    /// A provisional response came.
    pub(super) fn heard_of(&mut self) {
        self.again = None;
    }

    /// Whether nobody answers any more.
    pub(super) fn is_given_up(&self, now: Instant) -> bool {
        self.until <= now
    }

    pub(super) fn deadline(&self) -> Instant {
        self.again.map_or(self.until, |again| again.min(self.until))
    }

    /// The bytes, when it is time to send them again.
    pub(super) fn due(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.again.filter(|again| *again <= now)?;
        self.interval = (self.interval * 2).min(T2);
        self.again = Some(now + self.interval);
        Some(self.bytes.clone())
    }
}
