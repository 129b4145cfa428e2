//! Requests: to their transaction, to their dialog, or to something new.
//!
//! Shape: a request in; a repetition, an answer, or an event out.
//! Errors: each check answers with the status the RFC gives it, in the order of RFC 3261 §8.2.
//! Sources: RFC 3261 §8.2, §9.2, §11.2, §12.1.1, §13.3.1, §17.2.3; RFC 6026 §7.1.

use super::send::{ALLOW, EXTENSIONS, REGISTRAR_EXTENSIONS, SDP, SUPPORTED, reply_flow};
use super::{Endpoint, screen};
use crate::config::Admission;
use crate::dialog::{Agreement, Announced, Dialog, Exchange, IncomingCall, Infos, OfferSide, Path, Role, State};
use crate::event::{DialogId, EndReason, Event, Invite, RequestId};
use crate::flow::Flow;
use crate::message::body::{self, NoSdp};
use crate::message::build::{Answer, response};
use crate::message::{Headers, Method, Request, Scheme, StatusCode, reasons};
use crate::transaction::{InviteServer, MergeKey, Server, ServerEntry, ServerKey, ServerMachine, ServerOwner};
use bytes::Bytes;
use std::time::Instant;

/// Our first CSeq in a dialog we were called in.
const FIRST_SEQ: u32 = 0;

impl Endpoint {
    pub(super) fn receive_request(&mut self, now: Instant, flow: Flow, mut request: Box<Request>) {
        self.counters.requests += 1;
        let key = ServerKey::of(&request);
        request.note_source(flow.peer);
        if *request.method() == Method::Ack {
            return self.receive_ack(now, &key, &request);
        }
        if let Some(entry) = self.transactions.server(&key) {
            let (reply, again) = match &entry.machine {
                ServerMachine::Invite(machine) => (entry.flow, machine.repeated()),
                ServerMachine::Other(machine) => (entry.flow, machine.repeated()),
            };
            self.counters.retransmissions += 1;
            if let Some(payload) = again {
                self.transmit(reply, payload);
            }
            return;
        }
        if *request.method() == Method::Cancel {
            return self.receive_cancel(now, flow, &request);
        }
        if MergeKey::of(&request).is_some_and(|merge| self.transactions.is_merged(&merge)) {
            self.counters.merged += 1;
            return self.answer_at_once(now, flow, &request, StatusCode::LOOP_DETECTED, self.response_headers());
        }
        let in_dialog = request.to().tag().is_some();
        if self.is_full() && !(in_dialog && *request.method() == Method::Bye) {
            return self.refuse_full(now, flow, &request);
        }
        if let Some(unsupported) = unsupported(&request) {
            let mut headers = self.response_headers();
            headers.push("Unsupported", unsupported);
            return self.answer_at_once(now, flow, &request, StatusCode::BAD_EXTENSION, headers);
        }
        if in_dialog {
            self.receive_in_dialog(now, flow, key, request);
        } else {
            self.receive_outside(now, flow, key, request);
        }
    }

    /// A table is full: an INVITE is told to come later, everything else will be repeated by its sender.
    fn refuse_full(&mut self, now: Instant, flow: Flow, request: &Request) {
        if *request.method() == Method::Invite {
            self.counters.refused_full += 1;
            let headers = self.retry_after(self.config.retry_after);
            self.answer_at_once(now, flow, request, StatusCode::SERVICE_UNAVAILABLE, headers);
        } else {
            self.counters.dropped_full += 1;
        }
    }

    fn receive_outside(&mut self, now: Instant, flow: Flow, key: ServerKey, request: Box<Request>) {
        if matches!(request.uri().scheme(), Scheme::Other(_)) {
            return self.answer_at_once(
                now,
                flow,
                &request,
                StatusCode::UNSUPPORTED_URI_SCHEME,
                self.response_headers(),
            );
        }
        match request.method() {
            Method::Invite => self.receive_invite(now, flow, key, request),
            Method::Options => self.answer_options(now, flow, &request, None),
            Method::Register => self.receive_register(now, flow, key, request),
            Method::Bye => {
                self.counters.no_dialog += 1;
                self.answer_at_once(now, flow, &request, StatusCode::NO_SUCH_TRANSACTION, self.response_headers());
            }
            Method::Notify => self.receive_notify_outside(now, flow, &request),
            Method::Subscribe => self.receive_subscribe(now, flow, key, request),
            Method::Refer => {
                self.answer_at_once(now, flow, &request, StatusCode::FORBIDDEN, self.response_headers());
            }
            Method::Other(_) => self.refuse_method(now, flow, &request, StatusCode::NOT_IMPLEMENTED),
            _ => self.refuse_method(now, flow, &request, StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// Refuses a method and says which ones we have.
    pub(super) fn refuse_method(&mut self, now: Instant, flow: Flow, request: &Request, status: StatusCode) {
        let mut headers = self.response_headers();
        headers.push("Allow", ALLOW);
        self.answer_at_once(now, flow, request, status, headers);
    }

    /// OPTIONS tells what an INVITE would meet (RFC 3261 §11.2).
    pub(super) fn answer_options(&mut self, now: Instant, flow: Flow, request: &Request, dialog: Option<DialogId>) {
        let draining = self.admission == Admission::Draining && dialog.is_none();
        let mut headers = if draining { self.retry_after(self.config.retry_after) } else { self.response_headers() };
        headers.push("Allow", ALLOW);
        headers.push("Accept", SDP);
        headers.push("Supported", SUPPORTED);
        let status = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        self.answer_at_once(now, flow, request, status, headers);
    }

    fn receive_register(&mut self, now: Instant, flow: Flow, key: ServerKey, request: Box<Request>) {
        if screen::is_no_registration(&request) {
            return self.answer_at_once(now, flow, &request, StatusCode::BAD_REQUEST, self.response_headers());
        }
        let id = self.wait_for_owner(now, flow, key, &request);
        self.events.push_back(Event::Requested { request: id, flow, message: request });
    }

    /// Starts the transaction of a request outside dialogs that our owner answers.
    pub(super) fn wait_for_owner(&mut self, now: Instant, flow: Flow, key: ServerKey, request: &Request) -> RequestId {
        let id = RequestId(self.fresh_id());
        let reply = reply_flow(request, flow);
        let timing = self.timing(reply);
        let machine = ServerMachine::Other(Server::new(now, timing));
        let mut entry = ServerEntry::new(machine, reply, timing, ServerOwner::Request(id));
        entry.request = Some(Box::new(request.clone()));
        self.transactions.insert_server(key.clone(), entry, MergeKey::of(request));
        self.requests.insert(id, key);
        id
    }

    /// A new call: 100 at once, a dialog, and an event.
    fn receive_invite(&mut self, now: Instant, flow: Flow, key: ServerKey, request: Box<Request>) {
        if self.dialogs.len() >= self.config.max_dialogs {
            return self.refuse_full(now, flow, &request);
        }
        let offer = match body::sdp(&request.common.headers, request.body()) {
            Ok(offer) => Some(offer),
            Err(NoSdp::Absent) => None,
            Err(NoSdp::Unsupported) => return self.refuse_media_type(now, flow, &request),
        };
        if !screen::accepts_sdp(&request) {
            return self.answer_at_once(now, flow, &request, StatusCode::NOT_ACCEPTABLE, self.response_headers());
        }
        let replaces = match self.replaced_by(&request) {
            Ok(replaces) => replaces,
            Err(status) => return self.answer_at_once(now, flow, &request, status, self.response_headers()),
        };
        if let Some(headers) = self.interval_too_small(&request) {
            return self.answer_at_once(now, flow, &request, StatusCode::INTERVAL_TOO_SMALL, headers);
        }
        let local_tag = self.tokens.token();
        let Ok(path) = Path::of_invite(&request, flow, &local_tag, FIRST_SEQ) else {
            return self.answer_at_once(now, flow, &request, StatusCode::BAD_REQUEST, self.response_headers());
        };
        let id = DialogId(self.fresh_id());
        self.begin_invite(&key, flow, &request, id, MergeKey::of(&request));
        self.insert(Dialog {
            id,
            path,
            local_tag,
            remote_tag: request.from().tag(),
            remote_seq: Some(request.cseq().number),
            credentials: None,
            announced: Announced::Alive,
            agreement: Agreement::new(Role::Called, self.wanted()),
            infos: Infos::default(),
            farewell: None,
            state: State::Incoming(IncomingCall {
                key,
                request: request.clone(),
                offer: if offer.is_some() { OfferSide::Theirs } else { OfferSide::Ours },
                ringing: None,
                accepting: None,
            }),
        });
        let invite = Box::new(Invite { flow, request: *request, offer, replaces });
        self.events.push_back(Event::Incoming { dialog: id, invite });
    }

    /// Starts the transaction of an INVITE with its 100. Answers where its responses go.
    pub(super) fn begin_invite(
        &mut self,
        key: &ServerKey,
        flow: Flow,
        request: &Request,
        dialog: DialogId,
        merge: Option<MergeKey>,
    ) -> Flow {
        let reply = reply_flow(request, flow);
        let trying = response(request, &Answer::bare(StatusCode::TRYING, Headers::default()));
        let machine = ServerMachine::Invite(InviteServer::new(trying.clone()));
        let entry = ServerEntry::new(machine, reply, self.timing(reply), ServerOwner::Dialog(dialog));
        self.transactions.insert_server(key.clone(), entry, merge);
        self.transmit(reply, trying);
        reply
    }

    pub(super) fn refuse_media_type(&mut self, now: Instant, flow: Flow, request: &Request) {
        let mut headers = self.response_headers();
        headers.push("Accept", SDP);
        self.answer_at_once(now, flow, request, StatusCode::UNSUPPORTED_MEDIA_TYPE, headers);
    }

    /// CANCEL: 200 for itself, 487 for the INVITE it means, if that is still open (RFC 3261 §9.2).
    fn receive_cancel(&mut self, now: Instant, flow: Flow, cancel: &Request) {
        let invite = ServerKey::cancelled_by(cancel);
        let found = self.transactions.server(&invite).map(|entry| {
            let open = matches!(&entry.machine, ServerMachine::Invite(machine) if !machine.is_answered());
            (entry.owner, open)
        });
        let Some((owner, open)) = found else {
            return self.answer_at_once(now, flow, cancel, StatusCode::NO_SUCH_TRANSACTION, self.response_headers());
        };
        let dialog = match owner {
            ServerOwner::Dialog(id) => self.dialogs.get(&id).map(|dialog| (id, dialog.local_tag.clone())),
            ServerOwner::Endpoint | ServerOwner::Request(_) => None,
        };
        let tag = dialog.as_ref().map_or_else(|| self.tokens.token(), |(_, tag)| tag.clone());
        self.answer_tagged(now, flow, cancel, StatusCode::OK, self.response_headers(), &tag);
        if let Some((id, _)) = dialog.filter(|_| open) {
            self.terminate_pending(now, id);
            if self.dialogs.get(&id).is_some_and(|dialog| matches!(dialog.state, State::Incoming(_))) {
                let reasons = reasons(&cancel.common.headers);
                if !reasons.is_empty() {
                    self.events.push_back(Event::CancelledBecause { dialog: id, reasons });
                }
                self.end(id, EndReason::Cancelled);
                self.remove(id);
            }
        }
    }

    /// Answers what waits in a dialog with 487, and cancels what we wait for ourselves. A re-INVITE leaves the dialog as it
    /// was.
    pub(super) fn terminate_pending(&mut self, now: Instant, id: DialogId) {
        if self.dialogs.get(&id).is_some_and(|dialog| dialog.agreement.asked.is_some()) {
            // It is there, so this cannot fail.
            let _ = self.reject_asked(now, id, StatusCode::REQUEST_TERMINATED);
        }
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let (key, request) = match &dialog.state {
            State::Incoming(call) => (call.key.clone(), call.request.clone()),
            State::Confirmed(Exchange::Reoffered(reoffer)) => {
                let pending = (reoffer.key.clone(), reoffer.request.clone());
                dialog.state = State::Confirmed(Exchange::Idle);
                pending
            }
            State::Confirmed(Exchange::Reoffering(reoffering)) => {
                let branch = reoffering.branch.clone();
                dialog.state = State::Confirmed(Exchange::Idle);
                self.cancel_branch(now, &branch, None);
                return;
            }
            _ => return,
        };
        self.refuse(now, &key, &request, StatusCode::REQUEST_TERMINATED, id, super::send::Sending::Transmit);
    }

    /// The SDP of a message that may do without.
    pub(super) fn sdp_of(headers: &Headers, body: &Bytes) -> Option<Bytes> {
        body::sdp(headers, body).ok()
    }
}

/// The extensions that a request needs and we do not have.
fn unsupported(request: &Request) -> Option<String> {
    let registrar = if *request.method() == Method::Register { REGISTRAR_EXTENSIONS } else { &[] };
    let known = |tag: &str| EXTENSIONS.iter().chain(registrar).any(|known| known.eq_ignore_ascii_case(tag));
    let tags: Vec<_> = request.common.headers.items("Require").filter(|tag| !known(tag)).collect();
    (!tags.is_empty()).then(|| tags.join(", "))
}
