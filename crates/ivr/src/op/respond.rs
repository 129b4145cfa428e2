//! The final answer to a caller, in the words of SIP.
//!
//! Shape: [`Respond`] ends the call, answered or not.
//! Sources: RFC 3261 §21; RFC 3326 (Reason); `kazoo-pivot.md` 4.1 (response), 5.3 (Reject).

/// The final answer to the caller, which ends the call. A caller who is connected already hears of it in the Reason of the BYE.
#[derive(Clone, Eq, PartialEq, Debug)]
pub struct Respond {
    /// A SIP status from 400 to 699.
    pub status: u16,
    /// The reason phrase; that of the status where it is missing.
    pub phrase: Option<String>,
}
