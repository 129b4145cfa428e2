//! Attended transfers in which both calls are ours: the party that is left in one call moves to the other.
//!
//! Shape: the call that is asked for the transfer sends a [`Yield`] to the other call, which answers with the leg of its own party, and
//! ends. Dialog and stream of the leg go with it: neither its peer's SIP nor its RTP is interrupted.
//! Errors: a call that has nobody to give (it is in a menu, rings, or is being transferred itself), or that may not, drops the question.
//! Sources: RFC 5589 §7, RFC 3891.

use antiphon_ivr::Interrupted;
use antiphon_sip::{DialogId, ReferRequest};
use tokio::sync::{mpsc, oneshot};

use super::{
    CallEvent,
    executor::{Executor, PublicTransfers, dialog_of},
    leg::{Leg, Party},
};
use crate::{media::worker::Worker, store::ClientId};

/// One call's question for the party of another.
#[derive(Debug)]
pub struct Yield {
    /// The dialog whose place the asking call's party takes.
    pub(super) dialog: DialogId,
    /// Whose call asks; calls of another client give nobody.
    pub(super) client: ClientId,
    /// Who stays in the asking call.
    stays: Party,
    /// Whether that party may talk to anybody outside whom it did not call.
    transfers: PublicTransfers,
    inbox: mpsc::Sender<CallEvent>,
    worker: Worker,
    reply: oneshot::Sender<Leg>,
}

/// A question that is under way.
pub(super) struct Asked {
    refer: Box<ReferRequest>,
    reply: oneshot::Receiver<Leg>,
}

impl Yield {
    /// Whether this party may go to the call that asks, where its own call allows public transfers so. Each of the two is transferred to the
    /// other.
    pub(super) fn may_have(&self, party: Party, transfers: PublicTransfers) -> bool {
        let may = |transfers, to| transfers == PublicTransfers::Allowed || to == Party::Phone;
        may(self.transfers, party) && may(transfers, self.stays)
    }
}

impl Asked {
    /// The party, or `None` when the other call has nobody to give.
    pub(super) async fn given(&mut self) -> Option<Leg> {
        (&mut self.reply).await.ok()
    }

    /// What was asked of this call.
    pub(super) fn refer(&self) -> &ReferRequest {
        &self.refer
    }
}

/// Asks the call that a `Refer-To` with `Replaces` names, where it is one of ours, for a party that is to talk to the one that stays.
pub(super) async fn ask(call: &Executor, stays: Party, refer: &ReferRequest) -> Option<Asked> {
    let located = call.rooms.signalling.locate(refer.replaces.clone()?).await?;
    if located.inbox.same_channel(&call.inbox) {
        return None;
    }
    let (reply, given) = oneshot::channel();
    let (client, inbox, worker) = (call.client, call.inbox.clone(), call.caller.worker());
    let (dialog, transfers) = (located.dialog, call.transfers);
    let ask = Yield { dialog, client, stays, transfers, inbox, worker, reply };
    located.inbox.try_send(CallEvent::Yield(Box::new(ask))).ok()?;
    Some(Asked { refer: Box::new(refer.clone()), reply: given })
}

/// Gives the party away; this call is over.
pub(super) async fn give(call: &mut Executor, mut party: Leg, ask: Yield) -> Interrupted {
    let Yield { inbox, worker, reply, .. } = ask;
    tracing::info!(party = %party.shown.number, "the party moves to another call");
    party.move_to(&inbox, worker).await;
    // What came before the move belongs to the party's new call.
    for event in call.drain() {
        if let CallEvent::Sip(event) = event
            && dialog_of(&event) == Some(party.dialog())
        {
            crate::queue::send_now(&inbox, CallEvent::Sip(event));
        }
    }
    // A call that no longer waits has ended; the party is hung up as it is dropped.
    let _ = reply.send(party);
    call.caller.hang_up(None);
    call.end(Interrupted::RemoteHangup)
}
