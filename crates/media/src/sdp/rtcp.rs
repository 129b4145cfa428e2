//! Where a description wants RTCP.
//!
//! Shape: the attributes `rtcp` and `rtcp-mux` of a medium in, an [`RtcpPath`] out.
//! Errors: what cannot be read counts as absent: RTCP then goes to the port above that of RTP.
//! Sources: RFC 3605 section 2.1 (`a=rtcp`), RFC 5761 section 5.1.1 (`a=rtcp-mux`), RFC 3550 section 11 (neither).

use super::parse::Medium;
use super::{Capabilities, RtcpMux};
use crate::config::RtcpPath;
use std::net::{IpAddr, SocketAddr};

/// Where the peer of this medium, whose RTP goes to `remote`, wants its RTCP.
pub(super) fn path(medium: &Medium, remote: Option<SocketAddr>) -> RtcpPath {
    if medium.has("rtcp-mux") {
        return RtcpPath::Muxed;
    }
    let named = medium.values("rtcp").next().and_then(|value| address(value, remote));
    named.map_or(RtcpPath::Beside, RtcpPath::At)
}

/// `port`, or `port IN IP4 address`.
fn address(value: &str, remote: Option<SocketAddr>) -> Option<SocketAddr> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse::<u16>().ok().filter(|port| *port != 0)?;
    let ip = match (words.next(), words.next(), words.next()) {
        (None, ..) => remote?.ip(),
        (Some(network), Some(_), Some(ip)) if network.eq_ignore_ascii_case("IN") => ip.parse::<IpAddr>().ok()?,
        _ => return None,
    };
    let is_host = !ip.is_unspecified() && !ip.is_multicast() && !matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    is_host.then_some(SocketAddr::new(ip, port))
}

/// What holds of an answer's wish: nobody shares a port that we did not offer to share.
pub(super) fn answered(path: RtcpPath, capabilities: &Capabilities) -> RtcpPath {
    match (path, capabilities.rtcp_mux) {
        (RtcpPath::Muxed, RtcpMux::Unoffered) => RtcpPath::Beside,
        (path, _) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Capabilities, RtcpMux, SdpVersion, accept, answer, offer};
    use super::*;

    const VERSION: SdpVersion = SdpVersion { session_id: 7, version: 1 };

    fn described(attributes: &str) -> String {
        format!(
            "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n{attributes}"
        )
    }

    fn local() -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], 40_000))
    }

    #[test]
    fn an_offer_says_where_rtcp_goes() {
        let at = |text: &str| RtcpPath::At(text.parse().unwrap());
        let table = [
            ("", RtcpPath::Beside),
            ("a=rtcp:6001\r\n", at("198.51.100.9:6001")),
            ("a=rtcp:53020 IN IP4 126.16.64.4\r\n", at("126.16.64.4:53020")),
            ("a=rtcp:53020 IN IP6 2001:db8::1\r\n", at("[2001:db8::1]:53020")),
            ("a=rtcp:53020 IN IP4 host.example.com\r\n", RtcpPath::Beside),
            ("a=rtcp:53020 IN IP4 224.2.1.1\r\n", RtcpPath::Beside),
            ("a=rtcp:53020 IN IP4 0.0.0.0\r\n", RtcpPath::Beside),
            ("a=rtcp:53020 IN\r\n", RtcpPath::Beside),
            ("a=rtcp:0\r\n", RtcpPath::Beside),
            ("a=rtcp:99999\r\n", RtcpPath::Beside),
            ("a=rtcp\r\n", RtcpPath::Beside),
            ("a=rtcp:6001\r\na=rtcp-mux\r\n", RtcpPath::Muxed),
        ];
        for (attributes, expect) in table {
            let (body, agreed) =
                answer(described(attributes).as_bytes(), local(), &Capabilities::default(), &VERSION).unwrap();
            assert_eq!(agreed.negotiated.rtcp, expect, "{attributes:?}");
            let muxed = String::from_utf8_lossy(&body).contains("\r\na=rtcp-mux\r\n");
            assert_eq!(muxed, expect == RtcpPath::Muxed, "{attributes:?}");
        }
    }

    #[test]
    fn a_port_is_shared_only_where_both_sides_say_so() {
        for (offered, answered, expect) in [
            (RtcpMux::Offered, "a=rtcp-mux\r\n", RtcpPath::Muxed),
            (RtcpMux::Offered, "", RtcpPath::Beside),
            (RtcpMux::Unoffered, "a=rtcp-mux\r\n", RtcpPath::Beside),
        ] {
            let mine = Capabilities { rtcp_mux: offered, ..Capabilities::default() };
            let ours = String::from_utf8(offer(local(), &mine, &VERSION).to_vec()).unwrap();
            assert_eq!(ours.contains("\r\na=rtcp-mux\r\n"), offered == RtcpMux::Offered);
            assert_eq!(accept(described(answered).as_bytes(), &mine).map(|agreed| agreed.negotiated.rtcp), Ok(expect));
        }
    }
}
