//! Where in a packet what is protected begins, and where its source and number stand.
//!
//! Shape: plain reads of a byte slice, none beyond its end.
//! Errors: `None` for what cannot be RTP or RTCP.
//! Sources: RFC 3550 sections 5.1, 5.3.1 and 6.4.1; RFC 3711 sections 3.1 and 3.4.

/// The header of RTCP that stays readable: the first word and the source.
pub(super) const RTCP_HEADER: usize = 8;
/// The flag and the index at the end of an SRTCP packet.
pub(super) const INDEX_LEN: usize = 4;

const RTP_HEADER: usize = 12;
const VERSION: u8 = 2;

/// The readable part of an RTP packet.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct RtpHead {
    /// Bytes of header, contributing sources and extension.
    pub(super) length: usize,
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
}

impl RtpHead {
    pub(super) fn of(packet: &[u8]) -> Option<Self> {
        let head = packet.first_chunk::<RTP_HEADER>().filter(|head| head[0] >> 6 == VERSION)?;
        let mut length = RTP_HEADER + usize::from(head[0] & 0x0F) * 4;
        if head[0] & 0x10 != 0 {
            let extension = packet.get(length..)?.first_chunk::<4>()?;
            length += 4 + usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4;
        }
        if packet.len() < length {
            return None;
        }
        let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
        Some(Self { length, ssrc, sequence: u16::from_be_bytes([head[2], head[3]]) })
    }
}

/// The source of an RTCP packet.
pub(super) fn rtcp_source(packet: &[u8]) -> Option<u32> {
    let head = packet.first_chunk::<RTCP_HEADER>().filter(|head| head[0] >> 6 == VERSION)?;
    Some(u32::from_be_bytes([head[4], head[5], head[6], head[7]]))
}
