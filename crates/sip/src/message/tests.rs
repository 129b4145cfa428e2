//! What the parser and the serialiser promise.

use super::build::{Answer, Outgoing, push_foreign, response};
use super::wire::{Broken, parse};
use super::*;
use crate::error::Malformed;
use proptest::prelude::*;

const INVITE: &str = "INVITE sip:100@192.0.2.1 SIP/2.0\r\n\
    v: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKa;rport, SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKb\r\n\
    f: \"A \\\"B\\\", C\" <sip:alice@example.com>;tag=1\r\n\
    t: <sip:100@192.0.2.1>\r\n\
    i: abc@192.0.2.7\r\n\
    CSeq: 7\r\n  INVITE\r\n\
    m: <sip:alice@192.0.2.7:5070;a=x,y>;expires=60, <sip:b@[2001:db8::1]>\r\n\
    Subject: one\r\n\ttwo\r\n\
    l: 3\r\n\r\nv=0";

fn request(text: &str) -> Request {
    match parse(text.as_bytes()) {
        Ok(Message::Request(request)) => *request,
        other => panic!("no request: {other:?}"),
    }
}

fn refusal(text: &str) -> Malformed {
    parse(text.as_bytes()).expect_err("it is malformed").why()
}

#[test]
fn compact_and_folded_headers_read_like_long_ones() {
    let request = request(INVITE);
    assert_eq!(request.call_id(), "abc@192.0.2.7");
    assert_eq!(request.cseq(), &CSeq { number: 7, method: Method::Invite });
    assert_eq!(request.header("subject"), Some("one two"));
    assert_eq!(request.header("s"), Some("one two"));
    assert_eq!(request.from().display.as_deref(), Some("A \"B\", C"));
    assert_eq!(request.body().as_ref(), b"v=0");
}

#[test]
fn a_comma_in_quotes_or_brackets_splits_no_list() {
    let contacts = request(INVITE).contacts();
    let uris: Vec<_> = contacts.iter().filter_map(Contact::uri).map(ToString::to_string).collect();
    assert_eq!(uris, ["sip:alice@192.0.2.7:5070;a=x,y", "sip:b@[2001:db8::1]"]);
    assert_eq!(contacts[0].expires(), Some(Duration::from_secs(60)));
}

#[test]
fn a_body_longer_than_its_datagram_is_refused_and_a_shorter_one_cut() {
    assert_eq!(refusal(&INVITE.replace("l: 3", "l: 4")), Malformed::ContentLength);
    assert_eq!(request(&INVITE.replace("l: 3", "l: 2")).body().as_ref(), b"v=");
    assert_eq!(request(&INVITE.replace("l: 3\r\n", "")).body().as_ref(), b"v=0");
    assert_eq!(refusal(&INVITE.replace("l: 3", "l: 3\r\nContent-Length: 2")), Malformed::ContentLength);
}

#[test]
fn too_many_headers_are_refused() {
    let many = INVITE.replace("l: 3", &format!("l: 3{}", "\r\nX: y".repeat(MAX_HEADERS)));
    assert_eq!(refusal(&many), Malformed::TooLarge);
}

#[test]
fn a_broken_request_can_be_answered_but_a_broken_ack_cannot() {
    let no_from = INVITE.replace("f: ", "X: ");
    assert!(matches!(parse(no_from.as_bytes()), Err(Broken::Answerable { why: Malformed::MissingHeader, .. })));
    let ack = no_from.replace("INVITE", "ACK");
    assert!(matches!(parse(ack.as_bytes()), Err(Broken::Dropped(Malformed::MissingHeader))));
}

#[test]
fn a_response_copies_what_it_must_and_latin_1_leaves_as_it_came() {
    let mut bytes = INVITE.replace("Subject: one", "Record-Route: <sip:p1;lr>,\r\n <sip:p2;lr>").into_bytes();
    let at = bytes.windows(3).position(|w| w == b"\"A ").expect("the display name is there");
    bytes[at + 1] = 0xe9;
    let Ok(Message::Request(mut request)) = parse(&bytes) else { panic!("Latin-1 is tolerated") };
    assert_eq!(request.from().display.as_deref(), Some("é \"B\", C"));
    request.note_source("192.0.2.7:6000".parse().expect("an address"));
    let answer = Answer { tag: Some("me"), ..Answer::bare(StatusCode::RINGING, Headers::default()) };
    let sent = response(&request, &answer);
    assert!(sent.windows(3).any(|w| w == b"\"\xe9 "), "the byte is the one that came");
    let text = String::from_utf8_lossy(&sent).into_owned();
    assert!(text.starts_with("SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKa;rport=6000;received=192.0.2.7, SIP/2.0/UDP 192.0.2.8"), "{text}");
    assert!(text.contains("\r\nTo: <sip:100@192.0.2.1>;tag=me\r\n"), "{text}");
    assert!(text.contains("\r\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>"), "{text}");
}

#[test]
fn nothing_from_outside_begins_a_line() {
    let mut headers = Headers::default();
    let evil = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    push_foreign(
        &mut headers,
        &[
            evil("X-Name", "a\r\nVia: evil\r\n\r\nbody"),
            evil("X:\r\nEvil", "1"),
            evil("v", "SIP/2.0/UDP evil"),
            evil("Content-Length", "999"),
        ],
    );
    let from = NameAddr::new("sip:a@example.com".parse().expect("a URI")).with_display("x\r\nEvil: 1");
    let outgoing = Outgoing {
        method: Method::Options,
        uri: "sip:b@example.com".parse().expect("a URI"),
        via: "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1".parse().expect("a Via"),
        from: from.to_string(),
        to: "<sip:b@example.com>\nEvil: 2".to_owned(),
        call_id: "1".to_owned(),
        cseq: 1,
        max_forwards: 70,
        route: Vec::new(),
        headers,
        body: Bytes::new(),
    };
    let bytes = outgoing.to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let names: Vec<_> = text.lines().skip(1).filter_map(|line| line.split_once(':')).map(|(name, _)| name).collect();
    assert_eq!(names, ["Via", "Max-Forwards", "From", "To", "Call-ID", "CSeq", "X-Name", "Content-Length"]);
}

#[test]
fn uris_read_and_write() {
    let check = |text: &str, user: Option<&str>, host: &str, port: Option<u16>| {
        let uri: Uri = text.parse().unwrap_or_else(|fault| panic!("{text}: {fault}"));
        assert_eq!((uri.user().as_deref(), uri.host(), uri.port()), (user, host, port), "{text}");
        assert_eq!(uri.to_string(), text);
    };
    check("sip:100@192.0.2.1:5080;transport=tcp", Some("100"), "192.0.2.1", Some(5080));
    check("sip:%2A%23@example.com", Some("*#"), "example.com", None);
    check("sip:user;par=u%40example.net@example.com", Some("user;par=u@example.net"), "example.com", None);
    check("sips:alice:secret@[2001:db8::1]:5061", Some("alice"), "[2001:db8::1]", Some(5061));
    check("tel:+358-555-1234567;phone-context=x", Some("+358-555-1234567"), "+358-555-1234567;phone-context=x", None);
    check("urn:service:sos", None, "service:sos", None);
    for bad in [
        "",
        "sip:",
        "sip:@host",
        "sip:a@",
        "sip:a@b@c",
        "sip:host:99999",
        "sip:[::1",
        "1sip:x",
        "sip:a b@c",
        "sip:x\r\n@h",
    ] {
        assert!(bad.parse::<Uri>().is_err(), "{bad:?}");
    }
}

#[test]
fn a_built_uri_escapes_its_user() {
    let host = "192.0.2.1:5060".parse().expect("an address");
    let uri = Uri::sip(Some("*99#;x@y é"), host);
    assert_eq!(uri.to_string(), "sip:*99%23%3Bx%40y%20%C3%A9@192.0.2.1:5060");
    assert_eq!(uri.user().as_deref(), Some("*99#;x@y é"));
    let uri = uri.with_param("transport", Some("tcp>\r\n"));
    assert!(uri.to_string().ends_with(";transport=tcp"));
}

#[test]
fn an_sdp_part_of_a_multipart_body_is_the_offer() {
    let mut headers = Headers::default();
    headers.push("Content-Type", "multipart/mixed; boundary=\"b1\"");
    let body = b"--b1\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b1\r\ncontent-type: application/sdp\r\n\r\nv=0\r\n\r\n--b1--\r\n";
    assert_eq!(body::sdp(&headers, &Bytes::from_static(body)), Ok(Bytes::from_static(b"v=0\r\n")));
    headers.remove("Content-Type");
    headers.push("Content-Type", "text/plain");
    assert_eq!(body::sdp(&headers, &Bytes::from_static(b"x")), Err(body::NoSdp::Unsupported));
    headers.push("Content-Disposition", "session; handling=optional");
    assert_eq!(body::sdp(&headers, &Bytes::from_static(b"x")), Err(body::NoSdp::Absent));
}

#[test]
fn what_could_not_leave_as_it_came_is_refused() {
    let check =
        |from: &str, to: &str, expected: Malformed| assert_eq!(refusal(&INVITE.replace(from, to)), expected, "{to:?}");
    check("branch=z9hG4bKa", "b\0anch=z9hG4bKa", Malformed::Via);
    check("branch=z9hG4bKa", "branch=z9 hG4bKa", Malformed::Via);
    check("tag=1", "tag=\"1\"2", Malformed::Address);
    check("abc@192.0.2.7", "abc\x07@192.0.2.7", Malformed::CallId);
    check("abc@192.0.2.7", "", Malformed::CallId);
}

#[test]
fn the_types_of_rsip_and_ours_mean_the_same() {
    assert_eq!(rsip::StatusCode::from(StatusCode::BUSY_HERE), rsip::StatusCode::BusyHere);
    assert_eq!(StatusCode::from(&rsip::StatusCode::BusyHere), StatusCode::BUSY_HERE);
    assert_eq!(Method::from(rsip::Method::Invite), Method::Invite);
}

fn frames(framer: &mut StreamFramer) -> Vec<Frame> {
    std::iter::from_fn(|| framer.next_frame().expect("the stream is sound")).collect()
}

#[test]
fn a_stream_is_cut_wherever_its_reads_fall() {
    let stream = format!("\r\n\r\n{INVITE}\r\n{INVITE}");
    let whole = [Frame::Ping, Frame::Message(INVITE.into()), Frame::Message(INVITE.into())];
    for size in [1, 2, 7, 100, stream.len()] {
        let mut framer = StreamFramer::new();
        let mut got = Vec::new();
        for chunk in stream.as_bytes().chunks(size) {
            framer.receive(chunk);
            got.extend(frames(&mut framer));
        }
        assert_eq!(got, whole, "reads of {size} bytes");
    }
}

#[test]
fn a_stream_without_an_end_is_given_up() {
    let check = |stream: &str, expected: Malformed| {
        let mut framer = StreamFramer::new();
        framer.receive(stream.as_bytes());
        assert_eq!(framer.next_frame(), Err(expected));
    };
    check(&INVITE.replace("l: 3", "X: 3"), Malformed::ContentLength);
    check(&INVITE.replace("l: 3", "l: 65537"), Malformed::TooLarge);
    check(&"x".repeat(MAX_HEADER_BYTES + 1), Malformed::TooLarge);
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes);
        let mut framer = StreamFramer::new();
        framer.receive(&bytes);
        while let Ok(Some(_)) = framer.next_frame() {}
    }

    #[test]
    fn no_change_to_a_message_makes_the_parser_panic(edits in proptest::collection::vec((any::<usize>(), any::<u8>(), 0..3_u8), 1..12)) {
        let mut bytes = INVITE.as_bytes().to_vec();
        for (at, byte, kind) in edits {
            let at = at % bytes.len();
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        if let Ok(Message::Request(mut request)) = parse(&bytes) {
            request.note_source("192.0.2.7:6000".parse().expect("an address"));
            let _ = (request.contacts(), request.from().tag(), body::sdp(&request.common.headers, request.body()));
            let _ = response(&request, &Answer::bare(StatusCode::OK, Headers::default()));
        }
    }

    #[test]
    fn text_functions_survive_any_text(text in ".{0,60}") {
        let _ = (text.parse::<Uri>(), text.parse::<NameAddr>(), text.parse::<Via>(), text::unquote(&text), text::unescape(&text));
        let quoted = text::quote(&text);
        prop_assert_eq!(text::quoted_len(&quoted), Some(quoted.len()));
    }
}
