//! UPDATE: a change of the call without an INVITE, also before its answer.
//!
//! Shape: an UPDATE in; its 200, or an event where it carries an offer; our own UPDATE refreshes the session timer.
//! Errors: 491 and 500 for offers that cross, 422 for an interval that is too short.
//! Sources: RFC 3311 §5.1, §5.2; RFC 4028 §7, §9; RFC 3262 §5 (an offer in PRACK is the same to us).

use super::Endpoint;
use super::in_dialog::MAX_PAUSE;
use crate::dialog::{Asked, EarlyAnswer, Exchange, OfferSide, State, Told};
use crate::error::SipError;
use crate::event::{DialogId, Event};
use crate::flow::Flow;
use crate::message::body::{self, NoSdp};
use crate::message::{Method, Request, StatusCode};
use crate::transaction::{ServerKey, ServerOwner};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// What an offer of the peer meets.
enum Meets {
    /// Nothing is in the way.
    Room,
    /// An offer of ours without an answer: 491.
    OurOffer,
    /// An offer of theirs without an answer: 500.
    TheirOffer,
    /// An early dialog that we do not know: 481.
    Nobody,
}

impl Endpoint {
    pub(super) fn receive_update(
        &mut self,
        now: Instant,
        flow: Flow,
        key: ServerKey,
        update: Box<Request>,
        id: DialogId,
    ) {
        let offer = match body::sdp(&update.common.headers, update.body()) {
            Ok(offer) => Some(offer),
            Err(NoSdp::Absent) => None,
            Err(NoSdp::Unsupported) => return self.refuse_media_type(now, flow, &update),
        };
        if let Some(headers) = self.interval_too_small(&update) {
            return self.answer_at_once(now, flow, &update, StatusCode::INTERVAL_TOO_SMALL, headers);
        }
        match offer {
            Some(offer) => self.take_offer(now, flow, key, update, id, offer),
            None => {
                self.refresh_target(id, &update, flow);
                let headers = self.update_headers(now, id, &update);
                self.answer_at_once(now, flow, &update, StatusCode::OK, headers);
            }
        }
    }

    /// Gives the offer of an UPDATE or PRACK to our owner, or refuses it.
    pub(super) fn take_offer(
        &mut self,
        now: Instant,
        flow: Flow,
        key: ServerKey,
        request: Box<Request>,
        id: DialogId,
        offer: Bytes,
    ) {
        match self.offer_meets(id, &request) {
            Meets::Room => {}
            Meets::OurOffer => {
                return self.answer_at_once(now, flow, &request, StatusCode::REQUEST_PENDING, self.response_headers());
            }
            Meets::TheirOffer => return self.come_later(now, flow, &request),
            Meets::Nobody => {
                let status = StatusCode::NO_SUCH_TRANSACTION;
                return self.answer_at_once(now, flow, &request, status, self.response_headers());
            }
        }
        self.begin_other(now, flow, &key, &request, ServerOwner::Dialog(id));
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.agreement.asked = Some(Asked { key, request, flow });
            self.events.push_back(Event::Reoffered { dialog: id, offer: Some(offer) });
        }
    }

    /// 500 with a pause, for an offer that comes before the one before is answered.
    pub(super) fn come_later(&mut self, now: Instant, flow: Flow, request: &Request) {
        let pause = Duration::from_secs(self.tokens.below(MAX_PAUSE).into());
        let headers = self.retry_after(pause);
        self.answer_at_once(now, flow, request, StatusCode::SERVER_ERROR, headers);
    }

    fn offer_meets(&mut self, id: DialogId, request: &Request) -> Meets {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return Meets::Nobody };
        if dialog.agreement.asked.is_some() {
            return Meets::TheirOffer;
        }
        let provisionals = &dialog.agreement.provisionals;
        match &mut dialog.state {
            State::Incoming(_) => match provisionals.told {
                Told::Nothing => Meets::TheirOffer,
                Told::Offer => Meets::OurOffer,
                Told::Answer if provisionals.holds_answer() => Meets::TheirOffer,
                Told::Answer | Told::Answered => Meets::Room,
            },
            State::Calling(call) => match request.from().tag().and_then(|tag| call.fork(&tag)) {
                None => Meets::Nobody,
                Some(fork) if fork.answer == EarlyAnswer::Open => Meets::OurOffer,
                Some(_) => Meets::Room,
            },
            State::Confirmed(Exchange::Idle) => Meets::Room,
            State::Confirmed(Exchange::Reoffered(_)) => Meets::TheirOffer,
            State::Confirmed(Exchange::Reoffering(_)) => Meets::OurOffer,
            State::Confirmed(Exchange::Unacknowledged(acceptance)) => match acceptance.offer {
                OfferSide::Ours => Meets::OurOffer,
                OfferSide::Theirs => Meets::Room,
            },
            State::Leaving => Meets::Nobody,
        }
    }

    /// Takes over the contact of a request that refreshes the target.
    fn refresh_target(&mut self, id: DialogId, request: &Request, flow: Flow) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let path = match &mut dialog.state {
            State::Calling(call) => match request.from().tag().and_then(|tag| call.fork(&tag)) {
                Some(fork) => &mut fork.path,
                None => return,
            },
            _ => &mut dialog.path,
        };
        path.refresh(request, flow);
    }

    /// The headers of a 2xx to an UPDATE. The session timer begins with the call.
    fn update_headers(&mut self, now: Instant, id: DialogId, update: &Request) -> crate::message::Headers {
        let mut headers = self.response_headers();
        let confirmed = self.dialogs.get(&id).is_some_and(|dialog| matches!(dialog.state, State::Confirmed(_)));
        if confirmed && *update.method() == Method::Update {
            self.timer_by_request(now, id, update, &mut headers);
        }
        self.push_identity(id, update, &mut headers);
        headers
    }

    /// Agrees to the offer of an UPDATE or PRACK with our answer. Answers whether one waited.
    pub(super) fn accept_asked(&mut self, now: Instant, id: DialogId, answer: Bytes) -> Result<(), SipError> {
        let asked = self.dialogs.get_mut(&id).and_then(|dialog| dialog.agreement.asked.take());
        let Asked { key, request, flow } = asked.ok_or(SipError::WrongState)?;
        self.refresh_target(id, &request, flow);
        let mut headers = self.update_headers(now, id, &request);
        headers.push("Content-Type", super::send::SDP);
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            dialog.agreement.described = Some(answer.clone());
            let tag = request.from().tag().unwrap_or_default();
            if let State::Calling(call) = &mut dialog.state
                && let Some(fork) = call.fork(&tag)
            {
                fork.early = Self::sdp_of(&request.common.headers, request.body());
                fork.answer = EarlyAnswer::Changed;
            }
        }
        self.answer_other(now, &key, &request, StatusCode::OK, headers, answer);
        Ok(())
    }

    /// Refuses the offer of an UPDATE or PRACK.
    pub(super) fn reject_asked(&mut self, now: Instant, id: DialogId, status: StatusCode) -> Result<(), SipError> {
        let asked = self.dialogs.get_mut(&id).and_then(|dialog| dialog.agreement.asked.take());
        let Asked { key, request, .. } = asked.ok_or(SipError::WrongState)?;
        self.answer_other(now, &key, &request, status, self.response_headers(), Bytes::new());
        Ok(())
    }

    /// The transaction of an UPDATE may have ended before our owner answered.
    pub(super) fn forget_unanswered(&mut self, id: DialogId) {
        if let Some(dialog) = self.dialogs.get_mut(&id) {
            let transactions = &self.transactions;
            dialog.agreement.asked.take_if(|asked| transactions.server(&asked.key).is_none());
        }
    }
}
