//! Two phones behind a fork and a caller, over a network that loses, doubles, delays and overtakes: in the end all sides agree.
//!
//! Shape: three endpoints and the datagrams between them; the fork passes what is sent to its address to both phones, as a
//! stateless proxy does. Owners ring, answer, refuse and hang up when the dice say so.
//! Time: told, in steps of the next arrival or timer.
//! Sources: RFC 3261 §13.2.2.4 (every 2xx gets an ACK, forks that lose a BYE), §9 (CANCEL that crosses), §15.

use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::{BTreeMap, BTreeSet};

const CALLER: usize = 0;
const ADDRESSES: [&str; 3] = ["192.0.2.10:5060", "192.0.2.21:5060", "192.0.2.22:5060"];
const FORK: &str = "192.0.2.99:5060";
/// How long the network is bad and the owners are busy.
const EVENING: Duration = Duration::from_secs(20);
/// After which everything that was under way has an end: an answer that waits for its ACK, and then its BYE.
const SETTLED: Duration = Duration::from_secs(2 * 32 + 5);

/// SplitMix64: a row of numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed ^ (mixed >> 27)) % most
    }
}

/// What an owner knows of a dialog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Knows {
    Ringing,
    Calling,
    Up,
    Over,
}

struct Side {
    endpoint: Endpoint,
    address: SocketAddr,
    calls: BTreeMap<DialogId, Knows>,
}

struct Net {
    sides: Vec<Side>,
    /// Datagrams by their arrival; the number keeps equal ones apart.
    travelling: BTreeMap<(Instant, u64), (Flow, usize, Vec<u8>)>,
    dice: Dice,
    now: Instant,
    sent: u64,
    /// Of a hundred.
    loss: u64,
}

impl Net {
    fn new(seed: u64, loss: u64) -> Self {
        let side = |text: &str| {
            let address = addr(text);
            let listener = Listener { transport: Transport::Udp, local: address, advertised: address };
            let config = Config { listeners: vec![listener], ..Config::default() };
            let seed = address.ip().to_string().bytes().map(u64::from).sum();
            Side { endpoint: Endpoint::new(config, seed), address, calls: BTreeMap::new() }
        };
        #[expect(clippy::disallowed_methods, reason = "told time has to begin somewhere")]
        let now = Instant::now();
        let sides = ADDRESSES.iter().map(|address| side(address)).collect();
        Self { sides, travelling: BTreeMap::new(), dice: Dice(seed), now, sent: 0, loss }
    }

    fn call(&mut self) {
        let caller = &mut self.sides[CALLER];
        let uri = |text: &str| NameAddr::new(text.parse().expect("a URI"));
        let invitation = Invitation {
            flow: Flow { transport: Transport::Udp, local: caller.address, peer: addr(FORK) },
            target: "sip:200@192.0.2.99".parse().expect("a URI"),
            from: uri("sip:100@192.0.2.10"),
            to: uri("sip:200@192.0.2.99"),
            headers: Vec::new(),
            max_forwards: MAX_FORWARDS,
            route: Vec::new(),
            offer: OFFER.into(),
            credentials: None,
        };
        let dialog = caller.endpoint.invite(self.now, invitation);
        caller.calls.insert(dialog, Knows::Calling);
    }

    /// Takes what every endpoint sends and says.
    fn settle(&mut self) {
        for number in 0..self.sides.len() {
            while let Some(transmit) = self.sides[number].endpoint.poll_transmit() {
                self.send(number, &transmit);
            }
            while let Some(event) = self.sides[number].endpoint.poll_event() {
                let knows = match event {
                    Event::Incoming { .. } => Knows::Ringing,
                    Event::Answered { .. } => Knows::Up,
                    Event::Ended { .. } => Knows::Over,
                    _ => continue,
                };
                let dialog = event.dialog().expect("these are about one");
                let before = self.sides[number].calls.insert(dialog, knows);
                assert!(before != Some(Knows::Over), "{number} {dialog}: something after its end");
            }
        }
    }

    fn send(&mut self, from: usize, transmit: &Transmit) {
        let source = self.sides[from].address;
        let to = transmit.flow.peer;
        let fork = to == addr(FORK);
        for number in 0..self.sides.len() {
            if self.sides[number].address != to && !(fork && number != CALLER) {
                continue;
            }
            let copies = if self.dice.below(100) < self.loss { 0 } else { 1 + u64::from(self.dice.below(20) == 0) };
            for _ in 0..copies {
                let delay = Duration::from_millis(10 + self.dice.below(if self.loss == 0 { 1 } else { 300 }));
                self.sent += 1;
                let flow = Flow { transport: Transport::Udp, local: self.sides[number].address, peer: source };
                self.travelling.insert((self.now + delay, self.sent), (flow, number, transmit.payload.to_vec()));
            }
        }
    }

    /// Goes on to the next arrival or timer, or to `end`.
    fn advance(&mut self, end: Instant) {
        let arrival = self.travelling.keys().next().map(|(at, _)| *at);
        let timers = self.sides.iter().filter_map(|side| side.endpoint.poll_timeout());
        let next = timers.chain(arrival).min().unwrap_or(end).min(end);
        self.now = self.now.max(next);
        for side in &mut self.sides {
            side.endpoint.handle_timeout(self.now);
        }
        while let Some(entry) = self.travelling.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let (flow, number, payload) = entry.remove();
            self.sides[number].endpoint.handle_datagram(self.now, flow, &payload);
            self.settle();
        }
        self.settle();
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        while self.now < end {
            self.advance(end);
        }
    }

    /// Some owner does something.
    fn act(&mut self) {
        let number = usize::try_from(self.dice.below(3)).expect("it is small");
        let what = self.dice.below(8);
        let side = &mut self.sides[number];
        let now = self.now;
        let Some((dialog, knows)) = side.calls.iter().rfind(|(_, knows)| **knows != Knows::Over) else { return };
        let (dialog, knows) = (*dialog, *knows);
        let done = match (knows, what) {
            (Knows::Ringing, 0..=2) => side.endpoint.ring(now, dialog, None),
            (Knows::Ringing, 3..=5) => {
                side.calls.insert(dialog, Knows::Up);
                side.endpoint.answer(now, dialog, ANSWER.into())
            }
            (Knows::Ringing, 6) => side.endpoint.reject(now, dialog, StatusCode::BUSY_HERE.into()),
            (Knows::Calling, 0) | (Knows::Up, 0..=1) => side.endpoint.hang_up(now, dialog, None),
            _ => Ok(()),
        };
        done.unwrap_or_else(|error| panic!("{number} {dialog} {knows:?} {what}: {error}"));
        self.settle();
    }

    /// The calls that each side still has, by what it knows.
    fn living(&self, number: usize) -> Vec<Knows> {
        self.sides[number].calls.values().copied().filter(|knows| *knows != Knows::Over).collect()
    }
}

fn evening(seed: u64, loss: u64) {
    let mut net = Net::new(seed, loss);
    net.call();
    let end = net.now + EVENING;
    while net.now < end {
        let pause = Duration::from_millis(net.dice.below(2_500));
        net.run(pause);
        net.act();
    }
    // Whoever still rings is not at home, and the network has got well.
    net.loss = 0;
    for side in &mut net.sides {
        let unanswered: Vec<_> =
            side.calls.iter().filter(|(_, knows)| **knows == Knows::Ringing).map(|(id, _)| *id).collect();
        for dialog in unanswered {
            let _ = side.endpoint.reject(net.now, dialog, StatusCode::TEMPORARILY_UNAVAILABLE.into());
        }
    }
    net.run(SETTLED);
    let (caller, phones) = (net.living(CALLER), [net.living(1), net.living(2)].concat());
    assert_eq!(caller, phones, "seed {seed}: the caller and the phones that are up");
    assert!(caller.iter().all(|knows| *knows == Knows::Up), "seed {seed}: {caller:?}");
    for number in 0..net.sides.len() {
        let side = &mut net.sides[number];
        let up: BTreeSet<_> = side.calls.iter().filter(|(_, knows)| **knows == Knows::Up).map(|(id, _)| *id).collect();
        for dialog in up {
            let _ = side.endpoint.hang_up(net.now, dialog, None);
        }
    }
    net.run(SETTLED);
    for (number, side) in net.sides.iter().enumerate() {
        let left = (side.endpoint.dialogs(), side.endpoint.transactions(), side.endpoint.poll_timeout());
        assert_eq!(left, (0, 0, None), "seed {seed}: what is left at {number}");
        assert!(side.calls.values().all(|knows| *knows == Knows::Over), "seed {seed}: {number} {:?}", side.calls);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(500),
        rng_seed: RngSeed::Fixed(3261),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_caller_and_two_forks_agree_in_the_end(seed in any::<u64>(), loss in 0..20_u64) {
        evening(seed, loss);
    }
}
