//! The RTCP of a pool's streams.
//!
//! Shape: a stream whose [`Due`](super::Due) says so has its socket of RTCP read into [`StreamPool::handle_control`], and is then asked
//! for its report by [`StreamPool::poll_control`]. RTCP that comes on the port of RTP goes its way by itself.
//! Time: told; a stream is looked at about once a second, counted from its own beginning.
//! Sources: RFC 3550 section 6, RFC 5761.

use super::StreamPool;
use crate::config::RtcpPath;
use crate::rtcp::NtpClock;
use crate::slots::Slot;
use crate::stream::ControlTransmit;
use crate::watch::Patience;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Whether it is a stream's turn to have its RTCP seen to: about once a second.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ControlTurn {
    /// It is.
    Now,
    /// At a later service.
    Later,
}

/// From one look at a stream's RTCP to the next.
pub(super) const EVERY: Duration = Duration::from_secs(1);

impl StreamPool {
    /// Tells what time of day it is; until then reports count from the pool's beginning.
    pub fn set_ntp_clock(&mut self, clock: NtpClock) {
        self.ntp = clock;
    }

    /// Tells how long peers may be silent.
    pub fn set_patience(&mut self, patience: Patience) {
        self.patience = patience;
    }

    /// Whether the stream in this slot has its RTCP on a port of its own.
    pub fn has_control_port(&self, slot: Slot) -> bool {
        let entry = self.entries.get(slot.index()).and_then(Option::as_ref);
        entry.is_some_and(|entry| entry.stream.negotiated().rtcp != RtcpPath::Muxed)
    }

    /// Takes a datagram that came at `now` on the port of RTCP of the stream in this slot.
    pub fn handle_control(&mut self, now: Instant, slot: Slot, from: SocketAddr, datagram: &[u8]) {
        let Some(Some(entry)) = self.entries.get_mut(slot.index()) else {
            self.closed.dropped.unknown_stream += 1;
            return;
        };
        entry.stream.hear_control((now, self.ntp.at(now)), from, datagram);
    }

    /// Looks at what has come of the stream in this slot, raises what there is to tell, and gives its report where one is due,
    /// written into `buffer`, which must hold [`MAX_PACKET`](crate::MAX_PACKET) bytes.
    pub fn poll_control<'a>(&mut self, now: Instant, slot: Slot, buffer: &'a mut [u8]) -> Option<ControlTransmit<'a>> {
        self.look(now, slot);
        let entry = self.entries.get_mut(slot.index())?.as_mut()?;
        entry.stream.report((now, self.ntp.at(now)), buffer)
    }

    /// The same without a report, for a stream that has no port to send one from.
    pub fn look(&mut self, now: Instant, slot: Slot) {
        if let Some(Some(entry)) = self.entries.get_mut(slot.index()) {
            entry.control = now + EVERY;
            entry.stream.look(now, &self.patience, &mut self.events);
        }
    }

    /// The last report of the stream in this slot, to be sent before it is closed; `None` where it has sent none before.
    pub fn farewell<'a>(&mut self, now: Instant, slot: Slot, buffer: &'a mut [u8]) -> Option<ControlTransmit<'a>> {
        let entry = self.entries.get_mut(slot.index())?.as_mut()?;
        entry.stream.farewell((now, self.ntp.at(now)), buffer)
    }
}

#[cfg(test)]
mod tests;
