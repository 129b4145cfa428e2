//! The real binary registers at a carrier, which is SIPp.
//!
//! Sources: RFC 3261 §10.2, §22; RFC 7616 §3.4.

use std::net::{TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use crate::server::Server;
use crate::sipp::{Scenario, Sipp, free_port};

/// Registers over this transport, as SIPp calls it and as a URI does.
fn registers_over(sipp: &str, uri: &str) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let port = free_port();
    let scenario = Scenario {
        file: "registrar.xml",
        name: "registrar",
        server: ([127, 0, 0, 1], 5060).into(),
        service: "registrar",
        port,
        calls: 1,
        keys: &[],
    };
    let registrar = Sipp::start_with(folder.path(), &scenario, &["-i", "127.0.0.1", "-t", sipp]);
    wait("SIPp has its port", || !is_free(port));
    let settings = format!(
        "[[trunk]]\nname = \"carrier\"\nuri = \"sip:127.0.0.1:{port};transport={uri}\"\nusername = \"trunk-user\"\n\
         password = \"trunk-secret\"\nregister = true\ncontact_user = \"ivr\"\nexpires = 60\noptions_interval = 0\n"
    );
    let server = Server::start(folder.path(), &settings);
    registrar.succeeds();
    let metrics = || server.get("/metrics", None).1;
    wait("the server says that it is registered", || {
        metrics().contains("antiphon_trunk_registered{trunk=\"carrier\"} 1")
    });
    assert!(metrics().contains("antiphon_trunk_calls{trunk=\"carrier\"} 0"));
    let (_, shown) = server.get("/api/ver1.0/trunk/", Some(&server.token()));
    assert!(shown.contains("\"state\":\"registered\"") && !shown.contains("trunk-secret"), "{shown}");
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[track_caller]
fn wait(what: &str, come_true: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !come_true() {
        assert!(Instant::now() < until, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_challenged_registration_is_refreshed_over_udp() {
    registers_over("u1", "udp");
}

#[test]
fn a_challenged_registration_is_refreshed_over_tcp() {
    registers_over("t1", "tcp");
}
