//! The messages of a call as a capture file, for Wireshark and its like.
//!
//! Shape: messages in, a file out. Each message is one UDP datagram under an IP header made for it, also what went over TCP or TLS,
//! since a connection's own segments are not known. Keys, passwords and proofs of them are hidden as everywhere.
//! Units: the file's time is microseconds since 1970.
//! Sources: draft-ietf-opsawg-pcap (file, LINKTYPE_RAW); RFC 791, 8200 and 768 (headers and checksums).

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::{SystemTime, UNIX_EPOCH},
};

use super::{Direction, Message};

/// Packets begin with their IP header.
const LINKTYPE_RAW: u32 = 101;
/// The longest packet of the file.
const SNAPLEN: u32 = 65_535;
/// The longest message that fits into a datagram over either IP; what is longer is cut, and the file says so.
const LONGEST: usize = 65_000;

const UDP: u8 = 17;
const UDP_HEADER: usize = 8;

/// A capture file of these messages; `wall` says at which time of day each passed.
pub fn file<'a>(messages: impl IntoIterator<Item = (&'a Message, SystemTime)>) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xA1B2_C3D4_u32.to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(4_u16.to_le_bytes());
    // The time zone and the accuracy, which are always 0.
    file.extend([0; 8]);
    file.extend(SNAPLEN.to_le_bytes());
    file.extend(LINKTYPE_RAW.to_le_bytes());
    for (message, wall) in messages {
        packet(&mut file, message, wall);
    }
    file
}

fn packet(file: &mut Vec<u8>, message: &Message, wall: SystemTime) {
    let shown = message.shown();
    let payload = &shown[..shown.len().min(LONGEST)];
    let (from, to) = match message.direction {
        Direction::Received => (message.flow.peer, message.flow.local),
        Direction::Sent => (message.flow.local, message.flow.peer),
    };
    let datagram = datagram(from, to, payload);
    let since = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    let lengths = (datagram.len() as u32, (datagram.len() + shown.len() - payload.len()) as u32);
    for word in [since.as_secs() as u32, since.subsec_micros(), lengths.0, lengths.1] {
        file.extend(word.to_le_bytes());
    }
    file.extend(datagram);
}

/// An IP packet with one UDP datagram. Of an IPv4 and an IPv6 address both become IPv6.
fn datagram(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let length = (UDP_HEADER + payload.len()) as u16;
    let mut udp = Vec::with_capacity(usize::from(length));
    for word in [from.port(), to.port(), length, 0] {
        udp.extend(word.to_be_bytes());
    }
    udp.extend(payload);
    let (mut packet, addresses) = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let mut head = vec![0x45, 0];
            head.extend((20 + length).to_be_bytes());
            // No identification, not to be cut, 64 hops, and a checksum that comes below.
            head.extend([0, 0, 0x40, 0, 64, UDP, 0, 0]);
            let addresses = [from.octets(), to.octets()].concat();
            head.extend(&addresses);
            let sum = checksum(&[&head]);
            head[10..12].copy_from_slice(&sum.to_be_bytes());
            (head, addresses)
        }
        (from, to) => {
            let mut head = vec![0x60, 0, 0, 0];
            head.extend(length.to_be_bytes());
            head.extend([UDP, 64]);
            let addresses = [sixteen(from).octets(), sixteen(to).octets()].concat();
            head.extend(&addresses);
            (head, addresses)
        }
    };
    let sum = checksum(&[&addresses, &[0, UDP], &length.to_be_bytes(), &udp]);
    // Zero would mean that there is none.
    udp[6..8].copy_from_slice(&if sum == 0 { [0xFF, 0xFF] } else { sum.to_be_bytes() });
    packet.extend(udp);
    packet
}

fn sixteen(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

/// The checksum of the internet (RFC 1071). All parts but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u64 = 0;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u64::from(pair[0]) << 8 | u64::from(pair.get(1).copied().unwrap_or(0));
        }
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use antiphon_sip::{Flow, Transport};
    use bytes::Bytes;

    use super::*;

    fn message(local: &str, peer: &str, bytes: Vec<u8>) -> Message {
        let flow = Flow { transport: Transport::Tcp, local: local.parse().unwrap(), peer: peer.parse().unwrap() };
        Message::new(Instant::now(), Direction::Received, flow, &Bytes::from(bytes))
    }

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn each_message_is_a_datagram_with_true_headers() {
        for (local, peer, head) in [
            ("10.0.0.1:5060", "10.0.0.2:5070", 20),
            ("[2001:db8::1]:5060", "[2001:db8::2]:5070", 40),
            ("[::]:5060", "10.0.0.2:5070", 40),
        ] {
            let message = message(local, peer, b"OPTIONS sip:a SIP/2.0\r\n\r\n!".to_vec());
            let wall = UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_123);
            let file = file([(&message, wall)]);
            assert_eq!((word(&file, 0), word(&file, 20)), (0xA1B2_C3D4, LINKTYPE_RAW));
            assert_eq!((word(&file, 24), word(&file, 28)), (1_700_000_000, 123));
            let packet = &file[40..];
            assert_eq!((word(&file, 32) as usize, word(&file, 36) as usize), (packet.len(), packet.len()));
            assert_eq!(packet[0] >> 4, if head == 20 { 4 } else { 6 });
            let udp = &packet[head..];
            assert_eq!(udp[..4], [0x13, 0xCE, 0x13, 0xC4], "from the peer to us");
            assert_eq!(usize::from(u16::from_be_bytes([udp[4], udp[5]])), udp.len());
            assert_eq!(&udp[8..], &*message.shown());
            // Over what it covers, a true checksum adds up to nothing.
            let addresses = if head == 20 { &packet[12..20] } else { &packet[8..40] };
            assert_eq!(checksum(&[addresses, &[0, UDP], &udp[4..6], udp]), 0, "{local}");
            assert!(head == 40 || checksum(&[&packet[..20]]) == 0);
        }
    }

    #[test]
    fn a_message_longer_than_a_datagram_is_cut_and_the_file_says_so() {
        let message = message("10.0.0.1:5060", "10.0.0.2:5070", vec![b'a'; 100_000]);
        let file = file([(&message, UNIX_EPOCH)]);
        assert_eq!((word(&file, 32), word(&file, 36)), (65_028, 100_028));
        assert_eq!(file.len(), 40 + 65_028);
    }
}
