//! SIP as text, for a caller that only has to be quick and well-behaved (RFC 3261 sections 8, 12 and 13).
//!
//! Shape: [`Message`] is a view of one received message; the functions write requests and answers.
//! Errors: what is not understood is ignored, and the call fails by its own clock.

use std::net::SocketAddrV4;

/// One received message.
#[derive(Copy, Clone, Debug)]
pub struct Message<'a> {
    head: &'a str,
    body: &'a str,
}

impl<'a> Message<'a> {
    /// A view of a datagram that is text.
    pub fn new(datagram: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(datagram).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        Some(Self { head, body })
    }

    /// The status of a response; `None` of a request.
    pub fn status(&self) -> Option<u16> {
        self.head.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    /// The method of a request, or that of the request that is answered.
    pub fn method(&self) -> &'a str {
        let sequence = self.header("CSeq").unwrap_or_default();
        sequence.split_whitespace().nth(1).unwrap_or_default()
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers(name).next()
    }

    /// Every header of this name.
    pub fn headers<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.head.lines().filter_map(move |line| {
            let (found, value) = line.split_once(':')?;
            found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The URI of Contact.
    pub fn contact(&self) -> Option<&'a str> {
        let contact = self.header("Contact")?;
        let uri = contact.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
        Some(uri.map_or(contact, |(uri, _)| uri))
    }

    /// Where the body's SDP wants its sound.
    pub fn media(&self) -> Option<SocketAddrV4> {
        let line = |start: &str| self.body.lines().find_map(|line| line.trim_end().strip_prefix(start));
        let ip = line("c=IN IP4 ")?.parse().ok()?;
        let port = line("m=audio ")?.split(' ').next()?.parse().ok()?;
        Some(SocketAddrV4::new(ip, port))
    }
}

/// What all requests of a call have in common.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// Our signalling address.
    pub local: SocketAddrV4,
    /// The server's, for the Request-URI.
    pub server: SocketAddrV4,
    /// The user that is called.
    pub user: String,
    /// The number of the call, which its Call-ID, tag and branches are made of.
    pub number: usize,
    /// The To header: with the server's tag once it has answered.
    pub to: String,
    /// The Request-URI: the server's Contact once it has answered.
    pub target: String,
}

impl Dialog {
    /// A call that has not begun.
    pub fn new(local: SocketAddrV4, server: SocketAddrV4, user: &str, number: usize) -> Self {
        let target = format!("sip:{user}@{server}");
        Self { local, server, user: user.to_owned(), number, to: format!("<{target}>"), target }
    }

    /// Takes the server's tag and Contact from its answer.
    pub fn establish(&mut self, answer: &Message) {
        if let Some(to) = answer.header("To") {
            to.clone_into(&mut self.to);
        }
        if let Some(contact) = answer.contact() {
            contact.clone_into(&mut self.target);
        }
    }

    /// The INVITE, with an offer of PCMU and digits at this address.
    pub fn invite(&self, media: SocketAddrV4) -> String {
        let offer = sdp(media);
        let kind = "Content-Type: application/sdp\r\n";
        self.request("INVITE", 1, kind, &offer)
    }

    /// The ACK of the 200 (RFC 3261 section 13.2.2.4).
    pub fn ack(&self) -> String {
        self.request("ACK", 1, "", "")
    }

    /// The BYE.
    pub fn bye(&self) -> String {
        self.request("BYE", 2, "", "")
    }

    fn request(&self, method: &str, sequence: u32, more: &str, body: &str) -> String {
        let Self { local, number, to, target, .. } = self;
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP {local};rport;branch=z9hG4bK{number}{method}\r\nMax-Forwards: 70\r\n\
             From: <sip:load@{local}>;tag={number}\r\nTo: {to}\r\nCall-ID: {number}@load\r\nCSeq: {sequence} {method}\r\n\
             Contact: <sip:load@{local}>\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    }
}

/// The number of the call that a message belongs to, where it is one of ours.
pub fn number_of(message: &Message) -> Option<usize> {
    message.header("Call-ID")?.strip_suffix("@load")?.parse().ok()
}

/// A 200 to the server's request; with an answer where media is given.
pub fn ok(request: &Message, local: SocketAddrV4, media: Option<SocketAddrV4>) -> String {
    let mut text = String::from("SIP/2.0 200 OK\r\n");
    for name in ["Via", "Record-Route", "From", "Call-ID", "CSeq"] {
        for value in request.headers(name) {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    let to = request.header("To").unwrap_or_default();
    let tag = if to.contains(";tag=") { "" } else { ";tag=callee" };
    let body = media.map(sdp).unwrap_or_default();
    let kind = if media.is_some() { "Content-Type: application/sdp\r\n" } else { "" };
    text.push_str(&format!(
        "To: {to}{tag}\r\nContact: <sip:callee@{local}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    text
}

fn sdp(media: SocketAddrV4) -> String {
    let (ip, port) = (media.ip(), media.port());
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: SocketAddrV4 = SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 4000);

    #[test]
    fn a_call_is_found_again_by_what_the_server_echoes() {
        let mut dialog = Dialog::new(HERE, HERE, "100", 7);
        let invite = dialog.invite(HERE);
        let request = Message::new(invite.as_bytes()).unwrap();
        assert_eq!((request.status(), request.method(), request.media()), (None, "INVITE", Some(HERE)));
        let answer = ok(&request, HERE, Some(HERE));
        let answer = Message::new(answer.as_bytes()).unwrap();
        assert_eq!((answer.status(), answer.method(), number_of(&answer)), (Some(200), "INVITE", Some(7)));
        dialog.establish(&answer);
        let bye = dialog.bye();
        assert!(bye.starts_with("BYE sip:callee@127.0.0.1:4000 SIP/2.0\r\n"), "{bye}");
        assert!(bye.contains("To: <sip:100@127.0.0.1:4000>;tag=callee\r\n"), "{bye}");
    }
}
