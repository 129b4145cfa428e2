//! A media worker: the owner of one pool of streams and of their sockets.
//!
//! Shape: [`Worker`] is the handle that calls hold; [`Work`] is what the thread (or, on virtual time, the task) drives by
//! [`Work::pass`].
//! Time: told to each pass; the time of day is read once, when a worker is made.
//! Errors: orders for a stream that is gone are ignored, because a call may end while its order is on the way.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use antiphon_media::live::LiveSource;
use antiphon_media::record::{Gap, Recorder, Seat};
use antiphon_media::utterances::Utterances;
use antiphon_media::{
    Announcement, ControlTurn, Departed, Digit, Due, Inband, KeyStep, Keys, MAX_PACKET, Patience, PlaybackId, Reading,
    Repeat, RoomId, SeatOptions, Segment, StreamConfig, StreamId, StreamPool, StreamSummary, StreamTotals, Voice,
    rtcp::NtpClock, sdp::Agreed, srtp::Keying,
};
use tokio::sync::{mpsc, oneshot};

use super::{control::ControlPort, ports::Lease, quality::Quality};
use crate::{call::CallEvent, net::MediaSocket, queue::send_now};

/// Orders that wait at most; a sender waits for room beyond.
const ORDERS: usize = 4096;
/// Events that wait for a call whose inbox is full. Beyond, the oldest is lost and counted.
const UNDELIVERED: usize = 4096;
/// How many datagrams of one stream are read at one tick at most; the rest waits in the socket, so that a flood cannot starve others.
const READS_PER_TICK: usize = 16;
/// A datagram longer than this is no RTP packet of ours; the rest of it is cut off.
const DATAGRAM: usize = 2_048;

/// What a call asks of its worker.
pub enum Order {
    /// Open a stream on this socket.
    Open(Box<Opening>),
    /// Go on with what a new offer and answer agreed.
    Reconfigure(StreamId, Box<Agreed>),
    /// Play these segments in place of what plays now, until the end or one of these keys.
    Play(StreamId, PlaybackId, Vec<Segment>, Repeat, Keys),
    /// Stop what plays.
    StopPlayback(StreamId),
    /// End what plays with one more frame, which sinks to silence.
    FadePlayback(StreamId),
    /// Take a key that a stream's peer pressed for so long, and that signalling brought.
    Press(StreamId, Digit, Duration),
    /// Record a stream.
    Record(StreamId, Seat, Box<Recorder>),
    /// Give a stream's recorder away; `None` where there is none.
    TakeRecorder(StreamId, Seat, oneshot::Sender<Option<Box<Recorder>>>),
    /// Record nothing of a stream for now.
    PauseRecording(StreamId, Seat, Gap),
    /// Go on with what was paused.
    ResumeRecording(StreamId, Seat),
    /// Have a stream hear somebody outside.
    HearLive(StreamId, Box<LiveSource>),
    /// Hear nobody outside any more, and give back who it was.
    TakeLive(StreamId, oneshot::Sender<Option<LiveSource>>),
    /// Listen to what a stream's peer says.
    HearUtterances(StreamId, Box<Utterances>),
    /// Listen no more, and give back who listened.
    TakeUtterances(StreamId, oneshot::Sender<Option<Box<Utterances>>>),
    /// Say what keys have to do with a stream's sound.
    UseInband(StreamId, Inband),
    /// Press keys towards a stream's peer.
    SendKeys(StreamId, Vec<KeyStep>),
    /// Join two streams.
    Bridge(StreamId, StreamId),
    /// Part a stream from the one that it is joined with.
    Part(StreamId),
    /// Give a stream a place in a conference of this worker, change it, or take it away.
    Seat(StreamId, Seating),
    /// Give a stream away, to another worker or for another call.
    Depart(StreamId, oneshot::Sender<Option<Box<Moving>>>),
    /// Take a stream that another worker gave away; its events go to this inbox.
    Arrive(Box<Moving>, mpsc::Sender<CallEvent>),
    /// Close a stream, and part it from its partner.
    Close(StreamId),
    /// Tell what a stream was up to now, if it is open.
    Summary(StreamId, oneshot::Sender<Option<StreamSummary>>),
    /// Tell what a stream was played last, and how long of it went out.
    Position(StreamId, oneshot::Sender<Option<(PlaybackId, Duration)>>),
    /// Tell when a stream's peer was heard last.
    Hearing(StreamId, oneshot::Sender<Hearing>),
    /// Tell the counters.
    Report(oneshot::Sender<Report>),
}

/// A stream's place in a conference.
#[derive(Debug)]
pub enum Seating {
    /// In this room, which is opened for its first member, and tells that somebody comes or goes or not.
    In(RoomId, Announcement, SeatOptions),
    /// Where it is; whether the others hear it.
    Voice(Voice),
    /// In no room any more.
    Nowhere,
}

/// Whether a peer can be heard.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Hearing {
    /// It is on hold, or its stream is closed: it need not send.
    Excused,
    /// It should send, and did so last at this instant, if ever.
    Last(Option<Instant>),
}

/// A stream to be opened.
pub struct Opening {
    /// The stream's id.
    pub id: StreamId,
    /// Its configuration.
    pub config: StreamConfig,
    /// What protects its packets; `None` where they are plain.
    pub keying: Option<Keying>,
    /// Its socket.
    pub socket: MediaSocket,
    /// Its port, held for as long as the stream.
    pub lease: Arc<Lease>,
    /// Where its events go.
    pub inbox: mpsc::Sender<CallEvent>,
    /// Told what the stream was when it is closed.
    pub summary: Arc<OnceLock<StreamSummary>>,
}

/// A stream on its way to another call, with its socket and its port.
pub struct Moving {
    stream: Departed,
    socket: MediaSocket,
    control: ControlPort,
    owner: Owner,
}

/// A worker's counters since it began.
#[derive(Clone, Debug)]
pub struct Report {
    /// Streams open now.
    pub streams: usize,
    /// What all streams counted, closed ones included.
    pub totals: StreamTotals,
    /// How late streams were serviced.
    pub lateness: antiphon_media::Histogram,
    /// Events lost because a call did not read its inbox.
    pub events_lost: u64,
    /// How good the streams were that have closed.
    pub quality: Quality,
}

impl Report {
    /// Adds another worker's counters.
    pub fn add(&mut self, other: &Self) {
        self.streams += other.streams;
        self.totals += other.totals;
        self.lateness += &other.lateness;
        self.events_lost += other.events_lost;
        self.quality.add(&other.quality);
    }

    /// The counters, each with its metric's name and meaning.
    pub fn counters(&self) -> [(&'static str, &'static str, u64); 16] {
        let totals = &self.totals;
        [
            ("antiphon_rtp_sent_total", "RTP packets sent", totals.sent),
            ("antiphon_rtp_received_total", "RTP packets received and used", totals.received),
            ("antiphon_rtp_lost_total", "RTP packets that a peer sent and that did not come", totals.lost),
            ("antiphon_rtcp_sent_total", "RTCP datagrams sent", totals.reports_sent),
            ("antiphon_rtcp_received_total", "RTCP datagrams received and used", totals.reports_received),
            ("antiphon_frames_caught_up_total", "Frames sent late, with their followers", totals.caught_up_frames),
            ("antiphon_frames_skipped_total", "Frames too late to be sent", totals.skipped_frames),
            (
                "antiphon_bridge_dropped_samples_total",
                "Samples too late or too many for a bridge",
                totals.bridge_dropped_samples,
            ),
            ("antiphon_rtp_malformed_total", "Datagrams that are neither RTP nor RTCP", totals.dropped.malformed),
            (
                "antiphon_rtp_unknown_payload_total",
                "Packets of a payload type not agreed on",
                totals.dropped.unknown_payload,
            ),
            (
                "antiphon_rtp_foreign_source_total",
                "Packets of another source than the peer",
                totals.dropped.foreign_source,
            ),
            (
                "antiphon_rtp_unauthentic_total",
                "Packets of protected streams that were not authentic",
                totals.dropped.unauthentic,
            ),
            (
                "antiphon_rtp_replayed_total",
                "Packets of protected streams that were taken before or were too old",
                totals.dropped.replayed,
            ),
            ("antiphon_rtp_oversize_total", "Packets with too much sound", totals.dropped.oversize),
            (
                "antiphon_digits_refused_total",
                "Digits that found a queue full",
                totals.refused_events + totals.refused_relays,
            ),
            ("antiphon_media_events_lost_total", "Media events whose call did not read them", self.events_lost),
        ]
    }
}

/// A handle on a worker.
#[derive(Clone, Debug)]
pub struct Worker {
    orders: mpsc::Sender<Order>,
}

impl Worker {
    /// A handle, and the work that somebody has to drive, whose peers may be silent for so long.
    pub fn new(start: Instant, capacity: usize, patience: Patience) -> (Self, Work) {
        let (orders, queue) = mpsc::channel(ORDERS);
        let mut pool = StreamPool::new(start, capacity);
        pool.set_ntp_clock(NtpClock::wall(start, SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()));
        pool.set_patience(patience);
        let work = Work {
            pool,
            sockets: std::iter::repeat_with(|| None).take(capacity).collect(),
            controls: std::iter::repeat_with(ControlPort::default).take(capacity).collect(),
            owners: std::iter::repeat_with(|| None).take(capacity).collect(),
            orders: queue,
            undelivered: VecDeque::new(),
            events_lost: 0,
            quality: Quality::default(),
            incoming: [0; DATAGRAM],
            outgoing: [0; MAX_PACKET],
        };
        (Self { orders }, work)
    }

    /// Whether the other handle is on the same worker.
    pub fn is_same(&self, other: &Self) -> bool {
        self.orders.same_channel(&other.orders)
    }

    /// Gives an order; waits only when the worker is thousands of orders behind.
    pub async fn order(&self, order: Order) {
        // A worker that is gone ends the process (see `thread`), so nobody is left to tell.
        let _ = self.orders.send(order).await;
    }

    /// Gives an order from a place that cannot wait, such as a destructor.
    pub fn order_now(&self, order: Order) {
        send_now(&self.orders, order);
    }

    /// The worker's counters, or `None` when it is gone.
    pub async fn report(&self) -> Option<Report> {
        let (reply, report) = oneshot::channel();
        self.order(Order::Report(reply)).await;
        report.await.ok()
    }
}

/// Whose a stream is.
struct Owner {
    inbox: mpsc::Sender<CallEvent>,
    summary: Arc<OnceLock<StreamSummary>>,
    /// Held so that the port is free again only when the stream is closed.
    lease: Arc<Lease>,
}

/// The worker's own side.
pub struct Work {
    pool: StreamPool,
    /// The streams' sockets by their slots, apart from what no packet needs, so that they lie close together.
    sockets: Box<[Option<MediaSocket>]>,
    controls: Box<[ControlPort]>,
    owners: Box<[Option<Owner>]>,
    pub(super) orders: mpsc::Receiver<Order>,
    undelivered: VecDeque<(mpsc::Sender<CallEvent>, CallEvent)>,
    events_lost: u64,
    quality: Quality,
    incoming: [u8; DATAGRAM],
    outgoing: [u8; MAX_PACKET],
}

impl Work {
    /// Does everything that is due, and says when the next stream is; `None` when no stream is open.
    pub fn pass(&mut self, now: Instant) -> Option<Instant> {
        while let Ok(order) = self.orders.try_recv() {
            self.apply(now, order);
        }
        while let Some(due) = self.pool.poll_due(now) {
            self.service(now, due);
        }
        self.deliver();
        self.pool.poll_timeout()
    }

    /// Carries out one order.
    pub(super) fn apply(&mut self, now: Instant, order: Order) {
        match order {
            Order::Open(opening) => self.open(now, *opening),
            Order::Reconfigure(id, agreed) => {
                self.pool.reconfigure(now, id, agreed.negotiated);
                self.pool.protect(id, agreed.keying.as_ref());
            }
            Order::Play(id, playback, segments, repeat, stopped_by) => {
                self.pool.play(id, playback, segments, repeat, stopped_by);
            }
            Order::StopPlayback(id) => self.pool.stop_playback(id),
            Order::FadePlayback(id) => self.pool.fade_playback(id),
            Order::Press(id, digit, held) => self.pool.press(now, id, digit, held),
            Order::Record(id, seat, recorder) => self.pool.record(id, seat, recorder),
            Order::TakeRecorder(id, seat, reply) => drop(reply.send(self.pool.take_recorder(id, seat))),
            Order::PauseRecording(id, seat, gap) => self.pool.pause_recording(id, seat, gap),
            Order::ResumeRecording(id, seat) => self.pool.resume_recording(id, seat),
            Order::HearLive(id, source) => self.pool.hear_live(id, *source),
            Order::TakeLive(id, reply) => drop(reply.send(self.pool.take_live(id))),
            Order::HearUtterances(id, utterances) => self.pool.hear_utterances(id, utterances),
            Order::TakeUtterances(id, reply) => drop(reply.send(self.pool.take_utterances(id))),
            Order::UseInband(id, inband) => self.pool.use_inband(id, inband),
            Order::SendKeys(id, steps) => self.pool.send_keys(id, steps),
            Order::Bridge(one, other) => self.pool.bridge(one, other),
            Order::Part(id) => self.pool.unbridge(id),
            Order::Seat(id, seating) => self.seat(now, id, seating),
            Order::Depart(id, reply) => {
                // What it has raised is told while it is known whose it is: a key by INFO just before, for example.
                self.deliver();
                drop(reply.send(self.depart(id)));
            }
            Order::Arrive(moving, inbox) => self.arrive(now, *moving, inbox),
            Order::Close(id) => self.close(now, id),
            Order::Summary(id, reply) => drop(reply.send(self.pool.summary(id))),
            Order::Position(id, reply) => drop(reply.send(self.pool.position(id))),
            Order::Hearing(id, reply) => drop(reply.send(self.hearing(id))),
            Order::Report(reply) => drop(reply.send(self.report())),
        }
    }

    fn open(&mut self, now: Instant, opening: Opening) {
        let Opening { id, config, keying, socket, lease, inbox, summary } = opening;
        match self.pool.open(now, id, config) {
            Ok(slot) => {
                self.pool.protect(id, keying.as_ref());
                self.sockets[slot.index()] = Some(socket);
                if let Some(former) = lease.former() {
                    self.pool.shun(id, former);
                }
                self.owners[slot.index()] = Some(Owner { inbox, summary, lease });
            }
            Err(error) => tracing::error!(%error, "a stream could not be opened"),
        }
    }

    fn seat(&mut self, now: Instant, id: StreamId, seating: Seating) {
        match seating {
            Seating::In(room, announcement, options) => {
                if let Err(error) = self.pool.seat(now, id, (room, announcement), options) {
                    tracing::warn!(%error, "a stream got no seat in a conference");
                }
            }
            Seating::Voice(voice) => self.pool.set_voice(id, voice),
            Seating::Nowhere => self.pool.unseat(id),
        }
    }

    fn depart(&mut self, id: StreamId) -> Option<Box<Moving>> {
        let slot = self.pool.slot(id)?;
        let stream = self.pool.depart(id)?;
        let (socket, owner) = self.sockets[slot.index()].take().zip(self.owners[slot.index()].take())?;
        let control = std::mem::take(&mut self.controls[slot.index()]);
        Some(Box::new(Moving { stream, socket, control, owner }))
    }

    fn arrive(&mut self, now: Instant, moving: Moving, inbox: mpsc::Sender<CallEvent>) {
        let Moving { stream, socket, control, owner } = moving;
        match self.pool.arrive(now, stream) {
            Ok(slot) => {
                // A frame that fell due on the way goes out now, and not a lap of the calendar later.
                while let Some(transmit) = self.pool.poll_transmit(now, slot, &mut self.outgoing) {
                    socket.send(transmit.payload, transmit.to);
                }
                self.sockets[slot.index()] = Some(socket);
                self.controls[slot.index()] = control;
                self.owners[slot.index()] = Some(Owner { inbox, ..owner });
            }
            Err(error) => tracing::error!(%error, "a stream could not be taken over"),
        }
    }

    fn close(&mut self, now: Instant, id: StreamId) {
        let Some(slot) = self.pool.slot(id) else { return };
        let control = std::mem::take(&mut self.controls[slot.index()]);
        if let Some(socket) = &self.sockets[slot.index()] {
            control.part(now, (&mut self.pool, slot), socket, &mut self.outgoing);
        }
        if let (Some(owner), Some(summary)) = (&self.owners[slot.index()], self.pool.summary(id)) {
            if let Some(sender) = summary.source.zip(summary.peer_ssrc) {
                owner.lease.note_sender(sender);
            }
            self.quality.record(&summary);
            // Set once, without a lock: nobody who reads it can hold this thread up.
            let _ = owner.summary.set(summary);
        }
        self.pool.close(id);
        // The sockets first: their ports are free with the lease, and must then be free indeed.
        drop(control);
        self.sockets[slot.index()] = None;
        self.owners[slot.index()] = None;
    }

    /// Reads what has arrived for a stream, then sends what is due.
    fn service(&mut self, now: Instant, Due { slot, reading, senders, control, .. }: Due) {
        let Some(socket) = &mut self.sockets[slot.index()] else { return };
        if let Some(senders) = senders {
            socket.hear(senders);
        }
        let reads = match reading {
            Reading::Later => 0,
            Reading::One => 1,
            Reading::All => READS_PER_TICK,
        };
        for _ in 0..reads {
            let Some((length, from)) = socket.receive(&mut self.incoming) else { break };
            let datagram = self.incoming.get(..length).unwrap_or_default();
            self.pool.handle_datagram(now, slot, from, datagram);
        }
        while let Some(transmit) = self.pool.poll_transmit(now, slot, &mut self.outgoing) {
            socket.send(transmit.payload, transmit.to);
        }
        if let (ControlTurn::Now, Some(owner)) = (control, &self.owners[slot.index()]) {
            let (pool, port) = ((&mut self.pool, slot), &mut self.controls[slot.index()]);
            port.serve(now, pool, (socket, &owner.lease), &mut self.outgoing);
        }
    }

    /// Hands events to their calls. What does not fit into a call's inbox waits here for the next pass, in order.
    fn deliver(&mut self) {
        for _ in 0..self.undelivered.len() {
            if let Some((inbox, event)) = self.undelivered.pop_front() {
                self.post(inbox, event);
            }
        }
        while let Some(event) = self.pool.poll_event() {
            let owner = self.pool.slot(event.stream).and_then(|slot| self.owners[slot.index()].as_ref());
            let Some(owner) = owner else { continue };
            let inbox = owner.inbox.clone();
            self.post(inbox, CallEvent::Media(event));
        }
    }

    fn post(&mut self, inbox: mpsc::Sender<CallEvent>, event: CallEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = inbox.try_send(event) {
            if self.undelivered.len() == UNDELIVERED {
                self.undelivered.pop_front();
                self.events_lost += 1;
            }
            self.undelivered.push_back((inbox, event));
        }
    }

    fn hearing(&self, id: StreamId) -> Hearing {
        if self.pool.expects_sound(id) { Hearing::Last(self.pool.last_heard(id)) } else { Hearing::Excused }
    }

    fn report(&self) -> Report {
        Report {
            streams: self.pool.open_streams(),
            totals: self.pool.totals(),
            lateness: self.pool.lateness().clone(),
            events_lost: self.events_lost,
            quality: self.quality.clone(),
        }
    }
}

/// How long a worker sleeps at most while streams are open, so that an order waits no longer than this.
pub(super) const TICK: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use antiphon_media::{Codec, EventKind, Negotiated};

    use super::*;
    use crate::{call::executor::clock, media::ports::Ports, net::Machine};

    #[test]
    fn a_key_that_came_just_before_a_stream_moves_is_told_to_the_call_that_it_leaves() {
        let now = clock();
        let (_, mut work) = Worker::new(now, 4, Patience::default());
        let ports = Ports::new(Arc::new(Machine), &(42_000..=42_100));
        let (lease, socket) = ports.lease(now, IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        let (inbox, mut events) = mpsc::channel(8);
        let negotiated = Negotiated::of(Codec::Pcma);
        let config = StreamConfig { negotiated, ssrc: 1, first_sequence: 1, first_timestamp: 1 };
        let (id, keying, lease, summary) = (StreamId(1), None, Arc::new(lease), Arc::default());
        let opening = Opening { id, config, keying, socket, lease, inbox, summary };
        work.apply(now, Order::Open(Box::new(opening)));
        let five = Digit::from_char('5').unwrap();
        work.apply(now, Order::Press(id, five, Duration::from_millis(100)));
        let (reply, mut departed) = oneshot::channel();
        work.apply(now, Order::Depart(id, reply));
        assert!(departed.try_recv().unwrap().is_some());
        work.pass(now);
        let told = events.try_recv();
        assert!(matches!(told, Ok(CallEvent::Media(event)) if event.kind == EventKind::Digit(five)));
    }
}
