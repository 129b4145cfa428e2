//! Requests inside a dialog.
//!
//! Shape: a request with a To tag in; its answer, and an event where the owner must know.
//! Errors: 481 without the dialog, 500 for a CSeq that goes back, 491 and 500 for INVITEs that cross.
//! Sources: RFC 3261 §12.2.2, §13.3.1.4, §14.2, §15.1.2; RFC 6086 §4.2 (INFO).

use super::Endpoint;
use crate::dialog::{AfterAck, Announced, Exchange, OfferSide, Reoffer, State, Which};
use crate::event::{DialogId, EndReason, Event};
use crate::flow::Flow;
use crate::message::body::{self, NoSdp};
use crate::message::{Method, Request, StatusCode};
use crate::transaction::{ServerKey, ServerMachine};
use std::time::Instant;

/// The longest pause that `Retry-After` asks for when two INVITEs cross, in seconds (RFC 3261 §14.2: 0 to 10).
pub(super) const MAX_PAUSE: u32 = 11;

impl Endpoint {
    /// The dialog of a request that carries our tag.
    fn dialog_of(&self, request: &Request) -> Option<DialogId> {
        let id = *self.by_tag.get(&request.to().tag()?)?;
        let from_tag = request.from().tag();
        let dialog = self.dialogs.get(&id)?;
        dialog.is_from_peer(request.call_id(), from_tag.as_deref()).then_some(id)
    }

    pub(super) fn receive_in_dialog(&mut self, now: Instant, flow: Flow, key: ServerKey, request: Box<Request>) {
        let Some(id) = self.dialog_of(&request) else {
            if *request.method() == Method::Subscribe
                && let Some(id) = self.subscription_of(&request)
            {
                return self.receive_resubscribe(now, flow, &request, id);
            }
            if Self::is_unsolicited(&request) {
                return self.receive_notify_outside(now, flow, &request);
            }
            self.counters.no_dialog += 1;
            return self.answer_at_once(now, flow, &request, StatusCode::NO_SUCH_TRANSACTION, self.response_headers());
        };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let number = request.cseq().number;
        let last = dialog.remote_seq(request.from().tag().as_deref());
        if last.is_some_and(|last| number < last) {
            return self.answer_at_once(now, flow, &request, StatusCode::SERVER_ERROR, self.response_headers());
        }
        *last = Some(number);
        let calling = matches!(dialog.state, State::Calling(_));
        let over = dialog.announced == Announced::Ended;
        match request.method() {
            Method::Invite if !over => self.receive_reinvite(now, flow, key, request, id),
            Method::Bye if !calling => self.receive_bye(now, flow, &request, id),
            Method::Info if !over => {
                self.answer_at_once(now, flow, &request, StatusCode::OK, self.response_headers());
                let content_type = request.header("Content-Type").unwrap_or_default().to_owned();
                self.events.push_back(Event::Info { dialog: id, content_type, body: request.body().clone() });
            }
            Method::Prack if !over => self.receive_prack(now, flow, key, request, id),
            Method::Update if !over => self.receive_update(now, flow, key, request, id),
            Method::Refer if !over => self.receive_refer(now, flow, key, request, id),
            Method::Notify => self.receive_notify(now, flow, &request, id),
            Method::Subscribe => self.refuse_package(now, flow, &request),
            Method::Options => self.answer_options(now, flow, &request, Some(id)),
            Method::Invite | Method::Bye | Method::Info | Method::Prack | Method::Update | Method::Refer => {
                self.answer_at_once(now, flow, &request, StatusCode::NO_SUCH_TRANSACTION, self.response_headers());
            }
            _ => self.refuse_method(now, flow, &request, StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    fn receive_bye(&mut self, now: Instant, flow: Flow, request: &Request, id: DialogId) {
        self.answer_at_once(now, flow, request, StatusCode::OK, self.response_headers());
        self.terminate_pending(now, id);
        self.end(id, EndReason::RemoteBye);
        // Our own BYE may be on its way as well; it keeps the dialog until it is answered.
        if self.dialogs.get(&id).is_some_and(|dialog| !matches!(dialog.state, State::Leaving)) {
            self.remove(id);
        }
    }

    fn receive_reinvite(&mut self, now: Instant, flow: Flow, key: ServerKey, request: Box<Request>, id: DialogId) {
        let Some(dialog) = self.dialogs.get(&id) else { return };
        match &dialog.state {
            State::Confirmed(Exchange::Idle) if dialog.agreement.asked.is_none() => {}
            State::Incoming(_) | State::Confirmed(Exchange::Idle | Exchange::Reoffered(_)) => {
                return self.come_later(now, flow, &request);
            }
            State::Calling(_)
            | State::Confirmed(Exchange::Unacknowledged(_) | Exchange::Reoffering(_))
            | State::Leaving => {
                return self.answer_at_once(now, flow, &request, StatusCode::REQUEST_PENDING, self.response_headers());
            }
        }
        let offer = match body::sdp(&request.common.headers, request.body()) {
            Ok(offer) => Some(offer),
            Err(NoSdp::Absent) => None,
            Err(NoSdp::Unsupported) => return self.refuse_media_type(now, flow, &request),
        };
        if let Some(headers) = self.interval_too_small(&request) {
            return self.answer_at_once(now, flow, &request, StatusCode::INTERVAL_TOO_SMALL, headers);
        }
        self.begin_invite(&key, flow, &request, id, None);
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            let side = if offer.is_some() { OfferSide::Theirs } else { OfferSide::Ours };
            dialog.state = State::Confirmed(Exchange::Reoffered(Reoffer { key, request, flow, offer: side }));
            self.events.push_back(Event::Reoffered { dialog: id, offer });
        }
    }

    /// An ACK of a rejection ends in its transaction; one of a 2xx is for the dialog.
    pub(super) fn receive_ack(&mut self, now: Instant, key: &ServerKey, ack: &Request) {
        let absorbed = self.transactions.with_server(key, |entry| match &mut entry.machine {
            ServerMachine::Invite(machine) => machine.acknowledged(now, entry.timing),
            ServerMachine::Other(_) => false,
        });
        if absorbed == Some(true) {
            return;
        }
        let Some(id) = self.dialog_of(ack) else {
            self.counters.stray_acks += 1;
            return;
        };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let State::Confirmed(exchange) = &mut dialog.state else { return };
        let acceptance = match std::mem::replace(exchange, Exchange::Idle) {
            Exchange::Unacknowledged(acceptance) if acceptance.cseq == ack.cseq().number => acceptance,
            other => {
                // An ACK that came twice, or one for another INVITE.
                *exchange = other;
                return;
            }
        };
        self.reschedule(id);
        if let AfterAck::Leave { reason } = acceptance.then {
            return self.leave(now, id, reason.as_deref());
        }
        let answer = match acceptance.offer {
            OfferSide::Ours => Self::sdp_of(&ack.common.headers, ack.body()),
            OfferSide::Theirs => None,
        };
        if acceptance.which == Which::First || answer.is_some() {
            self.events.push_back(Event::Confirmed { dialog: id, answer });
        }
    }
}
