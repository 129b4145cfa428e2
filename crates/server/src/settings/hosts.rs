//! Hosts outside that scripts may name in SIP URIs.
//!
//! Shape: a name, all names below one (`*.example.com`), or a network of addresses.
//! Errors: [`BadHost`].

use std::str::FromStr;

use antiphon_sip::Uri;

use super::Cidr;

/// Hosts that may be named.
#[derive(Clone, Debug)]
pub enum HostPattern {
    /// This one.
    Name(String),
    /// All below this one.
    Below(String),
    /// Those whose addresses are named, and lie here.
    Network(Cidr),
}

/// A text that names no hosts.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("is neither a host name, as in pbx.example.com or *.example.com, nor a network, as in 192.0.2.0/24")]
pub struct BadHost;

impl HostPattern {
    /// Whether the URI names one of them. An address is none of the names.
    pub fn allows(&self, uri: &Uri) -> bool {
        let host = uri.host();
        match (self, uri.ip()) {
            (Self::Network(network), Some(ip)) => network.contains(ip),
            (Self::Name(name), None) => host.eq_ignore_ascii_case(name),
            (Self::Below(name), None) => {
                let above = host.len().checked_sub(name.len()).and_then(|at| host.get(at..));
                host.len() > name.len() + 1
                    && above.is_some_and(|above| above.eq_ignore_ascii_case(name))
                    && host.as_bytes()[host.len() - name.len() - 1] == b'.'
            }
            _ => false,
        }
    }
}

impl FromStr for HostPattern {
    type Err = BadHost;

    fn from_str(text: &str) -> Result<Self, BadHost> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let (name, make): (_, fn(String) -> Self) = match text.strip_prefix("*.") {
            Some(name) => (name, Self::Below),
            None => (text, Self::Name),
        };
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        // What consists of digits alone is an address that is none.
        let is_name = name.split('.').all(is_label) && name.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_name { Ok(make(name.to_owned())) } else { Err(BadHost) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_by_itself_by_what_it_lies_below_or_by_its_network() {
        let allows = |pattern: &str, uri: &str| pattern.parse::<HostPattern>().unwrap().allows(&uri.parse().unwrap());
        for (pattern, uri, expected) in [
            ("pbx.example.com", "sip:1@PBX.example.com;transport=tcp", true),
            ("pbx.example.com", "sip:1@a.pbx.example.com", false),
            ("*.example.com", "sip:1@a.b.example.com", true),
            ("*.example.com", "sip:1@example.com", false),
            ("*.example.com", "sip:1@badexample.com", false),
            ("192.0.2.0/24", "sip:1@192.0.2.7:5070", true),
            ("192.0.2.0/24", "sip:1@192.0.3.7", false),
            ("2001:db8::/32", "sip:1@[2001:db8::7]", true),
            ("192.0.2.0/24", "sip:1@host.example", false),
        ] {
            assert_eq!(allows(pattern, uri), expected, "{pattern} {uri}");
        }
        for bad in ["", "*", "*.", "a..b", "sip:a.example", "192.0.2.300", "a b"] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
    }
}
