//! Digits as telephone events: the payload, its reading, and its passing on to another leg.
//!
//! Sources: RFC 4733.

pub mod event;
pub mod keys;
pub mod receiver;
pub(crate) mod relay;
pub(crate) mod ways;

pub use event::Digit;
pub use keys::Keys;
