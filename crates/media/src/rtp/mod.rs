//! RTP as bytes: the header, and what is counted of what comes.
//!
//! Sources: RFC 3550.

pub mod packet;
pub mod reception;
