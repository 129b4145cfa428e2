//! What a REGISTER asks for.
//!
//! Shape: a request in, a [`Wanted`] out: contacts to add or take away, each with its own expiry, and the path to them.
//! Errors: the SIP status that the phone is told.
//! Sources: RFC 3261 §10.2, §10.3 step 6 and 7; RFC 3327 §5.3 (Path); RFC 5626 §6 (instance and reg-id).

use std::{hash::BuildHasher, time::Duration};

use antiphon_sip::{Contact, NameAddr, Request, Scheme, StatusCode, Uri};

/// Contacts of one phone, and of one request, at most.
pub(super) const CONTACTS: usize = 10;
/// Proxies on the path to a contact at most.
const PATH: usize = 8;
/// Bytes of a contact, and of a path, at most: they are kept for as long as the phone is registered.
const TEXT: usize = 1_024;
/// What a phone gets that asks for nothing.
const DEFAULT_EXPIRES: Duration = Duration::from_secs(3600);
/// What a phone gets at most.
const MAX_EXPIRES: Duration = Duration::from_secs(7200);
/// What a phone may ask for at least, unless it says goodbye.
pub(super) const MIN_EXPIRES: Duration = Duration::from_secs(60);

/// Why a REGISTER is not carried out.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Unwanted {
    /// Refused with this status.
    Status(StatusCode),
    /// It wants to come again too soon.
    TooBrief,
}

/// A contact to be registered, or to be taken away when it expires at once.
#[derive(Clone, Debug)]
pub(super) struct WantedContact {
    pub(super) uri: String,
    /// How much it is preferred, in thousandths.
    pub(super) q: u16,
    pub(super) expires: Duration,
    /// Who it is wherever it comes from: instance and reg-id, hashed.
    pub(super) instance: Option<u64>,
}

/// What a REGISTER asks for.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// Only to be told what is there.
    Nothing,
    /// Every contact to be taken away.
    Farewell,
    /// These contacts, reached by this path.
    Contacts { contacts: Vec<WantedContact>, path: Option<Box<str>>, outbound: Outbound },
}

/// Whether the phone keeps its flow alive itself and is told that we keep to it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Outbound {
    Yes,
    No,
}

impl Wanted {
    pub(super) fn of(request: &Request, secret: &impl BuildHasher) -> Result<Self, Unwanted> {
        let contacts = request.contacts();
        let default = request.expires().unwrap_or(DEFAULT_EXPIRES);
        if contacts.contains(&Contact::Star) {
            let alone = contacts.len() == 1 && request.expires() == Some(Duration::ZERO);
            return if alone { Ok(Self::Farewell) } else { Err(Unwanted::Status(StatusCode::BAD_REQUEST)) };
        }
        if contacts.is_empty() {
            return Ok(Self::Nothing);
        }
        if contacts.len() > CONTACTS {
            return Err(Unwanted::Status(StatusCode::FORBIDDEN));
        }
        let path = path_of(request)?;
        // RFC 5626 §6: with a proxy between that does not keep to flows, a reg-id means nothing.
        let first_hop_keeps = request.headers("Via").flat_map(|line| line.split(',')).count() == 1
            || path.as_deref().is_some_and(|path| path.split('>').next().is_some_and(|first| first.contains(";ob")));
        let addresses = contacts.iter().filter_map(|contact| match contact {
            Contact::Address(address) if matches!(address.uri.scheme(), Scheme::Sip | Scheme::Sips) => Some(address),
            Contact::Address(_) | Contact::Star => None,
        });
        let mut wanted = Vec::new();
        let mut outbound = Outbound::No;
        for address in addresses {
            let reg_id = address.params.value("reg-id").filter(|_| first_hop_keeps);
            if reg_id.is_some() && address.params.contains("+sip.instance") && supports(request, "outbound") {
                outbound = Outbound::Yes;
            }
            wanted.push(contact(address, default, reg_id.as_deref(), secret)?);
        }
        Ok(Self::Contacts { contacts: wanted, path, outbound })
    }
}

fn contact(
    address: &NameAddr,
    default: Duration,
    reg_id: Option<&str>,
    secret: &impl BuildHasher,
) -> Result<WantedContact, Unwanted> {
    let expires = Contact::Address(address.clone()).expires().unwrap_or(default).min(MAX_EXPIRES);
    if !expires.is_zero() && expires < MIN_EXPIRES {
        return Err(Unwanted::TooBrief);
    }
    let uri = address.uri.to_string();
    if uri.len() > TEXT {
        return Err(Unwanted::Status(StatusCode::BAD_REQUEST));
    }
    let instance = address.params.value("+sip.instance");
    let instance = instance.map(|instance| secret.hash_one((instance.trim_matches('"'), reg_id)));
    let q = address.params.value("q").map_or(1_000, |q| thousandths(&q));
    Ok(WantedContact { uri, q, expires, instance })
}

/// A qvalue (RFC 3261 §25.1): 0 to 1 with at most three digits behind the point. What is none is 1.
fn thousandths(text: &str) -> u16 {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if digits => format!("{part:0<3}").parse().unwrap_or(1_000),
        _ => 1_000,
    }
}

/// The Path headers as one list, checked.
fn path_of(request: &Request) -> Result<Option<Box<str>>, Unwanted> {
    let lines: Vec<&str> = request.headers("Path").collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let text = lines.join(", ");
    let uris = route(&text);
    if text.len() > TEXT || uris.as_ref().is_none_or(|uris| uris.is_empty() || uris.len() > PATH) {
        return Err(Unwanted::Status(StatusCode::BAD_REQUEST));
    }
    Ok(Some(text.into()))
}

/// The URIs of a list of addresses in brackets, in order; `None` if one is none.
pub(super) fn route(list: &str) -> Option<Vec<Uri>> {
    let cut = |part: &str| part.split_once('<').map(|(_, uri)| uri.parse::<Uri>().ok());
    let (_, parts) = list.rsplit_once('>').map(|(before, rest)| (rest, before))?;
    parts.split('>').map(|part| cut(part).flatten()).collect()
}

/// Whether the phone knows an extension.
fn supports(request: &Request, extension: &str) -> bool {
    request.headers("Supported").flat_map(|line| line.split(',')).any(|tag| tag.trim().eq_ignore_ascii_case(extension))
}
