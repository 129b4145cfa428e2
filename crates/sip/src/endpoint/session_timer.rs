//! Session timers: calls whose peer has vanished end by themselves.
//!
//! Shape: the headers of each INVITE, UPDATE and their 2xx in; a refresh or a BYE out when its time has come.
//! Errors: a refresh that is refused is tried again until the call's time is up; one without answer ends the call.
//! Sources: RFC 4028 §7 (asking), §9 (answering), §10 (refreshing and giving up); RFC 3311 (UPDATE).

use super::Endpoint;
use super::inside::{Inside, Settled};
use crate::dialog::{Announced, Exchange, Origin, SessionTimer, State, Terms, Wanted, ask};
use crate::event::{DialogId, EndReason};
use crate::message::{Headers, Method, Request, Response, StatusCode};
use crate::transaction::{ClientOwner, Purpose};
use bytes::Bytes;
use std::time::Instant;

/// How often a first INVITE asks for a longer interval after a 422.
const MAX_RAISED: u8 = 2;

impl Endpoint {
    /// Whether a request asks for a shorter interval than we take; the headers of the 422 then.
    pub(super) fn interval_too_small(&self, request: &Request) -> Option<Headers> {
        let wanted = self.wanted();
        Terms::of_request(&request.common.headers, wanted, None).err()?;
        let mut headers = self.response_headers();
        headers.push("Min-SE", wanted.min_se.as_secs().to_string());
        Some(headers)
    }

    /// Agrees the timer with a request that is about to get its 2xx, and writes it into that.
    pub(super) fn timer_by_request(&mut self, now: Instant, id: DialogId, request: &Request, ok: &mut Headers) {
        let min_se = self.wanted().min_se;
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let agreement = &mut dialog.agreement;
        agreement.learn(&request.common.headers);
        // A 422 to a request of ours has raised what we may ask for, not what we take.
        let wanted = Wanted { min_se, ..agreement.wanted };
        let terms = Terms::of_request(&request.common.headers, wanted, agreement.timer.as_ref());
        let terms = terms.ok().flatten();
        agreement.timer = terms.map(|terms| SessionTimer::new(now, terms));
        if let Some(terms) = terms {
            terms.write(ok);
        }
        self.reschedule(id);
    }

    /// Agrees the timer by a 2xx to a request of ours.
    pub(super) fn timer_by_answer(&mut self, now: Instant, id: DialogId, ok: &Headers) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let terms = Terms::of_success(ok, dialog.agreement.wanted);
        dialog.agreement.timer = terms.map(|terms| SessionTimer::new(now, terms));
        self.reschedule(id);
    }

    /// Refreshes the call or ends it, when it is time.
    pub(super) fn wake_timer(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let Some(timer) = &mut dialog.agreement.timer else { return };
        if timer.end_at <= now {
            self.end(id, EndReason::SessionExpired);
            return self.close(now, id, None);
        }
        if timer.refresh_at.is_none_or(|at| at > now) {
            return;
        }
        timer.refresh_at = None;
        if dialog.agreement.takes_update {
            return self.send_update(now, id);
        }
        let idle = matches!(dialog.state, State::Confirmed(Exchange::Idle));
        let agreement = &dialog.agreement;
        match agreement.described.clone() {
            Some(offer) if idle && agreement.asked.is_none() && agreement.retry.is_none() => {
                self.send_reinvite(now, id, offer, Origin::Timer, 0);
            }
            _ => self.refresh_failed(now, id),
        }
    }

    /// Refreshes the call by an UPDATE without offer.
    fn send_update(&mut self, now: Instant, id: DialogId) {
        let headers = self.refresh_headers(id);
        let update = Inside { purpose: Purpose::Refresh, method: Method::Update, headers, body: Bytes::new() };
        if self.send_inside(now, id, update).is_err() {
            self.refresh_failed(now, id);
        }
    }

    /// What came of our UPDATE; that it was lost ends the dialog elsewhere.
    pub(super) fn refresh_settled(&mut self, now: Instant, id: DialogId, settled: Settled<'_>) {
        let response = match settled {
            Settled::Answered(response) => response,
            Settled::TimedOut | Settled::TransportFailed => return self.refresh_failed(now, id),
        };
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        match response.status {
            status if status.is_success() && dialog.announced == Announced::Alive => {
                dialog.path.refresh_by_answer(response);
                dialog.agreement.learn(&response.common.headers);
                self.timer_by_answer(now, id, &response.common.headers);
            }
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                // It promised more than it has; a re-INVITE does the same.
                dialog.agreement.takes_update = false;
                if let Some(timer) = &mut dialog.agreement.timer {
                    timer.refresh_at = Some(now);
                }
                self.reschedule(id);
            }
            StatusCode::INTERVAL_TOO_SMALL => {
                if let Some(wanted) = dialog.agreement.wanted.raised(&response.common.headers) {
                    dialog.agreement.wanted = wanted;
                }
                // With its pause, so that a peer that is never content costs little.
                self.refresh_failed(now, id);
            }
            _ => self.refresh_failed(now, id),
        }
    }

    /// A refresh came to nothing; the next one is due while there is time.
    pub(super) fn refresh_failed(&mut self, now: Instant, id: DialogId) {
        if let Some(timer) = self.dialogs.get_mut(&id).and_then(|dialog| dialog.agreement.timer.as_mut()) {
            timer.try_again(now);
        }
        self.reschedule(id);
    }

    /// Answers a 422 to a call of ours with a longer interval. Answers whether another INVITE is on its way.
    pub(super) fn raise_invite(&mut self, now: Instant, id: DialogId, old: &str, response: &Response) -> bool {
        let branch = self.branch();
        let Some(dialog) = self.dialogs.get_mut(&id) else { return false };
        let State::Calling(call) = &mut dialog.state else { return false };
        let raised = dialog.agreement.wanted.raised(&response.common.headers);
        let may = dialog.announced == Announced::Alive && call.raised < MAX_RAISED;
        let (Some(wanted), Some(entry), true) = (raised, self.transactions.client(old), may) else {
            return false;
        };
        let (flow, credentials, mut request) = (entry.home(), entry.credentials.clone(), entry.request.clone());
        request.drop_answers();
        ask(&mut request.headers, wanted, None);
        request.cseq += 1;
        request.via = self.listeners.via(flow, &branch);
        dialog.agreement.wanted = wanted;
        dialog.path.local_seq = request.cseq;
        call.raised += 1;
        call.branch = branch;
        call.forks.clear();
        self.send_request(now, flow, request, ClientOwner::Invite(id), credentials);
        true
    }
}
