//! The caller: thousands of calls on one thread.
//!
//! Shape: one signalling socket, a few sockets on which the sound of all calls arrives, and a tick of 1 ms: read, judge, send what is
//! due. Calls are told apart by Call-ID, streams by the server's port.
//! Time: reads the clock once a tick; arrivals carry the kernel's.
//! Errors: a call that is refused or never answered is counted as failed; a repeated request or answer is counted as repeated.

mod call;
mod press;
mod talk;

use std::{collections::VecDeque, net::SocketAddrV4, os::fd::AsFd};

use anyhow::Result;
use nix::{
    poll::{PollFd, PollFlags, ppoll},
    sys::time::TimeSpec,
};

use self::{
    call::{Call, State},
    press::Press,
    talk::Talk,
};
use crate::{
    arrivals::Arrivals,
    clock::{self, Nanos, TICK},
    histogram::Histogram,
    sip::{self, Dialog, Message},
    socket::Socket,
};

/// How long an answer may take before the request is repeated (RFC 3261 timer A and E, without doubling).
const T1: Nanos = 500 * TICK;
/// How often a request is sent before the call has failed.
const TRIES: u32 = 7;
/// Sockets for sound.
const EARS: usize = 4;

/// What a call does once it is answered.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Manner {
    /// Listens until it is told to hang up.
    Listen,
    /// The same, and talks.
    Talk,
    /// Listens, and presses a key from time to time once it is asked to ([`Generator::press_every`]).
    Press,
    /// Hangs up at once.
    HangUp,
}

/// What became of calls since [`Generator::restart`].
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// INVITE to 200.
    pub setup: Histogram,
    /// Calls answered.
    pub answered: u64,
    /// Calls that were answered and have ended as they should.
    pub ended: u64,
    /// Calls refused, or not answered after all repeats, or ended by the server.
    pub failed: u64,
    /// Requests and answers that were sent again, by either side.
    pub repeated: u64,
}

/// The caller.
pub struct Generator {
    server: SocketAddrV4,
    sip: Socket,
    ears: Vec<Socket>,
    calls: Vec<Call>,
    /// Calls that wait for an answer, oldest request first.
    waiting: VecDeque<(Nanos, usize)>,
    /// Calls that are up, with where to dial the next one.
    up: usize,
    talk: Talk,
    press: Press,
    /// How the answered leg of a bridged call behaves.
    callee: Manner,
    /// Sound that arrived.
    pub arrivals: Arrivals,
    /// What became of calls.
    pub counts: Counts,
}

impl Generator {
    /// A caller without a server yet.
    ///
    /// # Errors
    /// When no socket can be bound.
    pub fn new() -> Result<Self> {
        Ok(Self {
            server: SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 5060),
            sip: Socket::bind()?,
            ears: (0..EARS).map(|_| Socket::bind()).collect::<Result<_>>()?,
            calls: Vec::new(),
            waiting: VecDeque::new(),
            up: 0,
            talk: Talk::default(),
            press: Press::default(),
            callee: Manner::Talk,
            arrivals: Arrivals::default(),
            counts: Counts::default(),
        })
    }

    /// From now on, calls go to this server.
    pub fn call_at(&mut self, server: SocketAddrV4) {
        self.server = server;
    }

    /// Where its callee side may be called.
    pub fn contact(&self) -> SocketAddrV4 {
        self.sip.local()
    }

    /// Where it listens for sound.
    pub fn ears(&self) -> Vec<SocketAddrV4> {
        self.ears.iter().map(Socket::local).collect()
    }

    /// Calls that are up.
    pub fn up(&self) -> usize {
        self.up
    }

    /// Counts from zero.
    pub fn restart(&mut self) {
        self.counts = Counts::default();
        self.arrivals.restart();
    }

    /// Places calls to this user, so many a second, and goes on until the last has been placed.
    ///
    /// # Errors
    /// When a socket fails.
    pub fn dial(&mut self, user: &str, calls: usize, rate: f64, manner: Manner) -> Result<()> {
        let start = clock::now();
        let mut placed = 0;
        while placed < calls {
            let due = ((clock::now() - start) as f64 / 1e9 * rate) as usize + 1;
            while placed < calls.min(due) {
                self.place(user, manner);
                placed += 1;
            }
            self.tick()?;
        }
        Ok(())
    }

    /// Has all who press do so once in so many seconds from now on, one after the other.
    pub fn press_every(&mut self, seconds: f64) {
        self.press.begin(clock::now(), (seconds * 1e9) as Nanos);
    }

    /// Nobody presses any more.
    pub fn stop_pressing(&mut self) {
        self.press.clear();
    }

    /// How often a key was pressed.
    pub fn presses(&self) -> u64 {
        self.press.presses
    }

    /// Hangs up every call that is up, so many a second, and waits for the answers.
    ///
    /// # Errors
    /// When a socket fails.
    pub fn hang_up(&mut self, rate: f64) -> Result<()> {
        self.talk.clear();
        self.press.clear();
        let per_tick = (rate / 1_000.0).ceil() as usize;
        let up: Vec<usize> = (0..self.calls.len()).filter(|&at| self.calls[at].state == State::Up).collect();
        for some in up.chunks(per_tick) {
            for &number in some {
                self.bye(number);
            }
            self.tick()?;
        }
        self.settle()
    }

    /// Goes on until no call waits for an answer.
    ///
    /// # Errors
    /// When a socket fails.
    pub fn settle(&mut self) -> Result<()> {
        while !self.waiting.is_empty() {
            self.tick()?;
        }
        Ok(())
    }

    /// Goes on for a time.
    ///
    /// # Errors
    /// When a socket fails.
    pub fn run(&mut self, seconds: f64) -> Result<()> {
        let end = clock::now() + (seconds * 1e9) as Nanos;
        while clock::now() < end {
            self.tick()?;
        }
        Ok(())
    }

    /// Talks to these addresses, and no others, until it hangs up.
    pub fn talk_to(&mut self, peers: impl Iterator<Item = SocketAddrV4>) {
        self.talk.clear();
        for (at, peer) in peers.enumerate() {
            self.talk.add(peer, at % EARS);
        }
    }

    /// Forgets which ports sent what, before other programs use them.
    pub fn forget_ports(&mut self) {
        self.talk.clear();
        self.arrivals.forget();
    }

    /// Reads, judges, sends, and sleeps to the next tick or the next signalling datagram.
    fn tick(&mut self) -> Result<()> {
        let mut datagrams = Vec::new();
        self.sip.drain(|_, at, datagram| datagrams.push((at, datagram.to_vec())))?;
        for (at, datagram) in datagrams {
            if let Some(message) = Message::new(&datagram) {
                self.hear(at, &message);
            }
        }
        for ear in &mut self.ears {
            ear.drain(|from, at, packet| self.arrivals.note(from.port(), at, packet))?;
        }
        let now = clock::now();
        self.talk.send_due(now, &self.ears);
        self.press.press_due(now, &self.ears);
        self.repeat_unanswered(now);
        let rest = TICK - clock::now() % TICK;
        let mut sockets = [PollFd::new(self.sip.udp().as_fd(), PollFlags::POLLIN)];
        ppoll(&mut sockets, Some(TimeSpec::new(0, i64::try_from(rest)?)), None)?;
        Ok(())
    }

    fn place(&mut self, user: &str, manner: Manner) {
        let number = self.calls.len();
        let dialog = Dialog::new(self.sip.local(), self.server, user, number);
        let ear = number % EARS;
        let now = clock::now();
        self.sip.send(dialog.invite(self.ears[ear].local()).as_bytes(), self.server);
        self.calls.push(Call { dialog, ear, manner, state: State::Calling, asked: now, tries: 1 });
        self.waiting.push_back((now + T1, number));
    }

    fn bye(&mut self, number: usize) {
        let call = &mut self.calls[number];
        if call.state != State::Up {
            return;
        }
        let now = clock::now();
        call.state = State::Leaving;
        call.tries = 1;
        self.up -= 1;
        self.sip.send(call.dialog.bye().as_bytes(), self.server);
        self.waiting.push_back((now + T1, number));
    }

    fn hear(&mut self, at: Nanos, message: &Message) {
        match (message.status(), sip::number_of(message)) {
            (Some(status), Some(number)) => self.hear_answer(at, number, status, message),
            (None, number) => self.hear_request(number, message),
            (Some(_), None) => {}
        }
    }

    fn hear_answer(&mut self, at: Nanos, number: usize, status: u16, message: &Message) {
        let Some(call) = self.calls.get_mut(number) else { return };
        match (call.state, message.method(), status) {
            (_, _, 100..=199) => {}
            (State::Calling, "INVITE", 200) => {
                call.state = State::Up;
                call.dialog.establish(message);
                self.up += 1;
                self.counts.answered += 1;
                self.counts.setup.record(at.saturating_sub(call.asked));
                self.sip.send(call.dialog.ack().as_bytes(), self.server);
                let (manner, ear) = (call.manner, call.ear);
                match (manner, message.media()) {
                    (Manner::HangUp, _) => self.bye(number),
                    (Manner::Talk, Some(peer)) => self.talk.add(peer, ear),
                    (Manner::Press, Some(peer)) => self.press.add(peer, ear),
                    (Manner::Talk | Manner::Press, None) | (Manner::Listen, _) => {}
                }
            }
            (State::Calling, "INVITE", _) => {
                call.state = State::Over;
                self.counts.failed += 1;
                call.dialog.establish(message);
                self.sip.send(call.dialog.ack().as_bytes(), self.server);
            }
            (_, "INVITE", 200) => {
                self.counts.repeated += 1;
                self.sip.send(call.dialog.ack().as_bytes(), self.server);
            }
            (State::Leaving, "BYE", 200) => {
                call.state = State::Over;
                self.counts.ended += 1;
            }
            (State::Leaving, "BYE", _) => {
                call.state = State::Over;
                self.counts.failed += 1;
            }
            _ => {}
        }
    }

    /// The server calls our callee, or ends a leg.
    fn hear_request(&mut self, number: Option<usize>, request: &Message) {
        let local = self.sip.local();
        match request.method() {
            "INVITE" => {
                let ear = self.calls.len() % EARS;
                let answer = sip::ok(request, local, Some(self.ears[ear].local()));
                self.sip.send(answer.as_bytes(), self.server);
                if let (Manner::Talk, Some(peer)) = (self.callee, request.media()) {
                    self.talk.add(peer, ear);
                }
            }
            "ACK" => {}
            _ => {
                self.sip.send(sip::ok(request, local, None).as_bytes(), self.server);
                let call = number.and_then(|number| self.calls.get_mut(number));
                if let Some(call) = call.filter(|call| call.state == State::Up) {
                    call.state = State::Over;
                    self.up -= 1;
                    self.counts.failed += 1;
                }
            }
        }
    }

    fn repeat_unanswered(&mut self, now: Nanos) {
        while let Some(&(due, number)) = self.waiting.front() {
            let call = &mut self.calls[number];
            if matches!(call.state, State::Up | State::Over) {
                self.waiting.pop_front();
                continue;
            }
            if due > now {
                break;
            }
            self.waiting.pop_front();
            // A call that has got as far as its BYE has a newer entry in the queue.
            call.tries += 1;
            if call.tries > TRIES {
                call.state = State::Over;
                self.counts.failed += 1;
                continue;
            }
            self.counts.repeated += 1;
            let again = match call.state {
                State::Calling => call.dialog.invite(self.ears[call.ear].local()),
                _ => call.dialog.bye(),
            };
            self.sip.send(again.as_bytes(), self.server);
            self.waiting.push_back((now + T1, number));
        }
    }
}
