//! Parsers under any bytes: what is taken can be written and read again, and is then the same.

use crate::auth::{self, AuthConfig, Authenticator, Bound, Covered, Secret, Wallet};
use crate::message::text::split_outside_quotes;
use crate::message::{Headers, Message, Params, Via, body, wire};
use crate::{Contact, Frame, MAX_BODY_BYTES, MAX_HEADER_BYTES, NameAddr, StreamFramer, Uri};
use bytes::Bytes;
use std::time::Instant;

/// A message as it would be sent on.
fn written(message: &Message) -> Vec<u8> {
    let (start, common) = match message {
        Message::Request(request) => (format!("{} {} SIP/2.0", request.method, request.uri), &request.common),
        Message::Response(response) => (format!("SIP/2.0 {}", response.status), &response.common),
    };
    let mut headers = common.headers.clone();
    headers.remove("Content-Length");
    headers.push("Content-Length", common.body.len().to_string());
    let mut out = format!("{start}\r\n").into_bytes();
    headers.write(&mut out);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&common.body);
    out
}

/// Reads a message; what was read, written and read again is written the same.
pub fn message(bytes: &[u8]) {
    let Ok(read) = wire::parse(bytes) else { return };
    if let Message::Request(request) = &read {
        request.contacts();
        request.expires();
        request.max_forwards();
    }
    let read_again = |bytes: &[u8]| match wire::parse(bytes) {
        Ok(again) => again,
        Err(broken) => panic!("{}: {:?}", broken.why(), String::from_utf8_lossy(bytes)),
    };
    // Control characters become spaces when they are first written, and spaces at an end go when they are next read.
    let again = read_again(&written(&read));
    let settled = written(&again);
    let repeated = written(&read_again(&settled));
    assert_eq!(String::from_utf8_lossy(&settled), String::from_utf8_lossy(&repeated));
    let parts = |message: &Message| {
        let common = match message {
            Message::Request(request) => &request.common,
            Message::Response(response) => &response.common,
        };
        (common.via.branch(), common.from.tag(), common.to.tag(), common.cseq.clone(), common.body.clone())
    };
    assert_eq!(parts(&read), parts(&again));
}

/// Reads one header value as everything that header values are.
pub fn headers(bytes: &[u8]) {
    let mut headers = Headers::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Some((name, value)) = wire::header_line(line) {
            headers.push_wire(name, value);
        }
    }
    let values: Vec<String> = headers.iter().map(|(_, value)| value.to_owned()).collect();
    for value in &values {
        address(value);
        for item in split_outside_quotes(value, b',') {
            address(item);
        }
        if let Ok(via) = value.parse::<Via>() {
            let text = via.to_string();
            assert_eq!(text.parse::<Via>().map(|via| via.to_string()), Ok(text.clone()), "{text}");
        }
        if let Ok(params) = Params::parse(value) {
            let text = params.to_string();
            assert_eq!(Params::parse(&text), Ok(params), "{text}");
        }
    }
    let _ = body::sdp(&headers, &Bytes::copy_from_slice(bytes));
    headers.replace_first_item("Via", "SIP/2.0/UDP 192.0.2.1");
    let mut out = Vec::new();
    headers.write(&mut out);
    let lines = out.iter().filter(|byte| **byte == b'\n').count();
    assert!(lines <= headers.len(), "a value has begun a line of its own: {:?}", String::from_utf8_lossy(&out));
}

fn address(text: &str) {
    if let Ok(address) = text.parse::<NameAddr>() {
        let once = address.to_string();
        match once.parse::<NameAddr>() {
            Ok(again) => {
                assert_eq!(again.to_string(), once);
                assert_eq!((again.uri.clone(), again.tag()), (address.uri.clone(), address.tag()), "{once}");
            }
            Err(fault) => panic!("{fault}: {once:?} from {text:?}"),
        }
        Contact::Address(address).expires();
    }
}

/// Reads a URI.
pub fn uri(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(uri) = text.parse::<Uri>() else { return };
    let written = uri.to_string();
    assert_eq!(written.parse::<Uri>().as_ref(), Ok(&uri), "{written:?}");
    uri.user();
    uri.ip();
    assert!(uri.as_target().to_string().parse::<Uri>().is_ok(), "{written:?}");
    for user in [uri.user().unwrap_or_default().as_ref(), text] {
        let called = Uri::sip(None, ([192, 0, 2, 1], 5060).into()).with_user(user).with_param("x", Some(user));
        let written = called.to_string();
        assert!(written.parse::<Uri>().is_ok(), "{written:?}");
    }
}

/// Reads challenges and the answers to them.
pub fn digest(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace(['\r', '\n'], " ");
    for (status, name) in [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")] {
        let mut headers = Headers::default();
        headers.push(name, text.clone());
        let status = crate::StatusCode::new(status).expect("a status");
        auth::Answered::default().and(status, &headers).and_then(|once| once.and(status, &headers));
        let credentials = crate::Credentials { username: "u".into(), password: "p".into(), realm: None };
        let bound = Bound::new(credentials, [192, 0, 2, 1].into());
        let covered = Covered { method: "INVITE", uri: "sip:a@192.0.2.1", cnonce: "c" };
        Wallet::default().answer(status, &headers, &bound, covered);
    }
    let request = format!(
        "REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:a@a>\r\n\
         Call-ID: 1\r\nCSeq: 1 REGISTER\r\nAuthorization: {text}\r\nContent-Length: 0\r\n\r\n"
    );
    let Ok(Message::Request(request)) = wire::parse(request.as_bytes()) else { return };
    #[expect(clippy::disallowed_methods, reason = "told time has to begin somewhere")]
    let now = Instant::now();
    let mut authenticator = Authenticator::new(AuthConfig::new("a", [7; 32]), now);
    authenticator.username(&request);
    let verdict = authenticator.verify(now, &request, &Secret::Password("p".into()));
    assert_ne!(verdict, auth::Verdict::Verified, "nobody was challenged");
}

/// Cuts a stream at once and in small pieces: the frames are the same.
pub fn framer(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let whole = frames(std::iter::once(bytes));
    let pieces = frames(bytes.chunks(usize::from(*size).max(1)));
    assert_eq!(whole.0, pieces.0);
    assert_eq!(whole.1, pieces.1, "whether the stream can be followed");
    for frame in &whole.0 {
        if let Frame::Message(message) = frame {
            assert!(message.len() <= MAX_HEADER_BYTES + MAX_BODY_BYTES + 4);
        }
    }
}

/// The messages of a stream, and whether it could be followed to its end. Pings depend on where a read ends, and are left out.
fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Frame>, bool) {
    let mut framer = StreamFramer::new();
    let mut frames = Vec::new();
    for piece in pieces {
        framer.receive(piece);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => frames.extend(Some(frame).filter(|frame| *frame != Frame::Ping)),
                Ok(None) => break,
                Err(_) => return (frames, false),
            }
        }
    }
    (frames, true)
}

/// Reads the status of a fragment.
pub fn sipfrag(bytes: &[u8]) {
    if let Some(status) = crate::message::sipfrag_status(bytes) {
        let written = crate::message::sipfrag(status);
        assert_eq!(crate::message::sipfrag_status(written.as_bytes()), Some(status), "{written:?}");
    }
}
