//! Addresses: `From`, `To`, `Contact`, `Route` and what has their shape.
//!
//! Shape: header text to [`NameAddr`] or [`Contact`] and back.
//! Units: `expires` is a `Duration` of whole seconds.
//! Errors: [`Malformed::Address`], or [`Malformed::Uri`] for the URI within.
//! Sources: RFC 3261 §20.10, §20.20, §20.34; RFC 4475 §3.1.1.6 (no space before `<`).

use super::params::Params;
use super::text::{find_outside_quotes, is_token, quote, quoted_len, unquote};
use super::uri::Uri;
use crate::error::Malformed;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A display name, a URI and the parameters behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameAddr {
    /// What a phone shows, without quotes.
    pub display: Option<String>,
    /// Who it is.
    pub uri: Uri,
    /// Header parameters, such as `tag`.
    pub params: Params,
}

impl NameAddr {
    /// An address without display name and parameters.
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, params: Params::default() }
    }

    /// The same address with a display name.
    #[must_use]
    pub fn with_display(mut self, display: &str) -> Self {
        self.display = Some(display.to_owned()).filter(|display| !display.is_empty());
        self
    }

    /// The `tag` parameter.
    pub fn tag(&self) -> Option<String> {
        self.params.value("tag").map(|tag| tag.into_owned()).filter(|tag| !tag.is_empty())
    }

    pub(crate) fn with_tag(mut self, tag: &str) -> Self {
        self.params.set("tag", Some(tag));
        self
    }
}

impl FromStr for NameAddr {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        let name_len = if text.starts_with('"') { quoted_len(text).ok_or(Malformed::Address)? } else { 0 };
        let Some(open) = text[name_len..].find('<').map(|at| name_len + at) else {
            // Without brackets every parameter belongs to the header, and the URI may not hold `?` or `,`.
            let at = find_outside_quotes(text, b';').unwrap_or(text.len());
            let uri: Uri = text[..at].trim_end().parse()?;
            if uri.headers().is_some() {
                return Err(Malformed::Address);
            }
            return Ok(Self { display: None, uri, params: Params::parse(&text[at..])? });
        };
        let name = text[..open].trim_end();
        let plain = name.split_ascii_whitespace().all(|word| word.chars().all(is_display_char));
        if name_len == 0 && !plain || name_len > 0 && name.len() != name_len {
            return Err(Malformed::Address);
        }
        let close = text[open..].find('>').map(|at| open + at).ok_or(Malformed::Address)?;
        let rest = text[close + 1..].trim_start();
        if !rest.is_empty() && !rest.starts_with(';') {
            return Err(Malformed::Address);
        }
        Ok(Self {
            display: Some(unquote(name).into_owned()).filter(|name| !name.is_empty()),
            uri: text[open + 1..close].trim().parse()?,
            params: Params::parse(rest)?,
        })
    }
}

/// A bare display name is made of tokens; other letters than ASCII are tolerated, separators are not (RFC 4475 §3.1.2.14).
fn is_display_char(c: char) -> bool {
    !c.is_ascii() && !c.is_control() || u8::try_from(c).is_ok_and(super::text::is_token_byte)
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.display {
            Some(name) if is_token(name) => write!(f, "{name} ")?,
            Some(name) => write!(f, "{} ", quote(name))?,
            None => {}
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// One binding of a `Contact` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// `*`: every binding (RFC 3261 §10.2.2).
    Star,
    /// An address.
    Address(NameAddr),
}

impl Contact {
    /// The URI; `None` for `*`.
    pub fn uri(&self) -> Option<&Uri> {
        match self {
            Self::Star => None,
            Self::Address(address) => Some(&address.uri),
        }
    }

    /// How long the binding shall live. A number too large to mean anything is cut to 2^32-1 seconds (RFC 3261 §20.19).
    pub fn expires(&self) -> Option<Duration> {
        match self {
            Self::Star => None,
            Self::Address(address) => address.params.value("expires").and_then(|value| parse_seconds(&value)),
        }
    }
}

/// Reads delta-seconds, cut to 2^32-1.
pub(crate) fn parse_seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}
