//! The demo menu over TCP and over IPv6, and a phone whose name leads to two places, of which one is not there.
//!
//! Sources: RFC 3261 §18; RFC 3263 §4.

use crate::dns::{NameServer, address, srv};
use crate::media::Ears;
use crate::process::alone;
use crate::server::Server;
use crate::sipp::{Scenario, Sipp, free_port};

#[test]
fn the_demo_menu_answers_over_tcp_and_over_both_families_at_once() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let port = free_port();
    let at = |transport: &str, host: &str| format!("{transport}:{host}:{port}");
    let both = |transport| [at(transport, "127.0.0.1"), at(transport, "[::1]")];
    let listeners = [both("udp"), both("tcp")].concat();
    let listeners: Vec<&str> = listeners.iter().map(String::as_str).collect();
    let server = Server::start_on(folder.path(), "", &listeners);
    let call = |name: &str, listener: &str, words: &[&str]| {
        let (file, service, calls) = ("demo.xml", "100", 2);
        let at = server.ready.at(listener);
        let scenario = Scenario { file, name, server: at, service, port: free_port(), calls, keys: &[] };
        Sipp::start_with(server.folder(), &scenario, words)
    };
    let calls = [
        call("tcp", "tcp:127.0.0.1", &["-i", "127.0.0.1", "-t", "t1"]),
        call("udp6", "udp:[::1]", &["-i", "::1"]),
        call("tcp6", "tcp:[::1]", &["-i", "::1", "-t", "t1"]),
    ];
    for call in calls {
        let said = call.succeeds();
        assert!(said.contains("SIP/2.0 200 OK"), "{said}");
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_phone_is_found_by_name_and_called_where_it_is_when_its_first_place_refuses() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    // The first place refuses connections, because nobody listens there.
    let (nobody, phone) = (free_port(), free_port());
    let names = NameServer::start(vec![
        srv("_sip._tcp.phones.test", 1, nobody, "first.phones.test."),
        srv("_sip._tcp.phones.test", 2, phone, "second.phones.test."),
        address("first.phones.test", [127, 0, 0, 1]),
        address("second.phones.test", [127, 0, 0, 1]),
    ]);
    let settings = format!("[sip]\ndns = [\"{}\"]\n", names.address);
    let server = Server::start_on(folder.path(), &settings, &["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]);
    server.add_phone("101", "sip:101@phones.test");
    let callee_media = Ears::open(Vec::new());
    let keys = [("rtp_port", callee_media.port().to_string())];
    let (at, service) = (server.ready.udp(), "101");
    let callee =
        Scenario { file: "callee.xml", name: "callee", server: at, service, port: phone, calls: 1, keys: &keys };
    let callee = Sipp::start_with(server.folder(), &callee, &["-i", "127.0.0.1", "-t", "t1"]);
    let ears = Ears::open(vec![(100, '4')]);
    let keys = [("rtp_port", ears.port().to_string())];
    let (file, name, service) = ("caller.xml", "caller", "100");
    let caller = Scenario { file, name, server: at, service, port: free_port(), calls: 1, keys: &keys };
    let caller = Sipp::start(server.folder(), &caller);
    let said = callee.succeeds();
    assert!(said.contains("INVITE sip:101@phones.test"), "{said}");
    // After the talk the menu goes on; whoever called has seen what this test is about.
    drop(caller);
    assert!(ears.close().packets.len() > 100);
    assert!(server.log().contains("a way out failed"), "{}", server.log());
    assert!(names.questions() > 0);
}
