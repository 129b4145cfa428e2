//! What the media thread does for each packet, as a program for an instruction counter.
//!
//! Shape: one media worker with its sockets on loopback and so many calls that hear one prompt, driven by a clock that is told, as fast
//! as it goes. `bench/README.md` says how to run it under callgrind, and what that showed.
//! Time: told; each pass is the instant at which the next stream is due.

use std::{
    io::Write,
    net::{IpAddr, Ipv4Addr, UdpSocket},
    sync::Arc,
    time::{Duration, Instant},
};

use antiphon_media::{Audio, Codec, Keys, Negotiated, Patience, PlaybackId, Repeat, Segment, StreamConfig, StreamId};
use antiphon_server::{
    call::CallEvent,
    media::{
        ports::Ports,
        worker::{Opening, Order, Work, Worker},
    },
    net::Machine,
};
use anyhow::Result;
use clap::Parser;
use tokio::sync::mpsc;

/// The time of the orders that open the calls, and of what is said about callers from whom nothing comes.
const OPENING: Duration = Duration::from_secs(15);
const TICK: Duration = Duration::from_millis(1);

/// Sends the packets of calls that hear a prompt.
#[derive(Debug, Parser)]
struct Arguments {
    /// Calls
    #[arg(long, default_value_t = 100)]
    calls: u16,
    /// Seconds of each call
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The first of the ports, two for each call
    #[arg(long, default_value_t = 40_000)]
    ports: u16,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let start = Instant::now();
    let (worker, mut work) = Worker::new(start, usize::from(arguments.calls), Patience::default());
    let listener = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    // Nobody reads what happens, so there is room for all of it.
    let (inbox, _events) = mpsc::channel(usize::from(arguments.calls) * 16);
    open((&arguments, start), &worker, &listener, &inbox)?;
    let mut now = start;
    while now < start + OPENING {
        now = work.pass(now).unwrap_or(now + TICK);
    }
    while now < start + OPENING + Duration::from_secs(arguments.seconds) {
        now = pass(&mut work, now).unwrap_or(now + TICK);
    }
    let _ = writeln!(std::io::stdout(), "{} packets", u64::from(arguments.calls) * arguments.seconds * 50);
    Ok(())
}

/// Apart, so that an instruction counter can be told to count only here.
#[inline(never)]
fn pass(work: &mut Work, now: Instant) -> Option<Instant> {
    work.pass(now)
}

fn open(
    (arguments, start): (&Arguments, Instant),
    worker: &Worker,
    listener: &UdpSocket,
    inbox: &mpsc::Sender<CallEvent>,
) -> Result<()> {
    let last = arguments.ports.saturating_add(arguments.calls.saturating_mul(2));
    let ports = Ports::new(Arc::new(Machine), &(arguments.ports..=last));
    let prompt = Arc::new(Audio::from_pcm(&(0..80_000).map(|at| (at % 1_000) as i16 * 16).collect::<Vec<_>>()));
    for number in 0..arguments.calls {
        let id = StreamId(number.into());
        let (lease, socket) = ports.lease(start, IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        let negotiated = Negotiated { remote: Some(listener.local_addr()?), ..Negotiated::of(Codec::Pcma) };
        let config = StreamConfig { negotiated, ssrc: number.into(), first_sequence: 0, first_timestamp: 0 };
        let opening = Opening {
            id,
            config,
            keying: None,
            socket,
            lease: Arc::new(lease),
            inbox: inbox.clone(),
            summary: Arc::default(),
        };
        worker.order_now(Order::Open(Box::new(opening)));
        let segments = vec![Segment::Audio(Arc::clone(&prompt))];
        worker.order_now(Order::Play(id, PlaybackId(1), segments, Repeat::Forever, Keys::ALL));
    }
    Ok(())
}
