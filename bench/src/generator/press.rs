//! The keys that callers press, as telephone-events (RFC 4733).
//!
//! Shape: each caller presses the same key again and again, all of them spread over the time from one press to the next.
//! Time: told; a press that comes late is made up for.

use std::net::SocketAddrV4;

use crate::{clock::Nanos, socket::Socket};

/// The payload type of telephone-events in our offer.
const PAYLOAD_TYPE: u8 = 101;
/// The key.
const KEY: u8 = 1;
/// How long it is held, in ticks of 8 kHz.
const HELD: u16 = 800;
/// Reports of one press: one at its beginning, and its end three times, as nobody says that none is lost.
const REPORTS: [(bool, u16); 4] = [(false, 160), (true, HELD), (true, HELD), (true, HELD)];

#[derive(Debug)]
struct Presser {
    peer: SocketAddrV4,
    ear: usize,
    source: u32,
    sequence: u16,
    timestamp: u32,
    due: Nanos,
}

/// All callers who press.
#[derive(Debug, Default)]
pub(super) struct Press {
    pressers: Vec<Presser>,
    every: Nanos,
    /// How often somebody has pressed.
    pub(super) presses: u64,
}

impl Press {
    /// From now on each presses so often, the first of them at once.
    pub(super) fn begin(&mut self, now: Nanos, every: Nanos) {
        self.every = every;
        let count = self.pressers.len().max(1) as u64;
        for (place, presser) in (0..).zip(&mut self.pressers) {
            presser.due = now + every / count * place;
        }
    }

    /// Somebody more, who presses nothing before the next [`begin`](Self::begin).
    pub(super) fn add(&mut self, peer: SocketAddrV4, ear: usize) {
        let source = u32::try_from(self.pressers.len()).unwrap_or(u32::MAX) | 0x4000_0000;
        self.pressers.push(Presser { peer, ear, source, sequence: 0, timestamp: 0, due: Nanos::MAX });
    }

    /// Nobody presses any more.
    pub(super) fn clear(&mut self) {
        *self = Self { presses: self.presses, ..Self::default() };
    }

    /// Presses what is due.
    pub(super) fn press_due(&mut self, now: Nanos, ears: &[Socket]) {
        for presser in self.pressers.iter_mut().filter(|presser| presser.due <= now) {
            presser.timestamp = presser.timestamp.wrapping_add(8_000);
            for (place, (is_end, duration)) in REPORTS.into_iter().enumerate() {
                ears[presser.ear].send(&presser.report(place == 0, is_end, duration), presser.peer);
            }
            presser.due += self.every;
            self.presses += 1;
        }
    }
}

impl Presser {
    fn report(&mut self, is_first: bool, is_end: bool, duration: u16) -> [u8; 16] {
        let mut packet = [0; 16];
        packet[0] = 0x80;
        packet[1] = PAYLOAD_TYPE | (u8::from(is_first) << 7);
        packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        packet[8..12].copy_from_slice(&self.source.to_be_bytes());
        packet[12] = KEY;
        packet[13] = (u8::from(is_end) << 7) | 10;
        packet[14..].copy_from_slice(&duration.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn presses_are_spread_and_each_says_its_end_three_times() {
        let hears = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        hears.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        let std::net::SocketAddr::V4(peer) = hears.local_addr().unwrap() else { panic!("it is IPv4") };
        let ears = [Socket::bind().unwrap()];
        let mut press = Press::default();
        press.add(peer, 0);
        press.add(peer, 0);
        press.begin(1_000, 100);
        press.press_due(1_020, &ears);
        assert_eq!(press.presses, 1);
        let mut buffer = [0; 32];
        let mut packets = Vec::new();
        while let Ok(length) = hears.recv(&mut buffer) {
            packets.push(buffer[..length].to_vec());
        }
        let said: Vec<_> = packets.iter().map(|packet| (packet[1], packet[3], packet[12], packet[13] >> 7)).collect();
        assert_eq!(said, [(229, 0, 1, 0), (101, 1, 1, 1), (101, 2, 1, 1), (101, 3, 1, 1)]);
        press.press_due(1_099, &ears);
        assert_eq!(press.presses, 2, "the other's turn has come, and the first one's not again");
        press.press_due(1_100, &ears);
        assert_eq!(press.presses, 3);
    }
}
