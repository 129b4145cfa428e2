//! `Via`: who sent a message, and where its responses go.
//!
//! Shape: header text to [`Via`] and back.
//! Errors: [`Malformed::Via`].
//! Sources: RFC 3261 §18.2, §20.42; RFC 3581 (`rport`).

use super::params::Params;
use super::text::is_token;
use super::uri::split_host_port;
use crate::error::Malformed;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// What a branch starts with that is unique by itself (RFC 3261 §8.1.1.7).
pub(crate) const MAGIC_COOKIE: &str = "z9hG4bK";

/// One `Via` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Via {
    /// `UDP`, `TCP` or any other token, as it stands.
    pub(crate) transport: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) params: Params,
}

impl Via {
    /// The branch, empty when there is none (RFC 2543).
    pub(crate) fn branch(&self) -> String {
        self.params.value("branch").map(|branch| branch.into_owned()).unwrap_or_default()
    }

    /// `host:port` in lower case; the port is 5060 when none stands there.
    pub(crate) fn sent_by(&self) -> String {
        format!("{}:{}", self.host.to_ascii_lowercase(), self.port.unwrap_or(5060))
    }

    /// Notes where the request really came from (RFC 3261 §18.2.1, RFC 3581 §4).
    pub(crate) fn note_source(&mut self, source: SocketAddr) {
        let wants_port = self.params.contains("rport");
        if wants_port {
            self.params.set("rport", Some(&source.port().to_string()));
        }
        if wants_port || super::uri::parse_ip(&self.host) != Some(source.ip()) {
            self.params.set("received", Some(&source.ip().to_string()));
        } else {
            // Whoever wrote `received` before us was not the one who saw the packet.
            self.params.remove("received");
        }
    }

    /// Where a response over UDP goes: to the source, at its port if `rport` asks for that, else at the port of `sent-by`
    /// (RFC 3261 §18.2.2, RFC 3581 §4). `maddr` is not followed: it would let a request aim our responses at a third party.
    pub(crate) fn response_address(&self, source: SocketAddr) -> SocketAddr {
        if self.params.contains("rport") {
            return source;
        }
        let ip: IpAddr = source.ip();
        SocketAddr::new(ip, self.port.filter(|port| *port != 0).unwrap_or(5060))
    }
}

impl FromStr for Via {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let bad = Malformed::Via;
        let (protocol, rest) = text.split_once('/').ok_or(bad)?;
        let (version, rest) = rest.split_once('/').ok_or(bad)?;
        if !protocol.trim().eq_ignore_ascii_case("SIP") || version.trim() != "2.0" {
            return Err(bad);
        }
        Self::from_transport(rest)
    }
}

impl Via {
    /// Reads a `Via` of whatever version, to tell its sender that we speak another (RFC 4475 §3.1.2.16).
    pub(crate) fn of_any_version(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.splitn(3, '/');
        let protocol = parts.next().unwrap_or_default();
        let rest = parts.nth(1).filter(|_| protocol.trim().eq_ignore_ascii_case("SIP"));
        Self::from_transport(rest.ok_or(Malformed::Via)?)
    }

    /// Reads what follows the version.
    fn from_transport(rest: &str) -> Result<Self, Malformed> {
        let bad = Malformed::Via;
        let (transport, rest) = rest.trim_start().split_once([' ', '\t']).ok_or(bad)?;
        let (sent_by, params) = rest.split_once(';').unwrap_or((rest, ""));
        let (host, port) = split_host_port(sent_by).ok_or(bad)?;
        if !is_token(transport) {
            return Err(bad);
        }
        Ok(Self {
            transport: transport.to_owned(),
            host: host.to_owned(),
            port,
            params: Params::parse(params).map_err(|_| bad)?,
        })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SIP/2.0/{} {}", self.transport, self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)
    }
}
