//! The one front door: messages, time and orders in; messages and events out.
//!
//! Shape: [`Endpoint`] owns every transaction and dialog and routes each message to one of them or to a new one.
//! Time: told with every call.
//! Errors: hostile bytes are counted ([`Counters`]) and never returned; orders that do not fit are [`SipError`](crate::SipError).
//! Sources: RFC 3261 §8, §9, §11 to §15, §17, §18.

mod call;
mod in_dialog;
mod inside;
mod large;
mod orders;
mod outward;
mod receive;
mod refer;
mod referred;
mod reliable;
mod reoffer;
mod replacing;
mod responses;
mod screen;
mod send;
mod session_timer;
mod subscribe;
#[cfg(test)]
mod tests;
mod update;

use crate::auth::Wallet;
use crate::config::{Admission, Config};
use crate::counters::Counters;
use crate::dialog::{AfterAck, Announced, Dialog, Exchange, State, Transfers, Wanted};
use crate::event::{DialogId, EndReason, Event, RegistrationId, RequestId, SubscriptionId};
use crate::flow::{Flow, Transmit};
use crate::listeners::Listeners;
use crate::message::wire::{self, Broken};
use crate::message::{Message, StatusCode};
use crate::registration::Registering;
use crate::subscription::Subscription;
use crate::timetable::Timetable;
use crate::token::Tokens;
use crate::transaction::{ClientEntry, ClientOwner, Due, ServerKey, ServerOwner, Transactions};
use inside::Settled;
pub use refer::{ReferOptions, ReferOutcome};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

/// A SIP user agent: it answers calls and makes them.
///
/// After every `handle_*` and every order, take all of [`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event), then sleep until [`poll_timeout`](Self::poll_timeout). Both queues are bounded by
/// that: one call adds a few entries, or a few for each dialog it ends.
#[derive(Debug)]
pub struct Endpoint {
    config: Config,
    listeners: Listeners,
    tokens: Tokens,
    wallet: Wallet,
    admission: Admission,
    transactions: Transactions,
    dialogs: HashMap<DialogId, Dialog>,
    /// Dialogs by our own tag, which nobody else makes.
    by_tag: HashMap<String, DialogId>,
    wakes: Timetable<DialogId>,
    requests: HashMap<RequestId, ServerKey>,
    transfers: HashMap<DialogId, Transfers>,
    /// Peers that took no connection for a large INVITE, and until when that is remembered.
    without_tcp: HashMap<SocketAddr, Instant>,
    transfer_wakes: Timetable<DialogId>,
    registrations: HashMap<RegistrationId, Registering>,
    registration_wakes: Timetable<RegistrationId>,
    subscriptions: HashMap<SubscriptionId, Subscription>,
    /// Subscriptions by our own tag.
    subscriptions_by_tag: HashMap<String, SubscriptionId>,
    subscription_wakes: Timetable<SubscriptionId>,
    next_id: u64,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    counters: Counters,
}

impl Endpoint {
    /// A new endpoint. All its tags, branches and Call-IDs follow from `seed`.
    pub fn new(config: Config, seed: u64) -> Self {
        Self {
            listeners: Listeners::new(config.listeners.clone()),
            config,
            tokens: Tokens::new(seed),
            wallet: Wallet::default(),
            admission: Admission::Open,
            transactions: Transactions::default(),
            dialogs: HashMap::new(),
            by_tag: HashMap::new(),
            wakes: Timetable::default(),
            requests: HashMap::new(),
            transfers: HashMap::new(),
            without_tcp: HashMap::new(),
            transfer_wakes: Timetable::default(),
            registrations: HashMap::new(),
            registration_wakes: Timetable::default(),
            subscriptions: HashMap::new(),
            subscriptions_by_tag: HashMap::new(),
            subscription_wakes: Timetable::default(),
            next_id: 0,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    /// Takes one whole message: a datagram, or what [`StreamFramer`](crate::StreamFramer) cut.
    pub fn handle_datagram(&mut self, now: Instant, flow: Flow, datagram: &[u8]) {
        if datagram.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            // Phones keep their NAT open with these (RFC 5626 §3.5.1 in spirit).
            self.counters.keep_alives += 1;
            return;
        }
        match wire::parse(datagram) {
            Ok(Message::Request(request)) => self.receive_request(now, flow, request),
            Ok(Message::Response(response)) => self.receive_response(now, flow, &response),
            Err(broken) => self.receive_broken(flow, broken),
        }
    }

    /// Learns that nothing can be sent over `flow`: a connection failed or closed, or a port is unreachable.
    ///
    /// What waits for a response over it ends; so does an unanswered call over a closed connection. Answered calls stay:
    /// they have other ways, and their own ends.
    pub fn handle_transport_error(&mut self, now: Instant, flow: Flow) {
        if flow.transport.is_reliable() {
            self.dialogs.values_mut().for_each(|dialog| dialog.path.lose_connection(flow));
            self.subscriptions.values_mut().for_each(|found| found.path.lose_connection(flow));
        }
        for entry in self.transactions.take_clients_of(flow) {
            let Some(entry) = self.fall_back(now, entry) else { continue };
            self.counters.transport_failed += 1;
            self.abandon(now, &entry, EndReason::TransportFailed);
        }
        if flow.transport.is_reliable() {
            self.reregister_over(now, flow);
            let waits = |dialog: &&Dialog| dialog.path.flow == flow && matches!(dialog.state, State::Incoming(_));
            let mut orphans: Vec<_> = self.dialogs.values().filter(waits).map(|dialog| dialog.id).collect();
            orphans.sort();
            for id in orphans {
                self.refuse_unheard(now, id);
                self.end(id, EndReason::TransportFailed);
                self.remove(id);
            }
        }
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(due) = self.transactions.take_due(now) {
            match due {
                Due::Resend(flow, payload) => self.transmit(flow, payload),
                Due::ServerTimedOut(owner) => {
                    self.counters.timed_out += 1;
                    match owner {
                        ServerOwner::Request(request) => {
                            self.requests.remove(&request);
                        }
                        ServerOwner::Dialog(id) => self.forget_unanswered(id),
                        ServerOwner::Endpoint => {}
                    }
                }
                Due::ClientTimedOut(entry) => {
                    self.counters.timed_out += 1;
                    self.abandon(now, &entry, EndReason::TransactionTimeout);
                }
                Due::Quiet => {}
            }
        }
        while let Some(id) = self.wakes.take_due(now) {
            self.wake(now, id);
        }
        self.wake_transfers(now);
        self.wake_registrations(now);
        self.wake_subscriptions(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [
            self.transactions.next_deadline(),
            self.wakes.next(),
            self.transfer_wakes.next(),
            self.registration_wakes.next(),
            self.subscription_wakes.next(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Says whether new calls are wanted; see [`Admission`].
    pub fn set_admission(&mut self, admission: Admission) {
        self.admission = admission;
    }

    /// What was received and what was dropped.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many dialogs there are, with those that are still saying goodbye.
    pub fn dialogs(&self) -> usize {
        self.dialogs.len()
    }

    /// The Call-ID of a dialog, as the wire has it; `None` once the dialog is forgotten.
    pub fn call_id(&self, dialog: DialogId) -> Option<&str> {
        self.dialogs.get(&dialog).map(|dialog| dialog.path.call_id.as_str())
    }

    /// How many transactions there are, with those that only absorb repetitions.
    pub fn transactions(&self) -> usize {
        self.transactions.len()
    }

    fn receive_broken(&mut self, flow: Flow, broken: Broken) {
        self.counters.malformed += 1;
        let why = broken.why();
        tracing::debug!(peer = %flow.peer, %why, "malformed message");
        if let Broken::Answerable { via, mut headers, .. } = broken {
            self.answer_broken(flow, why, *via, &mut headers);
        }
    }

    /// A client transaction of ours ended without an answer.
    fn abandon(&mut self, now: Instant, entry: &ClientEntry, why: EndReason) {
        match entry.owner {
            ClientOwner::Invite(id) => {
                let branch = entry.request.via.branch();
                let current = self.dialogs.get(&id).is_some_and(|dialog| match &dialog.state {
                    State::Calling(call) => call.branch == branch,
                    _ => false,
                });
                if current {
                    self.end(id, why);
                    self.remove(id);
                }
            }
            ClientOwner::Reinvite(id) => self.reinvite_abandoned(now, id, &entry.request.via.branch(), why),
            owner => {
                let failed = why == EndReason::TransportFailed;
                let settled = if failed { Settled::TransportFailed } else { Settled::TimedOut };
                self.settled(now, owner, entry.request.cseq, settled);
            }
        }
    }

    /// Does what is due in a dialog.
    fn wake(&mut self, now: Instant, id: DialogId) {
        self.wake_reliable(now, id);
        self.wake_exchange(now, id);
        self.wake_reoffer(now, id);
        self.wake_timer(now, id);
        self.reschedule(id);
    }

    /// Repeats what a dialog repeats, or gives it up.
    fn wake_exchange(&mut self, now: Instant, id: DialogId) {
        let Some(dialog) = self.dialogs.get_mut(&id) else { return };
        match &mut dialog.state {
            State::Confirmed(Exchange::Unacknowledged(acceptance)) if acceptance.give_up_at <= now => {
                let reason = match &acceptance.then {
                    AfterAck::Leave { reason } => reason.clone(),
                    AfterAck::Stay => None,
                };
                self.end(id, EndReason::NoAck);
                self.leave(now, id, reason.as_deref());
            }
            State::Confirmed(Exchange::Unacknowledged(acceptance)) if acceptance.repeat.at <= now => {
                acceptance.repeat = acceptance.repeat.doubled(now, self.config.timers.t2);
                let (flow, ok) = (acceptance.flow, acceptance.ok.clone());
                self.transmit(flow, ok);
            }
            State::Incoming(call) if call.ringing.as_ref().is_some_and(|ringing| ringing.refresh_at <= now) => {
                let key = call.key.clone();
                let again = call.ringing.as_mut().map(|ringing| {
                    ringing.refresh_at = now + self.config.ringing_refresh;
                    ringing.response.clone()
                });
                if let (Some(response), Some(flow)) = (again, self.transactions.server(&key).map(|entry| entry.flow)) {
                    self.transmit(flow, response);
                }
            }
            State::Incoming(_) | State::Calling(_) | State::Confirmed(_) | State::Leaving => {}
        }
    }

    /// Reports the end of a dialog, if that was not done before.
    fn end(&mut self, id: DialogId, why: EndReason) {
        if let Some(dialog) = self.dialogs.get_mut(&id)
            && dialog.announced == Announced::Alive
        {
            dialog.announced = Announced::Ended;
            dialog.agreement.close();
            self.close_transfers(id);
            self.events.push_back(Event::Ended { dialog: id, why });
        }
    }

    /// Forgets a dialog.
    fn remove(&mut self, id: DialogId) {
        if let Some(dialog) = self.dialogs.remove(&id) {
            self.by_tag.remove(&dialog.local_tag);
            self.wakes.set(&id, None);
        }
    }

    fn insert(&mut self, dialog: Dialog) {
        self.by_tag.insert(dialog.local_tag.clone(), dialog.id);
        self.dialogs.insert(dialog.id, dialog);
    }

    /// Notes when a dialog wants to be looked at, after it changed.
    fn reschedule(&mut self, id: DialogId) {
        let deadline = self.dialogs.get(&id).and_then(Dialog::deadline);
        self.wakes.set(&id, deadline);
    }

    /// The session interval we ask for and take.
    fn wanted(&self) -> Wanted {
        Wanted { expires: self.config.session_expires.max(self.config.min_se), min_se: self.config.min_se }
    }

    fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Ends the transaction of an INVITE whose sender cannot hear us.
    fn refuse_unheard(&mut self, now: Instant, id: DialogId) {
        if let Some(Dialog { state: State::Incoming(call), .. }) = self.dialogs.get(&id) {
            let (key, request) = (call.key.clone(), call.request.clone());
            self.refuse(now, &key, &request, StatusCode::SERVICE_UNAVAILABLE, id, send::Sending::Withhold);
        }
    }
}
