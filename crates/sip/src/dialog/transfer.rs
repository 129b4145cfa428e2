//! Transfers inside one dialog: what we asked of the peer, and what the peer asked of us.
//!
//! Shape: one REFER each way at a time.
//! Time: a deadline each, so that a peer that says nothing more does not keep it open.
//! Sources: RFC 3515 §2.4, RFC 4488.
//!
//! | REFER of ours | ends with                                                       |
//! |---------------|-----------------------------------------------------------------|
//! | Asked         | a rejection, or none                                            |
//! | Accepted      | NOTIFY with a final status or `terminated`; no NOTIFY in time   |
//!
//! | REFER of the peer | ends with                                                   |
//! |-------------------|-------------------------------------------------------------|
//! | Asked             | our owner's decision, or none in 32 * T1                    |
//! | Accepted          | our NOTIFY with a final status; the end of the subscription |

use crate::message::{Request, StatusCode};
use crate::transaction::ServerKey;
use std::time::Instant;

/// A REFER of ours.
#[derive(Debug)]
pub(crate) struct ReferSent {
    /// Its CSeq, before any challenge.
    pub(crate) cseq: u32,
    /// When the peer must have told more; none while the REFER itself waits.
    pub(crate) give_up_at: Option<Instant>,
}

/// A REFER of the peer.
#[derive(Debug)]
pub(crate) enum ReferReceived {
    /// Our owner has to decide.
    Asked { key: ServerKey, request: Box<Request>, give_up_at: Instant },
    /// We are at it, and tell how it goes.
    Accepted {
        /// The `Event` of our NOTIFYs.
        event: String,
        /// The last status that was told.
        told: StatusCode,
        /// What to tell once the NOTIFY on its way has been answered.
        next: Option<StatusCode>,
        notifying: bool,
        expires_at: Instant,
    },
    /// We are at it, and the peer does not want to be told (RFC 4488).
    Untold,
}

/// The transfers of one dialog.
#[derive(Debug, Default)]
pub(crate) struct Transfers {
    pub(crate) sent: Option<ReferSent>,
    /// Whether there ever was a REFER of ours, so that a NOTIFY may be late.
    pub(crate) ever_sent: bool,
    pub(crate) received: Option<ReferReceived>,
    /// How many REFERs of the peer were accepted: the first has NOTIFYs without `id`.
    pub(crate) accepted: u32,
}

impl Transfers {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let sent = self.sent.as_ref().and_then(|sent| sent.give_up_at);
        let received = match &self.received {
            Some(ReferReceived::Asked { give_up_at: at, .. } | ReferReceived::Accepted { expires_at: at, .. }) => {
                Some(*at)
            }
            Some(ReferReceived::Untold) | None => None,
        };
        [sent, received].into_iter().flatten().min()
    }
}
