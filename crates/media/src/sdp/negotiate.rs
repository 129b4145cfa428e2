//! From an offer to an answer, from our offer to the agreement.
//!
//! Shape: [`answer`] takes the first audio line that we can speak and refuses the others; [`offer`] and [`accept`] are
//! the two halves of a call that we place.
//! Errors: [`SdpError::NoCommonCodec`] where an offer has no audio for us; [`SdpError::Refused`] where an answer has none.
//! Sources: RFC 3264 sections 5 (offer), 6 (answer), 7 (processing), 8.4 (hold); RFC 4568 sections 5.1 and 7.1 (keys).

use super::parse::{Address, Description, Format, Medium};
use super::write::{Audio, Writer};
use super::{Capabilities, Profile, RtcpMux, SdpError, SdpVersion, Secrecy, TelephoneEvents, rtcp};
use crate::codec::Codec;
use crate::config::{Direction, Negotiated, nearest_ptime};
use crate::srtp::Keying;
use bytes::Bytes;
use std::net::SocketAddr;
use std::time::Duration;

/// The payload type of telephone events in our offers, as nearly everyone has it.
const TELEPHONE_EVENT: u8 = 101;
const SHORTEST_PTIME: Duration = Duration::from_millis(10);

/// What an offer and its answer agreed on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Agreed {
    /// What each packet holds, and where it goes.
    pub negotiated: Negotiated,
    /// The profile of the media line.
    pub profile: Profile,
    /// What protects the packets; `None` where they are plain.
    pub keying: Option<Keying>,
}

/// Answers an offer: as many media lines as it has, one of them ours (RFC 3264 section 6).
///
/// # Errors
/// [`SdpError::NoCommonCodec`] when no audio line suits us, [`SdpError::NoCommonSuite`] and [`SdpError::PlainRefused`]
/// when one would but for its protection, others when the offer cannot be read; all mean 488.
pub fn answer(
    offer: &[u8],
    local: SocketAddr,
    capabilities: &Capabilities,
    version: &SdpVersion,
) -> Result<(Bytes, Agreed), SdpError> {
    let offer = Description::parse(offer)?;
    let mut fault = SdpError::NoCommonCodec;
    let suits = |(at, medium): (usize, &Medium)| match agree(medium, capabilities) {
        Ok(agreed) => Some((at, agreed)),
        Err(why) => {
            // That nothing but its protection is wrong says more than that another line is no audio.
            fault = if why == SdpError::NoCommonCodec { fault } else { why };
            None
        }
    };
    let chosen = offer.media.iter().enumerate().find_map(suits);
    let (chosen, (tag, agreed)) = chosen.ok_or(fault)?;
    let mut writer = Writer::new(local, *version);
    for (at, medium) in offer.media.iter().enumerate() {
        if at == chosen {
            writer.agreed(local.port(), &agreed, tag);
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
    let secrecy = &capabilities.secrecy;
    writer.audio(&Audio {
        port: local.port(),
        profile: if matches!(secrecy, Secrecy::Required(_)) { Profile::Savp } else { Profile::Avp },
        keys: &secrecy.offered_keys().into_iter().flat_map(|keys| keys.offered()).collect::<Vec<_>>(),
        codecs: &codecs,
        telephone_event: (capabilities.telephone_events == TelephoneEvents::Spoken).then_some(TELEPHONE_EVENT),
        ptime: nearest_ptime(capabilities.ptime),
        direction: capabilities.direction,
        rtcp_mux: capabilities.rtcp_mux == RtcpMux::Offered,
    });
    writer.finish()
}

/// Reads the answer to our offer (RFC 3264 section 7).
///
/// # Errors
/// [`SdpError::Refused`] when its audio line is missing or has port 0, [`SdpError::NoCommonCodec`] when it names
/// nothing that we speak, [`SdpError::NoCommonSuite`] and [`SdpError::PlainRefused`] when it is not protected as we
/// offered, others when it cannot be read.
pub fn accept(answer: &[u8], capabilities: &Capabilities) -> Result<Agreed, SdpError> {
    let answer = Description::parse(answer)?;
    let medium = answer.media.iter().find(|medium| medium.is_audio()).ok_or(SdpError::Refused)?;
    if medium.port() == 0 {
        return Err(SdpError::Refused);
    }
    let (tag, mut agreed) = agree(medium, capabilities)?;
    match (&agreed.keying, capabilities.secrecy.offered_keys()) {
        (Some(keying), Some(_)) if !capabilities.secrecy.has_offered(tag, keying.suite()) => {
            return Err(SdpError::NoCommonSuite);
        }
        // Keys that answer none of ours say nothing.
        (Some(_), None) if agreed.profile.is_secure() => return Err(SdpError::NoCommonSuite),
        (Some(_), None) => agreed.keying = None,
        _ => {}
    }
    agreed.negotiated.rtcp = rtcp::answered(agreed.negotiated.rtcp, capabilities);
    Ok(agreed)
}

/// What we and the peer agree on for a medium, if it suits us, and the tag of the key that it names.
fn agree(medium: &Medium, capabilities: &Capabilities) -> Result<(u32, Agreed), SdpError> {
    if medium.is_audio() && medium.port() != 0 && medium.has_foreign_keys() {
        return Err(SdpError::NoCommonSuite);
    }
    let profile = medium.profile().filter(|_| medium.is_audio() && medium.port() != 0);
    let profile = profile.ok_or(SdpError::NoCommonCodec)?;
    let negotiated = agree_sound(medium, capabilities).ok_or(SdpError::NoCommonCodec)?;
    let (tag, keying) = capabilities.secrecy.agree(medium)?.unzip();
    Ok((tag.unwrap_or_default(), Agreed { negotiated, profile, keying }))
}

fn agree_sound(medium: &Medium, capabilities: &Capabilities) -> Option<Negotiated> {
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
    let rtcp = rtcp::path(medium, remote);
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
        rtcp,
    })
}

/// The packet length the peer asks for, within what it can take and what we can do.
fn packet_length(medium: &Medium, capabilities: &Capabilities) -> Duration {
    let asked = nearest_ptime(medium.milliseconds("ptime").unwrap_or(capabilities.ptime));
    let Some(most) = medium.milliseconds("maxptime") else { return asked };
    let steps = u32::try_from(most.as_millis() / SHORTEST_PTIME.as_millis()).unwrap_or(u32::MAX);
    asked.min(SHORTEST_PTIME.saturating_mul(steps.max(1)))
}
