//! re-INVITEs of our own: a new offer inside a call.
//!
//! Shape: an order or a session timer in; an INVITE out; its answer, its refusal or another attempt when the response comes.
//! Time: an offer that crosses one of the peer's waits 2.1 to 4 s where we made the Call-ID, up to 2 s where the peer did.
//! Errors: [`SipError`] for the order; a refusal is [`Event::ReofferRefused`], the loss of the dialog `Ended`.
//! Sources: RFC 3261 §12.2.1.2, §13.2.2.4, §14.1, §22.2; RFC 4028 §7.

use super::Endpoint;
use super::send::{ALLOW, SDP, SUPPORTED};
use crate::auth::Answered;
use crate::dialog::{Announced, Dialog, Exchange, Origin, Reoffering, Retry, Role, State, ask};
use crate::error::SipError;
use crate::event::{DialogId, EndReason, Event};
use crate::message::build::Outgoing;
use crate::message::{Headers, Method, Response, StatusCode};
use crate::transaction::{ClientEntry, ClientOwner, ForkAck};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// How often an offer that meets 491 is made again.
const MAX_CROSSED: u8 = 5;
/// How often a re-INVITE is sent again because it was challenged or asked for a longer interval.
const MAX_AMENDED: u8 = 3;
/// How long a provisional response holds a re-INVITE open, as long as a proxy's Timer C (RFC 3261 §16.6).
const PATIENCE: Duration = Duration::from_secs(180);

impl Endpoint {
    /// Makes a new offer inside an answered call, by re-INVITE. What comes of it is [`Event::Reanswered`],
    /// [`Event::ReofferRefused`] or [`Event::Ended`].
    ///
    /// While another exchange goes on in the dialog the offer waits for its end; an offer that crosses one of the peer's is
    /// made again after a pause.
    ///
    /// # Errors
    /// [`SipError::OfferNeeded`] without an offer: a re-INVITE that asks the peer for one is not built.
    /// [`SipError::UnknownDialog`], or [`SipError::WrongState`] for a call that is not answered or an offer that is still
    /// under way.
    pub fn reoffer(&mut self, now: Instant, dialog: DialogId, offer: Option<Bytes>) -> Result<(), SipError> {
        let found = self.live(dialog)?;
        let State::Confirmed(exchange) = &found.state else { return Err(SipError::WrongState) };
        let offer = offer.ok_or(SipError::OfferNeeded)?;
        let ours = matches!(exchange, Exchange::Reoffering(it) if it.origin == Origin::Owner);
        if ours || found.agreement.retry.is_some() {
            return Err(SipError::WrongState);
        }
        if matches!(exchange, Exchange::Idle) && found.agreement.asked.is_none() {
            self.send_reinvite(now, dialog, offer, Origin::Owner, 0);
        } else {
            self.put_off(now, dialog, offer, 0);
        }
        Ok(())
    }

    /// Keeps an offer for later.
    fn put_off(&mut self, now: Instant, id: DialogId, offer: Bytes, crossed: u8) {
        let (from, to) = match self.dialogs.get(&id).map(|dialog| dialog.agreement.role) {
            Some(Role::Caller) => (210, 400),
            _ => (0, 200),
        };
        // The RFC counts in units of 10 ms.
        let units = from + self.tokens.below(to - from + 1);
        let at = now + Duration::from_millis(u64::from(units) * 10);
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.agreement.retry = Some(Retry { at, offer, crossed });
        }
        self.reschedule(id);
    }

    /// Sends a re-INVITE in a dialog without another exchange.
    pub(super) fn send_reinvite(&mut self, now: Instant, id: DialogId, offer: Bytes, origin: Origin, crossed: u8) {
        let branch = self.branch();
        let mut headers = self.request_headers();
        headers.append(self.refresh_headers(id));
        headers.push("Content-Type", SDP);
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let (flow, mut invite) = dialog.path.request(Method::Invite, &self.listeners, &branch);
        invite.headers = headers;
        invite.body = offer.clone();
        let give_up_at = now + PATIENCE;
        let reoffering = Reoffering { branch, offer, origin, crossed, amended: 0, give_up_at };
        dialog.state = State::Confirmed(Exchange::Reoffering(reoffering));
        let credentials = dialog.credentials.clone();
        self.send_request(now, flow, invite, ClientOwner::Reinvite(id), credentials);
        self.reschedule(id);
    }

    /// The headers of a re-INVITE or UPDATE: who we are, what we can, and the session timer.
    pub(super) fn refresh_headers(&self, id: DialogId) -> Headers {
        let mut headers = Headers::default();
        if let Some(dialog) = self.dialogs.get(&id) {
            let user = dialog.path.local_user();
            headers.push("Contact", self.listeners.contact(dialog.path.flow, user.as_deref(), dialog.path.target()));
            headers.push("Allow", ALLOW);
            headers.push("Supported", SUPPORTED);
            ask(&mut headers, dialog.agreement.wanted, dialog.agreement.timer.as_ref());
        }
        headers
    }

    /// The re-INVITE of this branch, as long as its dialog waits for it.
    fn reoffering(&mut self, id: DialogId, branch: &str) -> Option<&mut Reoffering> {
        match self.dialogs.get_mut(&id) {
            Some(Dialog { state: State::Confirmed(Exchange::Reoffering(it)), announced: Announced::Alive, .. })
                if it.branch == branch =>
            {
                Some(it)
            }
            _ => None,
        }
    }

    /// What a provisional response means: nothing, unless nobody waits any more.
    pub(super) fn reinvite_progressed(&mut self, now: Instant, id: DialogId, branch: &str) {
        if self.reoffering(id, branch).is_none() {
            self.cancel_branch(now, branch, None);
        }
    }

    /// A 2xx: its ACK each time it comes, and the answer the first time.
    pub(super) fn reinvite_succeeded(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) {
        let Some(entry) = self.transactions.client(branch) else { return };
        if let Some(known) = entry.acks.first().cloned() {
            self.counters.retransmissions += 1;
            return self.transmit(known.flow, known.ack);
        }
        let (request, old_flow) = (entry.request.clone(), entry.flow);
        let (ack_branch, to_tag) = (self.branch(), response.common.to.tag().unwrap_or_default());
        let (flow, mut ack) = match self.dialogs.get_mut(&id) {
            Some(dialog) => {
                dialog.path.refresh_by_answer(response);
                dialog.path.request(Method::Ack, &self.listeners, &ack_branch)
            }
            // The dialog is gone, its peer still waits for this.
            None => {
                let mut ack = request.ack(&request.to);
                ack.via = self.listeners.via(old_flow, &ack_branch);
                (old_flow, ack)
            }
        };
        ack.cseq = request.cseq;
        if flow.peer.ip() == old_flow.peer.ip() {
            ack.headers.copy("Authorization", &request.headers);
            ack.headers.copy("Proxy-Authorization", &request.headers);
        }
        let ack = ack.to_bytes();
        self.transactions.with_client(branch, |entry| {
            entry.acks.push(ForkAck { to_tag, flow, ack: ack.clone() });
        });
        self.transmit(flow, ack);
        self.take_reanswer(now, id, branch, response);
    }

    fn take_reanswer(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) {
        let Some(reoffering) = self.reoffering(id, branch) else { return };
        let (offer, origin) = (reoffering.offer.clone(), reoffering.origin);
        let answer = Self::sdp_of(&response.common.headers, &response.common.body);
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.state = State::Confirmed(Exchange::Idle);
            dialog.agreement.described = Some(offer);
            dialog.agreement.learn(&response.common.headers);
        }
        self.timer_by_answer(now, id, &response.common.headers);
        if answer.is_some() || origin == Origin::Owner {
            self.events.push_back(Event::Reanswered { dialog: id, answer: answer.unwrap_or_default() });
        }
        self.reschedule(id);
    }

    /// A 3xx to 6xx, whose ACK has left.
    pub(super) fn reinvite_refused(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) {
        let Some(reoffering) = self.reoffering(id, branch) else { return };
        let (offer, origin, crossed) = (reoffering.offer.clone(), reoffering.origin, reoffering.crossed);
        let amended = match response.status {
            StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                self.authorise_reinvite(now, id, branch, response)
            }
            StatusCode::INTERVAL_TOO_SMALL => self.raise_reinvite(now, id, branch, response),
            _ => false,
        };
        if amended {
            return;
        }
        match response.status {
            StatusCode::REQUEST_TIMEOUT | StatusCode::NO_SUCH_TRANSACTION => {
                self.lose(now, id, response.status);
            }
            StatusCode::REQUEST_PENDING if origin == Origin::Owner && crossed < MAX_CROSSED => {
                self.forget_reoffering(id);
                self.put_off(now, id, offer, crossed + 1);
            }
            status => self.reinvite_failed(now, id, origin, status),
        }
    }

    fn forget_reoffering(&mut self, id: DialogId) {
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.state = State::Confirmed(Exchange::Idle);
        }
        self.reschedule(id);
    }

    fn reinvite_failed(&mut self, now: Instant, id: DialogId, origin: Origin, status: StatusCode) {
        self.forget_reoffering(id);
        match origin {
            Origin::Owner => self.events.push_back(Event::ReofferRefused { dialog: id, status }),
            Origin::Timer => self.refresh_failed(now, id),
        }
    }

    fn authorise_reinvite(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) -> bool {
        let Some(entry) = self.transactions.client(branch) else { return false };
        let (sent, credentials, answered) = (entry.request.clone(), entry.credentials.clone(), entry.answered);
        let authorised = self.authorised(&sent, credentials.as_ref(), answered, response);
        let Some((request, answered)) = authorised else { return false };
        self.amend_reinvite(now, id, branch, request, answered)
    }

    fn raise_reinvite(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) -> bool {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return false };
        let Some(wanted) = dialog.agreement.wanted.raised(&response.common.headers) else { return false };
        dialog.agreement.wanted = wanted;
        let timer = dialog.agreement.timer.clone();
        let Some(entry) = self.transactions.client(branch) else { return false };
        let mut request = entry.request.clone();
        request.drop_answers();
        ask(&mut request.headers, wanted, timer.as_ref());
        let answered = entry.answered;
        self.amend_reinvite(now, id, branch, request, answered)
    }

    /// Sends a re-INVITE again, changed. Answers whether it could be.
    fn amend_reinvite(
        &mut self,
        now: Instant,
        id: DialogId,
        old: &str,
        mut request: Outgoing,
        answered: Answered,
    ) -> bool {
        let branch = self.branch();
        let Some(flow) = self.transactions.client(old).map(ClientEntry::home) else { return false };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return false };
        let State::Confirmed(Exchange::Reoffering(it)) = &mut dialog.state else { return false };
        if it.amended >= MAX_AMENDED {
            return false;
        }
        it.amended += 1;
        it.branch.clone_from(&branch);
        dialog.path.local_seq += 1;
        request.cseq = dialog.path.local_seq;
        request.via = self.listeners.via(flow, &branch);
        let credentials = dialog.credentials.clone();
        self.send_request(now, flow, request, ClientOwner::Reinvite(id), credentials);
        self.transactions.with_client(&branch, |entry| entry.answered = answered);
        true
    }

    /// The transaction of a re-INVITE ended without a final response.
    pub(super) fn reinvite_abandoned(&mut self, now: Instant, id: DialogId, branch: &str, why: EndReason) {
        let Some(reoffering) = self.reoffering(id, branch) else { return };
        let origin = reoffering.origin;
        if why == EndReason::TransportFailed {
            // As good as a 503 (RFC 3261 §8.1.3.1): the call itself has other ways.
            return self.reinvite_failed(now, id, origin, StatusCode::SERVICE_UNAVAILABLE);
        }
        self.lose(now, id, StatusCode::REQUEST_TIMEOUT);
    }

    /// Sends what waited, or cancels what has waited too long.
    pub(super) fn wake_reoffer(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        if let State::Confirmed(Exchange::Reoffering(it)) = &mut dialog.state
            && it.give_up_at <= now
        {
            it.give_up_at = now + PATIENCE;
            let branch = it.branch.clone();
            self.cancel_branch(now, &branch, None);
        }
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let Some(retry) = dialog.agreement.retry.take_if(|retry| retry.at <= now) else { return };
        let idle = matches!(dialog.state, State::Confirmed(Exchange::Idle)) && dialog.agreement.asked.is_none();
        if idle {
            self.send_reinvite(now, id, retry.offer, Origin::Owner, retry.crossed);
        } else {
            // Their exchange is not over; each of them ends.
            self.put_off(now, id, retry.offer, retry.crossed);
        }
    }

    /// The peer does not know the dialog any more, or does not answer in it: it is over (RFC 3261 §12.2.1.2).
    pub(super) fn lose(&mut self, now: Instant, id: DialogId, status: StatusCode) {
        let why = if status == StatusCode::NO_SUCH_TRANSACTION {
            EndReason::DialogLost
        } else {
            EndReason::TransactionTimeout
        };
        self.end(id, why);
        self.close(now, id, None);
    }
}
