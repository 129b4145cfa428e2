//! URIs: `sip:` and `sips:` taken apart, every other scheme kept whole.
//!
//! Shape: text to [`Uri`] and back, unchanged but for white space.
//! Errors: [`Malformed::Uri`].
//! Sources: RFC 3261 §19.1, RFC 3966 (`tel:`), RFC 3986 §3.1 (scheme), RFC 5118 (IPv6).

use super::params::Params;
use super::text::{escape_header, escape_user, unescape};
use crate::error::Malformed;
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// What a URI starts with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
    /// Any other scheme, in lower case.
    Other(String),
}

/// A URI of a request line, an address or a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    scheme: Scheme,
    /// The user part with its escapes and, if there is one, the password.
    user: Option<String>,
    /// The host; for a foreign scheme all that follows the colon.
    host: String,
    port: Option<u16>,
    params: Params,
    /// What follows the question mark.
    headers: Option<String>,
}

impl Uri {
    /// `sip:user@host:port`; `user` is plain text and is escaped here.
    pub fn sip(user: Option<&str>, host: SocketAddr) -> Self {
        let ip = match host.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        Self {
            scheme: Scheme::Sip,
            user: user.filter(|user| !user.is_empty()).map(escape_user),
            host: ip,
            port: Some(host.port()),
            params: Params::default(),
            headers: None,
        }
    }

    /// The same URI with the parameter `name` set. Bytes that could end the URI are dropped from `value`.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: Option<&str>) -> Self {
        let clean =
            |text: &str| text.chars().filter(|c| !c.is_control() && !" \"<>;?@".contains(*c)).collect::<String>();
        self.params.set(&clean(name), value.map(clean).as_deref());
        self
    }

    /// The same URI under `sips:`.
    pub(crate) fn secured(mut self) -> Self {
        self.scheme = Scheme::Sips;
        self
    }

    /// The same URI with another user part, given as plain text.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.user = Some(escape_user(user)).filter(|user| !user.is_empty());
        self
    }

    /// The same URI with another header behind the question mark, its value escaped.
    #[must_use]
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        let before = self.headers.take().map(|headers| headers + "&").unwrap_or_default();
        self.headers = Some(format!("{before}{name}={}", escape_header(value)));
        self
    }

    /// The scheme.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The user part without escapes and password; for `tel:` the number without its parameters.
    pub fn user(&self) -> Option<Cow<'_, str>> {
        match self.scheme {
            Scheme::Tel => Some(unescape(self.host.split(';').next().unwrap_or(""))),
            _ => self.user.as_deref().map(|user| unescape(user.split(':').next().unwrap_or(user))),
        }
    }

    /// The host as it stands, IPv6 in its brackets; for a foreign scheme all that follows the colon.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host as an address, when it is a literal.
    pub fn ip(&self) -> Option<IpAddr> {
        parse_ip(&self.host)
    }

    /// The port, when one stands there.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// A URI parameter's value; an empty text for one without value.
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.params.value(name)
    }

    /// A URI parameter's value without its escapes, such as a URL that stands in it.
    pub fn param_text(&self, name: &str) -> Option<String> {
        self.param(name).map(|value| unescape(&value).into_owned())
    }

    /// All URI parameters.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Header fields behind the question mark, as they stand.
    pub fn headers(&self) -> Option<&str> {
        self.headers.as_deref()
    }

    /// The same URI as it may stand in a request line: without headers and `method` (RFC 3261 §19.1.1, table 1).
    pub(crate) fn as_target(&self) -> Self {
        let mut target = self.clone();
        target.headers = None;
        target.params.remove("method");
        target
    }

    fn parse_sip(scheme: Scheme, rest: &str) -> Result<Self, Malformed> {
        // The user part may hold `;` and `?`, so the `@` is looked for first.
        let (user, rest) = match rest.rfind('@') {
            Some(at) => (Some(&rest[..at]), &rest[at + 1..]),
            None => (None, rest),
        };
        if user.is_some_and(|user| user.is_empty() || user.contains('@')) {
            return Err(Malformed::Uri);
        }
        let (rest, headers) = match rest.split_once('?') {
            Some((rest, headers)) => (rest, Some(headers.to_owned())),
            None => (rest, None),
        };
        let (host_port, params) = rest.split_once(';').unwrap_or((rest, ""));
        let (host, port) = split_host_port(host_port).ok_or(Malformed::Uri)?;
        Ok(Self {
            scheme,
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
            params: Params::parse(params).map_err(|_| Malformed::Uri)?,
            headers,
        })
    }
}

impl FromStr for Uri {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let usable = |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | '"');
        let (scheme, rest) = text.split_once(':').ok_or(Malformed::Uri)?;
        let well_formed = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !well_formed || rest.is_empty() || !rest.chars().all(usable) {
            return Err(Malformed::Uri);
        }
        match scheme.to_ascii_lowercase().as_str() {
            "sip" => Self::parse_sip(Scheme::Sip, rest),
            "sips" => Self::parse_sip(Scheme::Sips, rest),
            other => Ok(Self {
                scheme: if other == "tel" { Scheme::Tel } else { Scheme::Other(other.to_owned()) },
                user: None,
                host: rest.to_owned(),
                port: None,
                params: Params::default(),
                headers: None,
            }),
        }
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.scheme {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(scheme) => scheme,
        })?;
        f.write_str(":")?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.params)?;
        if let Some(headers) = &self.headers {
            write!(f, "?{headers}")?;
        }
        Ok(())
    }
}

/// Cuts `host[:port]`; `None` when either is not well-formed. White space around the colon is tolerated (RFC 4475 §3.1.1.1).
pub(crate) fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    let text = text.trim();
    let (host, port) = if text.starts_with('[') {
        let end = text.find(']')?;
        text[1..end].parse::<Ipv6Addr>().ok()?;
        let rest = text[end + 1..].trim_start();
        let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) };
        (&text[..=end], port)
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host.trim_end(), Some(port)),
            None => (text, None),
        }
    };
    let name_like =
        host.starts_with('[') || host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if host.is_empty() || !name_like {
        return None;
    }
    let port = match port.map(str::trim) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None => None,
    };
    Some((host, port))
}

/// The address a host names when it is an IPv4 literal or an IPv6 literal, with or without brackets.
pub(crate) fn parse_ip(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}
