//! The task that owns the SIP endpoint.
//!
//! Shape: messages and orders in, one queue each; everything goes through one [`Endpoint`], then to the wires, to the calls'
//! inboxes, or to the [`Reception`] above, which decides about what has no call yet.
//! Time: the clock is read once an arrival or order.
//! Errors: a full queue of arrivals loses datagrams (SIP repeats them) and counts; a call's full inbox loses what may be lost and
//! counts, while answers and endings wait for room.

mod connections;
pub mod guard;
pub mod handle;
mod keep_alive;
pub mod outward;
pub mod tls;
mod watchers;

use std::{collections::HashMap, io, sync::Arc, time::Instant};

use antiphon_ivr::ExtensionId;
use antiphon_sip::{
    DialogId, Endpoint, Event, Flow, Invite, Notice, Rejection, Replaces, Reply, Request, RequestId, SipError,
    StatusCode, SubscriptionEnd, SubscriptionId, Transmit, Transport,
};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use self::guard::{Address, Failure, Guard};
pub use self::handle::{Located, Order, Report, Signalling, orders};
use self::{
    connections::{Connections, Expected},
    tls::Tls,
    watchers::Watchers,
};

use crate::{
    call::CallEvent,
    net::{self, Wire},
    queue::send_now,
    trace::{Direction, Party, Trace},
};

/// Messages that wait for the endpoint at most.
pub(crate) const ARRIVALS: usize = 4096;
/// Messages taken at one waking, so that a burst is drained quickly and orders still have their turn.
const BATCH: usize = 64;
/// The longest datagram of UDP.
const DATAGRAM: usize = 65_536;

/// Who decides about requests that belong to no call yet. It answers at once, from memory.
pub trait Reception: Send + 'static {
    /// A new call: the inbox of whoever takes it, or how it is refused.
    fn incoming(
        &mut self,
        now: Instant,
        dialog: DialogId,
        invite: Box<Invite>,
    ) -> Result<mpsc::Sender<CallEvent>, Rejection>;
    /// A new call that asks for the place of a dialog: the inbox of that dialog's call, or how it is refused.
    fn replacing(
        &mut self,
        now: Instant,
        dialog: DialogId,
        invite: Box<Invite>,
        replaced: Located,
    ) -> Result<mpsc::Sender<CallEvent>, Rejection>;
    /// A request outside any dialog, such as REGISTER.
    fn requested(&mut self, now: Instant, flow: Flow, request: &Request) -> Reply;
    /// A phone wants to be told of its messages: what there is, or how it is refused.
    fn subscribing(&mut self, now: Instant, flow: Flow, request: &Request) -> Result<Watch, Reply>;
    /// What a phone that was told of its messages may be told now; nothing where it has no mailbox any more.
    fn watch(&mut self, phone: ExtensionId) -> Option<Watch>;
    /// A connection is gone, and nobody can be reached over it any more.
    fn disconnected(&mut self, flow: Flow);
}

/// What a phone is told of its messages.
#[derive(Debug)]
pub struct Watch {
    /// The phone.
    pub phone: ExtensionId,
    /// Its mailbox.
    pub mailbox: ExtensionId,
    /// What is in it.
    pub notice: Notice,
}

/// Something that came in from a wire.
#[derive(Debug)]
pub(crate) enum Arrival {
    Message(Flow, Bytes),
    /// The connection could not be made, or is gone.
    Failed(Flow),
}

/// The wires of the task.
pub struct Wires {
    /// One wire a UDP listener.
    pub udp: Vec<Arc<dyn Wire>>,
    /// The listeners of byte streams, over TCP or TLS.
    pub streams: Vec<(Transport, tokio::net::TcpListener)>,
    /// Who we are in TLS; there is somebody when a listener is for it.
    pub tls: Option<Arc<Tls>>,
    /// Who is heard on them.
    pub guard: Arc<Guard>,
}

/// The task's own side, to be driven by [`Task::run`].
pub struct Task<R> {
    endpoint: Endpoint,
    reception: R,
    udp: Vec<Arc<dyn Wire>>,
    connections: Connections,
    guard: Arc<Guard>,
    calls: HashMap<DialogId, mpsc::Sender<CallEvent>>,
    asked: outward::Asked,
    watchers: Watchers,
    arrivals: mpsc::Receiver<Arrival>,
    orders: mpsc::Receiver<Order>,
    trace: Arc<Trace>,
}

impl<R: Reception> Task<R> {
    /// A task over this endpoint and these wires; starts the tasks that read them.
    pub fn new(
        endpoint: Endpoint,
        reception: R,
        wires: Wires,
        orders: mpsc::Receiver<Order>,
        trace: Arc<Trace>,
    ) -> Self {
        let (inlet, arrivals) = mpsc::channel(ARRIVALS);
        for wire in &wires.udp {
            tokio::spawn(read_datagrams(wire.clone(), inlet.clone(), wires.guard.clone()));
        }
        let connections = Connections::new(inlet, wires.tls, wires.guard.clone());
        for (transport, listener) in wires.streams {
            connections.listen(transport, listener);
        }
        let (udp, guard) = (wires.udp, wires.guard);
        Self {
            endpoint,
            reception,
            udp,
            connections,
            guard,
            calls: HashMap::new(),
            asked: outward::Asked::default(),
            watchers: Watchers::default(),
            arrivals,
            orders,
            trace,
        }
    }

    /// Runs until every handle is dropped.
    pub async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            let timeout = self.endpoint.poll_timeout();
            tokio::select! {
                count = self.arrivals.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    for arrival in batch.drain(..) {
                        self.take(arrival);
                    }
                }
                order = self.orders.recv() => {
                    let Some(order) = order else { return };
                    self.carry_out(order);
                }
                () = sleep_until(timeout) => self.endpoint.handle_timeout(clock()),
            }
            self.drain();
        }
    }

    /// Takes one arrival. What it makes is sent before the next is looked at, so that the first of a burst does not wait for the last.
    fn take(&mut self, arrival: Arrival) {
        let now = clock();
        match arrival {
            // Datagrams were judged before they came here; a stream that is over its limit loses messages in the same way.
            Arrival::Message(flow, message)
                if flow.transport.is_reliable() && !self.guard.admits(now, flow.peer.ip(), &message) => {}
            Arrival::Message(flow, message) => {
                self.trace.offer(now, Direction::Received, flow, &message);
                let malformed = self.endpoint.counters().malformed;
                self.endpoint.handle_datagram(now, flow, &message);
                if self.endpoint.counters().malformed > malformed {
                    let address = if flow.transport.is_reliable() { Address::Proven } else { Address::Claimed };
                    self.guard.failed(now, flow.peer.ip(), address, Failure::Malformed);
                }
            }
            Arrival::Failed(flow) => {
                self.reception.disconnected(flow);
                self.endpoint.handle_transport_error(now, flow);
            }
        }
        self.drain();
    }

    fn carry_out(&mut self, order: Order) {
        let now = clock();
        let done = match order {
            Order::Ring(dialog) => self.endpoint.ring(now, dialog, None),
            Order::RingWith(dialog, sdp) => self.endpoint.ring(now, dialog, Some(sdp)),
            Order::Answer(dialog, sdp, reply) => {
                // A caller who is gone no longer waits for the reply.
                let _ = reply.send(self.endpoint.answer(now, dialog, sdp));
                Ok(())
            }
            Order::Reject(dialog, rejection) => self.endpoint.reject(now, dialog, rejection),
            Order::HangUp(dialog, reason) => self.endpoint.hang_up(now, dialog, reason),
            Order::Farewell(dialog, content_type, body) => self.endpoint.farewell(dialog, content_type, body),
            Order::Info(dialog, content_type, body) => self.endpoint.info(now, dialog, content_type, body),
            Order::Invite(call, invitation, inbox, reply) => {
                let party = Party::of(&invitation);
                let dialog = self.endpoint.invite(now, *invitation);
                let sip_call_id = self.endpoint.call_id(dialog).unwrap_or_default();
                self.trace.invited(now, call, dialog, sip_call_id, party);
                self.calls.insert(dialog, inbox);
                if reply.send(dialog).is_err() { self.endpoint.hang_up(now, dialog, None) } else { Ok(()) }
            }
            Order::Expect(flow, host) => {
                self.expect(now, flow, &host);
                Ok(())
            }
            Order::AcceptReoffer(dialog, sdp) => self.endpoint.accept_reoffer(now, dialog, sdp),
            Order::RejectReoffer(dialog, status) => self.endpoint.reject_reoffer(now, dialog, status),
            Order::Ask(ask) => self.asked.carry_out(now, &mut self.endpoint, ask),
            Order::Reoffer(dialog, offer, reply) => {
                let _ = reply.send(self.endpoint.reoffer(now, dialog, Some(offer)));
                Ok(())
            }
            Order::AcceptRefer(dialog) => self.endpoint.accept_refer(now, dialog),
            Order::RejectRefer(dialog, status) => self.endpoint.reject_refer(now, dialog, status),
            Order::NotifyRefer(dialog, status) => self.endpoint.notify_refer(now, dialog, status),
            Order::Refer(dialog, target, options, reply) => {
                let _ = reply.send(self.endpoint.refer(now, dialog, *target, *options));
                Ok(())
            }
            Order::Locate(replaces, reply) => {
                let _ = reply.send(self.locate(&replaces));
                Ok(())
            }
            Order::Adopt(dialog, inbox, reply) => {
                self.adopt(dialog, inbox, reply);
                Ok(())
            }
            Order::Summary(mailbox, notice) => self.tell_watchers(mailbox, &notice),
            Order::Admit(admission) => {
                self.endpoint.set_admission(admission);
                Ok(())
            }
            Order::Report(reply) => {
                self.report(reply);
                Ok(())
            }
        };
        if let Err(error) = done {
            // The far end was faster: its BYE or CANCEL crossed the order.
            tracing::debug!(%error, "an order came too late");
        }
    }

    /// Somebody is to be reached over a connection, if it is there.
    fn expect(&mut self, now: Instant, flow: Flow, host: &str) {
        if self.connections.expect(flow, host) == Expected::Closed {
            self.endpoint.handle_transport_error(now, flow);
        }
    }

    /// A new call, or somebody who asks for a place in one.
    fn receive(&mut self, dialog: DialogId, invite: Box<Invite>) -> Result<mpsc::Sender<CallEvent>, Rejection> {
        let Some(replaced) = invite.replaces else { return self.reception.incoming(clock(), dialog, invite) };
        let inbox = self.calls.get(&replaced).ok_or(StatusCode::NO_SUCH_TRANSACTION)?.clone();
        self.reception.replacing(clock(), dialog, invite, Located { dialog: replaced, inbox })
    }

    /// A phone wants to be told of its messages.
    fn subscribe(&mut self, request: RequestId, flow: Flow, message: &Request) {
        let done = match self.reception.subscribing(clock(), flow, message) {
            Ok(Watch { phone, mailbox, notice }) => {
                let accepted = self.endpoint.accept_subscription(clock(), request, notice);
                accepted.and_then(|id| self.watch(id, phone, mailbox))
            }
            Err(reply) => self.endpoint.respond(clock(), request, reply),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a reply came too late");
        }
    }

    /// A phone watches a mailbox. One that has too many subscriptions has lost sight of some, as after a restart: the one that it has not
    /// refreshed for longest ends, for good, so that telephones with too many places take nothing from each other in turns.
    fn watch(&mut self, id: SubscriptionId, phone: ExtensionId, mailbox: ExtensionId) -> Result<(), SipError> {
        let surplus = self.watchers.surplus(phone);
        self.watchers.insert(id, phone, mailbox);
        let Some(surplus) = surplus else { return Ok(()) };
        self.watchers.remove(surplus);
        self.endpoint.end_subscription(clock(), surplus, SubscriptionEnd::Rejected)
    }

    /// A phone goes on with its subscription: it may have another mailbox by now, or none.
    fn resubscribed(&mut self, id: SubscriptionId) {
        let Some((phone, mailbox)) = self.watchers.of(id) else { return };
        let done = match self.reception.watch(phone) {
            None => self.endpoint.end_subscription(clock(), id, SubscriptionEnd::Rejected),
            Some(watch) => {
                self.watchers.insert(id, phone, watch.mailbox);
                match watch.mailbox == mailbox {
                    true => Ok(()),
                    false => self.endpoint.notify(clock(), id, watch.notice),
                }
            }
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a subscription was over before");
        }
    }

    fn tell_watchers(&mut self, mailbox: ExtensionId, notice: &Notice) -> Result<(), SipError> {
        let told = self.watchers.watching(mailbox).into_iter();
        // One that is over is told nothing, and all others are.
        told.map(|id| self.endpoint.notify(clock(), id, notice.clone())).fold(Ok(()), Result::and)
    }

    /// Tells the counters.
    fn report(&self, reply: oneshot::Sender<Report>) {
        let (counters, dialogs) = (*self.endpoint.counters(), self.endpoint.dialogs());
        let transactions = self.endpoint.transactions();
        // Whoever asked may have gone.
        let _ = reply.send(Report { counters, dialogs, transactions, waiting: self.arrivals.len() });
    }

    /// Another call owns the dialog from now on. One that is over has no events left.
    fn adopt(&mut self, dialog: DialogId, inbox: mpsc::Sender<CallEvent>, reply: oneshot::Sender<()>) {
        if let Some(owner) = self.calls.get_mut(&dialog) {
            *owner = inbox;
        }
        // Whoever waits for it may have ended.
        let _ = reply.send(());
    }

    fn locate(&self, replaces: &Replaces) -> Option<Located> {
        let dialog = self.endpoint.find_replaced(replaces)?;
        let inbox = self.calls.get(&dialog)?.clone();
        Some(Located { dialog, inbox })
    }

    /// Events may lead to transmissions and the other way round, so both are drained until neither is left.
    fn drain(&mut self) {
        loop {
            while let Some(transmit) = self.endpoint.poll_transmit() {
                self.transmit(transmit);
            }
            let Some(event) = self.endpoint.poll_event() else { return };
            self.trace.note(clock(), &event);
            self.dispatch(event);
        }
    }

    fn transmit(&mut self, Transmit { flow, payload, has_fallback }: Transmit) {
        self.guard.sent(clock(), flow.peer.ip(), &payload);
        self.trace.offer(clock(), Direction::Sent, flow, &payload);
        match flow.transport {
            Transport::Udp => {
                let Some(wire) = self.udp.iter().find(|wire| wire.local_addr() == flow.local) else { return };
                if let Err(error) = wire.send(&payload, flow.peer) {
                    tracing::debug!(%error, "a datagram was not sent");
                    // Anything else loses a datagram as any network does, and SIP sends it again (RFC 3261 §18.4).
                    if is_no_way(&error) {
                        self.endpoint.handle_transport_error(clock(), flow);
                    }
                }
            }
            Transport::Tcp | Transport::Tls => self.connections.send(flow, payload, has_fallback),
        }
    }

    fn dispatch(&mut self, event: Event) {
        match event {
            Event::Incoming { dialog, invite } => match self.receive(dialog, invite) {
                Ok(inbox) => {
                    self.calls.insert(dialog, inbox);
                }
                Err(rejection) => {
                    if let Err(error) = self.endpoint.reject(clock(), dialog, rejection) {
                        tracing::debug!(%error, "a refusal came too late");
                    }
                }
            },
            Event::Requested { request, flow, message } => {
                let reply = self.reception.requested(clock(), flow, &message);
                if let Err(error) = self.endpoint.respond(clock(), request, reply) {
                    tracing::debug!(%error, "a reply came too late");
                }
            }
            Event::Subscribing { request, flow, message } => self.subscribe(request, flow, &message),
            Event::Resubscribed { subscription } => self.resubscribed(subscription),
            Event::SubscriptionEnded { subscription } => self.watchers.remove(subscription),
            Event::Ended { dialog, .. } => {
                if let Some(inbox) = self.calls.remove(&dialog) {
                    post(&inbox, event);
                }
            }
            event => match event.dialog() {
                Some(dialog) => {
                    if let Some(inbox) = self.calls.get(&dialog) {
                        post(inbox, event);
                    }
                }
                None => self.asked.hear(event),
            },
        }
    }
}

/// Puts an event into a call's inbox. With a full inbox, what is on its way and INFO are lost; what ends or joins a call waits for room.
fn post(inbox: &mpsc::Sender<CallEvent>, event: Event) {
    let Err(mpsc::error::TrySendError::Full(event)) = inbox.try_send(CallEvent::Sip(event)) else { return };
    metrics::counter!("antiphon_events_waiting_total").increment(1);
    if matches!(
        event,
        CallEvent::Sip(Event::Trying { .. } | Event::Progress { .. } | Event::Info { .. } | Event::InfoRefused { .. })
    ) {
        return;
    }
    send_now(inbox, event);
}

/// Whether the machine itself says that there is no way, and would say so again.
fn is_no_way(error: &io::Error) -> bool {
    use io::ErrorKind::{
        AddrNotAvailable, ConnectionRefused, HostUnreachable, InvalidInput, NetworkUnreachable, PermissionDenied,
    };
    matches!(
        error.kind(),
        AddrNotAvailable | ConnectionRefused | HostUnreachable | InvalidInput | NetworkUnreachable | PermissionDenied
    )
}

async fn read_datagrams(wire: Arc<dyn Wire>, inlet: mpsc::Sender<Arrival>, guard: Arc<Guard>) {
    let local = wire.local_addr();
    let mut buffer = vec![0; DATAGRAM];
    while !inlet.is_closed() {
        let (length, peer) = match net::receive(&*wire, &mut buffer).await {
            Ok(received) => received,
            Err(error) => {
                // On Linux an ICMP error of an earlier send shows up here; it says nothing about the next datagram.
                tracing::debug!(%error, "receiving failed");
                continue;
            }
        };
        if !guard.admits(clock(), peer.ip(), &buffer[..length]) {
            continue;
        }
        let flow = Flow { transport: Transport::Udp, local, peer };
        let message = Bytes::copy_from_slice(&buffer[..length]);
        if inlet.try_send(Arrival::Message(flow, message)).is_err() {
            metrics::counter!("antiphon_sip_dropped_total", "reason" => "queue_full").increment(1);
        }
    }
}

fn clock() -> Instant {
    tokio::time::Instant::now().into_std()
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}
