//! RTP, as far as a load generator needs it (RFC 3550 section 5.1).
//!
//! Units: 160 samples of 8 kHz in a packet.

/// A header without extras and 20 ms of PCMU.
pub const PACKET: usize = 172;

/// What a stream sends next.
#[derive(Copy, Clone, Debug)]
pub struct Line {
    packet: [u8; PACKET],
    sequence: u16,
    timestamp: u32,
}

impl Line {
    /// A stream of this source.
    pub fn new(source: u32) -> Self {
        let mut packet = [0x7f; PACKET];
        packet[0] = 0x80;
        packet[1] = 0;
        packet[8..12].copy_from_slice(&source.to_be_bytes());
        Self { packet, sequence: 0, timestamp: 0 }
    }

    /// The next packet.
    pub fn next_packet(&mut self) -> &[u8; PACKET] {
        self.packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        self.packet[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160);
        &self.packet
    }
}

/// The sequence number of a packet, or `None` when it is none.
pub fn sequence(packet: &[u8]) -> Option<u16> {
    (packet.len() >= 12 && packet[0] >> 6 == 2).then(|| u16::from_be_bytes([packet[2], packet[3]]))
}
