//! A SIP listener as it is written in the settings: `udp:127.0.0.1:5060`, `tcp:[::1]:0`.
//!
//! Shape: transport, colon, address, colon, port; port 0 is any free one, no port is 5060, and 5061 for TLS.
//! Errors: [`ListenerError`]; transports to come are told apart from unknown ones.
//! Sources: `interface.md`, "Command line"; RFC 3261 §19.1.2 (default port).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// A SIP transport that is built.
#[derive(Copy, Clone, Eq, PartialEq, Hash, Debug)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A byte stream.
    Tcp,
    /// A byte stream inside TLS.
    Tls,
}

/// One address that SIP is listened for on.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct SipListener {
    /// The transport.
    pub transport: Transport,
    /// The address; port 0 asks for any free one.
    pub addr: SocketAddr,
}

/// A text that is no listener.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum ListenerError {
    /// The transport is planned and not there yet.
    #[error("the transport {0} is not built yet")]
    NotBuilt(&'static str),
    /// There is no such transport.
    #[error("does not begin with udp:, tcp: or tls:")]
    Transport,
    /// What follows the transport is no address.
    #[error("has no IP address and port after the transport, as in udp:127.0.0.1:5060")]
    Address,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        })
    }
}

impl fmt::Display for SipListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.addr)
    }
}

impl FromStr for SipListener {
    type Err = ListenerError;

    fn from_str(text: &str) -> Result<Self, ListenerError> {
        let (transport, address) = text.split_once(':').ok_or(ListenerError::Transport)?;
        let transport = match transport.to_ascii_lowercase().as_str() {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            "tls" => Transport::Tls,
            "ws" => return Err(ListenerError::NotBuilt("ws")),
            "wss" => return Err(ListenerError::NotBuilt("wss")),
            _ => return Err(ListenerError::Transport),
        };
        let addr = address.parse().ok().or_else(|| without_port(transport, address)).ok_or(ListenerError::Address)?;
        Ok(Self { transport, addr })
    }
}

fn without_port(transport: Transport, address: &str) -> Option<SocketAddr> {
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    let ip: IpAddr = bare.parse().ok()?;
    let port = match transport {
        Transport::Udp | Transport::Tcp => 5060,
        Transport::Tls => 5061,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_written_as_they_are_read() {
        for text in ["udp:127.0.0.1:5060", "tcp:[::1]:0", "tls:127.0.0.1:5062"] {
            assert_eq!(text.parse::<SipListener>().unwrap().to_string(), text);
        }
        assert_eq!("tls:[::1]".parse::<SipListener>().unwrap().to_string(), "tls:[::1]:5061");
        assert_eq!("udp:[::1]".parse::<SipListener>().unwrap().to_string(), "udp:[::1]:5060");
    }

    #[test]
    fn other_texts_are_refused_with_their_fault() {
        for (text, fault) in [
            ("wss:127.0.0.1:443", ListenerError::NotBuilt("wss")),
            ("sctp:127.0.0.1:5060", ListenerError::Transport),
            ("127.0.0.1", ListenerError::Transport),
            ("udp:localhost:5060", ListenerError::Address),
            ("udp:127.0.0.1:70000", ListenerError::Address),
        ] {
            assert_eq!(text.parse::<SipListener>(), Err(fault), "{text}");
        }
    }
}
