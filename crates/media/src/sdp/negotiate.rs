//! From an offer to an answer, from our offer to the agreement.
//!
//! Shape: [`answer`] takes the first audio line that we can speak and refuses the others; [`offer`] and [`accept`] are
//! the two halves of a call that we place.
//! Errors: [`SdpError::NoCommonCodec`] where an offer has no audio for us; [`SdpError::Refused`] where an answer has none.
//! Sources: RFC 3264 sections 5 (offer), 6 (answer), 7 (processing), 8.4 (hold).

use super::parse::{Address, Description, Format, Medium};
use super::write::{Audio, Writer};
use super::{Capabilities, SdpError, SdpVersion, TelephoneEvents};
use crate::codec::Codec;
use crate::config::{Direction, Negotiated, nearest_ptime};
use bytes::Bytes;
use std::net::SocketAddr;
use std::time::Duration;

/// The payload type of telephone events in our offers, as nearly everyone has it.
const TELEPHONE_EVENT: u8 = 101;
const SHORTEST_PTIME: Duration = Duration::from_millis(10);

/// Answers an offer: as many media lines as it has, one of them ours (RFC 3264 section 6).
///
/// # Errors
/// [`SdpError::NoCommonCodec`] when no audio line suits us, others when the offer cannot be read; all mean 488.
pub fn answer(
    offer: &[u8],
    local: SocketAddr,
    capabilities: &Capabilities,
    version: &SdpVersion,
) -> Result<(Bytes, Negotiated), SdpError> {
    let offer = Description::parse(offer)?;
    let suits = |(at, medium): (usize, &Medium)| Some((at, agree(medium, capabilities)?));
    let (chosen, agreed) = offer.media.iter().enumerate().find_map(suits).ok_or(SdpError::NoCommonCodec)?;
    let mut writer = Writer::new(local, *version);
    for (at, medium) in offer.media.iter().enumerate() {
        if at == chosen {
            writer.agreed(local.port(), &agreed);
        } else {
            writer.refused(medium);
        }
    }
    Ok((writer.finish(), agreed))
}

/// Offers all that we can do (RFC 3264 section 5.1).
pub fn offer(local: SocketAddr, capabilities: &Capabilities, version: &SdpVersion) -> Bytes {
    let codecs: Vec<(u8, Codec)> = capabilities.codecs.iter().map(|codec| (codec.payload_type(), *codec)).collect();
    let mut writer = Writer::new(local, *version);
    writer.audio(&Audio {
        port: local.port(),
        codecs: &codecs,
        telephone_event: (capabilities.telephone_events == TelephoneEvents::Spoken).then_some(TELEPHONE_EVENT),
        ptime: nearest_ptime(capabilities.ptime),
        direction: capabilities.direction,
    });
    writer.finish()
}

/// Reads the answer to our offer (RFC 3264 section 7).
///
/// # Errors
/// [`SdpError::Refused`] when its audio line is missing or has port 0, [`SdpError::NoCommonCodec`] when it names
/// nothing that we speak, others when it cannot be read.
pub fn accept(answer: &[u8], capabilities: &Capabilities) -> Result<Negotiated, SdpError> {
    let answer = Description::parse(answer)?;
    let medium = answer.media.iter().find(|medium| medium.is_audio()).ok_or(SdpError::Refused)?;
    if medium.port() == 0 {
        return Err(SdpError::Refused);
    }
    agree(medium, capabilities).ok_or(SdpError::NoCommonCodec)
}

/// What we and the peer agree on for a medium, if it suits us.
fn agree(medium: &Medium, capabilities: &Capabilities) -> Option<Negotiated> {
    if !medium.is_audio() || !medium.is_plain_rtp() || medium.port() == 0 {
        return None;
    }
    let (payload_type, codec) = medium.formats().find_map(|(number, format)| match format {
        Format::Sound(codec) if capabilities.codecs.contains(&codec) => Some((number, codec)),
        Format::Sound(_) | Format::TelephoneEvent => None,
    })?;
    let telephone_event =
        medium.formats().find(|(_, format)| *format == Format::TelephoneEvent).map(|(number, _)| number);
    let telephone_event = telephone_event.filter(|_| capabilities.telephone_events == TelephoneEvents::Spoken);
    let (remote, offered) = match medium.address {
        Address::Ip(ip) => (Some(SocketAddr::new(ip, medium.port())), medium.direction),
        // Who cannot be sent to only sends (RFC 3264 section 8.4).
        Address::Unspecified => (None, medium.direction.and(Direction::SendOnly)),
        Address::Unusable => (None, medium.direction),
    };
    let direction = offered.mirrored().and(capabilities.direction);
    let ptime = packet_length(medium, capabilities);
    let (telephone_event_clock, comfort_noise) = (codec.clock_rate(), None);
    Some(Negotiated {
        codec,
        payload_type,
        telephone_event,
        telephone_event_clock,
        comfort_noise,
        ptime,
        remote,
        direction,
    })
}

/// The packet length the peer asks for, within what it can take and what we can do.
fn packet_length(medium: &Medium, capabilities: &Capabilities) -> Duration {
    let asked = nearest_ptime(medium.milliseconds("ptime").unwrap_or(capabilities.ptime));
    let Some(most) = medium.milliseconds("maxptime") else { return asked };
    let steps = u32::try_from(most.as_millis() / SHORTEST_PTIME.as_millis()).unwrap_or(u32::MAX);
    asked.min(SHORTEST_PTIME.saturating_mul(steps.max(1)))
}
