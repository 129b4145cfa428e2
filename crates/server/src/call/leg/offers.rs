//! Offers and answers of a leg, and what is agreed by them.
//!
//! Shape: the first agreement opens the stream, each later one changes it; an unusable one changes nothing.
//! Errors: [`LegError`].
//! Sources: RFC 3264, RFC 6337.

use std::sync::Arc;

use antiphon_media::{
    Codec, Direction, Negotiated, StreamConfig,
    sdp::{Agreed, Profile},
};
use antiphon_sip::StatusCode;
use bytes::Bytes;

use super::{DialogState, Leg, LegError, play::prepare};
use crate::{
    call::srtp,
    media::worker::{Opening, Order as MediaOrder},
    net::MediaSocket,
    signalling::Order,
    trace::LegStream,
};

/// How many datagrams are thrown away to empty a socket; none keeps more than that.
const DISCARDED: usize = 4_096;

impl Leg {
    /// Answers the caller: with the answer to their offer, or with our offer where they made none.
    pub async fn answer(&mut self, offer: Option<&[u8]>) -> Result<(), LegError> {
        let (sdp, agreed) = match offer {
            Some(offer) => self.port.answer(offer, self.direction)?,
            None => {
                let offer = self.port.offer(self.direction);
                (offer, Agreed { keying: self.port.srtp.unanswered(), ..unanswered() })
            }
        };
        // Open first: the caller may send, and must hear, from the moment of the 200.
        self.agree(agreed).await;
        self.rooms.signalling.answer(self.dialog, sdp).await?;
        self.state = DialogState::Up;
        Ok(())
    }

    /// Lets an unanswered caller hear something: 183 with the answer to their offer, which the 200 says again.
    pub async fn answer_early(&mut self, offer: &[u8]) -> Result<(), LegError> {
        let (sdp, agreed) = self.port.answer(offer, self.direction)?;
        self.agree(agreed).await;
        self.rooms.signalling.order(Order::RingWith(self.dialog, sdp)).await;
        Ok(())
    }

    /// Takes the peer's answer to our offer: opens the stream, or agrees the one opened with our late offer.
    pub async fn accept(&mut self, answer: &[u8]) -> Result<(), LegError> {
        let direction = self.offered.take().unwrap_or(self.direction);
        let agreed = self.port.accept(answer, direction)?;
        self.direction = direction;
        self.agree(agreed).await;
        Ok(())
    }

    /// Offers anew, inside the call, which way sound may flow: `SendOnly` puts the party on hold, `SendRecv` takes it back.
    ///
    /// What comes of it is an event: an answer for [`reanswered`](Self::reanswered), or a refusal for
    /// [`reoffer_refused`](Self::reoffer_refused).
    pub async fn reoffer(&mut self, direction: Direction) -> Result<(), LegError> {
        let offer = self.port.offer(direction);
        self.rooms.signalling.reoffer(self.dialog, offer).await?;
        self.offered = Some(direction);
        Ok(())
    }

    /// Follows the answer to our new offer, or to one that only refreshed the call; an unusable one changes nothing.
    pub async fn reanswered(&mut self, answer: &[u8]) {
        if let Err(error) = self.accept(answer).await {
            tracing::info!(%error, "an answer to our new offer is unusable; what was agreed before goes on");
        }
    }

    /// Our new offer was refused: what was agreed before goes on.
    pub fn reoffer_refused(&mut self, status: StatusCode) {
        tracing::info!(status = status.code(), "our new offer was refused; what was agreed before goes on");
        self.offered = None;
    }

    /// Follows a re-INVITE or an UPDATE: the stream goes on with what was agreed. Before the answer of a callee there is none, and
    /// what is agreed then is told again by the answer.
    pub async fn reoffered(&mut self, offer: Option<Bytes>) {
        let order = match offer {
            None => Order::AcceptReoffer(self.dialog, self.port.offer(self.direction)),
            Some(offer) => match self.port.answer(&offer, self.direction) {
                Ok((sdp, agreed)) => {
                    if self.stream.is_some() {
                        self.agree(agreed).await;
                    }
                    Order::AcceptReoffer(self.dialog, sdp)
                }
                Err(error) => {
                    tracing::debug!(%error, "a new offer is unusable; what was agreed before goes on");
                    Order::RejectReoffer(self.dialog, StatusCode::NOT_ACCEPTABLE_HERE)
                }
            },
        };
        self.rooms.signalling.order(order).await;
    }

    async fn agree(&mut self, agreed: Agreed) {
        self.telephone_event = agreed.negotiated.telephone_event.is_some();
        self.agreed.set(agreed.negotiated.codec, agreed.negotiated.direction);
        self.held = self.held.then(agreed.negotiated.direction);
        if self.codec != agreed.negotiated.codec {
            self.codec = agreed.negotiated.codec;
            // What plays goes on in the new codec.
            prepare(&self.segments, self.codec).await;
        }
        if let Some(trunk) = self.trunk().filter(|_| self.port.srtp.is_readable()) {
            srtp::warn(&self.rooms, trunk);
        }
        match self.stream {
            Some(stream) => self.worker.order(MediaOrder::Reconfigure(stream, Box::new(agreed))).await,
            None => self.open(agreed).await,
        }
    }

    async fn open(&mut self, Agreed { negotiated, keying, .. }: Agreed) {
        let (Some(socket), Some(lease)) = (self.port.socket.take(), self.port.lease.clone()) else { return };
        // What waits is from before the answer, which nobody is to hear afterwards, or of the call that had the port before.
        discard(&socket);
        let id = self.rooms.media.next_stream();
        let config = StreamConfig {
            negotiated,
            ssrc: rand::random(),
            first_sequence: rand::random(),
            first_timestamp: rand::random(),
        };
        let summary = Arc::default();
        if let Some((call, leg)) = self.rooms.trace.leg(self.dialog) {
            let (worker, local, summary) = (self.worker.clone(), self.port.local, Arc::clone(&summary));
            call.stream_opened(leg, LegStream { id, worker, local, summary });
        }
        let inbox = self.inbox.clone();
        let opening = Opening { id, config, keying, socket, lease, inbox, summary };
        self.worker.order(MediaOrder::Open(Box::new(opening))).await;
        self.worker.order(MediaOrder::UseInband(id, self.port.digits.inband())).await;
        self.stream = Some(id);
    }
}

/// Throws away what waits in a socket.
fn discard(socket: &MediaSocket) {
    // Nothing is looked at, so nothing need be kept.
    for _ in 0..DISCARDED {
        if socket.receive(&mut []).is_none() {
            return;
        }
    }
}

/// What holds of a stream whose offer the caller has yet to answer: nothing is sent, for nobody knows where to.
fn unanswered() -> Agreed {
    let negotiated = Negotiated { telephone_event: None, ..Negotiated::of(Codec::Pcmu) };
    Agreed { negotiated, profile: Profile::Avp, keying: None }
}
