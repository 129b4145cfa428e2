//! A leg's RTP port, and how it is described to the peer.
//!
//! Shape: leased and bound at once; offers and answers name it under one `o=` line, whose version grows only when something changed
//! (RFC 3264 §8).
//! Errors: [`NoPort`] and [`SdpError`], as the rooms below say.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use antiphon_media::{
    Codec, Direction,
    sdp::{self, Agreed, Capabilities, RtcpMux, SdpError, SdpVersion, Secrecy, TelephoneEvents},
};
use bytes::Bytes;

use super::{executor::clock, srtp::DialogSrtp};
use crate::{
    media::ports::{Lease, NoPort},
    net::MediaSocket,
    rooms::Rooms,
    settings::{DigitWay, Trunk},
};

/// A leased port, its bound socket, and how they are described to the peer.
pub struct MediaPort {
    /// The port, held for as long as anybody holds this, until it is given back.
    pub(super) lease: Option<Arc<Lease>>,
    /// Taken when the stream opens.
    pub(super) socket: Option<MediaSocket>,
    /// Where the peer is told to send.
    pub(super) local: SocketAddr,
    version: SdpVersion,
    /// How keys reach the peer.
    pub(super) digits: DigitWay,
    rtcp_mux: RtcpMux,
    codecs: Arc<[Codec]>,
    /// Offered first, where it is one of them: what was agreed before, or what the other party speaks.
    preferred: Option<Codec>,
    /// What is done about SRTP.
    pub(super) srtp: DialogSrtp,
    /// Our last description, so that one that says the same goes out unchanged (RFC 3264 §8).
    described: Option<Bytes>,
}

impl MediaPort {
    /// Binds a port at `bind`, described to the peer as `shown`, whose keys go by `digits` and whose sound is protected as
    /// `srtp` says.
    pub fn lease(
        rooms: &Rooms,
        (bind, shown): (IpAddr, IpAddr),
        digits: DigitWay,
        srtp: DialogSrtp,
    ) -> Result<Self, NoPort> {
        let (lease, mut socket) = rooms.ports.lease(clock(), bind)?;
        socket.show_as(shown);
        let local = SocketAddr::new(shown, lease.port);
        let version = SdpVersion { session_id: rand::random::<u32>().into(), version: 1 };
        Ok(Self {
            lease: Some(Arc::new(lease)),
            socket: Some(socket),
            local,
            version,
            digits,
            rtcp_mux: rooms.rtcp_mux,
            codecs: rooms.codecs.clone(),
            preferred: None,
            srtp,
            described: None,
        })
    }

    /// The same port, where a trunk may have codecs of its own.
    #[must_use]
    pub fn by_trunk(mut self, trunk: Option<&Trunk>) -> Self {
        if let Some(codecs) = trunk.and_then(|trunk| trunk.codecs.clone()) {
            self.codecs = codecs;
        }
        self
    }

    /// The same port, whose offers begin with the codec of whom the party is to talk to, so that sound can pass as it is.
    #[must_use]
    pub fn preferring(mut self, codec: Option<Codec>) -> Self {
        self.preferred = codec;
        self
    }

    /// Our offer, letting sound flow this way.
    pub fn offer(&mut self, direction: Direction) -> Bytes {
        let secrecy = self.srtp.offer();
        let mut capabilities = self.capabilities(direction, secrecy);
        capabilities.codecs.sort_by_key(|codec| Some(*codec) != self.preferred);
        let offer = sdp::offer(self.local, &capabilities, &self.version);
        self.describe(offer)
    }

    /// Our answer to the peer's offer, and what was agreed.
    pub fn answer(&mut self, offer: &[u8], direction: Direction) -> Result<(Bytes, Agreed), SdpError> {
        let capabilities = self.capabilities(direction, self.srtp.answer());
        let (answer, agreed) = sdp::answer(offer, self.local, &capabilities, &self.version)?;
        self.srtp.agreed(&agreed);
        self.preferred = Some(agreed.negotiated.codec);
        Ok((self.describe(answer), agreed))
    }

    /// What was agreed by the peer's answer to our last offer.
    pub fn accept(&mut self, answer: &[u8], direction: Direction) -> Result<Agreed, SdpError> {
        let agreed = sdp::accept(answer, &self.capabilities(direction, self.srtp.offered()))?;
        if self.srtp.refuses(&agreed) {
            return Err(SdpError::PlainRefused);
        }
        self.srtp.agreed(&agreed);
        self.preferred = Some(agreed.negotiated.codec);
        Ok(agreed)
    }

    /// Gives the port back, of which nothing is sent any more.
    pub(super) fn close(&mut self) {
        (self.socket, self.lease) = (None, None);
    }

    /// All that we can do with this peer, where sound flows this way at most.
    fn capabilities(&self, direction: Direction, secrecy: Secrecy) -> Capabilities {
        let telephone_events = match self.digits {
            DigitWay::Info | DigitWay::Inband => TelephoneEvents::Unspoken,
            DigitWay::Rfc4733 | DigitWay::Auto => TelephoneEvents::Spoken,
        };
        Capabilities {
            direction,
            telephone_events,
            secrecy,
            rtcp_mux: self.rtcp_mux,
            codecs: self.codecs.to_vec(),
            ..Capabilities::default()
        }
    }

    fn describe(&mut self, fresh: Bytes) -> Bytes {
        let described = match &self.described {
            None => fresh,
            Some(previous) => self.version.settle(previous, fresh),
        };
        self.described = Some(described.clone());
        described
    }
}
