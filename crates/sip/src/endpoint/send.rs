//! What every answer and every request of ours has in common.
//!
//! Shape: responses through their server transaction, or without one when the table is full; requests into a new client
//! transaction.
//! Sources: RFC 3261 §8.2.6, §8.2.7 (stateless answers), §18.2.2; RFC 3581 §4.

use super::Endpoint;
use crate::auth::{Answered, Bound, Covered};
use crate::dialog::State;
use crate::error::Malformed;
use crate::event::{DialogId, Rejection};
use crate::flow::{Flow, Transmit};
use crate::message::build::{Answer, Outgoing, push_foreign, response, response_to_broken};
use crate::message::{Headers, MAGIC_COOKIE, Method, Request, StatusCode, Via};
use crate::transaction::{
    Client, ClientEntry, ClientMachine, ClientOwner, InviteClient, InviteServer, MergeKey, Server, ServerEntry,
    ServerKey, ServerMachine, ServerOwner, Timing,
};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// The methods we answer otherwise than with 405.
pub(super) const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE, REGISTER, REFER, NOTIFY, SUBSCRIBE";

/// The extensions we have (RFC 3262, RFC 4028, RFC 3891, RFC 4488).
pub(super) const EXTENSIONS: &[&str] = &["100rel", "timer", "replaces", "norefersub"];

/// The same as `Supported` says it.
pub(super) const SUPPORTED: &str = "100rel, timer, replaces, norefersub";

/// What a registration may need besides: its owner keeps the path (RFC 3327 §5.3) and the flow (RFC 5626 §6).
pub(super) const REGISTRAR_EXTENSIONS: &[&str] = &["path", "outbound"];

/// The body type we understand.
pub(super) const SDP: &str = "application/sdp";

/// Whether a response leaves or is only remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sending {
    Transmit,
    /// The path is gone.
    Withhold,
}

impl Endpoint {
    pub(super) fn transmit(&mut self, flow: Flow, payload: Bytes) {
        self.transmits.push_back(Transmit { flow, payload, has_fallback: false });
    }

    pub(super) fn timing(&self, flow: Flow) -> Timing {
        Timing { timers: self.config.timers, transport: flow.transport }
    }

    pub(super) fn is_full(&self) -> bool {
        self.transactions.servers() >= self.config.max_transactions
            || self.transactions.bytes() >= self.config.max_transaction_bytes
    }

    /// A branch that nobody has used.
    pub(super) fn branch(&mut self) -> String {
        format!("{MAGIC_COOKIE}{}", self.tokens.token())
    }

    /// Headers with `Server`, for a response.
    pub(super) fn response_headers(&self) -> Headers {
        let mut headers = Headers::default();
        if !self.config.user_agent.is_empty() {
            headers.push("Server", self.config.user_agent.as_str());
        }
        headers
    }

    /// Headers with `User-Agent`, for a request.
    pub(super) fn request_headers(&self) -> Headers {
        let mut headers = Headers::default();
        if !self.config.user_agent.is_empty() {
            headers.push("User-Agent", self.config.user_agent.as_str());
        }
        headers
    }

    /// Headers with `Retry-After`, rounded up to a second.
    pub(super) fn retry_after(&self, pause: Duration) -> Headers {
        let mut headers = self.response_headers();
        headers.push("Retry-After", pause.as_millis().div_ceil(1000).to_string());
        headers
    }

    /// Answers a request at once, by a transaction that exists only to repeat the answer. Where the table is full the
    /// answer goes out alone.
    pub(super) fn answer_at_once(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Request,
        status: StatusCode,
        headers: Headers,
    ) {
        let tag = self.tokens.token();
        self.answer_tagged(now, flow, request, status, headers, &tag);
    }

    /// The same, with a tag of the caller's choice for a request that has none.
    pub(super) fn answer_tagged(
        &mut self,
        now: Instant,
        flow: Flow,
        request: &Request,
        status: StatusCode,
        headers: Headers,
        tag: &str,
    ) {
        let payload = response(request, &Answer { tag: Some(tag), ..Answer::bare(status, headers) });
        let reply = reply_flow(request, flow);
        self.transmit(reply, payload.clone());
        if self.is_full() {
            return;
        }
        let timing = self.timing(reply);
        let machine = if *request.method() == Method::Invite {
            let mut machine = InviteServer::new(payload.clone());
            machine.refused(now, timing, payload);
            ServerMachine::Invite(machine)
        } else {
            let mut machine = Server::new(now, timing);
            machine.answered(now, timing, payload);
            ServerMachine::Other(machine)
        };
        let entry = ServerEntry::new(machine, reply, timing, ServerOwner::Endpoint);
        // A merged request is answered 482 and must not displace the transaction it was merged with.
        let merge = MergeKey::of(request).filter(|merge| !self.transactions.is_merged(merge));
        self.transactions.insert_server(ServerKey::of(request), entry, merge);
    }

    /// Starts the transaction of a request, other than an INVITE, that waits for our owner.
    pub(super) fn begin_other(
        &mut self,
        now: Instant,
        flow: Flow,
        key: &ServerKey,
        request: &Request,
        owner: ServerOwner,
    ) {
        let reply = reply_flow(request, flow);
        let timing = self.timing(reply);
        let machine = ServerMachine::Other(Server::new(now, timing));
        self.transactions.insert_server(key.clone(), ServerEntry::new(machine, reply, timing, owner), None);
    }

    /// Answers a request, other than an INVITE, that waited in a transaction of its own.
    pub(super) fn answer_other(
        &mut self,
        now: Instant,
        key: &ServerKey,
        request: &Request,
        status: StatusCode,
        headers: Headers,
        body: Bytes,
    ) {
        let payload = response(request, &Answer { body, ..Answer::bare(status, headers) });
        let flow = self.transactions.with_server(key, |entry| {
            if let ServerMachine::Other(machine) = &mut entry.machine {
                machine.answered(now, entry.timing, payload.clone());
            }
            entry.flow
        });
        if let Some(flow) = flow {
            self.transmit(flow, payload);
        }
    }

    /// Refuses an INVITE that waits in a dialog.
    pub(super) fn refuse(
        &mut self,
        now: Instant,
        key: &ServerKey,
        request: &Request,
        rejection: impl Into<Rejection>,
        dialog: DialogId,
        sending: Sending,
    ) {
        let Rejection { status, phrase, headers: foreign } = rejection.into();
        let mut headers = self.response_headers();
        push_foreign(&mut headers, &foreign);
        let tag = self.dialogs.get(&dialog).map(|dialog| dialog.local_tag.clone());
        let payload = response(request, &Answer { phrase, tag: tag.as_deref(), ..Answer::bare(status, headers) });
        let flow = self.transactions.with_server(key, |entry| {
            if let ServerMachine::Invite(machine) = &mut entry.machine {
                machine.refused(now, entry.timing, payload.clone());
            }
            entry.flow
        });
        if let Some(flow) = flow.filter(|_| sending == Sending::Transmit) {
            self.transmit(flow, payload);
        }
    }

    /// Answers what could not be read: 505 for another version, else 400, without a transaction.
    pub(super) fn answer_broken(&mut self, flow: Flow, why: Malformed, mut via: Via, headers: &mut Headers) {
        let status =
            if why == Malformed::Version { StatusCode::VERSION_NOT_SUPPORTED } else { StatusCode::BAD_REQUEST };
        let reply = Flow { peer: response_address(&via, flow), ..flow };
        via.note_source(flow.peer);
        headers.replace_first_item("Via", &via.to_string());
        let tag = self.tokens.token();
        self.transmit(reply, response_to_broken(status, headers, &tag));
    }

    /// Sends a request in a transaction of its own.
    pub(super) fn send_request(
        &mut self,
        now: Instant,
        flow: Flow,
        mut request: Outgoing,
        owner: ClientOwner,
        credentials: Option<Bound>,
    ) {
        let credentials = credentials.filter(|bound| bound.is_for(flow.peer.ip()));
        self.answer_ahead(&mut request, credentials.as_ref());
        let mut payload = request.to_bytes();
        let branch = request.via.branch();
        let connection = self.rather_over_tcp(now, flow, &request, payload.len());
        let fallback = connection.map(|_| flow);
        let flow = connection.unwrap_or(flow);
        if fallback.is_some() {
            request.via = self.listeners.via(flow, &branch);
            payload = request.to_bytes();
        }
        let timing = self.timing(flow);
        let machine = if request.method == Method::Invite {
            ClientMachine::Invite(InviteClient::new(now, timing, payload.clone()))
        } else {
            ClientMachine::Other(Client::new(now, timing, payload.clone()))
        };
        let key = if request.method == Method::Cancel { cancel_key(&branch) } else { branch };
        let entry = ClientEntry {
            machine,
            flow,
            timing,
            owner,
            request,
            credentials,
            fallback,
            answered: Answered::default(),
            acks: Vec::new(),
        };
        let has_fallback = entry.fallback.is_some();
        self.transactions.insert_client(key, entry);
        self.transmits.push_back(Transmit { flow, payload, has_fallback });
    }

    /// Answers what the peer asked last time, unless the request has an answer already.
    fn answer_ahead(&mut self, request: &mut Outgoing, credentials: Option<&Bound>) {
        let answered = |name: &str| request.headers.first(name).is_some();
        let Some(bound) = credentials.filter(|bound| self.wallet.is_asked(bound)) else { return };
        if answered("Authorization") || answered("Proxy-Authorization") {
            return;
        }
        let (uri, cnonce) = (request.uri.to_string(), self.tokens.token());
        let covered = Covered { method: request.method.as_str(), uri: &uri, cnonce: &cnonce };
        for (name, value) in self.wallet.ahead(bound, covered) {
            request.headers.push(name, value);
        }
    }

    /// Sends the BYE of a dialog, which from now on only waits for its end.
    pub(super) fn leave(&mut self, now: Instant, id: DialogId, reason: Option<&str>) {
        let branch = self.branch();
        let headers = self.request_headers();
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        let (flow, mut bye) = dialog.path.request(Method::Bye, &self.listeners, &branch);
        dialog.state = State::Leaving;
        dialog.agreement.close();
        let credentials = dialog.credentials.clone();
        let farewell = dialog.farewell.take();
        bye.headers = headers;
        if let Some(reason) = reason {
            push_foreign(&mut bye.headers, &[("Reason".to_owned(), reason.to_owned())]);
        }
        if let Some((content_type, body)) = farewell {
            bye.headers.push("Content-Type", &content_type);
            bye.body = body;
            bye = self.sendable(now, flow, bye);
        }
        self.send_request(now, flow, bye, ClientOwner::Bye(id), credentials);
        self.reschedule(id);
    }
}

/// The key of a CANCEL, which shares the branch of its INVITE (RFC 3261 §9.1, §17.1.3).
pub(super) fn cancel_key(branch: &str) -> String {
    format!("{branch}|CANCEL")
}

/// Where responses to a request go.
pub(super) fn reply_flow(request: &Request, flow: Flow) -> Flow {
    Flow { peer: response_address(&request.common.via, flow), ..flow }
}

fn response_address(via: &Via, flow: Flow) -> std::net::SocketAddr {
    if flow.transport.is_reliable() { flow.peer } else { via.response_address(flow.peer) }
}
