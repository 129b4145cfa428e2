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
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

use super::Arrival;

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
}

impl Connections {
    pub(super) fn new(inlet: mpsc::Sender<Arrival>) -> Self {
        Self { table: Table::default(), inlet }
    }

    /// Takes connections for as long as signalling lives.
    pub(super) fn listen(&self, listener: TcpListener) {
        let (table, inlet) = (self.table.clone(), self.inlet.clone());
        tokio::spawn(async move {
            let Ok(local) = listener.local_addr() else { return };
            while !inlet.is_closed() {
                match listener.accept().await {
                    Ok((stream, peer)) => accept(&table, &inlet, local, stream, peer),
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

fn accept(table: &Table, inlet: &mpsc::Sender<Arrival>, local: SocketAddr, stream: TcpStream, peer: SocketAddr) {
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
        fail(&inlet, flow);
    });
}

/// Reads and writes until either side ends.
async fn converse(stream: TcpStream, flow: Flow, mut queue: mpsc::Receiver<Bytes>, inlet: &mpsc::Sender<Arrival>) {
    // Signalling is a few messages that wait for each other.
    let _ = stream.set_nodelay(true);
    let (mut reader, mut writer) = stream.into_split();
    let mut framer = StreamFramer::new();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let patience = if framer.is_empty() { IDLE } else { STALLED };
        tokio::select! {
            read = timeout(patience, reader.read(&mut buffer)) => {
                let Ok(Ok(length @ 1..)) = read else { return };
                let Ok(pong) = hand_over(&mut framer, &buffer[..length], flow, inlet).await else { return };
                if pong && !matches!(timeout(SLOW, writer.write_all(b"\r\n")).await, Ok(Ok(()))) {
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

/// Gives the whole messages among these bytes to the endpoint; says whether a keep-alive wants its answer (RFC 5626 §4.4.1).
async fn hand_over(
    framer: &mut StreamFramer,
    bytes: &[u8],
    flow: Flow,
    inlet: &mpsc::Sender<Arrival>,
) -> Result<bool, ()> {
    framer.receive(bytes);
    let mut pong = false;
    loop {
        match framer.next_frame() {
            Ok(Some(antiphon_sip::Frame::Message(message))) => {
                // A full queue slows the connection down, as TCP is meant to be slowed.
                inlet.send(Arrival::Message(flow, message)).await.map_err(drop)?;
            }
            Ok(Some(antiphon_sip::Frame::Ping)) => pong = true,
            Ok(None) => return Ok(pong),
            Err(error) => {
                tracing::debug!(%error, "a connection carried no SIP");
                return Err(());
            }
        }
    }
}

fn fail(inlet: &mpsc::Sender<Arrival>, flow: Flow) {
    if let Err(mpsc::error::TrySendError::Full(arrival)) = inlet.try_send(Arrival::Failed(flow)) {
        let inlet = inlet.clone();
        tokio::spawn(async move { inlet.send(arrival).await });
    }
}

/// The table is whole after every statement, so a panic elsewhere while it was locked harms nothing.
fn lock(table: &Table) -> std::sync::MutexGuard<'_, HashMap<Flow, mpsc::Sender<Bytes>>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}
