//! The media of a caller: it hears everything, sends silence, and presses keys at places of the stream.
//!
//! Shape: one socket and one thread a caller; the thread ends when the caller's call has.
//! Time: the stream heard is the clock: a key is pressed when so many packets have come.
//! Sources: RFC 3550 §5.1, RFC 4733 §2.5.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use antiphon_media::dtmf::event::TelephoneEvent;
use antiphon_media::rtp::packet::{HEADER_LEN, Header, Packet};
use antiphon_media::{Codec, Digit};
use antiphon_testkit::Received;
use bytes::Bytes;

const PTIME: Duration = Duration::from_millis(20);
const SAMPLES: u32 = 160;
/// The payload type of keys in `caller.xml`.
const EVENTS: u8 = 101;
/// The far end's own clock runs on while it talks to nobody; this much of it is remembered at most.
const PACKETS: usize = 10_000;

/// Keys to press, each once so many packets have been heard.
pub(crate) type Keys = Vec<(usize, char)>;

/// What a caller heard, and when it pressed.
pub(crate) struct Recording {
    pub(crate) packets: Vec<Received>,
    /// When the first packet of each key left.
    pub(crate) pressed: Vec<Instant>,
}

/// A caller's ears and fingers.
pub(crate) struct Ears {
    port: u16,
    stop: Arc<AtomicBool>,
    /// Packets heard so far.
    count: Arc<AtomicUsize>,
    thread: JoinHandle<Recording>,
}

impl Ears {
    pub(crate) fn open(keys: Keys) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let port = socket.local_addr().expect("a bound socket has an address").port();
        socket.set_read_timeout(Some(Duration::from_millis(2))).expect("a timeout that is not zero");
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicUsize::new(0));
        let (told, counted) = (stop.clone(), count.clone());
        let thread = std::thread::spawn(move || Mouth::new(keys, counted).talk(&socket, &told));
        Self { port, stop, count, thread }
    }

    /// Waits until so many packets were heard.
    #[track_caller]
    pub(crate) fn wait_for_packets(&self, count: usize) {
        let until = Instant::now() + Duration::from_secs(20);
        while self.count.load(Ordering::Relaxed) < count {
            assert!(Instant::now() < until, "{count} packets were not heard within 20 s");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The call is over: what was heard.
    pub(crate) fn close(self) -> Recording {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the listener does not panic")
    }
}

struct Mouth {
    keys: Keys,
    heard: Recording,
    count: Arc<AtomicUsize>,
    /// The key that is being pressed: its code, its timestamp, its packets so far.
    pressing: Option<(Digit, u32, u16)>,
    sequence: u16,
    timestamp: u32,
}

impl Mouth {
    fn new(mut keys: Keys, count: Arc<AtomicUsize>) -> Self {
        keys.sort();
        keys.reverse();
        let heard = Recording { packets: Vec::new(), pressed: Vec::new() };
        Self { keys, heard, count, pressing: None, sequence: 1, timestamp: 1 }
    }

    fn talk(mut self, socket: &UdpSocket, stop: &AtomicBool) -> Recording {
        let mut buffer = [0; 2_048];
        let mut peer = None;
        let mut due = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            match socket.recv_from(&mut buffer) {
                Ok((length, from)) => {
                    self.listen(&buffer[..length], socket);
                    peer = peer.or(Some(from));
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                // The far end's port has closed; its call is about to end.
                Err(_) => {}
            }
            if let Some(peer) = peer.filter(|_| due <= Instant::now()) {
                self.say(socket, peer);
                due = due.max(Instant::now() - PTIME) + PTIME;
            }
        }
        self.heard
    }

    fn listen(&mut self, datagram: &[u8], socket: &UdpSocket) {
        let Ok(packet) = Packet::parse(datagram) else { return };
        let Ok(local) = socket.local_addr() else { return };
        self.count.fetch_add(1, Ordering::Relaxed);
        if self.heard.packets.len() < PACKETS {
            self.heard.packets.push(Received {
                at: Instant::now().into(),
                local,
                ssrc: packet.ssrc,
                sequence: packet.sequence,
                timestamp: packet.timestamp,
                marker: packet.marker,
                payload_type: packet.payload_type,
                payload: Bytes::copy_from_slice(packet.payload),
            });
        }
    }

    fn say(&mut self, socket: &UdpSocket, to: SocketAddr) {
        if self.pressing.is_none() && self.keys.last().is_some_and(|(after, _)| *after <= self.heard.packets.len()) {
            let key = self.keys.pop().and_then(|(_, key)| Digit::from_char(key));
            self.pressing = key.map(|digit| (digit, self.timestamp, 0));
        }
        let packet = match self.pressing.take() {
            Some((digit, began, sent)) => self.key(digit, began, sent + 1),
            None => self.write(
                8,
                false,
                self.timestamp,
                &[Codec::Pcma.law().map_or(0, |law| law.silence()); SAMPLES as usize],
            ),
        };
        // What is not sent is lost, as on any network.
        let _ = socket.send_to(&packet, to);
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(SAMPLES);
    }

    /// Five updates and three ends.
    fn key(&mut self, digit: Digit, began: u32, sent: u16) -> Vec<u8> {
        if sent == 1 {
            self.heard.pressed.push(Instant::now());
        }
        if sent < 8 {
            self.pressing = Some((digit, began, sent));
        }
        let event = TelephoneEvent { code: digit.event(), end: sent > 5, volume: 10, duration: 160 * sent.min(5) };
        self.write(EVENTS, sent == 1, began, &event.to_bytes())
    }

    fn write(&self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let mut head = [0; HEADER_LEN];
        Header { marker, payload_type, sequence: self.sequence, timestamp, ssrc: 77 }.write(&mut head);
        [&head, payload].concat()
    }
}
