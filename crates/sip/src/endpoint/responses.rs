//! Responses to our requests.
//!
//! Shape: a response in; an ACK, another attempt, or an event out.
//! Errors: a response that belongs to no transaction is counted.
//! Sources: RFC 3261 §13.2.2 (INVITE), §17.1.3 (matching), §12.1.2 (dialogs); RFC 6026 §8.4 (more than one 2xx).

use super::Endpoint;
use super::inside::Settled;
use super::send::cancel_key;
use crate::dialog::{Announced, Cancel, Dialog, EarlyAnswer, Exchange, Path, State};
use crate::event::{DialogId, EndReason, Event, Refusal};
use crate::flow::Flow;
use crate::message::build::Outgoing;
use crate::message::{Headers, Method, NameAddr, Response, StatusCode, Uri, reasons, retry_after};
use crate::transaction::{ClientEntry, ClientMachine, ClientOwner, ForkAck, Received};
use bytes::Bytes;
use std::time::Instant;

/// At most this many forks of one call are acknowledged; further ones end by their own timers.
const MAX_FORKS: usize = 16;

/// At most this many contacts of a redirection are reported.
const MAX_REDIRECTIONS: usize = 8;

impl Endpoint {
    pub(super) fn receive_response(&mut self, now: Instant, flow: Flow, response: &Response) {
        self.counters.responses += 1;
        let cseq = &response.common.cseq;
        let branch = response.common.via.branch();
        let key = if cseq.method == Method::Cancel { cancel_key(&branch) } else { branch };
        let ours = |entry: &ClientEntry| {
            entry.request.method == cseq.method
                && entry.request.cseq == cseq.number
                && entry.request.call_id == response.common.call_id
                && entry.flow.transport == flow.transport
                // A second Via means that it was meant for someone behind us (RFC 3261 §8.1.3.3).
                && response.common.headers.items("Via").nth(1).is_none()
        };
        match self.transactions.client(&key) {
            Some(entry) if ours(entry) && is_alien(entry, flow, response.status) => {
                // Whoever answers from another address learns nothing of our password.
                self.counters.stray_responses += 1;
            }
            Some(entry) if ours(entry) => match entry.owner {
                _ if entry.request.method == Method::Invite => self.receive_invite_response(now, &key, response),
                owner => self.receive_other_response(now, &key, owner, response),
            },
            _ => self.counters.stray_responses += 1,
        }
    }

    fn receive_other_response(&mut self, now: Instant, key: &str, owner: ClientOwner, response: &Response) {
        let first_final = self.transactions.with_client(key, |entry| match &mut entry.machine {
            ClientMachine::Other(machine) => machine.received(now, entry.timing, response.status),
            ClientMachine::Invite(_) => false,
        });
        if first_final != Some(true) {
            return;
        }
        if self.answer_other_challenge(now, key, response) {
            return;
        }
        self.settled(now, owner, response.common.cseq.number, Settled::Answered(response));
    }

    /// Tells whoever asked for a request other than INVITE what came of it.
    pub(super) fn settled(&mut self, now: Instant, owner: ClientOwner, cseq: u32, settled: Settled<'_>) {
        match owner {
            ClientOwner::Bye(id) => self.remove(id),
            ClientOwner::Inside(id, purpose) => self.settled_inside(now, id, purpose, settled),
            ClientOwner::Outside(id) => self.settled_outside(id, settled),
            ClientOwner::Registration(id) => self.settled_registration(now, id, cseq, settled),
            ClientOwner::Subscription(id) => self.settled_subscription(now, id, settled),
            ClientOwner::Invite(_) | ClientOwner::Reinvite(_) | ClientOwner::Nobody => {}
        }
    }

    fn receive_invite_response(&mut self, now: Instant, branch: &str, response: &Response) {
        let to = response.common.headers.first("To").unwrap_or_default();
        let received = self.transactions.with_client(branch, |entry| {
            let ClientMachine::Invite(machine) = &mut entry.machine else { return None };
            let ack = || entry.request.ack(to).to_bytes();
            let received = machine.received(now, entry.timing, response.status, ack);
            Some((received, machine.ack(), entry.flow, entry.owner))
        });
        let Some((received, ack, flow, owner)) = received.flatten() else { return };
        let status = response.status;
        match received {
            Received::Absorbed => self.counters.retransmissions += 1,
            Received::Acknowledge(ack) => {
                self.counters.retransmissions += 1;
                self.transmit(flow, ack);
            }
            Received::New => {
                if let Some(ack) = ack {
                    self.transmit(flow, ack);
                }
                match owner {
                    ClientOwner::Invite(id) if status.is_provisional() => self.progressed(now, id, branch, response),
                    ClientOwner::Invite(id) if status.is_success() => self.succeeded(now, id, branch, response),
                    ClientOwner::Invite(id) => self.refused(now, id, branch, response),
                    ClientOwner::Reinvite(id) if status.is_provisional() => self.reinvite_progressed(now, id, branch),
                    ClientOwner::Reinvite(id) if status.is_success() => {
                        self.reinvite_succeeded(now, id, branch, response);
                    }
                    ClientOwner::Reinvite(id) => self.reinvite_refused(now, id, branch, response),
                    _ => {}
                }
            }
        }
    }

    fn progressed(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) {
        let Some(Dialog { state: State::Calling(call), announced, .. }) = self.dialogs.get_mut(&id) else { return };
        if call.branch != branch {
            return;
        }
        if *announced == Announced::Ended {
            return self.cancel_if_possible(now, id);
        }
        if response.status == StatusCode::TRYING {
            self.events.push_back(Event::Trying { dialog: id });
        } else if self.note_early(now, id, branch, response) {
            let early = Self::sdp_of(&response.common.headers, &response.common.body);
            self.events.push_back(Event::Progress { dialog: id, status: response.status, early });
        }
    }

    fn refused(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) {
        let current = match self.dialogs.get(&id) {
            Some(Dialog { state: State::Calling(call), .. }) => call.branch == branch,
            _ => false,
        };
        if !current {
            return;
        }
        let again = match response.status {
            StatusCode::INTERVAL_TOO_SMALL => self.raise_invite(now, id, branch, response),
            _ => self.answer_challenge(now, id, branch, response),
        };
        if !again {
            self.tell_refusal(id, response);
            self.end(id, EndReason::Rejected(response.status));
            self.remove(id);
        }
    }

    /// Reports what a rejection says beside its status, if it does.
    fn tell_refusal(&mut self, id: DialogId, response: &Response) {
        let (status, headers) = (response.status, &response.common.headers);
        let refusal = Refusal {
            status,
            retry_after: headers.first("Retry-After").and_then(retry_after),
            reasons: reasons(headers),
            contacts: if status.code() < 400 { redirections(headers) } else { Vec::new() },
        };
        let says_more = refusal.retry_after.is_some() || !refusal.reasons.is_empty() || !refusal.contacts.is_empty();
        if says_more && self.live(id).is_ok() {
            self.events.push_back(Event::Refused { dialog: id, refusal: Box::new(refusal) });
        }
    }

    /// A 2xx: the first makes the call, one that comes again gets its ACK again, one of another fork gets ACK and BYE.
    fn succeeded(&mut self, now: Instant, id: DialogId, branch: &str, response: &Response) {
        let to_tag = response.common.to.tag().unwrap_or_default();
        let Some(entry) = self.transactions.client(branch) else { return };
        if let Some(known) = entry.acks.iter().find(|known| known.to_tag == to_tag).cloned() {
            self.counters.retransmissions += 1;
            return self.transmit(known.flow, known.ack);
        }
        if entry.acks.len() >= MAX_FORKS {
            return;
        }
        let (request, flow) = (entry.request.clone(), entry.home());
        let mut path = Path::of_success(&request, response, flow);
        self.acknowledge(branch, to_tag, &request, &mut path);
        let first = match self.dialogs.get_mut(&id) {
            Some(dialog) if matches!(&dialog.state, State::Calling(call) if call.branch == branch) => Some(dialog),
            _ => None,
        };
        let Some(dialog) = first else { return self.decline_fork(now, &mut path) };
        let answer = take_fork(dialog, response, &mut path);
        let reason = match &dialog.state {
            State::Calling(call) => call.cancel.reason().map(str::to_owned),
            _ => None,
        };
        dialog.path = path;
        dialog.remote_tag = response.common.to.tag();
        dialog.state = State::Confirmed(Exchange::Idle);
        if dialog.announced == Announced::Ended {
            // The answer crossed the CANCEL, or came before one could be sent.
            self.terminate_pending(now, id);
            return self.leave(now, id, reason.as_deref());
        }
        dialog.agreement.learn(&response.common.headers);
        self.timer_by_answer(now, id, &response.common.headers);
        self.events.push_back(Event::Answered { dialog: id, answer });
    }

    /// Sends the ACK of a 2xx and keeps it for the next time. It carries the credentials of its INVITE (RFC 3261 §13.2.2.4).
    fn acknowledge(&mut self, branch: &str, to_tag: String, invite: &Outgoing, path: &mut Path) {
        let ack_branch = self.branch();
        let (flow, mut ack) = path.request(Method::Ack, &self.listeners, &ack_branch);
        // They were for the peer that was called, and a contact may point elsewhere.
        if self.transactions.client(branch).is_some_and(|entry| entry.flow.peer.ip() == flow.peer.ip()) {
            ack.headers.copy("Authorization", &invite.headers);
            ack.headers.copy("Proxy-Authorization", &invite.headers);
        }
        let ack = ack.to_bytes();
        self.transactions.with_client(branch, |entry| {
            entry.acks.push(ForkAck { to_tag, flow, ack: ack.clone() });
        });
        self.transmit(flow, ack);
    }

    /// Ends a fork that answered after another.
    fn decline_fork(&mut self, now: Instant, path: &mut Path) {
        let branch = self.branch();
        let (flow, mut bye) = path.request(Method::Bye, &self.listeners, &branch);
        bye.headers = self.request_headers();
        self.send_request(now, flow, bye, ClientOwner::Nobody, None);
    }
}

/// Takes over what the fork that answered has counted, and finds its answer. What other forks counted while it rang says
/// nothing about this one.
fn take_fork(dialog: &mut Dialog, response: &Response, path: &mut Path) -> Bytes {
    let sdp = Endpoint::sdp_of(&response.common.headers, &response.common.body);
    dialog.remote_seq = None;
    let State::Calling(call) = &mut dialog.state else { return sdp.unwrap_or_default() };
    let wanted = call.cancel == Cancel::Unwanted;
    let tag = response.common.to.tag().unwrap_or_default();
    let Some(fork) = call.fork(&tag) else { return sdp.unwrap_or_default() };
    dialog.remote_seq = fork.remote_seq;
    path.local_seq = path.local_seq.max(fork.path.local_seq);
    let early = fork.early.take().filter(|_| wanted);
    match fork.answer {
        // What was agreed by UPDATE is newer than what the 2xx repeats.
        EarlyAnswer::Changed => early.or(sdp),
        EarlyAnswer::Open | EarlyAnswer::Given => sdp.or(early),
    }
    .unwrap_or_default()
}

/// The contacts of a redirection by their preference, `q` (RFC 3261 §20.10); one that says none is as good as any.
fn redirections(headers: &Headers) -> Vec<Uri> {
    let contacts = headers.items("Contact").filter_map(|contact| contact.parse::<NameAddr>().ok());
    let mut contacts: Vec<_> = contacts.take(MAX_REDIRECTIONS).collect();
    let q = |contact: &NameAddr| {
        let thousandths = contact.params.value("q").and_then(|q| q.parse::<f32>().ok());
        thousandths.map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u32)
    };
    contacts.sort_by_key(|contact| std::cmp::Reverse(q(contact)));
    contacts.into_iter().map(|contact| contact.uri).collect()
}

/// Whether a challenge comes from elsewhere than where the request was sent.
fn is_alien(entry: &ClientEntry, flow: Flow, status: StatusCode) -> bool {
    let challenge = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED);
    challenge && entry.credentials.is_some() && entry.flow.peer.ip() != flow.peer.ip()
}
