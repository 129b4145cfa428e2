//! The bare floor: the same datagrams on as many sockets, and nothing around them.
//!
//! Shape: one thread, a wheel of 20 slots of 1 ms, a connected socket a stream; at its tick a stream reads once where it is to read,
//! then sends.
//! Units: [`clock`].
//! Errors: what the system says.

use std::{
    net::{Ipv4Addr, SocketAddrV4, UdpSocket},
    time::Duration,
};

use anyhow::Result;

use crate::{
    clock::{self, TICK},
    rtp::Line,
};

const SLOTS: usize = 20;
const DATAGRAM: usize = 2_048;

/// Whether the floor's streams read too.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Duplex {
    /// Send only.
    Send,
    /// Read, then send.
    Both,
}

struct Stream {
    socket: UdpSocket,
    line: Line,
}

/// Sends from so many sockets to these addresses in turn until the process is ended; `ready` is told the ports first.
///
/// # Errors
/// When a socket cannot be bound.
pub fn run(streams: usize, duplex: Duplex, to: &[SocketAddrV4], ready: impl FnOnce(&[u16])) -> Result<()> {
    let mut slots: [Vec<Stream>; SLOTS] = Default::default();
    let mut ports = Vec::with_capacity(streams);
    for at in 0..streams {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        socket.connect(to[at % to.len()])?;
        ports.push(socket.local_addr()?.port());
        let line = Line::new(u32::try_from(at).unwrap_or(u32::MAX));
        slots[at % SLOTS].push(Stream { socket, line });
    }
    ready(&ports);
    let mut buffer = [0; DATAGRAM];
    let mut tick = clock::now() / TICK;
    loop {
        let slot = usize::try_from(tick % SLOTS as u64).unwrap_or_default();
        for stream in &mut slots[slot] {
            if duplex == Duplex::Both {
                // Nothing there, or an error of an earlier send: either way it is the next tick's.
                let _ = stream.socket.recv(&mut buffer);
            }
            let _ = stream.socket.send(stream.line.next_packet());
        }
        tick += 1;
        let wait = (tick * TICK).saturating_sub(clock::now());
        std::thread::sleep(Duration::from_nanos(wait));
    }
}
