//! RTP as bytes: the header and its counters.
//!
//! Sources: RFC 3550.

pub mod packet;
pub mod sequence;
