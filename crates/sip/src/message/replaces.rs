//! Which call another takes the place of, and whom a REFER names.
//!
//! Shape: [`Replaces`] is the header, also inside the URI of a `Refer-To`; [`ReferRequest`] is what a REFER asks for.
//! Errors: [`Malformed::Address`], and the request is answered 400.
//! Sources: RFC 3891 §6.1, RFC 3515 §2.1, RFC 3892 (`Referred-By`), RFC 4488 (`Refer-Sub`).

use super::params::Params;
use super::text::unescape;
use super::{Headers, NameAddr, Request, Uri};
use crate::error::Malformed;
use std::fmt;
use std::str::FromStr;

/// The longest text that is read.
const MAX_TEXT: usize = 1024;

/// A dialog as its other end knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Replaces {
    /// The Call-ID.
    pub call_id: String,
    /// The tag of whoever receives this.
    pub to_tag: String,
    /// The tag of the other party of the dialog.
    pub from_tag: String,
    /// Whether it is only to be replaced as long as it rings.
    pub early_only: bool,
}

impl FromStr for Replaces {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (call_id, params) = text.trim().split_once(';').ok_or(Malformed::Address)?;
        let (call_id, params) = (call_id.trim(), Params::parse(params).map_err(|_| Malformed::Address)?);
        let printable = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        let single = |name: &str| {
            let mut found = params.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            let tag = found.next().and_then(|(_, value)| value).filter(|tag| super::text::is_token(tag));
            tag.filter(|_| found.next().is_none()).map(str::to_owned).ok_or(Malformed::Address)
        };
        if text.len() > MAX_TEXT || !printable(call_id) || call_id.contains([',', '"', '<', '>']) {
            return Err(Malformed::Address);
        }
        Ok(Self {
            call_id: call_id.to_owned(),
            to_tag: single("to-tag")?,
            from_tag: single("from-tag")?,
            early_only: params.contains("early-only"),
        })
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        if self.early_only { f.write_str(";early-only") } else { Ok(()) }
    }
}

impl Request {
    /// The dialog that this INVITE takes the place of; `None` without a `Replaces` header.
    ///
    /// # Errors
    /// [`Malformed`] when it cannot be read or stands twice.
    pub fn replaces(&self) -> Option<Result<Replaces, Malformed>> {
        single(&self.common.headers, "Replaces").map(|value| value?.parse())
    }
}

/// What a REFER asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferRequest {
    /// Whom to call, without headers.
    pub target: NameAddr,
    /// The call at the target to take the place of: an attended transfer.
    pub replaces: Option<Replaces>,
    /// Who says that they ask (RFC 3892); nothing proves it.
    pub referred_by: Option<NameAddr>,
}

impl ReferRequest {
    /// Reads a REFER.
    pub(crate) fn of(request: &Request) -> Result<Self, Malformed> {
        let headers = &request.common.headers;
        let mut target: NameAddr = single(headers, "Refer-To").ok_or(Malformed::MissingHeader)??.parse()?;
        let replaces = uri_header(&target.uri, "Replaces").map(|value| value.parse()).transpose()?;
        target.uri = target.uri.as_target();
        let referred_by = headers.first("Referred-By").and_then(|value| value.parse().ok());
        Ok(Self { target, replaces, referred_by })
    }
}

/// Whether a message says that a REFER makes no subscription.
pub(crate) fn is_without_subscription(headers: &Headers) -> bool {
    headers.first("Refer-Sub").is_some_and(|value| {
        let value = value.split(';').next().unwrap_or_default();
        value.trim().eq_ignore_ascii_case("false")
    })
}

/// The value of a header that may stand once.
fn single<'a>(headers: &'a Headers, name: &str) -> Option<Result<&'a str, Malformed>> {
    let mut values = headers.items(name);
    let value = values.next()?;
    Some(if values.next().is_some() { Err(Malformed::RepeatedHeader) } else { Ok(value) })
}

/// A header inside a URI, without its escapes.
fn uri_header(uri: &Uri, name: &str) -> Option<String> {
    let fields = uri.headers()?.split('&').filter_map(|field| field.split_once('='));
    let mut found = fields.filter(|(known, _)| unescape(known).eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| unescape(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaces_header_reads_and_writes() {
        let text = "98asjd8@host.example;to-tag=7743;from-tag=6472;early-only";
        let replaces: Replaces = text.parse().expect("it is well-formed");
        assert_eq!((replaces.to_tag.as_str(), replaces.early_only), ("7743", true));
        assert_eq!(replaces.to_string(), text);
        let bad = ["", "a", "a;to-tag=1", "a;to-tag=1;from-tag=", ";to-tag=1;from-tag=2", "a b;to-tag=1;from-tag=2"];
        for text in bad.into_iter().chain(["a;to-tag=1;to-tag=2;from-tag=3", "a;to-tag=\"1\";from-tag=3"]) {
            assert!(text.parse::<Replaces>().is_err(), "{text}");
        }
    }
}
