use super::*;
use std::collections::HashMap;
use std::sync::Mutex;

/// Names that a test tells, and what was asked.
#[derive(Default)]
struct Told {
    records: HashMap<(String, Question), Vec<Record>>,
    silent: Vec<Question>,
    asked: Mutex<Vec<(String, Question)>>,
}

impl Told {
    fn with(mut self, name: &str, record: Record) -> Self {
        let question = match record {
            Record::Naptr(_) => Question::Naptr,
            Record::Srv(_) => Question::Srv,
            Record::Address(_) => Question::Address,
        };
        self.records.entry((name.to_owned(), question)).or_default().push(record);
        self
    }

    fn naptr(self, domain: &str, order: u16, service: &str, replacement: &str) -> Self {
        let (flags, service, replacement) = ("S".to_owned(), service.to_owned(), replacement.to_owned());
        self.with(domain, Record::Naptr(Naptr { order, preference: 0, flags, service, replacement }))
    }

    fn srv(self, name: &str, priority: u16, port: u16, target: &str) -> Self {
        self.with(name, Record::Srv(Srv { priority, weight: 0, port, target: target.to_owned() }))
    }

    fn address(self, name: &str, ip: &str) -> Self {
        self.with(name, Record::Address(ip.parse().unwrap()))
    }

    fn silent(mut self, question: Question) -> Self {
        self.silent.push(question);
        self
    }
}

impl Names for Told {
    fn ask<'a>(&'a self, name: &'a str, question: Question) -> Answers<'a> {
        self.asked.lock().unwrap().push((name.to_owned(), question));
        Box::pin(async move {
            if self.silent.contains(&question) {
                std::future::pending::<()>().await;
            }
            self.records.get(&(name.to_owned(), question)).cloned().unwrap_or_default()
        })
    }
}

fn listeners() -> Vec<Listener> {
    let at = |transport, local: &str| {
        let local = local.parse().unwrap();
        Listener { transport, local, advertised: local }
    };
    vec![
        at(Transport::Udp, "127.0.0.1:5060"),
        at(Transport::Tcp, "127.0.0.1:5060"),
        at(Transport::Tls, "127.0.0.1:5061"),
        at(Transport::Udp, "[::1]:5060"),
    ]
}

fn text(flow: &Flow) -> String {
    format!("{:?} {}", flow.transport, flow.peer).to_lowercase()
}

/// The ways to a URI with the first of equals always chosen, and what was asked.
async fn ways(told: Told, uri: &str) -> (Result<Vec<String>, NoWay>, Vec<(String, Question)>) {
    let told = Arc::new(told);
    let names: Arc<dyn Names> = told.clone();
    let found = locate(&names, &listeners(), &uri.parse().unwrap(), |_| 0).await;
    let asked = told.asked.lock().unwrap().clone();
    (found.map(|flows| flows.iter().map(text).collect()), asked)
}

#[tokio::test(start_paused = true)]
async fn an_address_is_a_way_and_nobody_is_asked() {
    let cases = [
        ("sip:192.0.2.1", "udp 192.0.2.1:5060"),
        ("sip:192.0.2.1;transport=tcp", "tcp 192.0.2.1:5060"),
        ("sip:192.0.2.1;transport=tls", "tls 192.0.2.1:5061"),
        ("sips:192.0.2.1", "tls 192.0.2.1:5061"),
        ("sips:192.0.2.1:5071;transport=tcp", "tls 192.0.2.1:5071"),
        ("sip:[2001:db8::1]:5070", "udp [2001:db8::1]:5070"),
        ("sip:nobody.example;maddr=192.0.2.9", "udp 192.0.2.9:5060"),
    ];
    for (uri, way) in cases {
        let (found, asked) = ways(Told::default(), uri).await;
        assert_eq!(found, Ok(vec![way.to_owned()]), "{uri}");
        assert_eq!(asked, [], "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn naptr_records_choose_the_transport_and_srv_records_host_and_port() {
    let told = Told::default()
        .naptr("example.net", 20, "SIP+D2U", "_sip._udp.example.net.")
        .naptr("example.net", 10, "SIPS+D2T", "secure.example.net.")
        .srv("_sip._udp.example.net", 2, 5062, "b.example.net.")
        .srv("_sip._udp.example.net", 1, 5060, "a.example.net.")
        .srv("secure.example.net.", 1, 5443, "a.example.net.")
        .address("a.example.net.", "192.0.2.1")
        .address("a.example.net.", "2001:db8::1")
        .address("b.example.net.", "192.0.2.2");
    let (found, asked) = ways(told, "sip:+1@example.net").await;
    let expected = ["tls 192.0.2.1:5443", "udp 192.0.2.1:5060", "udp [2001:db8::1]:5060", "udp 192.0.2.2:5062"];
    assert_eq!(found.unwrap(), expected);
    assert!(!asked.contains(&("example.net".to_owned(), Question::Address)), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn without_naptr_the_usual_services_are_tried_in_our_order() {
    let told = || {
        Told::default()
            .srv("_sips._tcp.example.net", 1, 5061, "t.example.net")
            .srv("_sip._udp.example.net", 1, 5060, "u.example.net")
            .address("t.example.net", "192.0.2.3")
            .address("u.example.net", "192.0.2.4")
    };
    let plain = ways(told(), "sip:example.net").await.0;
    assert_eq!(plain.unwrap(), ["udp 192.0.2.4:5060", "tls 192.0.2.3:5061"]);
    let secure = ways(told(), "sips:example.net").await.0;
    assert_eq!(secure.unwrap(), ["tls 192.0.2.3:5061"]);
    // A transport in the URI leaves nothing for NAPTR records to say (RFC 3263 §4.1).
    let (wished, asked) = ways(told(), "sip:example.net;transport=udp").await;
    assert_eq!(wished.unwrap(), ["udp 192.0.2.4:5060"]);
    assert_eq!(asked[..1], [("_sip._udp.example.net".to_owned(), Question::Srv)]);
    assert!(asked.iter().all(|(_, question)| *question != Question::Naptr), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_name_with_a_port_or_without_services_is_a_host() {
    let told = || {
        Told::default()
            .srv("_sip._udp.example.net", 1, 5099, "elsewhere.example.net")
            .address("elsewhere.example.net", "192.0.2.8")
            .address("example.net", "192.0.2.5")
            .address("bare.example.net", "192.0.2.6")
    };
    let cases = [
        ("sip:example.net:5070", "udp 192.0.2.5:5070"),
        ("sip:example.net:5070;transport=tcp", "tcp 192.0.2.5:5070"),
        ("sips:example.net:5070", "tls 192.0.2.5:5070"),
        ("sip:bare.example.net", "udp 192.0.2.6:5060"),
        ("sip:bare.example.net;transport=tcp", "tcp 192.0.2.6:5060"),
        ("sips:bare.example.net", "tls 192.0.2.6:5061"),
    ];
    for (uri, way) in cases {
        assert_eq!(ways(told(), uri).await.0, Ok(vec![way.to_owned()]), "{uri}");
    }
    let asked = ways(told(), "sip:example.net:5070").await.1;
    assert_eq!(asked, [("example.net".to_owned(), Question::Address)]);
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_way_it_is_said_why() {
    let v6_only = || Told::default().address("six.example.net", "2001:db8::2");
    let cases = [
        (Told::default(), "sip:nowhere.example", NoWay::Nameless),
        (v6_only(), "sip:six.example.net;transport=tcp", NoWay::NoListener),
        (Told::default(), "sip:[2001:db8::1];transport=tls", NoWay::NoListener),
        (Told::default(), "sip:192.0.2.1:0", NoWay::NoListener),
        (Told::default(), "sip:192.0.2.1;transport=ws", NoWay::Uri(BadPeerUri::Transport)),
        (Told::default(), "tel:+1", NoWay::Uri(BadPeerUri::Malformed)),
        (Told::default().srv("_sip._udp.off.example", 1, 5060, "."), "sip:off.example", NoWay::Nameless),
    ];
    for (told, uri, expected) in cases {
        assert_eq!(ways(told, uri).await.0, Err(expected), "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_name_server_costs_three_seconds_at_most() {
    let begun = Instant::now();
    let told = Told::default().silent(Question::Naptr).silent(Question::Srv).address("example.net", "192.0.2.1");
    assert_eq!(ways(told, "sip:example.net").await.0.unwrap(), ["udp 192.0.2.1:5060"]);
    assert_eq!(begun.elapsed(), SERVICES);
    let begun = Instant::now();
    let told = Told::default().silent(Question::Naptr).silent(Question::Srv).silent(Question::Address);
    assert_eq!(ways(told, "sip:example.net").await.0, Err(NoWay::Nameless));
    assert_eq!(begun.elapsed(), SEARCH);
}

#[tokio::test(start_paused = true)]
async fn however_much_a_domain_answers_the_ways_are_few() {
    let mut told = Told::default();
    for host in 0..200u16 {
        let name = format!("h{host}.example.net");
        told = told.srv("_sip._udp.example.net", host, 5060, &name);
        for last in 0..50 {
            told = told.address(&name, &format!("192.0.{host}.{last}"));
        }
    }
    let (found, asked) = ways(told, "sip:example.net").await;
    assert_eq!(found.unwrap().len(), WAYS);
    assert!(asked.len() <= 4 + MOST, "{} questions", asked.len());
}

#[tokio::test(start_paused = true)]
async fn addresses_of_nobody_and_of_many_are_none() {
    let not_one = ["0.0.0.0", "239.1.1.1", "255.255.255.255", "::", "ff02::1"];
    let told = |others: &[&str]| others.iter().fold(Told::default(), |told, ip| told.address("a.example.net", ip));
    let (found, _) = ways(told(&not_one).address("a.example.net", "192.0.2.1"), "sip:a.example.net").await;
    assert_eq!(found, Ok(vec!["udp 192.0.2.1:5060".to_owned()]));
    assert_eq!(ways(told(&not_one), "sip:a.example.net").await.0, Err(NoWay::Nameless));
    assert_eq!(ways(Told::default(), "sip:0.0.0.0").await.0, Err(NoWay::Nameless));
}
