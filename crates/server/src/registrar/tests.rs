use antiphon_sip::{Config, Endpoint, Event, Listener};

use super::*;

const PHONE: ExtensionId = ExtensionId(7);

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn flow() -> Flow {
    Flow { transport: Transport::Udp, local: at(5060), peer: at(5070) }
}

fn tcp(port: u16) -> Flow {
    Flow { transport: Transport::Tcp, local: at(5060), peer: at(port) }
}

/// A registrar and the clock beside it.
struct Bench {
    registrar: Registrar,
    now: Instant,
    requests: u32,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        Self { registrar: Registrar::new(now), now, requests: 0 }
    }

    /// What comes of a REGISTER with these lines, each time under a new Call-ID.
    fn ask(&mut self, phone: ExtensionId, flow: Flow, lines: &str) -> Reply {
        self.requests += 1;
        let (number, ExtensionId(user)) = (self.requests, phone);
        self.ask_as(phone, flow, &format!("{user}-{number}"), lines)
    }

    fn ask_as(&mut self, phone: ExtensionId, flow: Flow, call_id: &str, lines: &str) -> Reply {
        let text = format!(
            "REGISTER sip:antiphon SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{call_id}{}\r\n\
             From: <sip:7@antiphon>;tag=1\r\nTo: <sip:7@antiphon>\r\nCall-ID: {call_id}\r\nCSeq: {} REGISTER\r\n\
             {lines}Content-Length: 0\r\n\r\n",
            self.requests, self.requests
        );
        let listener = Listener { transport: Transport::Udp, local: at(5060), advertised: at(5060) };
        let mut endpoint = Endpoint::new(Config { listeners: vec![listener], ..Config::default() }, 1);
        let on_udp = Flow { transport: Transport::Udp, ..flow };
        endpoint.handle_datagram(self.now, on_udp, text.as_bytes());
        let Some(Event::Requested { message, .. }) = endpoint.poll_event() else { panic!("no request: {text}") };
        self.registrar.register(self.now, phone, flow, &message)
    }

    /// The status, and the contacts that the phone has then, in the order of their age.
    fn register(&mut self, contacts: &str) -> (u16, Vec<String>) {
        let reply = self.ask(PHONE, flow(), &format!("Contact: {contacts}\r\n"));
        let mut known = self.contacts();
        known.reverse();
        (reply.status.code(), known)
    }

    /// Where the phone would be rung, in this order.
    fn contacts(&self) -> Vec<String> {
        let bindings = self.registrar.bindings(self.now, PHONE);
        bindings.iter().map(|binding| binding.contact.to_string()).collect()
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn tables(&self) -> (usize, usize, usize) {
        (self.registrar.phones.len(), self.registrar.sources.len(), self.registrar.deadlines.len())
    }
}

fn header<'r>(reply: &'r Reply, name: &str) -> Vec<&'r str> {
    let all = reply.headers.iter().filter(|(known, _)| known == name);
    all.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_phone_that_comes_from_ever_new_places_is_not_locked_out() {
    let mut bench = Bench::new();
    for number in 0..25 {
        let (status, known) = bench.register(&format!("<sip:7@127.0.0.1:{}>", 6_000 + number));
        assert_eq!(status, 200, "restart {number}");
        assert_eq!(known.last().map(String::as_str), Some(format!("sip:7@127.0.0.1:{}", 6_000 + number).as_str()));
        assert!(known.len() <= CONTACTS, "{known:?}");
    }
}

#[test]
fn a_request_with_more_contacts_than_a_phone_has_changes_nothing() {
    let mut bench = Bench::new();
    let many = |count: usize| (0..count).map(|at| format!("<sip:{at}@a>")).collect::<Vec<_>>().join(",");
    assert_eq!(bench.register("<sip:7@a>"), (200, vec!["sip:7@a".to_owned()]));
    assert_eq!(bench.register(&many(CONTACTS + 1)), (403, vec!["sip:7@a".to_owned()]));
    assert_eq!(bench.register(&many(CONTACTS)).1.len(), CONTACTS);
}

#[test]
fn an_address_that_is_no_sip_address_is_not_a_place() {
    let given = "<mailto:7@a>, <tel:+1>, <sip:7@a>, <sips:7@b>";
    assert_eq!(Bench::new().register(given).1, ["sip:7@a", "sips:7@b"]);
}

#[test]
fn contacts_are_rung_in_the_order_of_their_q_and_each_expires_by_itself() {
    let mut bench = Bench::new();
    let contacts = "<sip:low@a>;q=0.2;expires=600, <sip:high@a>;expires=60, <sip:middle@a>;q=0.75;expires=120";
    let reply = bench.ask(PHONE, flow(), &format!("Contact: {contacts}\r\n"));
    assert_eq!(bench.contacts(), ["sip:high@a", "sip:middle@a", "sip:low@a"]);
    let listed = header(&reply, "Contact");
    assert!(listed.contains(&"<sip:middle@a>;expires=120;q=0.750") && listed.contains(&"<sip:high@a>;expires=60"));
    bench.pass(61);
    assert_eq!(bench.contacts(), ["sip:middle@a", "sip:low@a"]);
    bench.pass(60);
    assert_eq!(bench.contacts(), ["sip:low@a"]);
}

#[test]
fn too_brief_a_registration_is_told_the_least_and_the_longest_is_cut() {
    let mut bench = Bench::new();
    let brief = bench.ask(PHONE, flow(), "Contact: <sip:7@a>;expires=59\r\n");
    assert_eq!((brief.status.code(), header(&brief, "Min-Expires")), (423, vec!["60"]));
    let long = bench.ask(PHONE, flow(), "Contact: <sip:7@a>\r\nExpires: 4294967295\r\n");
    assert_eq!(header(&long, "Contact"), ["<sip:7@a>;expires=7200"]);
}

#[test]
fn a_star_takes_every_contact_away_and_only_with_expires_zero() {
    let mut bench = Bench::new();
    bench.register("<sip:7@a>, <sip:7@b>");
    for wrong in ["Contact: *\r\n", "Contact: *\r\nExpires: 5\r\n", "Contact: *, <sip:7@a>\r\nExpires: 0\r\n"] {
        assert_eq!(bench.ask(PHONE, flow(), wrong).status.code(), 400, "{wrong}");
    }
    assert_eq!(bench.contacts().len(), 2);
    assert_eq!(bench.ask(PHONE, flow(), "Contact: *\r\nExpires: 0\r\n").status.code(), 200);
    assert_eq!((bench.contacts().len(), bench.tables()), (0, (0, 0, 0)));
}

#[test]
fn an_older_request_of_a_registration_does_not_undo_a_newer_one() {
    let mut bench = Bench::new();
    bench.requests = 5;
    assert_eq!(bench.ask_as(PHONE, flow(), "one", "Contact: <sip:7@a>\r\n").status.code(), 200);
    bench.requests = 4;
    assert_eq!(bench.ask_as(PHONE, flow(), "one", "Contact: <sip:7@a>;expires=0\r\n").status.code(), 500);
    assert_eq!(bench.contacts(), ["sip:7@a"]);
}

#[test]
fn a_phone_that_registers_again_from_its_instance_has_moved() {
    let mut bench = Bench::new();
    let lines = |host: &str, instance: &str, reg_id: u8| {
        format!(
            "Supported: path, outbound\r\n\
             Contact: <sip:7@{host}>;+sip.instance=\"<urn:uuid:{instance}>\";reg-id={reg_id}\r\n"
        )
    };
    let reply = bench.ask(PHONE, tcp(1), &lines("old", "a", 1));
    assert_eq!(header(&reply, "Require"), ["outbound"]);
    bench.ask(PHONE, tcp(2), &lines("second-flow", "a", 2));
    bench.ask(PHONE, tcp(3), &lines("other-phone", "b", 1));
    bench.ask(PHONE, tcp(4), &lines("new", "a", 1));
    assert_eq!(bench.contacts(), ["sip:7@new", "sip:7@other-phone", "sip:7@second-flow"]);
    assert!(bench.registrar.phones_at(bench.now, tcp(1)).is_empty(), "the old flow is not the phone's any more");
    assert_eq!(bench.registrar.bindings(bench.now, PHONE)[0].flow, tcp(4));
}

#[test]
fn the_path_is_kept_given_back_and_taken_to_the_phone() {
    let mut bench = Bench::new();
    let path = "Path: <sip:edge.example;lr;ob>\r\nPath: \"A, B\" <sip:inner.example;lr>, <sip:third.example;lr>\r\n";
    let reply = bench.ask(PHONE, flow(), &format!("Supported: path\r\n{path}Contact: <sip:7@192.168.1.1>\r\n"));
    assert_eq!(header(&reply, "Path").len(), 2);
    let route: Vec<_> =
        bench.registrar.bindings(bench.now, PHONE)[0].path.iter().map(|uri| uri.host().to_owned()).collect();
    assert_eq!(route, ["edge.example", "inner.example", "third.example"]);
    for wrong in ["Path: nonsense\r\n".to_owned(), format!("Path: {}\r\n", ["<sip:a;lr>"; 9].join(","))] {
        assert_eq!(bench.ask(PHONE, flow(), &format!("{wrong}Contact: <sip:7@a>\r\n")).status.code(), 400, "{wrong}");
    }
}

#[test]
fn a_connection_that_goes_takes_what_was_registered_over_it_and_nothing_else() {
    let mut bench = Bench::new();
    bench.ask(PHONE, tcp(1), "Contact: <sip:7@a>\r\n");
    bench.ask(PHONE, tcp(2), "Contact: <sip:7@b>\r\n");
    bench.ask(ExtensionId(8), tcp(1), "Contact: <sip:8@a>\r\n");
    bench.registrar.drop_flow(flow());
    assert_eq!(bench.tables(), (2, 2, 2));
    bench.registrar.drop_flow(tcp(1));
    assert_eq!((bench.contacts(), bench.tables()), (vec!["sip:7@b".to_owned()], (1, 1, 1)));
    bench.registrar.drop_flow(tcp(2));
    assert_eq!(bench.tables(), (0, 0, 0));
}

#[test]
fn the_phones_of_a_gateway_share_its_flow() {
    let mut bench = Bench::new();
    for phone in [7, 8, 9] {
        bench.ask(ExtensionId(phone), flow(), &format!("Contact: <sip:{phone}@a>\r\n"));
    }
    let here = |bench: &Bench| bench.registrar.phones_at(bench.now, flow());
    assert_eq!(here(&bench), [ExtensionId(9), ExtensionId(8), ExtensionId(7)]);
    bench.ask(ExtensionId(9), flow(), "Contact: <sip:9@a>;expires=0\r\n");
    bench.ask(ExtensionId(7), flow(), "Contact: <sip:7@a>\r\n");
    assert_eq!(here(&bench), [ExtensionId(7), ExtensionId(8)]);
}

#[test]
fn what_has_expired_is_swept_a_thousand_at_a_time_and_nothing_is_left() {
    let mut bench = Bench::new();
    for phone in 0..1_500 {
        bench.ask(ExtensionId(phone), flow(), &format!("Contact: <sip:{phone}@a>;expires={}\r\n", 60 + phone % 2));
    }
    bench.registrar.sweep(bench.now);
    assert_eq!(bench.registrar.len(), 1_500);
    bench.pass(70);
    bench.registrar.sweep(bench.now);
    assert_eq!(bench.registrar.len(), 500);
    bench.registrar.sweep(bench.now);
    assert_eq!(bench.tables(), (0, 0, 0));
}

#[test]
fn a_question_without_contact_changes_nothing() {
    let mut bench = Bench::new();
    bench.register("<sip:7@a>");
    let reply = bench.ask(PHONE, flow(), "");
    assert_eq!(header(&reply, "Contact"), ["<sip:7@a>;expires=3600"]);
}
