//! Dialogs: the relation of two peers that a call is.
//!
//! Shape: [`Dialog`] is what is remembered of one; [`Path`] is how requests inside it are written and where they go.
//! Time: told; [`Dialog::deadline`] says when the endpoint must look at it again.
//! Sources: RFC 3261 §12, §13, §14, §15.
//!
//! | state     | begins with             | ends with                                    |
//! |-----------|-------------------------|----------------------------------------------|
//! | Incoming  | an INVITE               | our final response, CANCEL, BYE              |
//! | Calling   | our INVITE              | its final response, or none                  |
//! | Confirmed | a 2xx, sent or received | BYE, or no ACK                               |
//! | Leaving   | our BYE                 | the end of its transaction                   |

mod agreement;
mod infos;
mod path;
mod reliable;
mod session_timer;
mod transfer;
mod uac;
mod uas;

pub(crate) use agreement::{Agreement, Asked, Origin, Reoffering, Retry, Role};
pub(crate) use infos::Infos;
pub(crate) use path::Path;
pub(crate) use reliable::{Rack, Reliability, Told, Unpracked, rseq_of};
pub(crate) use session_timer::{SessionTimer, Terms, Wanted, ask, lists};
pub(crate) use transfer::{ReferReceived, ReferSent, Transfers};
pub(crate) use uac::{Cancel, EarlyAnswer, OutgoingCall};
pub(crate) use uas::{Acceptance, AfterAck, IncomingCall, OfferSide, Reoffer, Ringing, Which};

use crate::auth::Bound;
use crate::event::DialogId;
use bytes::Bytes;
use std::time::Instant;

/// What is going on in a dialog.
#[derive(Debug)]
pub(crate) enum State {
    /// An INVITE waits for our owner.
    Incoming(IncomingCall),
    /// Our INVITE waits for its final response.
    Calling(OutgoingCall),
    /// Both sides have agreed.
    Confirmed(Exchange),
    /// Our BYE is on its way.
    Leaving,
}

/// What offer and answer are going on in a confirmed dialog.
#[derive(Debug)]
pub(crate) enum Exchange {
    /// None.
    Idle,
    /// A re-INVITE waits for our owner.
    Reoffered(Reoffer),
    /// Our re-INVITE waits for its final response.
    Reoffering(Reoffering),
    /// Our 2xx waits for its ACK.
    Unacknowledged(Acceptance),
}

/// Whether the owner knows that the dialog is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    /// It lives, for all the owner knows.
    Alive,
    /// `Ended` was reported; what follows is tidying up.
    Ended,
}

/// One dialog.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) id: DialogId,
    pub(crate) path: Path,
    pub(crate) local_tag: String,
    /// The peer's tag; `None` until a response brought it, or when an RFC 2543 peer has none.
    pub(crate) remote_tag: Option<String>,
    /// The highest CSeq the peer has used.
    pub(crate) remote_seq: Option<u32>,
    pub(crate) credentials: Option<Bound>,
    pub(crate) announced: Announced,
    pub(crate) agreement: Agreement,
    pub(crate) infos: Infos,
    /// What our BYE carries, with its type.
    pub(crate) farewell: Option<(String, Bytes)>,
    pub(crate) state: State,
}

impl Dialog {
    /// When the dialog wants to be looked at.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let exchange = match &self.state {
            State::Incoming(call) => call.ringing.as_ref().map(|ringing| ringing.refresh_at),
            State::Confirmed(Exchange::Unacknowledged(acceptance)) => Some(acceptance.deadline()),
            State::Confirmed(Exchange::Reoffering(reoffering)) => Some(reoffering.give_up_at),
            State::Calling(_) | State::Confirmed(_) | State::Leaving => None,
        };
        [exchange, self.agreement.deadline()].into_iter().flatten().min()
    }

    /// The highest CSeq that the sender with this tag has used: each early dialog of a call of ours counts for itself.
    pub(crate) fn remote_seq(&mut self, from_tag: Option<&str>) -> &mut Option<u32> {
        if let (State::Calling(call), Some(tag)) = (&mut self.state, from_tag)
            && let Some(fork) = call.fork(tag)
        {
            return &mut fork.remote_seq;
        }
        &mut self.remote_seq
    }

    /// A CSeq that no dialog of this call has used, above `least`.
    pub(crate) fn next_seq(&mut self, least: u32) -> u32 {
        let mut last = least.max(self.path.local_seq);
        if let State::Calling(call) = &mut self.state {
            last = call.forks.iter().map(|fork| fork.path.local_seq).fold(last, u32::max);
            call.forks.iter_mut().for_each(|fork| fork.path.local_seq = last + 1);
        }
        self.path.local_seq = last + 1;
        self.path.local_seq
    }

    /// Whether a request with this Call-ID and From tag belongs here (RFC 3261 §12.2.2).
    pub(crate) fn is_from_peer(&self, call_id: &str, from_tag: Option<&str>) -> bool {
        let same_peer = match (&self.state, &self.remote_tag) {
            (State::Calling(_), None) => true,
            (_, tag) => tag.as_deref() == from_tag,
        };
        self.path.call_id == call_id && same_peer
    }
}
