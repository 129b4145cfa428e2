//! TLS: a caller who speaks SIP inside it, because SIPp of Debian cannot.
//!
//! Shape: one blocking connection a caller; its media is that of the other callers.
//! Sources: RFC 3261 §26.3.1; RFC 5922 §7.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use antiphon_sip::{Frame, StreamFramer};
use antiphon_testkit::SipText;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ServerConnection, StreamOwned};

use crate::authority::{Authority, NAME};
use crate::dns::{NameServer, address, srv};
use crate::media::Ears;
use crate::process::alone;
use crate::server::{Server, command_on};
use crate::sipp::{Scenario, Sipp, free_port};

/// How long an answer may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);
const LISTENERS: [&str; 2] = ["udp:127.0.0.1:0", "tls:127.0.0.1:0"];

/// The settings of a server with the certificate in this folder.
pub(crate) fn settings(folder: &Path) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let (certificate, key) = (file("certificate.pem"), file("key.pem"));
    format!("[sip]\ntls_certificate = \"{certificate}\"\ntls_key = \"{key}\"\n")
}

/// A caller over one connection.
struct Caller {
    stream: StreamOwned<ClientConnection, TcpStream>,
    framer: StreamFramer,
    name: &'static str,
    cseq: u32,
    /// The far end, with its tag and its target, once it has answered.
    far: Option<(String, String)>,
}

impl Caller {
    fn connect(server: SocketAddr, name: &'static str, client: Arc<ClientConfig>) -> Self {
        let stream = TcpStream::connect(server).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not zero");
        let host = ServerName::try_from(NAME).expect("a name");
        let connection = ClientConnection::new(client, host).expect("a configuration");
        let mut stream = StreamOwned::new(connection, stream);
        stream.flush().expect("the handshake succeeds");
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).expect("the handshake succeeds");
        }
        Self { stream, framer: StreamFramer::new(), name, cseq: 0, far: None }
    }

    /// The certificate that the server showed.
    fn certificate(&self) -> CertificateDer<'static> {
        self.stream.conn.peer_certificates().expect("a server shows one")[0].clone()
    }

    fn request(&mut self, method: &str, target: &str) -> SipText {
        if method != "ACK" {
            self.cseq += 1;
        }
        let (name, cseq) = (self.name, self.cseq);
        let to = self.far.as_ref().map_or_else(|| format!("<{target}>"), |(to, _)| to.clone());
        SipText { start: format!("{method} {target} SIP/2.0"), ..SipText::default() }
            .with("Via", &format!("SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK{name}{method}{cseq};rport"))
            .with("Max-Forwards", "70")
            .with("From", &format!("<sip:{name}@127.0.0.1>;tag={name}"))
            .with("To", &to)
            .with("Call-ID", &format!("{name}-over-tls"))
            .with("CSeq", &format!("{cseq} {method}"))
            .with("Contact", &format!("<sip:{name}@127.0.0.1:5061;transport=tls>"))
    }

    fn send(&mut self, request: &SipText) {
        self.stream.write_all(&request.to_bytes()).and_then(|()| self.stream.flush()).expect("the server reads");
    }

    /// The next final response.
    #[track_caller]
    fn response(&mut self) -> SipText {
        let mut buffer = [0; 4_096];
        loop {
            while let Some(frame) = self.framer.next_frame().expect("the server frames its messages") {
                let Frame::Message(message) = frame else { continue };
                let message = SipText::parse(&message);
                if message.status().is_some_and(|status| status >= 200) {
                    return message;
                }
            }
            let length = self.stream.read(&mut buffer).expect("the server answers");
            assert_ne!(length, 0, "the server has closed the connection");
            self.framer.receive(&buffer[..length]);
        }
    }

    /// Calls the demo menu; its media goes to this port.
    fn call(&mut self, media: u16) {
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {media} RTP/AVP 8\r\n"
        );
        let invite = self.request("INVITE", "sip:100@127.0.0.1").with_body("application/sdp", &sdp);
        self.send(&invite);
        let ok = self.response();
        assert_eq!(ok.status(), Some(200), "{ok:?}");
        let target = ok.uri("Contact").unwrap_or_default().to_owned();
        assert!(target.ends_with(";transport=tls"), "{target}");
        self.far = Some((ok.header("To").unwrap_or_default().to_owned(), target.clone()));
        let ack = self.request("ACK", &target);
        self.send(&ack);
    }

    fn hang_up(&mut self) {
        let (_, target) = self.far.clone().expect("it has called");
        let bye = self.request("BYE", &target);
        self.send(&bye);
        assert_eq!(self.response().status(), Some(200));
    }
}

#[test]
fn a_caller_over_tls_hears_the_demo_menu_and_goes_on_while_a_hup_signal_changes_the_certificate() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let authority = Authority::new();
    authority.issue(folder.path());
    let mut server = Server::start_on(folder.path(), &settings(folder.path()), &LISTENERS);
    let at = server.ready.at("tls:127.0.0.1");
    let connect = |name| Caller::connect(at, name, authority.client());
    let mut early = connect("early");
    let ears = Ears::open(Vec::new());
    early.call(ears.port());
    ears.wait_for_packets(50);
    authority.issue(folder.path());
    server.process().signal("HUP");
    server.wait_for_log("settings read again");
    let late = connect("late");
    assert_ne!(late.certificate(), early.certificate(), "new connections are shown the new certificate");
    std::fs::write(folder.path().join("certificate.pem"), "no certificate").expect("the folder takes a file");
    server.process().signal("HUP");
    server.wait_for_log("the certificate and trust of before stay in force");
    let latest = connect("latest");
    assert_eq!(latest.certificate(), late.certificate(), "a bad file changes nothing");
    ears.wait_for_packets(100);
    early.hang_up();
    assert!(ears.close().packets.len() >= 100);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_tls_listener_without_usable_files_is_refused_with_status_2_and_the_name_of_the_setting() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let authority = Authority::new();
    authority.issue(folder.path());
    let whole = settings(folder.path());
    let without_key: String = whole.lines().take(2).map(|line| format!("{line}\n")).collect();
    let no_file = whole.replace("key.pem", "nowhere.pem");
    for (settings, expected) in [
        ("", "antiphon: sip.tls_certificate: needed"),
        (without_key.as_str(), "antiphon: sip.tls_key: needed"),
        (no_file.as_str(), "antiphon: sip.tls_key: /"),
    ] {
        let output = command_on(folder.path(), settings, &LISTENERS).args(["--log", "error"]).output();
        let output = output.expect("the binary starts");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.starts_with(expected), "{message}");
    }
}

/// A phone that is called over TLS once: it shows a certificate for this name and says that it is busy. What it was asked, or nothing
/// where the server did not want to talk to it.
fn busy_phone(authority: &Authority, name: &str, listener: TcpListener) -> std::thread::JoinHandle<Option<SipText>> {
    let config = authority.server(name);
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("the server connects");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout that is not zero");
        let mut stream = StreamOwned::new(ServerConnection::new(config).expect("a configuration"), stream);
        let (mut framer, mut buffer) = (StreamFramer::new(), [0; 4_096]);
        loop {
            let length = stream.read(&mut buffer).ok().filter(|length| *length > 0)?;
            framer.receive(&buffer[..length]);
            let Ok(Some(Frame::Message(message))) = framer.next_frame() else { continue };
            let invite = SipText::parse(&message);
            let mut busy = SipText { start: "SIP/2.0 486 Busy Here".to_owned(), ..SipText::default() };
            for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
                busy = busy.with(name, invite.header(name).unwrap_or_default());
            }
            stream.write_all(&busy.to_bytes()).and_then(|()| stream.flush()).expect("the server reads");
            return Some(invite);
        }
    })
}

/// Calls the demo menu, whose key 4 rings a phone at a `sips:` URI; what that phone was asked, and the server's log.
fn called_over_tls(shown: &str) -> (Option<SipText>, String) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let authority = Authority::new();
    authority.issue(folder.path());
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound socket has an address").port();
    let names = NameServer::start(vec![
        srv("_sips._tcp.phones.test", 1, port, "host.elsewhere.test."),
        address("host.elsewhere.test", [127, 0, 0, 1]),
    ]);
    let phone = busy_phone(&authority, shown, listener);
    let ca = folder.path().join("ca.pem").display().to_string();
    let settings = format!("{}tls_ca = \"{ca}\"\ndns = [\"{}\"]\n", settings(folder.path()), names.address);
    let server = Server::start_on(folder.path(), &settings, &LISTENERS);
    server.add_phone("101", "sips:101@phones.test");
    let ears = Ears::open(vec![(100, '4')]);
    let keys = [("rtp_port", ears.port().to_string())];
    let (file, name, at) = ("caller.xml", "caller", server.ready.udp());
    let caller = Scenario { file, name, server: at, service: "100", port: free_port(), calls: 1, keys: &keys };
    let caller = Sipp::start(server.folder(), &caller);
    let asked = phone.join().expect("the phone does not panic");
    if asked.is_none() {
        server.wait_for_log("a way out failed");
    }
    drop(caller);
    drop(ears.close());
    (asked, server.log())
}

#[test]
fn a_phone_over_tls_is_called_when_its_certificate_is_for_the_host_of_its_uri_and_only_then() {
    let _alone = alone();
    let (asked, log) = called_over_tls("phones.test");
    let invite = asked.unwrap_or_else(|| panic!("it was not called:\n{log}"));
    assert!(invite.start.starts_with("INVITE sips:101@phones.test "), "{}", invite.start);
    assert!(invite.header("Via").is_some_and(|via| via.starts_with("SIP/2.0/TLS 127.0.0.1:")), "{invite:?}");
    assert!(invite.header("Contact").is_some_and(|contact| contact.starts_with("<sips:")), "{invite:?}");
    // The name that the SRV record leads to proves nothing.
    let (asked, log) = called_over_tls("host.elsewhere.test");
    assert!(asked.is_none(), "{asked:?}");
    assert!(log.contains("no TLS connection") && log.contains("phones.test"), "{log}");
}
