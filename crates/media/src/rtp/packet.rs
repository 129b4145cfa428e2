//! The RTP packet: a borrowed view of a received one, and the header of one to send.
//!
//! Shape: [`Packet::parse`] borrows from the datagram; [`Header::write`] fills the first 12 bytes of a caller's buffer.
//! Units: timestamps are in samples of 8 kHz; they and the sequence number wrap.
//! Errors: [`PacketError`] for each way in which a length lies; nothing is read beyond the bytes present.
//! Sources: RFC 3550 sections 5.1 (header), 5.3.1 (extension).

use thiserror::Error;

/// Bytes of a header without contributing sources, which is all that we send.
pub const HEADER_LEN: usize = 12;
const VERSION: u8 = 2;

/// Why bytes are not an RTP packet.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Error)]
pub enum PacketError {
    /// Shorter than its header, contributing sources or extension claim.
    #[error("the packet ends inside its header")]
    Truncated,
    /// Not version 2: another protocol, or STUN.
    #[error("the version is not 2")]
    Version,
    /// The padding count is zero or larger than the payload.
    #[error("the padding count is impossible")]
    Padding,
}

/// A received packet, borrowed from its datagram.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Packet<'d> {
    /// Set on the first packet of a talk spurt or of an event.
    pub marker: bool,
    /// What the payload is, by negotiation; 7 bits.
    pub payload_type: u8,
    /// The count of packets, which wraps.
    pub sequence: u16,
    /// The sample time of the first byte, which wraps.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
    /// The payload without padding.
    pub payload: &'d [u8],
}

impl<'d> Packet<'d> {
    /// Reads a datagram (RFC 3550 section 5.1).
    ///
    /// # Errors
    /// One [`PacketError`] for each thing that can be wrong.
    pub fn parse(datagram: &'d [u8]) -> Result<Self, PacketError> {
        let (head, rest) = datagram.split_first_chunk::<HEADER_LEN>().ok_or(PacketError::Truncated)?;
        if head[0] >> 6 != VERSION {
            return Err(PacketError::Version);
        }
        let sources = usize::from(head[0] & 0x0F) * 4;
        let mut payload = rest.get(sources..).ok_or(PacketError::Truncated)?;
        if head[0] & 0x10 != 0 {
            payload = skip_extension(payload)?;
        }
        if head[0] & 0x20 != 0 {
            payload = strip_padding(payload)?;
        }
        Ok(Self {
            marker: head[1] & 0x80 != 0,
            payload_type: head[1] & 0x7F,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            ssrc: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            payload,
        })
    }
}

fn skip_extension(after_sources: &[u8]) -> Result<&[u8], PacketError> {
    let (head, rest) = after_sources.split_first_chunk::<4>().ok_or(PacketError::Truncated)?;
    let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
    rest.get(words * 4..).ok_or(PacketError::Truncated)
}

fn strip_padding(payload: &[u8]) -> Result<&[u8], PacketError> {
    let padding = usize::from(*payload.last().ok_or(PacketError::Padding)?);
    match payload.len().checked_sub(padding) {
        Some(kept) if padding > 0 => Ok(&payload[..kept]),
        _ => Err(PacketError::Padding),
    }
}

/// The header of a packet to send: no contributing source, no extension, no padding.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// Set on the first packet of a stream or of an event.
    pub marker: bool,
    /// What the payload is; the low 7 bits are sent.
    pub payload_type: u8,
    /// The count of packets.
    pub sequence: u16,
    /// The sample time of the first byte.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
}

impl Header {
    /// Fills the 12 bytes before a payload.
    pub fn write(&self, into: &mut [u8; HEADER_LEN]) {
        into[0] = VERSION << 6;
        into[1] = (u8::from(self.marker) << 7) | (self.payload_type & 0x7F);
        into[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        into[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        into[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
