//! The work of signalling, a message or a call at a time, without sockets.
//!
//! Shape: `short call` is INVITE, 200, ACK, BYE, 200 through an endpoint whose old transactions age beside it, at 1,000 calls a
//! second; the caller's own text is counted with it (`caller's text` says how much that is).
//! Time: virtual.

use std::{
    hint::black_box,
    net::{Ipv4Addr, SocketAddrV4},
    time::{Duration, Instant},
};

use antiphon_bench::sip::{Dialog, Message};
use antiphon_sip::{Config, Endpoint, Event, Flow, Listener, Transport};
use criterion::{Criterion, criterion_group, criterion_main};

const CALLER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 5070);
const SERVER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 5060);
const SOUND: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 16_384);
const ANSWER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 16386 RTP/AVP 0 101\r\n\
                      a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n";

struct Bench {
    endpoint: Endpoint,
    now: Instant,
    flow: Flow,
    calls: usize,
}

impl Bench {
    fn new() -> Self {
        let listener = Listener { transport: Transport::Udp, local: SERVER.into(), advertised: SERVER.into() };
        let config = Config { listeners: vec![listener], ..Config::default() };
        let flow = Flow { transport: Transport::Udp, local: SERVER.into(), peer: CALLER.into() };
        Self { endpoint: Endpoint::new(config, 1), now: Instant::now(), flow, calls: 0 }
    }

    fn dialog(&mut self) -> Dialog {
        self.calls += 1;
        Dialog::new(CALLER, SERVER, "100", self.calls)
    }

    fn hear(&mut self, datagram: &str) {
        self.endpoint.handle_datagram(self.now, self.flow, datagram.as_bytes());
    }

    fn drop_sent(&mut self) {
        while let Some(transmit) = self.endpoint.poll_transmit() {
            black_box(transmit);
        }
    }

    fn short_call(&mut self) {
        self.now += Duration::from_millis(1);
        self.endpoint.handle_timeout(self.now);
        let mut dialog = self.dialog();
        self.hear(&dialog.invite(SOUND));
        while let Some(event) = self.endpoint.poll_event() {
            if let Event::Incoming { dialog, .. } = event {
                self.endpoint.answer(self.now, dialog, ANSWER.into()).expect("the call waits for its answer");
            }
        }
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let message = Message::new(&transmit.payload).filter(|message| message.status() == Some(200));
            if let Some(message) = message {
                dialog.establish(&message);
            }
        }
        self.hear(&dialog.ack());
        self.hear(&dialog.bye());
        while let Some(event) = self.endpoint.poll_event() {
            black_box(event);
        }
        self.drop_sent();
    }
}

fn calls(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sip");
    let mut bench = Bench::new();
    group.bench_function("short call", |b| b.iter(|| bench.short_call()));
    assert!(bench.endpoint.dialogs() < 2, "calls that have ended are gone");
    let dialog = Dialog::new(CALLER, SERVER, "100", 1);
    group.bench_function("caller's text", |b| b.iter(|| (dialog.invite(SOUND), dialog.ack(), dialog.bye())));
    let mut bench = Bench::new();
    let invite = bench.dialog().invite(SOUND);
    bench.hear(&invite);
    bench.drop_sent();
    group.bench_function("repeated INVITE: parsed, matched, answered again", |b| {
        b.iter(|| {
            bench.hear(black_box(&invite));
            bench.drop_sent();
        });
    });
    group.bench_function("malformed datagram", |b| {
        b.iter(|| bench.hear(black_box("INVITE sip:100@127.0.0.1 SIP/2.0\r\n")))
    });
    group.finish();
}

criterion_group!(benches, calls);
criterion_main!(benches);
