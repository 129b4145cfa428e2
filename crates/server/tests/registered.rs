//! What an idle registered phone costs.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use antiphon_ivr::ExtensionId;
use antiphon_server::registrar::Registrar;
use antiphon_sip::{Config, Endpoint, Event, Flow, Listener, Transport};

const PHONES: u64 = 100_000;
/// Measured at 334; with room for the growth of tables.
const MOST: u64 = 450;

fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("proc(5)");
    line.trim().trim_end_matches("kB").trim().parse::<u64>().expect("a number of KiB") * 1024
}

/// The only test of its process, whose memory it reads.
#[test]
fn a_hundred_thousand_idle_phones_cost_little_and_are_gone_when_they_expire() {
    let local = SocketAddr::from(([127, 0, 0, 1], 5060));
    let listener = Listener { transport: Transport::Udp, local, advertised: local };
    let now = Instant::now();
    let mut registrar = Registrar::new(now);
    let register = |registrar: &mut Registrar, number: u64| {
        let [_, _, _, _, _, b, c, d] = number.to_be_bytes();
        let peer = SocketAddr::from(([10, b, c, d], 5060));
        let text = format!(
            "REGISTER sip:antiphon SIP/2.0\r\nVia: SIP/2.0/UDP {peer};branch=z9hG4bK{number}\r\n\
             From: <sip:{number}@antiphon>;tag=1\r\nTo: <sip:{number}@antiphon>\r\nCall-ID: {number}@{peer}\r\n\
             CSeq: 1 REGISTER\r\nContact: <sip:{number}@{peer};transport=udp>;expires=3600\r\nContent-Length: 0\r\n\r\n"
        );
        let flow = Flow { transport: Transport::Udp, local, peer };
        let mut endpoint = Endpoint::new(Config { listeners: vec![listener], ..Config::default() }, 1);
        endpoint.handle_datagram(now, flow, text.as_bytes());
        let Some(Event::Requested { message, .. }) = endpoint.poll_event() else { panic!("{text}") };
        assert_eq!(registrar.register(now, ExtensionId(number), flow, &message).status.code(), 200);
    };
    // What the first few make the allocator take is not theirs.
    (0..100).for_each(|number| register(&mut registrar, number));
    let before = resident();
    (100..PHONES).for_each(|number| register(&mut registrar, number));
    let each = resident().saturating_sub(before) / PHONES;
    assert!(each <= MOST, "{each} bytes a phone");
    assert_eq!(registrar.len() as u64, PHONES);
    let later = now + Duration::from_secs(3_601);
    (0..=PHONES / 1_000).for_each(|_| registrar.sweep(later));
    assert!(registrar.is_empty());
}
