//! Many calls at once on one socket, each with ears of its own where it is heard.
//!
//! Shape: every caller has a name, which is the Call-ID; it stays until the server hangs up, or leaves at its time.
//! Time: the machine's clock. A caller without ears has a port that takes whatever comes, and says nothing.

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use antiphon_testkit::SipText;

use crate::media::{Ears, Keys, Recording};

/// How long all of them may take.
const PATIENCE: Duration = Duration::from_secs(40);

/// Somebody who is about to call.
#[derive(Clone)]
pub(crate) struct Caller {
    name: String,
    number: String,
    from: String,
    keys: Option<Keys>,
    leaves: Option<Duration>,
}

impl Caller {
    /// Calls this number as +78121234567, and hears nothing; its name is that number.
    pub(crate) fn new(number: &str) -> Self {
        Self {
            name: number.to_owned(),
            number: number.to_owned(),
            from: "<sip:+78121234567@127.0.0.1>".to_owned(),
            keys: None,
            leaves: None,
        }
    }

    /// One of several who call one number.
    pub(crate) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// What stands in From, but for the tag.
    pub(crate) fn from(mut self, from: &str) -> Self {
        from.clone_into(&mut self.from);
        self
    }

    /// Hears, and presses these keys.
    pub(crate) fn hears(mut self, keys: &[(usize, char)]) -> Self {
        self.keys = Some(keys.to_vec());
        self
    }

    /// Hangs up so long after the answer.
    pub(crate) fn leaves(mut self, after: Duration) -> Self {
        self.leaves = Some(after);
        self
    }
}

/// A call that is over.
pub(crate) struct Past {
    /// When it was answered.
    pub(crate) answered: Instant,
    /// From the answer to the first BYE.
    pub(crate) up: Duration,
    /// Whether that was the caller's.
    pub(crate) left: bool,
    /// What was heard; nothing without ears.
    pub(crate) recording: Recording,
}

/// A call in progress.
struct Line<'a> {
    caller: &'a Caller,
    ears: Option<Ears>,
    answered: Option<Instant>,
    /// To, as the answer has it.
    to: String,
    left: Option<Duration>,
}

/// Calls on one socket.
pub(crate) struct Calls {
    socket: UdpSocket,
    /// Held, so that nobody else gets its port.
    media: UdpSocket,
    server: SocketAddr,
}

fn port(socket: &UdpSocket) -> u16 {
    socket.local_addr().expect("it is bound").port()
}

impl Calls {
    pub(crate) fn new(server: SocketAddr) -> Self {
        let [socket, media] = [(); 2].map(|()| UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port"));
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout that is not zero");
        Self { socket, media, server }
    }

    fn request(&self, method: &str, number: u32, caller: &Caller, to: &str) -> SipText {
        let (here, server) = (self.socket.local_addr().expect("it is bound"), self.server);
        let Caller { name, number: called, from, .. } = caller;
        SipText { start: format!("{method} sip:{called}@{server} SIP/2.0"), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/UDP {here};branch=z9hG4bK{method}{name};rport"))
            .with("Max-Forwards", "70")
            .with("From", &format!("{from};tag={name}"))
            .with("To", to)
            .with("Call-ID", &format!("calls-{name}"))
            .with("CSeq", &format!("{number} {method}"))
            .with("Contact", &format!("<sip:caller@{here}>"))
    }

    fn send(&self, message: &SipText) {
        self.socket.send_to(&message.to_bytes(), self.server).expect("loopback takes datagrams");
    }

    fn invite<'a>(&self, caller: &'a Caller) -> Line<'a> {
        let ears = caller.keys.clone().map(Ears::open);
        let media = ears.as_ref().map_or_else(|| port(&self.media), Ears::port);
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {media} RTP/AVP 8 101\r\n\
             a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        );
        let to = format!("<sip:{}@{}>", caller.number, self.server);
        self.send(&self.request("INVITE", 1, caller, &to).with_body("application/sdp", &sdp));
        Line { caller, ears, answered: None, to, left: None }
    }

    /// All call at once; how each call went, by the caller's name.
    #[track_caller]
    pub(crate) fn place(&self, callers: &[Caller]) -> BTreeMap<String, Past> {
        let mut lines: BTreeMap<&str, _> = BTreeMap::new();
        lines.extend(callers.iter().map(|caller| (caller.name.as_str(), self.invite(caller))));
        assert_eq!(lines.len(), callers.len(), "every caller has a name of its own");
        let (mut past, until) = (BTreeMap::new(), Instant::now() + PATIENCE);
        let mut buffer = [0; 65_536];
        while !lines.is_empty() {
            let names: Vec<_> = lines.keys().collect();
            assert!(Instant::now() < until, "still up: {names:?}");
            lines.values_mut().for_each(|line| self.leave(line));
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            let message = SipText::parse(&buffer[..length]);
            let name = message.header("Call-ID").and_then(|id| id.strip_prefix("calls-")).unwrap_or_default();
            if let Some(line) = lines.get_mut(name) {
                if let Some(up) = self.take(line, &message) {
                    let line = lines.remove(name).expect("it was there");
                    past.insert(name.to_owned(), line.over(up));
                }
            } else if message.start.starts_with("BYE ") {
                // Ours has crossed it, or it comes again.
                self.send(&good(&message));
            }
        }
        past
    }

    /// Hangs up where it is time.
    fn leave(&self, line: &mut Line<'_>) {
        let up = line.answered.map(|answered| answered.elapsed());
        let Some(up) = up.filter(|up| line.caller.leaves.is_some_and(|leaves| leaves <= *up)) else { return };
        if line.left.is_none() {
            line.left = Some(up);
            self.send(&self.request("BYE", 2, line.caller, &line.to));
        }
    }

    /// Takes a message of a call; how long it was up where it is over.
    #[track_caller]
    fn take(&self, line: &mut Line<'_>, message: &SipText) -> Option<Duration> {
        match message.status() {
            Some(200) if message.header("CSeq") == Some("2 BYE") => line.left,
            Some(200) => {
                message.header("To").unwrap_or_default().clone_into(&mut line.to);
                self.send(&self.request("ACK", 1, line.caller, &line.to));
                line.answered.get_or_insert_with(Instant::now);
                None
            }
            Some(status) => {
                assert!(status < 300, "{}: {}", line.caller.name, message.start);
                None
            }
            None if message.start.starts_with("BYE ") => {
                self.send(&good(message));
                let since = line.answered.unwrap_or_else(|| panic!("{}: a BYE before the answer", line.caller.name));
                Some(line.left.unwrap_or_else(|| since.elapsed()))
            }
            None => None,
        }
    }
}

impl Line<'_> {
    fn over(self, up: Duration) -> Past {
        let nothing = || Recording { packets: Vec::new(), pressed: Vec::new() };
        let answered = self.answered.expect("a call that is over was answered");
        Past { answered, up, left: self.left.is_some(), recording: self.ears.map_or_else(nothing, Ears::close) }
    }
}

/// 200 to a request.
fn good(request: &SipText) -> SipText {
    let same = ["Via", "From", "To", "Call-ID", "CSeq"];
    let answer = SipText { start: "SIP/2.0 200 OK".to_owned(), ..SipText::default() };
    same.iter().fold(answer, |answer, name| answer.with(name, request.header(name).unwrap_or_default()))
}
