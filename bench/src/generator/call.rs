//! One call of the generator.

use super::Manner;
use crate::{clock::Nanos, sip::Dialog};

/// How far a call is.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum State {
    /// The INVITE waits for its answer.
    Calling,
    /// Answered.
    Up,
    /// The BYE waits for its answer.
    Leaving,
    /// Ended or failed.
    Over,
}

/// One call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) dialog: Dialog,
    /// Which socket hears it.
    pub(super) ear: usize,
    pub(super) manner: Manner,
    pub(super) state: State,
    /// When the INVITE was sent first.
    pub(super) asked: Nanos,
    /// How often the request that waits was sent.
    pub(super) tries: u32,
}
