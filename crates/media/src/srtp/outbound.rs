//! What we send to one peer under one key.
//!
//! Shape: told each packet in its order, it counts the wraps of the sequence number.
//! Errors: a number that was used is refused, because two packets under one number would give both away.
//! Sources: RFC 3711 sections 3.3 (RTP), 3.4 (RTCP) and 9.2 (how many packets a key may protect).

use super::cipher::{Cipher, ENCRYPTED, Kind};
use super::index::{estimate, index};
use super::layout::{INDEX_LEN, RtpHead, rtcp_source};
use super::suite::{MasterKey, Suite};
use super::{MAX_PROTECTED, SrtpError};

/// One direction: from us.
#[derive(Debug)]
pub(super) struct Outbound {
    suite: Suite,
    rtp: Cipher,
    rtcp: Cipher,
    numbers: Numbers,
}

/// What was sent last. It goes on when the key changes (RFC 3711 section 3.3.1).
#[derive(Copy, Clone, Debug, Default)]
struct Numbers {
    /// The source of the last RTP packet, and its index.
    last: Option<(u32, u64)>,
    /// The index of the next RTCP packet.
    next_rtcp: u32,
}

impl Outbound {
    pub(super) fn new(master: &MasterKey) -> Self {
        let (rtp, rtcp) = (Cipher::new(master, Kind::Rtp), Cipher::new(master, Kind::Rtcp));
        Self { suite: master.suite(), rtp, rtcp, numbers: Numbers::default() }
    }

    /// The same stream under another key.
    pub(super) fn rekeyed(&self, master: &MasterKey) -> Self {
        Self { numbers: self.numbers, ..Self::new(master) }
    }

    /// Protects the RTP packet in the first `length` bytes; answers how long it has become.
    pub(super) fn protect_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let end = length + self.suite.tag_len();
        let (packet, tag) = split(buffer, length, end)?;
        let head = RtpHead::of(packet).ok_or(SrtpError::Malformed)?;
        let index = match self.numbers.last {
            Some((ssrc, last)) if ssrc == head.ssrc => {
                let next = estimate(last, head.sequence).ok_or(SrtpError::UsedUp)?;
                if next <= last {
                    return Err(SrtpError::Replayed);
                }
                next
            }
            _ => index(0, head.sequence).ok_or(SrtpError::UsedUp)?,
        };
        self.rtp.seal_rtp(packet, &head, index, tag);
        self.numbers.last = Some((head.ssrc, index));
        Ok(end)
    }

    /// Protects the RTCP packet in the first `length` bytes; answers how long it has become.
    pub(super) fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let index = self.numbers.next_rtcp;
        if index & ENCRYPTED != 0 {
            return Err(SrtpError::UsedUp);
        }
        let end = length + self.suite.rtcp_tag_len() + INDEX_LEN;
        let (packet, rest) = split(buffer, length, end)?;
        let ssrc = rtcp_source(packet).ok_or(SrtpError::Malformed)?;
        let (tag, word) = if self.suite.is_gcm() {
            rest.split_at_mut(self.suite.rtcp_tag_len())
        } else {
            let (word, tag) = rest.split_at_mut(INDEX_LEN);
            (tag, word)
        };
        self.rtcp.seal_rtcp(packet, ssrc, index, tag);
        word.copy_from_slice(&(index | ENCRYPTED).to_be_bytes());
        self.numbers.next_rtcp = index + 1;
        Ok(end)
    }
}

/// The packet, and what is written after it.
fn split(buffer: &mut [u8], length: usize, end: usize) -> Result<(&mut [u8], &mut [u8]), SrtpError> {
    if end > MAX_PROTECTED {
        return Err(SrtpError::TooLong);
    }
    Ok(buffer.get_mut(..end).ok_or(SrtpError::TooLong)?.split_at_mut(length))
}
