//! Where a request goes, read out of its URL.
//!
//! Shape: text in, [`Place`] out: the URL as it is asked, without user, password and fragment, and the credentials apart.
//! Errors: [`FetchError::BadUrl`] for what is no URL of the web, [`FetchError::Denied`] for an address or port that nobody is sent to.
//! Sources: the URL standard of WHATWG, whose reader this is: `http://2130706433/`, `http://0x7f.1/`, `http://０127.1/` and
//! `http://127.0.0.1./` are all 127.0.0.1 after it; the Fetch standard, "port blocking".

use std::net::IpAddr;

use antiphon_ivr::FetchError;
use base64::Engine;
use url::{Host, Url};

use super::policy::Policy;

/// The longest URL that is asked, in bytes.
pub(super) const LONGEST: usize = 8_192;

/// Ports of other protocols, which a request in HTTP could be made to speak to.
const BAD_PORTS: [u16; 81] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110,
    111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532,
    540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061,
    6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
];

/// Where a request goes.
#[derive(Clone, Eq, PartialEq, Debug)]
pub(super) struct Place {
    url: Url,
    /// What stands for user and password in the header `Authorization`.
    basic: Option<String>,
}

impl Place {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// [`FetchError::BadUrl`].
    pub(super) fn read(text: &str) -> Result<Self, FetchError> {
        let bad = |problem: &str| FetchError::BadUrl(problem.to_owned());
        if text.len() > LONGEST {
            return Err(bad("it is longer than 8192 bytes"));
        }
        let url = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        Self::of(url)
    }

    /// Where a redirect leads to, which may be written relative to this place. Credentials stay with their origin.
    ///
    /// # Errors
    /// [`FetchError::Redirects`] when it leads nowhere, [`FetchError::Denied`] when it leaves https for http.
    pub(super) fn redirected(&self, location: &str) -> Result<Self, FetchError> {
        let url = self.url.join(location).map_err(|_| FetchError::Redirects)?;
        if url.as_str().len() > LONGEST {
            return Err(FetchError::Redirects);
        }
        let mut next = Self::of(url).map_err(|_| FetchError::Redirects)?;
        if self.url.scheme() == "https" && next.url.scheme() == "http" {
            return Err(FetchError::Denied("a redirect from https to http".to_owned()));
        }
        if next.basic.is_none() && next.same_origin(self) {
            next.basic.clone_from(&self.basic);
        }
        Ok(next)
    }

    fn of(mut url: Url) -> Result<Self, FetchError> {
        let bad = |problem: &str| FetchError::BadUrl(problem.to_owned());
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad("it begins with neither http:// nor https://"));
        }
        if url.host().is_none() {
            return Err(bad("it names no host"));
        }
        let basic = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let [user, password] = [url.username(), url.password().unwrap_or_default()].map(decoded);
            let both = [user, password].join(&b':');
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(both))
        });
        url.set_fragment(None);
        let stripped = url.set_username("").and_then(|()| url.set_password(None));
        stripped.map_err(|()| bad("it names no host"))?;
        Ok(Self { url, basic })
    }

    /// Whether a request may go there, as far as that is known before names are looked up.
    ///
    /// # Errors
    /// [`FetchError::Denied`].
    pub(super) fn check(&self, policy: &Policy) -> Result<(), FetchError> {
        let port = self.port();
        if port == 0 || BAD_PORTS.contains(&port) {
            return Err(FetchError::Denied(format!("port {port}")));
        }
        match self.address() {
            Some(address) => policy.check(address).map_err(|closed| FetchError::Denied(closed.to_string())),
            None => Ok(()),
        }
    }

    /// The URL as it is asked.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// The header `Authorization`, where the URL has a user.
    pub(super) fn basic(&self) -> Option<&str> {
        self.basic.as_deref()
    }

    /// The address, where the URL names one and no host.
    fn address(&self) -> Option<IpAddr> {
        match self.url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) | None => None,
        }
    }

    fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(0)
    }

    /// Host and port, to which connections are counted.
    pub(super) fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        format!("{}:{}", host.trim_end_matches('.'), self.port())
    }

    /// Scheme, host and path, for the log: what stands behind it may be a caller's number or a secret.
    pub(super) fn for_the_log(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.into()
    }

    /// Whether scheme, host and port are the same.
    pub(super) fn same_origin(&self, other: &Self) -> bool {
        self.url.origin() == other.url.origin()
    }
}

/// The bytes that a part of a URL stands for.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let code = match behind {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        bytes.push(code.map_or(*first, |(high, low)| high << 4 | low));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests;
