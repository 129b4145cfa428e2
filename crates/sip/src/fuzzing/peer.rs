//! A peer who says anything: requests and responses from small pools, so that they meet dialogs and transactions.
//!
//! Shape: bytes in, the text of one message out.

/// What a peer asks for. A new method is one more line.
const METHODS: &[&str] = &[
    "INVITE",
    "INVITE",
    "INVITE",
    "ACK",
    "ACK",
    "BYE",
    "BYE",
    "CANCEL",
    "CANCEL",
    "INFO",
    "OPTIONS",
    "REGISTER",
    "UPDATE",
    "PRACK",
    "REFER",
    "NOTIFY",
    "SUBSCRIBE",
    "MESSAGE",
    "WINK",
];

/// Headers that a request may carry beside the usual ones.
const EXTRAS: &[&str] = &[
    "",
    "",
    "",
    "",
    "Require: 100rel\r\n",
    "Require: x\r\n",
    "Supported: 100rel, timer, replaces\r\n",
    "RAck: 1 1 INVITE\r\n",
    "Session-Expires: 90;refresher=uac\r\nSupported: timer\r\nMin-SE: 90\r\n",
    "Refer-To: <sip:9@192.0.2.9>\r\n",
    "Event: refer\r\nSubscription-State: terminated;reason=noresource\r\n",
    "Event: message-summary\r\nExpires: 60\r\n",
    "Event: message-summary\r\nExpires: 0\r\n",
    "Accept: text/plain\r\n",
    "Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9>\r\n",
    "Max-Forwards: 0\r\n",
];

/// What a peer answers.
const STATUSES: &[u16] =
    &[100, 180, 183, 200, 200, 200, 202, 302, 401, 404, 407, 408, 422, 481, 486, 487, 491, 500, 503, 603];

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/// Call-ID and tags of a dialog, as the peer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) call_id: String,
    /// The endpoint's tag.
    pub(super) ours: String,
    /// The peer's tag.
    pub(super) theirs: String,
}

/// A request of the endpoint, as far as a response repeats it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) via: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) call_id: String,
    pub(super) cseq: String,
}

/// One of `list`, by a byte.
pub(super) fn pick<T>(list: &[T], byte: u8) -> Option<&T> {
    list.get(usize::from(byte) % list.len().max(1))
}

fn with_body(head: String, byte: u8) -> String {
    let (kind, body) = match byte % 4 {
        0 | 1 => ("application/sdp", OFFER),
        2 => ("application/dtmf-relay", "Signal=1\r\n"),
        _ => return format!("{head}Content-Length: 0\r\n\r\n"),
    };
    format!("{head}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// A request of the peer, in a dialog or outside of all.
pub(super) fn request(step: [u8; 5], ends: &[End], via: &str) -> String {
    let [method, place, number, branch, more] = step;
    let method = pick(METHODS, method).copied().unwrap_or("OPTIONS");
    let end = pick(ends, place / 2).filter(|_| place.is_multiple_of(2)).cloned();
    let end = end.unwrap_or_else(|| {
        let ours = match place % 16 {
            1 => "gone".to_owned(),
            3 => pick(ends, place / 16).map(|end| end.ours.clone()).unwrap_or_default(),
            _ => String::new(),
        };
        End {
            call_id: format!("call-{}", place / 16 % 3),
            ours,
            theirs: ["alice", "bob", ""][usize::from(number / 8) % 3].into(),
        }
    });
    let tag = |tag: &str| if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let (from, to) = (tag(&end.theirs), tag(&end.ours));
    let branch = match branch % 8 {
        7 => String::new(),
        // An ACK and a CANCEL of the same number mean that INVITE.
        number => format!(";branch=z9hG4bKp{number}"),
    };
    let extra = pick(EXTRAS, more / 4).copied().unwrap_or_default();
    let head = format!(
        "{method} sip:100@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/{via} 192.0.2.7:5060{branch}\r\nFrom: <sip:a@192.0.2.7>{from}\r\n\
         To: <sip:100@198.51.100.1>{to}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\nContact: <sip:a@192.0.2.7:5060>\r\n{extra}",
        end.call_id,
        1 + number % 5,
    );
    with_body(head, more)
}

/// A response of the peer to something that it was asked.
pub(super) fn response(step: [u8; 5], asked: &Asked) -> String {
    let [status, tag, cseq, more, _] = step;
    let status = pick(STATUSES, status).copied().unwrap_or(200);
    let Asked { via, from, to, call_id, .. } = asked;
    let to = match tag % 4 {
        _ if to.contains(";tag=") => to.clone(),
        0 => to.clone(),
        1 => format!("{to};tag=y"),
        _ => format!("{to};tag=x"),
    };
    let cseq = if cseq.is_multiple_of(16) { "77 BYE" } else { asked.cseq.as_str() };
    let extra = match status {
        401 => "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n",
        407 => "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true\r\n",
        422 => "Min-SE: 1800\r\n",
        100..200 if more & 64 == 0 => "Require: 100rel\r\nRSeq: 1\r\n",
        _ => "",
    };
    let head = format!(
        "SIP/2.0 {status} Said\r\nVia: {via}\r\nFrom: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq}\r\n\
         Contact: <sip:100@192.0.2.7:5060>\r\n{extra}"
    );
    with_body(head, more)
}
