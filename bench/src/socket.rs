//! A UDP socket that is read in batches, with the kernel's time of each arrival.
//!
//! Shape: the generator reads every millisecond, and still knows to the microsecond when a datagram came.
//! Units: nanoseconds since 1970.
//! Errors: what the system says; an empty socket is no error.

use std::{
    io::IoSliceMut,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket},
    os::fd::AsRawFd,
};

use anyhow::Result;
use nix::{
    errno::Errno,
    sys::socket::{
        ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrIn, recvmmsg, setsockopt,
        sockopt::{RcvBuf, RcvBufForce, ReceiveTimestampns},
    },
    sys::time::TimeSpec,
};

use crate::clock::{self, Nanos};

const BATCH: usize = 64;
const DATAGRAM: usize = 2_048;
/// Enough for tens of milliseconds of thousands of streams.
const RECEIVE_BUFFER: usize = 16 << 20;

/// A socket on loopback and room for what it reads.
pub struct Socket {
    udp: UdpSocket,
    local: SocketAddrV4,
    headers: MultiHeaders<SockaddrIn>,
    buffers: Vec<[u8; DATAGRAM]>,
}

impl Socket {
    /// Binds any free port.
    ///
    /// # Errors
    /// What the system says.
    pub fn bind() -> Result<Self> {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        udp.set_nonblocking(true)?;
        setsockopt(&udp, ReceiveTimestampns, &true)?;
        // Without CAP_NET_ADMIN the system's ceiling holds; losses then show as lost packets.
        if setsockopt(&udp, RcvBufForce, &RECEIVE_BUFFER).is_err() {
            setsockopt(&udp, RcvBuf, &RECEIVE_BUFFER)?;
        }
        let SocketAddr::V4(local) = udp.local_addr()? else { anyhow::bail!("bound to IPv6") };
        let headers = MultiHeaders::preallocate(BATCH, Some(nix::cmsg_space!(TimeSpec)));
        Ok(Self { udp, local, headers, buffers: vec![[0; DATAGRAM]; BATCH] })
    }

    /// The address it is bound to.
    pub fn local(&self) -> SocketAddrV4 {
        self.local
    }

    /// The socket itself.
    pub fn udp(&self) -> &UdpSocket {
        &self.udp
    }

    /// Sends at once; a datagram that cannot be sent is lost.
    pub fn send(&self, datagram: &[u8], to: SocketAddrV4) {
        let _ = self.udp.send_to(datagram, to);
    }

    /// Hands over everything that has arrived: from where, when, and what.
    ///
    /// # Errors
    /// What the system says.
    pub fn drain(&mut self, mut take: impl FnMut(SocketAddrV4, Nanos, &[u8])) -> Result<()> {
        loop {
            let mut arrived = [Arrival { length: 0, from: NOBODY, at: 0 }; BATCH];
            let count = match self.read(&mut arrived) {
                Ok(count) => count,
                Err(Errno::EAGAIN) => return Ok(()),
                // An earlier datagram found nobody; the error is told once, here.
                Err(Errno::ECONNREFUSED) => continue,
                Err(error) => return Err(error.into()),
            };
            for (buffer, Arrival { length, from, at }) in self.buffers.iter().zip(arrived).take(count) {
                take(from, at, &buffer[..length]);
            }
            if count < BATCH {
                return Ok(());
            }
        }
    }

    /// Reads one batch into the buffers and says how many came.
    fn read(&mut self, arrived: &mut [Arrival; BATCH]) -> nix::Result<usize> {
        let mut slices: Vec<[IoSliceMut; 1]> =
            self.buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
        let fd = self.udp.as_raw_fd();
        let messages = recvmmsg(fd, &mut self.headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None)?;
        let mut count = 0;
        for (message, arrival) in messages.zip(arrived) {
            let at = message.cmsgs().ok().into_iter().flatten().find_map(stamp);
            let from = message.address.map_or(NOBODY, SocketAddrV4::from);
            *arrival = Arrival { length: message.bytes, from, at: at.unwrap_or_else(clock::now) };
            count += 1;
        }
        Ok(count)
    }
}

const NOBODY: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);

/// What is known of a datagram in a buffer.
#[derive(Copy, Clone, Debug)]
struct Arrival {
    length: usize,
    from: SocketAddrV4,
    at: Nanos,
}

fn stamp(message: ControlMessageOwned) -> Option<Nanos> {
    let ControlMessageOwned::ScmTimestampns(time) = message else { return None };
    Some(u64::try_from(time.tv_sec()).ok()? * 1_000_000_000 + u64::try_from(time.tv_nsec()).ok()?)
}
