//! A phone registers, with an answer to the first challenge it is given.
//!
//! Shape: two requests from the port at which SIPp then answers as that phone. SIPp itself cannot: of several challenges
//! it takes the first, and it knows no SHA-256, which RFC 8760 puts first.
//! Sources: RFC 3261 §10.2, §22.2; RFC 8760 §2.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use antiphon_testkit::{Proof, SipText, authorization};

/// How long an answer may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Registers `user` at this port for five minutes; answers with the final status.
pub(crate) fn register(server: SocketAddr, user: &str, password: &str, port: u16) -> u16 {
    let socket = UdpSocket::bind(("127.0.0.1", port)).expect("the port is free");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not zero");
    let ask = |number: u32, authorization: Option<String>| {
        let mut request = request(server, user, port, number);
        if let Some(value) = authorization {
            request = request.with("Authorization", &value);
        }
        socket.send_to(&request.to_bytes(), server).expect("loopback takes datagrams");
        let mut buffer = [0; 2_048];
        let length = socket.recv(&mut buffer).expect("the server answers");
        SipText::parse(&buffer[..length])
    };
    let challenged = ask(1, None);
    let uri = format!("sip:{server}");
    let proof = Proof { user, password, method: "REGISTER", uri: &uri };
    let challenge = challenged.header("WWW-Authenticate").expect("a registration is challenged");
    ask(2, authorization(challenge, &proof)).status().unwrap_or_default()
}

fn request(server: SocketAddr, user: &str, port: u16, number: u32) -> SipText {
    let address = format!("<sip:{user}@{server}>");
    SipText { start: format!("REGISTER sip:{server} SIP/2.0"), ..SipText::default() }
        .with("Via", &format!("SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{user}x{port}x{number};rport"))
        .with("Max-Forwards", "70")
        .with("From", &format!("{address};tag={user}"))
        .with("To", &address)
        .with("Call-ID", &format!("{user}-{port}"))
        .with("CSeq", &format!("{number} REGISTER"))
        .with("Contact", &format!("<sip:{user}@127.0.0.1:{port}>"))
        .with("Expires", "300")
}
