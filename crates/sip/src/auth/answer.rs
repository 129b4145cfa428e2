//! One challenge that we got, and the answers to it.
//!
//! Shape: the header of a 401 or 407 in; the value of `Authorization` or `Proxy-Authorization` out, as often as the nonce
//! serves.
//! Sources: RFC 3261 §22.2, §22.3; RFC 7616 §3.4 (`nc` counts the uses of a nonce); RFC 8760 §2.4.

use super::digest::{Algorithm, Exchange, fields};
use crate::event::Credentials;
use crate::message::text::quote;
use crate::message::{Headers, StatusCode};

/// A longer nonce, realm or opaque is not answered, so that a peer cannot make our requests large.
const MAX_FIELD: usize = 512;

/// Who challenges: the server itself or a proxy on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Challenger {
    Server,
    Proxy,
}

impl Challenger {
    pub(super) fn of(status: StatusCode) -> Option<Self> {
        match status {
            StatusCode::UNAUTHORIZED => Some(Self::Server),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => Some(Self::Proxy),
            _ => None,
        }
    }

    /// The one that may ask as well.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Server => Self::Proxy,
            Self::Proxy => Self::Server,
        }
    }

    /// Where its challenges stand.
    pub(super) fn challenge_header(self) -> &'static str {
        match self {
            Self::Server => "WWW-Authenticate",
            Self::Proxy => "Proxy-Authenticate",
        }
    }

    /// Where the answers stand.
    pub(super) fn answer_header(self) -> &'static str {
        match self {
            Self::Server => "Authorization",
            Self::Proxy => "Proxy-Authorization",
        }
    }
}

/// The challenges that one request has answered on its way. A proxy may ask first and the server behind it next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Answered {
    server: u8,
    proxy: u8,
}

impl Answered {
    /// With another challenge. None where it is not to be answered: each challenger gets one proof, and another when it says that
    /// only the nonce was stale. A proof that was sent ahead does not count.
    pub(crate) fn and(mut self, status: StatusCode, challenge: &Headers) -> Option<Self> {
        let challenger = Challenger::of(status)?;
        let count = match challenger {
            Challenger::Server => &mut self.server,
            Challenger::Proxy => &mut self.proxy,
        };
        let is_stale = |value| fields(value).get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        if *count > 1 || *count == 1 && !challenge.all(challenger.challenge_header()).any(is_stale) {
            return None;
        }
        *count += 1;
        Some(self)
    }
}

/// A challenge that can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// Whether `qop=auth` was offered; without it, the digest of RFC 2069.
    counted: bool,
    /// How often the nonce was used.
    pub(super) used: u32,
}

impl Challenge {
    /// Reads a challenge; none for an algorithm or a quality of protection that we do not have.
    pub(super) fn read(value: &str) -> Option<Self> {
        let mut fields = fields(value);
        let algorithm = Algorithm::named(fields.get("algorithm").map(String::as_str))?;
        let counted = match fields.get("qop") {
            None => false,
            Some(offered) if offered.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => true,
            Some(_) => return None,
        };
        let mut take = |name| fields.remove(name).filter(|value| value.len() <= MAX_FIELD);
        Some(Self { realm: take("realm")?, nonce: take("nonce")?, opaque: take("opaque"), algorithm, counted, used: 0 })
    }

    /// The next answer; none once the count is used up.
    pub(super) fn answer(
        &mut self,
        credentials: &Credentials,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> Option<String> {
        self.used = self.used.checked_add(1)?;
        let nc = format!("{:08x}", self.used);
        let count = self.counted.then_some((nc.as_str(), cnonce));
        let response = Exchange {
            algorithm: self.algorithm,
            username: &credentials.username,
            realm: &self.realm,
            password: &credentials.password,
            method,
            uri,
            nonce: &self.nonce,
            count,
        }
        .response();
        let mut value = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\", algorithm={}",
            quote(&credentials.username),
            quote(&self.realm),
            quote(&self.nonce),
            quote(uri),
            self.algorithm.name()
        );
        if let Some((nc, cnonce)) = count {
            value.push_str(&format!(", qop=auth, nc={nc}, cnonce=\"{cnonce}\""));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(", opaque={}", quote(opaque)));
        }
        Some(value)
    }
}
