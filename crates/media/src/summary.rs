//! What one stream was, for people.
//!
//! Shape: a copy of plain values, taken when somebody asks; nothing is noted for it packet by packet.

use crate::config::Negotiated;
use crate::srtp::Suite;
use crate::totals::StreamTotals;
use std::net::SocketAddr;

/// One stream up to now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct StreamSummary {
    /// What the last offer and answer agreed on.
    pub negotiated: Negotiated,
    /// The source that we send as.
    pub ssrc: u32,
    /// The source that the peer sent as last; `None` when nothing usable came.
    pub peer_ssrc: Option<u32>,
    /// Where the peer's packets come from; `None` when nothing usable came.
    pub source: Option<SocketAddr>,
    /// What protects its packets; `None` while they are plain.
    pub suite: Option<Suite>,
    /// What was counted.
    pub totals: StreamTotals,
}
