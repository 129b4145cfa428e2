//! From an offer to an answer, from our offer to the agreement.
//!
//! Shape: [`answer`] takes the first audio line that we can speak and refuses the others; [`offer`] and [`accept`] are
//! the two halves of a call that we place.
//! Errors: [`SdpError::NoCommonCodec`] where an offer has no audio for us; [`SdpError::Refused`] where an answer has none.
//! Sources: RFC 3264 sections 5 (offer), 6 (answer), 7 (processing), 8.4 (hold); RFC 4568 sections 5.1 and 7.1 (keys); RFC 4733
//! section 2.1 (the clock of telephone-events); RFC 7587 sections 6 and 7 (Opus).

use super::parse::{Address, Description, Format, Medium};
use super::write::{Audio, Writer};
use super::{Capabilities, Profile, RtcpMux, SdpError, SdpVersion, Secrecy, TelephoneEvents, rtcp};
use crate::codec::{Codec, OPUS_BITRATE, OPUS_PTIME};
use crate::config::{Direction, Negotiated, OTHERS, nearest_ptime, packet_time};
use crate::srtp::Keying;
use bytes::Bytes;
use std::net::SocketAddr;
use std::time::Duration;

/// The payload types of telephone events in our offers, as nearly everyone has them, and the clocks they count with.
const TELEPHONE_EVENTS: [(u8, u32); 3] = [(101, 8_000), (102, 16_000), (110, 48_000)];
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
    let built = capabilities.codecs.iter().filter(|codec| codec.is_built());
    let codecs: Vec<(u8, Codec)> = built.map(|&codec| (codec.payload_type(), codec)).collect();
    let mut writer = Writer::new(local, *version);
    // Keys beside each codec, in its own clock (RFC 4733 section 2.1).
    let counts = |clock| codecs.iter().any(|(_, codec)| codec.clock_rate() == clock);
    let spoken = capabilities.telephone_events == TelephoneEvents::Spoken;
    let events: Vec<(u8, u32)> = TELEPHONE_EVENTS.into_iter().filter(|&(_, clock)| spoken && counts(clock)).collect();
    let secrecy = &capabilities.secrecy;
    writer.audio(&Audio {
        port: local.port(),
        profile: if matches!(secrecy, Secrecy::Required(_)) { Profile::Savp } else { Profile::Avp },
        keys: &secrecy.offered_keys().into_iter().flat_map(|keys| keys.offered()).collect::<Vec<_>>(),
        codecs: &codecs,
        telephone_events: &events,
        comfort_noise: None,
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
    let mut sounds = medium.formats().filter_map(|(number, format)| match format {
        Format::Sound(codec) if suits(medium, number, codec, capabilities) => Some((number, codec)),
        Format::Sound(_) | Format::TelephoneEvent(_) | Format::ComfortNoise(_) => None,
    });
    let (payload_type, codec) = sounds.next()?;
    let mut others = [None; OTHERS];
    others.iter_mut().zip(sounds).for_each(|(place, other)| *place = Some(other));
    let event = telephone_event(medium, codec).filter(|_| capabilities.telephone_events == TelephoneEvents::Spoken);
    let comfort_noise = medium.formats().find(|(_, format)| *format == Format::ComfortNoise(codec.clock_rate()));
    let (remote, offered) = match medium.address {
        Address::Ip(ip) => (Some(SocketAddr::new(ip, medium.port())), medium.direction),
        // Who cannot be sent to only sends (RFC 3264 section 8.4).
        Address::Unspecified => (None, medium.direction.and(Direction::SendOnly)),
        Address::Unusable => (None, medium.direction),
    };
    let direction = offered.mirrored().and(capabilities.direction);
    let rtcp = rtcp::path(medium, remote);
    Some(Negotiated {
        codec,
        payload_type,
        others,
        telephone_event: event.map(|(number, _)| number),
        telephone_event_clock: event.map_or(codec.clock_rate(), |(_, clock)| clock),
        comfort_noise: comfort_noise.map(|(number, _)| number),
        ptime: packet_length(medium, codec, capabilities),
        remote,
        direction,
        rtcp,
    })
}

/// Whether we can speak a codec, and as the peer wants it.
fn suits(medium: &Medium, number: u8, codec: Codec, capabilities: &Capabilities) -> bool {
    if !capabilities.codecs.contains(&codec) || !codec.is_built() {
        return false;
    }
    // Prompts are encoded once for all callers, so nobody can have them in fewer bits or in shorter packets.
    let enough_bits = || medium.parameter(number, "maxaveragebitrate").is_none_or(|most| most >= OPUS_BITRATE);
    let enough_time = || medium.milliseconds("maxptime").is_none_or(|most| most >= OPUS_PTIME);
    codec != Codec::Opus || (enough_bits() && enough_time())
}

/// The telephone-event that counts as the codec does; else, from peers that know only one, that of 8 kHz.
fn telephone_event(medium: &Medium, codec: Codec) -> Option<(u8, u32)> {
    let of = |wanted: u32| {
        let clocks = medium.formats().filter_map(|(number, format)| match format {
            Format::TelephoneEvent(clock) => Some((number, clock)),
            Format::Sound(_) | Format::ComfortNoise(_) => None,
        });
        clocks.into_iter().find(|(_, clock)| *clock == wanted)
    };
    of(codec.clock_rate()).or_else(|| of(8_000))
}

/// The packet length the peer asks for, within what it can take and what we can do.
fn packet_length(medium: &Medium, codec: Codec, capabilities: &Capabilities) -> Duration {
    let asked = packet_time(codec, medium.milliseconds("ptime").unwrap_or(capabilities.ptime));
    let Some(most) = medium.milliseconds("maxptime") else { return asked };
    let steps = u32::try_from(most.as_millis() / SHORTEST_PTIME.as_millis()).unwrap_or(u32::MAX);
    asked.min(SHORTEST_PTIME.saturating_mul(steps.max(1)))
}
