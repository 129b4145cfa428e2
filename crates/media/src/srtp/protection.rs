//! One leg's protection, both ways.
//!
//! Shape: made from what an offer and an answer agreed, changed by the next ones; packets go through it just behind the
//! socket and just before it.
//! Errors: [`SrtpError`], for its owner to count.
//! Sources: RFC 3711 sections 3.3.1 and 8.1 (another key, the same counters); RFC 4568 section 7.1.4 (another key in a
//! new offer).
//!
//! A peer that changes its key has packets under the old one under way. The old key is kept beside the new one until
//! [`OVERLAP`] packets have come under the new, so that none is lost.

use super::inbound::Inbound;
use super::outbound::Outbound;
use super::suite::{MasterKey, Mki, Suite};
use super::{MAX_PROTECTED, SrtpError};

/// Packets under a new key after which the old one is forgotten: some five seconds of them.
const OVERLAP: u16 = 250;

/// What two sides agreed on: a key for each direction, both of one suite.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keying {
    /// What we send under.
    pub ours: MasterKey,
    /// What the peer sends under.
    pub theirs: MasterKey,
    /// How the peer names its key in its packets.
    pub mki: Mki,
}

impl Keying {
    /// The suite of both directions.
    pub fn suite(&self) -> Suite {
        self.ours.suite()
    }
}

/// One leg's protection.
#[derive(Debug)]
pub struct Protection {
    keying: Keying,
    outbound: Outbound,
    inbound: Inbound,
    former: Option<Former>,
    /// Where a received packet is decrypted.
    plain: [u8; MAX_PROTECTED],
}

/// What the peer sent under before.
#[derive(Debug)]
struct Former {
    inbound: Inbound,
    /// Packets under the new key until it is forgotten.
    left: u16,
}

/// RTP or RTCP.
#[derive(Copy, Clone)]
enum Kind {
    Rtp,
    Rtcp,
}

impl Protection {
    /// Derives the keys of a stream whose packets were plain up to now.
    pub fn new(keying: &Keying) -> Self {
        Self {
            outbound: Outbound::new(&keying.ours),
            inbound: Inbound::new(&keying.theirs, keying.mki),
            keying: keying.clone(),
            former: None,
            plain: [0; MAX_PROTECTED],
        }
    }

    /// Follows a new offer and answer. A key that did not change goes on as if nothing was said.
    pub fn rekey(&mut self, keying: &Keying) {
        if self.keying.ours != keying.ours {
            self.outbound = self.outbound.rekeyed(&keying.ours);
        }
        if (&self.keying.theirs, self.keying.mki) != (&keying.theirs, keying.mki) {
            let fresh = self.inbound.rekeyed(&keying.theirs, keying.mki);
            let inbound = std::mem::replace(&mut self.inbound, fresh);
            self.former = Some(Former { inbound, left: OVERLAP });
        }
        self.keying = keying.clone();
    }

    /// The suite of both directions.
    pub fn suite(&self) -> Suite {
        self.keying.suite()
    }

    /// Protects the RTP packet in the first `length` bytes of `buffer`, which has room for [`MAX_TAG`](super::MAX_TAG)
    /// more; answers how long it has become. Packets are told in the order of their sequence numbers.
    ///
    /// # Errors
    /// [`SrtpError::TooLong`] without that room, [`SrtpError::Replayed`] for a number that was used, others as they say.
    pub fn protect_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        self.outbound.protect_rtp(buffer, length)
    }

    /// The same for an RTCP packet, which becomes up to [`MAX_RTCP_TRAILER`](super::MAX_RTCP_TRAILER) longer.
    ///
    /// # Errors
    /// As for RTP; [`SrtpError::UsedUp`] after 2^31 packets.
    pub fn protect_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        self.outbound.protect_rtcp(buffer, length)
    }

    /// The plain RTP packet of a datagram.
    ///
    /// # Errors
    /// [`SrtpError`]; whatever it is, the packet is to be dropped and counted.
    pub fn unprotect_rtp(&mut self, datagram: &[u8]) -> Result<&[u8], SrtpError> {
        self.unprotect(datagram, Kind::Rtp)
    }

    /// The plain RTCP packet of a datagram.
    ///
    /// # Errors
    /// As for RTP.
    pub fn unprotect_rtcp(&mut self, datagram: &[u8]) -> Result<&[u8], SrtpError> {
        self.unprotect(datagram, Kind::Rtcp)
    }

    fn unprotect(&mut self, datagram: &[u8], kind: Kind) -> Result<&[u8], SrtpError> {
        let packet = self.plain.get_mut(..datagram.len()).ok_or(SrtpError::TooLong)?;
        packet.copy_from_slice(datagram);
        let mut taken = open(&mut self.inbound, packet, kind);
        match (&mut self.former, taken) {
            (Some(former), Ok(_)) => {
                former.left -= 1;
                if former.left == 0 {
                    self.former = None;
                }
            }
            (Some(former), Err(_)) => {
                // An RTCP packet may have been moved about.
                packet.copy_from_slice(datagram);
                taken = match (open(&mut former.inbound, packet, kind), taken) {
                    (Err(SrtpError::Replayed), _) => Err(SrtpError::Replayed),
                    (under_former, under_this) => under_former.or(under_this),
                };
            }
            (None, _) => {}
        }
        Ok(&self.plain[..taken?])
    }
}

fn open(inbound: &mut Inbound, packet: &mut [u8], kind: Kind) -> Result<usize, SrtpError> {
    match kind {
        Kind::Rtp => inbound.unprotect_rtp(packet),
        Kind::Rtcp => inbound.unprotect_rtcp(packet),
    }
}
