//! Datagrams with the time at which the kernel took them in.
//!
//! Shape: a socket that is read about once a second, whose datagrams are to tell a round trip of milliseconds.
//! Time: the kernel dates by the clock of the day. What counts is how long a datagram has waited, so that only a clock that is set
//! anew in that second is a mistake, of that second.
//! Errors: none that anybody could act upon; what cannot be read does not come, as on any network.

use std::{
    cell::RefCell,
    io::{self, IoSliceMut},
    net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket},
    os::fd::AsRawFd,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use nix::{
    cmsg_space,
    sys::{
        socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt::ReceiveTimestampns},
        time::TimeSpec,
    },
};

use super::ControlSocket;

/// How many datagrams are read at once at most; the rest waits for the next second.
pub const REPORTS_AT_ONCE: usize = 4;
/// A datagram longer than this is no report; the rest of it is cut off.
const DATAGRAM: usize = 2_048;
/// No datagram has waited longer: its stream is looked at about once a second.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

struct Room {
    datagram: Box<[u8; DATAGRAM]>,
    messages: Vec<u8>,
}

thread_local! {
    /// The thread's own and made once, because a media thread reads thousands of sockets in turn.
    static ROOM: RefCell<Room> =
        RefCell::new(Room { datagram: Box::new([0; DATAGRAM]), messages: cmsg_space!(TimeSpec) });
}

/// A socket whose datagrams are dated.
pub(super) struct Dated {
    socket: UdpSocket,
}

impl Dated {
    pub(super) fn new(socket: UdpSocket) -> io::Result<Self> {
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        Ok(Self { socket })
    }
}

impl ControlSocket for Dated {
    fn receive(&self, now: Instant, take: &mut dyn FnMut(Instant, SocketAddr, &[u8])) {
        ROOM.with_borrow_mut(|Room { datagram, messages }| {
            for _ in 0..REPORTS_AT_ONCE {
                let Some((length, from, came)) = read(&self.socket, &mut datagram[..], messages) else { return };
                let waited = came.map_or(Duration::ZERO, |came| wait_since(came).min(LONGEST_WAIT));
                take(now.checked_sub(waited).unwrap_or(now), from, &datagram[..length]);
            }
        });
    }

    fn send(&self, datagram: &[u8], to: SocketAddr) {
        // It may be an ICMP answer to an earlier report that is told here; the next one goes out again.
        let _ = self.socket.send_to(datagram, to);
    }
}

/// One datagram: how long it is, who sent it, and when it came by the clock of the day.
fn read(socket: &UdpSocket, into: &mut [u8], messages: &mut [u8]) -> Option<(usize, SocketAddr, Option<Duration>)> {
    let mut slices = [IoSliceMut::new(into)];
    let flags = MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(messages), flags).ok()?;
    let address = message.address.as_ref()?;
    let from = match (address.as_sockaddr_in(), address.as_sockaddr_in6()) {
        (Some(v4), _) => SocketAddrV4::from(*v4).into(),
        (None, Some(v6)) => SocketAddrV6::from(*v6).into(),
        (None, None) => return None,
    };
    let came = message.cmsgs().ok()?.find_map(|message| match message {
        ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
        _ => None,
    });
    Some((message.bytes, from, came))
}

/// How long ago that was by the clock of the day.
fn wait_since(came: Duration) -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(came)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_counts_from_when_the_kernel_took_the_datagram_in() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let waited = wait_since(now - Duration::from_secs(3));
        assert!((3_000..3_500).contains(&waited.as_millis()), "{waited:?}");
        assert_eq!(wait_since(now + Duration::from_secs(3)), Duration::ZERO, "the clock was set back");
    }

    #[test]
    fn a_datagram_says_when_it_came_and_from_whom() {
        for at in ["127.0.0.1:0", "[::1]:0"] {
            // A machine without IPv6 has nothing to read there.
            let (Ok(socket), Ok(peer)) = (UdpSocket::bind(at), UdpSocket::bind(at)) else { continue };
            let (to, source) = (socket.local_addr().unwrap(), peer.local_addr().unwrap());
            let dated = Dated::new(socket).unwrap();
            for word in [b"first", b"other"] {
                peer.send_to(word, to).unwrap();
            }
            let now = Instant::now();
            let mut came = Vec::new();
            dated.receive(now, &mut |at, from, bytes| came.push((at, from, bytes.to_vec())));
            let told: Vec<_> = came.iter().map(|(_, from, bytes)| (*from, &bytes[..])).collect();
            assert_eq!(told, [(source, &b"first"[..]), (source, &b"other"[..])]);
            assert!(came.iter().all(|(at, ..)| *at <= now && now - *at < LONGEST_WAIT), "{came:?}");
            dated.receive(Instant::now(), &mut |_, _, _| panic!("there were two"));
            peer.send_to(b"third", to).unwrap();
            let (length, from, came) = read(&dated.socket, &mut [0; 9], &mut cmsg_space!(TimeSpec)).unwrap();
            assert_eq!((length, from), (5, source));
            assert!(came.is_some_and(|came| wait_since(came) < LONGEST_WAIT), "{came:?}");
        }
    }
}
