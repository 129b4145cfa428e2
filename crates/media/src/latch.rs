//! Where a stream sends, and whom it hears: symmetric RTP.
//!
//! Shape: the address of the SDP until the first valid packet comes; from then on that packet's source, and no other.
//! Errors: packets of other sources are refused, for the caller to count.
//! Sources: RFC 4961 (symmetric RTP), RFC 7362 (latching and its risks).
//!
//! The first valid packet decides, also when it comes from the address of the SDP: a stranger who sends later cannot
//! take the stream over. A new negotiation opens learning again, because the peer may have moved.

use std::net::SocketAddr;

/// The remote side of one stream.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Latch {
    negotiated: Option<SocketAddr>,
    current: Option<SocketAddr>,
    learning: Learning,
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
        Self { negotiated, current: negotiated, learning: Learning::Open }
    }

    /// A new offer and answer. An address that did not change keeps what was learned until the next packet.
    pub(crate) fn renegotiate(&mut self, negotiated: Option<SocketAddr>) {
        if negotiated != self.negotiated {
            self.negotiated = negotiated;
            self.current = negotiated;
        }
        self.learning = Learning::Open;
    }

    /// Judges the source of a packet that is otherwise valid.
    pub(crate) fn hear(&mut self, from: SocketAddr) -> Source {
        match self.learning {
            Learning::Open => {
                self.learning = Learning::Done;
                self.current = Some(from);
                Source::Peer
            }
            Learning::Done if self.current == Some(from) => Source::Peer,
            Learning::Done => Source::Stranger,
        }
    }

    /// Where to send now.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.current
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
        assert_eq!(latch.hear(at(1)), Source::Stranger);
        assert_eq!(latch.hear(at(2)), Source::Peer);
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
}
