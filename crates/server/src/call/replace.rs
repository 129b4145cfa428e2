//! Calls from outside that take the place of a party (INVITE with `Replaces`).
//!
//! Shape: the switchboard says who asks, as a [`Replacement`] into the inbox of the call that is meant; the call answers the new leg
//! and hangs the old one up. The other party's stream goes on.
//! Errors: 403 for whoever may not, 481 for a party that is gone or that the call cannot exchange now, 488 and 503 as for any call.
//! Sources: RFC 3891 §3; `docs/rfc/3891.md`.

use std::sync::Arc;

use antiphon_ivr::CallerId;
use antiphon_sip::{DialogId, Invite, Rejection, StatusCode};

use super::{
    executor::{Executor, Heard},
    leg::{Leg, LegMedia, Party},
    media_port::MediaPort,
    recording::Unseated,
    srtp::DialogSrtp,
    transfer::Joined,
};
use crate::{
    rooms::Rooms,
    settings::{DigitWay, Trunk},
    signalling::Order,
    store::Extension,
};

/// What a party is told whose call somebody else goes on with, so that its phone does not list a missed call.
pub(super) const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// With what right somebody takes a party's place.
#[derive(Clone, Debug)]
pub enum Claim {
    /// This phone, which may in calls of its client.
    Phone(Arc<Extension>),
    /// A source that may call without credentials.
    Trusted,
    /// This trunk, which may for the parties that it carries.
    Trunk(Arc<Trunk>),
}

/// An INVITE that asks for a party's place. One that nobody takes is answered 481.
pub struct Replacement {
    rooms: Arc<Rooms>,
    dialog: DialogId,
    invite: Box<Invite>,
    claim: Claim,
    replaced: DialogId,
    /// Whether it is still to be answered.
    open: bool,
}

impl std::fmt::Debug for Replacement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Replacement({} for {})", self.dialog, self.replaced)
    }
}

impl Replacement {
    /// A new dialog that asks for the place of another.
    pub fn new(rooms: Arc<Rooms>, (dialog, invite): (DialogId, Box<Invite>), claim: Claim, replaced: DialogId) -> Self {
        Self { rooms, dialog, invite, claim, replaced, open: true }
    }

    fn refuse(mut self, status: StatusCode) {
        self.open = false;
        self.rooms.signalling.order_now(Order::Reject(self.dialog, Rejection::from(status)));
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if self.open {
            let refusal = Rejection::from(StatusCode::NO_SUCH_TRANSACTION);
            self.rooms.signalling.order_now(Order::Reject(self.dialog, refusal));
        }
    }
}

/// Takes the place of a party of a bridge.
pub(super) async fn in_bridge(call: &mut Executor, callee: &mut Leg, replacement: Box<Replacement>) {
    let of_caller = replacement.replaced == call.caller.dialog();
    if !of_caller && replacement.replaced != callee.dialog() {
        return;
    }
    let by_trunk = matches!(replacement.claim, Claim::Trunk(_));
    let old = if of_caller { &call.caller } else { &*callee };
    let Some(leg) = answer(call, *replacement, old.trunk()).await else { return };
    let unseated = if of_caller { call.unseat_listeners().await } else { Unseated::default() };
    let old = if of_caller { &mut call.caller } else { &mut *callee };
    old.yield_to(leg, by_trunk);
    call.seat_listeners(unseated).await;
    call.caller.bridge(callee).await;
}

/// Takes the caller's place in a menu, or while somebody is being called.
pub(super) async fn in_menu(call: &mut Executor, replacement: Box<Replacement>) -> Option<Heard> {
    let answered = call.caller.is_answered() && call.joined == Joined::Nobody;
    if replacement.replaced != call.caller.dialog() || !answered {
        return None;
    }
    let by_trunk = matches!(replacement.claim, Claim::Trunk(_));
    let leg = answer(call, *replacement, call.caller.trunk()).await?;
    let unseated = call.unseat_listeners().await;
    call.caller.yield_to(leg, by_trunk);
    call.seat_listeners(unseated).await;
    call.close_mailbox();
    Some(Heard::Replaced)
}

/// The leg of the newcomer, answered; it takes the place of a party that is on this trunk.
async fn answer(call: &Executor, mut replacement: Replacement, old: Option<&Arc<Trunk>>) -> Option<Leg> {
    let (may, digits) = match &replacement.claim {
        Claim::Phone(phone) => (phone.client == call.client, DigitWay::Auto),
        Claim::Trusted => (true, DigitWay::Auto),
        Claim::Trunk(trunk) => (old.is_some_and(|old| old.name == trunk.name), trunk.dtmf),
    };
    if !may {
        replacement.refuse(StatusCode::FORBIDDEN);
        return None;
    }
    let addresses = call.rooms.media_addresses(replacement.invite.flow);
    let trunk = if let Claim::Trunk(trunk) = &replacement.claim { Some(&**trunk) } else { None };
    let srtp = DialogSrtp::new(&call.rooms, replacement.invite.flow, trunk);
    let Ok(port) = MediaPort::lease(&call.rooms, addresses, digits, srtp) else {
        replacement.refuse(StatusCode::SERVICE_UNAVAILABLE);
        return None;
    };
    let port = port.by_trunk(trunk);
    replacement.open = false;
    let media = LegMedia { worker: call.caller.worker(), port };
    let mut leg = Leg::incoming(call.rooms.clone(), call.inbox.clone(), replacement.dialog, media);
    (leg.party, leg.shown) = match &replacement.claim {
        // One of our phones has its own number, whatever it says.
        Claim::Phone(phone) => {
            let name = phone.caller_id_name.clone().unwrap_or_default();
            (Party::Phone, CallerId { number: phone.name.clone(), name })
        }
        Claim::Trusted | Claim::Trunk(_) => {
            let number = replacement.invite.request.from().uri.user().unwrap_or_default().into_owned();
            (Party::Outside, CallerId { number, name: String::new() })
        }
    };
    if let Err(error) = leg.answer(replacement.invite.offer.as_deref()).await {
        tracing::info!(%error, "whoever takes a party's place could not be answered");
        leg.refuse_with(error.rejection());
        return None;
    }
    tracing::info!(newcomer = %leg.shown.number, "somebody takes a party's place");
    Some(leg)
}
