//! What an endpoint reports, and what an owner orders with.
//!
//! Shape: events are past participles, orders take the structs at the end of this file.
//! Sources: RFC 3261 §12 (dialogs), §13 (INVITE), §14 (re-INVITE), §15 (BYE); RFC 6086 (INFO).

use crate::endpoint::ReferOutcome;
use crate::flow::Flow;
use crate::message::{NameAddr, Reason, ReferRequest, Request, StatusCode, Uri};
use crate::outside::Outcome;
use crate::registration::RegistrationFailure;
use bytes::Bytes;
use std::fmt;
use std::time::{Duration, Instant};

/// Names a dialog from its first event or order to its `Ended`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DialogId(pub(crate) u64);

/// Names a request outside dialogs: one that waits for our answer, or one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub(crate) u64);

/// Names a registration of ours from its order to its `Unregistered`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegistrationId(pub(crate) u64);

impl fmt::Display for RegistrationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for DialogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names a subscription of a peer from its acceptance to its `SubscriptionEnded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub(crate) u64);

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Someone calls. 100 is already sent; `ring`, `answer` or `reject` it.
    Incoming {
        /// The new dialog.
        dialog: DialogId,
        /// What arrived.
        invite: Box<Invite>,
    },
    /// The next hop of our call has it: a response of 100, which comes from no further (RFC 3261 §8.2.6.1).
    Trying {
        /// The dialog.
        dialog: DialogId,
    },
    /// Our call got a provisional response above 100.
    Progress {
        /// The dialog.
        dialog: DialogId,
        /// 101 to 199.
        status: StatusCode,
        /// SDP for early media, when there was some.
        early: Option<Bytes>,
    },
    /// Our call was answered; the ACK is already sent.
    Answered {
        /// The dialog.
        dialog: DialogId,
        /// The answer to our offer. Empty when the peer sent none, neither here nor while ringing.
        answer: Bytes,
    },
    /// The ACK of our 2xx arrived. Once per incoming call; and again for a re-INVITE without offer whose ACK brings an answer.
    Confirmed {
        /// The dialog.
        dialog: DialogId,
        /// The answer, when our 2xx carried the offer.
        answer: Option<Bytes>,
    },
    /// The PRACK of our reliable ringing brought the answer to the offer in it; the call itself is still unanswered.
    EarlyAnswered {
        /// The dialog.
        dialog: DialogId,
        /// The answer.
        answer: Bytes,
    },
    /// A re-INVITE, or an UPDATE or PRACK with an offer, arrived: `accept_reoffer` or `reject_reoffer` it.
    ///
    /// In a call of ours it may come before `Answered`, from one of several phones that ring; its offer is then an early
    /// description of that phone.
    Reoffered {
        /// The dialog.
        dialog: DialogId,
        /// The new offer; `None` asks us for one.
        offer: Option<Bytes>,
    },
    /// Our new offer was answered; the ACK is already sent. Also after a refresh of ours that offered nothing new.
    Reanswered {
        /// The dialog.
        dialog: DialogId,
        /// The answer; empty when the peer sent none.
        answer: Bytes,
    },
    /// Our new offer was refused; the call goes on as it was.
    ReofferRefused {
        /// The dialog.
        dialog: DialogId,
        /// 300 to 699; 491 when the offers crossed too often.
        status: StatusCode,
    },
    /// An INFO arrived inside the dialog; 200 is already sent.
    Info {
        /// The dialog.
        dialog: DialogId,
        /// The `Content-Type`, empty when there is none.
        content_type: String,
        /// The body.
        body: Bytes,
    },
    /// An INFO of ours was not taken.
    InfoRefused {
        /// The dialog.
        dialog: DialogId,
        /// The final response; `None` when there was none.
        status: Option<StatusCode>,
    },
    /// A REFER arrived: `accept_refer` or `reject_refer` it within 32 * T1.
    ReferRequested {
        /// The dialog.
        dialog: DialogId,
        /// What is asked for.
        refer: Box<ReferRequest>,
    },
    /// The peer agreed to a REFER of ours, or tells how its call goes.
    ReferProgress {
        /// The dialog.
        dialog: DialogId,
        /// 2xx of the REFER itself, then 1xx of the target.
        status: StatusCode,
    },
    /// A REFER of ours is over, exactly once for each.
    Referred {
        /// The dialog.
        dialog: DialogId,
        /// What came of it.
        outcome: ReferOutcome,
    },
    /// A REGISTER arrived: `respond` to it within 64 * T1.
    Requested {
        /// Names it for `respond`.
        request: RequestId,
        /// Where it came from.
        flow: Flow,
        /// What arrived.
        message: Box<Request>,
    },
    /// Somebody wants to be told a state of ours: `accept_subscription`, or `respond` with a refusal, within 64 * T1.
    Subscribing {
        /// Names it for the answer.
        request: RequestId,
        /// Where it came from.
        flow: Flow,
        /// What arrived.
        message: Box<Request>,
    },
    /// A subscriber goes on with its subscription. 200 is already sent, and the state as it was last told.
    Resubscribed {
        /// The subscription.
        subscription: SubscriptionId,
    },
    /// A subscription is over, exactly once for each.
    SubscriptionEnded {
        /// The subscription.
        subscription: SubscriptionId,
    },
    /// Something came of a request of ours outside dialogs, exactly once for each.
    Responded {
        /// The request.
        request: RequestId,
        /// What came of it.
        outcome: Outcome,
    },
    /// A registrar holds our binding; again with each refresh.
    Registered {
        /// The registration.
        registration: RegistrationId,
        /// How long, unless it is refreshed, which happens by itself.
        expires: Duration,
        /// The proxies that calls by this registration shall pass (RFC 3608), often none.
        service_route: Vec<Uri>,
    },
    /// A registrar does not hold our binding, or did not confirm it.
    RegistrationFailed {
        /// The registration.
        registration: RegistrationId,
        /// Why.
        why: RegistrationFailure,
        /// When it is tried again.
        retry_at: Instant,
    },
    /// A registration is over, as we wanted.
    Unregistered {
        /// The registration.
        registration: RegistrationId,
    },
    /// A rejection of our call says more than its status. `Ended` follows.
    Refused {
        /// The dialog.
        dialog: DialogId,
        /// What it says.
        refusal: Box<Refusal>,
    },
    /// A caller who gives up says why (RFC 3326); the end follows at once.
    CancelledBecause {
        /// The dialog.
        dialog: DialogId,
        /// Why, at least one.
        reasons: Vec<Reason>,
    },
    /// The dialog is over. The last event of every dialog that was `Incoming` or invited, exactly once.
    Ended {
        /// The dialog.
        dialog: DialogId,
        /// Why.
        why: EndReason,
    },
}

impl Event {
    /// The dialog it is about.
    pub fn dialog(&self) -> Option<DialogId> {
        match self {
            Self::Incoming { dialog, .. }
            | Self::Trying { dialog }
            | Self::Progress { dialog, .. }
            | Self::Answered { dialog, .. }
            | Self::Confirmed { dialog, .. }
            | Self::EarlyAnswered { dialog, .. }
            | Self::Reanswered { dialog, .. }
            | Self::ReofferRefused { dialog, .. }
            | Self::Reoffered { dialog, .. }
            | Self::Info { dialog, .. }
            | Self::InfoRefused { dialog, .. }
            | Self::ReferRequested { dialog, .. }
            | Self::ReferProgress { dialog, .. }
            | Self::Referred { dialog, .. }
            | Self::Refused { dialog, .. }
            | Self::CancelledBecause { dialog, .. }
            | Self::Ended { dialog, .. } => Some(*dialog),
            Self::Requested { .. }
            | Self::Subscribing { .. }
            | Self::Resubscribed { .. }
            | Self::SubscriptionEnded { .. }
            | Self::Responded { .. }
            | Self::Registered { .. }
            | Self::RegistrationFailed { .. }
            | Self::Unregistered { .. } => None,
        }
    }
}

/// Why a dialog is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndReason {
    /// The peer hung up.
    RemoteBye,
    /// We hung up.
    LocalBye,
    /// The call was cancelled before an answer, by the caller or by us.
    Cancelled,
    /// The call was refused with this status, by the peer or by us.
    Rejected(StatusCode),
    /// Our 2xx was never acknowledged; a BYE is sent.
    NoAck,
    /// Our INVITE, or a request after which the dialog cannot go on, got no response in 64 * T1, or 408.
    TransactionTimeout,
    /// The peer says that it has no such dialog (481).
    DialogLost,
    /// Nobody refreshed the session timer (RFC 4028 §10); a BYE is sent.
    SessionExpired,
    /// The transport could not carry the call's messages.
    TransportFailed,
}

/// An INVITE that begins a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Where it came from.
    pub flow: Flow,
    /// The whole request.
    pub request: Request,
    /// Its SDP; `None` means that our 2xx must carry the offer.
    pub offer: Option<Bytes>,
    /// The dialog of ours that it asks to take the place of (RFC 3891). Whether it may is the owner's to decide, who then
    /// answers this one and hangs up that one.
    pub replaces: Option<DialogId>,
}

/// A call we make.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Where the INVITE is sent.
    pub flow: Flow,
    /// The Request-URI.
    pub target: Uri,
    /// Who calls; its tag is replaced.
    pub from: NameAddr,
    /// Who is called; its tag is dropped.
    pub to: NameAddr,
    /// More headers, such as `P-Asserted-Identity`. Those that only this crate writes are left out.
    pub headers: Vec<(String, String)>,
    /// How many hops it may take. A call made for another call has one less than that one had left, so that a loop of
    /// calls ends (RFC 7332 §5); [`MAX_FORWARDS`](crate::MAX_FORWARDS) otherwise.
    pub max_forwards: u8,
    /// Proxies to pass, nearest first.
    pub route: Vec<Uri>,
    /// Our SDP.
    pub offer: Bytes,
    /// What to answer a 401 or 407 with.
    pub credentials: Option<Credentials>,
}

/// A name and a password, and who may ask for them.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
    /// The only realm that may ask. With `None` the first that the peer asks with becomes it, as long as the endpoint lives.
    /// Only the peer of the flow they are given with gets answers, wherever its `Contact` points.
    pub realm: Option<String>,
}

impl fmt::Debug for Credentials {
    /// Without the password, so that no log can hold it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// What a rejection of our call says beside its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 300 to 699.
    pub status: StatusCode,
    /// When to try again, at most a day (RFC 3261 §20.33).
    pub retry_after: Option<Duration>,
    /// Why (RFC 3326).
    pub reasons: Vec<Reason>,
    /// Where a 3xx says to try instead, the preferred one first, at most 8. Nobody has followed them.
    pub contacts: Vec<Uri>,
}

/// A refusal of an incoming call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// 300 to 699.
    pub status: StatusCode,
    /// The reason phrase in place of the status's own. It loses its control characters, and what is too long of it.
    pub phrase: Option<String>,
    /// More headers, such as `WWW-Authenticate` or `Retry-After`.
    pub headers: Vec<(String, String)>,
}

impl From<StatusCode> for Rejection {
    fn from(status: StatusCode) -> Self {
        Self { status, phrase: None, headers: Vec::new() }
    }
}

/// A final response to a request outside dialogs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 699.
    pub status: StatusCode,
    /// More headers, such as `Contact`.
    pub headers: Vec<(String, String)>,
    /// The body, often empty.
    pub body: Bytes,
}
