//! What was dropped, by reason.
//!
//! Shape: numbers that only grow, read by whoever exports them.
//! Units: messages.

/// Counts since the endpoint was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests received that parse.
    pub requests: u64,
    /// Responses received that parse.
    pub responses: u64,
    /// Datagrams of nothing but line ends or zeros, as phones behind a NAT send them.
    pub keep_alives: u64,
    /// Bytes that are no message; answered with 400 or 505 where that was possible.
    pub malformed: u64,
    /// Repetitions absorbed by a transaction.
    pub retransmissions: u64,
    /// Responses that belong to no transaction.
    pub stray_responses: u64,
    /// ACKs that belong to no transaction and no dialog.
    pub stray_acks: u64,
    /// Requests inside a dialog that is not there (answered 481).
    pub no_dialog: u64,
    /// The same request over a second path (answered 482).
    pub merged: u64,
    /// INVITEs answered 503, because a table is full.
    pub refused_full: u64,
    /// Other requests dropped, because a table is full.
    pub dropped_full: u64,
    /// Transactions that ended because nobody answered.
    pub timed_out: u64,
    /// Transactions that ended because the transport failed.
    pub transport_failed: u64,
}
