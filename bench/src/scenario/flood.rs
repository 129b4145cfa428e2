//! One source floods the server while calls go on and others begin.
//!
//! Shape: the flood comes from 127.0.0.9, whom nobody vouches for; the calls, and those that are placed meanwhile, from 127.0.0.1, which
//! the server's settings allow. Bounded in count and time, and loopback only.
//! Units: times in milliseconds, memory in MiB.

use std::{
    net::{SocketAddrV4, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result, ensure};

use super::Setup;
use crate::{
    clock::{self, TICK},
    generator::{Generator, Manner},
    process::own_cpu,
    report::Table,
    rest::{Api, PROMPT},
    server::{Home, Server},
};

/// The most that is sent a second, and for how long at most.
const MOST_RATE: u64 = 50_000;
const MOST_SECONDS: u64 = 120;
/// Where the flood comes from.
const FLOODER: &str = "127.0.0.9:0";
/// Calls placed in each second of the flood, to see whether others get through.
const PROBES: usize = 10;
const SETTINGS: &str = "[sip]\nallow = [\"127.0.0.1/32\"]\n";
const RAMP: f64 = 100.0;

/// A flood under way.
struct Flood {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    answered: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Flood {
    fn start(server: SocketAddrV4, rate: u64, seconds: u64) -> Result<Self> {
        let socket = UdpSocket::bind(FLOODER)?;
        socket.set_nonblocking(true)?;
        let [sent, answered] = [(); 2].map(|()| Arc::new(AtomicU64::new(0)));
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, count, answers) = (stop.clone(), sent.clone(), answered.clone());
        let thread = thread::spawn(move || pour(&socket, server, (rate, seconds), &stopped, (&count, &answers)));
        Ok(Self { stop, sent, answered, thread })
    }

    /// How many messages were sent, and answered.
    fn end(self) -> Result<(u64, u64)> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| anyhow::anyhow!("the flood's thread panicked"))?;
        Ok((self.sent.load(Ordering::Relaxed), self.answered.load(Ordering::Relaxed)))
    }
}

/// Sends what is due every millisecond, in the order INVITE, REGISTER, OPTIONS.
fn pour(
    socket: &UdpSocket,
    server: SocketAddrV4,
    (rate, seconds): (u64, u64),
    stop: &AtomicBool,
    (sent, answered): (&AtomicU64, &AtomicU64),
) {
    let (begin, most) = (clock::now(), rate * seconds);
    let mut buffer = [0; 2_048];
    let mut number = 0;
    while number < most && !stop.load(Ordering::Relaxed) {
        let due = (clock::now() - begin) * rate / 1_000_000_000;
        // What a late tick owes is sent at once, but not more than a tenth of a second of it.
        let until = due.min(most).min(number + rate / 10);
        while number < until {
            // What the system does not take is lost, as on any network.
            if socket.send_to(message(number, server).as_bytes(), server).is_ok() {
                sent.fetch_add(1, Ordering::Relaxed);
            }
            number += 1;
        }
        while socket.recv(&mut buffer).is_ok() {
            answered.fetch_add(1, Ordering::Relaxed);
        }
        thread::sleep(std::time::Duration::from_nanos(TICK - clock::now() % TICK));
    }
}

fn message(number: u64, server: SocketAddrV4) -> String {
    let method = ["INVITE", "REGISTER", "OPTIONS"][(number % 3) as usize];
    let user = number % 1_000;
    format!(
        "{method} sip:{user}@{server} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.9;rport;branch=z9hG4bKf{number}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@{server}>;tag={number}\r\nTo: <sip:{user}@{server}>\r\n\
         Call-ID: f{number}@flood\r\nCSeq: 1 {method}\r\nContact: <sip:{user}@127.0.0.9>\r\nContent-Length: 0\r\n\r\n"
    )
}

/// Floods a server on which so many calls are up, and adds a row.
///
/// # Errors
/// When a process fails, calls cannot be placed before the flood, or more is asked for than this is made for.
pub fn run(setup: &Setup, calls: usize, rate: u64, seconds: u64, table: &mut Table) -> Result<()> {
    ensure!(rate <= MOST_RATE && seconds <= MOST_SECONDS, "at most {MOST_RATE} a second for {MOST_SECONDS} s");
    let home = Home::new()?;
    let server = Server::start_with(&setup.launch, &home, SETTINGS)?;
    let mut generator = Generator::new()?;
    generator.call_at(server.sip);
    Api::new(&server)?.make_menus(generator.contact())?;
    generator.dial(PROMPT, calls, RAMP, Manner::Talk)?;
    generator.settle()?;
    ensure!(generator.up() == calls, "{} of {calls} calls are up", generator.up());
    generator.run(2.0)?;
    generator.restart();
    let (cpu, own, begin) = (server.process.cpu()?, own_cpu()?, clock::now());
    let mut memory = vec![server.process.resident()?];
    let flood = Flood::start(server.sip, rate, seconds)?;
    for _ in 0..seconds {
        generator.dial(PROMPT, PROBES, PROBES as f64, Manner::HangUp)?;
        generator.run(0.1)?;
        memory.push(server.process.resident()?);
    }
    let (sent, answered) = flood.end()?;
    let wall = (clock::now() - begin) as f64 / 1e9;
    let (cpu, own) = ((server.process.cpu()? - cpu) / wall, (own_cpu()? - own) / wall);
    generator.settle()?;
    let metrics = server.metrics()?;
    let dropped = |reason: &str| metrics.value(&format!("antiphon_sip_dropped_total{{reason=\"{reason}\"}}"));
    let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    let every = (memory.len() / 6).max(1);
    let over_time: Vec<String> = memory.iter().step_by(every).map(|bytes| mib(*bytes)).collect();
    let most = memory.iter().max().copied().context("memory was read")?;
    let (arrivals, counts) = (&generator.arrivals, &generator.counts);
    let error = |share: f64| format!("{:.2}", arrivals.interval_error.percentile(share));
    table.row(&[
        format!("{:.0} for {wall:.0} s", sent as f64 / wall),
        answered.to_string(),
        ["new_rate", "rate", "suspected", "banned"].map(|reason| format!("{:.0}", dropped(reason))).join(" / "),
        format!("{} (most {})", over_time.join(" "), mib(most)),
        format!("{} of {calls}", generator.up()),
        format!("{} / {} / {} / {}", error(0.5), error(0.99), error(0.999), error(1.0)),
        format!("{} of {}", arrivals.lost, arrivals.received + arrivals.lost),
        format!("{:.2} / {:.2}", counts.setup.percentile(0.5), counts.setup.percentile(0.99)),
        format!("{} of {}", counts.failed, counts.failed + counts.answered),
        counts.repeated.to_string(),
        format!("{:.0} % / {:.0} %", cpu * 100.0, own * 100.0),
    ]);
    generator.hang_up(RAMP * 4.0)
}

/// The table that [`run`] fills.
pub fn table() -> Table {
    Table::new(&[
        "flood a second",
        "answered",
        "dropped: new rate / rate / suspected / banned",
        "RSS over time (MiB)",
        "calls still up",
        "interval error p50 / p99 / p99.9 / most (ms)",
        "packets missing",
        "others: INVITE to 200 p50 / p99 (ms)",
        "others failed",
        "sent again",
        "CPU of server / generator and flood",
    ])
}
