//! What the rest of the server asks of signalling.
//!
//! Shape: [`Signalling`] is the handle that calls hold; an [`Order`] is one thing asked.
//! Errors: an order that comes too late is dropped by the task, because the far end was faster.

use antiphon_ivr::ExtensionId;
use antiphon_sip::{
    Admission, Counters, DialogId, Flow, Invitation, Notice, ReferOptions, Rejection, Replaces, SipError, StatusCode,
    Transport, Uri,
};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::outward::Ask;
use crate::{call::CallEvent, calls::CallId, queue::send_now};

/// Orders that wait for the endpoint at most; a sender waits for room beyond.
const ORDERS: usize = 4096;

/// What calls ask of signalling.
#[derive(Debug)]
pub enum Order {
    /// Tell the caller that it rings.
    Ring(DialogId),
    /// Let the caller hear something before the answer: 183 with this SDP.
    RingWith(DialogId, Bytes),
    /// Answer with this SDP.
    Answer(DialogId, Bytes, oneshot::Sender<Result<(), SipError>>),
    /// Refuse an unanswered call.
    Reject(DialogId, Rejection),
    /// End a dialog, with the value of a Reason header.
    HangUp(DialogId, Option<String>),
    /// What the BYE of a dialog carries, if we send it, with its `Content-Type`.
    Farewell(DialogId, &'static str, Bytes),
    /// Send an INFO inside a dialog, with its `Content-Type`.
    Info(DialogId, &'static str, Bytes),
    /// Call somebody for this call; the dialog's events go to the inbox.
    Invite(CallId, Box<Invitation>, mpsc::Sender<CallEvent>, oneshot::Sender<DialogId>),
    /// The far end of a TLS flow must prove to be this host.
    Expect(Flow, String),
    /// Accept a re-INVITE with this SDP.
    AcceptReoffer(DialogId, Bytes),
    /// Make a new offer inside a call.
    Reoffer(DialogId, Bytes, oneshot::Sender<Result<(), SipError>>),
    /// Refuse a re-INVITE.
    RejectReoffer(DialogId, StatusCode),
    /// Agree to a REFER of this dialog's peer.
    AcceptRefer(DialogId),
    /// Refuse it.
    RejectRefer(DialogId, StatusCode),
    /// Tell the peer how the call that it asked for goes.
    NotifyRefer(DialogId, StatusCode),
    /// Ask the peer to call somebody else.
    Refer(DialogId, Box<Uri>, Box<ReferOptions>, oneshot::Sender<Result<(), SipError>>),
    /// Say whose dialog a `Replaces` means.
    Locate(Box<Replaces>, oneshot::Sender<Option<Located>>),
    /// From now on a dialog's events go to this inbox.
    Adopt(DialogId, mpsc::Sender<CallEvent>, oneshot::Sender<()>),
    /// Ask something of somebody outside any call.
    Ask(Ask),
    /// Tell whoever watches this mailbox what is in it.
    Summary(ExtensionId, Notice),
    /// Say in answers to OPTIONS whether calls are taken.
    Admit(Admission),
    /// Tell the counters.
    Report(oneshot::Sender<Report>),
}

/// A dialog that somebody asked for, and the inbox of the call that it is part of.
#[derive(Debug)]
pub struct Located {
    /// The dialog.
    pub dialog: DialogId,
    /// Where its call listens.
    pub inbox: mpsc::Sender<CallEvent>,
}

/// What signalling counted since it began, and what it holds now.
#[derive(Clone, Debug)]
pub struct Report {
    /// The endpoint's counters.
    pub counters: Counters,
    /// Dialogs, those included that only wait for their last response.
    pub dialogs: usize,
    /// Server transactions.
    pub transactions: usize,
    /// Messages that wait for the endpoint.
    pub waiting: usize,
}

/// A handle on the signalling task.
#[derive(Clone, Debug)]
pub struct Signalling {
    orders: mpsc::Sender<Order>,
}

impl Signalling {
    /// Gives an order; waits only when the task is thousands of orders behind.
    pub async fn order(&self, order: Order) {
        // The task ends only with the process, so nobody is left to tell.
        let _ = self.orders.send(order).await;
    }

    /// Gives an order from a place that cannot wait, such as a destructor.
    pub fn order_now(&self, order: Order) {
        send_now(&self.orders, order);
    }

    /// Calls somebody for a call and says under which dialog; `None` when the process is ending.
    pub async fn invite(
        &self,
        call: CallId,
        invitation: Invitation,
        inbox: mpsc::Sender<CallEvent>,
    ) -> Option<DialogId> {
        let (reply, dialog) = oneshot::channel();
        self.order(Order::Invite(call, Box::new(invitation), inbox, reply)).await;
        dialog.await.ok()
    }

    /// Says whose certificate the far end of a TLS flow must show, before anything is sent there: the host of the URI that led to
    /// it, and not the name that the host was found by (RFC 5922 §7.3). Without a word of that it must be one for the address.
    pub async fn expect(&self, flow: Flow, host: &str) {
        if flow.transport == Transport::Tls {
            self.order(Order::Expect(flow, host.to_owned())).await;
        }
    }

    /// The counters, or `None` when the process is ending.
    pub async fn report(&self) -> Option<Report> {
        let (reply, report) = oneshot::channel();
        self.order(Order::Report(reply)).await;
        report.await.ok()
    }

    /// Answers a caller.
    ///
    /// # Errors
    /// As the endpoint says; most often the caller has gone meanwhile.
    pub async fn answer(&self, dialog: DialogId, sdp: Bytes) -> Result<(), SipError> {
        let (reply, result) = oneshot::channel();
        self.order(Order::Answer(dialog, sdp, reply)).await;
        result.await.unwrap_or(Err(SipError::UnknownDialog))
    }

    /// Makes a new offer inside a call; what comes of it is an event.
    ///
    /// # Errors
    /// As the endpoint says: the call is over or unanswered, or another offer of ours is still under way.
    pub async fn reoffer(&self, dialog: DialogId, offer: Bytes) -> Result<(), SipError> {
        let (reply, result) = oneshot::channel();
        self.order(Order::Reoffer(dialog, offer, reply)).await;
        result.await.unwrap_or(Err(SipError::UnknownDialog))
    }
}

impl Signalling {
    /// Asks the peer of a dialog to call somebody else; what comes of it are events.
    ///
    /// # Errors
    /// As the endpoint says: the call is over or unanswered, or another such request is still open.
    pub async fn refer(&self, dialog: DialogId, target: Uri, options: ReferOptions) -> Result<(), SipError> {
        let (reply, result) = oneshot::channel();
        self.order(Order::Refer(dialog, Box::new(target), Box::new(options), reply)).await;
        result.await.unwrap_or(Err(SipError::UnknownDialog))
    }

    /// Whose dialog a `Replaces` means, if it is one of ours.
    pub async fn locate(&self, replaces: Replaces) -> Option<Located> {
        let (reply, located) = oneshot::channel();
        self.order(Order::Locate(Box::new(replaces), reply)).await;
        located.await.ok().flatten()
    }
}

/// The orders queue: its two ends exist before the task does, because the reception that the task needs gives orders itself.
pub fn orders() -> (Signalling, mpsc::Receiver<Order>) {
    let (orders, queue) = mpsc::channel(ORDERS);
    (Signalling { orders }, queue)
}
