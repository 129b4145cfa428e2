//! Who calls, who vouches for it, and over whom the call came.
//!
//! Shape: the headers of a request in, an [`Identity`] out; names and URIs in, header lines for a call of ours out.
//! Errors: entries that cannot be read are left out; a text that could break a line is [`Unprintable`].
//! Sources: RFC 3325 (`P-Asserted-Identity`, `P-Preferred-Identity`), RFC 3323 (`Privacy`), RFC 5806 (`Diversion`), RFC 7044
//! (`History-Info`), RFC 3326 (`Reason`), draft-ietf-sip-privacy-04 (`Remote-Party-ID`).
//!
//! Nothing here says whether a peer may be believed: that is for whoever knows the peer.

use super::address::parse_seconds;
use super::params::Params;
use super::text::{quote, split_outside_quotes, unescape, unquote};
use super::{Headers, NameAddr, Request, Scheme, Uri};
use crate::error::Malformed;
use std::fmt;
use std::time::Duration;

/// At most this many entries of one header are read.
const MAX_ENTRIES: usize = 16;
/// A longer entry is left out.
const MAX_ENTRY: usize = 1024;
/// At most this many proxies of a `Path` are taken.
const MAX_PATH: usize = 32;
/// The longest pause that a `Retry-After` can ask for.
const MAX_PAUSE: Duration = Duration::from_secs(86_400);

/// A text with control characters, which cannot stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the text has control characters")]
pub struct Unprintable;

/// What a request says of whoever calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// `P-Asserted-Identity`: who a network says that it is.
    pub asserted: Vec<NameAddr>,
    /// `P-Preferred-Identity`: who the caller wants to be.
    pub preferred: Vec<NameAddr>,
    /// `Remote-Party-ID`, what older equipment has in place of the first.
    pub remote_party: Vec<RemoteParty>,
    /// `Privacy`.
    pub privacy: Privacy,
    /// `Diversion`: who has passed the call on, the last one first.
    pub diversion: Vec<Diversion>,
    /// `History-Info`: where the call was sent, the first target first.
    pub history: Vec<HistoryEntry>,
    /// `Reason`.
    pub reasons: Vec<Reason>,
}

/// What a caller wants to be hidden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Privacy {
    /// `id`: the asserted identity.
    pub id: bool,
    /// `user`: names and numbers everywhere.
    pub user: bool,
    /// `header`: what other headers tell.
    pub header: bool,
    /// `history`: the history.
    pub history: bool,
}

/// One `Remote-Party-ID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteParty {
    /// Who.
    pub address: NameAddr,
    /// `calling` or `called`; nothing means calling.
    pub party: Option<String>,
    /// Whether the network has checked it.
    pub screened: bool,
    /// Whether it is not to be shown.
    pub private: bool,
}

/// One `Diversion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diversion {
    /// Who passed the call on.
    pub address: NameAddr,
    /// Why, such as `user-busy`.
    pub reason: Option<String>,
    /// How often.
    pub counter: Option<u32>,
    /// Whether it is not to be shown.
    pub private: bool,
}

/// One entry of a `History-Info`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Where the call was sent, without headers.
    pub address: NameAddr,
    /// Its place, such as `1.1`.
    pub index: String,
    /// Why it was sent on from there.
    pub cause: Option<u32>,
    /// Whether it is not to be shown.
    pub private: bool,
}

/// One `Reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `SIP`, `Q.850` or another.
    pub protocol: String,
    /// A status or a cause.
    pub cause: Option<u32>,
    /// In words.
    pub text: Option<String>,
}

/// As a value of the header. What no value can hold is left out.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if let Some(cause) = self.cause {
            write!(f, ";cause={cause}")?;
        }
        match &self.text {
            Some(text) => write!(f, ";text={}", quote(text)),
            None => Ok(()),
        }
    }
}

impl Identity {
    /// Whether the caller wants name and number hidden, by any of the headers that can say so.
    pub fn is_private(&self) -> bool {
        self.privacy.id || self.privacy.user || self.remote_party.iter().any(|party| party.private)
    }
}

impl Request {
    /// What the request says of whoever calls. What cannot be read is left out.
    pub fn identity(&self) -> Identity {
        let headers = &self.common.headers;
        Identity {
            asserted: addresses(headers, "P-Asserted-Identity").collect(),
            preferred: addresses(headers, "P-Preferred-Identity").collect(),
            remote_party: addresses(headers, "Remote-Party-ID").map(remote_party).collect(),
            privacy: privacy(headers),
            diversion: addresses(headers, "Diversion").map(diversion).collect(),
            history: addresses(headers, "History-Info").map(history_entry).collect(),
            reasons: reasons(headers),
        }
    }

    /// The proxies that a registered phone is reached over, nearest to us first (RFC 3327): what
    /// [`Invitation::route`](crate::Invitation::route) wants for a call to it.
    ///
    /// # Errors
    /// [`Malformed::Address`] or [`Malformed::Uri`] for an entry that cannot be read, [`Malformed::TooLarge`] for too many:
    /// a path with a gap leads nowhere.
    pub fn path(&self) -> Result<Vec<Uri>, Malformed> {
        let mut path = Vec::new();
        for item in self.common.headers.items("Path") {
            if path.len() == MAX_PATH {
                return Err(Malformed::TooLarge);
            }
            let uri = item.parse::<NameAddr>()?.uri;
            if !matches!(uri.scheme(), Scheme::Sip | Scheme::Sips) {
                return Err(Malformed::Address);
            }
            path.push(uri);
        }
        Ok(path)
    }
}

/// The items of a header, of a bearable number and length.
fn items<'a>(headers: &'a Headers, name: &str) -> impl Iterator<Item = &'a str> {
    headers.items(name).filter(|item| item.len() <= MAX_ENTRY).take(MAX_ENTRIES)
}

fn addresses(headers: &Headers, name: &str) -> impl Iterator<Item = NameAddr> {
    items(headers, name).filter_map(|item| item.parse().ok())
}

fn param(address: &NameAddr, name: &str) -> Option<String> {
    address.params.value(name).map(|value| value.into_owned()).filter(|value| !value.is_empty())
}

/// Whether a `privacy` parameter asks for anything.
fn hides(address: &NameAddr) -> bool {
    param(address, "privacy").is_some_and(|value| !value.eq_ignore_ascii_case("off"))
}

fn remote_party(address: NameAddr) -> RemoteParty {
    RemoteParty {
        party: param(&address, "party"),
        screened: param(&address, "screen").is_some_and(|value| value.eq_ignore_ascii_case("yes")),
        private: hides(&address),
        address,
    }
}

fn diversion(address: NameAddr) -> Diversion {
    Diversion {
        reason: param(&address, "reason"),
        counter: param(&address, "counter").and_then(|counter| counter.parse().ok()),
        private: hides(&address),
        address,
    }
}

fn history_entry(mut address: NameAddr) -> HistoryEntry {
    let inside = |name: &str| {
        let mut fields = address.uri.headers()?.split('&').filter_map(|field| field.split_once('='));
        fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| unescape(value).into_owned())
    };
    let reason = inside("Reason").and_then(|value| reason(&value)).and_then(|reason| reason.cause);
    let cause = address.uri.param("cause").and_then(|cause| cause.parse().ok()).or(reason);
    let private = inside("Privacy").is_some_and(|value| value.eq_ignore_ascii_case("history"));
    address.uri = address.uri.as_target();
    HistoryEntry { index: param(&address, "index").unwrap_or_default(), cause, private, address }
}

fn privacy(headers: &Headers) -> Privacy {
    let mut privacy = Privacy::default();
    for value in items(headers, "Privacy").flat_map(|item| item.split(';')).take(MAX_ENTRIES) {
        match value.trim().to_ascii_lowercase().as_str() {
            "id" => privacy.id = true,
            "user" => privacy.user = true,
            "header" => privacy.header = true,
            "history" => privacy.history = true,
            _ => {}
        }
    }
    privacy
}

/// The reasons of a message (RFC 3326).
pub(crate) fn reasons(headers: &Headers) -> Vec<Reason> {
    items(headers, "Reason").filter_map(reason).collect()
}

fn reason(item: &str) -> Option<Reason> {
    let mut pieces = split_outside_quotes(item, b';').into_iter();
    let protocol = pieces.next().filter(|protocol| super::text::is_token(protocol))?.to_owned();
    let params: Vec<_> = pieces.filter_map(|piece| piece.split_once('=')).collect();
    let value = |name: &str| {
        let found = params.iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(name));
        found.map(|(_, value)| unquote(value.trim()).into_owned())
    };
    Some(Reason { protocol, cause: value("cause").and_then(|cause| cause.parse().ok()), text: value("text") })
}

/// The pause of a `Retry-After`, before its comment and parameters, cut to a day.
pub(crate) fn retry_after(value: &str) -> Option<Duration> {
    parse_seconds(value.split(['(', ';']).next().unwrap_or_default()).map(|pause| pause.min(MAX_PAUSE))
}

/// A header line of a call of ours: name and value.
type Line = (String, String);

/// A name and a URI with parameters, as a header line.
fn line(header: &str, display: &str, uri: &Uri, params: &[(&str, &str)]) -> Result<Line, Unprintable> {
    if display.chars().any(char::is_control) {
        return Err(Unprintable);
    }
    let mut address = NameAddr::new(uri.as_target()).with_display(display);
    address.params = Params::default();
    for (name, value) in params {
        address.params.set(name, Some(value));
    }
    Ok((header.to_owned(), address.to_string()))
}

/// `P-Asserted-Identity` for [`Invitation::headers`](crate::Invitation::headers).
///
/// # Errors
/// [`Unprintable`].
pub fn asserted_identity(display: &str, uri: &Uri) -> Result<Line, Unprintable> {
    line("P-Asserted-Identity", display, uri, &[])
}

/// `P-Preferred-Identity`.
///
/// # Errors
/// [`Unprintable`].
pub fn preferred_identity(display: &str, uri: &Uri) -> Result<Line, Unprintable> {
    line("P-Preferred-Identity", display, uri, &[])
}

/// `Remote-Party-ID` of a caller, to be hidden or shown.
///
/// # Errors
/// [`Unprintable`].
pub fn remote_party_id(display: &str, uri: &Uri, presentation: Presentation) -> Result<Line, Unprintable> {
    let privacy = if presentation == Presentation::Hidden { "full" } else { "off" };
    line("Remote-Party-ID", display, uri, &[("party", "calling"), ("screen", "yes"), ("privacy", privacy)])
}

/// `Diversion`: the call was passed on by this one.
///
/// # Errors
/// [`Unprintable`].
pub fn diverted_by(display: &str, uri: &Uri, cause: DiversionCause) -> Result<Line, Unprintable> {
    line("Diversion", display, uri, &[("reason", cause.token()), ("counter", "1")])
}

/// `History-Info`: the call was sent to this one, which is entry number `index` (from 1) below the first.
pub fn history_info(uri: &Uri, index: &[u32]) -> Line {
    let index = if index.is_empty() { &[1] } else { index };
    let index = index.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
    ("History-Info".to_owned(), format!("<{}>;index={index}", uri.as_target()))
}

/// `Privacy: id`: the network shall not show the asserted identity.
pub fn privacy_id() -> Line {
    ("Privacy".to_owned(), "id".to_owned())
}

/// The value of a `Reason`, for hanging up.
///
/// # Errors
/// [`Unprintable`].
pub fn reason_value(protocol: ReasonProtocol, cause: u16, text: &str) -> Result<String, Unprintable> {
    if text.chars().any(char::is_control) {
        return Err(Unprintable);
    }
    let protocol = match protocol {
        ReasonProtocol::Sip => "SIP",
        ReasonProtocol::Q850 => "Q.850",
    };
    let text = if text.is_empty() { String::new() } else { format!(";text={}", quote(text)) };
    Ok(format!("{protocol};cause={cause}{text}"))
}

/// Whether a number is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presentation {
    /// It is.
    Shown,
    /// It is not.
    Hidden,
}

/// What the number of a `Reason` counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonProtocol {
    /// SIP statuses.
    Sip,
    /// Causes of the telephone network.
    Q850,
}

/// Why a call was passed on (RFC 5806 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiversionCause {
    /// The line is busy.
    UserBusy,
    /// Nobody picked up.
    NoAnswer,
    /// Always.
    Unconditional,
    /// Whoever was called said so.
    Deflection,
    /// Anything else.
    Unknown,
}

impl DiversionCause {
    fn token(self) -> &'static str {
        match self {
            Self::UserBusy => "user-busy",
            Self::NoAnswer => "no-answer",
            Self::Unconditional => "unconditional",
            Self::Deflection => "deflection",
            Self::Unknown => "unknown",
        }
    }
}
