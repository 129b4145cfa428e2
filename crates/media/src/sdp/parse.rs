//! A description as a peer wrote it, read down to what a negotiation asks.
//!
//! Shape: a body in, [`Description`] out. Only connection, media and attribute lines reach the parser, because the
//! others carry nothing that we use and much that honest peers get wrong, such as an `o=` number above 64 bits.
//! Errors: [`SdpError`]. Sizes are bounded before anything is parsed.
//! Sources: RFC 8866 sections 5.7 (c=), 5.14 (m=), 6.4 (ptime, maxptime), 6.6 (rtpmap), 6.7 (direction).

use super::{Profile, SdpError};
use crate::codec::{Band, Codec};
use crate::config::Direction;
use sdp_types::{Attribute, Connection, Media, Session};
use std::net::IpAddr;
use std::time::Duration;

/// No honest description comes near: the largest browser offers have some 10 kB.
const MAX_BYTES: usize = 65_536;
const MAX_MEDIA: usize = 16;
/// Formats of a media line that are looked at.
const MAX_FORMATS: usize = 64;

/// What a description says about its media.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) media: Vec<Medium>,
}

/// One media line and what belongs to it.
#[derive(Debug)]
pub(super) struct Medium {
    line: Media,
    pub(super) address: Address,
    /// As the peer sees it.
    pub(super) direction: Direction,
}

/// Where the peer wants its packets.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Address {
    Ip(IpAddr),
    /// All zeros: the hold of RFC 2543.
    Unspecified,
    /// A name, or an address that is not one host's; it has to be learned from what the peer sends.
    Unusable,
}

/// What a payload type stands for.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Format {
    Sound(Codec),
    /// Keys, whose durations count so many ticks a second.
    TelephoneEvent(u32),
    /// Comfort noise, beside a codec of this clock.
    ComfortNoise(u32),
}

impl Description {
    pub(super) fn parse(body: &[u8]) -> Result<Self, SdpError> {
        if body.len() > MAX_BYTES {
            return Err(SdpError::TooLarge);
        }
        if !body.starts_with(b"v=0") {
            return Err(SdpError::NotSdp);
        }
        let session = Session::parse(&needed_lines(body)?).map_err(|_| SdpError::Malformed)?;
        let address = session.connection.as_ref().map(Address::of);
        let direction = direction_of(&session.attributes);
        let media = session.medias.into_iter().map(|line| Medium {
            address: line.connections.first().map(Address::of).or(address).unwrap_or(Address::Unusable),
            direction: direction_of(&line.attributes).or(direction).unwrap_or_default(),
            line,
        });
        Ok(Self { media: media.collect() })
    }
}

/// The lines that are used, after a head that is always good.
fn needed_lines(body: &[u8]) -> Result<Vec<u8>, SdpError> {
    let mut kept = b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\n".to_vec();
    let (mut media, mut connections) = (0, 0);
    for line in body.split(|&byte| byte == b'\n' || byte == b'\r') {
        match line.first_chunk::<2>() {
            Some(b"m=") => (media, connections) = (media + 1, 0),
            Some(b"c=") => connections += 1,
            Some(b"a=") => {}
            _ => continue,
        }
        if line.starts_with(b"c=") && connections > 1 {
            continue;
        }
        let text = String::from_utf8_lossy(line).replace('\0', "");
        kept.extend_from_slice(text.trim_end().as_bytes());
        kept.extend_from_slice(b"\r\n");
    }
    if media > MAX_MEDIA { Err(SdpError::TooLarge) } else { Ok(kept) }
}

impl Address {
    fn of(connection: &Connection) -> Self {
        // A slash begins the time to live of a multicast address.
        let text = connection.connection_address.split('/').next().unwrap_or_default();
        match text.parse::<IpAddr>() {
            Ok(ip) if ip.is_unspecified() => Self::Unspecified,
            Ok(ip) if ip.is_multicast() || matches!(ip, IpAddr::V4(v4) if v4.is_broadcast()) => Self::Unusable,
            Ok(ip) => Self::Ip(ip),
            Err(_) => Self::Unusable,
        }
    }
}

impl Medium {
    /// The port; 0 means refused.
    pub(super) fn port(&self) -> u16 {
        self.line.port
    }

    pub(super) fn is_audio(&self) -> bool {
        self.line.media.eq_ignore_ascii_case("audio")
    }

    /// `None` where it is no RTP that we speak.
    pub(super) fn profile(&self) -> Option<Profile> {
        Profile::of_name(&self.line.proto)
    }

    /// Whether it is RTP whose keys are agreed on in a way that we do not have.
    pub(super) fn has_foreign_keys(&self) -> bool {
        self.line.proto.to_ascii_uppercase().contains("RTP/SAVP") && self.profile().is_none()
    }

    /// The media line without its port: kind, transport and formats.
    pub(super) fn parts(&self) -> (&str, &str, &str) {
        (&self.line.media, &self.line.proto, &self.line.fmt)
    }

    /// The payload types in the peer's order, with what they stand for, where we know it.
    pub(super) fn formats(&self) -> impl Iterator<Item = (u8, Format)> + '_ {
        let types = self.line.fmt.split_ascii_whitespace().take(MAX_FORMATS);
        types.filter_map(|text| text.parse::<u8>().ok().filter(|&number| number < 128)).filter_map(|number| {
            let format = match self.mapping(number) {
                Some(mapping) => named_format(mapping),
                None => static_format(number),
            };
            format.map(|format| (number, format))
        })
    }

    /// The text after the payload type of its `a=rtpmap`.
    fn mapping(&self, number: u8) -> Option<&str> {
        self.values("rtpmap").find_map(|value| {
            let (mapped, encoding) = value.split_once(' ')?;
            (mapped.parse() == Ok(number)).then_some(encoding.trim())
        })
    }

    /// A parameter of a payload type's `a=fmtp` that is a number.
    pub(super) fn parameter(&self, number: u8, name: &str) -> Option<u32> {
        let parameters = self.values("fmtp").find_map(|value| {
            let (mapped, parameters) = value.split_once(' ')?;
            (mapped.parse() == Ok(number)).then_some(parameters)
        })?;
        let named = |one: &str| {
            let (key, value) = one.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().parse().ok())?
        };
        parameters.split(';').find_map(named)
    }

    /// `a=ptime` or `a=maxptime`. A fraction of a millisecond is left out.
    pub(super) fn milliseconds(&self, attribute: &str) -> Option<Duration> {
        let value = self.values(attribute).next()?;
        let whole: u32 = value.trim().split('.').next()?.parse().ok()?;
        (whole > 0).then(|| Duration::from_millis(u64::from(whole)))
    }

    /// Whether an attribute without a value is there.
    pub(super) fn has(&self, attribute: &str) -> bool {
        self.line.attributes.iter().any(|one| one.attribute.eq_ignore_ascii_case(attribute))
    }

    /// The values of an attribute, in their order.
    pub(super) fn values<'m>(&'m self, attribute: &str) -> impl Iterator<Item = &'m str> {
        let named = move |one: &&'m Attribute| one.attribute.eq_ignore_ascii_case(attribute);
        self.line.attributes.iter().filter(named).filter_map(|one| one.value.as_deref())
    }
}

/// What a payload type below 96 stands for without a mapping (RFC 3551 table 4; RFC 3389 section 4).
fn static_format(number: u8) -> Option<Format> {
    match number {
        13 => Some(Format::ComfortNoise(8_000)),
        number => Codec::of_static_payload_type(number).map(Format::Sound),
    }
}

/// `name/rate`, with `/1` for the channels or without. Opus names two, whatever is sent (RFC 7587 section 7).
fn named_format(mapping: &str) -> Option<Format> {
    let mut parts = mapping.split('/');
    let (name, rate, channels) = (parts.next()?, parts.next()?, parts.next().unwrap_or("1").trim());
    let rate: u32 = rate.trim().parse().ok()?;
    let name = name.to_ascii_lowercase();
    match (name.as_str(), rate, channels) {
        ("opus", 48_000, "1" | "2") => Some(Format::Sound(Codec::Opus)),
        ("pcmu", 8_000, "1") => Some(Format::Sound(Codec::Pcmu)),
        ("pcma", 8_000, "1") => Some(Format::Sound(Codec::Pcma)),
        // Its clock is 8,000, but some write down what it samples.
        ("g722", 8_000 | 16_000, "1") => Some(Format::Sound(Codec::G722)),
        ("l16", 8_000, "1") => Some(Format::Sound(Codec::L16(Band::Narrow))),
        ("l16", 16_000, "1") => Some(Format::Sound(Codec::L16(Band::Wide))),
        ("telephone-event", 8_000 | 16_000 | 48_000, "1") => Some(Format::TelephoneEvent(rate)),
        ("cn", rate, "1") => Some(Format::ComfortNoise(rate)),
        _ => None,
    }
}

fn direction_of(attributes: &[Attribute]) -> Option<Direction> {
    attributes.iter().find_map(|one| match one.attribute.to_ascii_lowercase().as_str() {
        "sendrecv" => Some(Direction::SendRecv),
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        _ => None,
    })
}
