//! Paths of messages: who talks to whom over what.
//!
//! Shape: plain values, told by and handed to whoever owns the sockets.
//! Sources: RFC 3261 §18; RFC 5626 §2 (flow).

use bytes::Bytes;
use std::net::{IpAddr, SocketAddr};

/// How messages travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams; this crate repeats what is lost.
    Udp,
    /// A byte stream, cut by [`StreamFramer`](crate::StreamFramer).
    Tcp,
    /// The same inside TLS.
    Tls,
}

impl Transport {
    /// Whether what is sent arrives or the flow fails, so that nothing has to be repeated (RFC 3261 §17).
    pub fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp | Self::Tls => true,
        }
    }

    /// The port of a URI that names none (RFC 3261 §19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
        }
    }

    /// The value of a `transport` URI parameter; none where it is the default.
    pub(crate) fn param(self) -> Option<&'static str> {
        match self {
            Self::Udp => None,
            Self::Tcp => Some("tcp"),
            Self::Tls => Some("tls"),
        }
    }

    /// The token in `Via` (RFC 3261 §20.42).
    pub(crate) fn via_token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// What a `transport` URI parameter names.
    pub fn from_param(value: &str) -> Option<Self> {
        match value.to_ascii_lowercase().as_str() {
            "udp" => Some(Self::Udp),
            "tcp" => Some(Self::Tcp),
            "tls" => Some(Self::Tls),
            _ => None,
        }
    }
}

/// One path of messages. For a byte stream the pair of addresses names the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Flow {
    /// How.
    pub transport: Transport,
    /// The listener's bound address.
    pub local: SocketAddr,
    /// The far end.
    pub peer: SocketAddr,
}

/// Whether an address is that of one host: not that of none (`0.0.0.0`), nor of many. Whoever names another, in a `Contact` or
/// in the domain name system, names no way to somebody.
pub fn is_one_host(ip: IpAddr) -> bool {
    let is_broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
    !ip.is_unspecified() && !ip.is_multicast() && !is_broadcast
}

/// A place where messages are received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listener {
    /// How.
    pub transport: Transport,
    /// The bound address, as [`Flow::local`] names it.
    pub local: SocketAddr,
    /// The address that goes into `Via` and `Contact`.
    pub advertised: SocketAddr,
}

/// Bytes to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Where from and where to. Over a byte stream without such a connection, one to `peer` is to be opened.
    pub flow: Flow,
    /// One whole message.
    pub payload: Bytes,
    /// Whether the same message goes another way as soon as this one is known to have failed, so that a connection for it is not
    /// worth a long wait: somebody hears nothing meanwhile.
    pub has_fallback: bool,
}
