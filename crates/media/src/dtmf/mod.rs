//! Digits: as telephone events, in the sound itself, and what passes them on to another leg.
//!
//! Sources: RFC 4733; ITU-T Q.23 and Q.24.

mod bank;
pub mod event;
pub mod inband;
pub mod keys;
pub(crate) mod outlet;
pub mod receiver;
pub(crate) mod relay;
pub mod sending;
pub(crate) mod strip;
pub mod tone;
pub(crate) mod tone_ear;
pub(crate) mod ways;

pub use event::Digit;
pub use inband::{Detector, Edge, ToneEdge};
pub use keys::Keys;
pub use sending::KeyStep;
pub use ways::{Decision, KeyLog, KeyRow, KeyWay};

/// What keys have to do with a leg's sound, where no telephone-events were agreed on. Where they were, nothing.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum Inband {
    /// Nothing: tones pass as any sound does.
    #[default]
    Unused,
    /// The owner tells the peer of keys in another way, so that it is sent no tones of keys that are known.
    Apart,
    /// The same, and the peer's keys are listened for in its sound.
    Heard,
    /// The peer's keys are listened for in its sound, and keys are said to the peer as tones.
    Spoken,
}
