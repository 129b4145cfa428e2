//! RTP, telephone-event, G.711, prompts and SDP, sans-IO.
#![forbid(unsafe_code)]

mod audio;
mod bridge;
pub mod codec;
mod config;
pub mod dtmf;
mod event;
mod histogram;
mod jitter;
mod latch;
mod pacer;
mod pool;
mod resample;
pub mod rtp;
pub mod source;
mod stream;
mod totals;
mod wheel;

pub use audio::Audio;
pub use codec::Codec;
pub use config::{DEFAULT_PTIME, Direction, MAX_PTIME, Negotiated, StreamConfig};
pub use dtmf::Digit;
pub use event::{Event, EventKind};
pub use histogram::Histogram;
pub use pool::{PlaybackId, PoolError, StreamId, StreamPool};
pub use source::playlist::{Repeat, Segment};
pub use source::wav::WavError;
pub use stream::{MAX_PACKET, Transmit};
pub use totals::{Dropped, StreamTotals};

/// An instant for tests to count from.
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; tests only add to it")]
fn test_start() -> std::time::Instant {
    std::time::Instant::now()
}
