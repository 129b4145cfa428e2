//! Where a web server may not be, by the name in its URL.
//!
//! Shape: names and blocks of addresses that are refused. Addresses behind names are the matter of whoever connects.
//! Errors: [`Refused`], which says why.
//! Sources: `kazoo-pivot.md` 1.1.

use std::net::IpAddr;

/// Names and addresses that are refused; none, unless somebody says so: the server judges every address that it connects to anyway.
#[derive(Clone, Eq, PartialEq, Default, Debug)]
pub struct UrlGuard {
    /// Names of hosts, in lower case.
    pub hosts: Vec<String>,
    /// Blocks of addresses, each with the length of its prefix.
    pub blocks: Vec<(IpAddr, u8)>,
}

/// Why a URL is refused.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum Refused {
    /// It is no absolute URL of HTTP.
    #[error("must be an absolute http or https URL")]
    NoAddress,
    /// Its host is one of those that are refused.
    #[error("names a host that may not be asked")]
    Host,
    /// Its address is.
    #[error("names an address that may not be asked")]
    Address,
}

impl UrlGuard {
    /// What KAZOO refuses where nobody has changed it.
    pub fn kazoo() -> Self {
        let block = |address: [u8; 4]| (IpAddr::from(address), 32);
        Self { hosts: vec!["localhost".to_owned()], blocks: vec![block([127, 0, 0, 1]), block([0, 0, 0, 0])] }
    }

    /// Whether a URL may be asked, as far as its text says.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(&self, url: &str) -> Result<(), Refused> {
        let host = host(url).ok_or(Refused::NoAddress)?.to_ascii_lowercase();
        if self.hosts.contains(&host) {
            return Err(Refused::Host);
        }
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) if self.blocks.iter().any(|(block, prefix)| is_within(address, *block, *prefix)) => {
                Err(Refused::Address)
            }
            _ => Ok(()),
        }
    }
}

/// The host of an absolute URL of HTTP without user, password and port; `None` where it is none.
pub fn host(url: &str) -> Option<&str> {
    let rest = ["http://", "https://"].into_iter().find_map(|scheme| {
        let (head, rest) = url.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let server = authority.rsplit_once('@').map_or(authority, |(_, server)| server);
    let host = match server.strip_prefix('[') {
        Some(_) => &server[..server.find(']')? + 1],
        None => server.split(':').next().unwrap_or_default(),
    };
    (!host.is_empty()).then_some(host)
}

fn is_within(address: IpAddr, block: IpAddr, prefix: u8) -> bool {
    match (address, block) {
        (IpAddr::V4(address), IpAddr::V4(block)) => {
            let shift = 32 - u32::from(prefix.min(32));
            u32::from(address).checked_shr(shift) == u32::from(block).checked_shr(shift)
        }
        (IpAddr::V6(address), IpAddr::V6(block)) => {
            let shift = 128 - u32::from(prefix.min(128));
            u128::from(address).checked_shr(shift) == u128::from(block).checked_shr(shift)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_judged_by_its_host() {
        let guard = UrlGuard {
            blocks: vec![("10.0.0.0".parse().unwrap(), 8), ("::1".parse().unwrap(), 128)],
            ..UrlGuard::kazoo()
        };
        for (url, allowed) in [
            ("http://pivot.example.com/x", Ok(())),
            ("HTTPS://user:pass@pivot.example.com:8080?x", Ok(())),
            ("http://LocalHost:8080/x", Err(Refused::Host)),
            ("http://a@localhost", Err(Refused::Host)),
            ("http://10.1.2.3/", Err(Refused::Address)),
            ("http://11.1.2.3/", Ok(())),
            ("http://[::1]:80/", Err(Refused::Address)),
            ("http://[::2]/", Ok(())),
            ("ftp://pivot.example.com/", Err(Refused::NoAddress)),
            ("http:///x", Err(Refused::NoAddress)),
            ("http://a b/", Err(Refused::NoAddress)),
            ("/x", Err(Refused::NoAddress)),
        ] {
            assert_eq!(guard.check(url), allowed, "{url}");
        }
        assert_eq!(UrlGuard::default().check("http://127.0.0.1/"), Ok(()));
    }
}
