//! A network in CIDR notation.
//!
//! Shape: `203.0.113.0/24`, `::1/128`, or a bare address for itself alone.
//! Errors: [`CidrError`] when a text is none.
//! Sources: RFC 4632 §3.1, RFC 4291 §2.3.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// An address prefix. Bits beyond the prefix are ignored, not refused.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

/// A text that is no network.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum CidrError {
    /// The part before the slash is no IP address.
    #[error("is not an IP address")]
    Address,
    /// The part after the slash is no length that the address has.
    #[error("has a prefix length that is not a number within the address")]
    Prefix,
}

impl Cidr {
    /// Its address, and the length of its prefix.
    pub fn parts(&self) -> (IpAddr, u8) {
        (self.address, self.prefix)
    }

    /// Whether the address is inside. An IPv4 address that came as an IPv4-mapped IPv6 one counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same_prefix_32(network.into(), address.into(), self.prefix),
            (IpAddr::V6(network), IpAddr::V6(address)) => same_prefix_128(network, address, self.prefix),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

fn same_prefix_32(a: u32, b: u32, prefix: u8) -> bool {
    // A shift by the whole width means "no bit compared".
    (a ^ b).checked_shr(32 - u32::from(prefix)).unwrap_or(0) == 0
}

fn same_prefix_128(a: Ipv6Addr, b: Ipv6Addr, prefix: u8) -> bool {
    (u128::from(a) ^ u128::from(b)).checked_shr(128 - u32::from(prefix)).unwrap_or(0) == 0
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(digits) => digits.parse().ok().filter(|&p| p <= width).ok_or(CidrError::Prefix)?,
            None => width,
        };
        Ok(Self { address, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(network: &str, address: &str, inside: bool) {
        let network: Cidr = network.parse().unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), inside, "{address} in {network}");
    }

    #[test]
    fn an_address_is_inside_when_the_prefix_bits_agree() {
        check("127.0.0.0/8", "127.200.1.2", true);
        check("127.0.0.0/8", "128.0.0.1", false);
        check("203.0.113.7", "203.0.113.7", true);
        check("203.0.113.7", "203.0.113.8", false);
        check("0.0.0.0/0", "8.8.8.8", true);
        check("::/0", "2001:db8::1", true);
        check("::1/128", "::1", true);
        check("2001:db8::/32", "2001:db9::", false);
        check("127.0.0.0/8", "::ffff:127.0.0.1", true);
        check("::/0", "127.0.0.1", false);
    }

    #[test]
    fn what_is_no_network_is_refused() {
        assert_eq!("example.net/8".parse::<Cidr>(), Err(CidrError::Address));
        assert_eq!("10.0.0.0/33".parse::<Cidr>(), Err(CidrError::Prefix));
        assert_eq!("10.0.0.0/".parse::<Cidr>(), Err(CidrError::Prefix));
    }
}
