//! INVITEs, and BYEs with a body, too large for a datagram.
//!
//! Shape: a flow and a length in; the connection to take instead out.
//! Time: a peer that refuses the connection, or does not take it in the few seconds that the owner of the sockets gives it
//! ([`Transmit::has_fallback`](crate::Transmit::has_fallback)), is not asked for another for 10 min.
//! Errors: when the connection fails before an answer, the INVITE goes over UDP after all, with the same branch, so that a
//! peer that has it already sees a repetition and not a second call. A BYE goes so without its body: that the call is over is not to be lost
//! with what there was to say about it.
//! Sources: RFC 3261 §18.1.1.

use super::Endpoint;
use crate::dialog::Announced;
use crate::flow::{Flow, Transport};
use crate::message::Method;
use crate::message::build::Outgoing;
use crate::transaction::{Client, ClientEntry, ClientMachine, ClientOwner, InviteClient};
use bytes::Bytes;
use std::time::{Duration, Instant};

/// The largest request over UDP where the MTU of the path is unknown.
const MAX_DATAGRAM: usize = 1300;
/// How long a refused connection is remembered.
const REMEMBERED: Duration = Duration::from_secs(600);
/// At most this many peers are remembered; then all are forgotten, which costs each another attempt.
const MAX_REMEMBERED: usize = 1024;

impl Endpoint {
    /// The connection for a request of `len` bytes that should leave over `flow`; none where the datagram will do, or has to.
    pub(super) fn rather_over_tcp(&self, now: Instant, flow: Flow, request: &Outgoing, len: usize) -> Option<Flow> {
        if !matches!(request.method, Method::Invite | Method::Bye)
            || flow.transport != Transport::Udp
            || len <= MAX_DATAGRAM
        {
            return None;
        }
        if self.without_tcp.get(&flow.peer).is_some_and(|until| *until > now) {
            return None;
        }
        let local = self.listeners.local_for(Transport::Tcp, flow.peer.ip(), flow)?;
        Some(Flow { transport: Transport::Tcp, local, peer: flow.peer })
    }

    /// A BYE of a dialog as it can be sent: one that is too large, and whose peer takes no connections, has no body.
    pub(super) fn sendable(&self, now: Instant, flow: Flow, mut bye: Outgoing) -> Outgoing {
        let length = bye.to_bytes().len();
        let is_large = flow.transport == Transport::Udp && length > MAX_DATAGRAM;
        if is_large && self.rather_over_tcp(now, flow, &bye, length).is_none() {
            bare(&mut bye, flow);
        }
        bye
    }

    /// Sends an INVITE or a BYE over UDP whose connection has failed. Gives the transaction back when there is nothing to send.
    pub(super) fn fall_back(&mut self, now: Instant, entry: ClientEntry) -> Option<ClientEntry> {
        let unanswered = matches!(
            entry.machine,
            ClientMachine::Invite(InviteClient::Calling { .. }) | ClientMachine::Other(Client::Trying { .. })
        );
        let wanted = match entry.owner {
            ClientOwner::Invite(id) | ClientOwner::Reinvite(id) => {
                self.dialogs.get(&id).is_some_and(|dialog| dialog.announced == Announced::Alive)
            }
            ClientOwner::Bye(id) => self.dialogs.contains_key(&id),
            _ => false,
        };
        let Some(flow) = entry.fallback.filter(|_| unanswered && wanted) else { return Some(entry) };
        if self.without_tcp.len() >= MAX_REMEMBERED {
            self.without_tcp.clear();
        }
        self.without_tcp.insert(flow.peer, now + REMEMBERED);
        let branch = entry.request.via.branch();
        let mut request = entry.request;
        if request.method == Method::Bye {
            bare(&mut request, flow);
        }
        request.via = self.listeners.via(flow, &branch);
        self.send_request(now, flow, request, entry.owner, entry.credentials);
        self.transactions.with_client(&branch, |again| again.answered = entry.answered);
        None
    }
}

/// Takes the body away from a request.
fn bare(request: &mut Outgoing, flow: Flow) {
    tracing::debug!(peer = %flow.peer, bytes = request.body.len(), "the body of a BYE is left out: too large for a datagram, and the peer takes no connections");
    request.headers.remove("Content-Type");
    request.body = Bytes::new();
}
