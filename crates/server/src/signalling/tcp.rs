//! SIP over TCP: connections taken and made (RFC 3261 §18).
//!
//! Shape: each connection is one task that frames what it reads into messages for the endpoint and writes what it is given.
//! Time: a connection on which nothing comes for 16 minutes is closed; one that began a message and does not finish it, after 30 seconds.
//! Errors: framing errors and failed connections end the connection and are told to the endpoint as a failed flow.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_sip::{Flow, StreamFramer, Transport};
use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{
    Arrival,
    guard::{Guard, Pass},
};
use crate::queue::send_now;

/// Messages that wait to be written to one connection; a peer that does not read loses the rest and its connection.
const UNWRITTEN: usize = 128;
/// Connections at most.
const CONNECTIONS: usize = 4096;
/// How long a connection may be silent (a little above what RFC 5626 §4.4.1 lets a phone wait between keep-alives).
const IDLE: Duration = Duration::from_secs(960);
/// How long a begun message may take.
const STALLED: Duration = Duration::from_secs(30);
/// How long making a connection, or writing to one, may take.
const SLOW: Duration = Duration::from_secs(10);

type Table = Arc<Mutex<HashMap<Flow, mpsc::Sender<Bytes>>>>;

/// The connections of all listeners.
pub(super) struct Connections {
    table: Table,
    inlet: mpsc::Sender<Arrival>,
    guard: Arc<Guard>,
}

impl Connections {
    pub(super) fn new(inlet: mpsc::Sender<Arrival>, guard: Arc<Guard>) -> Self {
        Self { table: Table::default(), inlet, guard }
    }

    /// Takes connections for as long as signalling lives.
    pub(super) fn listen(&self, listener: TcpListener) {
        let (table, inlet, guard) = (self.table.clone(), self.inlet.clone(), self.guard.clone());
        tokio::spawn(async move {
            let Ok(local) = listener.local_addr() else { return };
            while !inlet.is_closed() {
                match listener.accept().await {
                    Ok((stream, peer)) => {
                        let Some(pass) = guard.admits_connection(super::clock(), peer.ip()) else { continue };
                        accept(&table, &inlet, local, (stream, peer, pass));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be taken");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
    }

    /// Writes to the flow's connection, making one when there is none.
    pub(super) fn send(&self, flow: Flow, payload: Bytes) {
        let mut table = lock(&self.table);
        if let Some(connection) = table.get(&flow) {
            if connection.try_send(payload).is_ok() {
                return;
            }
            // It does not read, or it is gone: the endpoint hears of it from the connection's own task.
            table.remove(&flow);
            return;
        }
        if table.len() >= CONNECTIONS {
            metrics::counter!("antiphon_sip_dropped_total", "reason" => "connections").increment(1);
            fail(&self.inlet, flow);
            return;
        }
        let (outlet, queue) = mpsc::channel(UNWRITTEN);
        // The queue is new and empty, so the message fits.
        let _ = outlet.try_send(payload);
        table.insert(flow, outlet);
        drop(table);
        let (table, inlet) = (self.table.clone(), self.inlet.clone());
        tokio::spawn(async move {
            if let Ok(Ok(stream)) = timeout(SLOW, TcpStream::connect(flow.peer)).await {
                converse(stream, flow, queue, &inlet).await;
            }
            lock(&table).remove(&flow);
            fail(&inlet, flow);
        });
    }
}

fn accept(
    table: &Table,
    inlet: &mpsc::Sender<Arrival>,
    local: SocketAddr,
    (stream, peer, pass): (TcpStream, SocketAddr, Pass),
) {
    let flow = Flow { transport: Transport::Tcp, local, peer };
    let (outlet, queue) = mpsc::channel(UNWRITTEN);
    {
        let mut connections = lock(table);
        if connections.len() >= CONNECTIONS {
            metrics::counter!("antiphon_sip_dropped_total", "reason" => "connections").increment(1);
            return;
        }
        connections.insert(flow, outlet);
    }
    let (table, inlet) = (table.clone(), inlet.clone());
    tokio::spawn(async move {
        converse(stream, flow, queue, &inlet).await;
        lock(&table).remove(&flow);
        drop(pass);
        fail(&inlet, flow);
    });
}

/// Reads and writes until either side ends.
async fn converse(stream: TcpStream, flow: Flow, queue: mpsc::Receiver<Bytes>, inlet: &mpsc::Sender<Arrival>) {
    // Signalling is a few messages that wait for each other.
    let _ = stream.set_nodelay(true);
    let (reader, writer) = stream.into_split();
    exchange(reader, writer, flow, queue, inlet).await;
}

async fn exchange(
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    flow: Flow,
    mut queue: mpsc::Receiver<Bytes>,
    inlet: &mpsc::Sender<Arrival>,
) {
    let mut framer = StreamFramer::new();
    let mut buffer = vec![0; 16 * 1024];
    let mut read_until = Instant::now() + IDLE;
    loop {
        tokio::select! {
            read = timeout_at(read_until, reader.read(&mut buffer)) => {
                let Ok(Ok(length @ 1..)) = read else { return };
                let was_between = framer.is_empty();
                let Ok(handed_over) = hand_over(&mut framer, &buffer[..length], flow, inlet).await else { return };
                read_until = match framer.is_empty() {
                    true => Instant::now() + IDLE,
                    false if was_between || handed_over.messages > 0 => Instant::now() + STALLED,
                    // The same message goes on: a few bytes now and then buy it no more time.
                    false => read_until,
                };
                if handed_over.pong && !matches!(timeout(SLOW, writer.write_all(b"\r\n")).await, Ok(Ok(()))) {
                    return;
                }
            }
            payload = queue.recv() => {
                let Some(payload) = payload else { return };
                if !matches!(timeout(SLOW, writer.write_all(&payload)).await, Ok(Ok(()))) {
                    return;
                }
            }
        }
    }
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

fn fail(inlet: &mpsc::Sender<Arrival>, flow: Flow) {
    send_now(inlet, Arrival::Failed(flow));
}

/// The table is whole after every statement, so a panic elsewhere while it was locked harms nothing.
fn lock(table: &Table) -> std::sync::MutexGuard<'_, HashMap<Flow, mpsc::Sender<Bytes>>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";

    /// A peer writes these pieces with this pause after each; says how long the connection lived, and the messages that came of it.
    async fn lived(pieces: impl Iterator<Item = &'static [u8]>, pause: Duration) -> (Duration, usize) {
        let (ours, mut theirs) = tokio::io::duplex(1_024);
        let (inlet, mut arrivals) = mpsc::channel(ARRIVED);
        let (_outlet, queue) = mpsc::channel(1);
        let here = SocketAddr::from(([127, 0, 0, 1], 5060));
        let flow = Flow { transport: Transport::Tcp, local: here, peer: here };
        let begin = Instant::now();
        let connection = tokio::spawn(async move {
            let (reader, writer) = tokio::io::split(ours);
            exchange(reader, writer, flow, queue, &inlet).await;
            begin.elapsed()
        });
        for piece in pieces {
            if theirs.write_all(piece).await.is_err() {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        let lived = connection.await.expect("no panic");
        let messages = std::iter::from_fn(|| arrivals.try_recv().ok()).count();
        (lived, messages)
    }

    const ARRIVED: usize = 100;

    #[tokio::test(start_paused = true)]
    async fn a_message_that_comes_a_byte_at_a_time_does_not_hold_its_connection() {
        let (lived, messages) = lived(OPTIONS.chunks(1), Duration::from_secs(20)).await;
        assert_eq!((lived, messages), (STALLED, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_slow_but_whole_messages_lives_until_it_is_silent() {
        let (lived, messages) = lived(std::iter::repeat_n(OPTIONS, 3), Duration::from_secs(500)).await;
        assert_eq!((lived, messages), (Duration::from_secs(1_000) + IDLE, 3));
        // Each read ends one message and begins the next, so none is unfinished for long.
        let halves = OPTIONS.repeat(4);
        let (head, tail) = halves.split_at(10);
        let (head, tail): (&'static [u8], &'static [u8]) = (head.to_vec().leak(), tail.to_vec().leak());
        let (lived, messages) =
            self::lived([head].into_iter().chain(tail.chunks(OPTIONS.len())), Duration::from_secs(20)).await;
        assert_eq!((lived, messages), (Duration::from_secs(80) + IDLE, 4));
    }
}
