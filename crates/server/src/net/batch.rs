//! Datagrams read several at a time, for the price of one call of the kernel.
//!
//! Shape: [`read`] gives what waits in a socket, at most [`READ_AT_ONCE`] datagrams. The room for them is the thread's own and made
//! once, because a media thread reads thousands of sockets in turn.
//! Errors: none that anybody could act upon; what cannot be read does not come, as on any network.

use std::{
    cell::RefCell,
    io::IoSliceMut,
    net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket},
    os::fd::AsRawFd,
};

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, SockaddrIn6, SockaddrLike, recvmmsg};

/// How many datagrams are read at once at most.
pub const READ_AT_ONCE: usize = 4;
/// A datagram longer than this is no RTP packet of ours; the rest of it is cut off.
const DATAGRAM: usize = 2_048;

/// Which addresses a socket has.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) enum Family {
    V4,
    V6,
}

/// Room for the headers of one family, whose addresses are of one length, and for the datagrams.
struct Batch<A> {
    headers: MultiHeaders<A>,
    buffers: Box<[[u8; DATAGRAM]; READ_AT_ONCE]>,
}

thread_local! {
    static V4: RefCell<Batch<SockaddrIn>> = RefCell::new(Batch::new());
    static V6: RefCell<Batch<SockaddrIn6>> = RefCell::new(Batch::new());
}

impl<A: SockaddrLike + Copy> Batch<A> {
    fn new() -> Self {
        let headers = MultiHeaders::preallocate(READ_AT_ONCE, None);
        Self { headers, buffers: Box::new([[0; DATAGRAM]; READ_AT_ONCE]) }
    }

    fn read(
        &mut self,
        socket: &UdpSocket,
        take: &mut dyn FnMut(SocketAddr, &[u8]),
        from: fn(A) -> SocketAddr,
    ) -> usize {
        let mut slices = self.buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
        let fd = socket.as_raw_fd();
        let Ok(messages) = recvmmsg(fd, &mut self.headers, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) else {
            return 0;
        };
        let mut count = 0;
        for message in messages {
            count += 1;
            if let Some(address) = message.address {
                take(from(address), message.iovs().next().unwrap_or_default());
            }
        }
        count
    }
}

/// Gives what waits in a socket of this family, in order, and says how many datagrams that was.
///
/// `take` must not read a socket itself: the room is in use.
pub(super) fn read(socket: &UdpSocket, family: Family, take: &mut dyn FnMut(SocketAddr, &[u8])) -> usize {
    match family {
        Family::V4 => V4.with_borrow_mut(|batch| batch.read(socket, take, |from| SocketAddrV4::from(from).into())),
        Family::V6 => V6.with_borrow_mut(|batch| batch.read(socket, take, |from| SocketAddrV6::from(from).into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_given_in_order_with_its_source_and_length() {
        for (at, family) in [("127.0.0.1:0", Family::V4), ("[::1]:0", Family::V6), ("127.0.0.1:0", Family::V4)] {
            // A machine without IPv6 has nothing to read there.
            let (Ok(socket), Ok(peer)) = (UdpSocket::bind(at), UdpSocket::bind(at)) else { continue };
            let (to, source) = (socket.local_addr().unwrap(), peer.local_addr().unwrap());
            let mut lengths = Vec::new();
            let mut take = |from: SocketAddr, datagram: &[u8]| {
                assert_eq!(from, source);
                lengths.push(datagram.len());
            };
            assert_eq!(read(&socket, family, &mut take), 0);
            for length in [172, 0, 9_000, 1, 16] {
                peer.send_to(&vec![7; length], to).unwrap();
            }
            assert_eq!(read(&socket, family, &mut take), READ_AT_ONCE);
            assert_eq!(read(&socket, family, &mut take), 1);
            assert_eq!(lengths, [172, 0, DATAGRAM, 1, 16]);
        }
    }
}
