//! Where a stream sends, and whom it hears: symmetric RTP.
//!
//! Shape: the address of the SDP, until another source has proved to be the peer: [`CONSISTENT`] packets of one source address and one
//! SSRC, in sequence, over [`PROBATION`]. From then on that source is locked, and no other is heard but the address of the SDP.
//! Time: told.
//! Errors: packets of other sources are refused, for the caller to count.
//! Sources: RFC 4961 (symmetric RTP), RFC 7362 (latching and its risks).
//!
//! A peer behind a NAT sends from an address that its SDP does not know, so that the source has to be learned; and whoever knows or
//! guesses the port can send too. Until a source is locked the address of the SDP wins, so a stranger's packets move nothing and are
//! not heard; a burst of them is too short to be a stream. A source that is locked is not left for another, but for the address of
//! the SDP, which only the peer could name; from there it does not move again.
//!
//! A new negotiation opens learning again, because the peer may have moved, but within limits: while the address of the SDP stays as it
//! was, the first packet from the source known closes it again, and the others must prove themselves as at first. What is still under
//! way from an address that the peer left does not count.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Packets in sequence that make a source the peer.
const CONSISTENT: u8 = 5;
/// How long they take at least, so that a burst is no stream.
const PROBATION: Duration = Duration::from_millis(60);
/// A gap in sequence numbers that is still loss and not another sender.
const GAP: u16 = 3;
/// Sources that may be on probation at once; a further one takes the place of the least proven.
const CANDIDATES: usize = 3;
/// Packets from the old source that are refused after a move: about a second of them.
const STRAGGLERS: u8 = 50;

/// The remote side of one stream.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Latch {
    /// The last address that an SDP gave.
    negotiated: Option<SocketAddr>,
    /// The source that proved itself.
    learned: Option<SocketAddr>,
    /// The source before the last move, and how many of its packets are still refused.
    former: Option<(SocketAddr, u8)>,
    /// Who sent to the port in a call before and may not know that it is over: its address alone does not prove it to be the peer.
    shunned: Option<(SocketAddr, u32)>,
    candidates: [Option<Candidate>; CANDIDATES],
    learning: Learning,
    address: Address,
}

/// A source that may be the peer.
#[derive(Copy, Clone, Debug)]
struct Candidate {
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
    consistent: u8,
    since: Instant,
}

/// Whether there is a place to send to.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Address {
    Given,
    /// The SDP gave none, and no packet came since.
    Withheld,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Learning {
    Open,
    Done,
}

/// Whether a packet's source is the peer.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    Peer,
    Stranger,
}

impl Latch {
    pub(crate) fn new(negotiated: Option<SocketAddr>) -> Self {
        Self {
            negotiated,
            learned: None,
            former: None,
            shunned: None,
            candidates: [None; CANDIDATES],
            learning: Learning::Open,
            address: Address::Given,
        }
    }

    /// Tells who sent to the port in a call before, as address and source. Where the SDP names that address it is heard all the same.
    pub(crate) fn shun(&mut self, sender: (SocketAddr, u32)) {
        self.shunned = Some(sender);
    }

    /// A new offer and answer. An address that did not change keeps what was learned.
    pub(crate) fn renegotiate(&mut self, negotiated: Option<SocketAddr>) {
        self.learning = Learning::Open;
        self.candidates = [None; CANDIDATES];
        self.address = if negotiated.is_some() { Address::Given } else { Address::Withheld };
        if negotiated.is_some() && negotiated != self.negotiated {
            self.former = self.learned.or(self.negotiated).map(|source| (source, STRAGGLERS));
            self.negotiated = negotiated;
            self.learned = None;
        }
    }

    /// Judges the source of a packet that is otherwise valid, by its synchronisation source and sequence number.
    pub(crate) fn hear(&mut self, now: Instant, from: SocketAddr, ssrc: u32, sequence: u16) -> Source {
        if self.negotiated == Some(from) || self.learned == Some(from) {
            // The address of the SDP takes the stream back from whoever was learned.
            self.lock(from);
            return Source::Peer;
        }
        if self.learning == Learning::Done
            || self.shunned == Some((from, ssrc))
            || self.is_straggler(from)
            || !self.prove(now, from, ssrc, sequence)
        {
            return Source::Stranger;
        }
        self.lock(from);
        Source::Peer
    }

    fn lock(&mut self, from: SocketAddr) {
        // Once the address of the SDP has sent, what was learned before does not count any more.
        self.learned = Some(from);
        if self.learning == Learning::Open {
            self.learning = Learning::Done;
            self.address = Address::Given;
        }
    }

    /// Notes a packet of a source on probation; answers whether it has now proved itself.
    fn prove(&mut self, now: Instant, from: SocketAddr, ssrc: u32, sequence: u16) -> bool {
        let fresh = Candidate { from, ssrc, sequence, consistent: 1, since: now };
        let known = self.candidates.iter_mut().flatten().find(|candidate| candidate.from == from);
        let Some(candidate) = known else {
            let place = self
                .candidates
                .iter_mut()
                .min_by_key(|place| place.map_or((0, None), |candidate| (candidate.consistent, Some(candidate.since))));
            if let Some(place) = place {
                *place = Some(fresh);
            }
            return false;
        };
        match sequence.wrapping_sub(candidate.sequence) {
            _ if candidate.ssrc != ssrc => *candidate = fresh,
            // The same packet twice proves nothing and disproves nothing.
            0 => {}
            1..=GAP => {
                candidate.sequence = sequence;
                candidate.consistent = candidate.consistent.saturating_add(1);
            }
            _ => *candidate = fresh,
        }
        candidate.consistent >= CONSISTENT && now.saturating_duration_since(candidate.since) >= PROBATION
    }

    /// Whether a packet was still under way from the place that the peer left.
    fn is_straggler(&mut self, from: SocketAddr) -> bool {
        match &mut self.former {
            Some((source, left)) if *source == from && *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    /// The address that alone is heard: the one of the SDP, from which the peer has sent since.
    pub(crate) fn settled(&self) -> Option<SocketAddr> {
        self.learned.filter(|_| self.learning == Learning::Done && self.learned == self.negotiated)
    }

    /// Where packets come from, once one has come.
    pub(crate) fn learned(&self) -> Option<SocketAddr> {
        self.learned
    }

    /// Where to send now.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        match self.address {
            Address::Given => self.learned.or(self.negotiated),
            Address::Withheld => None,
        }
    }
}

#[cfg(test)]
mod tests;
