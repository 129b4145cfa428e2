//! The SDP of a phone: one audio line, one codec. Apart from the code under test on purpose.
//!
//! Sources: RFC 8866, RFC 3264, RFC 4733 §7.1.1.

use super::{Keys, PhoneSetup};
use std::net::{IpAddr, SocketAddr};

/// The payload type of the phone's telephone-events.
const EVENTS: u8 = 101;

/// The phone's offer or answer, with its media at this address and, for SRTP, its key.
pub(super) fn description(setup: &PhoneSetup, rtp: SocketAddr, version: u32, crypto: Option<&str>) -> String {
    let (ip, port, number, name) = (rtp.ip(), rtp.port(), setup.codec.payload_type(), setup.codec.name());
    // Events count as the codec does (RFC 4733 section 2.1).
    let clock = setup.codec.clock_rate();
    let family = if rtp.is_ipv4() { "IP4" } else { "IP6" };
    let (list, lines) = match setup.keys {
        Keys::Events => {
            (format!(" {EVENTS}"), format!("a=rtpmap:{EVENTS} telephone-event/{clock}\r\na=fmtp:{EVENTS} 0-15\r\n"))
        }
        Keys::Info => (String::new(), String::new()),
    };
    let (profile, crypto) = match crypto {
        Some(line) => ("RTP/SAVP", format!("a=crypto:{line}\r\n")),
        None => ("RTP/AVP", String::new()),
    };
    format!(
        "v=0\r\no=- 1 {version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
         m=audio {port} {profile} {number}{list}\r\n{crypto}a=rtpmap:{number} {name}/{clock}\r\n{lines}a=ptime:20\r\n"
    )
}

/// Where the far end wants its packets, by its connection and audio lines.
pub(super) fn remote(description: &str) -> Option<SocketAddr> {
    let value = |begin: &str| description.lines().find_map(|line| line.strip_prefix(begin));
    let ip: IpAddr = value("c=IN ")?.split_whitespace().nth(1)?.parse().ok()?;
    let port = value("m=audio ")?.split_whitespace().next()?.parse().ok()?;
    Some(SocketAddr::new(ip, port))
}

/// The payload type of telephone-events in a description.
pub(super) fn events(description: &str) -> Option<u8> {
    let mut maps = description.lines().filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '));
    let (number, _) = maps.find(|(_, name)| name.starts_with("telephone-event/"))?;
    number.parse().ok()
}
