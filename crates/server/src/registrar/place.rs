//! One place where a phone is, small: there is one for each idle phone.
//!
//! Shape: text where a URI taken apart would be five allocations, a hash where only equality is asked for, seconds where an instant
//! would be twice as long.
//! Units: seconds since the registrar was made.

use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6};

/// A peer's address in half the room.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub(super) enum Peer {
    V4(SocketAddrV4),
    V6(Box<SocketAddrV6>),
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => Self::V4(address),
            SocketAddr::V6(address) => Self::V6(Box::new(address)),
        }
    }
}

impl From<&Peer> for SocketAddr {
    fn from(peer: &Peer) -> Self {
        match peer {
            Peer::V4(address) => Self::V4(*address),
            Peer::V6(address) => Self::V6(**address),
        }
    }
}

/// A flow: which listener, and the far end.
#[derive(Clone, Eq, PartialEq, Hash, Debug)]
pub(super) struct Way {
    pub(super) local: u16,
    pub(super) peer: Peer,
}

/// One place.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) contact: Box<str>,
    pub(super) path: Option<Box<str>>,
    pub(super) way: Way,
    /// The Call-ID it registered under, hashed.
    pub(super) call: u64,
    /// Instance and reg-id, hashed.
    pub(super) instance: Option<u64>,
    pub(super) cseq: u32,
    pub(super) expires: u32,
    /// How much it is preferred, in thousandths.
    pub(super) q: u16,
}
