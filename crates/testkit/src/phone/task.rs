//! The task of a phone: its sockets, its endpoint and its clock.
//!
//! Shape: waits for the first of many things, does it, and drains the endpoint.
//! Time: tokio's clock, read once a round.

use super::calls::Calls;
use super::speaker::PTIME;
use super::{Answering, Diary, Order, PACKETS, PhoneSetup, Stage, lock};
use crate::net::{BindError, Datagram, VirtualNet, VirtualSocket};
use crate::sip_text::SipText;
use crate::stream::Received;
use antiphon_media::rtp::packet::Packet;
use std::future::{pending, poll_fn};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// Media addresses of one phone at most.
const MOVES: usize = 16;

pub(super) struct Task {
    net: VirtualNet,
    sip: VirtualSocket,
    /// The last one is in use; the others still hear.
    rtp: Vec<VirtualSocket>,
    calls: Calls,
    /// When the next packet is due, while there is somebody to talk to.
    next_packet: Option<Instant>,
}

/// What the task was woken by.
enum Woken {
    Order(Option<Order>),
    Sip(Datagram),
    Rtp(SocketAddr, Datagram),
    Timer,
}

impl Task {
    pub(super) fn new(
        net: VirtualNet,
        setup: PhoneSetup,
        diary: Arc<Mutex<Diary>>,
        stages: watch::Sender<Stage>,
    ) -> Result<Self, BindError> {
        let (sip, rtp) = (net.bind(setup.sip)?, vec![net.bind(setup.rtp)?]);
        Ok(Self { net, sip, rtp, calls: Calls::new(setup, diary, stages), next_packet: None })
    }

    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        loop {
            let timer = [self.calls.poll_timeout(), self.next_packet].into_iter().flatten().min();
            let woken = tokio::select! {
                biased;
                datagram = self.sip.receive() => Woken::Sip(datagram),
                (local, datagram) = receive_any(&self.rtp) => Woken::Rtp(local, datagram),
                order = orders.recv() => Woken::Order(order),
                () = sleep(timer) => Woken::Timer,
            };
            let now = Instant::now();
            match woken {
                Woken::Order(None) => return,
                Woken::Order(Some(Order::Move { to, reply })) => {
                    if self.open(to) {
                        self.calls.move_media(now, to, reply);
                    }
                }
                Woken::Order(Some(order)) => self.calls.carry_out(now, order),
                Woken::Sip(datagram) => self.hear(now, &datagram),
                Woken::Rtp(local, datagram) => self.listen(local, &datagram),
                Woken::Timer => self.calls.handle_timeout(now),
            }
            self.calls.settle(now);
            while let Some((datagram, to)) = self.calls.poll_transmit() {
                self.sip.send(&datagram, to);
            }
            self.talk(now);
        }
    }

    fn open(&mut self, at: SocketAddr) -> bool {
        let socket = self.net.bind(at).ok().filter(|_| self.rtp.len() < MOVES);
        let opened = socket.is_some();
        self.rtp.extend(socket);
        opened
    }

    fn hear(&mut self, now: Instant, datagram: &Datagram) {
        let message = SipText::parse(&datagram.payload);
        lock(&self.calls.diary).messages.push((datagram.at, message.clone()));
        if self.calls.setup.answering != Answering::Deaf {
            self.calls.hear(now, datagram, &message);
        }
    }

    fn listen(&mut self, local: SocketAddr, datagram: &Datagram) {
        let mut payload = datagram.payload.clone();
        if let Some(srtp) = &mut self.calls.srtp {
            let Some(plain) = srtp.unprotect(&payload) else {
                lock(&self.calls.diary).unreadable += 1;
                return;
            };
            payload = plain.into();
        }
        let Ok(packet) = Packet::parse(&payload) else { return };
        let mut diary = lock(&self.calls.diary);
        if diary.received.len() < PACKETS {
            diary.received.push(Received {
                at: datagram.at,
                local,
                ssrc: packet.ssrc,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                marker: packet.marker,
                payload_type: packet.payload_type,
                payload: payload.slice_ref(packet.payload),
            });
        }
    }

    /// Sends what is due to whom we talk to.
    fn talk(&mut self, now: Instant) {
        let Some(to) = self.calls.talks_to() else {
            self.next_packet = None;
            return;
        };
        let mut due = self.next_packet.unwrap_or(now);
        while due <= now {
            let mut packets = self.calls.speaker.packets();
            if let Some(srtp) = &mut self.calls.srtp {
                packets.iter_mut().for_each(|packet| *packet = srtp.protect(packet).unwrap_or_default());
            }
            if let Some(socket) = self.rtp.last() {
                packets.iter().for_each(|packet| socket.send(packet, to));
            }
            due += PTIME;
        }
        self.next_packet = Some(due);
    }
}

async fn receive_any(sockets: &[VirtualSocket]) -> (SocketAddr, Datagram) {
    poll_fn(|cx| {
        for socket in sockets {
            if let Poll::Ready(datagram) = socket.poll_receive(cx) {
                return Poll::Ready((socket.local_addr(), datagram));
            }
        }
        Poll::Pending
    })
    .await
}

async fn sleep(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => pending().await,
    }
}
