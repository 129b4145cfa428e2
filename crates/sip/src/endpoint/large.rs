//! INVITEs too large for a datagram.
//!
//! Shape: a flow and a length in; the connection to take instead out.
//! Time: a peer that refuses the connection, or does not take it in the few seconds that the owner of the sockets gives it
//! ([`Transmit::has_fallback`](crate::Transmit::has_fallback)), is not asked for another for 10 min.
//! Errors: when the connection fails before an answer, the INVITE goes over UDP after all, with the same branch, so that a
//! peer that has it already sees a repetition and not a second call.
//! Sources: RFC 3261 §18.1.1.

use super::Endpoint;
use crate::dialog::Announced;
use crate::flow::{Flow, Transport};
use crate::message::Method;
use crate::message::build::Outgoing;
use crate::transaction::{ClientEntry, ClientMachine, ClientOwner, InviteClient};
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
        if request.method != Method::Invite || flow.transport != Transport::Udp || len <= MAX_DATAGRAM {
            return None;
        }
        if self.without_tcp.get(&flow.peer).is_some_and(|until| *until > now) {
            return None;
        }
        let local = self.listeners.local_for(Transport::Tcp, flow.peer.ip(), flow)?;
        Some(Flow { transport: Transport::Tcp, local, peer: flow.peer })
    }

    /// Sends an INVITE over UDP whose connection has failed. Gives the transaction back when there is nothing to send.
    pub(super) fn fall_back(&mut self, now: Instant, entry: ClientEntry) -> Option<ClientEntry> {
        let unanswered = matches!(entry.machine, ClientMachine::Invite(InviteClient::Calling { .. }));
        let wanted = match entry.owner {
            ClientOwner::Invite(id) | ClientOwner::Reinvite(id) => {
                self.dialogs.get(&id).is_some_and(|dialog| dialog.announced == Announced::Alive)
            }
            _ => false,
        };
        let Some(flow) = entry.fallback.filter(|_| unanswered && wanted) else { return Some(entry) };
        if self.without_tcp.len() >= MAX_REMEMBERED {
            self.without_tcp.clear();
        }
        self.without_tcp.insert(flow.peer, now + REMEMBERED);
        let branch = entry.request.via.branch();
        let mut request = entry.request;
        request.via = self.listeners.via(flow, &branch);
        self.send_request(now, flow, request, entry.owner, entry.credentials);
        self.transactions.with_client(&branch, |again| again.answered = entry.answered);
        None
    }
}
