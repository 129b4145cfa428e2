//! Beginning and end of the server: the ready line, one server a directory, draining; and the README's first call.
//!
//! Sources: `interface.md`, "Command line".

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::media::Ears;
use crate::process::{Running, alone, root};
use crate::server::{Server, command};
use crate::sipp::{Scenario, Sipp, free_port};

#[test]
fn the_readmes_call_to_the_demo_menu_works_from_the_root() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the tree has a README");
    let line = readme.lines().find(|line| line.starts_with("sipp ")).expect("the README shows a call with SIPp");
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), "");
    assert!(server.ready.capacity > 0);
    let mut words: Vec<_> = line.split(' ').map(str::to_owned).collect();
    assert_eq!(words.pop().as_deref(), Some("127.0.0.1:5060"), "{line}");
    words.push(server.ready.udp().to_string());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir(root()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut sipp = Running::start(&mut command);
    let status = sipp.ends_within(Duration::from_secs(30));
    assert!(status.success(), "{line}: {status}\n{}", server.log());
    let log = server.log();
    assert!(log.contains("another extension takes the call over"), "the key 3 leads to 102:\n{log}");
}

#[test]
fn the_demo_is_there_over_tcp_too() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), "");
    let tcp = server.ready.sip.iter().find_map(|listener| listener.strip_prefix("tcp:")).expect("a TCP listener");
    let mut command = Command::new("sipp");
    command.arg("-sf").arg(root().join("tests/sipp/demo.xml")).current_dir(folder.path());
    command.args([
        "-t",
        "t1",
        "-s",
        "100",
        "-m",
        "1",
        "-i",
        "127.0.0.1",
        "-nostdin",
        "-timeout",
        "30s",
        "-timeout_error",
    ]);
    command.arg(tcp).stdout(Stdio::null()).stderr(Stdio::null());
    let status = Running::start(&mut command).ends_within(Duration::from_secs(40));
    assert!(status.success(), "{status}\n{}", server.log());
}

#[test]
fn a_second_server_on_the_same_directory_is_refused_in_one_line_with_status_1() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(folder.path(), "");
    let output = command(folder.path(), "").output().expect("the binary starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    let last = message.lines().last().unwrap_or_default();
    assert!(last.starts_with("antiphon: data: ") && last.ends_with("is in use by another server"), "{message}");
    assert!(output.stdout.is_empty());
    assert_eq!(server.get("/healthz", None).0, 200, "the first one goes on");
}

#[test]
fn a_setting_that_cannot_be_used_is_named_with_status_2() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let output = command(folder.path(), "rtp_ports = \"many\"\nhttp = \"nowhere\"\n").args(["--log", "loud"]).output();
    let output = output.expect("the binary starts");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn a_term_signal_lets_a_call_end_takes_no_new_one_and_ends_with_status_0() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut server = Server::start(folder.path(), "drain_timeout = 5\n");
    let place = |name: &str, ears: &Ears| {
        let keys = [("rtp_port", ears.port().to_string())];
        let scenario = Scenario {
            file: "caller.xml",
            name,
            server: server.ready.udp(),
            service: "100",
            port: free_port(),
            calls: 1,
            keys: &keys,
        };
        Sipp::start(server.folder(), &scenario)
    };
    let (old_ears, new_ears) = (Ears::open(Vec::new()), Ears::open(Vec::new()));
    let old = place("old", &old_ears);
    old_ears.wait_for_packets(10);
    let udp = server.ready.udp();
    let folder_of_new = server.folder().to_owned();
    server.process().terminate();
    while server.get("/readyz", None).0 == 200 {}
    let keys = [("rtp_port", new_ears.port().to_string())];
    let (file, name, service, port) = ("caller.xml", "new", "100", free_port());
    let scenario = Scenario { file, name, server: udp, service, port, calls: 1, keys: &keys };
    let refused = Sipp::start(&folder_of_new, &scenario).fails();
    assert!(refused.contains("SIP/2.0 503"), "{refused}");
    old.succeeds();
    let status = server.process().ends_within(Duration::from_secs(20));
    assert_eq!(status.code(), Some(0), "{}", server.log());
    let talked = old_ears.close().packets.len();
    assert!(talked > 100, "the call was let go on for the drain timeout: {talked} packets");
}
