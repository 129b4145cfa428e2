//! The sound that callers send: a packet every 20 ms, streams spread over the 20 ticks.
//!
//! Time: told; a tick that comes late is made up for.

use std::net::SocketAddrV4;

use crate::{
    clock::{Nanos, TICK},
    rtp::Line,
    socket::Socket,
};

const SLOTS: usize = 20;

#[derive(Debug)]
struct Stream {
    peer: SocketAddrV4,
    ear: usize,
    line: Line,
}

/// All streams that are sent.
#[derive(Debug, Default)]
pub(super) struct Talk {
    slots: [Vec<Stream>; SLOTS],
    streams: usize,
    /// The tick to send next.
    next: Option<u64>,
}

impl Talk {
    /// Sends to this address from now on, from the socket that hears it.
    pub(super) fn add(&mut self, peer: SocketAddrV4, ear: usize) {
        let line = Line::new(u32::try_from(self.streams).unwrap_or(u32::MAX));
        self.slots[self.streams % SLOTS].push(Stream { peer, ear, line });
        self.streams += 1;
    }

    /// Sends nothing more.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Sends what is due.
    pub(super) fn send_due(&mut self, now: Nanos, ears: &[Socket]) {
        let present = now / TICK;
        let first = self.next.unwrap_or(present).max(present.saturating_sub(SLOTS as u64));
        for tick in first..=present {
            let slot = usize::try_from(tick % SLOTS as u64).unwrap_or_default();
            for stream in &mut self.slots[slot] {
                ears[stream.ear].send(stream.line.next_packet(), stream.peer);
            }
        }
        self.next = Some(present + 1);
    }
}
