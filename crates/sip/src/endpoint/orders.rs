//! Orders on calls that came in, and on requests that wait.
//!
//! Shape: an order in; a response out, and the dialog one state further.
//! Errors: [`SipError`]; an order that fails changes nothing.
//! Sources: RFC 3261 §12.1.1, §13.3.1, §14.2, §15.1.1, §9.1.

use super::Endpoint;
use super::reliable::reliability;
use super::send::{ALLOW, SDP, SUPPORTED, Sending, reply_flow};
use crate::dialog::{
    Acceptance, AfterAck, Announced, Cancel, Dialog, Exchange, IncomingCall, OfferSide, Reliability, Ringing, State,
    Told, Which,
};
use crate::error::SipError;
use crate::event::{DialogId, EndReason, Rejection, Reply, RequestId};
use crate::flow::Flow;
use crate::message::build::{Answer, push_foreign, response};
use crate::message::{Headers, Request, StatusCode};
use crate::transaction::{ServerKey, ServerMachine};
use bytes::Bytes;
use std::time::Instant;

impl Endpoint {
    /// Rings: 180, or 183 with SDP for early media. May be given again.
    ///
    /// Where the caller can (RFC 3262), early SDP is sent reliably, and where the caller insists, all ringing is. An INVITE
    /// without offer is told an early offer of ours only reliably.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`], or [`SipError::WrongState`] unless the call came in and is unanswered.
    pub fn ring(&mut self, now: Instant, dialog: DialogId, early: Option<Bytes>) -> Result<(), SipError> {
        let call = self.incoming(dialog)?;
        let (key, request, side) = (call.key.clone(), call.request.clone(), call.offer);
        let told = self.live(dialog)?.agreement.provisionals.told;
        let reliably = match reliability(&request) {
            Reliability::Required => true,
            Reliability::Supported => early.is_some() && told == Told::Nothing,
            Reliability::Unknown => false,
        };
        if reliably {
            self.ring_reliably(now, dialog, early);
            return Ok(());
        }
        let status = if early.is_some() { StatusCode::PROGRESS } else { StatusCode::RINGING };
        // Without reliability an offer of ours could get lost, and a second description would be too many.
        let early = early.filter(|_| side == OfferSide::Theirs && told == Told::Nothing);
        let payload = self.dialog_response(dialog, &request, status, early, self.response_headers());
        let reply = self.remember_provisional(&key, &payload);
        let refresh_at = now + self.config.ringing_refresh;
        if let Some(Dialog { state: State::Incoming(call), .. }) = self.dialogs.get_mut(&dialog) {
            call.ringing = Some(Ringing { response: payload.clone(), refresh_at });
        }
        if let Some(reply) = reply {
            self.transmit(reply, payload);
        }
        self.reschedule(dialog);
        Ok(())
    }

    /// Answers with 200. `sdp` is the answer, or the offer when the INVITE had none.
    ///
    /// After early SDP that was sent reliably the 200 waits for the PRACK and carries none again: `sdp` is then not used.
    /// The 200 is repeated until its ACK, which is reported as [`Event::Confirmed`](crate::Event::Confirmed).
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`], or [`SipError::WrongState`] unless the call came in and is unanswered.
    pub fn answer(&mut self, now: Instant, dialog: DialogId, sdp: Bytes) -> Result<(), SipError> {
        self.incoming(dialog)?;
        if let Some(Dialog { state: State::Incoming(call), agreement, .. }) = self.dialogs.get_mut(&dialog)
            && agreement.provisionals.holds_answer()
        {
            call.accepting = Some(sdp);
            return Ok(());
        }
        self.send_answer(now, dialog, sdp);
        Ok(())
    }

    /// Refuses a call; the dialog is over.
    ///
    /// # Errors
    /// [`SipError::WrongStatus`] below 300; else as [`answer`](Self::answer).
    pub fn reject(&mut self, now: Instant, dialog: DialogId, rejection: Rejection) -> Result<(), SipError> {
        let call = self.incoming(dialog)?;
        let (key, request) = (call.key.clone(), call.request.clone());
        if !rejection.status.is_rejection() {
            return Err(SipError::WrongStatus);
        }
        let status = rejection.status;
        self.refuse(now, &key, &request, rejection, dialog, Sending::Transmit);
        self.end(dialog, EndReason::Rejected(status));
        self.remove(dialog);
        Ok(())
    }

    /// Agrees to a re-INVITE, or to the offer of an UPDATE. `sdp` is the answer, or the offer when the re-INVITE had none.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`], or [`SipError::WrongState`] when no re-INVITE waits (it may have been cancelled).
    pub fn accept_reoffer(&mut self, now: Instant, dialog: DialogId, sdp: Bytes) -> Result<(), SipError> {
        let found = self.live(dialog)?;
        if found.agreement.asked.is_some() {
            return self.accept_asked(now, dialog, sdp);
        }
        let (key, request, flow, side) = match &found.state {
            State::Confirmed(Exchange::Reoffered(it)) => (it.key.clone(), it.request.clone(), it.flow, it.offer),
            _ => return Err(SipError::WrongState),
        };
        if let Some(dialog) = self.dialogs.get_mut(&dialog) {
            dialog.path.refresh(&request, flow);
            dialog.agreement.described = Some(sdp.clone());
        }
        let mut headers = self.response_headers();
        self.timer_by_request(now, dialog, &request, &mut headers);
        let ok = self.dialog_response(dialog, &request, StatusCode::OK, Some(sdp), headers);
        let reply = reply_flow(&request, flow);
        let cseq = request.cseq().number;
        let acceptance = Acceptance::new(now, &self.config.timers, Which::Reoffer, side, cseq, (reply, ok));
        self.accept(now, dialog, &key, acceptance);
        Ok(())
    }

    /// Refuses a re-INVITE, or the offer of an UPDATE; the call goes on as it was. 488 is the usual status.
    ///
    /// # Errors
    /// [`SipError::WrongStatus`] below 300; else as [`accept_reoffer`](Self::accept_reoffer).
    pub fn reject_reoffer(&mut self, now: Instant, dialog: DialogId, status: StatusCode) -> Result<(), SipError> {
        let found = self.live(dialog)?;
        if found.agreement.asked.is_some() && status.is_rejection() {
            return self.reject_asked(now, dialog, status);
        }
        let State::Confirmed(Exchange::Reoffered(reoffer)) = &found.state else {
            return Err(SipError::WrongState);
        };
        if !status.is_rejection() {
            return Err(SipError::WrongStatus);
        }
        let (key, request) = (reoffer.key.clone(), reoffer.request.clone());
        self.refuse(now, &key, &request, status, dialog, Sending::Transmit);
        if let Some(dialog) = self.dialogs.get_mut(&dialog) {
            dialog.state = State::Confirmed(Exchange::Idle);
        }
        Ok(())
    }

    /// Ends a call: BYE for an answered one, CANCEL for one of ours that is not. `Ended` is reported at once; what the
    /// peer still has to be told goes on by itself. `reason` becomes the `Reason` header (RFC 3326).
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`], or [`SipError::WrongState`] for an unanswered incoming call, which is `reject`ed.
    pub fn hang_up(&mut self, now: Instant, dialog: DialogId, reason: Option<String>) -> Result<(), SipError> {
        let why = match &self.live(dialog)?.state {
            State::Incoming(call) if call.accepting.is_none() => return Err(SipError::WrongState),
            State::Leaving => return Err(SipError::UnknownDialog),
            State::Calling(_) => EndReason::Cancelled,
            // An incoming call that was to be answered once a PRACK had come is not, then.
            State::Incoming(_) | State::Confirmed(_) => EndReason::LocalBye,
        };
        self.end(dialog, why);
        self.close(now, dialog, reason);
        Ok(())
    }

    /// Says what our BYE carries, should we be the one who ends the call (RFC 5552 §4).
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`].
    pub fn farewell(&mut self, dialog: DialogId, content_type: &str, body: Bytes) -> Result<(), SipError> {
        self.live(dialog)?;
        if let Some(dialog) = self.dialogs.get_mut(&dialog) {
            dialog.farewell = Some((content_type.to_owned(), body));
        }
        Ok(())
    }

    /// Tells the peer of a dialog whose end was reported: 487, CANCEL or BYE, now or as soon as the RFC allows it.
    pub(super) fn close(&mut self, now: Instant, dialog: DialogId, reason: Option<String>) {
        let Some(found) = self.dialogs.get_mut(&dialog) else { return };
        match &mut found.state {
            State::Incoming(_) => {
                self.terminate_pending(now, dialog);
                self.remove(dialog);
            }
            State::Calling(call) => {
                call.cancel = Cancel::Wanted { reason };
                self.cancel_if_possible(now, dialog);
            }
            State::Confirmed(Exchange::Unacknowledged(acceptance)) if acceptance.which == Which::First => {
                acceptance.then = AfterAck::Leave { reason };
            }
            State::Confirmed(_) => {
                self.terminate_pending(now, dialog);
                self.leave(now, dialog, reason.as_deref());
            }
            State::Leaving => {}
        }
    }

    /// Answers a request outside dialogs.
    ///
    /// # Errors
    /// [`SipError::UnknownRequest`] when it was answered or given up, [`SipError::WrongStatus`] below 200.
    pub fn respond(&mut self, now: Instant, request: RequestId, reply: Reply) -> Result<(), SipError> {
        if !reply.status.is_final() {
            return Err(SipError::WrongStatus);
        }
        let key = self.requests.remove(&request).ok_or(SipError::UnknownRequest)?;
        let mut headers = self.response_headers();
        push_foreign(&mut headers, &reply.headers);
        let tag = self.tokens.token();
        let answer = Answer { tag: Some(&tag), body: reply.body, ..Answer::bare(reply.status, headers) };
        let sent = self.transactions.with_server(&key, |entry| {
            let payload = response(entry.request.take()?.as_ref(), &answer);
            if let ServerMachine::Other(machine) = &mut entry.machine {
                machine.answered(now, entry.timing, payload.clone());
            }
            Some((entry.flow, payload))
        });
        let (flow, payload) = sent.flatten().ok_or(SipError::UnknownRequest)?;
        self.transmit(flow, payload);
        Ok(())
    }

    /// A dialog whose end was not reported yet.
    pub(super) fn live(&self, dialog: DialogId) -> Result<&Dialog, SipError> {
        let alive = |dialog: &&Dialog| dialog.announced == Announced::Alive;
        self.dialogs.get(&dialog).filter(alive).ok_or(SipError::UnknownDialog)
    }

    /// The unanswered call of a dialog.
    fn incoming(&self, dialog: DialogId) -> Result<&IncomingCall, SipError> {
        match &self.live(dialog)?.state {
            State::Incoming(call) if call.accepting.is_none() => Ok(call),
            _ => Err(SipError::WrongState),
        }
    }

    /// A response that makes or keeps a dialog: with `Contact`, and with SDP if there is some. `headers` are its others.
    pub(super) fn dialog_response(
        &self,
        dialog: DialogId,
        request: &Request,
        status: StatusCode,
        sdp: Option<Bytes>,
        mut headers: Headers,
    ) -> Bytes {
        self.push_identity(dialog, request, &mut headers);
        if sdp.is_some() {
            headers.push("Content-Type", SDP);
        }
        let tag = self.dialogs.get(&dialog).map(|dialog| dialog.local_tag.as_str());
        let answer = Answer { tag, body: sdp.unwrap_or_default(), ..Answer::bare(status, headers) };
        response(request, &answer)
    }

    /// Who answers, and what we can.
    pub(super) fn push_identity(&self, dialog: DialogId, request: &Request, headers: &mut Headers) {
        headers.push("Allow", ALLOW);
        headers.push("Supported", SUPPORTED);
        if let Some(found) = self.dialogs.get(&dialog) {
            let user = request.uri().user();
            headers.push("Contact", self.listeners.contact(found.path.flow, user.as_deref(), request.uri()));
        }
    }

    /// Answers the first INVITE of a dialog with this 2xx.
    pub(super) fn accept_invite(
        &mut self,
        now: Instant,
        id: DialogId,
        key: &ServerKey,
        request: &Request,
        side: OfferSide,
        sent: (Flow, Bytes),
    ) {
        let cseq = request.cseq().number;
        let acceptance = Acceptance::new(now, &self.config.timers, Which::First, side, cseq, sent);
        self.accept(now, id, key, acceptance);
    }

    /// Sends a 2xx and waits for its ACK.
    fn accept(&mut self, now: Instant, id: DialogId, key: &ServerKey, acceptance: Acceptance) {
        self.transactions.with_server(key, |entry| {
            if let ServerMachine::Invite(machine) = &mut entry.machine {
                machine.accepted(now, entry.timing);
            }
        });
        self.transmit(acceptance.flow, acceptance.ok.clone());
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.state = State::Confirmed(Exchange::Unacknowledged(acceptance));
        }
        self.reschedule(id);
    }
}
