mod codecs;

use super::*;
use crate::config::Negotiated;
use proptest::prelude::*;
use std::net::SocketAddr;

pub(super) const VERSION: SdpVersion = SdpVersion { session_id: 7, version: 1 };

pub(super) fn local() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 40_000))
}

pub(super) fn head(rest: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\nt=0 0\r\n{rest}")
}

fn answered(offer: &str) -> Result<(String, Negotiated), SdpError> {
    let (body, agreed) = answer(offer.as_bytes(), local(), &Capabilities::default(), &VERSION)?;
    let body = String::from_utf8(body.to_vec()).unwrap();
    Ok((body, agreed.negotiated))
}

/// Codec, payload type, event type, packet length in ms, remote, direction.
fn told(agreed: &Negotiated) -> String {
    let remote = agreed.remote.map_or("nowhere".to_owned(), |remote| remote.to_string());
    let event = agreed.telephone_event.map_or("-".to_owned(), |event| event.to_string());
    let ptime = agreed.ptime.as_millis();
    format!("{} {} {event} {ptime} {remote} {:?}", agreed.codec.name(), agreed.payload_type, agreed.direction)
}

fn check(name: &str, offer: &str, expect: &str) {
    match answered(offer) {
        Ok((_, agreed)) => assert_eq!(told(&agreed), expect, "{name}"),
        Err(error) => assert_eq!(format!("{error:?}"), expect, "{name}"),
    }
}

#[test]
fn offers_of_phones_and_trunks_are_understood() {
    let desk_phone = "m=audio 11780 RTP/AVP 9 8 0 18 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\n\
        a=rtpmap:0 PCMU/8000\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\n\
        a=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\na=rtcp:11781\r\n";
    check("desk phone", &head(desk_phone), "PCMA 8 101 20 198.51.100.9:11780 SendRecv");
    let soft_phone = "m=audio 5000 RTP/AVP 96 97 0 98 99\r\na=rtpmap:96 opus/48000/2\r\na=rtpmap:97 speex/16000\r\n\
        a=rtpmap:98 telephone-event/48000\r\na=rtpmap:99 telephone-event/8000\r\na=rtcp-mux\r\n";
    check("soft phone", &head(soft_phone), "PCMU 0 99 20 198.51.100.9:5000 SendRecv");
    check("bare trunk", &head("m=audio 6000 RTP/AVP 0\r\n"), "PCMU 0 - 20 198.51.100.9:6000 SendRecv");
    let dynamic = "m=audio 6000 RTP/AVP 111 8\r\na=rtpmap:111 pcmu/8000/1\r\n";
    check("dynamic number", &head(dynamic), "PCMU 111 - 20 198.51.100.9:6000 SendRecv");
    let taken = "m=audio 6000 RTP/AVP 0 8\r\na=rtpmap:0 L16/44100\r\n";
    check("a map outweighs the static list", &head(taken), "PCMA 8 - 20 198.51.100.9:6000 SendRecv");
    let own = "m=audio 6000 RTP/AVP 8\r\nc=IN IP4 203.0.113.4\r\na=recvonly\r\n";
    check("address at the medium", &head(own), "PCMA 8 - 20 203.0.113.4:6000 SendOnly");
    let six = "v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n";
    check("IPv6", six, "PCMA 8 - 20 [2001:db8::1]:6000 SendRecv");
    let name = "m=audio 6000 RTP/AVP 8\r\nc=IN IP4 media.example.com\r\n";
    check("a name is learned later", &head(name), "PCMA 8 - 20 nowhere SendRecv");
    let group = "m=audio 6000 RTP/AVP 8\r\nc=IN IP4 224.2.1.1/127\r\n";
    check("a group is no peer", &head(group), "PCMA 8 - 20 nowhere SendRecv");
    let second = "m=video 5002 RTP/AVP 31\r\nm=audio 5004 RTP/SAVP 8\r\nm=audio 5006 RTP/AVP 8\r\n";
    check("the audio that suits", &head(second), "PCMA 8 - 20 198.51.100.9:5006 SendRecv");
}

#[test]
fn careless_descriptions_are_understood() {
    let medium = "m=audio 6000 RTP/AVP 8\r\n";
    let good = "PCMA 8 - 20 198.51.100.9:6000 SendRecv";
    check("bare line feeds", &head(medium).replace("\r\n", "\n"), good);
    check("blank end", &(head(medium) + "\r\n\r\n"), good);
    check("huge origin", &head(medium).replace("o=- 1 1", "o=- 99999999999999999999999 18446744073709551616"), good);
    check("origin without address", &head(medium).replace(" 1 1 IN IP4 198.51.100.9", ""), good);
    check("no time", &head(medium).replace("t=0 0\r\n", ""), good);
    check("odd bandwidth", &head(&format!("b=?\r\nk=\r\nz=x\r\n{medium}")), good);
    check("two addresses", &head(&format!("c=IN IP4 203.0.113.1\r\n{medium}")), good);
    check("event with odd map", &head(&format!("{medium}a=rtpmap:x\r\na=rtpmap\r\na=ptime:\r\n")), good);
}

#[test]
fn offers_without_audio_for_us_are_refused() {
    let table = [
        ("no media", ""),
        ("only video", "m=video 5002 RTP/AVP 31\r\n"),
        ("only others", "m=audio 5002 RTP/AVP 3 18\r\n"),
        ("only events", "m=audio 5002 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n"),
        ("refused", "m=audio 0 RTP/AVP 8\r\n"),
    ];
    for (name, rest) in table {
        check(name, &head(rest), "NoCommonCodec");
    }
    check("secure", &head("m=audio 5002 RTP/SAVP 8\r\n"), "NoCommonSuite");
    check("browser", &head("m=audio 9 UDP/TLS/RTP/SAVPF 8\r\n"), "NoCommonSuite");
    check("empty", "", "NotSdp");
    check("port beyond", &head("m=audio 70000 RTP/AVP 8\r\n"), "Malformed");
    check("seventeen media", &head(&"m=audio 6000 RTP/AVP 8\r\n".repeat(17)), "TooLarge");
    check("large", &head(&"a=x\r\n".repeat(20_000)), "TooLarge");
}

#[test]
fn packet_lengths_are_as_asked_within_bounds() {
    let table = [
        ("", 20),
        ("a=ptime:10\r\n", 10),
        ("a=ptime:30\r\n", 30),
        ("a=ptime:60\r\n", 60),
        ("a=ptime:0\r\n", 20),
        ("a=ptime:5\r\n", 10),
        ("a=ptime:24\r\n", 20),
        ("a=ptime:25\r\n", 30),
        ("a=ptime:200\r\n", 60),
        ("a=ptime:20.5\r\n", 20),
        ("a=ptime:99999999999\r\n", 20),
        ("a=ptime:-1\r\n", 20),
        ("a=maxptime:10\r\n", 10),
        ("a=ptime:60\r\na=maxptime:45\r\n", 40),
        ("a=ptime:30\r\na=maxptime:3\r\n", 10),
        ("a=maxptime:150\r\n", 20),
    ];
    for (attributes, expect) in table {
        let (body, agreed) = answered(&head(&format!("m=audio 6000 RTP/AVP 8\r\n{attributes}"))).unwrap();
        assert_eq!(agreed.ptime.as_millis(), expect, "{attributes:?}");
        assert!(body.contains(&format!("a=ptime:{expect}\r\n")), "{attributes:?}");
    }
}

#[test]
fn hold_and_its_end_are_answered_from_our_side() {
    let remote = "198.51.100.9:6000";
    let table = [
        ("a=sendrecv", "a=sendrecv", remote, Direction::SendRecv),
        ("a=sendonly", "a=recvonly", remote, Direction::RecvOnly),
        ("a=recvonly", "a=sendonly", remote, Direction::SendOnly),
        ("a=inactive", "a=inactive", remote, Direction::Inactive),
        ("c=IN IP4 0.0.0.0", "a=recvonly", "nowhere", Direction::RecvOnly),
        ("c=IN IP4 0.0.0.0\r\na=inactive", "a=inactive", "nowhere", Direction::Inactive),
        ("c=IN IP6 ::\r\na=sendonly", "a=recvonly", "nowhere", Direction::RecvOnly),
    ];
    for (asked, line, remote, direction) in table {
        let (body, agreed) = answered(&head(&format!("m=audio 6000 RTP/AVP 8\r\n{asked}\r\n"))).unwrap();
        assert!(body.ends_with(&format!("{line}\r\n")), "{asked}: {body}");
        assert_eq!(told(&agreed), format!("PCMA 8 - 20 {remote} {direction:?}"), "{asked}");
    }
    let whole = head("m=audio 6000 RTP/AVP 8\r\n").replace("t=0 0\r\n", "t=0 0\r\na=sendonly\r\n");
    assert_eq!(answered(&whole).unwrap().1.direction, Direction::RecvOnly, "for the whole description");
    let over = head("m=audio 6000 RTP/AVP 8\r\na=sendrecv\r\n").replace("t=0 0\r\n", "t=0 0\r\na=inactive\r\n");
    assert_eq!(answered(&over).unwrap().1.direction, Direction::SendRecv, "the medium outweighs");
}

#[test]
fn the_answer_has_a_line_for_each_of_the_offer() {
    let offer = head(
        "m=image 4000 udptl t38\r\nm=audio 6000 RTP/AVP 18 0 96\r\na=rtpmap:96 telephone-event/8000\r\n\
         m=video 5002 RTP/AVP 31 34\r\nm=audio 6002 RTP/AVP 8\r\n",
    );
    insta::assert_snapshot!(answered(&offer).unwrap().0.replace("\r\n", "\n"), @r"
    v=0
    o=- 7 1 IN IP4 192.0.2.1
    s=-
    c=IN IP4 192.0.2.1
    t=0 0
    m=image 0 udptl t38
    m=audio 40000 RTP/AVP 0 96
    a=rtpmap:0 PCMU/8000
    a=rtpmap:96 telephone-event/8000
    a=fmtp:96 0-15
    a=ptime:20
    a=sendrecv
    m=video 0 RTP/AVP 31 34
    m=audio 0 RTP/AVP 8
    ");
}

#[test]
fn our_offer_is_answered_and_accepted() {
    let ours = offer(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 40_000)), &Capabilities::default(), &VERSION);
    insta::assert_snapshot!(String::from_utf8_lossy(&ours).replace("\r\n", "\n"), @r"
    v=0
    o=- 7 1 IN IP6 ::1
    s=-
    c=IN IP6 ::1
    t=0 0
    m=audio 40000 RTP/AVP 8 0 101
    a=rtpmap:8 PCMA/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=ptime:20
    a=sendrecv
    ");
    let ulaw = Capabilities { codecs: vec![Codec::Pcmu], ..Capabilities::default() };
    let (theirs, agreed) = answer(&ours, local(), &ulaw, &VERSION).unwrap();
    assert_eq!(told(&agreed.negotiated), "PCMU 0 101 20 [::1]:40000 SendRecv");
    let accepted = accept(&theirs, &Capabilities::default()).unwrap().negotiated;
    assert_eq!(told(&accepted), "PCMU 0 101 20 192.0.2.1:40000 SendRecv");
}

#[test]
fn an_answer_that_refuses_or_strays_is_told_apart() {
    let check = |rest: &str, expect: SdpError| {
        assert_eq!(accept(head(rest).as_bytes(), &Capabilities::default()), Err(expect), "{rest}");
    };
    check("m=audio 0 RTP/AVP 8\r\n", SdpError::Refused);
    check("", SdpError::Refused);
    check("m=audio 6000 RTP/AVP 18\r\n", SdpError::NoCommonCodec);
    let held = head("m=audio 6000 RTP/AVP 0\r\na=sendonly\r\na=ptime:30\r\n");
    let accepted = accept(held.as_bytes(), &Capabilities::default()).unwrap().negotiated;
    assert_eq!(told(&accepted), "PCMU 0 - 30 198.51.100.9:6000 RecvOnly");
}

#[test]
fn the_version_goes_up_only_with_a_change() {
    let mut version = VERSION;
    let first = offer(local(), &Capabilities::default(), &version);
    let again = version.settle(&first, offer(local(), &Capabilities::default(), &version));
    assert_eq!((&again, version), (&first, VERSION));
    let held = Capabilities { direction: Direction::SendOnly, ..Capabilities::default() };
    let changed = version.settle(&first, offer(local(), &held, &version));
    assert_eq!(version, SdpVersion { session_id: 7, version: 2 });
    let changed = String::from_utf8(changed.to_vec()).unwrap();
    assert!(changed.contains("o=- 7 2 IN IP4 192.0.2.1\r\n") && changed.ends_with("a=sendonly\r\n"));
}

proptest! {
    #[test]
    fn any_text_is_answered_or_refused(lines in prop::collection::vec("[vosctmab]=[ -~]{0,40}", 0..20)) {
        let _ = answered(&format!("v=0\r\n{}", lines.join("\r\n")));
    }

    #[test]
    fn any_bytes_are_answered_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let body = [b"v=0\nm=audio 6000 RTP/AVP 8\n", &bytes[..]].concat();
        let _ = answer(&body, local(), &Capabilities::default(), &VERSION);
        let _ = accept(&bytes, &Capabilities::default());
    }

    #[test]
    fn an_answer_is_itself_a_description_with_as_many_lines(attributes in "(a=[a-z]{1,9}(:[ -~]{0,20})?\r\n){0,5}") {
        let offer = head(&format!("m=audio 6000 RTP/AVP 8 0\r\n{attributes}m=video 1 RTP/AVP 31\r\n"));
        if let Ok((body, _)) = answered(&offer) {
            prop_assert_eq!(body.matches("m=").count(), 2);
            prop_assert!(accept(body.as_bytes(), &Capabilities::default()).is_ok());
        }
    }
}
