//! Two bridged streams under any datagrams: what leaves is well formed and in time, and nothing is counted that did not come.

use crate::dtmf::event::{TelephoneEvent, blocks};
use crate::rtp::packet::{HEADER_LEN, Header, Packet};
use crate::sdp::{self, Capabilities, SdpVersion};
use crate::{Digit, EventKind, Inband, KeyStep, MAX_PACKET, Negotiated, StreamConfig, StreamId, StreamPool};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const LEGS: [StreamId; 2] = [StreamId(1), StreamId(2)];
/// The payload types of the offer.
const SOUND: u8 = 8;
const EVENTS: u8 = 101;
/// Blocks of one datagram that are looked at.
const MOST_EVENTS: usize = 8;
/// Bytes of one step of [`telephone_event`], and of a packet of sound in it.
const STEP: usize = 8;
const SOUND_LEN: usize = 160;

/// The time of one packet.
const FRAME: Duration = Duration::from_millis(20);

/// Datagrams as they come: in each step a length, a wait in milliseconds, and as many bytes.
pub fn rtp(mut bytes: &[u8]) {
    let mut call = Call::new(negotiated());
    while let Some((&[length, wait], rest)) = bytes.split_first_chunk::<2>() {
        let (datagram, rest) = rest.split_at(usize::from(length).min(rest.len()));
        bytes = rest;
        parse(datagram);
        call.wait(Duration::from_millis(wait.into()));
        call.receive(0, datagram);
    }
    call.end();
}

/// What a datagram says of itself lies within it.
fn parse(datagram: &[u8]) {
    if let Ok(packet) = Packet::parse(datagram) {
        assert!(packet.payload.len() + HEADER_LEN <= datagram.len());
        for (_, event) in blocks(packet.timestamp, packet.payload) {
            assert_eq!(TelephoneEvent::parse(event.to_bytes()), event);
        }
    }
}

/// Keys of a peer, and of another that has them only as sound: in each step of eight bytes a wait, a packet of events, one of sound
/// on either leg, a key from signalling, or keys to send.
pub fn telephone_event(bytes: &[u8]) {
    let mut call = Call::new(Negotiated { telephone_event: None, ..negotiated() });
    call.pool.use_inband(LEGS[1], Inband::Spoken);
    let mut header = Header { marker: false, payload_type: EVENTS, sequence: 1, timestamp: 1_000, ssrc: 7 };
    for step in bytes.chunks_exact(STEP) {
        header.sequence = header.sequence.wrapping_add(1).wrapping_add_signed(i16::from(step[1] as i8) / 8);
        header.timestamp = header.timestamp.wrapping_add(u32::from(step[2]) * 8);
        header.marker = step[3] & 1 == 1;
        let mut datagram = [0; HEADER_LEN + SOUND_LEN];
        let digit = Digit::from_event(step[4] % 16);
        match (step[0] % 6, digit) {
            (0, _) => call.wait(Duration::from_millis(step[1].into())),
            (1, _) => call.receive(0, write(header, &step[4..], &mut datagram)),
            (leg @ (2 | 3), _) => {
                let sound: Vec<u8> = step.iter().copied().cycle().take(SOUND_LEN).collect();
                let header = Header { payload_type: SOUND, ..header };
                call.receive(usize::from(leg == 3), write(header, &sound, &mut datagram));
            }
            (4, Some(digit)) => {
                call.pressed += 1;
                call.pool.press(call.now, LEGS[usize::from(step[5] % 2)], digit, Duration::from_millis(step[6].into()));
            }
            (_, digit) => {
                let held = Duration::from_millis(u64::from(step[6]) * 8);
                let steps = digit.into_iter().flat_map(|digit| [KeyStep::Press(digit, held), KeyStep::Pause(held)]);
                call.pool.send_keys(LEGS[usize::from(step[5] % 2)], steps.collect());
            }
        }
    }
    call.end();
}

fn write<'a>(header: Header, payload: &[u8], into: &'a mut [u8; HEADER_LEN + SOUND_LEN]) -> &'a [u8] {
    let (head, body) = into.split_at_mut(HEADER_LEN);
    if let Some(head) = head.first_chunk_mut() {
        header.write(head);
    }
    body[..payload.len()].copy_from_slice(payload);
    &into[..HEADER_LEN + payload.len()]
}

/// A bridged call whose first leg is under attack.
struct Call {
    pool: StreamPool,
    start: Instant,
    now: Instant,
    peer: SocketAddr,
    /// Datagrams that were handed over to each leg.
    given: [u64; 2],
    /// Keys of which signalling told.
    pressed: u64,
    /// Keys that were heard of the first leg.
    digits: u64,
    sent: u64,
}

impl Call {
    #[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; time is only added to it")]
    fn new(second: Negotiated) -> Self {
        let start = Instant::now();
        let mut pool = StreamPool::new(start, LEGS.len());
        for (leg, negotiated) in LEGS.into_iter().zip([negotiated(), second]) {
            let config = StreamConfig {
                negotiated,
                ssrc: 0x5EED,
                first_sequence: u16::MAX - 1,
                first_timestamp: u32::MAX - 100,
            };
            pool.open(start, leg, config).expect("there is room for two");
        }
        pool.bridge(LEGS[0], LEGS[1]);
        let peer = SocketAddr::from(([127, 0, 0, 1], 4_000));
        Self { pool, start, now: start, peer, given: [0; 2], pressed: 0, digits: 0, sent: 0 }
    }

    fn receive(&mut self, leg: usize, datagram: &[u8]) {
        if let Some(slot) = self.pool.slot(LEGS[leg]) {
            self.pool.handle_datagram(self.now, slot, self.peer, datagram);
            self.given[leg] += 1;
        }
    }

    /// Lets time go by, and sends all that is due in it.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.pool.poll_timeout().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.serve();
        }
        self.now = end;
    }

    fn serve(&mut self) {
        let mut buffer = [0; MAX_PACKET];
        while let Some(due) = self.pool.poll_due(self.now) {
            while let Some(transmit) = self.pool.poll_transmit(self.now, due.slot, &mut buffer) {
                // What is told of the sound goes the same way where both share a port (RFC 5761 section 4).
                if matches!(transmit.payload.get(1), Some(192..=223)) {
                    continue;
                }
                let packet = Packet::parse(transmit.payload).expect("what leaves is RTP");
                let events = blocks(packet.timestamp, packet.payload);
                if packet.payload_type == EVENTS {
                    assert_eq!(events.count(), 1, "one report a packet");
                }
                self.sent += 1;
            }
        }
        while let Some(event) = self.pool.poll_event() {
            self.digits += u64::from(event.stream == LEGS[0] && matches!(event.kind, EventKind::Digit(_)));
        }
    }

    /// Lets all that waits be sent, and looks at what was counted.
    fn end(mut self) {
        self.wait(Duration::from_secs(1));
        let elapsed = self.now - self.start;
        let most = u64::try_from(elapsed.as_millis() / 10).unwrap_or(u64::MAX) + 2;
        assert!(self.sent <= most * LEGS.len() as u64, "{} packets in {elapsed:?}", self.sent);
        let least = u64::try_from(elapsed.as_millis() / FRAME.as_millis()).unwrap_or(u64::MAX).saturating_sub(2);
        assert!(self.sent >= least * LEGS.len() as u64, "{} packets in {elapsed:?}", self.sent);
        assert!(self.digits <= self.pressed + self.given[0] * MOST_EVENTS as u64, "{} digits", self.digits);
        for (leg, given) in LEGS.into_iter().zip(self.given) {
            let totals = self.pool.close(leg).expect("it is open");
            let dropped = totals.dropped;
            let unused = dropped.malformed + dropped.unknown_payload + dropped.foreign_source + dropped.oversize;
            assert!(totals.received + unused <= given, "{totals:?} of {given}");
        }
        assert_eq!(self.pool.open_streams(), 0);
    }
}

/// What two telephones agree on that know events.
fn negotiated() -> Negotiated {
    let offer =
        b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n\
                  a=rtpmap:101 telephone-event/8000\r\n";
    let version = SdpVersion { session_id: 1, version: 1 };
    let local = SocketAddr::from(([127, 0, 0, 1], 40_000));
    let (_, agreed) = sdp::answer(offer, local, &Capabilities::default(), &version).expect("a plain offer");
    agreed.negotiated
}
