//! Requests of ours inside a dialog, other than INVITE, ACK, BYE and CANCEL.
//!
//! Shape: method, headers and body in; a request with the dialog's next CSeq, its route set and target out; later a
//! [`Settled`] for whoever asked, by [`Purpose`].
//! Time: Timer F ends each.
//! Errors: [`SipError`]; after 481, 408 or no answer the dialog ends where [`Purpose::ends_dialog`] says so.
//! Sources: RFC 3261 §12.2.1, §22.2 (challenges); RFC 5057.

use super::Endpoint;
use crate::auth::Bound;
use crate::dialog::State;
use crate::error::SipError;
use crate::event::{Credentials, DialogId, EndReason, Event};
use crate::flow::Flow;
use crate::message::build::Outgoing;
use crate::message::{Headers, Method, Response, StatusCode};
use crate::transaction::{ClientEntry, ClientOwner, Purpose};
use bytes::Bytes;
use std::time::Instant;

/// What came of a request of ours inside a dialog.
#[derive(Debug, Clone, Copy)]
pub(super) enum Settled<'a> {
    /// A final response, and no challenge that could be answered.
    Answered(&'a Response),
    /// No final response in 64 * T1.
    TimedOut,
    /// The transport could not carry it.
    TransportFailed,
}

impl Settled<'_> {
    /// The final response; none when there was none.
    pub(super) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Answered(response) => Some(response.status),
            Self::TimedOut | Self::TransportFailed => None,
        }
    }
}

/// The parts of a request inside a dialog that the dialog does not know.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) purpose: Purpose,
    pub(super) method: Method,
    /// Beside those of the dialog and `User-Agent`.
    pub(super) headers: Headers,
    pub(super) body: Bytes,
}

impl Endpoint {
    /// Sends an INFO inside an answered call, for example a key in `application/dtmf-relay`. A refusal is reported as
    /// [`Event::InfoRefused`]; a success is not reported. One at a time is on its way, and a few wait.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`], [`SipError::WrongState`] before the answer, or [`SipError::Full`].
    pub fn info(&mut self, now: Instant, dialog: DialogId, content_type: &str, body: Bytes) -> Result<(), SipError> {
        if !matches!(self.live(dialog)?.state, State::Confirmed(_)) {
            return Err(SipError::WrongState);
        }
        if let Some(infos) = self.dialogs.get_mut(&dialog).map(|dialog| &mut dialog.infos)
            && infos.asking
        {
            return if infos.wait((content_type.to_owned(), body)) { Ok(()) } else { Err(SipError::Full) };
        }
        self.send_info(now, dialog, content_type, body)
    }

    fn send_info(&mut self, now: Instant, dialog: DialogId, content_type: &str, body: Bytes) -> Result<(), SipError> {
        let mut headers = Headers::default();
        if !body.is_empty() {
            headers.push("Content-Type", content_type);
        }
        let request = Inside { purpose: Purpose::Info, method: Method::Info, headers, body };
        self.send_inside(now, dialog, request)?;
        if let Some(dialog) = self.dialogs.get_mut(&dialog) {
            dialog.infos.asking = true;
        }
        Ok(())
    }

    /// Says what to answer the peer of a dialog with, should it challenge us. A dialog that the peer began has nothing to
    /// answer with until then: a caller could else make us send digests of a password to guess at.
    ///
    /// # Errors
    /// [`SipError::UnknownDialog`].
    pub fn give_credentials(&mut self, dialog: DialogId, credentials: Credentials) -> Result<(), SipError> {
        let peer = self.live(dialog)?.path.flow.peer.ip();
        if let Some(dialog) = self.dialogs.get_mut(&dialog) {
            dialog.credentials = Some(Bound::new(credentials, peer));
        }
        Ok(())
    }

    /// Sends a request over the dialog's path. Answers its CSeq.
    pub(super) fn send_inside(&mut self, now: Instant, id: DialogId, request: Inside) -> Result<u32, SipError> {
        let branch = self.branch();
        let mut headers = self.request_headers();
        headers.append(request.headers);
        let dialog = self.dialogs.get_mut(&id).ok_or(SipError::UnknownDialog)?;
        let (flow, outgoing) = dialog.path.request(request.method, &self.listeners, &branch);
        let outgoing = Outgoing { headers, body: request.body, ..outgoing };
        let cseq = outgoing.cseq;
        self.send_inside_over(now, id, request.purpose, flow, outgoing)?;
        Ok(cseq)
    }

    /// The same for a request that is already written, for example over the path of one of several early dialogs.
    pub(super) fn send_inside_over(
        &mut self,
        now: Instant,
        id: DialogId,
        purpose: Purpose,
        flow: Flow,
        request: Outgoing,
    ) -> Result<(), SipError> {
        if self.transactions.clients() >= self.config.max_transactions {
            return Err(SipError::Full);
        }
        let dialog = self.dialogs.get(&id).ok_or(SipError::UnknownDialog)?;
        let credentials = dialog.credentials.clone();
        self.send_request(now, flow, request, ClientOwner::Inside(id, purpose), credentials);
        Ok(())
    }

    /// A final response to a request inside a dialog that answers no challenge any more, or its lack.
    pub(super) fn settled_inside(&mut self, now: Instant, id: DialogId, purpose: Purpose, settled: Settled<'_>) {
        // Whoever asked hears first, because nothing may follow the end of the dialog.
        match purpose {
            Purpose::Info => self.info_settled(now, id, settled),
            Purpose::Refer => self.refer_settled(now, id, settled),
            Purpose::Notify => self.notify_settled(now, id, settled),
            Purpose::Prack => {}
            Purpose::Refresh => self.refresh_settled(now, id, settled),
        }
        let (status, why) = match settled {
            Settled::Answered(response) if response.status == StatusCode::NO_SUCH_TRANSACTION => {
                (response.status, EndReason::DialogLost)
            }
            Settled::Answered(response) => (response.status, EndReason::TransactionTimeout),
            Settled::TimedOut => (StatusCode::REQUEST_TIMEOUT, EndReason::TransactionTimeout),
            Settled::TransportFailed => return,
        };
        if purpose.ends_dialog(status) && self.live(id).is_ok() {
            self.end(id, why);
            self.close(now, id, None);
        }
    }

    fn info_settled(&mut self, now: Instant, id: DialogId, settled: Settled<'_>) {
        let status = settled.status();
        let live = self.live(id).is_ok();
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        dialog.infos.asking = false;
        let goes_on = live && status.is_some_and(|status| !Purpose::Info.ends_dialog(status));
        // Whoever does not hear one hears no other; what is so late would be another key.
        let next = if goes_on { dialog.infos.next() } else { None };
        let mut lost = if goes_on { 0 } else { dialog.infos.give_up() };
        if !status.is_some_and(StatusCode::is_success) {
            lost += 1;
        }
        if let Some((content_type, body)) = next
            && self.send_info(now, id, &content_type, body).is_err()
        {
            lost += 1;
        }
        if live {
            self.events.extend((0..lost).map(|_| Event::InfoRefused { dialog: id, status }));
        }
    }

    /// Sends a request other than INVITE again, with an answer to the challenge it got. Answers whether it is on its way.
    pub(super) fn answer_other_challenge(&mut self, now: Instant, old: &str, response: &Response) -> bool {
        let Some(entry) = self.transactions.client(old) else { return false };
        let ClientEntry { flow, owner, answered, .. } = *entry;
        if let ClientOwner::Registration(id) = owner
            && self.registrations.get(&id).is_none_or(|found| found.cseq != entry.request.cseq)
        {
            // It was moved meanwhile, and a newer REGISTER is on its way.
            return false;
        }
        let (sent, credentials) = (entry.request.clone(), entry.credentials.clone());
        let authorised = self.authorised(&sent, credentials.as_ref(), answered, response);
        let Some((mut request, answered)) = authorised else { return false };
        let branch = self.branch();
        request.cseq = self.next_cseq(owner, request.cseq);
        request.via = self.listeners.via(flow, &branch);
        self.send_request(now, flow, request, owner, credentials);
        self.transactions.with_client(&branch, |entry| entry.answered = answered);
        true
    }

    /// The CSeq after `last`, or after the last one of its dialog when that has gone on.
    fn next_cseq(&mut self, owner: ClientOwner, last: u32) -> u32 {
        let dialog = match owner {
            ClientOwner::Inside(id, _) | ClientOwner::Bye(id) => self.dialogs.get_mut(&id),
            ClientOwner::Registration(id) => {
                if let Some(found) = self.registrations.get_mut(&id) {
                    found.cseq = last + 1;
                }
                None
            }
            ClientOwner::Invite(_)
            | ClientOwner::Reinvite(_)
            | ClientOwner::Outside(_)
            | ClientOwner::Subscription(_)
            | ClientOwner::Nobody => None,
        };
        let Some(dialog) = dialog else { return last + 1 };
        dialog.next_seq(last)
    }
}
