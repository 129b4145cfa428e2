//! All transactions, and when each wants to be woken.
//!
//! Shape: two maps and one timetable; whoever changes an entry does so through [`Transactions`], which keeps them in step.
//! Time: told.
//! Errors: a full table refuses new server transactions; ours are bounded by the dialogs that make them.
//! Sources: RFC 3261 §17.1.3, §17.2.3.

use super::{Client, Fired, InviteClient, InviteServer, MergeKey, Purpose, Server, ServerKey, Timing};
use crate::auth::{Answered, Bound};
use crate::event::{DialogId, RegistrationId, RequestId, SubscriptionId};
use crate::flow::Flow;
use crate::message::Request;
use crate::message::build::Outgoing;
use crate::timetable::Timetable;
use bytes::Bytes;
use std::collections::HashMap;
use std::time::Instant;

/// Either server machine.
#[derive(Debug)]
pub(crate) enum ServerMachine {
    Invite(InviteServer),
    Other(Server),
}

/// Who answers a server transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerOwner {
    /// It has been answered by the endpoint itself.
    Endpoint,
    /// A dialog, for an INVITE.
    Dialog(DialogId),
    /// Our owner, by `respond`.
    Request(RequestId),
}

/// A server transaction.
#[derive(Debug)]
pub(crate) struct ServerEntry {
    pub(crate) machine: ServerMachine,
    /// Where responses go.
    pub(crate) flow: Flow,
    pub(crate) timing: Timing,
    pub(crate) owner: ServerOwner,
    /// The request, as long as an answer has to be made from it.
    pub(crate) request: Option<Box<Request>>,
    merge: Option<MergeKey>,
    /// Bytes of the request, as they were when the entry came in.
    request_bytes: usize,
}

impl ServerEntry {
    pub(crate) fn new(machine: ServerMachine, flow: Flow, timing: Timing, owner: ServerOwner) -> Self {
        Self { machine, flow, timing, owner, request: None, merge: None, request_bytes: 0 }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.machine {
            ServerMachine::Invite(machine) => machine.deadline(),
            ServerMachine::Other(machine) => Some(machine.deadline()),
        }
    }

    /// Bytes of messages that are remembered here.
    fn bytes(&self) -> usize {
        let response = match &self.machine {
            ServerMachine::Invite(machine) => machine.repeated(),
            ServerMachine::Other(machine) => machine.repeated(),
        };
        let request = self.request.as_ref().map_or(0, |_| self.request_bytes);
        request + response.map_or(0, |response| response.len())
    }
}

/// Either client machine.
#[derive(Debug)]
pub(crate) enum ClientMachine {
    Invite(InviteClient),
    Other(Client),
}

/// Who asked for a client transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientOwner {
    /// The INVITE of a dialog.
    Invite(DialogId),
    /// The BYE of a dialog.
    Bye(DialogId),
    /// A re-INVITE of a dialog.
    Reinvite(DialogId),
    /// Another request inside a dialog.
    Inside(DialogId, Purpose),
    /// Our owner, by `request`.
    Outside(RequestId),
    /// A registration.
    Registration(RegistrationId),
    /// A NOTIFY of a peer's subscription.
    Subscription(SubscriptionId),
    /// A CANCEL, or the BYE to a fork that lost; nobody waits for it.
    Nobody,
}

/// The ACK of one 2xx, kept for its repetitions.
#[derive(Debug, Clone)]
pub(crate) struct ForkAck {
    pub(crate) to_tag: String,
    pub(crate) flow: Flow,
    pub(crate) ack: Bytes,
}

/// A client transaction.
#[derive(Debug)]
pub(crate) struct ClientEntry {
    pub(crate) machine: ClientMachine,
    pub(crate) flow: Flow,
    pub(crate) timing: Timing,
    pub(crate) owner: ClientOwner,
    /// What was sent.
    pub(crate) request: Outgoing,
    pub(crate) credentials: Option<Bound>,
    /// The flow that it was meant for, when it is too large for that.
    pub(crate) fallback: Option<Flow>,
    /// Which challenges were answered on the way to this request; for the first INVITE of a call its dialog knows.
    pub(crate) answered: Answered,
    /// The 2xx responses acknowledged so far, one a fork.
    pub(crate) acks: Vec<ForkAck>,
}

impl ClientEntry {
    /// Where the rest of the dialog goes.
    pub(crate) fn home(&self) -> Flow {
        self.fallback.unwrap_or(self.flow)
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.machine {
            ClientMachine::Invite(machine) => machine.deadline(),
            ClientMachine::Other(machine) => Some(machine.deadline()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Key {
    Server(ServerKey),
    Client(String),
}

/// What has come of a deadline.
#[derive(Debug)]
pub(crate) enum Due {
    /// Send this again.
    Resend(Flow, Bytes),
    /// A server transaction ended without an answer or without an ACK.
    ServerTimedOut(ServerOwner),
    /// A client transaction ended without an answer.
    ClientTimedOut(Box<ClientEntry>),
    /// It ended as it should, or nothing happened.
    Quiet,
}

/// All transactions.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    server: HashMap<ServerKey, ServerEntry>,
    client: HashMap<String, ClientEntry>,
    merged: HashMap<MergeKey, ServerKey>,
    timetable: Timetable<Key>,
    /// Bytes of messages that server transactions remember.
    bytes: usize,
}

impl Transactions {
    pub(crate) fn len(&self) -> usize {
        self.server.len() + self.client.len()
    }

    pub(crate) fn servers(&self) -> usize {
        self.server.len()
    }

    /// Bytes of the messages that server transactions remember: what a peer can make us keep.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn clients(&self) -> usize {
        self.client.len()
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timetable.next()
    }

    pub(crate) fn insert_server(&mut self, key: ServerKey, mut entry: ServerEntry, merge: Option<MergeKey>) {
        if let Some(merge) = &merge {
            self.merged.insert(merge.clone(), key.clone());
        }
        entry.merge = merge;
        entry.request_bytes = entry.request.as_deref().map_or(0, size);
        self.bytes += entry.bytes();
        self.timetable.set(&Key::Server(key.clone()), entry.deadline());
        if let Some(old) = self.server.insert(key, entry) {
            self.bytes -= old.bytes();
        }
    }

    pub(crate) fn server(&self, key: &ServerKey) -> Option<&ServerEntry> {
        self.server.get(key)
    }

    /// Changes a server transaction and notes its new deadline.
    pub(crate) fn with_server<T>(&mut self, key: &ServerKey, change: impl FnOnce(&mut ServerEntry) -> T) -> Option<T> {
        let entry = self.server.get_mut(key)?;
        let before = entry.bytes();
        let result = change(entry);
        self.bytes = self.bytes + entry.bytes() - before;
        self.timetable.set(&Key::Server(key.clone()), entry.deadline());
        Some(result)
    }

    /// Whether another transaction already carries this request (RFC 3261 §8.2.2.2).
    pub(crate) fn is_merged(&self, merge: &MergeKey) -> bool {
        self.merged.contains_key(merge)
    }

    pub(crate) fn insert_client(&mut self, branch: String, entry: ClientEntry) {
        self.timetable.set(&Key::Client(branch.clone()), entry.deadline());
        self.client.insert(branch, entry);
    }

    pub(crate) fn client(&self, branch: &str) -> Option<&ClientEntry> {
        self.client.get(branch)
    }

    /// Changes a client transaction and notes its new deadline.
    pub(crate) fn with_client<T>(&mut self, branch: &str, change: impl FnOnce(&mut ClientEntry) -> T) -> Option<T> {
        let entry = self.client.get_mut(branch)?;
        let result = change(entry);
        self.timetable.set(&Key::Client(branch.to_owned()), entry.deadline());
        Some(result)
    }

    /// Takes every unfinished client transaction of a flow that failed.
    pub(crate) fn take_clients_of(&mut self, flow: Flow) -> Vec<ClientEntry> {
        let unfinished = |entry: &ClientEntry| match &entry.machine {
            ClientMachine::Invite(machine) => {
                matches!(machine, InviteClient::Calling { .. } | InviteClient::Proceeding { .. })
            }
            ClientMachine::Other(machine) => !matches!(machine, Client::Completed { .. }),
        };
        let failed = |(_, entry): &(&String, &ClientEntry)| entry.flow == flow && unfinished(entry);
        let mut branches: Vec<_> = self.client.iter().filter(failed).map(|(branch, _)| branch.clone()).collect();
        branches.sort();
        branches.iter().filter_map(|branch| self.remove_client(branch)).collect()
    }

    /// Takes the earliest deadline that has come, and what came of it; `None` when none has.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Due> {
        Some(match self.timetable.take_due(now)? {
            Key::Server(key) => self.fire_server(now, &key),
            Key::Client(branch) => self.fire_client(now, &branch),
        })
    }

    fn fire_server(&mut self, now: Instant, key: &ServerKey) -> Due {
        let fired = self.with_server(key, |entry| {
            let timing = entry.timing;
            match &mut entry.machine {
                ServerMachine::Invite(machine) => machine.fire(now, timing),
                ServerMachine::Other(machine) => machine.fire(now),
            }
        });
        match (fired, self.server(key)) {
            (Some(Fired::Resend(payload)), Some(entry)) => Due::Resend(entry.flow, payload),
            (Some(Fired::TimedOut), _) => {
                self.remove_server(key).map_or(Due::Quiet, |entry| Due::ServerTimedOut(entry.owner))
            }
            (Some(Fired::Finished), _) => {
                self.remove_server(key);
                Due::Quiet
            }
            _ => Due::Quiet,
        }
    }

    fn fire_client(&mut self, now: Instant, branch: &str) -> Due {
        let fired = self.with_client(branch, |entry| {
            let timing = entry.timing;
            match &mut entry.machine {
                ClientMachine::Invite(machine) => machine.fire(now),
                ClientMachine::Other(machine) => machine.fire(now, timing),
            }
        });
        match (fired, self.client(branch)) {
            (Some(Fired::Resend(payload)), Some(entry)) => Due::Resend(entry.flow, payload),
            (Some(Fired::TimedOut), _) => {
                self.remove_client(branch).map_or(Due::Quiet, |entry| Due::ClientTimedOut(Box::new(entry)))
            }
            (Some(Fired::Finished), _) => {
                self.remove_client(branch);
                Due::Quiet
            }
            _ => Due::Quiet,
        }
    }

    fn remove_server(&mut self, key: &ServerKey) -> Option<ServerEntry> {
        let entry = self.server.remove(key)?;
        self.bytes -= entry.bytes();
        self.timetable.set(&Key::Server(key.clone()), None);
        if let Some(merge) = &entry.merge {
            self.merged.remove(merge);
        }
        Some(entry)
    }

    fn remove_client(&mut self, branch: &str) -> Option<ClientEntry> {
        self.timetable.set(&Key::Client(branch.to_owned()), None);
        self.client.remove(branch)
    }
}

/// About how many bytes a request takes.
fn size(request: &Request) -> usize {
    request.all_headers().map(|(name, value)| name.len() + value.len()).sum::<usize>() + request.body().len()
}
