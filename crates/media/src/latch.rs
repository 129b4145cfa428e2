//! Where a stream sends, and whom it hears: symmetric RTP.
//!
//! Shape: the address of the SDP until the first valid packet comes; from then on that packet's source, and no other but the
//! address of the SDP.
//! Errors: packets of other sources are refused, for the caller to count.
//! Sources: RFC 4961 (symmetric RTP), RFC 7362 (latching and its risks).
//!
//! The first valid packet decides, so that a peer behind a NAT is found and a stranger who sends later cannot take the
//! stream over. A stranger who was first loses it to the first packet from the address of the SDP, which only the peer
//! could name; from there it does not move again. A new negotiation opens learning again, because the peer may have
//! moved; what is then still under way from the old source does not count.

use std::net::SocketAddr;

/// Packets from the old source that are refused after a move: about a second of them.
const STRAGGLERS: u8 = 50;

/// The remote side of one stream.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Latch {
    /// The last address that an SDP gave.
    negotiated: Option<SocketAddr>,
    learned: Option<SocketAddr>,
    /// The source before the last move, and how many of its packets are still refused.
    former: Option<(SocketAddr, u8)>,
    learning: Learning,
    address: Address,
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
        Self { negotiated, learned: None, former: None, learning: Learning::Open, address: Address::Given }
    }

    /// A new offer and answer. An address that did not change keeps what was learned until the next packet.
    pub(crate) fn renegotiate(&mut self, negotiated: Option<SocketAddr>) {
        self.learning = Learning::Open;
        self.address = if negotiated.is_some() { Address::Given } else { Address::Withheld };
        if negotiated.is_some() && negotiated != self.negotiated {
            self.former = self.learned.or(self.negotiated).map(|source| (source, STRAGGLERS));
            self.negotiated = negotiated;
            self.learned = None;
        }
    }

    /// Judges the source of a packet that is otherwise valid.
    pub(crate) fn hear(&mut self, from: SocketAddr) -> Source {
        if self.learning == Learning::Open && !self.is_straggler(from) {
            self.learning = Learning::Done;
            self.address = Address::Given;
            self.learned = Some(from);
        }
        match self.learning {
            Learning::Done if self.negotiated == Some(from) => {
                self.learned = Some(from);
                Source::Peer
            }
            Learning::Done if self.learned == Some(from) => Source::Peer,
            Learning::Open | Learning::Done => Source::Stranger,
        }
    }

    /// Whether a packet was still under way from the place that the peer left.
    fn is_straggler(&mut self, from: SocketAddr) -> bool {
        match &mut self.former {
            Some((source, left)) if *source == from && *left > 0 && self.negotiated != Some(from) => {
                *left -= 1;
                true
            }
            _ => false,
        }
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
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    #[test]
    fn the_first_source_is_kept_and_others_are_strangers() {
        let mut latch = Latch::new(Some(at(1)));
        assert_eq!(latch.remote(), Some(at(1)));
        assert_eq!(latch.hear(at(2)), Source::Peer);
        assert_eq!(latch.remote(), Some(at(2)));
        assert_eq!(latch.hear(at(3)), Source::Stranger);
        assert_eq!(latch.hear(at(2)), Source::Peer);
    }

    #[test]
    fn a_stranger_that_was_first_loses_the_stream_to_the_address_of_the_sdp() {
        let mut latch = Latch::new(Some(at(1)));
        assert_eq!(latch.hear(at(2)), Source::Peer);
        assert_eq!(latch.hear(at(1)), Source::Peer);
        assert_eq!(latch.remote(), Some(at(1)));
        assert_eq!(latch.hear(at(2)), Source::Stranger);
        assert_eq!(latch.remote(), Some(at(1)));
    }

    #[test]
    fn a_negotiation_opens_learning_again() {
        let mut latch = Latch::new(Some(at(1)));
        latch.hear(at(2));
        latch.renegotiate(Some(at(1)));
        assert_eq!(latch.remote(), Some(at(2)), "the address of the SDP did not change");
        assert_eq!(latch.hear(at(3)), Source::Peer);
        latch.renegotiate(Some(at(4)));
        assert_eq!(latch.remote(), Some(at(4)));
        latch.renegotiate(None);
        assert_eq!(latch.remote(), None);
    }

    #[test]
    fn what_is_still_under_way_from_the_old_address_does_not_hold_the_stream_there() {
        let mut latch = Latch::new(Some(at(1)));
        latch.hear(at(2));
        latch.renegotiate(Some(at(4)));
        assert_eq!(latch.hear(at(2)), Source::Stranger);
        assert_eq!(latch.remote(), Some(at(4)));
        assert_eq!(latch.hear(at(5)), Source::Peer);
        assert_eq!(latch.remote(), Some(at(5)));
    }

    #[test]
    fn a_peer_that_stays_at_its_old_source_is_heard_after_a_while() {
        let mut latch = Latch::new(Some(at(1)));
        latch.hear(at(2));
        latch.renegotiate(Some(at(4)));
        let refused = (0..200).filter(|_| latch.hear(at(2)) == Source::Stranger).count();
        assert_eq!(refused, usize::from(STRAGGLERS));
        assert_eq!(latch.remote(), Some(at(2)));
    }

    #[test]
    fn the_end_of_a_hold_returns_to_the_learned_source() {
        let mut latch = Latch::new(Some(at(1)));
        latch.hear(at(2));
        latch.renegotiate(None);
        latch.renegotiate(Some(at(1)));
        assert_eq!(latch.remote(), Some(at(2)));
        assert_eq!(latch.hear(at(2)), Source::Peer);
    }
}
