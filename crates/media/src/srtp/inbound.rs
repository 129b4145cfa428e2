//! What a peer sends us under one key.
//!
//! Shape: a packet in, its plain length out; it is decrypted where it lies.
//! Errors: [`SrtpError`]; a packet that is not taken changes nothing here.
//! Sources: RFC 3711 sections 3.3 (RTP), 3.3.1 (index), 3.3.2 (replay) and 3.4 (RTCP); RFC 7714 sections 8 and 9.
//!
//! The index of a packet is a guess until its tag proves it. Of a known source it is the nearest to the last one. Where
//! that says nothing, a second guess is tried, because honest peers differ: whoever we hear for the first time may have
//! wrapped already, and of those who change their key some go on counting, as the RFC has it, and some begin anew.

use super::SrtpError;
use super::cipher::{Cipher, ENCRYPTED, Kind};
use super::index::{estimate, index};
use super::layout::{INDEX_LEN, RTCP_HEADER, RtpHead, rtcp_source};
use super::sources::{Source, Sources};
use super::suite::{MasterKey, Mki, Suite};

/// One direction: to us.
#[derive(Debug)]
pub(super) struct Inbound {
    suite: Suite,
    /// Bytes that name the key in each packet.
    mki: usize,
    rtp: Cipher,
    rtcp: Cipher,
    rtp_sources: Sources,
    rtcp_sources: Sources,
}

impl Inbound {
    pub(super) fn new(master: &MasterKey, mki: Mki) -> Self {
        Self {
            suite: master.suite(),
            mki: mki.length.into(),
            rtp: Cipher::new(master, Kind::Rtp),
            rtcp: Cipher::new(master, Kind::Rtcp),
            rtp_sources: Sources::default(),
            rtcp_sources: Sources::default(),
        }
    }

    /// The same peer under another key.
    pub(super) fn rekeyed(&self, master: &MasterKey, mki: Mki) -> Self {
        Self { rtp_sources: self.rtp_sources.rekeyed(), ..Self::new(master, mki) }
    }

    /// Decrypts an RTP packet; answers how long it is without what protected it.
    pub(super) fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let head = RtpHead::of(packet).ok_or(SrtpError::Malformed)?;
        let trailer = self.suite.tag_len() + self.mki;
        let end = packet.len().checked_sub(trailer).filter(|end| *end >= head.length).ok_or(SrtpError::Malformed)?;
        let (body, rest) = packet.split_at_mut(end);
        let tag = if self.suite.is_gcm() { &rest[..self.suite.tag_len()] } else { &rest[self.mki..] };
        let source = self.rtp_sources.find(head.ssrc);
        let mut fault = SrtpError::Replayed;
        for guess in guesses(source, head.sequence).into_iter().flatten() {
            if source.is_some_and(|source| !source.window.allows(guess)) {
                continue;
            }
            match self.rtp.open_rtp(body, &head, guess, tag) {
                Ok(()) => {
                    self.rtp_sources.take(head.ssrc, guess);
                    return Ok(end);
                }
                Err(why) => fault = why,
            }
        }
        Err(fault)
    }

    /// Decrypts an RTCP packet; answers how long it is without what protected it.
    pub(super) fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let ssrc = rtcp_source(packet).ok_or(SrtpError::Malformed)?;
        let tag_len = self.suite.rtcp_tag_len();
        let trailer = tag_len + INDEX_LEN + self.mki;
        let end = packet.len().checked_sub(trailer).filter(|end| *end >= RTCP_HEADER).ok_or(SrtpError::Malformed)?;
        let rest = &mut packet[end..];
        let mut tag = [0; super::MAX_TAG];
        let tag = &mut tag[..tag_len];
        if self.suite.is_gcm() {
            tag.copy_from_slice(&rest[..tag_len]);
            // The index moves up to the packet, as the other suites have it.
            rest.copy_within(tag_len..tag_len + INDEX_LEN, 0);
        } else {
            tag.copy_from_slice(&rest[INDEX_LEN + self.mki..]);
        }
        let word = u32::from_be_bytes([rest[0], rest[1], rest[2], rest[3]]);
        let index = u64::from(word & !ENCRYPTED);
        if self.rtcp_sources.find(ssrc).is_some_and(|source| !source.window.allows(index)) {
            return Err(SrtpError::Replayed);
        }
        self.rtcp.open_rtcp(&mut packet[..end + INDEX_LEN], ssrc, word, tag)?;
        self.rtcp_sources.take(ssrc, index);
        Ok(end)
    }
}

/// The indices that a sequence number may stand for, the likeliest first.
fn guesses(source: Option<&Source>, sequence: u16) -> [Option<u64>; 2] {
    match source {
        None => [index(0, sequence), index(1, sequence).filter(|_| sequence < 0x8000)],
        Some(source) => match source.inherited {
            None => [estimate(source.window.highest(), sequence), None],
            Some(highest) => {
                let nearest = estimate(highest, sequence);
                [nearest, index(0, sequence).filter(|fresh| nearest != Some(*fresh))]
            }
        },
    }
}
