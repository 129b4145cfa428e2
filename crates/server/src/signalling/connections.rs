//! SIP over TCP and TLS: connections taken and made (RFC 3261 §18).
//!
//! Shape: each connection is one task that frames what it reads into messages for the endpoint and writes what it is given. A
//! request to an address that we have made a connection to goes over that one; responses go over the connection of their request
//! (RFC 5923 in spirit, without its `alias`: nobody who connects to us can have our requests for others).
//! Time: a connection on which nothing comes for 16 minutes is closed; one that was taken and says nothing at first, or that began
//! a message and does not finish it, after 30 seconds. A connection with its handshake has ten seconds, and three where the message has another way than over it. Those that
//! we made are kept alive.
//! Errors: framing errors and failed connections end the connection and are told to the endpoint as a failed flow.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use antiphon_sip::{Flow, StreamFramer, Transport};
use bytes::Bytes;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use super::{
    Arrival,
    guard::Guard,
    keep_alive::{Due, KeepAlive, PING, PONG},
    tls::{self, Tls},
};
use crate::queue::send_now;

/// Messages that wait to be written to one connection; a peer that does not read loses the rest and its connection. A proxy sends
/// the requests of all its calls over one, and what they are answered with is made faster than it is written. A stranger's limit
/// and the time that a write has keep his far below.
const UNWRITTEN: usize = 2 * super::ARRIVALS;
/// From so many on nothing more is read from it: whoever asks faster than the answers can be written is slowed down by TCP, and what
/// it has asked already finds room.
const BEHIND: usize = UNWRITTEN / 4;
/// Connections at most, those included whose handshake is not over.
const CONNECTIONS: usize = 4096;
/// How long a connection may be silent (a little above what RFC 5626 §4.4.1 lets a phone wait between keep-alives).
const IDLE: Duration = Duration::from_secs(960);
/// How long a begun message may take, or the first one of a connection that was taken.
const STALLED: Duration = Duration::from_secs(30);
/// How long making a connection with its handshake, or writing to one, may take.
const SLOW: Duration = Duration::from_secs(10);
/// The same for a connection whose message has another way: it includes one repetition of a lost SYN.
const SLOW_WITH_FALLBACK: Duration = Duration::from_secs(3);
/// How long what we wrote over a connection of our own may stay unacknowledged by the far end's TCP, in milliseconds.
const UNACKNOWLEDGED: u32 = 30_000;

/// A name that no certificate is for (RFC 6761 §6.4).
const NOBODY: &str = "nobody.invalid";

/// The connections of all listeners.
#[derive(Clone)]
pub(super) struct Connections {
    table: Arc<Mutex<Table>>,
    inlet: mpsc::Sender<Arrival>,
    tls: Option<Arc<Tls>>,
    guard: Arc<Guard>,
}

#[derive(Default)]
struct Table {
    open: HashMap<Flow, Entry>,
    /// Whose certificate is expected at an address, as bounded as the connections.
    expected: HashMap<SocketAddr, ServerName<'static>>,
    last: u64,
}

/// A connection as the others see it.
struct Entry {
    /// Tells it from a later one of the same flow.
    number: u64,
    outlet: mpsc::Sender<Bytes>,
    /// Who the far end proved to be; nobody where it connected to us.
    proven: Option<Arc<Proven>>,
}

/// Whom a connection was made to.
struct Proven {
    name: ServerName<'static>,
    certificate: OnceLock<CertificateDer<'static>>,
}

/// What became of the connection that there was.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub(super) enum Expected {
    /// It is good for that name too, or there was none.
    AsBefore,
    /// It was not, and is closed: what waits for something over it waits in vain.
    Closed,
}

/// One side of a connection's life: who began it.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
enum Begun {
    ByUs,
    ByThem,
}

impl Connections {
    pub(super) fn new(inlet: mpsc::Sender<Arrival>, tls: Option<Arc<Tls>>, guard: Arc<Guard>) -> Self {
        Self { table: Arc::default(), inlet, tls, guard }
    }

    /// Takes connections for as long as signalling lives.
    pub(super) fn listen(&self, transport: Transport, listener: TcpListener) {
        let connections = self.clone();
        tokio::spawn(async move {
            let Ok(local) = listener.local_addr() else { return };
            while !connections.inlet.is_closed() {
                match listener.accept().await {
                    Ok((stream, peer)) => connections.accept(Flow { transport, local, peer }, stream),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
    }

    /// Takes one connection, or drops it when there are too many: the one place where that is decided.
    fn accept(&self, flow: Flow, stream: TcpStream) {
        let Some(pass) = self.guard.admits_connection(super::clock(), flow.peer.ip()) else { return };
        let Some((number, queue)) = self.lock().open(flow, None) else { return refused() };
        let connections = self.clone();
        tokio::spawn(async move {
            connections.taken(flow, stream, queue).await;
            drop(pass);
            connections.close(flow, number);
        });
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite,
        flow: Flow,
        queue: mpsc::Receiver<Bytes>,
        begun: Begun,
    ) {
        let (reader, writer) = tokio::io::split(stream);
        let keep_alive = match begun {
            Begun::ByUs => Some(KeepAlive::new(Instant::now(), rand::random())),
            // Whoever connects keeps the connection alive (RFC 5626 §3.5).
            Begun::ByThem => None,
        };
        tokio::pin!(reader, writer);
        exchange(reader, writer, flow, queue, &self.inlet, keep_alive).await;
    }

    async fn taken(&self, flow: Flow, stream: TcpStream, queue: mpsc::Receiver<Bytes>) {
        // Signalling is a few messages that wait for each other.
        let _ = stream.set_nodelay(true);
        match self.tls.as_ref().filter(|_| flow.transport == Transport::Tls) {
            Some(tls) => self.taken_secured(tls, flow, stream, queue).await,
            None => self.exchange(stream, flow, queue, Begun::ByThem).await,
        }
    }

    async fn taken_secured(
        &self,
        tls: &Tls,
        flow: Flow,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        queue: mpsc::Receiver<Bytes>,
    ) {
        match timeout(SLOW, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.exchange(stream, flow, queue, Begun::ByThem).await,
            failed => {
                metrics::counter!("antiphon_sip_dropped_total", "reason" => "handshake").increment(1);
                let error = failed.map_or_else(|_| "it took too long".to_owned(), |failed| error_of(failed.err()));
                tracing::debug!(peer = %flow.peer, %error, "a TLS handshake failed");
            }
        }
    }

    /// The far end of a TLS flow must prove to be this host from now on; a connection on which it has not is closed.
    pub(super) fn expect(&self, flow: Flow, host: &str) -> Expected {
        let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let name = ServerName::try_from(bare.to_owned()).unwrap_or_else(|_| {
            tracing::warn!(host, "no certificate can be for this name");
            NOBODY.try_into().expect("a constant name")
        });
        let mut table = self.lock();
        let proven = table.open.get(&flow).map(|entry| entry.proven.as_ref().is_some_and(|proven| proven.is(&name)));
        table.expect(flow.peer, name);
        if proven == Some(false) {
            table.open.remove(&flow);
            return Expected::Closed;
        }
        Expected::AsBefore
    }

    /// Writes to the flow's connection, making one when there is none. Who has a fallback is told soon that it cannot be made.
    pub(super) fn send(&self, flow: Flow, payload: Bytes, has_fallback: bool) {
        let mut table = self.lock();
        if let Some(entry) = table.open.get(&flow) {
            if entry.outlet.try_send(payload).is_err() {
                // It does not read, or it is gone.
                table.open.remove(&flow);
                drop(table);
                self.fail(flow);
            }
            return;
        }
        let name = table.expected.get(&flow.peer).cloned().unwrap_or_else(|| flow.peer.ip().into());
        let proven = Arc::new(Proven { name, certificate: OnceLock::new() });
        let Some((number, queue)) = table.open(flow, Some(proven.clone())) else {
            drop(table);
            refused();
            return self.fail(flow);
        };
        if let Some(entry) = table.open.get(&flow) {
            // The queue is new and empty, so the message fits.
            let _ = entry.outlet.try_send(payload);
        }
        drop(table);
        let connections = self.clone();
        tokio::spawn(async move {
            let patience = if has_fallback { SLOW_WITH_FALLBACK } else { SLOW };
            connections.made(flow, proven, queue, patience).await;
            connections.close(flow, number);
        });
    }

    async fn made(&self, flow: Flow, proven: Arc<Proven>, queue: mpsc::Receiver<Bytes>, patience: Duration) {
        let begun = Instant::now();
        let left = || patience.saturating_sub(begun.elapsed());
        let stream = match timeout(left(), connect(flow)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::info!(peer = %flow.peer, %error, "no connection"),
            Err(_) => return tracing::info!(peer = %flow.peer, "no connection in {patience:?}"),
        };
        if flow.transport == Transport::Tcp {
            return self.exchange(stream, flow, queue, Begun::ByUs).await;
        }
        let Some(tls) = &self.tls else { return };
        match timeout(left(), tls.connect(proven.name.clone(), stream)).await {
            Ok(Ok((stream, certificate))) => {
                // Set here and nowhere else.
                let _ = proven.certificate.set(certificate);
                self.exchange(stream, flow, queue, Begun::ByUs).await;
            }
            failed => {
                let error = failed.map_or_else(|_| "it took too long".to_owned(), |failed| error_of(failed.err()));
                tracing::warn!(peer = %flow.peer, host = %proven.name.to_str(), %error, "no TLS connection");
            }
        }
    }

    /// Forgets a connection and tells the endpoint, unless whoever forgot it before has done both.
    fn close(&self, flow: Flow, number: u64) {
        let mut table = self.lock();
        if table.open.get(&flow).is_some_and(|entry| entry.number == number) {
            table.open.remove(&flow);
            drop(table);
            self.fail(flow);
        }
    }

    fn fail(&self, flow: Flow) {
        send_now(&self.inlet, Arrival::Failed(flow));
    }

    /// The table is whole after every statement, so a panic elsewhere while it was locked harms nothing.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Room for a connection, and what is to be written to it; `None` when there is none.
    fn open(&mut self, flow: Flow, proven: Option<Arc<Proven>>) -> Option<(u64, mpsc::Receiver<Bytes>)> {
        if self.open.len() >= CONNECTIONS {
            return None;
        }
        self.last += 1;
        let (outlet, queue) = mpsc::channel(UNWRITTEN);
        self.open.insert(flow, Entry { number: self.last, outlet, proven });
        Some((self.last, queue))
    }

    fn expect(&mut self, peer: SocketAddr, name: ServerName<'static>) {
        if self.expected.len() >= CONNECTIONS && !self.expected.contains_key(&peer) {
            // Those that nothing is connected to are told anew before they are needed.
            let open: Vec<SocketAddr> = self.open.keys().map(|flow| flow.peer).collect();
            self.expected.retain(|peer, _| open.contains(peer));
        }
        self.expected.insert(peer, name);
    }
}

impl Proven {
    /// Whether the far end has proved this name, or is about to.
    fn is(&self, name: &ServerName<'static>) -> bool {
        self.name == *name || self.certificate.get().is_some_and(|certificate| tls::is_for(certificate, name))
    }
}

fn refused() {
    metrics::counter!("antiphon_sip_dropped_total", "reason" => "connections").increment(1);
}

fn error_of(error: Option<io::Error>) -> String {
    error.map(|error| error.to_string()).unwrap_or_default()
}

/// A connection from the address of the listener, which is the one that the far end may know us by.
async fn connect(flow: Flow) -> io::Result<TcpStream> {
    let socket = if flow.peer.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if !flow.local.ip().is_unspecified() {
        socket.bind(SocketAddr::new(flow.local.ip(), 0))?;
    }
    rustix::net::sockopt::set_tcp_user_timeout(&socket, UNACKNOWLEDGED)?;
    let stream = socket.connect(flow.peer).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads and writes until either side ends.
async fn exchange(
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    flow: Flow,
    mut queue: mpsc::Receiver<Bytes>,
    inlet: &mpsc::Sender<Arrival>,
    mut keep_alive: Option<KeepAlive>,
) {
    let mut framer = StreamFramer::new();
    let mut buffer = vec![0; 16 * 1024];
    // Whoever connects to us has something to say.
    let mut read_until = Instant::now() + if keep_alive.is_some() { IDLE } else { STALLED };
    loop {
        let wake_at = keep_alive.as_ref().map_or(read_until, |keep_alive| keep_alive.next().min(read_until));
        tokio::select! {
            read = reader.read(&mut buffer), if queue.len() < BEHIND => {
                let Ok(length @ 1..) = read else { return };
                let was_between = framer.is_empty();
                let begins = if was_between { &buffer[..length] } else { &[] };
                let pong = keep_alive.as_mut().map_or(0, |keep_alive| keep_alive.heard(Instant::now(), begins));
                let Ok(handed_over) = hand_over(&mut framer, &buffer[pong..length], flow, inlet).await else { return };
                read_until = match framer.is_empty() {
                    true => Instant::now() + IDLE,
                    false if was_between || handed_over.messages > 0 => Instant::now() + STALLED,
                    // The same message goes on: a few bytes now and then buy it no more time.
                    false => read_until,
                };
                if handed_over.pong && !written(&mut writer, PONG).await {
                    return;
                }
            }
            payload = queue.recv() => {
                let Some(payload) = payload else { return };
                if !written(&mut writer, &payload).await {
                    return;
                }
            }
            () = sleep_until(wake_at) => {
                let now = Instant::now();
                let due = keep_alive.as_mut().map_or(Due::Nothing, |keep_alive| keep_alive.due(now));
                let goes_on = match due {
                    Due::Ping => written(&mut writer, PING).await,
                    Due::GiveUp => false,
                    Due::Nothing => true,
                };
                if !goes_on || now >= read_until {
                    return;
                }
            }
        }
    }
}

/// Writes all of it in time; `false` says that the connection is of no more use.
async fn written(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> bool {
    let write = async {
        writer.write_all(bytes).await?;
        // TLS may hold something back until then.
        writer.flush().await
    };
    matches!(timeout(SLOW, write).await, Ok(Ok(())))
}

/// What was among the bytes of one read.
#[derive(Default)]
struct HandedOver {
    messages: usize,
    /// A keep-alive wants its answer (RFC 5626 §4.4.1).
    pong: bool,
}

/// Gives the whole messages among these bytes to the endpoint.
async fn hand_over(
    framer: &mut StreamFramer,
    bytes: &[u8],
    flow: Flow,
    inlet: &mpsc::Sender<Arrival>,
) -> Result<HandedOver, ()> {
    framer.receive(bytes);
    let mut handed_over = HandedOver::default();
    loop {
        match framer.next_frame() {
            Ok(Some(antiphon_sip::Frame::Message(message))) => {
                // A full queue slows the connection down, as TCP is meant to be slowed.
                inlet.send(Arrival::Message(flow, message)).await.map_err(drop)?;
                handed_over.messages += 1;
            }
            Ok(Some(antiphon_sip::Frame::Ping)) => handed_over.pong = true,
            Ok(None) => return Ok(handed_over),
            Err(error) => {
                tracing::debug!(%error, "a connection carried no SIP");
                return Err(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
