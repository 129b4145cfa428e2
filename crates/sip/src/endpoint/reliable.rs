//! Reliable provisional responses: ringing that is sure to arrive.
//!
//! Shape: as the callee, [`Endpoint::ring`](super::Endpoint::ring) goes through here and PRACK comes back; as the caller, each
//! reliable response gets its PRACK in the early dialog it came in.
//! Errors: a PRACK for nothing gets 481; a response without PRACK in 64 * T1 ends the call with 500.
//! Sources: RFC 3262 §3, §4, §5; RFC 3261 §13.2.1 (where the first offer and answer stand).

use super::Endpoint;
use super::send::{Sending, reply_flow};
use crate::dialog::{
    Dialog, EarlyAnswer, OfferSide, Path, Rack, Reliability, Ringing, State, Told, Unpracked, lists, rseq_of,
};
use crate::event::{DialogId, EndReason, Event};
use crate::flow::Flow;
use crate::message::body::{self, NoSdp};
use crate::message::{Method, Request, Response, StatusCode};
use crate::transaction::{Purpose, ServerKey, ServerMachine};
use bytes::Bytes;
use std::time::Instant;

/// The first RSeq is below this (RFC 3262 §3: 1 to 2^31 - 1).
const RSEQ_LIMIT: u32 = (1 << 31) - 2;

/// The option tag.
pub(super) const RELIABLE: &str = "100rel";

/// What the INVITE says about reliability.
pub(super) fn reliability(invite: &Request) -> Reliability {
    let headers = &invite.common.headers;
    match () {
        () if lists(headers, "Require", RELIABLE) => Reliability::Required,
        () if lists(headers, "Supported", RELIABLE) => Reliability::Supported,
        () => Reliability::Unknown,
    }
}

impl Endpoint {
    /// Sends a provisional response reliably, or keeps it until the one before has its PRACK.
    pub(super) fn ring_reliably(&mut self, now: Instant, id: DialogId, early: Option<Bytes>) {
        let Some(Dialog { state: State::Incoming(call), agreement, .. }) = self.dialogs.get_mut(&id) else { return };
        if agreement.provisionals.unpracked.is_some() {
            // The latest word is enough.
            agreement.provisionals.waiting = Some(early);
            return;
        }
        let (key, request, side) = (call.key.clone(), call.request.clone(), call.offer);
        let told = &mut agreement.provisionals.told;
        let early = early.filter(|_| *told == Told::Nothing);
        if early.is_none() && *told == Told::Nothing && side == OfferSide::Ours {
            // The first reliable response would have to carry our offer (RFC 3261 §13.2.1); 100 has been said.
            return;
        }
        if let Some(early) = &early {
            *told = if side == OfferSide::Ours { Told::Offer } else { Told::Answer };
            agreement.described = Some(early.clone());
        }
        let rseq = match agreement.provisionals.last_rseq {
            0 => 1 + self.tokens.below(RSEQ_LIMIT),
            last => last.wrapping_add(1).max(1),
        };
        let (described, cseq) = (early.is_some(), request.cseq().number);
        let status = if described { StatusCode::PROGRESS } else { StatusCode::RINGING };
        let mut headers = self.response_headers();
        headers.push("Require", RELIABLE);
        headers.push("RSeq", rseq.to_string());
        let payload = self.dialog_response(id, &request, status, early, headers);
        let Some(flow) = self.remember_provisional(&key, &payload) else { return };
        if let Some(Dialog { state: State::Incoming(call), agreement, .. }) = self.dialogs.get_mut(&id) {
            // Proxies on the way want to hear of it every minute; the caller knows its number already.
            let refresh_at = now + self.config.ringing_refresh;
            call.ringing = Some(Ringing { response: payload.clone(), refresh_at });
            let sent = (flow, payload.clone());
            let provisionals = &mut agreement.provisionals;
            provisionals.last_rseq = rseq;
            provisionals.unpracked = Some(Unpracked::new(now, &self.config.timers, (rseq, cseq), sent, described));
        }
        self.transmit(flow, payload);
        self.reschedule(id);
    }

    /// Keeps a provisional response for repetitions of its INVITE. Answers where it goes.
    pub(super) fn remember_provisional(&mut self, key: &ServerKey, payload: &Bytes) -> Option<Flow> {
        self.transactions.with_server(key, |entry| {
            if let ServerMachine::Invite(machine) = &mut entry.machine {
                machine.provisional(payload.clone());
            }
            entry.flow
        })
    }

    /// Repeats a reliable response, or gives the call up.
    pub(super) fn wake_reliable(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let Some(unpracked) = &mut dialog.agreement.provisionals.unpracked else { return };
        let Some(repeat) = unpracked.repeat else { return };
        if unpracked.give_up_at > now {
            if repeat.at <= now {
                unpracked.repeated(now);
                let (flow, response) = (unpracked.flow, unpracked.response.clone());
                self.transmit(flow, response);
            }
            return;
        }
        if let State::Incoming(call) = &dialog.state {
            let (key, request) = (call.key.clone(), call.request.clone());
            self.refuse(now, &key, &request, StatusCode::SERVER_ERROR, id, Sending::Transmit);
            self.end(id, EndReason::Rejected(StatusCode::SERVER_ERROR));
            self.remove(id);
        }
    }

    /// A PRACK: 200 for the response that waits for it, 481 for any other.
    pub(super) fn receive_prack(
        &mut self,
        now: Instant,
        flow: Flow,
        key: ServerKey,
        prack: Box<Request>,
        id: DialogId,
    ) {
        let sdp = match body::sdp(&prack.common.headers, prack.body()) {
            Ok(sdp) => Some(sdp),
            Err(NoSdp::Absent) => None,
            Err(NoSdp::Unsupported) => return self.refuse_media_type(now, flow, &prack),
        };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let provisionals = &mut dialog.agreement.provisionals;
        let taken = Rack::of(&prack.common.headers).and_then(|rack| provisionals.take(&rack));
        if taken.is_none() {
            return self.answer_at_once(now, flow, &prack, StatusCode::NO_SUCH_TRANSACTION, self.response_headers());
        }
        match (sdp, provisionals.told) {
            (None, _) => self.answer_at_once(now, flow, &prack, StatusCode::OK, self.response_headers()),
            (Some(answer), Told::Offer) => {
                provisionals.told = Told::Answered;
                self.answer_at_once(now, flow, &prack, StatusCode::OK, self.response_headers());
                self.events.push_back(Event::EarlyAnswered { dialog: id, answer });
            }
            // Their first offer has no answer yet, so that there can be no second one (RFC 3264 §4).
            (Some(_), Told::Nothing) => {
                self.answer_at_once(now, flow, &prack, StatusCode::NOT_ACCEPTABLE_HERE, self.response_headers());
            }
            (Some(offer), Told::Answer | Told::Answered) => self.take_offer(now, flow, key, prack, id, offer),
        }
        self.after_prack(now, id);
    }

    /// What waited for a PRACK goes on.
    fn after_prack(&mut self, now: Instant, id: DialogId) {
        let Some(Dialog { state: State::Incoming(call), agreement, .. }) = self.dialogs.get_mut(&id) else { return };
        let (accepting, waiting) = (call.accepting.take(), agreement.provisionals.waiting.take());
        match (accepting, waiting) {
            (Some(sdp), _) => self.send_answer(now, id, sdp),
            (None, Some(early)) => self.ring_reliably(now, id, early),
            (None, None) => self.reschedule(id),
        }
    }

    /// A provisional response above 100 in an early dialog of a call of ours: its SDP is kept, and a reliable one gets its
    /// PRACK. Answers whether it is news: one out of order or repeated is not.
    pub(super) fn note_early(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) -> bool {
        let Some(tag) = response.common.to.tag() else { return true };
        let Some(entry) = self.transactions.client(branch) else { return true };
        let (request, flow) = (&entry.request, entry.home());
        let Some(Dialog { state: State::Calling(call), .. }) = self.dialogs.get_mut(&id) else {
            return true;
        };
        let path = || Path::of_success(request, response, flow);
        let Some(fork) = call.fork_or_new(tag, path) else { return true };
        let rseq = rseq_of(&response.common.headers);
        if let Some(rseq) = rseq {
            if fork.rseq.is_some_and(|last| last.checked_add(1) != Some(rseq)) {
                return false;
            }
            fork.rseq = Some(rseq);
        }
        if let Some(sdp) = Self::sdp_of(&response.common.headers, &response.common.body)
            && fork.answer != EarlyAnswer::Changed
        {
            fork.early = Some(sdp);
            if rseq.is_some() {
                fork.answer = EarlyAnswer::Given;
            }
        }
        let Some(rseq) = rseq else { return true };
        let invite_seq = request.cseq;
        let mut path = fork.path.clone();
        let prack_branch = self.branch();
        let (flow, mut prack) = path.request(Method::Prack, &self.listeners, &prack_branch);
        prack.headers = self.request_headers();
        prack.headers.push("RAck", format!("{rseq} {invite_seq} INVITE"));
        if let Some(Dialog { state: State::Calling(call), .. }) = self.dialogs.get_mut(&id)
            && let Some(fork) = response.common.to.tag().and_then(|tag| call.fork(&tag))
        {
            fork.path = path;
        }
        if let Err(error) = self.send_inside_over(now, id, Purpose::Prack, flow, prack) {
            tracing::debug!(%error, "a PRACK was not sent");
        }
        true
    }

    /// Answers an INVITE with 200 where no PRACK is in the way.
    pub(super) fn send_answer(&mut self, now: Instant, id: DialogId, sdp: Bytes) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let State::Incoming(call) = &dialog.state else { return };
        let (key, request, mut side) = (call.key.clone(), call.request.clone(), call.offer);
        let reply = reply_flow(&request, dialog.path.flow);
        dialog.agreement.provisionals.settle();
        // What the caller was told reliably stands; a second description would only confuse it (RFC 3261 §13.2.1).
        let told = dialog.agreement.provisionals.told != Told::Nothing;
        let sdp = Some(sdp).filter(|_| !told);
        if let Some(sdp) = &sdp {
            dialog.agreement.described = Some(sdp.clone());
        } else {
            side = OfferSide::Theirs;
        }
        let mut headers = self.response_headers();
        self.timer_by_request(now, id, &request, &mut headers);
        let ok = self.dialog_response(id, &request, StatusCode::OK, sdp, headers);
        self.accept_invite(now, id, &key, &request, side, (reply, ok));
    }
}
