//! RTP, telephone-event, codecs, prompts and SDP, sans-IO.
//!
//! Shape: [`StreamPool`] is many legs' sound. It opens no socket, reads no clock and draws no random number: its owner
//! hands it datagrams and the time, and sends what it gives back. [`sdp`] makes [`Negotiated`] from an offer and its
//! answer; [`Audio`] is a prompt, decoded once and shared by every stream that plays it.
//! Units: sound is mono; prompts last a number of samples of 8 kHz, whatever codec they go out in; a frame is what one packet holds.
//! Time: told as `now: Instant`. Frames are due at `start + n x ptime` and never at `now + ptime`.
//! Errors: hostile datagrams are counted by reason and otherwise without effect; files and descriptions are refused with
//! a closed enum a concern.
//! Sources: RFC 3550 and 3551 (RTP), 4733 (digits), 3264 and 8866 (SDP); ITU-T G.711 and G.722; RFC 7587 (Opus).
//!
//! # The contract
//! After [`StreamPool::poll_due`] names a stream: read its socket without blocking into
//! [`StreamPool::handle_datagram`], then send what [`StreamPool::poll_transmit`] gives until it gives nothing.
//! After the last due stream, and after any order, drain [`StreamPool::poll_event`]; then sleep until
//! [`StreamPool::poll_timeout`]. A playback's end is raised with its last frame, so an owner that answers within one
//! packet time has the next prompt in the very next frame. None of this allocates, locks or logs.
//!
//! ```
//! use antiphon_media::sdp::{self, Capabilities, SdpVersion};
//! use antiphon_media::{Audio, EventKind, Keys, MAX_PACKET, PlaybackId, Repeat, Segment, StreamConfig, StreamId, StreamPool};
//! use std::sync::Arc;
//! use std::time::Instant;
//!
//! // The offer of a caller, as it came in an INVITE.
//! let offer = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
//! let local = "127.0.0.1:40000".parse()?;
//! let version = SdpVersion { session_id: 1, version: 1 };
//! let (_body_of_the_200, agreed) = sdp::answer(offer, local, &Capabilities::default(), &version)?;
//!
//! // The owner draws the random numbers and reads the clock; here time is counted.
//! let start = Instant::now();
//! let mut pool = StreamPool::new(start, 100);
//! let leg = StreamId(1);
//! let negotiated = agreed.negotiated;
//! pool.open(start, leg, StreamConfig { negotiated, ssrc: 0x5EED, first_sequence: 7, first_timestamp: 1_000 })?;
//!
//! // A prompt of 100 ms: five packets of 20 ms.
//! let prompt = Arc::new(Audio::from_pcm(&[0; 800]));
//! pool.play(leg, PlaybackId(1), vec![Segment::Audio(prompt)], Repeat::Once, Keys::ALL);
//!
//! let mut buffer = [0; MAX_PACKET];
//! let mut sent = 0;
//! 'playing: while let Some(now) = pool.poll_timeout() {
//!     // A real owner sleeps until `now` here, and reads each due stream's socket into `handle_datagram`.
//!     while let Some(due) = pool.poll_due(now) {
//!         while let Some(transmit) = pool.poll_transmit(now, due.slot, &mut buffer) {
//!             assert_eq!(transmit.to, "127.0.0.1:4000".parse()?);
//!             assert_eq!(transmit.payload.len(), 12 + 160);
//!             sent += 1;
//!         }
//!     }
//!     while let Some(event) = pool.poll_event() {
//!         if event.kind == (EventKind::PlaybackEnded { playback: PlaybackId(1) }) {
//!             break 'playing;
//!         }
//!     }
//! }
//! assert_eq!(sent, 5);
//! assert_eq!(pool.close(leg).map(|totals| totals.sent), Some(5));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod audio;
mod bridge;
pub mod codec;
pub mod comfort;
mod config;
pub mod dtmf;
mod ear;
mod event;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod histogram;
mod holes;
mod jitter;
mod latch;
mod listen;
pub mod live;
mod pacer;
mod pool;
mod quality;
mod reading;
pub mod record;
pub mod resample;
mod room;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
mod slots;
pub mod source;
pub mod srtp;
mod stream;
mod stretch;
mod summary;
mod timeline;
pub mod tones;
mod totals;
mod transcoder;
pub mod utterances;
mod watch;
mod wheel;

pub use audio::Audio;
pub use codec::{Band, Codec};
pub use config::{DEFAULT_PTIME, Direction, MAX_PTIME, Negotiated, OTHERS, RtcpPath, StreamConfig};
pub use dtmf::{Digit, Inband, KeyStep, Keys};
pub use event::{Event, EventKind};
pub use histogram::Histogram;
pub use pool::{ControlTurn, Departed, Due, PlaybackId, PoolError, SeatError, Senders, StreamId, StreamPool};
pub use quality::Impairment;
pub use reading::Reading;
pub use room::{Announcement, Hears, RoomId, SeatOptions, Voice};
pub use slots::Slot;
pub use source::file::FileError;
pub use source::playlist::{Repeat, Segment};
pub use source::wav::WavError;
pub use stream::{Channel, ControlTransmit, MAX_PACKET, Transmit};
pub use summary::{PeerReport, StreamSummary};
pub use totals::{Dropped, StreamTotals};
pub use watch::{Finding, Patience};

/// An instant for tests to count from.
#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; tests only add to it")]
fn test_start() -> std::time::Instant {
    std::time::Instant::now()
}
