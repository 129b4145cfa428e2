//! The text of our descriptions.
//!
//! Shape: one head, one line and its attributes for each medium.
//! Sources: RFC 8866 section 5; RFC 3264 sections 5 and 6; RFC 7587 section 7 (Opus).

use super::negotiate::Agreed;
use super::parse::Medium;
use super::{Profile, SdpVersion, sdes};
use crate::codec::{Codec, OPUS_BITRATE};
use crate::config::{Direction, RtcpPath};
use crate::srtp::MasterKey;
use bytes::Bytes;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A description being written.
pub(super) struct Writer {
    text: String,
}

/// The attributes of the audio that we speak.
pub(super) struct Audio<'a> {
    pub(super) port: u16,
    pub(super) profile: Profile,
    /// Our keys, each with its tag.
    pub(super) keys: &'a [(u32, &'a MasterKey)],
    pub(super) codecs: &'a [(u8, Codec)],
    /// Payload types with their clocks.
    pub(super) telephone_events: &'a [(u8, u32)],
    pub(super) comfort_noise: Option<(u8, u32)>,
    pub(super) ptime: Duration,
    pub(super) direction: Direction,
    pub(super) rtcp_mux: bool,
}

impl Writer {
    pub(super) fn new(local: SocketAddr, version: SdpVersion) -> Self {
        let family = match local.ip() {
            IpAddr::V4(_) => "IP4",
            IpAddr::V6(_) => "IP6",
        };
        let address = local.ip();
        let SdpVersion { session_id, version } = version;
        let text = format!(
            "v=0\r\no=- {session_id} {version} IN {family} {address}\r\ns=-\r\nc=IN {family} {address}\r\nt=0 0\r\n"
        );
        Self { text }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push_str("\r\n");
    }

    pub(super) fn audio(&mut self, audio: &Audio<'_>) {
        self.text.push_str("m=audio ");
        let _ = write!(self.text, "{} {}", audio.port, audio.profile.name());
        let numbers = audio.codecs.iter().map(|(number, _)| number);
        let beside = audio.telephone_events.iter().chain(&audio.comfort_noise).map(|(number, _)| number);
        for number in numbers.chain(beside) {
            let _ = write!(self.text, " {number}");
        }
        self.text.push_str("\r\n");
        for (tag, key) in audio.keys {
            self.line(format_args!("a=crypto:{}", *sdes::write(*tag, key)));
        }
        for (number, codec) in audio.codecs {
            let channels = if *codec == Codec::Opus { "/2" } else { "" };
            self.line(format_args!("a=rtpmap:{number} {}/{}{channels}", codec.name(), codec.clock_rate()));
            if *codec == Codec::Opus {
                self.line(format_args!("a=fmtp:{number} maxaveragebitrate={OPUS_BITRATE};useinbandfec=1"));
            }
        }
        for (number, clock) in audio.telephone_events {
            self.line(format_args!("a=rtpmap:{number} telephone-event/{clock}"));
            self.line(format_args!("a=fmtp:{number} 0-15"));
        }
        if let Some((number, clock)) = audio.comfort_noise {
            self.line(format_args!("a=rtpmap:{number} CN/{clock}"));
        }
        self.line(format_args!("a=ptime:{}", audio.ptime.as_millis()));
        let direction = match audio.direction {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        };
        self.line(format_args!("a={direction}"));
        if audio.rtcp_mux {
            self.line(format_args!("a=rtcp-mux"));
        }
    }

    /// The audio of an answer, with our key under the tag of the peer's.
    pub(super) fn agreed(&mut self, port: u16, agreed: &Agreed, tag: u32) {
        let keys: Vec<_> = agreed.keying.iter().map(|keying| (tag, &keying.ours)).collect();
        let (profile, agreed) = (agreed.profile, &agreed.negotiated);
        let event = agreed.telephone_event.map(|number| (number, agreed.telephone_event_clock));
        self.audio(&Audio {
            port,
            profile,
            keys: &keys,
            codecs: &[(agreed.payload_type, agreed.codec)],
            telephone_events: event.as_slice(),
            comfort_noise: agreed.comfort_noise.map(|number| (number, agreed.codec.clock_rate())),
            ptime: agreed.ptime,
            direction: agreed.direction,
            rtcp_mux: agreed.rtcp == RtcpPath::Muxed,
        });
    }

    /// A media line that is not taken: the offer's own, with port 0 (RFC 3264 section 6).
    pub(super) fn refused(&mut self, medium: &Medium) {
        let (kind, transport, formats) = medium.parts();
        self.line(format_args!("m={kind} 0 {transport} {formats}"));
    }

    pub(super) fn finish(self) -> Bytes {
        Bytes::from(self.text)
    }
}

/// The same description of ours under another version.
pub(super) fn with_version(description: &Bytes, version: SdpVersion) -> Bytes {
    let text = String::from_utf8_lossy(description);
    let mut renewed = String::with_capacity(text.len() + 20);
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("o=- ").and_then(|rest| rest.splitn(3, ' ').nth(2)) {
            Some(rest) => {
                let _ = write!(renewed, "o=- {} {} {rest}", version.session_id, version.version);
            }
            None => renewed.push_str(line),
        }
    }
    Bytes::from(renewed)
}
