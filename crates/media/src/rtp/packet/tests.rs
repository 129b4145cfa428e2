use super::*;
use proptest::prelude::*;
use rtc_shared::marshal::{Marshal, Unmarshal};

fn datagram(first: u8, tail: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first, 0x80 | 8, 0x12, 0x34, 0, 0, 0, 160, 0xDE, 0xAD, 0xBE, 0xEF];
    bytes.extend_from_slice(tail);
    bytes
}

/// A name, the first byte, what follows the fixed header, and the payload found.
type Row<'a> = (&'a str, u8, &'a [u8], Result<&'a [u8], PacketError>);

#[test]
fn payload_is_found_behind_sources_extension_and_padding() {
    let table: [Row; 12] = [
        ("plain", 0x80, &[1, 2], Ok(&[1, 2])),
        ("empty", 0x80, &[], Ok(&[])),
        ("one source", 0x81, &[9, 9, 9, 9, 1], Ok(&[1])),
        ("sources cut", 0x8F, &[9; 59], Err(PacketError::Truncated)),
        ("extension", 0x90, &[0, 0, 0, 1, 9, 9, 9, 9, 1], Ok(&[1])),
        ("extension cut", 0x90, &[0, 0, 0xFF, 0xFF, 9], Err(PacketError::Truncated)),
        ("extension head cut", 0x90, &[0, 0, 0], Err(PacketError::Truncated)),
        ("padding", 0xA0, &[1, 0, 2], Ok(&[1])),
        ("padding only", 0xA0, &[0, 2], Ok(&[])),
        ("padding of zero", 0xA0, &[1, 0], Err(PacketError::Padding)),
        ("padding too long", 0xA0, &[1, 3], Err(PacketError::Padding)),
        ("version 1", 0x40, &[1], Err(PacketError::Version)),
    ];
    for (name, first, tail, expect) in table {
        let bytes = datagram(first, tail);
        assert_eq!(Packet::parse(&bytes).map(|packet| packet.payload), expect, "{name}");
    }
    assert_eq!(Packet::parse(&[0x80; 11]), Err(PacketError::Truncated));
}

#[test]
fn another_implementation_reads_what_is_written() {
    let header = Header { marker: true, payload_type: 8, sequence: 65_535, timestamp: u32::MAX, ssrc: 0xDEAD_BEEF };
    let mut bytes = [0u8; HEADER_LEN + 3];
    bytes[HEADER_LEN..].copy_from_slice(&[1, 2, 3]);
    header.write(bytes.first_chunk_mut().unwrap());
    let theirs = webrtc_rtp::packet::Packet::unmarshal(&mut &bytes[..]).unwrap();
    assert_eq!(theirs.header.payload_type, 8);
    assert!(theirs.header.marker);
    assert_eq!(theirs.header.sequence_number, 65_535);
    assert_eq!(theirs.header.ssrc, 0xDEAD_BEEF);
    assert_eq!(&theirs.payload[..], [1, 2, 3]);
    let ours = theirs.marshal().unwrap();
    assert_eq!(Packet::parse(&ours).unwrap().timestamp, u32::MAX);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..128)) {
        if let Ok(packet) = Packet::parse(&bytes) {
            prop_assert!(packet.payload.len() <= bytes.len() - HEADER_LEN);
        }
    }
}
