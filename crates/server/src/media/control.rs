//! The RTCP of one stream, as its worker carries it.
//!
//! Shape: [`ControlPort`] stands beside a stream's socket; it is served about once a second, far from the path of packets.
//! Time: told.
//! Errors: a port above that somebody else has: the stream goes on without RTCP of its own.

use std::time::Instant;

use antiphon_media::{Channel, ControlTransmit, Slot, StreamPool};

use super::ports::Lease;
use crate::net::{ControlSocket, MediaSocket};

/// The socket of RTCP beside a stream's.
#[derive(Default)]
pub(super) enum ControlPort {
    /// The stream is young, or has RTCP on the port of RTP.
    #[default]
    Unbound,
    /// Bound, and closed with the stream.
    Bound(Box<dyn ControlSocket>),
    /// Somebody else has it.
    Taken,
}

impl ControlPort {
    /// Reads what has come, and sends the report that is due.
    pub(super) fn serve(
        &mut self,
        now: Instant,
        (pool, slot): (&mut StreamPool, Slot),
        (socket, lease): (&MediaSocket, &Lease),
        buffer: &mut [u8],
    ) {
        if pool.has_control_port(slot) {
            self.bind(lease);
            let Self::Bound(own) = self else { return pool.look(now, slot) };
            own.receive(now, &mut |at, from, datagram| pool.handle_control(at, slot, from, datagram));
        }
        if let Some(report) = pool.poll_control(now, slot, buffer) {
            self.send(socket, report);
        }
    }

    /// Says that the stream ends, where it has reported before.
    pub(super) fn part(
        &self,
        now: Instant,
        (pool, slot): (&mut StreamPool, Slot),
        socket: &MediaSocket,
        buffer: &mut [u8],
    ) {
        if let Some(farewell) = pool.farewell(now, slot, buffer) {
            self.send(socket, farewell);
        }
    }

    fn bind(&mut self, lease: &Lease) {
        if matches!(self, Self::Unbound) {
            *self = match lease.control_socket() {
                Ok(socket) => Self::Bound(socket),
                Err(error) => {
                    tracing::debug!(%error, "a stream has no port for RTCP");
                    Self::Taken
                }
            };
        }
    }

    fn send(&self, socket: &MediaSocket, ControlTransmit { channel, transmit }: ControlTransmit<'_>) {
        match (channel, self) {
            (Channel::Rtp, _) => socket.send(transmit.payload, transmit.to),
            (Channel::Rtcp, Self::Bound(own)) => own.send(transmit.payload, transmit.to),
            (Channel::Rtcp, Self::Unbound | Self::Taken) => {}
        }
    }
}
