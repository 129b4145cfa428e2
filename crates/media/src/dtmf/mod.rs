//! Digits: as telephone events, in the sound itself, and what passes them on to another leg.
//!
//! Sources: RFC 4733; ITU-T Q.23 and Q.24.

mod bank;
pub mod event;
pub mod inband;
pub mod keys;
pub mod receiver;
pub(crate) mod relay;
pub mod tone;
pub(crate) mod ways;

pub use event::Digit;
pub use inband::{Detector, Edge, ToneEdge};
pub use keys::Keys;
