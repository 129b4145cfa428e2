//! Which addresses a request that somebody else wrote may go to.
//!
//! Shape: functions over addresses; nothing is resolved or sent here. An address is open when it is one of the public internet, or in
//! `allow`; whatever is in `deny` is closed in any case.
//! Errors: [`Closed`], which says what kind of address it is.
//! Sources: the IANA registries of special-purpose addresses (RFC 6890 and its updates); RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4291
//! §2.5.5 (mapped addresses). The metadata services of clouds: 169.254.169.254, fd00:ec2::254, 192.0.0.192, 100.100.100.200, which are
//! in blocks that are closed anyway, and 168.63.129.16, which is not.
//!
//! An address that holds another one inside is judged by both: a gateway on the way would take the inner one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::settings::Cidr;

/// The networks that requests may go to, beside the public internet, and those that they may not.
#[derive(Clone, Default, Debug)]
pub struct Policy {
    /// Open, though they are not of the public internet.
    pub allow: Vec<Cidr>,
    /// Closed, whatever else says that they are open.
    pub deny: Vec<Cidr>,
}

/// An address that nobody is sent to, and why.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
#[error("{address} is {kind}")]
pub struct Closed {
    /// The address.
    pub address: IpAddr,
    /// What it is, as in "127.0.0.1 is loopback".
    pub kind: &'static str,
}

impl Policy {
    /// Whether a request may go to this address.
    ///
    /// # Errors
    /// [`Closed`] when it may not.
    pub fn check(&self, address: IpAddr) -> Result<(), Closed> {
        let closed = |kind| Err(Closed { address, kind });
        let mut judged = address.to_canonical();
        loop {
            if self.deny.iter().any(|network| network.contains(judged)) {
                return closed("denied by the settings");
            }
            let is_allowed = self.allow.iter().any(|network| network.contains(judged));
            if let Some(kind) = special(judged).filter(|_| !is_allowed) {
                return closed(kind);
            }
            match judged {
                IpAddr::V6(outer) => match inner(outer) {
                    Some(inner) => judged = inner.into(),
                    None => return Ok(()),
                },
                IpAddr::V4(_) => return Ok(()),
            }
        }
    }
}

/// What an address is that is not one of the public internet.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("of this network"),
        [127, ..] => Some("loopback"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private"),
        [100, 64..=127, ..] => Some("of a carrier's inner network"),
        [169, 254, ..] => Some("link-local"),
        [168, 63, 129, 16] => Some("of a metadata service"),
        [192, 0, 0, _] => Some("of a protocol"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Some("for documentation"),
        [192, 88, 99, _] => Some("of a 6to4 relay"),
        [198, 18..=19, ..] => Some("for benchmarks"),
        [224..=239, ..] => Some("multicast"),
        [255, 255, 255, 255] => Some("broadcast"),
        [240..=255, ..] => Some("reserved"),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    if nat64(address).is_some() {
        return None;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xfc00..=0xfdff, ..] => Some("private"),
        [0xfec0..=0xfeff, ..] => Some("site-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Some("for documentation"),
        [0x2001, 0, ..] => Some("of a Teredo tunnel"),
        [0x2001, 0..=0x1ff, ..] => Some("of a protocol"),
        // Whatever is not in 2000::/3 has not been given to anybody.
        [0x2000..=0x3fff, ..] => None,
        _ => Some("reserved"),
    }
}

/// The IPv4 address that a gateway takes out of this one.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    nat64(address).or_else(|| {
        let [a, b, c, d, e, f, ..] = address.octets();
        ([a, b] == [0x20, 0x02]).then_some(Ipv4Addr::new(c, d, e, f))
    })
}

/// The same for the well-known prefix of NAT64, `64:ff9b::/96`.
fn nat64(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Vec<Cidr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[track_caller]
    fn check(policy: &Policy, address: &str, kind: Option<&str>) {
        let closed = policy.check(address.parse().unwrap()).err();
        assert_eq!(closed.map(|closed| closed.kind), kind, "{address}");
    }

    #[test]
    fn without_settings_only_the_public_internet_is_open() {
        let policy = Policy::default();
        for open in
            ["8.8.8.8", "100.63.255.255", "172.32.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1111", "2a00::1"]
        {
            check(&policy, open, None);
        }
        for (closed, kind) in [
            ("0.0.0.0", "of this network"),
            ("0.1.2.3", "of this network"),
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("10.0.0.1", "private"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.168.1.1", "private"),
            ("100.64.0.1", "of a carrier's inner network"),
            ("100.100.100.200", "of a carrier's inner network"),
            ("169.254.169.254", "link-local"),
            ("168.63.129.16", "of a metadata service"),
            ("192.0.0.192", "of a protocol"),
            ("192.0.2.1", "for documentation"),
            ("198.51.100.1", "for documentation"),
            ("203.0.113.1", "for documentation"),
            ("192.88.99.1", "of a 6to4 relay"),
            ("198.18.0.1", "for benchmarks"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("fe80::1", "link-local"),
            ("fd00:ec2::254", "private"),
            ("fc00::1", "private"),
            ("fec0::1", "site-local"),
            ("ff02::1", "multicast"),
            ("2001:db8::1", "for documentation"),
            ("3fff::1", "for documentation"),
            ("2001:0:4136:e378::1", "of a Teredo tunnel"),
            ("2001:10::1", "of a protocol"),
            ("100::1", "reserved"),
            ("5f00::1", "reserved"),
            ("64:ff9b:1::1", "reserved"),
            ("::7f00:1", "reserved"),
        ] {
            check(&policy, closed, Some(kind));
        }
    }

    #[test]
    fn an_address_inside_another_one_counts() {
        let policy = Policy::default();
        for (closed, kind) in [
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:169.254.169.254", "link-local"),
            ("64:ff9b::10.0.0.1", "private"),
            ("64:ff9b::169.254.169.254", "link-local"),
            ("2002:7f00:1::1", "loopback"),
            ("2002:c0a8:101::", "private"),
        ] {
            check(&policy, closed, Some(kind));
        }
        for open in ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"] {
            check(&policy, open, None);
        }
    }

    #[test]
    fn what_is_allowed_is_open_and_what_is_denied_is_closed_whatever_is_allowed() {
        let policy =
            Policy { allow: networks(&["127.0.0.0/8", "fd00::/8"]), deny: networks(&["127.0.0.9", "8.8.0.0/16"]) };
        check(&policy, "127.0.0.1", None);
        check(&policy, "::ffff:127.0.0.1", None);
        check(&policy, "fd12::1", None);
        check(&policy, "::1", Some("loopback"));
        check(&policy, "10.0.0.1", Some("private"));
        for denied in ["127.0.0.9", "::ffff:127.0.0.9", "8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"] {
            check(&policy, denied, Some("denied by the settings"));
        }
        check(&policy, "64:ff9b::127.0.0.1", None);
        let all = Policy { allow: networks(&["0.0.0.0/0", "::/0"]), deny: Vec::new() };
        for open in ["10.0.0.1", "169.254.169.254", "::1", "::"] {
            check(&all, open, None);
        }
    }
}
