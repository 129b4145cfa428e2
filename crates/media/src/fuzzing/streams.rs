//! Two bridged streams under any datagrams: what leaves is well formed, and nothing is counted that did not come.

use crate::dtmf::event::{TelephoneEvent, blocks};
use crate::rtp::packet::{HEADER_LEN, Header, Packet};
use crate::sdp::{self, Capabilities, SdpVersion};
use crate::{Digit, EventKind, MAX_PACKET, Negotiated, StreamConfig, StreamId, StreamPool};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const LEGS: [StreamId; 2] = [StreamId(1), StreamId(2)];
/// The payload types of the offer.
const SOUND: u8 = 8;
const EVENTS: u8 = 101;
/// Blocks of one datagram that are looked at.
const MOST_EVENTS: usize = 8;
/// Bytes of one step of [`telephone_event`].
const STEP: usize = 8;

/// Datagrams as they come: in each step a length, a wait in milliseconds, and as many bytes.
pub fn rtp(mut bytes: &[u8]) {
    let mut call = Call::new();
    while let Some((&[length, wait], rest)) = bytes.split_first_chunk::<2>() {
        let (datagram, rest) = rest.split_at(usize::from(length).min(rest.len()));
        bytes = rest;
        parse(datagram);
        call.wait(Duration::from_millis(wait.into()));
        call.receive(datagram);
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

/// Keys of a peer: in each step of eight bytes a wait, a packet of events, a packet of sound, or a key from signalling.
pub fn telephone_event(bytes: &[u8]) {
    let mut call = Call::new();
    let mut header = Header { marker: false, payload_type: EVENTS, sequence: 1, timestamp: 1_000, ssrc: 7 };
    for step in bytes.chunks_exact(STEP) {
        header.sequence = header.sequence.wrapping_add(1).wrapping_add_signed(i16::from(step[1] as i8) / 8);
        header.timestamp = header.timestamp.wrapping_add(u32::from(step[2]) * 8);
        header.marker = step[3] & 1 == 1;
        let mut datagram = [0; HEADER_LEN + STEP];
        match step[0] % 4 {
            0 => call.wait(Duration::from_millis(step[1].into())),
            1 => {
                let events = &step[4..];
                call.receive(write(Header { payload_type: EVENTS, ..header }, events, &mut datagram));
            }
            2 => call.receive(write(Header { payload_type: SOUND, ..header }, step, &mut datagram)),
            _ => {
                let Some(digit) = Digit::from_event(step[4] % 16) else { continue };
                call.pressed += 1;
                call.pool.press(call.now, LEGS[usize::from(step[5] % 2)], digit, Duration::from_millis(step[6].into()));
            }
        }
    }
    call.end();
}

fn write<'a>(header: Header, payload: &[u8], into: &'a mut [u8; HEADER_LEN + STEP]) -> &'a [u8] {
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
    /// Datagrams that were handed over.
    given: u64,
    /// Keys of which signalling told.
    pressed: u64,
    digits: u64,
    sent: u64,
}

impl Call {
    #[expect(clippy::disallowed_methods, reason = "an `Instant` has no other beginning; time is only added to it")]
    fn new() -> Self {
        let start = Instant::now();
        let mut pool = StreamPool::new(start, LEGS.len());
        let negotiated = negotiated();
        for leg in LEGS {
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
        Self { pool, start, now: start, peer, given: 0, pressed: 0, digits: 0, sent: 0 }
    }

    fn receive(&mut self, datagram: &[u8]) {
        if let Some(slot) = self.pool.slot(LEGS[0]) {
            self.pool.handle_datagram(self.now, slot, self.peer, datagram);
            self.given += 1;
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
            self.digits += u64::from(matches!(event.kind, EventKind::Digit(_)));
        }
    }

    /// Lets all that waits be sent, and looks at what was counted.
    fn end(mut self) {
        self.wait(Duration::from_secs(1));
        let elapsed = self.now - self.start;
        let frames = u64::try_from(elapsed.as_millis() / 10).unwrap_or(u64::MAX) + 2;
        assert!(self.sent <= frames * LEGS.len() as u64, "{} packets in {elapsed:?}", self.sent);
        assert!(self.digits <= self.pressed + self.given * MOST_EVENTS as u64, "{} digits", self.digits);
        let totals = LEGS.map(|leg| self.pool.close(leg).expect("both are open"));
        let dropped = totals[0].dropped;
        let unused = dropped.malformed + dropped.unknown_payload + dropped.foreign_source + dropped.oversize;
        assert!(totals[0].received + unused <= self.given, "{totals:?} of {}", self.given);
        assert_eq!((totals[1].received, self.pool.open_streams()), (0, 0));
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
